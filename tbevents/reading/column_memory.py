"""Memory for the columns of a run, asked of the system in large pieces.

The first touch of a page of memory costs more than all that is done to the points in it, and a large piece comes in
pages of megabytes where the system has such (numpy asks for them from 4 MiB on).
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_PIECE: Final = 1 << 23
"""Bytes of a piece. Bytes that are never written to cost nothing."""

_SMALL: Final = 1 << 16
"""Columns of fewer bytes have memory of their own."""


def own(column: NDArray[Any]) -> NDArray[Any]:
    """Returns a column in its own memory if it is a small part of a larger array, which it would keep alive."""
    return column.copy() if column.base is not None and column.nbytes < _SMALL else column


class ColumnMemory:
    """Allocates columns in large pieces of memory. A piece is freed when all columns in it are gone.

    It must be used by one thread at a time.
    """

    def __init__(self) -> None:
        self._piece = np.empty(0, np.uint8)
        self._used = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return ColumnMemory, ()

    def empty(self, count: int, dtype: Any) -> NDArray[Any]:
        """Returns an uninitialised column of `count` numbers."""
        size = count * np.dtype(dtype).itemsize
        if not _SMALL <= size <= _PIECE // 2:
            return np.empty(count, dtype)
        if self._used + size > len(self._piece):
            keep_freed_memory()
            self._piece, self._used = np.empty(_PIECE, np.uint8), 0
        start = self._used
        self._used += -(-size // 64) * 64  # the next one at a line of the processor's cache
        return self._piece[start : start + size].view(dtype)


@functools.cache
def keep_freed_memory() -> None:
    """Makes the C library keep the memory of short-lived arrays, which is needed again for each block of a large file.

    glibc returns such memory to the system each time, until a larger piece has been freed once.
    """
    np.empty(1 << 22, np.uint8)
