"""Steps of a 32-bit counter that wrapped round: found, and made whole."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["unwrapped", "wraps"]

_LEAST: Final = -(2**31)
_MOST: Final = 2**31 - 1


def wraps(steps: NDArray[np.int64]) -> NDArray[np.intp]:
    """The places of the first steps behind each wrap; none where a step is beyond 32 bits.

    A wrap is a fall by more than half of what 32 bits count, from above 0 to below.
    """
    if len(steps) < 2 or int(steps.min()) < _LEAST or int(steps.max()) > _MOST:
        return np.empty(0, np.intp)
    return np.flatnonzero(np.diff(steps) < _LEAST) + 1


def unwrapped(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """The steps that a counter of 64 bits would have had: 2**32 more behind each wrap.

    A rise by more than half of what 32 bits count is a restart at a step before the wrap, and goes back as much.
    """
    if not len(wraps(steps)):
        return steps
    jumps = np.diff(steps, prepend=steps[:1])
    turns = np.cumsum((jumps < _LEAST).astype(np.int64) - (jumps > _MOST))
    return np.asarray(steps + turns * 2**32)
