"""``python -m tbevents.dropin [--force] script.py args...``, or ``-m module args...``: runs it with the drop-in."""

from __future__ import annotations

import argparse
import importlib.util
import os
import runpy
import sys
from collections.abc import Sequence

from tbevents.dropin import install
from tbevents.errors import DropinError


def main(arguments: Sequence[str] | None = None) -> None:
    """Installs the drop-in, for child processes too, and runs a script or module as Python would."""
    parser = argparse.ArgumentParser(
        "python -m tbevents.dropin",
        description="Runs a script or module with tbevents as its torch.utils.tensorboard and tensorboardX.",
        allow_abbrev=False,
    )
    parser.add_argument("--force", action="store_true", help="replace installed packages too")
    parser.add_argument("-m", action="store_true", dest="is_module", help="run a module, not a script")
    parser.add_argument("target", metavar="script|module", help="what to run")
    rest = parser.add_argument("args", nargs=argparse.REMAINDER, help="what it is given")
    rest.required = False  # or Python 3.11 and older say that it is, where only the target is missing
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)} (options of the script come after its name)")
    if not given.is_module and not os.path.exists(given.target):
        parser.error(f"{given.target}: no such file")
    try:
        install(force=given.force, children=True)
    except DropinError as error:
        parser.error(str(error))
    sys.argv = [given.target, *given.args]
    if given.is_module:
        if not _is_there(given.target):
            parser.error(f"no module named {given.target}")
        runpy.run_module(given.target, run_name="__main__", alter_sys=True)
    else:
        if not getattr(sys.flags, "safe_path", False):  # with safe_path, Python does not add the script's folder
            sys.path[0] = os.path.dirname(os.path.realpath(given.target))
        runpy.run_path(given.target, run_name="__main__")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError as error:  # a package above it is missing, or what that imports
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            return False
        raise
    except ValueError:  # no name of a module
        return False


if __name__ == "__main__":
    main()
