"""The header and footer of a record: sizes, limits, encoding and decoding."""

from __future__ import annotations

from typing import Final

from tbevents.format.crc32c import masked_crc32c

__all__ = ["FOOTER_SIZE", "HEADER_SIZE", "MAX_LENGTH", "SHORT", "decode_header", "encode_header"]


HEADER_SIZE: Final = 12
"""Bytes of a header: the payload's length, 8 bytes, and the masked CRC32C of those, 4 bytes; little-endian."""

FOOTER_SIZE: Final = 4
"""Bytes of a record behind its payload: the payload's masked CRC32C."""

MAX_LENGTH: Final = 2**31 - 1
"""The longest payload that is believed, in bytes: protobuf's own limit on a message."""

SHORT: Final = 0xFFFF
"""Payloads up to this length are found fastest: their headers hold six zero bytes."""


def encode_header(length: int) -> bytes:
    """The 12 bytes before a payload of `length` bytes."""
    size = length.to_bytes(8, "little")
    return size + masked_crc32c(size).to_bytes(4, "little")


def decode_header(header: bytes) -> tuple[int, bool]:
    """The length that the 12 bytes of a header declare, and whether its checksum holds."""
    size, stored = header[:8], int.from_bytes(header[8:], "little")
    return int.from_bytes(size, "little"), stored == masked_crc32c(size)
