"""The packages that the drop-in replaces."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from types import ModuleType
from typing import Any, NamedTuple

_STAND_INS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_ins")


class Peer(NamedTuple):
    """A package that other code imports a SummaryWriter from.

    Attributes:
        name: the full name of its module.
        needs: the package that it requires, as the name of a module and of a distribution.
        folder: the folder of our replacement, below `stand_ins`.
    """

    name: str
    needs: str
    folder: str

    def spec(self, installed: ModuleSpec | None = None) -> ModuleSpec:
        """Returns the spec of our replacement.

        Its submodules are those in its folder. If the spec of the installed package is given, submodules that we do not
        replace are the installed ones, such as torch's `_utils` and `_convert_np`.
        """
        folder = os.path.join(_STAND_INS, self.folder)
        file = os.path.join(folder, "__init__.py")
        folders = [folder, *((installed and installed.submodule_search_locations) or ())]
        spec = spec_from_file_location(self.name, file, submodule_search_locations=folders)
        if spec is None:
            raise ImportError(f"{file} cannot be imported", name=self.name, path=file)
        return spec

    def is_ours(self, module: Any) -> bool:
        """Returns True if a module is our replacement or one of its submodules."""
        spec = globals_of(module).get("__spec__")
        return str(getattr(spec, "origin", "")).startswith(os.path.join(_STAND_INS, self.folder))

    def modules(self) -> dict[str, ModuleType]:
        """Returns the imported module of this name and its submodules, whether ours or not."""
        below = f"{self.name}."
        return {name: module for name, module in list(sys.modules.items()) if f"{name}.".startswith(below)}


PEERS = (
    Peer("torch.utils.tensorboard", "tensorboard", "torch_utils_tensorboard"),
    Peer("tensorboardX", "tensorboardX", "tensorboardx"),
)


def globals_of(module: Any) -> dict[str, Any]:
    """Returns a module's globals, without loading a lazy module."""
    found: dict[str, Any] = object.__getattribute__(module, "__dict__") if isinstance(module, ModuleType) else {}
    return found


def is_installed(package: str) -> bool:
    """Returns True if a top-level package can be imported.

    A folder without code, such as one of logs, is a namespace package for Python, but counts as not installed.
    """
    if package in sys.modules:
        return sys.modules[package] is not None
    spec = find_spec(package)
    return spec is not None and spec.origin is not None
