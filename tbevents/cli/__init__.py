"""The command line: `tbevents COMMAND ...`. Each command calls one public function and prints the result.

This module imports what a command needs only when it runs, so that ``--version`` and ``--help`` are fast. ``--version``
works without the optional packages too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tbevents.cli.exit_status import EXIT_INTERRUPTED, EXIT_OK, end_of_pipe, fail
from tbevents.cli.versions import describe_version

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments without the program's name; None means those of the process.

    Returns:
        The exit status: 0; 1 if the result is "damaged" or "different", or something below the path could not be read;
        2 for an error, which is one line on stderr.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the caller closed it, so discard the output
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the rest of the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # an escaped tag is better than an error
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return end_of_pipe()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:  # `run` reports a command's own errors: this is stdout or stderr, perhaps a full disk
        return fail(f"the output cannot be written: {error.strerror or error}")
    except Exception:
        import traceback

        traceback.print_exc()
        return fail("this is a bug in tbevents: please report it with the lines above")
    return status


def _run(arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):
        print(describe_version())  # noqa: T201
        return EXIT_OK
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError as error:
        from tbevents.errors import MissingExtraError

        return fail(str(MissingExtraError(error.name or "click", "cli", "the command line")))
    from tbevents.cli.group import run

    return run(arguments)
