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
import functools
import struct
from typing import Any, Final, Literal, NamedTuple, NoReturn, TypedDict

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
    "Records",
    "encode_header",
    "encode_record",
    "find_headers",
]

HEADER_SIZE: Final = 12
FOOTER_SIZE: Final = 4

MAX_LENGTH: Final = 2**31 - 1
"""The longest payload that is believed, in bytes: protobuf's own limit on a message."""

_SHORT: Final = 0xFFFF
"""Records up to this length are found many at a time; longer ones are few, and taken one by one."""

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


class Records(NamedTuple):
    """Many records at once, end to end in one block of bytes. Their payloads' checksums have NOT been verified.

    Attributes:
        base: the position in the file of the block's first byte.
        block: uint8 array, read only.
        offsets: where in the block each record's header starts; int64, shape (n,), ascending, n at least 1.
        lengths: of the payloads, int64, shape (n,).
        first: how many records stand before these in the file.
    """

    base: int
    block: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    first: int

    @property
    def end(self) -> int:
        """Where in the block the byte after the last record is."""
        return int(self.offsets[-1] + self.lengths[-1]) + HEADER_SIZE + FOOTER_SIZE

    def payload(self, index: int) -> bytes:
        """The payload of one of the records."""
        start = int(self.offsets[index]) + HEADER_SIZE
        return self.block[start : start + int(self.lengths[index])].tobytes()

    def verified_payload(self, index: int, path: str | None = None) -> bytes:
        """The payload of one of the records.

        Raises:
            ChecksumError: its checksum does not hold.
        """
        payload = self.payload(index)
        at = int(self.offsets[index])
        stored = int.from_bytes(self.block[at + HEADER_SIZE + len(payload) :][:FOOTER_SIZE].tobytes(), "little")
        computed = masked_crc32c(payload)
        if stored != computed:
            raise ChecksumError(
                part="data",
                stored=stored,
                computed=computed,
                offset=self.base + at,
                record=self.first + index,
                path=path,
            )
        return payload


class _Chains(NamedTuple):
    """The short records found in a buffer.

    `breaks` lists, ascending, those behind which no other follows at once; the last is always one.
    """

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    breaks: NDArray[np.int64]


