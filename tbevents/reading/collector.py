"""Gathers what the events of one run say, by kind and tag, in the order in which they were written."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import ChecksumError, TensorError, UndecodableRecordError
from tbevents.framing import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.proto import Event, Summary, SummaryMetadata
from tbevents.reading.compat import kind_of, scalar_of_tensor
from tbevents.reading.event_file import EventFileReader, parse_event
from tbevents.reading.values import ScalarSeries

__all__ = ["Collector"]


class Columns(NamedTuple):
    """Scalar points of one tag, in order: arrays of shape (n,)."""

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]


class _Scalars:
    """The scalar points of one tag; added at the end, joined when they are asked for."""

    __slots__ = ("_chunks", "_steps", "_values", "_wall_times")

    def __init__(self) -> None:
        self._chunks: list[Columns] = []
        self._start_tail()

    def _start_tail(self) -> None:
        # Points added one by one since the last chunk. The values are float32 until one needs float64.
        self._steps = array("q")
        self._wall_times = array("d")
        self._values = array("f")

    def add(self, step: int, wall_time: float, value: float, double: bool) -> None:
        """Adds one point; `double` says that its value needs float64."""
        if double and self._values.typecode == "f":
            self._values = array("d", self._values)
        self._steps.append(step)
        self._wall_times.append(wall_time)
        self._values.append(value)

    def columns(self) -> Columns:
        """All the points."""
        if self._steps:
            steps = np.frombuffer(self._steps, np.int64)
            self._chunks.append(Columns(steps, np.frombuffer(self._wall_times), np.array(self._values)))
            self._start_tail()
        if len(self._chunks) > 1:
            self._chunks = [Columns(*map(np.concatenate, zip(*self._chunks, strict=True)))]
        return self._chunks[0]

    def __len__(self) -> int:
        return sum(len(chunk.steps) for chunk in self._chunks) + len(self._steps)


class _Tag:
    """What is known of a tag: the metadata of its first event, and its points by kind."""

    __slots__ = ("counts", "metadata", "scalars")

    def __init__(self, metadata: SummaryMetadata) -> None:
        self.metadata = metadata
        self.scalars: _Scalars | None = None
        self.counts: dict[str, int] = {}  # kind -> how many values


class Collector:
    """Takes the events of a run in order, answers with its series.

    Attributes:
        tags: tag -> what is known of it, in the order of their first appearance.
    """

    def __init__(self) -> None:
        self.tags: dict[str, _Tag] = {}

    def add_file(self, reader: EventFileReader) -> None:
        """Takes what a file has to read, and reports to its reader what cannot be used."""
        for records in reader.read():
            self._add_records(records, reader)

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """Each tag's kinds: (tag, kind, how many values)."""
        for name, tag in self.tags.items():
            if tag.scalars is not None:
                yield name, "scalars", len(tag.scalars)
            for kind, count in tag.counts.items():
                yield name, kind, count

    def scalar_series(self, tag: str) -> ScalarSeries:
        """The scalars of a tag that has some."""
        known = self.tags[tag]
        assert known.scalars is not None
        return ScalarSeries(
            tag,
            *known.scalars.columns(),
            display_name=known.metadata.display_name,
            description=known.metadata.summary_description,
        )

    def _add_records(self, records: Records, reader: EventFileReader) -> None:
        for index, (offset, length) in enumerate(zip(records.offsets.tolist(), records.lengths.tolist(), strict=True)):
            try:
                payload = records.verified_payload(index, reader.path)
                event = parse_event(
                    payload, offset=records.base + offset, record=records.first + index, path=reader.path
                )
                self.add_event(event)
            except (ChecksumError, UndecodableRecordError) as error:
                reader.report(error, HEADER_SIZE + length + FOOTER_SIZE)

    def add_event(self, event: Event) -> None:
        """Takes one event."""
        for value in event.summary.value:
            tag = self.tags.get(value.tag)
            if tag is None:
                tag = self.tags[value.tag] = _Tag(value.metadata)
            kind = kind_of(value, tag.metadata.plugin_data.plugin_name)
            if kind == "scalars":
                self._add_scalar(tag, event, value)
            else:
                tag.counts[kind] = tag.counts.get(kind, 0) + 1

    def _add_scalar(self, tag: _Tag, event: Event, value: Summary.Value) -> None:
        if value.HasField("tensor"):
            number, double = scalar_of_tensor(value.tensor)
        else:
            number, double = value.simple_value, False
        if tag.scalars is None:
            tag.scalars = _Scalars()
        tag.scalars.add(event.step, event.wall_time, number, double)
