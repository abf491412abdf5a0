"""Detectors of what the quality flags report, one file each.

Every module of this folder is imported, so a detector registers itself by its decorator.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
