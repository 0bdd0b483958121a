"""One event file: its records and events in order, what is damaged passed over and said, from where reading stopped."""

from __future__ import annotations

import errno
import io
import os
import warnings
from collections.abc import Iterator
from typing import BinaryIO, Final

from google.protobuf.message import DecodeError

from tbevents.errors import (
    ChecksumError,
    DamagedFileError,
    DamageWarning,
    IncompleteRecordError,
    NotAnEventFileError,
    UndecodableRecordError,
)
from tbevents.files import StrPath, find_run_files
from tbevents.framing import FOOTER_SIZE, HEADER_SIZE, MAX_LENGTH, NEED_DATA, Record, RecordDecoder, Records
from tbevents.proto import Event
from tbevents.reading.values import Problem

__all__ = ["EventFileReader", "iter_events", "iter_records", "parse_event"]

BLOCK: Final = 1 << 20
"""Bytes read at a time."""


class EventFileReader:
    """Reads what there is in an event file, and later what has been appended.

    Args:
        path: the file.
        strict: whether damage is raised instead of passed over.
        sole: whether the caller named this file itself: one that is no event file at all is then raised, too.
        max_length: the longest payload that is believed, in bytes.

    Attributes:
        path: the file.
        offset: the byte up to which all has been read: the end of the file, or of its last whole record.
        record: how many records stand before it.
        problems: what was passed over, in the order of the file.
    """

    def __init__(self, path: str, *, strict: bool = False, sole: bool = False, max_length: int = MAX_LENGTH) -> None:
        self.path = path
        self.offset = 0
        self.record = 0
        self.problems: list[Problem] = []
        self._strict = strict
        self._sole = sole
        self._max_length = max_length
        self._tail_problem = False  # whether the last problem is that of the end of the file

    def read(self) -> Iterator[Records]:
        """The records that follow, in blocks; the checksums of their payloads are the caller's to verify.

        A problem at the end of the file is withdrawn and looked at again: the rest may have come meanwhile.

        Raises:
            OSError: the file cannot be read.
            DamagedFileError: at the first damage, where `strict`.
            NotAnEventFileError: no record stands anywhere in it, where `sole`.
        """
        if self._tail_problem:
            self._tail_problem = False
            self.problems.pop()
        with open(self.path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                self._report_tail(IncompleteRecordError(missing=HEADER_SIZE, offset=0, record=0, path=self.path), 0)
                return
            decoder = RecordDecoder(
                max_length=self._max_length, size=size, offset=self.offset, record=self.record, path=self.path
            )
            left = size - self.offset  # what has been appended meanwhile is for the next time
            file.seek(self.offset)
            while True:
                try:
                    records = decoder.next_records()
                    if records is NEED_DATA and not left:
                        decoder.end()
                        return
                except DamagedFileError as error:
                    while not (found := decoder.recover(at_end=not left)) and left:
                        left -= _feed(file, decoder, left)
                    if not found:
                        self._report_tail(self._tail_error(file, error, size), size - error.offset)
                        return
                    self.report(error, decoder.offset - error.offset)
                    continue
                if records is NEED_DATA:
                    left -= _feed(file, decoder, left)
                else:
                    self.offset, self.record = decoder.offset, decoder.record
                    yield records

    def report(self, error: DamagedFileError, skipped: int) -> None:
        """Notes damage.

        Args:
            error: what is wrong, and where.
            skipped: how many bytes are passed over.

        Raises:
            DamagedFileError: the error, where `strict`.
        """
        if self._strict:
            raise error
        self.problems.append(Problem(self.path, error.offset, error.kind, skipped, error.record, error.detail))

    def _report_tail(self, error: DamagedFileError, skipped: int) -> None:
        if self._sole and isinstance(error, NotAnEventFileError):
            raise error
        self.report(error, skipped)
        self._tail_problem = True

    def _tail_error(self, file: BinaryIO, error: DamagedFileError, size: int) -> DamagedFileError:
        """What damage means behind which nothing follows."""
        if not isinstance(error, ChecksumError) or error.part != "length":
            return error
        offset, record, path = error.offset, error.record, error.path
        file.seek(offset)
        if not any(any(block) for block in iter(lambda: file.read(BLOCK), b"")):
            return IncompleteRecordError(
                missing=HEADER_SIZE, zeros=size - offset, offset=offset, record=record, path=path
            )
        if offset == 0:
            file.seek(0)
            detail = f"this is no event file: it starts with {file.read(8)!r}"
            return NotAnEventFileError(detail, offset=offset, record=record, path=path)
        return error


def _feed(file: io.FileIO, decoder: RecordDecoder, left: int) -> int:
    """Gives the decoder the next block of a file, of which so many bytes are left; returns how many it got."""
    size = file.readinto(decoder.room(min(left, max(BLOCK, decoder.missing))))
    if not size:
        raise OSError(errno.EIO, "the file became shorter while it was read", decoder.path)
    decoder.filled(size)
    return size


def parse_event(payload: bytes, *, offset: int, record: int, path: str | None) -> Event:
    """The Event in a payload.

    Raises:
        UndecodableRecordError: there is none.
    """
    try:
        return Event.FromString(payload)
    except DecodeError as error:
        detail = f"payload of {len(payload)} bytes is no Event message: {error}"
        raise UndecodableRecordError(detail, offset=offset, record=record, path=path) from None


def iter_records(path: StrPath, strict: bool = False) -> Iterator[Record]:
    """Iterates over the records of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files.
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
    return (record for _, record, _ in _iter_numbered(find_run_files(path), strict, sole=not os.path.isdir(path)))


def iter_events(path: StrPath, strict: bool = False) -> Iterator[Event]:
    """Iterates over the events of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files.
        strict: as in `iter_records`; a payload that is no Event counts as damage.

    Returns:
        An iterator over Event messages in file order.

    Raises:
        RunNotFoundError, NotAnEventFileError, DamagedFileError, OSError: as `iter_records`.
    """
    return _iter_events(find_run_files(path), strict, sole=not os.path.isdir(path))


def _iter_events(run_files: list[str], strict: bool, sole: bool) -> Iterator[Event]:
    for reader, record, number in _iter_numbered(run_files, strict, sole):
        try:
            event = parse_event(record.payload, offset=record.offset, record=number, path=reader.path)
        except UndecodableRecordError as error:
            reader.report(error, record.end - record.offset)
            continue
        yield event


def _iter_numbered(run_files: list[str], strict: bool, sole: bool) -> Iterator[tuple[EventFileReader, Record, int]]:
    """Records with the reader they come from and their number in its file; warns of each problem when it is met."""
    for file in run_files:
        reader = EventFileReader(file, strict=strict, sole=sole)
        warned = 0
        for records in reader.read():
            for index, (offset, length) in enumerate(
                zip(records.offsets.tolist(), records.lengths.tolist(), strict=True)
            ):
                try:
                    payload = records.verified_payload(index, file)
                except ChecksumError as error:
                    reader.report(error, HEADER_SIZE + length + FOOTER_SIZE)
                else:
                    yield reader, Record(records.base + offset, payload), records.first + index
                warned = _warn_from(reader.problems, warned)
        _warn_from(reader.problems, warned)


def _warn_from(problems: list[Problem], start: int) -> int:
    """Warns of the problems from one on; returns how many there are."""
    for problem in problems[start:]:
        warnings.warn(str(problem), DamageWarning, stacklevel=4)
    return len(problems)
