"""How the command line ends: exit statuses, and the errors behind them."""

from __future__ import annotations

import contextlib
import os
import sys

EXIT_OK = 0
EXIT_FOUND = 1
"""The result is "damaged" or "different", or some files or folders below the given one could not be read."""
EXIT_ERROR = 2
"""Wrong usage, or something could not be read or written."""
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""The status that a shell reports for a process killed by SIGPIPE."""


def fail(message: str) -> int:
    """Prints an error on stderr, if it is open; returns the exit status."""
    with contextlib.suppress(OSError):
        print(f"tbevents: {message}", file=sys.stderr)  # noqa: T201
    return EXIT_ERROR


def end_of_pipe() -> int:
    """Cleans up after the reader of stdout has gone; returns the exit status."""
    # The interpreter flushes stdout again at exit, which would print an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_BROKEN_PIPE
