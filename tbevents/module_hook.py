"""An import hook: changes how some modules are imported while it is installed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

FindNext = Callable[[], "ModuleSpec | None"]
"""Returns the spec that the finders after a hook have for the module; None if they have none."""


class ModuleHook(MetaPathFinder):
    """A finder on `sys.meta_path` that decides how some modules are imported while it is installed.

    Hooks stack: the hook installed last is asked first, and may ask those installed before it. Modules that are
    already imported are not touched. Installing and removing change `sys.meta_path` atomically, so an import in
    another thread either sees the hook or does not. A forked child inherits the hooks of its parent.

    Args:
        names: the full names of the modules.
        answer: called with a module's name and a function that returns what the other finders have for it; returns
            the spec that the module is imported with.
    """

    def __init__(self, names: Collection[str], answer: Callable[[str, FindNext], ModuleSpec | None]) -> None:
        self._names = frozenset(names)
        self._answer = answer

    def install(self) -> None:
        """Installs the hook."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Removes the hook; does nothing if it is not installed."""
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of one of the hook's modules, and None for any other module."""
        if fullname not in self._names:
            return None

        def find_next() -> ModuleSpec | None:
            finders = list(sys.meta_path)
            behind = finders[finders.index(self) + 1 :] if self in finders else finders
            specs = (finder.find_spec(fullname, path, target) for finder in behind if hasattr(finder, "find_spec"))
            return next((spec for spec in specs if spec is not None), None)

        return self._answer(fullname, find_next)


def after_import(names: Collection[str], then: Callable[[ModuleType], None]) -> ModuleHook:
    """Returns a hook that calls `then` with each of the modules after its import."""

    def answer(_name: str, find_next: FindNext) -> ModuleSpec | None:
        spec = find_next()
        loader: Any = None if spec is None else spec.loader
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                then(module)

            loader.exec_module = exec_module
        return spec

    return ModuleHook(names, answer)
