"""The command line: `tbevents COMMAND ...`. Each command is one call of the public library, and its print-out.

This module stays light: what a command needs is imported when it runs, so that ``--version`` and ``--help`` are fast.
``--version`` works without the optional packages too.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

__all__ = ["end_of_pipe", "fail", "main"]

EXIT_OK = 0
EXIT_INCOMPLETE = 1
"""Some files or folders below the one that was named could not be read; the rest was."""
EXIT_ERROR = 2
"""Wrong usage, or something that could not be read or written. 1 is an answer: damaged, or different."""
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell sees of a process that its reader's end of the pipe has killed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments, without the program's name; the process's own, where None.

    Returns:
        The exit status: 0; 1 where the answer is "damaged" or "different", or where something below the path could not
        be read; 2 for an error, which is one line on stderr.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller, who wants nothing of it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the rest of the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # rather an ugly tag than none
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return end_of_pipe()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:  # what a command meets is told by `run`: this is stdout or stderr, full perhaps
        return fail(f"the output cannot be written: {error.strerror or error}")
    except Exception:
        import traceback

        traceback.print_exc()
        return fail("this is a mistake in tbevents: please report it, with the lines above")
    return status


def fail(message: str) -> int:
    """Says what is wrong, if stderr takes it; answers with the exit status."""
    with contextlib.suppress(OSError):
        print(f"tbevents: {message}", file=sys.stderr)  # noqa: T201
    return EXIT_ERROR


def end_of_pipe() -> int:
    """What remains to do where nobody reads stdout any more; answers with the exit status."""
    # The interpreter flushes once more when it exits, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_BROKEN_PIPE


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


def describe_version() -> str:
    """What ``tbevents --version`` prints: the versions that matter for a report of a bug, and the checksum engine."""
    import platform
    from importlib.metadata import version

    from tbevents import __version__
    from tbevents.format.crc32c import describe_engine

    rows = {
        "tbevents": __version__,
        "crc32c": describe_engine(),
        "protobuf": version("protobuf"),
        "numpy": version("numpy"),
        "Python": platform.python_version(),
    }
    return "\n".join(f"{name:<9} {value}" for name, value in rows.items())