class RecordDecoder:
    """Takes bytes in chunks cut anywhere, answers with whole records.

    ::

        decoder = RecordDecoder()
        decoder.feed(chunk)
        while (record := decoder.next_record()) is not NEED_DATA:
            ...
        decoder.end()  # raises where the data stops within a record

    An error is final: every later call raises it again, until `recover` has found where records go on behind the
    damage. Memory is bounded by what was fed: a declared length allocates nothing.

    Args:
        max_length: the longest payload that is believed, in bytes.
        size: the size of the file in bytes, where it is known: a record that would reach over it is an error at once
            instead of a reason to wait.
        offset: the position in the file of the first byte that will be fed.
        record: how many records stand before it.
        path: the file, for error messages.
    """

    def __init__(
        self,
        *,
        max_length: int = MAX_LENGTH,
        size: int | None = None,
        offset: int = 0,
        record: int = 0,
        path: str | None = None,
    ) -> None:
        self.max_length = max_length
        self.size = size
        self.path = path
        self._buffer = b""
        self._chunks: list[BytesLike] = []  # fed, and not yet joined to the buffer
        self._fed = 0  # bytes in them
        self._start = offset  # position in the file of the buffer's first byte
        self._at = 0  # where in the buffer the next record starts
        self._needed = HEADER_SIZE  # bytes from there on without which nothing can be said
        self._record = record
        self._error: DamagedFileError | None = None
        self._searching = False  # whether `recover` has moved on from the damaged record
        self._found: _Chains | None = None  # in the present buffer

    @property
    def offset(self) -> int:
        """The position in the file at which the next record starts."""
        return self._start + self._at

    @property
    def record(self) -> int:
        """How many records have been answered, counting those that stood before the first byte fed."""
        return self._record

    @property
    def missing(self) -> int:
        """How many bytes more must be fed before the next record, or an error, can be answered; 0: none, just ask."""
        return max(0, self._needed - (len(self._buffer) - self._at + self._fed))

    def feed(self, chunk: BytesLike) -> None:
        """Adds bytes that follow those fed before."""
        self._chunks.append(chunk)
        self._fed += len(chunk)

    def next_record(self) -> Record | Literal[NeedData.NEED_DATA]:
        """The next whole record, its checksums verified, or `NEED_DATA`.

        Raises:
            ChecksumError: the header's or the payload's checksum does not hold.
            RecordTooLargeError: the header is intact and declares more than `max_length`.
            IncompleteRecordError: the header is intact and declares more than the file's `size` has room for.
        """
        length = self._length_at_next()
        if length is NEED_DATA:
            return NEED_DATA
        body = self._at + HEADER_SIZE
        end = body + length
        payload = self._buffer[body:end]
        (stored,) = _CHECKSUM.unpack_from(self._buffer, end)
        computed = masked_crc32c(payload)
        if stored != computed:
            self._fail(ChecksumError(part="data", stored=stored, computed=computed, **self._where()))
        record = Record(self.offset, payload)
        self._pass(end + FOOTER_SIZE, 1)
        return record

    def next_records(self) -> Records | Literal[NeedData.NEED_DATA]:
        """The whole records at hand that follow each other, or `NEED_DATA`: far faster than one by one.

        The checksums of their headers are verified, those of their payloads are the caller's to verify. One that does
        not hold concerns that record alone, because another header follows it: a record behind which none does is
        verified here, since its length may be wrong, too.

        Raises:
            DamagedFileError: as `next_record`.
        """
        length = self._length_at_next()
        if length is NEED_DATA:
            return NEED_DATA
        offsets, lengths, breaks = self._chains()
        first = int(np.searchsorted(offsets, self._at))
        if first < len(offsets) and offsets[first] == self._at:
            stop = int(breaks[np.searchsorted(breaks, first)]) + 1
            offsets, lengths = offsets[first:stop], lengths[first:stop]
        else:  # a long one
            offsets, lengths = np.array([self._at], np.int64), np.array([length], np.int64)
        records = Records(self._start, np.frombuffer(self._buffer, np.uint8), offsets, lengths, self._record)
        while not self._is_followed(records):
            if len(records.offsets) == 1:
                if self.missing:
                    return NEED_DATA
                try:
                    records.verified_payload(0, self.path)
                except ChecksumError as error:
                    self._fail(error)
                break
            records = records._replace(offsets=records.offsets[:-1], lengths=records.lengths[:-1])
        self._pass(records.end, len(records.offsets))
        return records

    def _is_followed(self, records: Records) -> bool:
        """Whether a header, or the end of the file, follows the last of some records; unknown counts as not."""
        end, have = records.end, len(self._buffer)
        if end + HEADER_SIZE <= have:
            return self._header(end)[1]
        if self.size is None or self._start + end + HEADER_SIZE > self.size:
            return end <= have
        self._needed = end + HEADER_SIZE - self._at  # what follows is to come
        return False

    def end(self) -> None:
        """Says that no more bytes follow.

        Raises:
            IncompleteRecordError: they stop within a record.
        """
        if self._error is not None:
            raise self._error
        if len(self._buffer) - self._at + self._fed:
            self._fail(IncompleteRecordError(missing=self.missing, **self._where()))

    def recover(self, *, at_end: bool) -> bool:
        """After an error: looks for the next whole record whose checksums hold, among the bytes at hand.

        A payload's checksum that does not hold, between headers that do, costs that record alone. Bytes that were
        looked at in vain are dropped, so the memory stays bounded however long the damage is.

        Args:
            at_end: whether no more bytes follow.

        Returns:
            True: the decoder works again, `offset` says from where. False: nothing was found yet; feed at least
            `missing` bytes and call again, or, at the end, there is nothing more.
        """
        if self._error is None:
            return True
        if self.missing and not at_end:
            return False
        self._join()
        found = None
        if isinstance(self._error, ChecksumError) and self._error.part == "data" and not self._searching:
            after = self._at + HEADER_SIZE + self._header(self._at)[0] + FOOTER_SIZE
            if after + HEADER_SIZE <= len(self._buffer):
                found = after if self._header(after)[1] else None
            elif not at_end:
                self._needed = after + HEADER_SIZE - self._at
                return False
            elif after == len(self._buffer):
                found = after
        if found is None:
            found = self._search(at_end)
        if found is not None:
            self._error = None
            self._searching = False
            self._pass(found, 1)
        return found is not None

    def _search(self, at_end: bool) -> int | None:
        """The next intact record anywhere behind the damage; moves on over what is none."""
        if not self._searching:
            self._at += 1
            self._searching = True
        have = len(self._buffer)
        offsets, lengths = find_headers(np.frombuffer(self._buffer, np.uint8)[self._at :], max_length=self.max_length)
        for at, length in zip((offsets + self._at).tolist(), lengths.tolist(), strict=True):
            end = at + HEADER_SIZE + length
            if self.size is not None and self._start + end + FOOTER_SIZE > self.size:
                continue
            if end + FOOTER_SIZE > have:
                if at_end:
                    continue
                self._at, self._needed = at, HEADER_SIZE + length + FOOTER_SIZE
                return None
            if masked_crc32c(self._buffer[at + HEADER_SIZE : end]) == _CHECKSUM.unpack_from(self._buffer, end)[0]:
                return int(at)
        self._at, self._needed = max(self._at, have - HEADER_SIZE + 1), HEADER_SIZE
        return None

    def _length_at_next(self) -> int | Literal[NeedData.NEED_DATA]:
        """The length of the next payload, once the record is whole and its header verified."""
        if self._error is not None:
            raise self._error
        if self.missing:
            return NEED_DATA
        self._join()
        length, holds = self._header(self._at)
        if not holds:
            _, stored = _HEADER.unpack_from(self._buffer, self._at)
            computed = masked_crc32c(self._buffer[self._at : self._at + 8])
            self._fail(ChecksumError(part="length", stored=stored, computed=computed, **self._where()))
        if length > self.max_length:
            self._fail(RecordTooLargeError(length=length, limit=self.max_length, **self._where()))
        self._needed = HEADER_SIZE + length + FOOTER_SIZE
        if self.size is not None and self.offset + self._needed > self.size:
            missing = self.offset + self._needed - self.size
            self._fail(IncompleteRecordError(missing=missing, **self._where()))
        return NEED_DATA if self.missing else length

    def _header(self, at: int) -> tuple[int, bool]:
        """The length that the header at this place of the buffer declares, and whether its checksum holds."""
        length, stored = _HEADER.unpack_from(self._buffer, at)
        return int(length), bool(stored == masked_crc32c(self._buffer[at : at + 8]))

    def _chains(self) -> _Chains:
        """The short records that start anywhere in the buffer; found once for each buffer."""
        if self._found is None:
            offsets, lengths = find_headers(
                np.frombuffer(self._buffer, np.uint8), max_length=min(self.max_length, _SHORT)
            )
            goes_on = offsets[1:] == (offsets + lengths + (HEADER_SIZE + FOOTER_SIZE))[:-1]
            self._found = _Chains(offsets, lengths, np.flatnonzero(np.append(~goes_on, True)))
        return self._found

    def _join(self) -> None:
        """Moves what was fed into the buffer, and drops what is behind."""
        if self._chunks:
            self._buffer = b"".join((memoryview(self._buffer)[self._at :], *self._chunks))
            self._start += self._at
            self._at = 0
            self._chunks.clear()
            self._fed = 0
            self._found = None

    def _pass(self, at: int, records: int) -> None:
        """Goes on at this place of the buffer."""
        self._at = at
        self._record += records
        self._needed = HEADER_SIZE

    def _where(self) -> _Where:
        return {"offset": self.offset, "record": self._record, "path": self.path}

    def _fail(self, error: DamagedFileError) -> NoReturn:
        self._error = error
        raise error


