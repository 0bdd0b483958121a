"""One event file, read as far as it goes, and later what has been appended."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Generator, Iterator
from typing import Final, TypeAlias

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
from tbevents.file_ref import FileRef
from tbevents.files import open_file
from tbevents.format.event import parse_event
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, LongRecord, Record, Records
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.proto import Event
from tbevents.reading.damage import Damage, error_at_end
from tbevents.reading.decoder_feed import DecoderFeed
from tbevents.reading.file_identity import REMEMBERED, FileIdentity, checksum_of_rest, checksums_of_cut, is_touched
from tbevents.reading.problem import Problem
from tbevents.reading.repeat_search import RepeatSearch
from tbevents.reading.scalar_repeats import Repeats
from tbevents.remote import is_url
from tbevents.remote_file import RemoteFile, Requested

_HEAD: Final = 1 << 12
"""Bytes of a long record's payload that are looked at before it is read."""

_DENSE: Final = 1 << 12
"""Damage within this many bytes behind other damage is dense: records are read across it in one go."""

_UNREAD: Final = FileIdentity()

Stretch: TypeAlias = Records | Repeats | LongRecord
"""What a file goes on with: records; repeats of a known loop; or a long record, by its head."""


class EventFileReader:
    """Reads an event file, and later what was appended to it.

    Args:
        path: the file.
        strict: if True, damage is raised; otherwise it is skipped.
        sole: if True, the caller named this file itself: errors of reading it, or that it is not an event file, are
            raised even if not `strict`.
        patient: if True, an incomplete record at the end is never raised, because the rest may come.
        verify: if True, verify the checksums of payloads. Those of headers are always verified.

    Attributes:
        path, patient: as given.
        offset: the offset up to which the file was read: its end, or that of its last whole record.
        record: the number of records before `offset`.
        error: why the last attempt could not read on; None if it could.
        listed: the file as a listing showed it before it was read; None if it was not listed.
        requested: what was requested ahead of a remote file; used once.
        most: roughly the most bytes to read at a time, or None for the whole file; what follows is for the next time.
        is_cut: whether the last reading ended before the file did, because of that.
    """

    def __init__(
        self,
        path: str,
        *,
        strict: bool = False,
        sole: bool = False,
        patient: bool = False,
        verify: bool = True,
    ) -> None:
        self.path = path
        self.patient = patient
        self.listed: FileRef | None = None
        self.requested: Requested | None = None
        self.most: int | None = None
        self.is_cut: bool = False
        self.offset: int = 0
        self.record: int = 0
        self._strict = strict
        self._sole = sole
        self._verify = verify
        self._size = 0  # of the file, when it was opened last
        self.error: OSError | None = None
        self._damage = Damage(path)
        self._refused: Stretch | None = None  # what the caller has handed back
        self._identity = _UNREAD
        # The CRC-32 of what stood behind `offset` when the file was read to its end; None if it was not.
        self._rest: int | None = None

    @property
    def problems(self) -> list[Problem]:
        """What was skipped, in the order of the file."""
        return self._damage.problems

    @property
    def is_unusable(self) -> bool:
        """True if the file could not be read on, or none of its records can be used."""
        return self.error is not None or self._damage.of_all is not None

    def fork(self) -> EventFileReader:
        """Returns a reader at the same offset; this one does not change."""
        other = EventFileReader.__new__(EventFileReader)
        vars(other).update(vars(self))
        other._damage = self._damage.copy()
        return other

    def take_whole(self, data: NDArray[np.uint8], records: int) -> None:
        """Notes that the whole file was read: these bytes, which are complete records."""
        self._size = self.offset = len(data)
        self.record = records
        self._rest = 0
        self._identity = FileIdentity.of_whole(data)

    @property
    def resumes_at(self) -> int:
        """The offset of the first byte that reading on needs: the bytes before `offset` identify the file."""
        return self._identity.known_at if self._identity.known else self.offset

    def is_up_to_date(self, listed: FileRef) -> bool:
        """Returns True if a remote file has been read as a new listing shows it: there is nothing to request."""
        before = self.listed
        return before is not None and self.error is None and is_url(self.path) and before.is_same_version(listed)

    def may_be_rewritten(self, listed: FileRef) -> bool:
        """Returns True if all of the file was read, and a new listing shows another time but the same size.

        The content may differ, of which `read` compares only a part; or it is the same, as after ``touch``. Returns
        False if only the bytes behind the last record of a local file changed: a writer may be filling allocated space.
        """
        if self._rest is None or not is_touched(self.listed, listed, self._size):
            return False
        if is_url(self.path):
            return True
        try:  # while something is appended, the time changes before the size
            with self._open() as file:
                return file.seek(0, os.SEEK_END) == listed.size and self._rest_of(file) == self._rest
        except OSError:
            return False  # which reading on will tell

    def _rest_of(self, file: io.RawIOBase) -> int:
        return checksum_of_rest(file, self.offset, self._size)

    def check_known(self) -> None:
        """Raises FileChangedError if the bytes that identify the file are no longer in it."""
        other = self.fork()
        try:
            with other._open() as file:
                other._know_again(file, file.seek(0, os.SEEK_END))
        except FileChangedError:
            raise
        except OSError:
            return  # which reading on will tell

    def done(self) -> float:
        """Returns the fraction of the file that was read."""
        return self._fraction(0)

    def _fraction(self, more: int) -> float:
        return (self.offset + more) / max(1, self._size)

    def read(self) -> Iterator[Records]:
        """Yields the new records, in blocks; the caller must verify the checksums of their payloads.

        A problem at the end of the file is withdrawn and checked again: the rest may have come meanwhile.

        Raises:
            OSError: if the file cannot be read, and `strict` or `sole`.
            FileChangedError: if what was read before is no longer in the file: it was replaced, truncated or removed.
            DamagedFileError: at the first damage, if `strict`.
            NotAnEventFileError: if the file has no record at all, and `sole`.
        """
        for stretch in self.stretches(None):
            if isinstance(stretch, Records):
                yield stretch
            else:
                self.refuse(stretch)

    def stretches(self, search: RepeatSearch | None) -> Iterator[Stretch]:
        """As `read`, but faster: also yields repeats of known loops, and long records by their heads.

        The caller hands back a stretch that it cannot use with `refuse`, before it asks for the next one. Long records
        are yielded only if checksums are not verified, which takes the whole payload. If `search` is None, there are no
        repeats.
        """
        self._damage.end = self.error = self._rest = None
        try:
            with self._open() as file:
                size = file.seek(0, os.SEEK_END)
                self._know_again(file, size)
                start, most = self.offset, sys.maxsize if self.most is None else self.most
                while True:
                    self._size = size
                    end = min(size, start + most)
                    self.is_cut = end < size
                    error = yield from self._read_to(file, size, search, end=end)
                    if self.is_cut and self.offset == start:  # a record that is longer
                        most *= 2
                        continue
                    before, size = size, file.seek(0, os.SEEK_END)
                    if not isinstance(error, IncompleteRecordError) or error.zeros or size < before + error.missing:
                        break  # else it was being written when its size was asked for, and is there by now
                if isinstance(file, RemoteFile):
                    file.check(self.listed)
                if not self.is_cut:
                    self._rest = 0 if is_url(self.path) else self._rest_of(file)
            if error is not None:
                self._report_end(error, self._size - error.offset)
            self.sum_up()
        except FileChangedError:
            raise
        except FileNotFoundError as error:
            if self.offset:
                raise FileChangedError(f"{self.path}: was removed") from error
            self._cannot_be_read(error)
        except OSError as error:
            self._cannot_be_read(error)

    def refuse(self, stretch: Stretch) -> None:
        """Hands back the last stretch: its records are yielded again, as `Records`."""
        self._refused = stretch

    def _open(self) -> io.RawIOBase:
        if not is_url(self.path):
            return open_file(self.path)
        requested, self.requested = self.requested, None
        return RemoteFile(self.path, self.listed, requested)

    def _cannot_be_read(self, error: OSError) -> None:
        """Raises the error, or lists it as a problem."""
        if error.filename is None:
            missing = errno.ENOENT if isinstance(error, FileNotFoundError) else None  # file systems may leave it out
            error = OSError(error.errno or missing, error.strerror or str(error), self.path)
        if self._strict or self._sole:
            raise error
        self.error = error
        left = max(0, self._size - self.offset)
        self._damage.end = Problem.unreadable(self.path, error, self.offset, self.record, left)

    def _know_again(self, file: io.RawIOBase, size: int) -> None:
        """Raises FileChangedError if what was read before is no longer in the file."""
        self._identity.check(file, self.path, size, self.offset)
        if self._identity.unfinished is not None and size >= self._identity.unfinished[1]:
            start, end = self._identity.unfinished
            self._identity = self._identity._replace(unfinished=None)
            self._damage.end_wait(start, *checksums_of_cut(file, self.path, start, end))

    def _read_to(
        self, file: io.RawIOBase, size: int, search: RepeatSearch | None, *, end: int
    ) -> Generator[Stretch, None, DamagedFileError | None]:
        """Reads up to the last whole record before `end`; returns what is wrong with the end of the file, if anything.

        `size` is the size of the file.
        """
        if not size:
            return IncompleteRecordError(missing=HEADER_SIZE, offset=0, record=0, path=self.path)
        decoder = RecordDecoder(
            size=size,
            offset=self.offset,
            record=self.record,
            path=self.path,
            verify=self._verify,
        )
        feed = DecoderFeed(file, decoder, end)  # what has been appended meanwhile is for the next time
        intact_from = -_DENSE - 1  # the position behind the last damage
        while True:
            error = yield from self._read_intact(decoder, feed, search, cut=end < size)
            if error is None:
                return None
            while error is not None:
                while not (found := decoder.recover(at_end=not feed.left and end == size)) and feed.left:
                    feed.more()
                if not found:
                    return None if end < size else error_at_end(file, error, size)
                self.report(error, decoder.offset - error.offset)
                dense = error.offset - intact_from <= _DENSE
                error = None
                if dense and not self._strict:
                    error = yield from self._read_scattered(decoder, at_end=not feed.left and end == size)
                intact_from = decoder.offset

    def _read_intact(
        self, decoder: RecordDecoder, feed: DecoderFeed, search: RepeatSearch | None, *, cut: bool
    ) -> Generator[Stretch, None, DamagedFileError | None]:
        """Reads up to the next damage, and returns it; None if there is none. If `cut`, the file goes on behind."""
        while True:
            went_on, within = yield from self._read_known(decoder, feed, search)
            if went_on:
                continue
            try:
                records = decoder.next_records(within)
                if records is NEED_DATA and not feed.left:
                    if cut:  # also behind damage that is told of already
                        self.offset, self.record = decoder.offset, decoder.record
                    else:
                        decoder.end()
                    return None
            except DamagedFileError as damage:
                return damage
            if records is NEED_DATA:
                feed.more()
            else:
                self._note_read(records)
                yield records

    def _read_scattered(
        self, decoder: RecordDecoder, *, at_end: bool
    ) -> Generator[Stretch, None, DamagedFileError | None]:
        """Reads records with dense damage between them; returns the damage at which that ends, if any."""
        scattered = decoder.next_scattered(at_end=at_end)
        for passed, skipped in scattered.damage:
            self.report(passed, skipped)
        if scattered.records is not None:
            self._note_read(scattered.records)
            yield scattered.records
        return scattered.error

    def _read_known(
        self, decoder: RecordDecoder, feed: DecoderFeed, search: RepeatSearch | None
    ) -> Generator[Stretch, None, tuple[bool, int | None]]:
        """Yields what comes next if it is a long record or repeats of a known loop.

        Returns:
            True if it was. If not, also the number of bytes in which to look for single records; None means no limit.
        """
        long = None if self._verify else decoder.next_long(_HEAD)
        if feed.left and (long is NEED_DATA or (long is None and feed.is_scarce)):
            feed.more()
            return True, None
        if isinstance(long, LongRecord):
            yield long
            if self._is_refused(long):
                return False, None
            feed.skip(long)
            self._note_read_up_to(decoder, long.head[:REMEMBERED], long.offset + HEADER_SIZE)
            return True, None
        if long is not None or decoder.missing or search is None:
            return False, None
        data = decoder.at_hand
        ahead = search.find(data)
        if ahead.loop is None:
            return False, ahead.within
        points = ahead.loop.columns(data, ahead.times, verify=self._verify)
        intact = len(points[0].steps) if points else 0
        if intact:
            size = intact * ahead.loop.size
            repeats = Repeats(ahead.loop, points, self._fraction(size))
            yield repeats
            if self._is_refused(repeats):
                search.refuse(ahead.loop)
                return False, None
            decoder.pass_over(size, intact * len(points))
            self._note_read_up_to(decoder, data[:size][-REMEMBERED:].tobytes())
        search.took(intact, ahead.times)
        return intact > 0, None

    def _is_refused(self, stretch: Stretch) -> bool:
        refused, self._refused = self._refused, None
        return refused is stretch

    def _note_read_up_to(self, decoder: RecordDecoder, known: bytes, at: int | None = None) -> None:
        """Notes that the decoder's offset was reached, and some bytes of the file: the last ones, or those `at`."""
        self.offset, self.record = decoder.offset, decoder.record
        known_at = self.offset - len(known) if at is None else at
        self._identity = self._identity._replace(known=known, known_at=known_at)

    def _note_read(self, records: Records) -> None:
        self.offset, self.record = records.base + records.end, records.number(len(records.offsets) - 1) + 1
        self._identity = self._identity.after(records)

    def records(self) -> Iterator[tuple[int, Record]]:
        """Yields the new records one by one, each with its number in the file; if `verify`, only intact ones."""
        for records in self.read():
            for index, length in enumerate(records.lengths.tolist()):
                try:
                    payload = records.payload(index, verify=self._verify, path=self.path)
                except ChecksumError as error:
                    self.report(error, HEADER_SIZE + length + FOOTER_SIZE)
                else:
                    yield records.number(index), Record(records.base + int(records.offsets[index]), payload)

    def events(self) -> Iterator[Event]:
        """Yields the new events one by one."""
        for number, record in self.records():
            try:
                yield parse_event(record.payload, offset=record.offset, record=number, path=self.path)
            except UndecodableRecordError as error:
                self.report(error, record.end - record.offset)

    def report(self, error: DamagedFileError, skipped: int) -> None:
        """Lists damage, and the number of bytes skipped, in `problems`. All damage of the file is reported here.

        Raises:
            DamagedFileError: the error itself, if `strict`.
        """
        self._damage.explain(error)
        if self._strict:
            raise self._error_of_all(error)
        if self._identity.unfinished is None and isinstance(error, IncompleteRecordError) and not error.zeros:
            self._identity = self._identity._replace(unfinished=(error.offset, self._size + error.missing))
        self._damage.add(error, skipped)

    def sum_up(self) -> None:
        """Has one problem stand for all if none of the file's records can be used.

        Reading does that at the end; a caller who reports damage only after that calls it again.

        Raises:
            NotAnEventFileError: if no record is an Event, and `sole`.
        """
        self._damage.sum_up(self.record)
        if self._sole and isinstance(self._damage.of_all, NotAnEventFileError):
            raise self._damage.of_all

    def _error_of_all(self, error: DamagedFileError) -> DamagedFileError:
        """Returns the error to raise for damage: if all records have the same, one about all of them."""
        if not Damage.may_be_of_all(error):
            return error
        reader = EventFileReader(self.path, verify=self._verify)
        usable = next(reader.events(), None)
        of_all = reader._damage.of_all
        return error if usable is not None or of_all is None else of_all

    def _report_end(self, error: DamagedFileError, skipped: int) -> None:
        """Lists or raises damage at the end of the file."""
        self._damage.explain(error)
        is_for_sure = not (self.patient and isinstance(error, IncompleteRecordError))
        if (self._strict and is_for_sure) or (self._sole and isinstance(error, NotAnEventFileError)):
            raise error
        self._damage.add_end(error, skipped)
