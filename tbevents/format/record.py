"""Bytes to records and back: the TFRecord framing of event files, without I/O.

A record on disk, all numbers little-endian:

    offset       size    field
    0            8       length of the payload, unsigned
    8            4       masked CRC32C of the 8 bytes above
    12           length  payload
    12 + length  4       masked CRC32C of the payload

`encode_record` makes one. `RecordDecoder` takes chunks cut anywhere and answers with records, with `NEED_DATA`, or
with an exception that says where and what; "not yet" is a value, "never" is an error. `RecordSearch` finds where
records go on behind damage.
"""

from __future__ import annotations

import enum
import struct
from typing import Final, Literal, NamedTuple, NoReturn, TypedDict

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import ChecksumError, DamagedFileError, IncompleteRecordError, RecordTooLargeError
from tbevents.format.adjacent_records import AdjacentRecordFinder
from tbevents.format.crc32c import BytesLike, masked_crc32c
from tbevents.format.header import FOOTER_SIZE, HEADER_SIZE, MAX_LENGTH, SHORT, decode_header, encode_header
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record_search import RecordSearch

__all__ = [
    "FOOTER_SIZE",
    "HEADER_SIZE",
    "MAX_LENGTH",
    "NEED_DATA",
    "LongRecord",
    "NeedData",
    "Record",
    "RecordDecoder",
    "Records",
    "Scattered",
    "encode_record",
]

_CHECKSUM = struct.Struct("<I")

_INTACT: Final = 64
"""Records in a row behind which damage does not count as dense any more."""


