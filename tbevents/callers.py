"""Warnings that point at the line of the caller's code."""

from __future__ import annotations

import sys
import warnings
from typing import Final

_SKIPPED: Final = ("tbevents", "_collections_abc", "collections", "contextlib")
"""Packages whose frames are skipped in the search for the caller's line: ours, and what calls it for a caller."""


def callers_level() -> int:
    """Returns the `stacklevel` of the first frame outside tbevents, for a `warnings.warn` in the calling function."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _SKIPPED:
        frame = frame.f_back
        level += 1
    return level


def warn_caller(message: str, category: type[Warning]) -> None:
    """Issues a warning at the first line outside tbevents; by default Python shows each message once for a line."""
    warnings.warn(message, category, callers_level())
