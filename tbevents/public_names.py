"""What a package shows as its public names, and how they are imported when they are first used.

A package with many heavy modules says once where its names are, and imports none of them (`lazy_package`)::

    _HOMES = {"reading.run": ["Run", "read_run"]}

    if TYPE_CHECKING:
        from tbevents.reading.run import Run as Run
        from tbevents.reading.run import read_run as read_run
    else:
        __all__, __getattr__, __dir__ = public_names.lazy_package(__name__, _HOMES)

A package whose names are functions that are named like their modules cannot do so: whoever imports the module
``summary.audio`` first would find the module under the name of the function. It imports each name ``as`` itself, and
takes its ``__all__`` from what it has imported (`eager_package`).

Type checkers see the imports alone. They know no computed ``__all__``, and a module's ``__getattr__`` would make a
misspelt name look like one that is there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_package(
    package: str, homes: Mapping[str, Sequence[str]], modules: Iterable[str] = ()
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Returns ``__all__``, ``__getattr__`` and ``__dir__`` of a package that imports its names when they are used.

    Threads may use a name for the first time together: the import system lets one of them load the module, and all
    find the same object. An import that is interrupted or fails leaves the name to be imported by the next use.

    Args:
        package: the package's ``__name__``.
        homes: module, named relative to the package -> the public names that it defines.
        modules: modules of the package that are public themselves. They are shown and imported like names, but are
            not in ``__all__``.
    """
    home_of = {name: f"{package}.{home}" for home, names in homes.items() for name in names}
    modules = frozenset(modules)
    listed = sorted(["__version__", *home_of] if hasattr(sys.modules[package], "__version__") else home_of)

    def find(name: str) -> Any:
        if name in modules:
            return import_module(f"{package}.{name}")
        home = home_of.get(name)
        if home is None:
            module = sys.modules[package]
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=module)
        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)  # the next use finds it without a call
        return value

    return listed, find, _shown(package, [*listed, *modules])


def eager_package(package: str, also: Iterable[str] = ()) -> tuple[list[str], Callable[[], list[str]]]:
    """Returns ``__all__`` and ``__dir__`` of a module that has imported its public names, and calls this at its end.

    Public is what it has imported: but for modules, and for what begins with an underscore.

    Args:
        package: the module's ``__name__``.
        also: the modules and the names with an underscore that are public nevertheless.
    """
    imported = vars(sys.modules[package]).items()
    names = [name for name, value in imported if not name.startswith("_") and not isinstance(value, ModuleType)]
    listed = sorted([*names, *also])
    return listed, _shown(package, listed)


def _shown(package: str, names: Iterable[str]) -> Callable[[], list[str]]:
    """Returns a ``__dir__`` that lists the names, and what Python itself gives every module (``__name__`` ...)."""
    names = frozenset(names)

    def directory() -> list[str]:
        own = {name for name in vars(sys.modules[package]) if name.startswith("__") and name.endswith("__")}
        return sorted(names | own)

    return directory
