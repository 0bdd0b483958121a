"""Small runs, read some at a time: their records are found, verified and decoded together, as if they were one file.

numpy's fixed costs are then paid once for all of them. A file that has anything unusual in it (damage, a long record,
bytes to come) is left to the ordinary way of reading, so that there is only one place that knows what it means; what
is read here is the same as there, to the bit.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import DamagedFileError, TBEventsError
from tbevents.file_ref import FileRef, total_size
from tbevents.files import open_file
from tbevents.format.event import parse_event
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, SHORT, Records
from tbevents.reading.compact_scalars import CompactScalars
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.file_orders import FileOrders
from tbevents.reading.options import ReadOptions
from tbevents.reading.points import joined
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.run_data import RunData
from tbevents.reading.scalar_blocks import ScalarBlock, SkeletonTable
from tbevents.reading.source import FileSource, Reading
from tbevents.remote import is_url

SMALL: Final = 1 << 20
"""The most bytes in the files of a small run."""

TOGETHER: Final = 1 << 22
"""The most bytes that are read together."""

FIRST: Final = 8
"""How many runs to read together first; each time after it twice as many, up to `MOST`."""

MOST: Final = 256
"""The most runs to read together."""

_FRAME: Final = HEADER_SIZE + FOOTER_SIZE


class _Part(NamedTuple):
    """An intact file among those read together.

    Attributes:
        reader: of the file; at its end.
        block: its records, decoded.
    """

    reader: EventFileReader
    block: ScalarBlock


class _Loaded(NamedTuple):
    """The bytes of files, end to end.

    Attributes:
        block: the bytes.
        ends: where the first file starts, and where each ends.
        runs: the number of the run that each file is of.
        files: the files.
    """

    block: NDArray[np.uint8]
    ends: list[int]
    runs: list[int]
    files: list[FileRef]

    def size(self, place: int) -> int:
        """The size of a file in bytes; 0 if it could not be read."""
        return self.ends[place + 1] - self.ends[place]


class SmallRunReader:
    """Reads small runs together.

    Belongs to one thread at a time. A call that is interrupted leaves it as it was.

    Args:
        table: the skeletons, shared with other runs.
        options: how to read.
    """

    def __init__(self, table: SkeletonTable, options: ReadOptions) -> None:
        self._table = table
        self._options = options
        self._finder = HeaderFinder()
        self._room = np.empty(0, np.uint8)
        self._orders = FileOrders(table, options)

    def read(self, sources: Sequence[FileSource]) -> list[Reading | None]:
        """Reads the first of some runs, as many as `TOGETHER` bytes allow.

        Args:
            sources: of the runs.

        Returns:
            What was read of each of the first runs, at least one; None for one that must be read in the ordinary way,
            which also raises what is to be raised.
        """
        files: list[list[FileRef] | None] = []
        total = 0
        for source in sources:
            names = None if is_url(source.location) else self._files_of(source)
            size = total_size(names or ())
            if size > SMALL:
                names = None
            elif total + size > TOGETHER:
                break
            else:
                total += size
            files.append(names)
        return self._read_files(files, total)

    def read_each(self, sources: Sequence[FileSource]) -> Iterator[Reading | None]:
        """Reads runs: several that are small together, the others one by one. Threads may read one source each at once.

        Yields:
            What was read of each; None for one that raises a TBEventsError or an OSError, to be read again by whoever
            can raise it.
        """
        at = 0
        while at < len(sources):
            several = self.read(sources[at:]) if len(sources) - at > 1 else [None]
            several.reverse()
            while several:
                reading, source, at = several.pop(), sources[at], at + 1  # the caller alone keeps the reading
                with contextlib.suppress(TBEventsError, OSError):
                    reading = reading or source.read(Reading(RunBuilder(self._table, self._options)))
                yield reading

    @staticmethod
    def _files_of(source: FileSource) -> list[FileRef] | None:
        """The files of a run; None if there is anything to say about them."""
        listed = source.listed
        try:
            files, problems = source.find({})
        except (OSError, TBEventsError):
            return None
        finally:
            source.listed = listed  # for the ordinary way
        return None if problems or not files else files

    def _read_files(self, files: Sequence[list[FileRef] | None], size: int) -> list[Reading | None]:
        """Reads the files of runs; None for a run of which a file is not intact."""
        readings: list[Reading | None] = [None] * len(files)
        if not any(files):
            return readings
        loaded = self._load(files, size)
        alone = [at for at, run in enumerate(loaded.runs) if len(files[run] or ()) == 1 and loaded.size(at)]
        known = self._read_known(loaded, alone)
        for place, reading in known.items():
            readings[loaded.runs[place]] = reading
        sizes = Counter(loaded.size(place) for place in alone if place not in known)
        for run, parts in self._decoded(loaded, known).items():
            done = readings[run] = None if parts is None else self._reading(parts)
            if parts is not None and done is not None and done.builder.data.is_compact:
                length = parts[0].reader.offset
                if sizes.pop(length, 0) > 1:
                    self._orders.learn(length, parts[0].block)
        return readings

    def _load(self, files: Sequence[list[FileRef] | None], size: int) -> _Loaded:
        """Reads the bytes of the files of runs, which have this size together, end to end."""
        if len(self._room) < size + SMALL:
            self._room = np.empty(size + SMALL, np.uint8)
        room = self._room.data
        runs: list[int] = []
        listed: list[FileRef] = []
        ends = [0]
        for run, names in enumerate(files):
            for file in names or ():
                end = _read_into(file.url, room[ends[-1] :])
                runs.append(run)
                listed.append(file)
                ends.append(ends[-1] + end)
        return _Loaded(self._room[: ends[-1]], ends, runs, listed)

    def _decoded(self, loaded: _Loaded, known: Collection[int]) -> dict[int, list[_Part] | None]:
        """Returns run -> its files, decoded; None if one of them is not intact. Those known, by place, are left out."""
        of_runs: dict[int, list[_Part] | None] = {}
        block, ends, runs, listed = loaded
        rest = [place for place in range(len(listed)) if place not in known]
        if not rest or not ends[-1]:
            return of_runs
        adjacent = _AdjacentFiles(*self._find(block, ends, known), np.array(ends, np.int64))
        if not len(adjacent.offsets):
            return of_runs
        decoded = self._table.decode(Records(0, block, adjacent.offsets, adjacent.lengths, 0))
        if decoded is None:
            return of_runs
        for place in rest:
            parts = of_runs.setdefault(runs[place], [])
            if not adjacent.whole[place]:
                of_runs[runs[place]] = None
            elif parts is not None:
                of_file = slice(*adjacent.records[place : place + 2])
                parts.append(self._part(listed[place], decoded, of_file, ends[place], ends[place + 1]))
        return of_runs

    def _read_known(self, loaded: _Loaded, places: Sequence[int]) -> dict[int, Reading]:
        """What was read of those of some files, by place, that have a known pattern."""
        block, ends, _, listed = loaded
        of_size: dict[int, list[int]] = {}
        for place in places:
            size = loaded.size(place)
            if self._orders.patterns(size):
                of_size.setdefault(size, []).append(place)
        readings: dict[int, Reading] = {}
        for size, left in of_size.items():
            for pattern, order, steps, starts in self._orders.patterns(size):
                found = pattern.read(block, [ends[place] for place in left])
                for place, points in zip(left, found, strict=True):
                    if points is None:
                        continue
                    scalars = CompactScalars(order.layout, order.ends, steps, points.wall_times, points.values, starts)
                    reader = self._reader(listed[place], block[ends[place] : ends[place + 1]], order.records)
                    readings[place] = self._compact_reading(reader, scalars, points.first)
                left = [place for place in left if place not in readings]
                if not left:
                    break
        return readings

    def _find(
        self, block: NDArray[np.uint8], bounds: Sequence[int], known: Collection[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The records of files end to end, but for those known, by place: offsets, ascending, and lengths.

        The files begin and end at `bounds`.
        """
        passed = sorted(known)
        starts = [0, *(bounds[place + 1] for place in passed)]
        ends = [*(bounds[place] for place in passed), bounds[-1]]
        offsets: list[NDArray[np.int64]] = []
        lengths: list[NDArray[np.int64]] = []
        for start, end in zip(starts, ends, strict=True):
            found, sizes = self._finder.find(block[start:end], max_length=SHORT)
            offsets.append(found + start)
            lengths.append(sizes)
        return joined(offsets), joined(lengths)

    def _reader(self, file: FileRef, data: NDArray[np.uint8], records: int) -> EventFileReader:
        """A reader at the end of a file, which has these bytes and so many records."""
        reader = EventFileReader(file.url, strict=self._options.strict, verify=self._options.verify)
        reader.listed = file
        reader.take_whole(data, records)
        return reader

    def _part(self, file: FileRef, decoded: ScalarBlock, of_file: slice, start: int, end: int) -> _Part:
        """The file that has these bytes and these records."""
        records = decoded.records
        reader = self._reader(file, records.block[start:end], of_file.stop - of_file.start)
        block = ScalarBlock(
            Records(-start, records.block, records.offsets[of_file], records.lengths[of_file], 0),
            decoded.skeleton[of_file],
            decoded.steps[of_file],
            decoded.wall_times[of_file],
            decoded.values[of_file],
            None if decoded.doubles is None else decoded.doubles[of_file],
        )
        return _Part(reader, block)

    def _reading(self, parts: Sequence[_Part]) -> Reading | None:
        """What was read of a run; None if anything is wrong with it."""
        reading = self._compact(parts[0]) if len(parts) == 1 else None
        if reading is None:
            builder = RunBuilder(self._table, self._options)
            try:
                for part in parts:
                    builder.add_whole(part.block, part.reader)
            except DamagedFileError:  # where strict
                return None
            readers = {part.reader.path: part.reader for part in parts}
            reading = Reading(builder, readers, tuple(readers))
        return None if reading.problems else reading

    def _compact(self, part: _Part) -> Reading | None:
        """The run of one file that has nothing but scalars, beside its header; None if it has something else."""
        if self._options.restarts == "tensorboard":
            return None  # which needs to know every record
        block = part.block
        order = self._orders.of(block.skeleton)
        if order is None:
            return None
        first: float | None = None
        for place in order.others:
            time = _version_time(block.records, place, verify=self._options.verify)
            if time is None:
                return None
            first = time if place == 0 else first
        if first is None:
            first = float(block.wall_times[0])
        values: NDArray[np.float32] | NDArray[np.float64] = block.values.take(order.places)
        if order.doubles is not None and block.doubles is not None:
            values = np.where(order.doubles, block.doubles.take(order.places), values)
        steps, starts = order.steps_of(block)
        scalars = CompactScalars(order.layout, order.ends, steps, block.wall_times.take(order.places), values, starts)
        return self._compact_reading(part.reader, scalars, first)

    def _compact_reading(self, reader: EventFileReader, scalars: CompactScalars, first: float) -> Reading:
        """What was read of a run of one file, whose first record has the wall time `first`."""
        data = RunData.of_compact(self._options, scalars, first)
        builder = RunBuilder.of_files(self._table, data, [reader.path], reader.record)
        return Reading(builder, {reader.path: reader}, (reader.path,))


