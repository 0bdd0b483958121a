"""Scalar points between their records and their series: one at a time, or as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Point(NamedTuple):
    """A scalar point from the general decoder.

    Attributes:
        record: the number of its record in the run.
        tag: the number of its tag in the run.
        step: the step.
        wall_time: seconds since 1970.
        value: the number.
        double: True if it was stored as a double or an integer.
    """

    record: int
    tag: int
    step: int
    wall_time: float
    value: float
    double: bool


class PointColumns(NamedTuple):
    """Scalar points in order, of one tag unless their owner keeps the tags separately: arrays of shape (n,).

    Attributes:
        steps: as in `ScalarSeries`, like the next two.
        wall_times: seconds since 1970.
        values: float32 or float64.
        records: the number of each point's record in the run; None if restarts do not depend on it.
        integers: place -> integer that `values` does not hold exactly; None if there is none.
    """

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]
    records: NDArray[np.int64] | None = None
    integers: Mapping[int, int] | None = None

    @classmethod
    def of(cls, points: Sequence[Point]) -> tuple[NDArray[np.int32], PointColumns]:
        """Returns the tags of points, and the points as columns."""
        records, tags, steps, wall_times, values, doubles = (
            zip(*points, strict=True) if points else ((),) * len(Point._fields)
        )
        columns = cls(
            np.array(steps, np.int64),
            np.array(wall_times, np.float64),
            np.array(values, np.float64 if any(doubles) else np.float32),
            np.array(records, np.int64),
            {place: value for place, value in enumerate(values) if type(value) is int} or None,
        )
        return np.array(tags, np.int32), columns

    def take(self, places: NDArray[Any]) -> PointColumns:
        """Returns the points at some places, or those that a mask selects."""
        records = None if self.records is None else self.records[places]
        integers = None
        if self.integers is not None:
            integers = integers_at(self.integers, places if places.dtype != np.bool_ else np.flatnonzero(places))
        return PointColumns(self.steps[places], self.wall_times[places], self.values[places], records, integers)

    def read_only(self) -> PointColumns:
        """Returns the points, with read-only views of arrays that are writable."""
        return self._replace(
            steps=read_only(self.steps), wall_times=read_only(self.wall_times), values=read_only(self.values)
        )

    def part(self, start: int, end: int) -> PointColumns:
        """Returns the points from `start` to before `end`; the arrays are views."""
        records = None if self.records is None else self.records[start:end]
        integers = None
        if self.integers is not None:
            integers = {place - start: number for place, number in self.integers.items() if start <= place < end}
        return PointColumns(
            self.steps[start:end], self.wall_times[start:end], self.values[start:end], records, integers or None
        )

    @classmethod
    def end_to_end(cls, parts: Sequence[PointColumns]) -> PointColumns:
        """Returns several columns as one; all of them, or none, have records."""
        if len(parts) == 1:
            return parts[0]
        records = [part.records for part in parts if part.records is not None]
        integers: dict[int, int] = {}
        start = 0
        for part in parts:
            if part.integers:
                integers.update({start + place: number for place, number in part.integers.items()})
            start += len(part.steps)
        return cls(
            joined([part.steps for part in parts]),
            joined([part.wall_times for part in parts]),
            joined([part.values for part in parts]),
            joined(records) if records else None,
            integers or None,
        )

    @classmethod
    def in_turn(cls, several: Sequence[PointColumns]) -> PointColumns:
        """Returns the first point of each, then the second, ...: of a tag that a loop logs several times a step."""
        if len(several) == 1:
            return several[0]
        return cls(
            np.stack([points.steps for points in several], axis=1).ravel(),
            np.stack([points.wall_times for points in several], axis=1).ravel(),
            np.stack([points.values for points in several], axis=1).ravel(),  # type: ignore[arg-type]  # of one dtype
        )


def integers_at(integers: Mapping[int, int], places: NDArray[np.intp]) -> dict[int, int]:
    """Returns the integers at some places, by the position of these places."""
    return {new: integers[old] for new, old in enumerate(places.tolist()) if old in integers}


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Returns the array, or a read-only view of it if it is writable: the caller's array stays writable."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Returns the arrays end to end; a single array is returned as it is."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
