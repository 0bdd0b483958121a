"""Reads the intact records of event files as bytes, for copying, and notes what is damaged."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from tbevents.errors import ChecksumError, UndecodableRecordError
from tbevents.files import open_file
from tbevents.format.event import parse_event
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.proto import Event
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.problem import Problem
from tbevents.remote import is_url

Progress: TypeAlias = Callable[[int, int], None]
"""Called from time to time with how much is done and how much there is in all."""


def no_progress(_done: int, _total: int) -> None:
    """Ignores progress."""


def part_of(progress: Progress, part: int, parts: int) -> Progress:
    """Returns a callback that reports pass `part` (from 0) of `parts` equal passes as progress of all of them."""
    return lambda done, total: progress(part * total + done, parts * total)


def size_of(files: Iterable[str]) -> int:
    """Returns the total size of files in bytes; a file whose status cannot be read counts as 0."""
    size = 0
    for file in files:
        with contextlib.suppress(OSError):
            size += open_file(file).seek(0, os.SEEK_END) if is_url(file) else os.path.getsize(file)
    return size


class RawRecord(NamedTuple):
    """An intact record.

    Attributes:
        raw: the bytes of the record: header, payload and footer.
        event: the decoded event; empty if the payload is not an Event.
    """

    raw: bytes
    event: Event


def _blocks(reader: EventFileReader, most: int | None) -> Iterator[Records]:
    """Yields the records of a file; with `most`, in parts of about so many bytes, between which the file is closed."""
    reader.most = most
    while True:
        yield from reader.read() if most is None else list(reader.read())  # a list: the file is closed in between
        if not reader.is_cut or reader.error is not None:
            return


class RecordReader:
    """Reads event files one after the other.

    Args:
        files: the event files, in order.
        progress: called with the bytes read.
        sole: if True, the caller named one file, and it is an error if it is not an event file at all.
        keep_undecodable: if True, include records whose checksums are right but whose payload is not an Event;
            otherwise skip them, since most readers stop at one.
        verify: if True, verify the checksums of payloads; those of headers are always verified.

    Attributes:
        problems: what has been skipped so far.
    """

    def __init__(
        self,
        files: Iterable[str],
        progress: Progress = no_progress,
        *,
        sole: bool = False,
        keep_undecodable: bool = False,
        verify: bool = True,
    ) -> None:
        self.files: tuple[str, ...] = tuple(files)
        self.problems: list[Problem] = []
        self._sole = sole
        self._keep_undecodable = keep_undecodable
        self._verify = verify
        self._progress = progress
        self._total = size_of(self.files)
        self._done = 0

    def __iter__(self) -> Iterator[RawRecord]:
        """Yields the intact records of all files."""
        for file in self.files:
            yield from self.read(file)

    def read(self, file: str, most: int | None = None) -> Iterator[RawRecord]:
        """Yields the intact records of one of the files.

        Args:
            file: the file.
            most: roughly the most bytes to hold at a time, for those who read many files at once; None means some
                megabytes. The file is opened for each of these parts.

        Raises:
            NotAnEventFileError: if it is not an event file and `sole` is True.
            OSError: if it cannot be read.
        """
        reader = EventFileReader(file, sole=self._sole, verify=self._verify)
        for records in _blocks(reader, most):
            places = zip(records.offsets.tolist(), records.lengths.tolist(), strict=True)
            for index, (offset, length) in enumerate(places):
                end = offset + HEADER_SIZE + length + FOOTER_SIZE
                try:
                    payload = records.payload(index, verify=self._verify, path=file)
                    event = parse_event(payload, offset=records.base + offset, record=records.number(index), path=file)
                except ChecksumError as error:
                    reader.report(error, end - offset)
                    continue
                except UndecodableRecordError as error:
                    if not self._keep_undecodable:
                        reader.report(error, end - offset)
                        continue
                    event = Event()
                yield RawRecord(records.block[offset:end].tobytes(), event)
            self._progress(self._done + reader.offset, self._total)
        if reader.error is not None:
            raise reader.error  # the output must not lack records that are there
        reader.sum_up()  # with what was reported of the last part, which had been read by then
        self._done += reader.offset
        self._progress(self._done, self._total)
        self.problems += sorted(reader.problems, key=lambda problem: problem.offset)
