"""What the checks share of looking at their arguments."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

__all__ = ["is_number", "whole"]


def is_number(value: Any) -> bool:
    """Whether a value is written as a number, alone or in an array without dimensions: bools and strings are not."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.ndim == 0 and value.dtype.kind in "iufc"
    if isinstance(value, (bool, str, bytes)):
        return False
    return isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0


def whole(name: str, value: Any) -> int:
    """A caller's whole number.

    Raises:
        TypeError: it is none.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
