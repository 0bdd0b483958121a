"""Steps of a 32-bit counter that wrapped: finds the wraps, and undoes them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_LEAST: Final = -(2**31)
_MOST: Final = 2**31 - 1


def wraps(steps: NDArray[np.int64]) -> NDArray[np.intp]:
    """Returns the index of the first step after each wrap; empty if a step does not fit in 32 bits.

    A wrap is a drop by more than 2**31.
    """
    if len(steps) < 2 or int(steps.min()) < _LEAST or int(steps.max()) > _MOST:
        return np.empty(0, np.intp)
    return np.flatnonzero(np.diff(steps) < _LEAST) + 1


def unwrapped(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the steps of a 64-bit counter: 2**32 more after each wrap.

    A rise by more than 2**31 - 1 is a restart at a step before the wrap, and takes 2**32 off again.
    """
    if not len(wraps(steps)):
        return steps
    jumps = np.diff(steps, prepend=steps[:1])
    turns = np.cumsum((jumps < _LEAST).astype(np.int64) - (jumps > _MOST))
    return np.asarray(steps + turns * 2**32)
