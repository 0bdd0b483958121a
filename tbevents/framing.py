"""Bytes to records and back: the TFRecord framing of event files, without I/O.

A record on disk, all numbers little-endian:

    offset       size    field
    0            8       length of the payload, unsigned
    8            4       masked CRC32C of the 8 bytes above
    12           length  payload
    12 + length  4       masked CRC32C of the payload

`encode_record` makes one. `RecordDecoder` takes chunks cut anywhere and answers with records, with `NEED_DATA`, or
with an exception that says where and what; "not yet" is a value, "never" is an error. `find_headers` finds every
place in a block at which a record can start, which is how reading goes on after damage.
"""

from __future__ import annotations

import enum
import struct
from typing import Final, Literal, NamedTuple, NoReturn, TypedDict

import numpy as np
from numpy.typing import NDArray

from tbevents.crc32c import BytesLike, contributions, crc32c, mask_array, masked_crc32c
from tbevents.errors import ChecksumError, DamagedFileError, IncompleteRecordError, RecordTooLargeError

__all__ = [
    "FOOTER_SIZE",
    "HEADER_SIZE",
    "MAX_LENGTH",
    "NEED_DATA",
    "NeedData",
    "Record",
    "RecordDecoder",
    "encode_header",
    "encode_record",
    "find_headers",
]

HEADER_SIZE: Final = 12
FOOTER_SIZE: Final = 4

MAX_LENGTH: Final = 2**31 - 1
"""The longest payload that is believed, in bytes: protobuf's own limit on a message."""

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")


