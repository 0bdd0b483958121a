"""Consumes the stretches of a run's files, and gives the points in them to their tags."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import BadValueError, ChecksumError, DamagedFileError, UndecodableRecordError
from tbevents.format.event import parse_event
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, LongRecord, Records
from tbevents.reading.compact_scalars import TagLayout, TagsOfSkeletons
from tbevents.reading.event_file import Stretch
from tbevents.reading.kinds.recognition import kind_of, scalar_of_tensor
from tbevents.reading.long_record import head_of
from tbevents.reading.options import ReadOptions
from tbevents.reading.payloads import KEPT_BYTES, PayloadLocation
from tbevents.reading.points import Point, PointColumns, joined
from tbevents.reading.problem import Problem
from tbevents.reading.repeat_search import RepeatSearch
from tbevents.reading.run_data import RunData
from tbevents.reading.scalar_blocks import ScalarBlock, SkeletonTable
from tbevents.reading.scalar_repeats import Loop, Repeats

_GENERAL: Final = -1  # of a skeleton or record: for the general decoder
_UNRESOLVED: Final = -2  # of a skeleton: not met in this run yet
_UNWANTED: Final = -3  # of a skeleton: of a tag or kind that was not asked for

_POINTS_A_TAG: Final = 256
"""Points are given to their tags when there are so many for each on average: soon enough for the processor's cache to
hold them, not so soon that every tag gets crumbs."""


class RecordSource(Protocol):
    """What a builder reads: an event file, or a replacement for one."""

    @property
    def path(self) -> str:
        """The file, for messages and to read its large values again."""

    def done(self) -> float:
        """Returns the fraction of it that was read, up to 1."""

    def stretches(self, search: RepeatSearch | None) -> Iterator[Stretch]:
        """Yields what is new; `search` finds repeats of known loops."""

    def refuse(self, stretch: Stretch) -> None:
        """Hands back the last stretch, which must be yielded again as `Records`."""

    def report(self, error: DamagedFileError, skipped: int) -> None:
        """Lists damage, and the number of bytes skipped, in `problems`."""

    @property
    def problems(self) -> Sequence[Problem]:
        """The damage so far."""


class RunBuilder:
    """Builds the data of a run from its events, in order.

    It must be used by one thread at a time. An interrupted call leaves it half filled: `fork` it first, and drop the
    fork.

    Args:
        table: the skeletons of scalar events, shared with other runs.
        options: what to keep; by default everything.
        data: the run's data so far; by default none.

    Attributes:
        data: the run's data so far.
        files: the files read so far, by number.
        records: the number of records read so far, of all files together.
    """

    def __init__(
        self, table: SkeletonTable, options: ReadOptions | None = None, *, data: RunData | None = None
    ) -> None:
        self._table = table
        self._options = ReadOptions() if options is None else options
        self.data: RunData = RunData(self._options) if data is None else data
        self.files: list[str] = []
        self.records: int = 0
        self._numbers: dict[str, int] = {}  # of the files
        self._touched: set[int] = set()  # numbers of the tags that got points since the last file's end
        # Skeleton -> number of its tag, or _UNRESOLVED, _GENERAL or _UNWANTED. The last element is found at -1.
        self._tag_of = np.full(1, _GENERAL, np.int32)
        self._is_double = np.zeros(1, np.bool_)  # skeleton -> whether it stores a double
        # Points that are not with their tags yet: the numbers of their tags, and the points.
        self._waiting: list[tuple[NDArray[np.int32], PointColumns]] = []
        self._waiting_count = 0  # how many points those are

    @classmethod
    def of_files(cls, table: SkeletonTable, data: RunData, files: Sequence[str], records: int) -> RunBuilder:
        """Returns a builder with the data of some files that have been read."""
        builder = cls(table, data.options, data=data)
        builder.files, builder.records = list(files), records
        builder._numbers = {path: number for number, path in enumerate(files)}
        return builder

    def anew(self) -> RunBuilder:
        """Returns an empty builder with the same table and options."""
        return RunBuilder(self._table, self._options)

    def fork(self) -> RunBuilder:
        """Returns a builder with the same data; from now on, only that one may be added to."""
        other = RunBuilder.__new__(RunBuilder)
        vars(other).update(vars(self))
        other.data = self.data.fork()
        other.files, other._numbers, other._touched = self.files.copy(), self._numbers.copy(), set()
        other._tag_of, other._is_double = self._tag_of.copy(), self._is_double.copy()
        other._waiting, other._waiting_count = [], 0
        return other

    def apart(self) -> RunBuilder:
        """Returns a copy whose data shares no room for more with this one; both may be forked."""
        other = RunBuilder.__new__(RunBuilder)
        vars(other).update(vars(self))
        other.data = self.data.apart()
        return other

    def add_file(self, reader: RecordSource, *, reread: bool = True) -> None:
        """Adds what is new in a file, and reports to its reader what cannot be used.

        Args:
            reader: the file.
            reread: if True, large values can be read again from `reader.path`; otherwise they are kept in memory.
        """
        for _ in self.add_stretches(reader, reread=reread):
            pass

    def add_stretches(self, reader: RecordSource, *, reread: bool = True) -> Iterator[None]:
        """As `add_file`, but stops after each stretch, where the caller may `release_scalars`."""
        # The rules of restarts that are tracked need every record.
        search = RepeatSearch(self._table.loops) if self.data.history is None else None
        for stretch in reader.stretches(search):
            if isinstance(stretch, Repeats):
                if not self._add_repeats(stretch):
                    reader.refuse(stretch)
            elif isinstance(stretch, LongRecord):
                if not (reread and self._add_long(stretch, reader.path)):
                    reader.refuse(stretch)
            else:
                self._add_records(stretch, reader, search, reread=reread)
            yield
        self._end(reader)

    def add_whole(self, block: ScalarBlock, reader: RecordSource) -> None:
        """Adds a file whose records are all in a block, and reports to its reader what cannot be used."""
        tags, points = self._add_block(block, reader, reread=True)
        self._waiting.append((tags, points))
        self._end(reader)

    def _end(self, reader: RecordSource) -> None:
        """Ends the reading of a file: notes which tags got points from it."""
        self._flush(reader.done())
        number = self._numbers.setdefault(reader.path, len(self.files))
        if number == len(self.files):
            self.files.append(reader.path)
        for tag in self._touched:
            self.data.by_number[tag].end_file(number)
        self._touched.clear()

    def held_scalars(self) -> int:
        """Returns the number of scalar points that were added and not released."""
        return self._waiting_count + sum(tag.scalar_count for tag in self.data.by_number)

    def release_scalars(self) -> list[tuple[str, PointColumns]]:
        """Returns the scalar points added so far, by tag, and forgets them.

        The caller must handle restarts and duplicates.
        """
        self._flush(1.0)
        return [(tag.name, tag.release()) for tag in self.data.by_number if tag.scalar_count]

    def _add_records(
        self, records: Records, reader: RecordSource, search: RepeatSearch | None, *, reread: bool
    ) -> None:
        """Adds records; their points wait until there are enough of them."""
        block = self._table.decode(records)
        if block is None:
            tags, points = self._add_few(records, reader, reread)
        else:
            if search is not None and records.numbers is None:
                search.learn(records, block.skeleton, block.steps)
            tags, points = self._add_block(block, reader, reread)
        self._waiting.append((tags, points))
        self._waiting_count += len(tags)
        if self._waiting_count >= _POINTS_A_TAG * len(self.data.by_number):
            self._flush(reader.done())

    def _add_repeats(self, repeats: Repeats) -> bool:
        """Adds repeats of a loop; returns False if its records are not all scalars in this run."""
        tags = self._tags_of(repeats.loop)
        if _GENERAL in tags:
            return False
        self._flush(repeats.done)
        if self.data.first_wall_time is None:
            self.data.first_wall_time = float(repeats.points[0].wall_times[0])
        of_tag: dict[int, list[PointColumns]] = {}
        for tag, points in zip(tags, repeats.points, strict=True):
            of_tag.setdefault(tag, []).append(points)
        of_tag.pop(_UNWANTED, None)
        for tag, several in of_tag.items():
            self.data.add_columns(tag, PointColumns.in_turn(several), repeats.done)
        self._touched.update(of_tag)
        self.records += repeats.times * len(tags)
        return True

    def _tags_of(self, loop: Loop) -> list[int]:
        """Returns the element of `_tag_of` for each record of a loop."""
        self._grow()
        tags: list[int] = self._tag_of[loop.skeletons].tolist()
        for place, skeleton in enumerate(loop.skeletons.tolist() if _UNRESOLVED in tags else ()):
            if tags[place] == _UNRESOLVED:
                self._tag_of[skeleton] = tags[place] = self._resolve(skeleton)
        return tags

    def _add_long(self, record: LongRecord, path: str) -> bool:
        """Adds a record by its head, its value stays in the file; returns False if the whole record is needed."""
        head = head_of(record)
        if head is None:
            return False
        data = self.data
        for value in head.event.summary.value:  # at most one
            tag = data.tags.get(value.tag)
            if tag is None and value.tag not in data.left_out and not head.ends:
                return False  # what makes it known may follow
            plugin = value.metadata.plugin_data.plugin_name if tag is None else tag.plugin
            if kind_of(value, plugin) in (None, "scalars"):
                return False
        place = PayloadLocation(path, record.offset, record.length, None, -1)
        data.add_event(head.event, self.records, place, [])
        self.records += 1
        self._end_block(self.records - 1)
        return True

    def _add_few(self, records: Records, reader: RecordSource, reread: bool) -> tuple[NDArray[np.int32], PointColumns]:
        """Adds records by the general decoder; returns their scalar points and the tags of these."""
        late: list[Point] = []
        first = self.records
        for index in range(len(records.offsets)):
            self._add_record(records, index, late, reader, reread)
        self.records += len(records.offsets)
        self._end_block(first)
        tags, points = PointColumns.of(late)
        return tags, self._tracked(points)

    def _end_block(self, first: int) -> None:
        """Ends a block of events, from number `first` on, all of which were added to `data`."""
        if self.data.history is not None:
            count = self.records - first
            self.data.history.end_block(first, np.zeros(count, np.bool_), np.zeros(count, np.int64))

    def _tracked(self, points: PointColumns) -> PointColumns:
        """Returns the points, with the numbers of their records only if restarts depend on them."""
        return points._replace(records=None) if self.data.history is None else points

    def _add_block(
        self, block: ScalarBlock, reader: RecordSource, reread: bool
    ) -> tuple[NDArray[np.int32], PointColumns]:
        """Adds records; returns their scalar points and the tags of these."""
        self._grow()
        data = self.data
        begins = -1 if data.first_wall_time is not None else _first(block.skeleton >= 0)
        tags = self._tag_of[block.skeleton]
        late: list[Point] = []
        if (tags < 0).any():
            late = self._add_rest(block, tags, reader, reread, begins)
            tags = self._tag_of[block.skeleton]
        if begins >= 0 and data.first_wall_time is None:
            data.first_wall_time = float(block.wall_times[begins])
        values: NDArray[np.float32] | NDArray[np.float64] = block.values
        if block.doubles is not None and (is_double := self._is_double[block.skeleton]).any():
            values = np.where(is_double, block.doubles, values)
        first, self.records = self.records, self.records + len(tags)
        if data.history is not None:
            data.history.end_block(first, block.skeleton >= 0, block.steps)
        records = np.arange(first, self.records) if late or data.history is not None else None
        points = PointColumns(block.steps, block.wall_times, values, records)
        taken = tags >= 0
        if not taken.all():
            tags, points = tags[taken], points.take(taken)
        if late:
            late_tags, late_points = PointColumns.of(late)
            points = PointColumns.end_to_end([points, late_points])
            assert points.records is not None
            order = np.argsort(points.records, kind="stable")
            tags, points = np.concatenate((tags, late_tags))[order], points.take(order)
        return tags, self._tracked(points)

    def _add_rest(
        self, block: ScalarBlock, tags: NDArray[np.int32], reader: RecordSource, reread: bool, begins: int
    ) -> list[Point]:
        """Adds, in order, the records of a block that are not points of known tags.

        These are the records for the general decoder, and the first record of each skeleton that is new in this run:
        whether it is a scalar depends on the metadata of its tag, which comes with the tag's first event.

        If no event was added before, `begins` is the place of the first record with a skeleton, or -1 if there is none.
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
                if 0 <= begins < index and self.data.first_wall_time is None:
                    self.data.first_wall_time = float(block.wall_times[begins])
                self._add_record(block.records, index, late, reader, reread)
                continue
            self._tag_of[skeleton] = number = self._resolve(skeleton)
            if number == _GENERAL:
                for at in np.flatnonzero(block.skeleton == skeleton).tolist():
                    heapq.heappush(queue, (at, _GENERAL))
        return late

    def resolve(self, skeletons: Sequence[int]) -> TagsOfSkeletons | None:
        """Returns the tags of skeletons, in the order in which an empty run meets them; None if one is not a scalar."""
        self._grow()
        numbers = tuple(map(self._resolve, skeletons))
        if _GENERAL in numbers:
            return None
        layout = TagLayout.of(self.data.by_number, self.data.left_out)
        return TagsOfSkeletons(numbers, tuple(self._is_double[list(skeletons)].tolist()), layout)

    def _resolve(self, skeleton: int) -> int:
        """Returns the element of `_tag_of` for a skeleton."""
        value = self._table.messages[skeleton]
        tag = self.data.tag_of(value)
        if tag is None:
            return _UNWANTED
        if kind_of(value, tag.plugin) != "scalars":
            return _GENERAL
        if not self.data.options.wants_kind("scalars"):
            return _UNWANTED
        if value.HasField("tensor") and scalar_of_tensor(value.tensor)[1]:
            self._is_double[skeleton] = tag.double = True
        return tag.number

    def _add_record(self, records: Records, index: int, late: list[Point], reader: RecordSource, reread: bool) -> None:
        """Adds a record by the general decoder."""
        offset, number = records.base + int(records.offsets[index]), records.number(index)
        length = int(records.lengths[index])
        try:
            payload = records.payload(index, verify=self._options.verify, path=reader.path)
            event = parse_event(payload, offset=offset, record=number, path=reader.path)
        except (ChecksumError, UndecodableRecordError) as error:
            reader.report(error, HEADER_SIZE + length + FOOTER_SIZE)
            return
        place = None
        if reread and length > KEPT_BYTES:
            footer = int(records.offsets[index]) + HEADER_SIZE + length
            checksum = int.from_bytes(records.block[footer : footer + FOOTER_SIZE].tobytes(), "little")
            place = PayloadLocation(reader.path, offset, length, checksum if self._options.verify else None, -1)
        for tag, problem in self.data.add_event(event, self.records + index, place, late):
            detail = f"tag {tag!r}: {problem}"
            reader.report(BadValueError(detail, offset=offset, record=number, path=reader.path), 0)

    def _grow(self) -> None:
        """Makes room for skeletons that were added to the table."""
        missing = len(self._table.messages) + 1 - len(self._tag_of)
        if missing > 0:
            self._tag_of = np.concatenate(
                (self._tag_of[:-1], np.full(missing, _UNRESOLVED, np.int32), self._tag_of[-1:])
            )
            self._is_double = np.concatenate((self._is_double[:-1], np.zeros(missing + 1, np.bool_)))

    def _flush(self, done: float) -> None:
        """Adds the waiting points to their tags; `done` is the fraction of the file that was read."""
        if not self._waiting:
            return
        parts, self._waiting, self._waiting_count = self._waiting, [], 0
        tags = joined([tags for tags, _ in parts])
        short = np.min_scalar_type(len(self.data.by_number))  # the shorter, the faster
        order = tags.astype(short).argsort(kind="stable")
        points = PointColumns.end_to_end([points for _, points in parts]).take(order)
        start = 0
        for number, end in enumerate(np.cumsum(np.bincount(tags)).tolist()):
            if end > start:
                self.data.add_columns(number, points.part(start, end), done)
                self._touched.add(number)
            start = end


def _first(true: NDArray[np.bool_]) -> int:
    """Returns the place of the first True, or -1."""
    place = int(true.argmax())
    return place if true[place] else -1
