"""Validation of the arguments of checks."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_number(value: Any) -> bool:
    """Returns True for a number, alone or in a 0-dimensional array; False for bools and strings."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.ndim == 0 and value.dtype.kind in "iufc"
    if isinstance(value, (bool, str, bytes)):
        return False
    return isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0
