"""The desktop monitor: the record's trace and the denoised one on ECG paper, live.

Everything here takes Qt from `pyqtgraph.Qt`, which takes the binding named here.
"""

import os
from importlib.util import find_spec

_BINDINGS = ("PyQt5", "PyQt6")
"""The first that is installed is taken, unless the variable already says which."""

os.environ.setdefault("PYQTGRAPH_QT_LIB", next(filter(find_spec, _BINDINGS), _BINDINGS[0]))
