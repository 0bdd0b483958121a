"""Masked CRC32C of bytes, by one engine that is chosen at import.

CRC32C is the Castagnoli polynomial, reflected 0x82f63b78, as in RFC 3720. TFRecord files store it masked, so
that a checksum of data that holds checksums stays useful: rotated right by 15 bits plus 0xa282ead8.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeAlias

BytesLike: TypeAlias = bytes | bytearray | memoryview

POLYNOMIAL = 0x82F63B78
MASK_DELTA = 0xA282EAD8


def _google() -> Callable[[BytesLike], int]:
    """Returns the engine of google-crc32c, which uses the processor's instruction."""
    import google_crc32c

    if google_crc32c.implementation != "c":
        raise ImportError("google-crc32c without its C library is slower than crcmod")
    value: Callable[[bytes], int] = google_crc32c.value

    def google(data: BytesLike) -> int:
        return value(data if isinstance(data, bytes) else bytes(data))  # it takes nothing else

    return google


crc32c: Callable[[BytesLike], int]
ENGINE: str
try:
    crc32c, ENGINE = _google(), "google-crc32c"
except ImportError:
    from crcmod.predefined import mkPredefinedCrcFun

    crc32c, ENGINE = mkPredefinedCrcFun("crc-32c"), "crcmod"


def describe_engine() -> str:
    """Returns the name of the engine, for ``tbevents --version``: a slow one is worth knowing about."""
    if ENGINE == "google-crc32c":
        return "google-crc32c (C library)"
    if "crcmod._crcfunext" in sys.modules:
        return "crcmod (C extension)"
    return "crcmod (pure Python; pip install 'tbevents[fast]' for a fast engine)"


def mask(crc: int) -> int:
    """Returns the masked form of a CRC32C, as event files store it."""
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def masked_crc32c(data: BytesLike) -> int:
    """Returns the masked CRC32C of bytes."""
    return mask(crc32c(data))
