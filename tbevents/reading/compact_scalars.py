"""The scalars of a run that has nothing else, as three columns of all its tags: what most small runs are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.proto import SummaryMetadata
from tbevents.reading.column_memory import ColumnMemory
from tbevents.reading.points import PointColumns
from tbevents.reading.tag_data import TagData

__all__ = ["CompactScalars", "TagLayout", "TagsOfSkeletons"]

_FILE: Final = 0
"""The number of the only file that the points came from."""


class TagLayout(NamedTuple):
    """The tags of runs that log the same. It is shared by all of them, and never changes.

    Attributes:
        numbers: tag -> number, in the order of first appearance.
        metadata: the metadata of each tag's first event.
        doubles: for each tag, True if a point was stored as a double.
        left_out: tags that were not asked for.
    """

    numbers: dict[str, int]
    metadata: tuple[SummaryMetadata, ...]
    doubles: tuple[bool, ...]
    left_out: frozenset[str]


class TagsOfSkeletons(NamedTuple):
    """The tags of skeletons, in a run that meets them in a certain order.

    Attributes:
        numbers: the number of each skeleton's tag; negative if the tag or kind was not asked for.
        is_double: for each, True if it stores a double.
        layout: the tags.
    """

    numbers: tuple[int, ...]
    is_double: tuple[bool, ...]
    layout: TagLayout


class CompactScalars:
    """The scalar points of one file, tag after tag. It never changes, so threads may share it.

    Args:
        layout: the tags.
        ends: for each tag, the end of its points in the columns.
        steps: int64, shape (n,); or only the steps of the first tag, if all tags have the same.
        wall_times: float64, shape (n,).
        values: float32, or float64 if a tag has doubles, shape (n,).
    """

    def __init__(
        self,
        layout: TagLayout,
        ends: tuple[int, ...],
        steps: NDArray[np.int64],
        wall_times: NDArray[np.float64],
        values: NDArray[Any],
    ) -> None:
        self.layout = layout
        self._ends = ends
        self._steps = steps
        self._wall_times = wall_times
        self._values = values
        for column in (steps, wall_times, values):
            column.flags.writeable = False  # so that series need no view of their own

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """As `RunData.counts`."""
        start = 0
        for name, end in zip(self.layout.numbers, self._ends, strict=True):
            if end > start:
                yield name, "scalars", end - start
            start = end

    def last(self) -> Iterator[tuple[str, tuple[int, float]]]:
        """Each tag that has points, how many, and the last value."""
        start = 0
        last = self._values.take([end - 1 for end in self._ends]).tolist()
        for name, end, value in zip(self.layout.numbers, self._ends, last, strict=True):
            if end > start:
                yield name, (end - start, value)
            start = end

    def columns(self, number: int) -> PointColumns:
        """Returns the points of a tag, as views of the columns."""
        start, end = self._ends[number - 1] if number else 0, self._ends[number]
        shared = len(self._steps) < len(self._values)
        values = self._values[start:end]
        if values.dtype == np.float64 and not self.layout.doubles[number]:
            values = values.astype(np.float32)
        return PointColumns(
            self._steps if shared else self._steps[start:end], self._wall_times[start:end], values, None, None
        )

    def tag_data(self, memory: ColumnMemory) -> tuple[dict[str, TagData], list[TagData]]:
        """Returns the tags as in `RunData`, by name and by number; points can be added to them."""
        by_name: dict[str, TagData] = {}
        before: TagData | None = None
        for name, number in self.layout.numbers.items():
            tag = by_name[name] = TagData(name, number, self.layout.metadata[number], memory)
            tag.double = self.layout.doubles[number]
            columns = self.columns(number)
            if len(columns.steps):
                tag.add_columns(columns, 1.0, before)
                tag.end_file(_FILE)
            before = tag
        return by_name, list(by_name.values())
