"""How the Python processes that are started from one with the drop-in come to have it too."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

__all__ = ["pass_on"]

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "children")
_VARIABLE = "TBEVENTS_DROPIN"


def pass_on(undo: ExitStack, *, force: bool) -> None:
    """Puts the folder of our `sitecustomize` in front of PYTHONPATH.

    A second variable says how to install, and which environment is meant: a Python of another may lack tbevents.

    Args:
        undo: is given what takes the folder out again, and leaves what others have changed of the variables.
        force: whether children replace installed packages too.
    """
    before = os.environ.get(_VARIABLE)
    paths = _paths()
    undo.callback(_restore, before, had_folder=_FOLDER in paths)
    os.environ["PYTHONPATH"] = os.pathsep.join([_FOLDER, *(path for path in paths if path != _FOLDER)])
    os.environ[_VARIABLE] = f"{'force' if force else 'absent'}:{sys.prefix}"


def _paths() -> list[str]:
    value = os.environ.get("PYTHONPATH")
    return value.split(os.pathsep) if value else []


def _restore(before: str | None, *, had_folder: bool) -> None:
    if before is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = before
    if had_folder:
        return
    paths = [path for path in _paths() if path != _FOLDER]
    if paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    else:
        os.environ.pop("PYTHONPATH", None)
