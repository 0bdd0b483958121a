"""Event files that are in memory only: sinks like those on disk, and the runs that they make."""

from __future__ import annotations

import copy
import os
import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tbevents.errors import DamagedFileError
from tbevents.format.record import NEED_DATA, RecordDecoder, Records
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

__all__ = ["MemoryFiles", "MemorySink", "MemorySource", "is_below", "memory_events"]


class MemoryFile(RecordFile):
    """A file whose bytes stay in memory.

    Attributes:
        data: all that was written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def create(self, folder: str, new_name: Callable[[], str], record: bytes) -> None:  # noqa: ARG002  # it has no name
        """Begins the file; no folder is made."""
        self.path = f"memory:{folder}"
        self.data += record

    def write(self, sync: bool = False) -> None:  # noqa: ARG002  # there is no disk
        """Appends the blocks."""
        while self.blocks:
            self.data += self.blocks[0].records
            self.blocks = self.blocks[1:]


class MemorySink(EventFileWriter):
    """An event file whose records stay in memory; all else is as on disk: what is taken, refused, and in what order.

    Args:
        logdir: the folder that it stands in for; it is not made.
        clock: seconds since 1970, for events without a time of their own.
    """

    _file: MemoryFile
    _new_file = MemoryFile

    def __init__(self, logdir: str, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(logdir, clock=clock)

    def records(self, start: int) -> bytes:
        """The file's bytes from a position on: whole records, all that was logged so far."""
        if not self.closed:
            self.flush()
        return bytes(self._file.data[start:])

    def read_back(self) -> Iterator[bytes]:
        """The bytes of the file, in one piece."""
        yield self.records(0)

    def _is_served(self) -> bool:
        return True  # by `records`


class _Cursor:
    """Reads on in the records of a sink."""

    def __init__(self, sink: MemorySink, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.sink = sink
        self._offset = 0
        self._record = 0

    def fork(self) -> _Cursor:
        """One that reads on from here, and leaves this one as it is."""
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
    """The sinks of one folder, as the source of a run.

    Args:
        folder: that they stand in for.
        sinks: those there are, in order; more may come.
    """

    def __init__(self, folder: str, sinks: Sequence[MemorySink]) -> None:
        self.location = f"memory:{folder}"
        self._sinks = sinks

    def read(self, before: Reading) -> Reading:
        """What there is now: with what was logged since, behind what was read before."""
        builder = before.builder.fork()
        cursors: dict[str, _Cursor] = {}
        for number, sink in enumerate(self._sinks, 1):
            path = f"{self.location}/{number}"
            known: Any = before.readers.get(path)
            cursors[path] = _Cursor(sink, path) if known is None else known.fork()
            builder.add_file(cursors[path], reread=False)
        return Reading(builder, cursors)

    def events(self) -> Iterator[Event]:
        """All events, in order."""
        for sink in self._sinks:
            decoder = RecordDecoder()
            decoder.feed(sink.records(0))
            while (record := decoder.next_record()) is not NEED_DATA:
                yield Event.FromString(record.payload)


class MemoryFiles:
    """What was logged to memory, by folder."""

    def __init__(self) -> None:
        self._sinks: dict[str, list[MemorySink]] = {}  # by folder
        self._runs: dict[tuple[str, str], LiveRun] = {}  # by folder and name

    def open(self, folder: str, clock: Callable[[], float] = time.time) -> MemorySink:
        """A new event file in a folder; there may be several."""
        sink = MemorySink(folder, clock=clock)
        self._sinks.setdefault(folder, []).append(sink)
        return sink

    @property
    def folders(self) -> list[str]:
        """The folders that something was opened in, in that order."""
        return [folder for folder, sinks in self._sinks.items() if sinks]

    def run(self, folder: str, name: str) -> LiveRun:
        """The run of a folder, under a name; empty where nothing was opened in it."""
        key = folder, name
        if key not in self._runs:
            self._runs[key] = LiveRun(MemorySource(folder, self._sinks.setdefault(folder, [])), name=name)
        return self._runs[key]

    def runs(self, top: str) -> Mapping[str, Run]:
        """The runs of a folder and of those below it, by name relative to it, as TensorBoard names them."""
        names = {
            _relative(folder, top): folder for folder, sinks in self._sinks.items() if sinks and is_below(folder, top)
        }
        return NamedMapping("run", f"memory:{top}", names, lambda name: self.run(names[name], name))


def memory_events(run: Run) -> Iterator[Event] | None:
    """The events of a run that is in memory, in order; None of any other."""
    source = run._source
    return source.events() if isinstance(source, MemorySource) else None


def is_below(folder: str, top: str) -> bool:
    """Whether a folder is another one, or below it."""
    name = _relative(folder, top)
    return name != ".." and not name.startswith("../")


def _relative(folder: str, top: str) -> str:
    return posixpath.relpath(*(os.path.abspath(each).replace(os.sep, "/") for each in (folder, top)))
