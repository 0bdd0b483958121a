"""Warnings of damage, that point at the line of the caller's code that read."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Final

from tbevents.errors import DamageWarning
from tbevents.reading.values import Problem

__all__ = ["callers_level", "warn_of"]

_WARNED_EACH: Final = 3
"""Problems of one reading that get a warning each; those behind get one together."""

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


def warn_of(problems: Sequence[Problem]) -> None:
    """Warns of problems: of the first few each, of the others together."""
    stacklevel = callers_level()
    for problem in problems[:_WARNED_EACH]:
        warnings.warn(str(problem), DamageWarning, stacklevel=stacklevel)
    more = len(problems) - _WARNED_EACH
    if more > 0:
        warnings.warn(
            f"and {more} more damaged stretches: see the run's problems", DamageWarning, stacklevel=stacklevel
        )
