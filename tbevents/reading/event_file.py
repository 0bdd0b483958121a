"""One event file, read as far as it goes, and later what has been appended."""

from __future__ import annotations

import bisect
import io
import os
from collections.abc import Generator, Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import (
    ChecksumError,
    DamagedFileError,
    FileChangedError,
    IncompleteRecordError,
    NotAnEventFileError,
    UndecodableRecordError,
)
from tbevents.files import open_file
from tbevents.format.crc32c import masked_crc32c
from tbevents.format.event import parse_event
from tbevents.format.record import (
    FOOTER_SIZE,
    HEADER_SIZE,
    MAX_LENGTH,
    NEED_DATA,
    LongRecord,
    Record,
    RecordDecoder,
    Records,
)
from tbevents.proto import Event
from tbevents.reading.file_type import LOOKED_AT, file_type
from tbevents.reading.problem import Problem
from tbevents.reading.whole_file import DATA_CHECKSUM, error_of_all, explain
from tbevents.remote import is_url

__all__ = ["EventFileReader", "Taken", "Taker"]


BLOCK: Final = 1 << 21
"""Bytes read at a time; half as many at first."""

_AFTER_LONG: Final = 1 << 14
"""Bytes read behind a long record that was passed over: another one may follow soon. Each read after it takes twice as
many, up to `BLOCK`."""

_HEAD: Final = 1 << 12
"""Bytes of a long record's payload that are looked at before it is read."""

_SEARCHED: Final = 1 << 16
"""Bytes of a broken end that are looked at at a time."""

_DENSE: Final = 1 << 12
"""Damage that is no farther than so many bytes behind other damage is dense: records are read across it in one go."""

_REMEMBERED: Final = 256
"""Bytes by which a file is known again: they hold checksums of records, and most often their times."""


class Taken(NamedTuple):
    """What a taker has done with the bytes that it was shown.

    Attributes:
        size: how many of them it has taken; 0 for none.
        records: how many records those were.
        reach: where it took none: how many bytes to search for records before it is asked again; None: no limit.
    """

    size: int = 0
    records: int = 0
    reach: int | None = None


class Taker(Protocol):
    """What may take records before they are looked for; it has had all those before them."""

    def take_long(self, record: LongRecord) -> bool:
        """Is shown how a long record begins; answers whether it is to be passed over unread."""

    def take_rounds(self, data: NDArray[np.uint8]) -> Taken:
        """Is shown the bytes that come next; may take the first records in them."""


