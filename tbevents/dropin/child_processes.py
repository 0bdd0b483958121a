"""Passes the drop-in on to Python child processes, through environment variables."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "children")
_VARIABLE = "TBEVENTS_DROPIN"


def pass_on(undo: ExitStack, *, force: bool) -> None:
    """Puts the folder of our `sitecustomize` at the front of PYTHONPATH.

    A second variable holds the mode and the environment (`sys.prefix`): a Python of another environment may not have
    tbevents.

    Args:
        undo: receives a callback that removes the folder again, and keeps other changes of the variables.
        force: if True, children replace installed packages, too.
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
