"""One event file: its records and events in order, what is damaged passed over and said, from where reading stopped."""

from __future__ import annotations

import errno
import io
import itertools
import os
import warnings
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from tbevents.errors import (
    ChecksumError,
    DamagedFileError,
    DamageWarning,
    IncompleteRecordError,
    NotAnEventFileError,
    UndecodableRecordError,
)
from tbevents.files import StrPath, find_run_files, open_file, path_string
from tbevents.framing import (
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
from tbevents.reading.file_type import LOOKED_AT, file_type, payload_type
from tbevents.reading.values import Problem
from tbevents.reading.whole_file import DATA_CHECKSUM, error_of_all, explain

__all__ = ["EventFileReader", "Taken", "Taker", "iter_events", "iter_records", "parse_event", "warning"]

T = TypeVar("T")
_END: Final[Any] = object()

BLOCK: Final = 1 << 21
"""Bytes read at a time; half as many at first."""

_AFTER_LONG: Final = 1 << 14
"""Bytes read behind a long record that was passed over: another one may follow soon. Each read after it takes twice as
many, up to `BLOCK`."""

_HEAD: Final = 1 << 12
"""Bytes of a long record's payload that are looked at before it is read."""

_SEARCHED: Final = 1 << 16
"""Bytes of a broken end that are looked at at a time."""

_REMEMBERED: Final = 64
"""Bytes by which a file is known again: they hold a record's checksum, and most often its time."""


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
        sole: whether the caller named this file itself: one that is no event file at all is then raised, too.
        patient: whether an incomplete record at the end is no problem, because the rest is to come.
        max_length: the longest payload that is believed, in bytes.
        verify: whether the checksums of payloads are verified; those of headers always are.

    Attributes:
        path: the file.
        offset: the byte up to which all has been read: the end of the file, or of its last whole record.
        record: how many records stand before it.
        problems: what was passed over, in the order of the file.
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
        self.offset = 0
        self.record = 0
        self.problems: list[Problem] = []
        self._strict = strict
        self._sole = sole
        self._patient = patient
        self._max_length = max_length
        self._verify = verify
        self._size = 0  # of the file, when it was opened last
        self._tail_problem = False  # whether the last problem is that of the end of the file
        self._known = (0, b"")  # some of the last bytes that have been read, and where in the file they are
        self._explained = False  # whether the first checksum that does not hold has been
        self._stored: set[int] = set()  # checksums of data that do not hold: the first two that differ
        self._of_all: DamagedFileError | None = None  # what is wrong with all records

    def done(self, more: int = 0) -> float:
        """The share of the file that has been read, or will have been when so many bytes more are."""
        return (self.offset + more) / max(1, self._size)

    def changed(self) -> bool:
        """Whether what was read is not in the file any more: it was replaced, truncated or removed."""
        at, known = self._known
        try:
            with open_file(self.path) as file:
                if file.seek(0, os.SEEK_END) < self.offset:
                    return True
                file.seek(at)
                return file.read(len(known)) != known
        except FileNotFoundError:
            return True

    def read(self, taker: Taker | None = None) -> Iterator[Records]:
        """The records that follow, in blocks; the checksums of their payloads are the caller's to verify.

        A problem at the end of the file is withdrawn and looked at again: the rest may have come meanwhile.

        Args:
            taker: may take records that then are not among these.

        Raises:
            OSError: the file cannot be read.
            DamagedFileError: at the first damage, where `strict`.
            NotAnEventFileError: no record stands anywhere in it, where `sole`.
        """
        yield from self._blocks(taker)
        self._sum_up()

    def _blocks(self, taker: Taker | None) -> Iterator[Records]:
        """The same, but for what is wrong with all records: that is said of each of them."""
        if self._tail_problem:
            self._tail_problem = False
            self.problems.pop()
        with open_file(self.path) as file:
            self._size = size = file.seek(0, os.SEEK_END)
            if not size:
                self._report_tail(IncompleteRecordError(missing=HEADER_SIZE, offset=0, record=0, path=self.path), 0)
                return
            decoder = RecordDecoder(
                max_length=self._max_length,
                size=size,
                offset=self.offset,
                record=self.record,
                path=self.path,
                verify=self._verify,
            )
            feed = _Feed(file, decoder, size)  # what has been appended meanwhile is for the next time
            while True:
                reach = None
                if taker is not None:
                    again, reach = self._offer(taker, decoder, feed)
                    if again:
                        continue
                try:
                    records = decoder.next_records(reach)
                    if records is NEED_DATA and not feed.left:
                        decoder.end()
                        return
                except DamagedFileError as error:
                    while not (found := decoder.recover(at_end=not feed.left)) and feed.left:
                        feed.more()
                    if not found:
                        self._report_tail(self._tail_error(file, error, size), size - error.offset)
                        return
                    self.report(error, decoder.offset - error.offset)
                    continue
                if records is NEED_DATA:
                    feed.more()
                else:
                    self._read_up_to(decoder, records.block[: records.end][-_REMEMBERED:].tobytes())
                    yield records

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

    def records(self) -> Iterator[tuple[int, Record]]:
        """The records that follow, one by one, each with its number in the file; where `verify`, only intact ones."""
        for records in self.read():
            for index, length in enumerate(records.lengths.tolist()):
                try:
                    payload = records.verified_payload(index, self.path) if self._verify else records.payload(index)
                except ChecksumError as error:
                    self.report(error, HEADER_SIZE + length + FOOTER_SIZE)
                else:
                    yield records.first + index, Record(records.base + int(records.offsets[index]), payload)

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
        if not self._explained and isinstance(error, ChecksumError):
            self._explained = True
            explain(error, self._bytes_at(error.offset))
        if self._strict:
            raise self._error_of_all(error)
        if isinstance(error, ChecksumError) and len(self._stored) < 2:
            self._stored.add(error.stored)
        self.problems.append(Problem(self.path, error.offset, error.kind, skipped, error.record, error.detail))

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
        if self._of_all is not None or not self.problems or len(self.problems) < self.record:
            return
        payload = self._bytes_at(HEADER_SIZE)
        error = self._of_all = error_of_all(self.problems, self.record, self._stored, payload, self.path)
        if error is None:
            return
        if self._sole and isinstance(error, NotAnEventFileError):
            raise error
        tail = self.problems[-1:] if self._tail_problem else []
        skipped = sum(problem.skipped for problem in self.problems[: len(self.problems) - len(tail)])
        self.problems[:] = [Problem(self.path, 0, self.problems[0].kind, skipped, 0, error.detail), *tail]

    def _bytes_at(self, offset: int) -> bytes:
        with open_file(self.path) as file:  # another one: this one may be amid a reading
            file.seek(offset)
            return file.read(LOOKED_AT) or b""

    def _report_tail(self, error: DamagedFileError, skipped: int) -> None:
        if self._sole and isinstance(error, NotAnEventFileError):
            raise error
        if self._patient and isinstance(error, IncompleteRecordError):
            return
        self.report(error, skipped)
        self._tail_problem = True

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
            OSError: the file ends before that.
        """
        room = self._decoder.room(min(self.left, max(self._block, self._decoder.missing)))
        size = self._file.readinto(room)
        if not size:
            raise OSError(errno.EIO, "the file became shorter while it was read", self._decoder.path)
        self._decoder.filled(size)
        self.left = self._size - self._decoder.fed
        self._block = min(BLOCK, 2 * self._block)

    def skip(self, record: LongRecord) -> None:
        """Has the decoder pass over a long record."""
        self._decoder.skip_long(record)
        self._block = _AFTER_LONG
        self.left = self._size - self._file.seek(self._decoder.fed)


def parse_event(payload: bytes, *, offset: int, record: int, path: str | None) -> Event:
    """The Event in a payload.

    Raises:
        UndecodableRecordError: there is none.
    """
    try:
        event = Event.FromString(payload)
    except DecodeError as error:
        wrong = str(error)
    else:
        if event.wall_time or event.WhichOneof("what") is not None or event.ListFields() or not event.ByteSize():
            return event
        wrong = "it has none of its fields"  # protobuf takes other messages' fields for unknown ones
    name = payload_type(payload)
    detail = f"payload of {len(payload)} bytes is no Event message: {wrong}" + (f"; it is {name}" if name else "")
    raise UndecodableRecordError(detail, offset=offset, record=record, path=path)


def iter_records(path: StrPath, strict: bool = False) -> Iterator[Record]:
    """Iterates over the records of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL.
        strict: whether damage is raised. By default it is passed over, with a `DamageWarning` for each stretch, and
            reading goes on at the next intact record.

    Returns:
        An iterator over records in file order: (offset, payload), checksums verified.

    Raises:
        RunNotFoundError: there is no such path, or no event file in the folder (also a FileNotFoundError).
        NotAnEventFileError: the file named holds no record at all.
        DamagedFileError: at the first damage, where `strict`.
        OSError: a file cannot be read.
    """
    files = find_run_files(path)
    sole = files == [path_string(path, "path")]
    readers = [EventFileReader(file, strict=strict, sole=sole) for file in files]
    return (record for reader in readers for _, record in warning(reader, reader.records()))


def iter_events(path: StrPath, strict: bool = False) -> Iterator[Event]:
    """Iterates over the events of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL.
        strict: as in `iter_records`; a payload that is no Event counts as damage.

    Returns:
        An iterator over Event messages in file order.

    Raises:
        RunNotFoundError, NotAnEventFileError, DamagedFileError, OSError: as `iter_records`.
    """
    files = find_run_files(path)
    sole = files == [path_string(path, "path")]
    readers = [EventFileReader(file, strict=strict, sole=sole) for file in files]
    return (event for reader in readers for event in warning(reader, reader.events()))


def warning(reader: EventFileReader, items: Iterator[T], warned: set[Problem] | None = None) -> Iterator[T]:
    """The items, with a warning for each problem of the reader when it is met; those in `warned` are not told again."""
    warned = set() if warned is None else warned
    told = 0
    for item in itertools.chain(items, [_END]):
        if len(reader.problems) < told:  # that of the tail was withdrawn, or all were made one
            told = 0
        for problem in reader.problems[told:]:
            if problem not in warned:
                warned.add(problem)
                warnings.warn(str(problem), DamageWarning, stacklevel=3)
        told = len(reader.problems)
        if item is not _END:
            yield item
