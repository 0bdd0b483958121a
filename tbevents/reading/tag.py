"""One tag of a run: its scalar points as columns, its other values as places to find them."""

from __future__ import annotations

from array import array
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.proto import SummaryMetadata
from tbevents.reading.payloads import Payload

__all__ = ["Columns", "Tag", "Values"]

_NO_RECORDS: Final = np.empty(0, np.int64)


class Columns(NamedTuple):
    """Scalar points of one tag, in order: arrays of shape (n,).

    Attributes:
        steps: as in `ScalarSeries`, and so the next two.
        wall_times: seconds since 1970.
        values: float32 or float64.
        records: the number of each point's record in the run, or None where nobody asked for it.
    """

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]
    records: NDArray[np.int64] | None = None

    def take(self, places: NDArray[np.intp]) -> Columns:
        """Some of the points."""
        records = None if self.records is None else self.records[places]
        return Columns(self.steps[places], self.wall_times[places], self.values[places], records)


class Values:
    """Values of one tag that are no scalars, in order."""

    __slots__ = ("payloads", "records", "steps", "wall_times")

    def __init__(self) -> None:
        self.steps = array("q")
        self.wall_times = array("d")
        self.records = array("q")  # the number of each value's record in the run
        self.payloads: list[Payload] = []

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: int, wall_time: float, record: int, payload: Payload) -> None:
        """Adds one value behind those there are."""
        self.steps.append(step)
        self.wall_times.append(wall_time)
        self.records.append(record)
        self.payloads.append(payload)


class Tag:
    """What is known of a tag.

    Attributes:
        name: the tag.
        number: of the tag in its run, by first appearance.
        metadata: of its first event in the run, which is the one that counts.
        double: whether a point of it was stored as a double or an integer.
        bare: whether it came without a value.
        values: kind -> values, for the kinds that are not scalars.
        scalar_count: how many scalar points there are.
    """

    __slots__ = ("_chunks", "_ends", "bare", "double", "metadata", "name", "number", "scalar_count", "values")

    def __init__(self, name: str, number: int, metadata: SummaryMetadata) -> None:
        self.name = name
        self.number = number
        # A copy: a message that is part of another keeps all of that one in memory.
        self.metadata = SummaryMetadata.FromString(metadata.SerializeToString())
        self.double = False
        self.bare = False
        self.values: dict[str, Values] = {}
        self.scalar_count = 0
        self._chunks: list[Columns] = []  # the scalar points so far, joined when they are asked for
        self._ends: list[tuple[int, int]] = []  # number of a file, and how many points there are up to its end

    @property
    def plugin(self) -> str:
        """The plugin that the metadata name; mostly empty."""
        return self.metadata.plugin_data.plugin_name

    @property
    def kinds(self) -> list[str]:
        """The kinds of values there are."""
        return [*(["scalars"] if self.scalar_count else []), *self.values]

    def add_columns(self, columns: Columns) -> None:
        """Adds scalar points behind those there are."""
        self._chunks.append(columns)
        self.scalar_count += len(columns.steps)

    def end_file(self, number: int) -> None:
        """Notes that the points added since the last such call came from this file."""
        last, end = self._ends[-1] if self._ends else (-1, 0)
        if self.scalar_count > end:
            if self._ends and last == number:
                self._ends.pop()
            self._ends.append((number, self.scalar_count))

    def files(self) -> NDArray[np.int32]:
        """The number of the file that each scalar point came from, shape (n,); -1 for points from memory."""
        files = np.full(self.scalar_count, -1, np.int32)
        start = 0
        for number, end in self._ends:
            files[start:end] = number
            start = end
        return files

    def columns(self) -> Columns:
        """All the scalar points; there is at least one."""
        if len(self._chunks) > 1:
            chunks, self._chunks = self._chunks, []
            records = [chunk.records for chunk in chunks if chunk.records is not None]
            self._chunks = [
                Columns(
                    np.concatenate([chunk.steps for chunk in chunks]),
                    np.concatenate([chunk.wall_times for chunk in chunks]),
                    np.concatenate([chunk.values for chunk in chunks]),
                    np.concatenate(records) if records else None,
                )
            ]
        columns = self._chunks[0]
        dtype = np.float64 if self.double else np.float32
        if columns.values.dtype != dtype:  # read in one block with another tag's doubles
            columns = self._chunks[0] = columns._replace(values=columns.values.astype(dtype))
        return columns

    def records_and_steps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Record and step of every value of every kind; in order within a kind only."""
        records, steps = [_NO_RECORDS], [_NO_RECORDS]
        if self.scalar_count:
            columns = self.columns()
            records.append(_NO_RECORDS if columns.records is None else columns.records)
            steps.append(columns.steps)
        for values in self.values.values():
            records.append(np.array(values.records, np.int64))
            steps.append(np.array(values.steps, np.int64))
        return np.concatenate(records), np.concatenate(steps)
