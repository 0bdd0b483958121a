"""The framing of records in event files, TFRecord, and the records that are read.

A record on disk, all numbers little-endian:

    offset       size    field
    0            8       length of the payload, unsigned
    8            4       masked CRC32C of the 8 bytes above
    12           length  payload
    12 + length  4       masked CRC32C of the payload
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import ChecksumError
from tbevents.format.crc32c import masked_crc32c

HEADER_SIZE: Final = 12
FOOTER_SIZE: Final = 4

MAX_LENGTH: Final = 2**31 - 1
"""The longest payload that is accepted, in bytes: protobuf's own limit on a message."""

SHORT: Final = 0xFFFF
"""Payloads up to this length are found fastest: their headers have six zero bytes."""


def encode_header(length: int) -> bytes:
    """Returns the header of a payload of `length` bytes."""
    size = length.to_bytes(8, "little")
    return size + masked_crc32c(size).to_bytes(4, "little")


def decode_header(header: bytes) -> tuple[int, bool]:
    """Returns the payload's length, and whether the header's checksum is right."""
    size, stored = header[:8], int.from_bytes(header[8:], "little")
    return int.from_bytes(size, "little"), stored == masked_crc32c(size)


def encode_record(payload: bytes) -> bytes:
    """Returns a payload as a record."""
    return b"".join((encode_header(len(payload)), payload, masked_crc32c(payload).to_bytes(4, "little")))


def split_footer(data: bytes) -> tuple[bytes, int, int]:
    """Splits a payload and the footer after it; returns the payload, the stored checksum and the computed one."""
    payload = data[:-FOOTER_SIZE]
    return payload, int.from_bytes(data[-FOOTER_SIZE:], "little"), masked_crc32c(payload)


class Record(NamedTuple):
    """One record.

    Attributes:
        offset: the position of its header in the file.
        payload: its payload.
    """

    offset: int
    payload: bytes

    @property
    def end(self) -> int:
        """The position after the record."""
        return self.offset + HEADER_SIZE + len(self.payload) + FOOTER_SIZE


class LongRecord(NamedTuple):
    """A record that need not be read as a whole. Its payload's checksum has not been verified.

    Attributes:
        offset: the position of its header in the file.
        length: the length of its payload in bytes; more than `SHORT`.
        number: the number of records before it in the file.
        head: the first bytes of its payload.
    """

    offset: int
    length: int
    number: int
    head: bytes


class Records(NamedTuple):
    """Several records in one block of bytes. The checksums of their payloads have NOT been verified.

    The records are adjacent; if `numbers` is not None, there may be damage between them.

    Attributes:
        base: the position of the block's first byte in the file.
        block: uint8 array; the decoder's own buffer, valid until it is fed again.
        offsets: the place of each record's header in the block; int64, shape (n,), ascending, n at least 1.
        lengths: the lengths of the payloads; int64, shape (n,).
        first: the number of records before these in the file.
        numbers: the number of records before each one, if there may be damage between them; adjacent damage counts as
            one record.
    """

    base: int
    block: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    first: int
    numbers: NDArray[np.int64] | None = None

    @property
    def end(self) -> int:
        """The place in the block after the last record."""
        return int(self.offsets[-1] + self.lengths[-1]) + HEADER_SIZE + FOOTER_SIZE

    def number(self, index: int) -> int:
        """Returns the number of records in the file before the record at `index`."""
        return self.first + index if self.numbers is None else int(self.numbers[index])

    def payload(self, index: int, *, verify: bool, path: str | None = None) -> bytes:
        """Returns the payload of the record at `index`.

        Raises:
            ChecksumError: if `verify`, and its checksum is wrong.
        """
        at = int(self.offsets[index])
        end = at + HEADER_SIZE + int(self.lengths[index])
        if not verify:
            return self.block[at + HEADER_SIZE : end].tobytes()
        payload, stored, computed = split_footer(self.block[at + HEADER_SIZE : end + FOOTER_SIZE].tobytes())
        if stored != computed:
            where = {"offset": self.base + at, "record": self.number(index)}
            raise ChecksumError(part="data", stored=stored, computed=computed, path=path, **where)
        return payload