class NeedData(enum.Enum):
    """The type of `NEED_DATA`."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA
"""What `RecordDecoder.next_record` returns when the bytes it has end within a record."""


class Record(NamedTuple):
    """One record: the byte its header starts at, and its payload."""

    offset: int
    payload: bytes

    @property
    def end(self) -> int:
        """The byte after the record."""
        return self.offset + HEADER_SIZE + len(self.payload) + FOOTER_SIZE


class LongRecord(NamedTuple):
    """A record that need not be read as a whole; nothing of its payload has been verified.

    Attributes:
        offset: the byte its header starts at.
        length: of its payload, in bytes; more than `SHORT`.
        number: how many records stand before it in the file.
        head: the payload's first bytes.
    """

    offset: int
    length: int
    number: int
    head: bytes


def encode_record(payload: bytes) -> bytes:
    """A whole record around a payload."""
    return b"".join((encode_header(len(payload)), payload, _CHECKSUM.pack(masked_crc32c(payload))))


class _Where(TypedDict):
    """Where in which file a decoder stands, as the exceptions take it."""

    offset: int
    record: int
    path: str | None


class Records(NamedTuple):
    """Many records at once, in one block of bytes. Their payloads' checksums have NOT been verified.

    They follow each other end to end; where `numbers` is not None, damage may stand between them.

    Attributes:
        base: the position in the file of the block's first byte.
        block: uint8 array; the decoder's own buffer, valid until it is fed again.
        offsets: where in the block each record's header starts; int64, shape (n,), ascending, n at least 1.
        lengths: of the payloads, int64, shape (n,).
        first: how many records stand before these in the file.
        numbers: how many stand before each, where damage may stand between them; damage in one piece counts as one.
    """

    base: int
    block: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    first: int
    numbers: NDArray[np.int64] | None = None

    @property
    def end(self) -> int:
        """Where in the block the byte after the last record is."""
        return int(self.offsets[-1] + self.lengths[-1]) + HEADER_SIZE + FOOTER_SIZE

    def number(self, index: int) -> int:
        """How many records stand in the file before one of these, by its place among them."""
        return self.first + index if self.numbers is None else int(self.numbers[index])

    def payload(self, index: int) -> bytes:
        """The payload of one of the records."""
        start = int(self.offsets[index]) + HEADER_SIZE
        return self.block[start : start + int(self.lengths[index])].tobytes()

    def verified_payload(self, index: int, path: str | None = None) -> bytes:
        """The payload of one of the records.

        Raises:
            ChecksumError: its checksum does not hold.
        """
        at = int(self.offsets[index])
        start = at + HEADER_SIZE
        data = self.block[start : start + int(self.lengths[index]) + FOOTER_SIZE].tobytes()
        payload, stored = data[:-FOOTER_SIZE], int.from_bytes(data[-FOOTER_SIZE:], "little")
        computed = masked_crc32c(payload)
        if stored != computed:
            raise ChecksumError(
                part="data",
                stored=stored,
                computed=computed,
                offset=self.base + at,
                record=self.number(index),
                path=path,
            )
        return payload


class Scattered(NamedTuple):
    """Records across dense damage.

    Attributes:
        records: the records; None if there are none.
        damage: the damage between them: what is wrong, and how many bytes are passed over.
        error: damage behind them whose end was not found: then `RecordDecoder.recover` goes on, else `next_records`.
    """

    records: Records | None
    damage: list[tuple[DamagedFileError, int]]
    error: DamagedFileError | None


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
        verify: whether the checksums of payloads are computed; those of headers always are.
    """

    def __init__(
        self,
        *,
        max_length: int = MAX_LENGTH,
        size: int | None = None,
        offset: int = 0,
        record: int = 0,
        path: str | None = None,
        verify: bool = True,
    ) -> None:
        self.max_length = max_length
        self.verify = verify
        self.size = size
        self.path = path
        self._data = np.empty(0, np.uint8)  # the buffer
        self._bytes = self._data.data  # the same
        self._start = offset  # position in the file of the buffer's first byte
        self._at = 0  # where in the buffer the next record starts
        self._stop = 0  # where in the buffer the bytes fed end
        self._needed = HEADER_SIZE  # bytes from there on without which nothing can be said
        self._record = record
        self._error: DamagedFileError | None = None
        self._searching = False  # whether `recover` has moved on from the damaged record
        self._verified = -1  # position in the file of a record whose payload's checksum is known to hold
        finder = HeaderFinder()
        self._adjacent = AdjacentRecordFinder(finder, min(max_length, SHORT))
        self._search = RecordSearch(finder, max_length, verify=verify)

    @property
    def offset(self) -> int:
        """The position in the file at which the next record starts."""
        return self._start + self._at

    @property
    def record(self) -> int:
        """How many records have been returned, counting those that stood before the first byte fed."""
        return self._record

    @property
    def missing(self) -> int:
        """How many more bytes must be fed before the next record or error can be returned; 0 if none."""
        return max(0, self._needed - (self._stop - self._at))

    @property
    def fed(self) -> int:
        """The position in the file at which the next chunk begins."""
        return self._start + self._stop

    @property
    def at_hand(self) -> NDArray[np.uint8]:
        """The bytes fed from the next record on; the decoder's own buffer, valid until it is fed again."""
        return self._data[self._at : self._stop]

    def pass_over(self, size: int, records: int) -> None:
        """Skips the first `size` bytes at hand, which the caller has found to be so many whole records."""
        self._pass(self._at + size, records)

    def feed(self, chunk: BytesLike) -> None:
        """Adds bytes that follow those fed before."""
        self.room(len(chunk))[:] = chunk
        self.filled(len(chunk))

    def room(self, size: int) -> memoryview:
        """A buffer for the bytes that follow those fed before; `filled` says how many were put there.

        Blocks of records returned before are not valid any more.
        """
        have = self._stop - self._at
        data = self._data
        if have > self._at and self._stop + size <= len(data):  # what was passed is not worth moving the rest
            return self._bytes[self._stop : self._stop + size]
        if have + size > len(data):  # a little more, for the next block may follow a longer rest
            data = np.empty(max(have + size + size // 8, 2 * have), np.uint8)
        if data is not self._data or self._at:
            data[:have] = self._data[self._at : self._stop]
            self._start += self._at
            self._at, self._stop = 0, have
            self._data, self._bytes = data, data.data
            self._adjacent.forget()
        return self._bytes[have : have + size]

    def filled(self, size: int) -> None:
        """Notes that so many bytes have been put into `room`."""
        self._stop += size
        self._adjacent.forget()

    def next_record(self) -> Record | Literal[NeedData.NEED_DATA]:
        """The next whole record, its checksums verified (the payload's, where `verify`), or `NEED_DATA`.

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
        payload = self._bytes[body:end].tobytes()
        (stored,) = _CHECKSUM.unpack_from(self._bytes, end)
        if self.verify and stored != (computed := masked_crc32c(payload)):
            self._fail(ChecksumError(part="data", stored=stored, computed=computed, **self._where()))
        record = Record(self.offset, payload)
        self._pass(end + FOOTER_SIZE, 1)
        return record

    def next_records(self, within: int | None = None) -> Records | Literal[NeedData.NEED_DATA]:
        """The whole records at hand that follow each other, or `NEED_DATA`: far faster than one by one.

        The checksums of their headers are verified, those of their payloads are the caller's to verify. One that does
        not hold concerns that record alone, because another header follows it: a record behind which none does is
        verified here, since its length may be wrong, too; unless `verify` is off.

        Args:
            within: bytes in which they must start; by default as far as the bytes at hand reach.

        Raises:
            DamagedFileError: as `next_record`.
        """
        length = self._length_at_next()
        if length is NEED_DATA:
            return NEED_DATA
        if length > SHORT:  # long ones are taken one by one
            self._adjacent.after_long()
            offsets, lengths = np.array([self._at], np.int64), np.array([length], np.int64)
        else:
            offsets, lengths = self._adjacent.find(self._data[: self._stop], self._at, within)
        records = Records(self._start, self._data[: self._stop], offsets, lengths, self._record)
        if not self.verify:
            if records.end > self._stop:  # the rest of the last one is to come; the first is whole
                records = records._replace(offsets=records.offsets[:-1], lengths=records.lengths[:-1])
            self._pass(records.end, len(records.offsets))
            return records
        while not self._is_followed(records):
            if len(records.offsets) == 1:
                if self.missing:
                    return NEED_DATA
                error = self._payload_error(length)
                if error is not None:
                    self._fail(error)
                break
            records = records._replace(offsets=records.offsets[:-1], lengths=records.lengths[:-1])
        self._pass(records.end, len(records.offsets))
        return records

    def next_long(self, size: int) -> LongRecord | Literal[NeedData.NEED_DATA] | None:
        """The beginning of the next record, if it is a long one. It stays the next record until `skip_long`.

        Args:
            size: how many bytes of the payload are wanted.

        Returns:
            The record; `NEED_DATA` if it is a long one and less of it is at hand; None if it is a short one, or if
            anything is wrong with it: `next_records` says what.
        """
        if self._error is not None or self._stop - self._at < HEADER_SIZE:
            return None
        length, holds = self._header(self._at)
        end = self.offset + HEADER_SIZE + length + FOOTER_SIZE
        if not holds or not SHORT < length <= self.max_length or (self.size is not None and end > self.size):
            return None
        body = self._at + HEADER_SIZE
        self._needed = HEADER_SIZE + min(size, length)
        if self.missing:
            return NEED_DATA
        return LongRecord(self.offset, length, self._record, self._bytes[body : body + min(size, length)].tobytes())

    def skip_long(self, record: LongRecord) -> None:
        """Skips the record that `next_long` returned; the next chunk must begin at `fed`.

        Blocks of records returned before are not valid any more.
        """
        end = self._at + HEADER_SIZE + record.length + FOOTER_SIZE
        if end > self._stop:  # the rest of it is never fed
            self._start += end
            end = self._stop = 0
            self._adjacent.forget()
        self._pass(end, 1)

    def _is_followed(self, records: Records) -> bool:
        """Whether a header, or the end of the file, follows the last of some records; unknown counts as not."""
        end = records.end
        if self._says_what_follows(end):
            return self._is_header_or_end(end)
        self._needed = end + HEADER_SIZE - self._at  # what follows is to come
        return False

    def _says_what_follows(self, end: int) -> bool:
        """Whether it can be said if a header or the end of the file follows at this place of the buffer."""
        return end + HEADER_SIZE <= self._stop or self.size is None or self._start + end + HEADER_SIZE > self.size

    def _is_header_or_end(self, end: int) -> bool:
        """Whether a header or the end of the file follows at this place of the buffer."""
        return self._header(end)[1] if end + HEADER_SIZE <= self._stop else end <= self._stop

    def _payload_error(self, length: int) -> ChecksumError | None:
        """What is wrong with the payload of the next record, whose header is intact and declares this length."""
        if self.offset == self._verified:
            return None
        (stored,) = _CHECKSUM.unpack_from(self._bytes, self._at + HEADER_SIZE + length)
        computed = self._search.checksum(self._data[: self._stop], self._start, self.offset, length)
        if stored == computed:
            return None
        return ChecksumError(part="data", stored=stored, computed=computed, **self._where())

    def end(self) -> None:
        """Ends the input: no more bytes follow.

        Raises:
            IncompleteRecordError: they stop within a record.
        """
        if self._error is not None:
            raise self._error
        if self._stop > self._at:
            self._fail(IncompleteRecordError(missing=self.missing, **self._where()))

    def recover(self, *, at_end: bool) -> bool:
        """After an error: looks for the next whole record whose checksums hold, among the bytes at hand.

        A payload's checksum that does not hold, between headers that do, costs that record alone. Where `verify` is
        off, the header's checksum is enough to believe a record, once all of it is at hand. Bytes that were
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
        found = None
        if isinstance(self._error, ChecksumError) and self._error.part == "data" and not self._searching:
            after = self._at + HEADER_SIZE + self._header(self._at)[0] + FOOTER_SIZE
            if after + HEADER_SIZE <= self._stop:
                found = after if self._header(after)[1] else None
            elif not at_end:
                self._needed = after + HEADER_SIZE - self._at
                return False
            elif after == self._stop:
                found = after
        if found is None:
            found = self._find_behind(at_end)
        if found is not None:
            self._error = None
            self._searching = False
            self._pass(found, 1)
        return found is not None

    def _find_behind(self, at_end: bool) -> int | None:
        """Where the next intact record anywhere behind the damage starts; moves on over what is none."""
        if not self._searching:
            self._at += 1
            self._searching = True
        found = self._search.next(self._data[: self._stop], self._start, self.offset, size=self.size, at_end=at_end)
        at = found.offset - self._start
        if found.found:
            self._verified = found.offset
            return at
        self._at, self._needed = at, found.needed
        return None

    def next_scattered(self, *, at_end: bool) -> Scattered:
        """The records at hand across damage: as `next_records` and `recover` in turn, but in one go.

        Where damage is dense, that is much faster. It ends where the bytes at hand do, and where damage is not dense
        any more.

        Args:
            at_end: whether no more bytes follow.
        """
        data, base = self._data[: self._stop], self._start
        offsets: list[int] = []
        lengths: list[int] = []
        numbers: list[int] = []
        damage: list[tuple[DamagedFileError, int]] = []
        error: DamagedFileError | None = None
        intact = 0
        while intact < _INTACT:
            at = self._at
            length = self._search.length_at(data, base, base + at)
            end = at if length is None else at + HEADER_SIZE + length + FOOTER_SIZE
            if length is None or (self.size is not None and base + end > self.size):
                looked = self._look_at_next()
                if not isinstance(looked, DamagedFileError):
                    break  # the bytes at hand end here; or the header is a rare one that is not searched for
                error = looked
            elif end > self._stop or not self._says_what_follows(end) or (length > SHORT and not self.verify):
                break
            elif self.verify and not self._is_header_or_end(end):
                error = self._payload_error(length)
            if error is None and length is not None:
                offsets.append(at)
                lengths.append(length)
                numbers.append(self._record)
                intact += 1
                self._pass(end, 1)
                continue
            self._error = error
            if not self.recover(at_end=at_end):
                break
            assert error is not None
            damage.append((error, self.offset - error.offset))
            error = None
            intact = 0
        records = None
        if offsets:
            places, sizes, counts = (np.array(column, np.int64) for column in (offsets, lengths, numbers))
            records = Records(base, data, places, sizes, numbers[0], counts)
        return Scattered(records, damage, error)

    def _length_at_next(self) -> int | Literal[NeedData.NEED_DATA]:
        """The length of the next payload, once the record is whole and its header verified."""
        if self._error is not None:
            raise self._error
        length = self._look_at_next()
        if isinstance(length, DamagedFileError):
            self._fail(length)
        return length

    def _look_at_next(self) -> int | Literal[NeedData.NEED_DATA] | DamagedFileError:
        """As `_length_at_next`, with what is wrong as a value."""
        if self.missing:
            return NEED_DATA
        length, holds = self._header(self._at)
        if not holds:
            (stored,) = _CHECKSUM.unpack_from(self._bytes, self._at + 8)
            computed = masked_crc32c(self._bytes[self._at : self._at + 8].tobytes())
            return ChecksumError(part="length", stored=stored, computed=computed, **self._where())
        if length > self.max_length:
            return RecordTooLargeError(length=length, limit=self.max_length, **self._where())
        self._needed = HEADER_SIZE + length + FOOTER_SIZE
        if self.size is not None and self.offset + self._needed > self.size:
            missing = self.offset + self._needed - self.size
            return IncompleteRecordError(missing=missing, **self._where())
        return NEED_DATA if self.missing else length

    def _header(self, at: int) -> tuple[int, bool]:
        """The length that the header at this place of the buffer declares, and whether its checksum holds."""
        return decode_header(self._bytes[at : at + HEADER_SIZE].tobytes())

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
