"""Which line of the caller's code a warning points at."""

from __future__ import annotations

import sys
from typing import Final

__all__ = ["callers_level"]

_PASSED: Final = ("tbevents", "_collections_abc", "collections")
"""Packages whose code is passed over in search of the line that a warning is to point at."""


def callers_level() -> int:
    """How many calls up from its own caller the code stands that called the package; for `warnings.warn`."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED:
        frame = frame.f_back
        level += 1
    return level
