"""The intact records of event files as the bytes they are, for copying; what is damaged is noted on the way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from tbevents.errors import ChecksumError, UndecodableRecordError
from tbevents.format.event import parse_event
from tbevents.format.header import HEADER_SIZE
from tbevents.format.record import FOOTER_SIZE
from tbevents.proto import Event
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.problem import Problem

__all__ = ["Progress", "RawRecord", "RecordReader", "no_progress", "part_of", "size_of"]

Progress: TypeAlias = Callable[[int, int], None]
"""Is called now and then with how much is done, and of how much in all."""


def no_progress(_done: int, _total: int) -> None:
    """Takes no notice."""


def part_of(progress: Progress, part: int, parts: int) -> Progress:
    """The progress of one of several passes of equal length, counted from 0, as that of all."""
    return lambda done, total: progress(part * total + done, parts * total)


def size_of(files: Iterable[str]) -> int:
    """Bytes of files; those that cannot be asked have none."""
    size = 0
    for file in files:
        with contextlib.suppress(OSError):
            size += os.path.getsize(file)
    return size


class RawRecord(NamedTuple):
    """An intact record.

    Attributes:
        raw: its bytes: header, payload, footer.
        event: what it holds, decoded; an empty one where it is no Event.
    """

    raw: bytes
    event: Event


class RecordReader:
    """Goes through event files one after the other.

    Args:
        files: the event files, in order.
        progress: gets bytes.
        sole: whether the caller named one file itself: one that is no event file at all is then an error.
        keep_undecodable: whether records whose checksums hold, but that are no Event, are among them; else they are
            passed over: most readers stop at one.
        verify: whether the checksums of payloads are verified; those of headers always are.

    Attributes:
        problems: what has been passed over so far.
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
        self.files = tuple(files)
        self.problems: list[Problem] = []
        self._sole = sole
        self._keep_undecodable = keep_undecodable
        self._verify = verify
        self._progress = progress
        self._total = size_of(self.files)
        self._done = 0

    def __iter__(self) -> Iterator[RawRecord]:
        """The intact records of all files."""
        for file in self.files:
            yield from self.read(file)

    def read(self, file: str) -> Iterator[RawRecord]:
        """The intact records of one of the files.

        Raises:
            NotAnEventFileError: it is a file of another sort, and the sole one.
            OSError: it cannot be read.
        """
        reader = EventFileReader(file, sole=self._sole, verify=self._verify)
        for records in reader.read():
            places = zip(records.offsets.tolist(), records.lengths.tolist(), strict=True)
            for index, (offset, length) in enumerate(places):
                end = offset + HEADER_SIZE + length + FOOTER_SIZE
                try:
                    payload = records.verified_payload(index, file) if self._verify else records.payload(index)
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
            raise reader.error  # what is written must not lack what is there
        self._done += reader.offset
        self._progress(self._done, self._total)
        self.problems += sorted(reader.problems, key=lambda problem: problem.offset)
