"""CRC32C of whole columns of records: the tables that make the checksum linear.

The checksum is linear in the bytes: changing one byte changes it by an exclusive or with a value that depends only
on the change and on how many bytes follow. `contributions` tabulates those values, so columns of records need no loop
over records: the checksum of a record is that of its constant part, computed once, xor one table look-up for each
variable byte.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c import MASK_DELTA, POLYNOMIAL


def mask_array(crcs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Returns `mask` of each element; uint32 in, uint32 out (the sum wraps, as the format requires)."""
    masked: NDArray[np.uint32] = ((crcs >> np.uint32(15)) | (crcs << np.uint32(17))) + np.uint32(MASK_DELTA)
    return masked


_tables: NDArray[np.uint32] = np.empty((0, 256), np.uint32)


def contributions(reach: int) -> NDArray[np.uint32]:
    """Returns tables of what one byte contributes to a CRC32C.

    Row ``d``, column ``b`` is the xor of the checksums of any data and of the same data with one byte, which ``d``
    bytes follow, changed from 0 to ``b``.

    Args:
        reach: the number of rows needed: the largest distance from the end, plus one.

    Returns:
        uint32 array of shape (at least `reach`, 256). Read-only; cached, 1 KiB for each row.
    """
    global _tables  # noqa: PLW0603  # a cache for the process, by nature
    tables = _tables  # read once: another thread may replace the array by a longer one, but never changes it
    if len(tables) < reach:
        grown = np.empty((max(reach, 32, 2 * len(tables)), 256), np.uint32)
        grown[0] = _first_table()
        for distance in range(1, len(grown)):
            before = grown[distance - 1]
            grown[distance] = grown[0][before & 0xFF] ^ (before >> 8)
        grown.setflags(write=False)
        _tables = tables = grown
    return tables


def _first_table() -> NDArray[np.uint32]:
    """Returns the contributions of a last byte: the ordinary 256-entry table of the polynomial."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(POLYNOMIAL), table >> 1).astype(np.uint32)
    return table
