"""Takes the records of a run, a block at a time, and gives the points in them to their tags."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import BadValueError, ChecksumError, DamagedFileError, UndecodableRecordError
from tbevents.format.event import parse_event
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, LongRecord, Records
from tbevents.proto import Event
from tbevents.reading.event_file import EventFileReader, Taken
from tbevents.reading.kinds.recognition import kind_of, scalar_of_tensor
from tbevents.reading.long_record import head_of
from tbevents.reading.options import ReadOptions
from tbevents.reading.payloads import KEPT_BYTES, Place
from tbevents.reading.problem import Problem
from tbevents.reading.repeat_search import RepeatSearch
from tbevents.reading.run_data import BadContent, Point, RunData
from tbevents.reading.scalar_blocks import ScalarBlock, SkeletonTable
from tbevents.reading.scalar_repeats import Loop
from tbevents.reading.tag_data import PointColumns

__all__ = ["RecordSource", "RunBuilder"]

_GENERAL: Final = -1  # of a skeleton or record: for the general decoder
_UNRESOLVED: Final = -2  # of a skeleton: not met in this run yet
_UNWANTED: Final = -3  # of a skeleton: of a tag or kind that was not asked for

_POINTS_A_TAG: Final = 256
"""Points are given to their tags when there are so many for each on average: soon enough for the processor's cache to
hold them, not so soon that every tag gets crumbs."""


class RecordSource(Protocol):
    """What a collector reads: an event file, or what stands for one."""

    @property
    def path(self) -> str:
        """The file, for messages and to read its large values again."""

    def done(self) -> float:
        """The share of it that has been read, up to 1."""

    def read(self) -> Iterator[Records]:
        """The records that are new."""

    def report(self, error: DamagedFileError, skipped: int) -> None:
        """Notes damage, and how many bytes were passed over."""

    @property
    def problems(self) -> Sequence[Problem]:
        """The damage noted so far."""


class _TaggedPoints(NamedTuple):
    """Scalar points of any tags, in the order of their records: arrays of shape (n,)."""

    tags: NDArray[np.int32]
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]
    records: NDArray[np.int64] | None  # their numbers in the run, where restarts depend on them
    integers: NDArray[Any] | None = (
        None  # object: an integer where float64 does not hold it, else None; None: it holds all
    )


class RunBuilder:
    """Takes the events of a run in order.

    Args:
        table: the skeletons of scalar events, shared with other runs.
        options: what is wanted; everything by default.

    Attributes:
        contents: what has been taken.
        files: the files read so far, by their number.
    """

    def __init__(self, table: SkeletonTable, options: ReadOptions | None = None) -> None:
        self._table = table
        self._options = ReadOptions() if options is None else options
        self.contents = RunData(self._options)
        self.files: list[str] = []
        self._numbers: dict[str, int] = {}  # of the files
        self._touched: set[int] = set()  # numbers of the tags that got points since the last file's end
        # Skeleton -> number of its tag, or _UNRESOLVED, _GENERAL or _UNWANTED. The last element is found at -1.
        self._tag_of = np.full(1, _GENERAL, np.int32)
        self._is_double = np.zeros(1, np.bool_)  # skeleton -> whether it stores a double
        self._count = 0  # how many records have been read, of all files together
        self._waiting: list[_TaggedPoints] = []  # points that are not with their tags yet
        self._waiting_count = 0  # how many points those are

    def anew(self) -> RunBuilder:
        """One that has taken nothing yet, and is this one otherwise."""
        return RunBuilder(self._table, self._options)

    def fork(self) -> RunBuilder:
        """One that takes more, and leaves this one as it is; this one takes no more then."""
        other = RunBuilder.__new__(RunBuilder)
        vars(other).update(vars(self))
        other.contents = self.contents.fork()
        other.files, other._numbers, other._touched = self.files.copy(), self._numbers.copy(), set()
        other._tag_of, other._is_double = self._tag_of.copy(), self._is_double.copy()
        other._waiting, other._waiting_count = [], 0
        return other

    def add_file(self, reader: RecordSource, *, reread: bool = True) -> None:
        """Takes what a file has to read, and reports to its reader what cannot be used.

        Args:
            reader: the file.
            reread: whether large values can be read again from `reader.path`; else they are kept.
        """
        by_number = self.contents.by_number
        rounds: RepeatSearch | None = None
        if isinstance(reader, EventFileReader):
            if not self.contents.history.tracking:  # which wants to see every record
                rounds = RepeatSearch(self._table.rounds)
            blocks = reader.read(_Taker(self, rounds, reader, reread=reread))
        else:
            blocks = reader.read()
        for records in blocks:
            block = self._table.decode(records)
            if block is None:
                part = self._add_few(records, reader, reread)
            else:
                if rounds is not None and records.numbers is None:
                    rounds.learn(records, block.skeleton, block.steps)
                part = self._add_block(block, reader, reread)
            self._waiting.append(part)
            self._waiting_count += len(part.tags)
            if self._waiting_count >= _POINTS_A_TAG * len(by_number):
                self._flush(reader.done())
        self._flush(reader.done())
        number = self._numbers.setdefault(reader.path, len(self.files))
        if number == len(self.files):
            self.files.append(reader.path)
        self._end_file(number)

    def add_events(self, events: Iterable[Event]) -> None:
        """Takes events that are in no file; their values are kept, however large.

        Raises:
            TensorError, PayloadError: a scalar's tensor contradicts itself, or hyperparameters cannot be parsed; all
                the others have been taken.
        """
        late: list[Point] = []
        first = self._count
        bad: list[tuple[str, BadContent]] = []
        for event in events:
            bad += self.contents.add_event(event, self._count, None, late)
            self._count += 1
        self._end_block(first)
        self._distribute([self._tracked(_part_of(late))])
        self._end_file(-1)
        if bad:
            name, error = bad[0]
            raise type(error)(f"tag {name!r}: {error}")

    def _end_file(self, number: int) -> None:
        """Notes which file the points came from that were given to their tags since the last call."""
        for tag in self._touched:
            self.contents.by_number[tag].end_file(number)
        self._touched.clear()

    def take_rounds(self, round_: Loop, data: NDArray[np.uint8], count: int, done: float) -> int | None:
        """Takes rounds.

        Args:
            round_: the round.
            data: begins with them.
            count: how many there are.
            done: the share of the file that has been read.

        Returns:
            How many were taken: those up to the first whose checksums do not hold; None where the round is not one of
            scalars in this run.
        """
        points = round_.columns(data, count, verify=self._options.verify)
        if not points:
            return 0
        tags = self._tags_of(round_)
        if _GENERAL in tags:
            return None
        self._flush(done)
        if self.contents.first_wall_time is None:
            self.contents.first_wall_time = float(points[0].wall_times[0])
        of_tag: dict[int, list[PointColumns]] = {}
        for tag, columns in zip(tags, points, strict=True):
            of_tag.setdefault(tag, []).append(columns)
        of_tag.pop(_UNWANTED, None)
        for tag, several in of_tag.items():
            self.contents.add_columns(tag, several[0] if len(several) == 1 else _in_turn(several), done)
        self._touched.update(of_tag)
        count = len(points[0].steps)
        self._count += count * len(points)
        return count

    def _tags_of(self, round_: Loop) -> list[int]:
        """What the records of a round are in this run, as `_tag_of` has it."""
        self._grow()
        tags: list[int] = self._tag_of[round_.skeletons].tolist()
        for place, skeleton in enumerate(round_.skeletons.tolist() if _UNRESOLVED in tags else ()):
            if tags[place] == _UNRESOLVED:
                self._tag_of[skeleton] = tags[place] = self._resolve(skeleton)
        return tags

    def take_long(self, record: LongRecord, path: str) -> bool:
        """Takes a record by its head, its value staying in the file; False where it must be read as a whole."""
        head = head_of(record)
        if head is None:
            return False
        contents = self.contents
        for value in head.event.summary.value:  # at most one
            tag = contents.tags.get(value.tag)
            if tag is None and value.tag not in contents.left_out and not head.ends:
                return False  # what makes it known may follow
            plugin = value.metadata.plugin_data.plugin_name if tag is None else tag.plugin
            if kind_of(value, plugin) in (None, "scalars"):
                return False
        place = Place(path, record.offset, record.length, None, -1)
        contents.add_event(head.event, self._count, place, [])
        self._count += 1
        self._end_block(self._count - 1)
        return True

    def _add_few(self, records: Records, reader: RecordSource, reread: bool) -> _TaggedPoints:
        """Takes some records, all through the general decoder; answers with their scalar points."""
        points: list[Point] = []
        first = self._count
        for index in range(len(records.offsets)):
            self._add_record(records, index, points, reader, reread)
        self._count += len(records.offsets)
        self._end_block(first)
        return self._tracked(_part_of(points))

    def _end_block(self, first: int) -> None:
        """Says that events from this one on, which have all been given to `contents`, were a block."""
        count = self._count - first
        self.contents.history.end_block(first, np.zeros(count, np.bool_), np.zeros(count, np.int64))

    def _tracked(self, part: _TaggedPoints) -> _TaggedPoints:
        """The points with the numbers of their records only where restarts depend on them."""
        return part if self.contents.history.tracking else part._replace(records=None)

    def _add_block(self, block: ScalarBlock, reader: RecordSource, reread: bool) -> _TaggedPoints:
        """Takes some records; answers with their scalar points."""
        self._grow()
        contents = self.contents
        if contents.first_wall_time is None and block.skeleton[0] >= 0:
            contents.first_wall_time = float(block.wall_times[0])
        tags = self._tag_of[block.skeleton]
        late: list[Point] = []
        if (tags < 0).any():
            late = self._add_rest(block, tags, reader, reread)
            tags = self._tag_of[block.skeleton]
        values: NDArray[np.float32] | NDArray[np.float64] = block.values
        if block.doubles is not None:
            values = np.where(self._is_double[block.skeleton], block.doubles, values)
        first, self._count = self._count, self._count + len(tags)
        if contents.history.tracking:
            contents.history.end_block(first, block.skeleton >= 0, block.steps)
        numbers = np.arange(first, self._count) if late or contents.history.tracking else None
        part = _TaggedPoints(tags, block.steps, block.wall_times, values, numbers)
        taken = tags >= 0
        if not taken.all():
            numbers = None if numbers is None else numbers[taken]
            part = _TaggedPoints(tags[taken], block.steps[taken], block.wall_times[taken], values[taken], numbers)
        if late and numbers is not None:
            part = _with_late(part, numbers, late)
        return self._tracked(part)

    def _add_rest(self, block: ScalarBlock, tags: NDArray[np.int32], reader: RecordSource, reread: bool) -> list[Point]:
        """Takes, in order, the records of a block that are no points of known tags.

        Those are the records left to the general decoder, and the first record of each skeleton that is new in this
        run: whether it is a scalar depends on the metadata of its tag, which comes with the tag's first event.
        """
        late: list[Point] = []
        queue = [(index, _GENERAL) for index in (tags == _GENERAL).nonzero()[0].tolist()]
        (new,) = (tags == _UNRESOLVED).nonzero()
        if len(new):
            first = np.full(len(self._tag_of), -1, np.intp)  # where in the block each skeleton stands first
            first[block.skeleton[new[::-1]]] = new[::-1]  # of several places, the one stored last stays
            (skeletons,) = (first >= 0).nonzero()
            queue += zip(first[skeletons].tolist(), skeletons.tolist(), strict=True)
        heapq.heapify(queue)
        while queue:
            index, skeleton = heapq.heappop(queue)
            if skeleton == _GENERAL:
                self._add_record(block.records, index, late, reader, reread)
                continue
            self._tag_of[skeleton] = number = self._resolve(skeleton)
            if number == _GENERAL:
                for at in np.flatnonzero(block.skeleton == skeleton).tolist():
                    heapq.heappush(queue, (at, _GENERAL))
        return late

    def _resolve(self, skeleton: int) -> int:
        """What the records of a skeleton are in this run, as `_tag_of` has it."""
        value = self._table.messages[skeleton]
        tag = self.contents.tag_of(value)
        if tag is None:
            return _UNWANTED
        if kind_of(value, tag.plugin) != "scalars":
            return _GENERAL
        if not self.contents.options.wants_kind("scalars"):
            return _UNWANTED
        if value.HasField("tensor") and scalar_of_tensor(value.tensor)[1]:
            self._is_double[skeleton] = tag.double = True
        return tag.number

    def _add_record(self, records: Records, index: int, late: list[Point], reader: RecordSource, reread: bool) -> None:
        """Takes one record through the general decoder."""
        offset, number = records.base + int(records.offsets[index]), records.number(index)
        length = int(records.lengths[index])
        try:
            payload = records.verified_payload(index, reader.path) if self._options.verify else records.payload(index)
            event = parse_event(payload, offset=offset, record=number, path=reader.path)
        except (ChecksumError, UndecodableRecordError) as error:
            reader.report(error, HEADER_SIZE + length + FOOTER_SIZE)
            return
        place = None
        if reread and length > KEPT_BYTES:
            footer = int(records.offsets[index]) + HEADER_SIZE + length
            checksum = int.from_bytes(records.block[footer : footer + FOOTER_SIZE].tobytes(), "little")
            place = Place(reader.path, offset, length, checksum if self._options.verify else None, -1)
        for tag, problem in self.contents.add_event(event, self._count + index, place, late):
            detail = f"tag {tag!r}: {problem}"
            reader.report(BadValueError(detail, offset=offset, record=number, path=reader.path), 0)

    def _grow(self) -> None:
        """Makes room for the skeletons that the table has learned."""
        missing = len(self._table.messages) + 1 - len(self._tag_of)
        if missing > 0:
            self._tag_of = np.concatenate(
                (self._tag_of[:-1], np.full(missing, _UNRESOLVED, np.int32), self._tag_of[-1:])
            )
            self._is_double = np.concatenate((self._is_double[:-1], np.zeros(missing + 1, np.bool_)))

    def _flush(self, done: float) -> None:
        """Gives the points that wait to their tags, when this share of the file has been read."""
        waiting, self._waiting, self._waiting_count = self._waiting, [], 0
        self._distribute(waiting, done)

    def _distribute(self, parts: list[_TaggedPoints], done: float = 1.0) -> None:
        """Gives the points to their tags, when this share of the file has been read."""
        if not parts:
            return
        by_number = self.contents.by_number
        tags = _joined([part.tags for part in parts])
        order = tags.astype(np.min_scalar_type(len(by_number))).argsort(kind="stable")  # the shorter, the faster
        steps = _joined([part.steps for part in parts])[order]
        wall_times = _joined([part.wall_times for part in parts])[order]
        values = _joined([part.values for part in parts])[order]
        numbers = [part.records for part in parts if part.records is not None]
        records = _joined(numbers)[order] if numbers else None
        integers = None
        if any(part.integers is not None for part in parts):
            integers = _joined([_integers_of(part) for part in parts])[order]
        start = 0
        for number, end in enumerate(np.cumsum(np.bincount(tags)).tolist()):
            if end > start:
                of_tag = slice(start, end)
                part_of_tag = PointColumns(
                    steps[of_tag],
                    wall_times[of_tag],
                    values[of_tag],
                    None if records is None else records[of_tag],
                    None if integers is None else {at: n for at, n in enumerate(integers[of_tag]) if n is not None},
                )
                self.contents.add_columns(number, part_of_tag, done)
                self._touched.add(number)
            start = end


class _Taker:
    """Lets a collector take records of a file before they are looked for.

    Args:
        collector: the collector.
        rounds: of the file; None where it has none to be taken.
        reader: the file.
        reread: whether long records can be read again.
    """

    def __init__(
        self, collector: RunBuilder, rounds: RepeatSearch | None, reader: EventFileReader, *, reread: bool
    ) -> None:
        self._collector = collector
        self._rounds = rounds
        self._reader = reader
        self._reread = reread

    def take_long(self, record: LongRecord) -> bool:
        """As in `Taker`."""
        return self._reread and self._collector.take_long(record, self._reader.path)

    def take_rounds(self, data: NDArray[np.uint8]) -> Taken:
        """As in `Taker`."""
        if self._rounds is None:
            return Taken()
        found = self._rounds.find(data)
        if found.round is None:
            return Taken(reach=found.reach)
        done = self._reader.done(found.rounds * found.round.size)
        count = self._collector.take_rounds(found.round, data, found.rounds, done)
        if count is None:
            self._rounds.refuse(found.round)
        else:
            self._rounds.took(count, found.rounds)
        if not count:
            return Taken()
        return Taken(count * found.round.size, count * len(found.round.skeletons))


def _in_turn(several: list[PointColumns]) -> PointColumns:
    """Points of one tag that is logged several times a round, in order: the first of each, the second of each, ..."""
    steps, wall_times, values = (np.stack(columns, axis=1).ravel() for columns in list(zip(*several, strict=True))[:3])
    return PointColumns(steps, wall_times, values)


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """The arrays end to end; of one alone, itself."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _part_of(points: list[Point]) -> _TaggedPoints:
    """Points as columns."""
    records, tags, steps, wall_times, values, doubles = (
        zip(*points, strict=True) if points else ((),) * len(Point._fields)
    )
    return _TaggedPoints(
        np.array(tags, np.int32),
        np.array(steps, np.int64),
        np.array(wall_times, np.float64),
        np.array(values, np.float64 if any(doubles) else np.float32),
        np.array(records, np.int64),
        _exact_integers(values),
    )


def _exact_integers(values: Sequence[float]) -> NDArray[Any] | None:
    """Those of some values that are integers, which are those that float64 does not hold; None where none is."""
    if not any(type(value) is int for value in values):
        return None
    integers = np.full(len(values), None, object)
    for place, value in enumerate(values):
        if type(value) is int:
            integers[place] = value
    return integers


def _integers_of(part: _TaggedPoints) -> NDArray[Any]:
    return np.full(len(part.tags), None, object) if part.integers is None else part.integers


def _with_late(part: _TaggedPoints, numbers: NDArray[np.int64], late: list[Point]) -> _TaggedPoints:
    """The points of a part, whose records have these numbers, and the late ones, in the order of the records."""
    added = _part_of(late)
    pairs: Any = list(zip(part._replace(records=numbers), added, strict=True))[:-1]
    both = [np.concatenate(pair) for pair in pairs]
    order = np.argsort(both[-1], kind="stable")
    integers = None if added.integers is None else np.concatenate((_integers_of(part), added.integers))[order]
    return _TaggedPoints._make([*(column[order] for column in both), integers])
