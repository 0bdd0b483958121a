"""Runs when a child of `python -m tbevents.dropin` starts: installs the drop-in, then runs the user's sitecustomize."""

import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _install() -> None:
    how, _, prefix = os.environ.get("TBEVENTS_DROPIN", "").partition(":")
    if prefix != sys.prefix:
        return  # another environment's Python
    if importlib.util.find_spec("tbevents") is None:  # the parent had it from its working directory
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(_FOLDER))))
    from tbevents.dropin.installation import inherit

    inherit(force=how == "force")


def _chain() -> None:
    """Runs the sitecustomize that this one hides."""
    ours = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", ours)  # Python's import of it expects one


sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _FOLDER]
try:
    _install()
finally:
    _chain()