class _AdjacentFiles:
    """The files among those read together that are nothing but short records end to end.

    Args:
        offsets: of the records found in all of them, ascending, shape (n,).
        lengths: of their payloads.
        bounds: where the first file starts, and where each ends, shape (files + 1,).

    Attributes:
        offsets: of the records of these files.
        lengths: likewise.
        whole: which files they are, shape (files,).
        records: where the records of each file start among them, shape (files + 1,).
    """

    def __init__(self, offsets: NDArray[np.int64], lengths: NDArray[np.int64], bounds: NDArray[np.int64]) -> None:
        ends = offsets + (lengths + _FRAME)
        firsts = offsets.searchsorted(bounds)
        # How many of the records before each do not follow the record before them.
        breaks = np.zeros(max(2, len(offsets) + 1), np.intp)
        np.cumsum(offsets[1:] != ends[:-1], out=breaks[2:])
        whole = firsts[1:] > firsts[:-1]
        first, stop = firsts[:-1][whole], firsts[1:][whole]
        whole[whole] = (
            (offsets[first] == bounds[:-1][whole])
            & (ends[stop - 1] == bounds[1:][whole])
            & (breaks[first + 1] == breaks[stop])
        )
        counts = np.where(whole, firsts[1:] - firsts[:-1], 0)
        if not whole.all():
            kept = np.repeat(whole, firsts[1:] - firsts[:-1])
            offsets, lengths = offsets[kept], lengths[kept]
        self.offsets, self.lengths = offsets, lengths
        self.whole = whole.tolist()
        self.records = [0, *np.cumsum(counts).tolist()]


def _read_into(path: str, room: memoryview) -> int:
    """Reads a file into a buffer, and returns its size; 0 if it cannot be read, or is larger."""
    try:
        with open_file(path) as file:
            size = 0
            while more := file.readinto(room[size:]):
                size += more
    except OSError:
        return 0
    return size if size < len(room) else 0


def _version_time(records: Records, index: int, *, verify: bool) -> float | None:
    """The wall time of a record that says the file's version; None if it is another one, or damaged."""
    try:
        payload = records.payload(index, verify=verify)
        event = parse_event(payload)
    except DamagedFileError:
        return None
    return event.wall_time if event.WhichOneof("what") == "file_version" else None