class NeedData(enum.Enum):
    """The type of `NEED_DATA`."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA
"""What `RecordDecoder.next_record` answers when the bytes it has end within a record."""


class Record(NamedTuple):
    """One record: the byte its header starts at, and its payload."""

    offset: int
    payload: bytes

    @property
    def end(self) -> int:
        """The byte after the record."""
        return self.offset + HEADER_SIZE + len(self.payload) + FOOTER_SIZE


def encode_header(length: int) -> bytes:
    """The 12 bytes before a payload of `length` bytes."""
    size = length.to_bytes(8, "little")
    return size + _CHECKSUM.pack(masked_crc32c(size))


def encode_record(payload: bytes) -> bytes:
    """A whole record around a payload."""
    return b"".join((encode_header(len(payload)), payload, _CHECKSUM.pack(masked_crc32c(payload))))


class _Where(TypedDict):
    """Where in which file a decoder stands, as the exceptions take it."""

    offset: int
    record: int
    path: str | None


class RecordDecoder:
    """Takes bytes in chunks cut anywhere, answers with whole records.

    ::

        decoder = RecordDecoder()
        decoder.feed(chunk)
        while (record := decoder.next_record()) is not NEED_DATA:
            ...
        decoder.end()  # raises where the data stops within a record

    An error is final: every later call raises it again. To go on behind damage, start a new decoder there.
    Memory is bounded by what was fed: a declared length allocates nothing.

    Args:
        max_length: the longest payload that is believed, in bytes.
        verify: whether the checksums of payloads are computed. Those of headers always are.
        offset: the position in the file of the first byte that will be fed.
        record: how many records stand before it.
        path: the file, for error messages.
    """

    def __init__(
        self,
        *,
        max_length: int = MAX_LENGTH,
        verify: bool = True,
        offset: int = 0,
        record: int = 0,
        path: str | None = None,
    ) -> None:
        self.max_length = max_length
        self.verify = verify
        self.path = path
        self._buffer = bytearray()
        self._start = offset  # position in the file of the buffer's first byte
        self._at = 0  # where in the buffer the next record starts
        self._record = record
        self._error: DamagedFileError | None = None

    @property
    def offset(self) -> int:
        """The position in the file at which the next record starts."""
        return self._start + self._at

    @property
    def record(self) -> int:
        """How many records have been answered, counting those that stood before the first byte fed."""
        return self._record

    def feed(self, chunk: BytesLike) -> None:
        """Adds bytes that follow those fed before."""
        if self._error is not None:
            raise self._error
        if self._at:
            del self._buffer[: self._at]
            self._start += self._at
            self._at = 0
        self._buffer += chunk

    def next_record(self) -> Record | Literal[NeedData.NEED_DATA]:
        """The next whole record, or `NEED_DATA`.

        Raises:
            ChecksumError: the header's or the payload's checksum does not hold.
            RecordTooLargeError: the header is intact and declares more than `max_length`.
        """
        if self._error is not None:
            raise self._error
        buffer, at = self._buffer, self._at
        body = at + HEADER_SIZE
        if len(buffer) < body:
            return NEED_DATA
        length, stored = _HEADER.unpack_from(buffer, at)
        computed = masked_crc32c(bytes(buffer[at : at + 8]))
        if stored != computed:
            self._fail(ChecksumError(part="length", stored=stored, computed=computed, **self._where()))
        if length > self.max_length:
            self._fail(RecordTooLargeError(length=length, limit=self.max_length, **self._where()))
        end = body + length
        if len(buffer) < end + FOOTER_SIZE:
            return NEED_DATA
        payload = bytes(buffer[body:end])
        if self.verify:
            (stored,) = _CHECKSUM.unpack_from(buffer, end)
            computed = masked_crc32c(payload)
            if stored != computed:
                self._fail(ChecksumError(part="data", stored=stored, computed=computed, **self._where()))
        record = Record(self._start + at, payload)
        self._at = end + FOOTER_SIZE
        self._record += 1
        return record

    def missing(self) -> int:
        """How many bytes the record that has begun still needs: 0 between records, else at least 1."""
        have = len(self._buffer) - self._at
        if not have:
            return 0
        if have < HEADER_SIZE:
            return HEADER_SIZE - have
        length, _ = _HEADER.unpack_from(self._buffer, self._at)
        return max(0, HEADER_SIZE + int(length) + FOOTER_SIZE - have)

    def end(self) -> None:
        """Says that no more bytes follow.

        Raises:
            IncompleteRecordError: they stop within a record.
        """
        if self._error is not None:
            raise self._error
        missing = self.missing()
        if missing:
            self._fail(IncompleteRecordError(missing=missing, **self._where()))

    def _where(self) -> _Where:
        return {"offset": self.offset, "record": self._record, "path": self.path}

    def _fail(self, error: DamagedFileError) -> NoReturn:
        self._error = error
        raise error


def find_headers(
    block: NDArray[np.uint8], *, max_length: int = MAX_LENGTH
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every place in a block at which a header stands whose checksum holds.

    A length below 4 GiB leaves four zero bytes in the header: only such places are looked at, and their
    checksums computed all at once. The chance that other bytes pass for a header is 1 in 2**32 a place.

    Args:
        block: uint8 array of shape (n,). Headers that reach over its end are not found.
        max_length: the longest payload that is believed, in bytes; under 4 GiB.

    Returns:
        (offsets, lengths): int64 arrays of one shape, the offsets ascending and relative to the block.
    """
    n = len(block) - HEADER_SIZE + 1
    if n <= 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    zero = block == 0
    pairs = zero[:-1] & zero[1:]
    fours = pairs[:-2] & pairs[2:]
    at = np.flatnonzero(fours[4 : 4 + n])
    length = np.ndarray((n,), "<u4", block, offset=0, strides=(1,))[at]
    stored = np.ndarray((n,), "<u4", block, offset=8, strides=(1,))[at]
    tables = contributions(8)
    crc = np.full(len(at), crc32c(bytes(8)), np.uint32)
    for place in range(4):
        crc ^= tables[7 - place][(length >> np.uint32(8 * place)) & np.uint32(0xFF)]
    holds = (mask_array(crc) == stored) & (length <= max_length)
    return at[holds].astype(np.int64), length[holds].astype(np.int64)
