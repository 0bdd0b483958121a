"""Warnings of damage, that point at the line of the caller's code that read."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Final

from tbevents.callers import callers_level
from tbevents.errors import DamageWarning
from tbevents.reading.values import Problem

__all__ = ["callers_level", "warn_of"]

_WARNED_EACH: Final = 3
"""Problems of one reading that get a warning each; those behind get one together."""


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
