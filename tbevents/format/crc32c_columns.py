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


def unmask_array(masked: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Returns the inverse of `mask_array`."""
    turned = masked - np.uint32(MASK_DELTA)
    crcs: NDArray[np.uint32] = (turned << np.uint32(15)) | (turned >> np.uint32(17))
    return crcs


_WORD = 4
"""Bytes of a checksum."""

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
        grown[: len(tables) or 1] = tables if len(tables) else _first_table()
        have = len(tables) or 1
        while have < len(grown):
            fresh = min(have, len(grown) - have)
            grown[have : have + fresh] = _with_zeros(grown[:fresh], grown, have)
            have += fresh
        grown.setflags(write=False)
        _tables = tables = grown
    return tables


def _with_zeros(crcs: NDArray[np.uint32], tables: NDArray[np.uint32], count: int) -> NDArray[np.uint32]:
    """Returns what these contributions become with `count` more bytes behind: those of which `tables` has rows."""
    after = crcs >> np.uint32(8 * count) if count < _WORD else np.zeros_like(crcs)
    for place in range(min(count, _WORD)):
        after = after ^ tables[count - 1 - place][crcs >> np.uint32(8 * place) & np.uint32(0xFF)]
    return after


def _first_table() -> NDArray[np.uint32]:
    """Returns the contributions of a last byte: the ordinary 256-entry table of the polynomial."""
    table = np.zeros(256, np.uint32)
    crc = 1
    for bit in reversed(range(8)):  # that of the highest bit is the polynomial
        crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
        table[1 << bit] = crc
    for bit in range(8):
        table[1 << bit : 2 << bit] = table[: 1 << bit] ^ table[1 << bit]
    return table
