"""Event files in memory: sinks like those on disk, and the runs read from them."""

from __future__ import annotations

import copy
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tbevents.errors import DamagedFileError
from tbevents.format.record import Records
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.proto import Event
from tbevents.reading.event_file import Stretch
from tbevents.reading.named_mapping import NamedMapping
from tbevents.reading.problem import Problem
from tbevents.reading.repeat_search import RepeatSearch
from tbevents.reading.run import Run
from tbevents.reading.source import Reading
from tbevents.testing.live_run import LiveRun
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.record_file import RecordFile


class MemoryFile(RecordFile):
    """A file whose bytes stay in memory.

    Attributes:
        data: all bytes written so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.data: bytearray = bytearray()

    def create(self, folder: str, new_name: Callable[[], str], record: bytes) -> None:  # noqa: ARG002  # it has no name
        """Starts the file; no folder is created."""
        self.path = f"memory:{folder}"
        self.data += record

    def write(self, sync: bool = False) -> None:  # noqa: ARG002  # there is no disk
        """Appends the pending blocks."""
        while self.blocks:
            self.data += self.blocks[0].records
            self.blocks = self.blocks[1:]


class MemorySink(EventFileWriter):
    """An event file in memory. It accepts and refuses the same events as one on disk, and keeps them in the same order.

    Its arguments are those of `EventFileWriter`; the folder is not created.
    """

    _file: MemoryFile

    def records(self, start: int) -> bytes:
        """Returns the bytes from `start` on: whole records, up to the last event logged."""
        if not self.closed:
            self.flush()
        return bytes(self._file.data[start:])

    def read_back(self) -> Iterator[bytes]:
        """Yields the bytes of the file in one chunk."""
        yield self.records(0)

    def _new_file(self) -> MemoryFile:
        return MemoryFile()

    def _is_served(self) -> bool:
        return True  # by `records`


class _Cursor:
    """A read position in the records of a sink."""

    def __init__(self, sink: MemorySink, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.sink = sink
        self._offset = 0
        self._record = 0

    def fork(self) -> _Cursor:
        """Returns a cursor at the same position; this one does not change."""
        other = copy.copy(self)
        other.problems = self.problems.copy()
        return other

    def stretches(self, search: RepeatSearch | None) -> Iterator[Records]:  # noqa: ARG002  # repeats need a file
        data = self.sink.records(self._offset)
        decoder = RecordDecoder(offset=self._offset, record=self._record, path=self.path)
        decoder.feed(data)
        while (records := decoder.next_records()) is not NEED_DATA:
            yield records
        self._offset, self._record = decoder.offset, decoder.record

    def refuse(self, stretch: Stretch) -> None:
        raise AssertionError(f"only records are yielded, not {stretch!r}")

    def done(self) -> float:
        return 1.0

    def report(self, error: DamagedFileError, skipped: int) -> None:
        self.problems.append(Problem(self.path, error.offset, error.kind, skipped, error.record, error.detail))


class MemorySource:
    """The source of a run whose files are sinks in memory.

    Args:
        folder: the folder that they stand for.
        sinks: the sinks in order; more may be appended later.
    """

    def __init__(self, folder: str, sinks: Sequence[MemorySink]) -> None:
        self.location: str = f"memory:{folder}"
        self._sinks = sinks

    def read(self, before: Reading) -> Reading:
        """Returns the run's data so far: what was read before and what was logged since."""
        builder = before.builder.fork()
        cursors: dict[str, _Cursor] = {}
        for number, sink in enumerate(self._sinks, 1):
            path = f"{self.location}/{number}"
            known: Any = before.readers.get(path)
            cursors[path] = _Cursor(sink, path) if known is None else known.fork()
            builder.add_file(cursors[path], reread=False)
        return Reading(builder, cursors)

    def events(self) -> Iterator[Event]:
        """Yields all events in order."""
        for sink in self._sinks:
            decoder = RecordDecoder()
            decoder.feed(sink.records(0))
            while (record := decoder.next_record()) is not NEED_DATA:
                yield Event.FromString(record.payload)


class MemoryFiles:
    """Sinks and runs in memory, by folder."""

    def __init__(self) -> None:
        self._sinks: dict[str, list[MemorySink]] = {}  # by folder
        self._runs: dict[tuple[str, str], LiveRun] = {}  # by folder and name

    def add(self, folder: str, sink: MemorySink) -> MemorySink:
        """Adds a new event file to a folder, which may have several; returns it."""
        self._sinks.setdefault(folder, []).append(sink)
        return sink

    def has(self, sink: object) -> bool:
        """Returns True if a sink was opened here."""
        return any(each is sink for sinks in self._sinks.values() for each in sinks)

    @property
    def folders(self) -> list[str]:
        """The folders in which files were opened, in that order."""
        return [folder for folder, sinks in self._sinks.items() if sinks]

    def run(self, folder: str, name: str) -> LiveRun:
        """Returns the run of a folder under a name; the run is empty if no file was opened there."""
        key = folder, name
        if key not in self._runs:
            self._runs[key] = LiveRun(MemorySource(folder, self._sinks.setdefault(folder, [])), name=name)
        return self._runs[key]

    def runs(self, top: str) -> Mapping[str, Run]:
        """Returns the runs of a folder and the folders below it, by relative name as in TensorBoard."""
        names = {
            _relative(folder, top): folder for folder, sinks in self._sinks.items() if sinks and is_below(folder, top)
        }
        return NamedMapping("run", f"memory:{top}", names, lambda name: self.run(names[name], name))


def memory_events(run: Run) -> Iterator[Event] | None:
    """Returns an iterator over the events of a run in memory; None for any other run."""
    source = run._source
    return source.events() if isinstance(source, MemorySource) else None


def is_below(folder: str, top: str) -> bool:
    """Returns True if `folder` is `top` or below it."""
    name = _relative(folder, top)
    return name != ".." and not name.startswith("../")


def _relative(folder: str, top: str) -> str:
    return posixpath.relpath(*(os.path.abspath(each).replace(os.sep, "/") for each in (folder, top)))
