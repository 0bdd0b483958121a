"""Gathers what the events of one run say, by kind and tag, in the order in which they were written."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import BadValueError, ChecksumError, TensorError, UndecodableRecordError
from tbevents.framing import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.proto import Event, Summary, SummaryMetadata
from tbevents.reading.columns import Block, SkeletonTable
from tbevents.reading.compat import kind_of, scalar_of_tensor
from tbevents.reading.event_file import EventFileReader, parse_event
from tbevents.reading.values import ScalarSeries

__all__ = ["Collector"]

_UNRESOLVED: Final = -2  # of a skeleton: not met in this run yet
_POINTS_A_TAG: Final = 256
"""Points are given to their tags when there are so many for each on average: soon enough for the processor's cache to
hold them, not so soon that every tag gets crumbs."""

_GENERAL: Final = -1  # of a skeleton or record: for the general decoder


class Columns(NamedTuple):
    """Scalar points of one tag, in order: arrays of shape (n,)."""

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]


class Tag:
    """What is known of a tag.

    Attributes:
        name: the tag.
        number: of the tag in its run, by first appearance.
        metadata: of its first event in the run, which is the one that counts.
        double: whether a point of it was stored as a double or an integer.
        counts: kind -> how many values there are, for the kinds that are not scalars.
    """

    __slots__ = ("_chunks", "counts", "double", "metadata", "name", "number")

    def __init__(self, name: str, number: int, metadata: SummaryMetadata) -> None:
        self.name = name
        self.number = number
        self.metadata = metadata
        self.double = False
        self.counts: dict[str, int] = {}
        self._chunks: list[Columns] = []  # the scalar points so far, joined when they are asked for

    @property
    def scalar_count(self) -> int:
        """How many scalar points there are."""
        return sum(len(chunk.steps) for chunk in self._chunks)

    def add_columns(self, columns: Columns) -> None:
        """Adds scalar points behind those there are."""
        self._chunks.append(columns)

    def columns(self) -> Columns:
        """All the scalar points; there is at least one."""
        if len(self._chunks) > 1:
            chunks, self._chunks = self._chunks, []
            self._chunks = [
                Columns(
                    np.concatenate([chunk.steps for chunk in chunks]),
                    np.concatenate([chunk.wall_times for chunk in chunks]),
                    np.concatenate([chunk.values for chunk in chunks]),
                )
            ]
        columns = self._chunks[0]
        dtype = np.float64 if self.double else np.float32
        if columns.values.dtype != dtype:  # read in one block with another tag's doubles
            columns = self._chunks[0] = columns._replace(values=columns.values.astype(dtype))
        return columns


class _Late(NamedTuple):
    """A scalar point that came through the general decoder, and the number of its record in the block."""

    record: int
    tag: int
    step: int
    wall_time: float
    value: float
    double: bool


class _Part(NamedTuple):
    """Scalar points of any tags, in the order of their records: arrays of shape (n,)."""

    tags: NDArray[np.int32]
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]


class Collector:
    """Takes the events of a run in order, answers with its series.

    Args:
        table: the skeletons of scalar events, shared with other runs.

    Attributes:
        tags: by name, in the order of their first appearance.
    """

    def __init__(self, table: SkeletonTable) -> None:
        self.tags: dict[str, Tag] = {}
        self._by_number: list[Tag] = []
        self._table = table
        # Skeleton -> number of its tag, or _UNRESOLVED, or _GENERAL. The last element is found at -1.
        self._tag_of = np.full(1, _GENERAL, np.int32)
        self._is_double = np.zeros(1, np.bool_)  # skeleton -> whether it stores a double

    def add_file(self, reader: EventFileReader) -> None:
        """Takes what a file has to read, and reports to its reader what cannot be used."""
        waiting: list[_Part] = []  # points that are not with their tags yet
        count = 0
        for records in reader.read():
            part = self._add_block(self._table.decode(records), reader)
            waiting.append(part)
            count += len(part.tags)
            if count >= _POINTS_A_TAG * len(self._by_number):
                self._distribute(waiting)
                waiting, count = [], 0
        self._distribute(waiting)

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """Each tag's kinds: (tag, kind, how many values)."""
        for name, tag in self.tags.items():
            if tag.scalar_count:
                yield name, "scalars", tag.scalar_count
            for kind, count in tag.counts.items():
                yield name, kind, count

    def scalar_series(self, name: str) -> ScalarSeries:
        """The scalars of a tag that has some."""
        tag = self.tags[name]
        return ScalarSeries(
            name,
            *tag.columns(),
            display_name=tag.metadata.display_name,
            description=tag.metadata.summary_description,
        )

    def _add_block(self, block: Block, reader: EventFileReader) -> _Part:
        """Takes some records; answers with their scalar points."""
        self._grow()
        tags = self._tag_of[block.skeleton]
        late: list[_Late] = []
        if (tags < 0).any():
            late = self._add_rest(block, tags, reader)
            tags = self._tag_of[block.skeleton]
        values: NDArray[np.float32] | NDArray[np.float64] = block.values
        if block.doubles is not None:
            values = np.where(self._is_double[block.skeleton], block.doubles, values)
        part = _Part(tags, block.steps, block.wall_times, values)
        taken = tags >= 0
        if not taken.all():
            part = _Part(tags[taken], block.steps[taken], block.wall_times[taken], values[taken])
        return _with_late(part, np.flatnonzero(taken), late) if late else part

    def _add_rest(self, block: Block, tags: NDArray[np.int32], reader: EventFileReader) -> list[_Late]:
        """Takes, in order, the records of a block that are no points of known tags.

        Those are the records left to the general decoder, and the first record of each skeleton that is new in this
        run: whether it is a scalar depends on the metadata of its tag, which comes with the tag's first event.
        """
        late: list[_Late] = []
        queue = [(index, _GENERAL) for index in np.flatnonzero(tags == _GENERAL).tolist()]
        new = np.flatnonzero(tags == _UNRESOLVED)
        skeletons, first = np.unique(block.skeleton[new], return_index=True)
        queue += zip(new[first].tolist(), skeletons.tolist(), strict=True)
        heapq.heapify(queue)
        while queue:
            index, skeleton = heapq.heappop(queue)
            if skeleton == _GENERAL:
                self._add_record(block.records, index, late, reader)
                continue
            value = self._table.messages[skeleton]
            tag = self._tag(value)
            if kind_of(value, tag.metadata.plugin_data.plugin_name) == "scalars":
                self._tag_of[skeleton] = tag.number
                self._is_double[skeleton] = value.HasField("tensor") and scalar_of_tensor(value.tensor)[1]
                tag.double |= bool(self._is_double[skeleton])
            else:
                self._tag_of[skeleton] = _GENERAL
                for at in np.flatnonzero(block.skeleton == skeleton).tolist():
                    heapq.heappush(queue, (at, _GENERAL))
        return late

    def _add_record(self, records: Records, index: int, late: list[_Late], reader: EventFileReader) -> None:
        offset, number = records.base + int(records.offsets[index]), records.first + index
        try:
            payload = records.verified_payload(index, reader.path)
            event = parse_event(payload, offset=offset, record=number, path=reader.path)
        except (ChecksumError, UndecodableRecordError) as error:
            reader.report(error, HEADER_SIZE + int(records.lengths[index]) + FOOTER_SIZE)
            return
        for value in event.summary.value:
            try:
                self._add_value(event, value, index, late)
            except TensorError as error:
                detail = f"tag {value.tag!r}: {error}"
                reader.report(BadValueError(detail, offset=offset, record=number, path=reader.path), 0)

    def _add_value(self, event: Event, value: Summary.Value, index: int, late: list[_Late]) -> None:
        tag = self._tag(value)
        kind = kind_of(value, tag.metadata.plugin_data.plugin_name)
        if kind != "scalars":
            tag.counts[kind] = tag.counts.get(kind, 0) + 1
            return
        number, double = scalar_of_tensor(value.tensor) if value.HasField("tensor") else (value.simple_value, False)
        tag.double |= double
        late.append(_Late(index, tag.number, event.step, event.wall_time, number, double))

    def _tag(self, value: Summary.Value) -> Tag:
        """The tag of a value; made with this value's metadata where it is new."""
        tag = self.tags.get(value.tag)
        if tag is None:
            tag = self.tags[value.tag] = Tag(value.tag, len(self._by_number), value.metadata)
            self._by_number.append(tag)
        return tag

    def _grow(self) -> None:
        """Makes room for the skeletons that the table has learned."""
        missing = len(self._table.messages) + 1 - len(self._tag_of)
        if missing > 0:
            self._tag_of = np.concatenate(
                (self._tag_of[:-1], np.full(missing, _UNRESOLVED, np.int32), self._tag_of[-1:])
            )
            self._is_double = np.concatenate((self._is_double[:-1], np.zeros(missing + 1, np.bool_)))

    def _distribute(self, parts: list[_Part]) -> None:
        """Gives the points to their tags."""
        if not parts:
            return
        tags = np.concatenate([part.tags for part in parts])
        few = len(self._by_number) <= 1 << 16  # numpy sorts 16-bit integers far faster
        order = np.argsort(tags.astype(np.uint16) if few else tags, kind="stable")
        steps = np.concatenate([part.steps for part in parts])[order]
        wall_times = np.concatenate([part.wall_times for part in parts])[order]
        values = np.concatenate([part.values for part in parts])[order]
        start = 0
        for number, end in enumerate(np.cumsum(np.bincount(tags)).tolist()):
            if end > start:
                of_tag = slice(start, end)
                self._by_number[number].add_columns(Columns(steps[of_tag], wall_times[of_tag], values[of_tag]))
            start = end


def _with_late(part: _Part, indices: NDArray[np.intp], late: list[_Late]) -> _Part:
    """The points of a part, whose records have these numbers, and the late ones, in the order of the records."""
    records, tags, steps, wall_times, numbers, doubles = zip(*late, strict=True)
    values: NDArray[Any] = np.array(numbers, np.float64 if any(doubles) else np.float32)
    order = np.argsort(np.concatenate((indices, np.array(records, np.intp))), kind="stable")
    return _Part(
        np.concatenate((part.tags, np.array(tags, np.int32)))[order],
        np.concatenate((part.steps, np.array(steps, np.int64)))[order],
        np.concatenate((part.wall_times, np.array(wall_times, np.float64)))[order],
        np.concatenate((part.values, values))[order],
    )
