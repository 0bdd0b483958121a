"""Masked CRC32C: one engine chosen at import, and the tables that make the checksum linear.

CRC32C is the Castagnoli polynomial, reflected 0x82f63b78, as in RFC 3720. TFRecord files store it masked, so
that a checksum of data that holds checksums stays useful: rotated right by 15 bits plus 0xa282ead8.

The checksum is linear in the bytes: changing one byte changes it by an exclusive or with a value that depends only
on the change and on how many bytes follow. `contributions` tabulates those values, which is how whole columns of
records are checksummed without a loop over them: the checksum of a record is that of its constant part, computed
once, xor one table look-up for each variable byte.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENGINE", "MASK_DELTA", "contributions", "crc32c", "describe_engine", "mask", "masked_crc32c"]

BytesLike: TypeAlias = bytes | bytearray | memoryview

POLYNOMIAL = 0x82F63B78
MASK_DELTA = 0xA282EAD8


def _google() -> Callable[[BytesLike], int]:
    """The engine of google-crc32c, which uses the processor's instruction."""
    import google_crc32c

    if google_crc32c.implementation != "c":
        raise ImportError("google-crc32c without its C library is slower than crcmod")
    value: Callable[[bytes], int] = google_crc32c.value

    def google(data: BytesLike) -> int:
        return value(data if isinstance(data, bytes) else bytes(data))  # it takes nothing else

    return google


def _crcmod() -> Callable[[BytesLike], int]:
    """The engine of crcmod: a table walk, in C where its extension was built."""
    from crcmod.predefined import mkPredefinedCrcFun

    engine: Callable[[BytesLike], int] = mkPredefinedCrcFun("crc-32c")
    return engine


try:
    crc32c, ENGINE = _google(), "google-crc32c"
except ImportError:
    crc32c, ENGINE = _crcmod(), "crcmod"


def describe_engine() -> str:
    """The engine in use in words, for ``tbevents --version``: a slow one is worth knowing about."""
    if ENGINE == "google-crc32c":
        return "google-crc32c (C library)"
    if "crcmod._crcfunext" in sys.modules:
        return "crcmod (C extension)"
    return "crcmod (pure Python; pip install 'tbevents[fast]' for a fast engine)"


def mask(crc: int) -> int:
    """The masked form of a CRC32C, as event files store it."""
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def masked_crc32c(data: BytesLike) -> int:
    """The masked CRC32C of bytes."""
    return mask(crc32c(data))


def mask_array(crcs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """`mask` of each element; uint32 in, uint32 out (the sum wraps, as the format wants)."""
    masked: NDArray[np.uint32] = ((crcs >> np.uint32(15)) | (crcs << np.uint32(17))) + np.uint32(MASK_DELTA)
    return masked


_tables: NDArray[np.uint32] = np.empty((0, 256), np.uint32)


def contributions(reach: int) -> NDArray[np.uint32]:
    """Tables of what one byte adds to a CRC32C.

    Row ``d``, column ``b`` is the xor between the checksum of any data and the checksum of the same data with a byte,
    followed by ``d`` more, changed from 0 to ``b``.

    Args:
        reach: how many rows are needed: one more than the largest distance from the end.

    Returns:
        uint32 array of shape (at least `reach`, 256). Read only; grown and kept, 1 KiB a row.
    """
    global _tables  # noqa: PLW0603  # a cache for the process, by nature
    tables = _tables  # read once: another thread may replace it by a longer one, never change it
    if len(tables) < reach:
        grown = np.empty((max(reach, 128, 2 * len(tables)), 256), np.uint32)
        grown[0] = _first_table()
        for distance in range(1, len(grown)):
            before = grown[distance - 1]
            grown[distance] = grown[0][before & 0xFF] ^ (before >> 8)
        grown.setflags(write=False)
        _tables = tables = grown
    return tables


def _first_table() -> NDArray[np.uint32]:
    """The contributions of a last byte: the ordinary 256-entry table of the polynomial."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(POLYNOMIAL), table >> 1).astype(np.uint32)
    return table
