"""Memory for the columns of a run, asked of the system in large pieces.

The first touch of a page of memory costs more than all that is done to the points in it, and a large piece comes in
pages of megabytes where the system has such (numpy asks for them from 4 MiB on).
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnMemory", "own"]

_SLAB: Final = 1 << 23
"""Bytes of a piece. Those that are never touched cost nothing."""

_SMALL: Final = 1 << 16
"""Columns of fewer bytes have memory of their own."""


def own(column: NDArray[Any]) -> NDArray[Any]:
    """The column, in memory of its own where it is a small part of a larger array, which it would keep alive."""
    return column.copy() if column.base is not None and column.nbytes < _SMALL else column


class ColumnMemory:
    """Gives out memory. A piece of it is free again when all the columns in it are gone."""

    def __init__(self) -> None:
        self._slab = np.empty(0, np.uint8)
        self._used = 0

    def empty(self, count: int, dtype: Any) -> NDArray[Any]:
        """A column of so many numbers, uninitialised."""
        size = count * np.dtype(dtype).itemsize
        if not _SMALL <= size <= _SLAB // 2:
            return np.empty(count, dtype)
        if self._used + size > len(self._slab):
            _keep_freed_memory()
            self._slab, self._used = np.empty(_SLAB, np.uint8), 0
        start = self._used
        self._used += -(-size // 64) * 64  # the next one at a line of the processor's cache
        return self._slab[start : start + size].view(dtype)


@functools.cache
def _keep_freed_memory() -> None:
    """Makes the C library keep the memory of short-lived arrays, which come again with each block of a large file.

    glibc gives such memory back to the system each time, until a larger piece has been freed once.
    """
    np.empty(1 << 22, np.uint8)
