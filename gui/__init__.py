"""The desktop monitor: the record's trace and the denoised one on ECG paper, live.

Everything here takes Qt from `pyqtgraph.Qt`, which takes the binding named here.
"""

import os

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PyQt5")