class EventFileReader:
    """Reads what there is in an event file, and later what has been appended.

    Args:
        path: the file.
        strict: whether damage is raised instead of passed over.
        sole: whether the caller named this file itself: that it cannot be read, or is no event file at all, is then
            raised, too.
        patient: whether an incomplete record at the end is never raised, because the rest is to come.
        max_length: the longest payload that is believed, in bytes.
        verify: whether the checksums of payloads are verified; those of headers always are.

    Attributes:
        path: the file.
        offset: the byte up to which all has been read: the end of the file, or of its last whole record.
        record: how many records stand before it.
        error: why the file could not be read on when it was tried last; None where it could.
        patient: as given.
    """

    def __init__(
        self,
        path: str,
        *,
        strict: bool = False,
        sole: bool = False,
        patient: bool = False,
        max_length: int = MAX_LENGTH,
        verify: bool = True,
    ) -> None:
        self.path = path
        self.patient = patient
        self.offset = 0
        self.record = 0
        self._strict = strict
        self._sole = sole
        self._max_length = max_length
        self._verify = verify
        self._size = 0  # of the file, when it was opened last
        self.error: OSError | None = None
        self._problems: list[Problem] = []
        self._tail: Problem | None = None  # that of the end of the file, which is looked at again
        self._first = b""  # the first bytes of the file
        self._known = (0, b"")  # some of the last bytes that have been read, and where in the file they are
        self._explained = False  # whether the first checksum that does not hold has been
        self._stored: frozenset[int] = frozenset()  # checksums of data that do not hold: the first two that differ
        # From where to where a record reaches that the end of the file cut, if others were found behind its header.
        # Once it is complete, they are part of its payload.
        self._unfinished: tuple[int, int] | None = None
        self._of_all: DamagedFileError | None = None  # what is wrong with all records

    @property
    def problems(self) -> list[Problem]:
        """What was passed over, in the order of the file."""
        return self._problems if self._tail is None else [*self._problems, self._tail]

    def fork(self) -> EventFileReader:
        """One that reads on from here, and leaves this one as it is."""
        other = EventFileReader.__new__(EventFileReader)
        vars(other).update(vars(self))
        other._problems = self._problems.copy()
        return other

    def done(self, more: int = 0) -> float:
        """The share of the file that has been read, or will have been when so many bytes more are."""
        return (self.offset + more) / max(1, self._size)

    def read(self, taker: Taker | None = None) -> Iterator[Records]:
        """The records that follow, in blocks; the checksums of their payloads are the caller's to verify.

        A problem at the end of the file is withdrawn and looked at again: the rest may have come meanwhile. That the
        file cannot be read is such a problem.

        Args:
            taker: may take records that then are not among these.

        Raises:
            OSError: the file cannot be read, where `strict` or `sole`.
            FileChangedError: what was read before is not in the file any more: it was replaced, truncated or removed.
            DamagedFileError: at the first damage, where `strict`.
            NotAnEventFileError: no record stands anywhere in it, where `sole`.
        """
        self._tail = self.error = None
        try:
            with open_file(self.path) as file:
                size = file.seek(0, os.SEEK_END)
                self._know_again(file, size)
                while True:
                    self._size = size
                    error = yield from self._read_to(file, size, taker)
                    before, size = size, file.seek(0, os.SEEK_END)
                    if not isinstance(error, IncompleteRecordError) or error.zeros or size < before + error.missing:
                        break  # else it was being written when its size was asked for, and is there by now
            if error is not None:
                self._report_tail(error, self._size - error.offset)
            self._sum_up()
        except FileChangedError:
            raise
        except FileNotFoundError as error:
            if self.offset:
                raise FileChangedError(f"{self.path}: was removed") from error
            self._cannot_be_read(error)
        except OSError as error:
            self._cannot_be_read(error)

    def _cannot_be_read(self, error: OSError) -> None:
        """Notes, or raises, that the file cannot be read on."""
        if error.filename is None:
            error = OSError(error.errno, error.strerror or str(error), self.path)
        if self._strict or self._sole:
            raise error
        self.error = error
        left = max(0, self._size - self.offset)
        self._tail = Problem.unreadable(self.path, error, self.offset, self.record, left)

    def _know_again(self, file: io.RawIOBase, size: int) -> None:
        """Checks that what was read before is still there.

        Raises:
            FileChangedError: it is not.
        """
        changed = size < self.offset
        for at, known in (self._known,) if is_url(self.path) else (self._known, (0, self._first)):
            if known and not changed:
                file.seek(at)
                changed = _read_all(file, len(known)) != known
        if changed:
            raise FileChangedError(f"{self.path}: was truncated or replaced")
        if self._unfinished is not None and size >= self._unfinished[1]:
            start, end = self._unfinished
            self._unfinished = None
            file.seek(start)
            record = _read_all(file, end - start)
            payload, footer = record[HEADER_SIZE:-FOOTER_SIZE], record[-FOOTER_SIZE:]
            if len(record) == end - start and masked_crc32c(payload) == int.from_bytes(footer, "little"):
                raise FileChangedError(f"{self.path}: the record at byte {start}, which was incomplete, is complete")

    def _read_to(
        self, file: io.RawIOBase, size: int, taker: Taker | None
    ) -> Generator[Records, None, DamagedFileError | None]:
        """As `read`, up to a size that the file has.

        Returns:
            What is wrong with the end; None where nothing is.
        """
        if not size:
            return IncompleteRecordError(missing=HEADER_SIZE, offset=0, record=0, path=self.path)
        decoder = RecordDecoder(
            max_length=self._max_length,
            size=size,
            offset=self.offset,
            record=self.record,
            path=self.path,
            verify=self._verify,
        )
        feed = _Feed(file, decoder, size)  # what has been appended meanwhile is for the next time
        error: DamagedFileError | None = None
        intact_from = -_DENSE - 1  # the position behind the last damage
        while True:
            if error is None:
                reach = None
                if taker is not None:
                    again, reach = self._offer(taker, decoder, feed)
                    if again:
                        continue
                try:
                    records = decoder.next_records(reach)
                    if records is NEED_DATA and not feed.left:
                        decoder.end()
                        return None
                except DamagedFileError as damage:
                    error = damage
                else:
                    if records is NEED_DATA:
                        feed.more()
                    else:
                        self._note_read(records)
                        yield records
                    continue
            while not (found := decoder.recover(at_end=not feed.left)) and feed.left:
                feed.more()
            if not found:
                return self._tail_error(file, error, size)
            self.report(error, decoder.offset - error.offset)
            dense = error.offset - intact_from <= _DENSE
            error = None
            if dense and taker is not None and not self._strict:
                scattered, error = decoder.next_scattered(at_end=not feed.left, report=self.report)
                if scattered is not None:
                    self._note_read(scattered)
                    yield scattered
            intact_from = decoder.offset

    def _offer(self, taker: Taker, decoder: RecordDecoder, feed: _Feed) -> tuple[bool, int | None]:
        """Shows a taker what comes next.

        Returns:
            Whether something was done, so that it is to be shown more; and if not, `Taken.reach`.
        """
        long = None if self._verify else decoder.next_long(_HEAD)
        if feed.left and (long is NEED_DATA or (long is None and feed.is_scarce)):
            feed.more()
            return True, None
        if isinstance(long, LongRecord) and taker.take_long(long):
            feed.skip(long)
            self._read_up_to(decoder, long.head[:_REMEMBERED], long.offset + HEADER_SIZE)
            return True, None
        if long is not None or decoder.missing:
            return False, None
        data = decoder.at_hand
        taken = taker.take_rounds(data)
        if taken.size:
            decoder.pass_over(taken.size, taken.records)
            self._read_up_to(decoder, data[: taken.size][-_REMEMBERED:].tobytes())
        return taken.size > 0, taken.reach

    def _read_up_to(self, decoder: RecordDecoder, known: bytes, at: int | None = None) -> None:
        """Notes that all has been read up to where the decoder stands, and some bytes; they are the last, or `at`."""
        self.offset, self.record = decoder.offset, decoder.record
        self._known = (self.offset - len(known) if at is None else at, known)

    def _note_read(self, records: Records) -> None:
        """Notes that all has been read up to the end of these records."""
        if not self._first and records.base + int(records.offsets[0]) == 0:
            self._first = records.block[: min(records.end, _REMEMBERED)].tobytes()
        self.offset, self.record = records.base + records.end, records.number(len(records.offsets) - 1) + 1
        known = records.block[: records.end][-_REMEMBERED:].tobytes()
        self._known = (self.offset - len(known), known)

    def records(self) -> Iterator[tuple[int, Record]]:
        """The records that follow, one by one, each with its number in the file; where `verify`, only intact ones."""
        for records in self.read():
            for index, length in enumerate(records.lengths.tolist()):
                try:
                    payload = records.verified_payload(index, self.path) if self._verify else records.payload(index)
                except ChecksumError as error:
                    self.report(error, HEADER_SIZE + length + FOOTER_SIZE)
                else:
                    yield records.number(index), Record(records.base + int(records.offsets[index]), payload)

    def events(self) -> Iterator[Event]:
        """The events that follow, one by one."""
        for number, record in self.records():
            try:
                yield parse_event(record.payload, offset=record.offset, record=number, path=self.path)
            except UndecodableRecordError as error:
                self.report(error, record.end - record.offset)

    def report(self, error: DamagedFileError, skipped: int) -> None:
        """Notes damage.

        Args:
            error: what is wrong, and where.
            skipped: how many bytes are passed over.

        Raises:
            DamagedFileError: the error, where `strict`.
        """
        self._explain(error)
        if self._strict:
            raise self._error_of_all(error)
        if isinstance(error, ChecksumError) and len(self._stored) < 2:
            self._stored = self._stored | {error.stored}
        if self._unfinished is None and isinstance(error, IncompleteRecordError) and not error.zeros:
            self._unfinished = error.offset, self._size + error.missing
        problem = _problem(self.path, error, skipped)
        if self._problems and problem.offset < self._problems[-1].offset:  # in a record that stood before other damage
            bisect.insort(self._problems, problem, key=lambda one: one.offset)
        else:
            self._problems.append(problem)

    def _explain(self, error: DamagedFileError) -> None:
        """Adds to the first checksum error what happened to the file, if that can be told."""
        if not self._explained and isinstance(error, ChecksumError):
            self._explained = True
            explain(error, self._bytes_at(error.offset))

    def _error_of_all(self, error: DamagedFileError) -> DamagedFileError:
        """What to raise for damage: at the first record, what is wrong with all of them, if something is."""
        if error.record or error.kind not in (DATA_CHECKSUM, UndecodableRecordError.kind):
            return error
        reader = EventFileReader(self.path, max_length=self._max_length, verify=self._verify)
        usable = next(reader.events(), None)
        return error if usable is not None or reader._of_all is None else reader._of_all

    def _sum_up(self) -> None:
        """Makes one problem of those of all records, where none can be used.

        Raises:
            NotAnEventFileError: they are no Events, and `sole`.
        """
        if self._of_all is not None or not self._problems or len(self._problems) < self.record:
            return
        payload = self._bytes_at(HEADER_SIZE)
        error = self._of_all = error_of_all(self.problems, self.record, self._stored, payload, self.path)
        if error is None:
            return
        if self._sole and isinstance(error, NotAnEventFileError):
            raise error
        skipped = sum(problem.skipped for problem in self._problems)
        self._problems = [Problem(self.path, 0, self._problems[0].kind, skipped, 0, error.detail)]

    def _bytes_at(self, offset: int) -> bytes:
        with open_file(self.path) as file:  # another one: this one may be amid a reading
            file.seek(offset)
            return file.read(LOOKED_AT) or b""

    def _report_tail(self, error: DamagedFileError, skipped: int) -> None:
        self._explain(error)
        is_for_sure = not (self.patient and isinstance(error, IncompleteRecordError))
        if (self._strict and is_for_sure) or (self._sole and isinstance(error, NotAnEventFileError)):
            raise error
        self._tail = _problem(self.path, error, skipped)

    def _tail_error(self, file: io.RawIOBase, error: DamagedFileError, size: int) -> DamagedFileError:
        """What damage means behind which nothing follows."""
        offset, record, path = error.offset, error.record, error.path
        start = self._bytes_at(0) if offset == 0 else b""
        name = file_type(start)
        short = isinstance(error, IncompleteRecordError) and len(start) <= HEADER_SIZE and name is not None
        if not short and (not isinstance(error, ChecksumError) or error.part != "length"):
            return error
        file.seek(offset)
        if not any(any(block) for block in iter(lambda: file.read(_SEARCHED), b"")):
            return IncompleteRecordError(
                missing=HEADER_SIZE, zeros=size - offset, offset=offset, record=record, path=path
            )
        if offset == 0:
            detail = f"this is no event file: it starts with {start[:8]!r}" + (f": {name}" if name else "")
            return NotAnEventFileError(detail, offset=offset, record=record, path=path)
        return error