def _header_holds(buffer: bytes, at: int) -> bool:
    """Whether the checksum of a header at this place holds."""
    return bool(_HEADER.unpack_from(buffer, at)[1] == masked_crc32c(buffer[at : at + 8]))


def find_headers(
    block: NDArray[np.uint8], *, max_length: int = MAX_LENGTH
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every place in a block at which a header stands whose checksum holds.

    A length below 4 GiB leaves four zero bytes in the header, one below 64 KiB leaves six: only such places are looked
    at, and their checksums computed all at once. The chance that other bytes pass for a header is 1 in 2**32 a place.

    Args:
        block: uint8 array of shape (n,), contiguous. Headers that reach over its end are not found.
        max_length: the longest payload to look for, in bytes; under 4 GiB.

    Returns:
        (offsets, lengths): int64 arrays of one shape, the offsets ascending and relative to the block.
    """
    n = len(block) - HEADER_SIZE + 1
    if n <= 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    size = 2 if max_length <= _SHORT else 4  # bytes of the length that are looked at
    zero = block == 0
    pairs = zero[:-1] & zero[1:]
    zeros = pairs[:-2] & pairs[2:]  # at k: whether bytes k to k + 3 are zero
    if size == 2:
        zeros = zeros[:-2] & pairs[4:]  # bytes k to k + 5
    # Eight places at a time, which is several times faster than looking for the set ones among all.
    padded = np.zeros(n + -n % 8, np.bool_)
    padded[:n] = zeros[size : size + n]
    words = padded.view("<u8")
    at = np.flatnonzero(words != 0)
    left = words[at].byteswap()  # the last place of a word is its lowest byte now
    found = []
    while len(at):
        last = left & (~left + np.uint64(1))
        # The product with 1 << 8k moves the byte 7 - k up to the top.
        places = at * 8 + ((last * np.uint64(0x0706050403020100)) >> np.uint64(56)).view(np.int64)
        lengths = np.ndarray((n,), f"<u{size}", block, strides=(1,))[places]
        stored = np.ndarray((n,), "<u4", block, offset=8, strides=(1,))[places]
        holds = (_masked_header_crcs(lengths) == stored) & (lengths <= max_length)
        found.append((places[holds], lengths[holds].astype(np.int64)))
        # The place before a header passes for one, too, where the length is under 256: not worth a look.
        left ^= last
        left[holds] &= ~(last[holds] << np.uint64(8))
        more = np.flatnonzero(left)
        at, left = at[more], left[more]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    offsets, lengths = (np.concatenate(columns) for columns in zip(*found, strict=True))
    if len(found) > 1:
        order = np.argsort(offsets, kind="stable")
        offsets, lengths = offsets[order], lengths[order]
    return offsets, lengths


def _masked_header_crcs(lengths: NDArray[Any]) -> NDArray[np.uint32]:
    """The checksums of headers that declare these lengths; uint16 or uint32 in, shape (n,)."""
    if lengths.itemsize == 2:
        return _short_header_crcs().take(lengths)
    tables = contributions(8)
    crcs = np.full(len(lengths), crc32c(bytes(8)), np.uint32)
    for place in range(lengths.itemsize):
        crcs ^= tables[7 - place].take((lengths >> np.uint32(8 * place)) & np.uint32(0xFF))
    return mask_array(crcs)


@functools.cache
def _short_header_crcs() -> NDArray[np.uint32]:
    """The checksum of the header of each length up to 65,535."""
    return _masked_header_crcs(np.arange(_SHORT + 1, dtype=np.uint32))
