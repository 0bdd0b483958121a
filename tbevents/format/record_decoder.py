"""Decodes records from bytes that come in chunks, without I/O.

`RecordDecoder` returns `NEED_DATA` if more bytes are needed, and raises an error that says what is wrong and where.
After an error, `RecordSearch` finds the next intact record.
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
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import (
    FOOTER_SIZE,
    HEADER_SIZE,
    MAX_LENGTH,
    SHORT,
    LongRecord,
    Record,
    Records,
    decode_header,
)
from tbevents.format.record_search import RecordSearch

_CHECKSUM = struct.Struct("<I")

_INTACT: Final = 64
"""After this many records in a row, damage no longer counts as dense."""


class NeedData(enum.Enum):
    """The type of `NEED_DATA`."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA
"""Returned instead of a record if more bytes must be fed first."""


class _Location(TypedDict):
    offset: int
    record: int
    path: str | None


class ScatteredRecords(NamedTuple):
    """Records with dense damage between them.

    Attributes:
        records: the records; None if there are none.
        damage: the damage between them: the error, and the number of bytes skipped.
        error: damage after them whose end was not found; then call `RecordDecoder.recover`, otherwise `next_records`.
    """

    records: Records | None
    damage: list[tuple[DamagedFileError, int]]
    error: DamagedFileError | None