class _Feed:
    """Gives a decoder the bytes of a file, block by block.

    Args:
        file: stands where the decoder wants bytes from.
        decoder: the decoder.
        size: of the file.

    Attributes:
        left: how many bytes have not been given.
    """

    def __init__(self, file: io.RawIOBase, decoder: RecordDecoder, size: int) -> None:
        self.left = size - file.seek(decoder.fed)
        self._file = file
        self._decoder = decoder
        self._size = size
        self._block = BLOCK // 2

    @property
    def is_scarce(self) -> bool:
        """Whether the decoder has little of a block at hand, and no long records were passed over lately."""
        return self._block == BLOCK and 4 * len(self._decoder.at_hand) < BLOCK

    def more(self) -> None:
        """Gives it the next block.

        Raises:
            FileChangedError: the file ends before that.
        """
        room = self._decoder.room(min(self.left, max(self._block, self._decoder.missing)))
        size = self._file.readinto(room)
        if not size:
            raise FileChangedError(f"{self._decoder.path}: became shorter while it was read")
        self._decoder.filled(size)
        self.left = self._size - self._decoder.fed
        self._block = min(BLOCK, 2 * self._block)

    def skip(self, record: LongRecord) -> None:
        """Has the decoder pass over a long record."""
        self._decoder.skip_long(record)
        self._block = _AFTER_LONG
        self.left = self._size - self._file.seek(self._decoder.fed)


def _problem(path: str, error: DamagedFileError, skipped: int) -> Problem:
    return Problem(path, error.offset, error.kind, skipped, error.record, error.detail)


def _read_all(file: io.RawIOBase, size: int) -> bytes:
    """So many bytes, or as many as there are."""
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
