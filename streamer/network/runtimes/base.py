"""The interface of a runtime: a package that runs `.tflite` files."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import Any, ClassVar


class Runtime:
    """A package that runs `.tflite` files; a subclass names one and where its interpreter is."""

    name: ClassVar[str]
    package: ClassVar[str]
    """Distribution on PyPI."""
    module: ClassVar[str]
    interpreter: ClassVar[str] = "Interpreter"
    """Dotted path of the interpreter's class within `module`."""

    def installed(self) -> bool:
        """Tell whether the package is there, without loading it."""
        return find_spec(self.module.partition(".")[0]) is not None

    def interpreter_class(self) -> Any:
        """Import the interpreter's class.

        Raises
        ------
        ImportError : the package is not installed, or broken.
        """
        found: Any = importlib.import_module(self.module)
        for attribute in self.interpreter.split("."):
            found = getattr(found, attribute)
        return found

    def without_xnnpack(self) -> dict[str, Any]:
        """Options of the interpreter that keep operators from being delegated to XNNPACK.

        Raises
        ------
        RuntimeError : this release of the package has no such option.
        """
        module = self.interpreter_class().__module__
        try:
            resolvers = sys.modules[module].OpResolverType
            return {"experimental_op_resolver_type": resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
        except AttributeError:
            raise RuntimeError(
                f"{module} cannot do without XNNPACK: install another release"
            ) from None