class RecordDecoder:
    """Decodes records from chunks of bytes. A chunk may end anywhere.

    ::

        decoder = RecordDecoder()
        decoder.feed(chunk)
        while (record := decoder.next_record()) is not NEED_DATA:
            ...
        decoder.end()  # raises if the data ends within a record

    An error is final: every later call raises it again, until `recover` has found the next intact record. Memory is
    bounded by the bytes that were fed: a declared length allocates nothing.

    Args:
        max_length: the longest payload that is accepted, in bytes.
        size: the size of the file in bytes, if it is known. A record that would end after it is an error at once;
            otherwise the decoder waits for more bytes.
        offset: the position in the file of the first byte that will be fed.
        record: the number of records before it.
        path: the file, for error messages.
        verify: if True, verify the checksums of payloads. Those of headers are always verified.

    Attributes:
        record: the number of records before the next one in the file.
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
        self._bytes = self._data.data  # the same memory
        self._start = offset  # position of the buffer's first byte in the file
        self._at = 0  # place of the next record in the buffer
        self._stop = 0  # place in the buffer after the bytes that were fed
        self._needed = HEADER_SIZE  # bytes needed from `_at` on to continue
        self.record: int = record
        self._error: DamagedFileError | None = None
        self._searching = False  # True once `recover` searches after the damaged record
        self._verified = -1  # position of a record in the file whose payload's checksum is known to be right
        finder = HeaderFinder()
        self._adjacent = AdjacentRecordFinder(finder, min(max_length, SHORT))
        self._search = RecordSearch(finder, max_length, verify=verify)

    @property
    def offset(self) -> int:
        """The position of the next record in the file."""
        return self._start + self._at

    @property
    def missing(self) -> int:
        """The number of bytes to feed before the next record or error can be returned."""
        return max(0, self._needed - (self._stop - self._at))

    @property
    def fed(self) -> int:
        """The position in the file at which the next chunk begins."""
        return self._start + self._stop

    @property
    def at_hand(self) -> NDArray[np.uint8]:
        """The bytes from the next record on; the decoder's own buffer, valid until it is fed again."""
        return self._data[self._at : self._stop]

    def pass_over(self, size: int, records: int) -> None:
        """Skips the first `size` bytes at hand: the caller has decoded these records."""
        self._pass(self._at + size, records)

    def feed(self, chunk: BytesLike) -> None:
        """Adds bytes that follow those fed before."""
        self.room(len(chunk))[:] = chunk
        self.filled(len(chunk))

    def room(self, size: int) -> memoryview:
        """Returns a buffer for the next bytes; call `filled` after writing to it.

        Blocks of records returned before are no longer valid.
        """
        have = self._stop - self._at
        data = self._data
        if have > self._at and self._stop + size <= len(data):  # too little was passed to move the rest
            return self._bytes[self._stop : self._stop + size]
        if have + size > len(data):  # a little more, since more may be left before the next block
            data = np.empty(max(have + size + size // 8, 2 * have), np.uint8)
        if data is not self._data or self._at:
            data[:have] = self._data[self._at : self._stop]
            self._start += self._at
            self._at, self._stop = 0, have
            self._data, self._bytes = data, data.data
            self._adjacent.forget()
        return self._bytes[have : have + size]

    def filled(self, size: int) -> None:
        """Adds the first `size` bytes of the buffer that `room` returned."""
        self._stop += size
        self._adjacent.forget()

    def next_record(self) -> Record | Literal[NeedData.NEED_DATA]:
        """Returns the next record, or `NEED_DATA` if it is not complete.

        Raises:
            ChecksumError: if the checksum of the header or the payload is wrong.
            RecordTooLargeError: if the header is intact and declares more than `max_length`.
            IncompleteRecordError: if the header is intact and the record would end after the file's `size`.
        """
        length = self._length_at_next()
        if length is NEED_DATA:
            return NEED_DATA
        body = self._at + HEADER_SIZE
        end = body + length
        payload = self._bytes[body:end].tobytes()
        (stored,) = _CHECKSUM.unpack_from(self._bytes, end)
        if self.verify and stored != (computed := masked_crc32c(payload)):
            self._fail(ChecksumError(part="data", stored=stored, computed=computed, **self._location()))
        record = Record(self.offset, payload)
        self._pass(end + FOOTER_SIZE, 1)
        return record

    def next_records(self, within: int | None = None) -> Records | Literal[NeedData.NEED_DATA]:
        """Returns the complete records at hand, or `NEED_DATA`; far faster than `next_record`.

        The checksums of their headers are verified; the caller must verify those of their payloads. If a payload's
        checksum is wrong, only that record is damaged, because a header follows it. The payload of a record that no
        header follows is verified here if `verify` is True: its length may be wrong, too.

        Args:
            within: the number of bytes in which the records must start; by default all bytes at hand.

        Raises:
            DamagedFileError: as `next_record` does.
        """
        length = self._length_at_next()
        if length is NEED_DATA:
            return NEED_DATA
        if length > SHORT:  # long records are returned one by one
            self._adjacent.after_long()
            offsets, lengths = np.array([self._at], np.int64), np.array([length], np.int64)
        else:
            offsets, lengths = self._adjacent.find(self._data[: self._stop], self._at, within)
        records = Records(self._start, self._data[: self._stop], offsets, lengths, self.record)
        if not self.verify:
            if records.end > self._stop:  # the last one is incomplete; the first never is
                records = records._replace(offsets=records.offsets[:-1], lengths=records.lengths[:-1])
            self._pass(records.end, len(records.offsets))
            return records
        while True:
            end = records.end
            if not self._knows_what_follows(end):
                self._needed = end + HEADER_SIZE - self._at
            elif self._is_header_or_end(end):
                break
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
        """Returns the beginning of the next record if it is long. It stays the next record until `skip_long`.

        Args:
            size: the number of bytes of the payload to return.

        Returns:
            The record; `NEED_DATA` if it is long but fewer bytes are at hand; None if it is short or damaged, and
            `next_records` must be called.
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
        return LongRecord(self.offset, length, self.record, self._bytes[body : body + min(size, length)].tobytes())

    def skip_long(self, record: LongRecord) -> None:
        """Skips the record that `next_long` returned; the next chunk must begin at `fed`.

        Blocks of records returned before are no longer valid.
        """
        end = self._at + HEADER_SIZE + record.length + FOOTER_SIZE
        if end > self._stop:  # the rest of it is never fed
            self._start += end
            end = self._stop = 0
            self._adjacent.forget()
        self._pass(end, 1)

    def _knows_what_follows(self, end: int) -> bool:
        """Returns True if the bytes at hand suffice for `_is_header_or_end`."""
        return end + HEADER_SIZE <= self._stop or self.size is None or self._start + end + HEADER_SIZE > self.size

    def _is_header_or_end(self, end: int) -> bool:
        """Returns True if there is a header, or the end of the file, at a place in the buffer."""
        return self._header(end)[1] if end + HEADER_SIZE <= self._stop else end <= self._stop

    def _payload_error(self, length: int) -> ChecksumError | None:
        """Returns an error if the checksum of the next record's payload is wrong."""
        if self.offset == self._verified:
            return None
        (stored,) = _CHECKSUM.unpack_from(self._bytes, self._at + HEADER_SIZE + length)
        computed = self._search.checksum(self._data[: self._stop], self._start, self.offset, length)
        if stored == computed:
            return None
        return ChecksumError(part="data", stored=stored, computed=computed, **self._location())

    def end(self) -> None:
        """Ends the input.

        Raises:
            IncompleteRecordError: if it ends within a record.
        """
        if self._error is not None:
            raise self._error
        if self._stop > self._at:
            self._fail(IncompleteRecordError(missing=self.missing, **self._location()))

    def recover(self, *, at_end: bool) -> bool:
        """Searches the bytes at hand for the next intact record, after an error.

        If only a payload's checksum is wrong, and a header follows, only that record is skipped. If `verify` is False,
        a complete record with an intact header counts as intact. Bytes that were searched are dropped, so memory stays
        bounded however long the damage is.

        Args:
            at_end: True if no more bytes follow.

        Returns:
            True if a record was found: it starts at `offset`. Otherwise feed at least `missing` bytes and call again;
            at the end, there is no further record.
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
            found = self._find_after(at_end)
        if found is not None:
            self._error = None
            self._searching = False
            self._pass(found, 1)
        return found is not None

    def _find_after(self, at_end: bool) -> int | None:
        """Returns the place of the next intact record after the damage; drops the bytes that were searched."""
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

    def next_scattered(self, *, at_end: bool) -> ScatteredRecords:
        """Returns the records at hand and the damage between them, until damage is no longer dense.

        Much faster than `next_records` and `recover` in turn if there is much damage.

        Args:
            at_end: True if no more bytes follow.
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
                    break  # the bytes at hand end here, or the search does not find headers of this kind
                error = looked
            elif end > self._stop or not self._knows_what_follows(end) or (length > SHORT and not self.verify):
                break
            elif self.verify and not self._is_header_or_end(end):
                error = self._payload_error(length)
            if error is None and length is not None:
                offsets.append(at)
                lengths.append(length)
                numbers.append(self.record)
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
        return ScatteredRecords(records, damage, error)

    def _length_at_next(self) -> int | Literal[NeedData.NEED_DATA]:
        """Returns the length of the next payload if the record is complete; raises if its header is damaged."""
        if self._error is not None:
            raise self._error
        length = self._look_at_next()
        if isinstance(length, DamagedFileError):
            self._fail(length)
        return length

    def _look_at_next(self) -> int | Literal[NeedData.NEED_DATA] | DamagedFileError:
        """As `_length_at_next`, but returns the error."""
        if self.missing:
            return NEED_DATA
        length, holds = self._header(self._at)
        if not holds:
            (stored,) = _CHECKSUM.unpack_from(self._bytes, self._at + 8)
            computed = masked_crc32c(self._bytes[self._at : self._at + 8].tobytes())
            return ChecksumError(part="length", stored=stored, computed=computed, **self._location())
        if length > self.max_length:
            return RecordTooLargeError(length=length, limit=self.max_length, **self._location())
        self._needed = HEADER_SIZE + length + FOOTER_SIZE
        if self.size is not None and self.offset + self._needed > self.size:
            missing = self.offset + self._needed - self.size
            return IncompleteRecordError(missing=missing, **self._location())
        return NEED_DATA if self.missing else length

    def _header(self, at: int) -> tuple[int, bool]:
        """Returns the payload's length by the header at a place, and whether the header's checksum is right."""
        return decode_header(self._bytes[at : at + HEADER_SIZE].tobytes())

    def _pass(self, at: int, records: int) -> None:
        self._at = at
        self.record += records
        self._needed = HEADER_SIZE

    def _location(self) -> _Location:
        return {"offset": self.offset, "record": self.record, "path": self.path}

    def _fail(self, error: DamagedFileError) -> NoReturn:
        self._error = error
        raise error
