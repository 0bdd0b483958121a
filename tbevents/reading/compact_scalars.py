"""The scalars of a run that has nothing else, as three columns of all its tags: what most small runs are."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.proto import SummaryMetadata
from tbevents.reading.column_memory import ColumnMemory
from tbevents.reading.points import PointColumns
from tbevents.reading.tag_data import TagData

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

    @classmethod
    def of(cls, tags: Sequence[TagData], left_out: Iterable[str]) -> TagLayout:
        """Returns the layout of the tags of a run, by number."""
        return cls(
            {tag.name: tag.number for tag in tags},
            tuple(tag.metadata for tag in tags),
            tuple(tag.double for tag in tags),
            frozenset(left_out),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        metadata = tuple(one.SerializeToString() for one in self.metadata)
        return _layout, (tuple(self.numbers.items()), metadata, self.doubles, self.left_out)


@functools.lru_cache(32)
def _layout(
    numbers: tuple[tuple[str, int], ...],
    metadata: tuple[bytes, ...],
    doubles: tuple[bool, ...],
    left_out: frozenset[str],
) -> TagLayout:
    """A layout from its pickled state; runs that have equal ones share it."""
    return TagLayout(dict(numbers), tuple(map(SummaryMetadata.FromString, metadata)), doubles, left_out)


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
        ends: for each tag, the end of its points in `wall_times` and `values`.
        steps: int64; those of tags that have the same ones are there once.
        wall_times: float64, shape (n,).
        values: float32, or float64 if a tag has doubles, shape (n,).
        step_starts: of each tag, where in `steps` its steps start; None if at its first point, as in `values`.
    """

    def __init__(
        self,
        layout: TagLayout,
        ends: tuple[int, ...],
        steps: NDArray[np.int64],
        wall_times: NDArray[np.float64],
        values: NDArray[Any],
        step_starts: tuple[int, ...] | None = None,
    ) -> None:
        self.layout = layout
        self._ends = ends
        self._steps = steps
        self._wall_times = wall_times
        self._values = values
        self._step_starts = step_starts
        for column in (steps, wall_times, values):
            column.flags.writeable = False  # so that series need no view of their own

    @classmethod
    def of(cls, tags: Sequence[TagData], left_out: Iterable[str]) -> CompactScalars | None:
        """The points of the tags of a run, by number; None if there are none, or anything that these columns lack."""
        full = [tag for tag in tags if tag.scalar_count]
        if len({tag.double for tag in full}) != 1 or not all(tag.is_plain(_FILE) for tag in tags):
            return None
        steps: list[NDArray[np.int64]] = []
        starts: dict[int, int] = {}  # by what the steps are in
        step_starts, count = [], 0
        for tag in tags:
            found = tag.shared_steps
            step_starts.append(starts.setdefault(id(found), count))
            if found is not None and step_starts[-1] == count:
                steps.append(found.array[: found.count])
                count += found.count
        columns = [tag.columns() for tag in full]
        return cls(
            TagLayout.of(tags, left_out),
            tuple(itertools.accumulate(tag.scalar_count for tag in tags)),
            np.concatenate(steps),
            np.concatenate([one.wall_times for one in columns]),
            np.concatenate([one.values for one in columns]),
            tuple(step_starts),
        )

    @property
    def is_full(self) -> bool:
        """Whether each tag has points."""
        return all(map(operator.lt, (0, *self._ends), self._ends))

    def count(self, name: str) -> int:
        """How many points a tag has; 0 if there is no such tag."""
        number = self.layout.numbers.get(name)
        return 0 if number is None else self._ends[number] - (self._ends[number - 1] if number else 0)

    def counts(self) -> dict[str, int]:
        """How many points each tag has that has some."""
        counts = dict(zip(self.layout.numbers, map(operator.sub, self._ends, (0, *self._ends)), strict=False))
        return counts if all(counts.values()) else {name: count for name, count in counts.items() if count}

    def last(self) -> dict[str, tuple[int, float]]:
        """Each tag that has points: how many, and the last value."""
        if not len(self._values):
            return {}
        numbers = self.layout.numbers
        last = self._values.take([end - 1 for end in self._ends]).tolist()
        return {name: (count, last[numbers[name]]) for name, count in self.counts().items()}

    def columns(self, number: int) -> PointColumns:
        """Returns the points of a tag, as views of the columns."""
        start, end = self._ends[number - 1] if number else 0, self._ends[number]
        first = start if self._step_starts is None else self._step_starts[number]
        values = self._values[start:end]
        if values.dtype == np.float64 and not self.layout.doubles[number]:
            values = values.astype(np.float32)
        steps = self._steps if len(self._steps) == end - start else self._steps[first : first + end - start]
        return PointColumns(steps, self._wall_times[start:end], values, None, None)

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
