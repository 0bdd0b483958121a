"""Changes how some modules are imported, while that is wanted."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["FindNext", "ModuleHook", "after_import"]

FindNext = Callable[[], "ModuleSpec | None"]
"""Returns the spec that the finders behind a hook have for the module; None where they have none."""


class ModuleHook(MetaPathFinder):
    """Answers the imports of some modules while it is installed.

    Hooks stack: the one installed last is asked first, and may ask those before it. Modules that are imported already
    are not touched. Installing and removing change `sys.meta_path` in one operation each, so imports in other threads
    see the hook or do not; a forked child has the hooks of its parent.

    Args:
        names: the full names of the modules.
        answer: is called with a module's name and a function that returns what the other finders have for it; returns
            the spec to import it by.
    """

    def __init__(self, names: Collection[str], answer: Callable[[str, FindNext], ModuleSpec | None]) -> None:
        self._names = frozenset(names)
        self._answer = answer

    def install(self) -> None:
        """Starts answering."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Stops answering; does nothing where it was not installed."""
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of a module of the hook's, and None for any other."""
        if fullname not in self._names:
            return None

        def find_next() -> ModuleSpec | None:
            finders = list(sys.meta_path)
            behind = finders[finders.index(self) + 1 :] if self in finders else finders
            specs = (finder.find_spec(fullname, path, target) for finder in behind if hasattr(finder, "find_spec"))
            return next((spec for spec in specs if spec is not None), None)

        return self._answer(fullname, find_next)


def after_import(names: Collection[str], then: Callable[[ModuleType], None]) -> ModuleHook:
    """Returns a hook that calls a function with each of the modules when it has been imported."""

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
