"""The orders of records in files that were decoded, and patterns of these files: what others that log the same need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.compact_scalars import TagLayout, TagsOfSkeletons
from tbevents.reading.file_pattern import FilePattern
from tbevents.reading.options import ReadOptions
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.scalar_blocks import ScalarBlock, SkeletonTable, unique

_MOST_ORDERS: Final = 32
"""How many orders of records are remembered."""

_MOST_OF_SIZE: Final = 4
"""How many patterns of files of one size are remembered."""

_MOST_PATTERN_BYTES: Final = 1 << 22
"""How many bytes the files have, together, whose patterns are remembered; a pattern holds about four times as many."""

_MOST_REMEMBERED: Final = 1 << 17
"""Records of all orders together that are remembered at most: a run that grows has another order each time."""

_MOST_OTHERS: Final = 16
"""The most records other than points in a file that is still read this way."""


class Order(NamedTuple):
    """How the scalar points of a file get to their tags: the same for all files with the same order of records.

    Attributes:
        layout: the tags.
        places: of the points among the records, tag after tag.
        ends: of each tag, where in `places` its points end.
        doubles: which of the points are stored as doubles; None if none is.
        alike: how many points each tag has, if they all have as many; else 0.
        others: the records that are no points, ascending.
        records: how many there are.
    """

    layout: TagLayout
    places: NDArray[np.intp]
    ends: tuple[int, ...]
    doubles: NDArray[np.bool_] | None
    alike: int
    others: tuple[int, ...]
    records: int

    def steps_of(self, block: ScalarBlock) -> tuple[NDArray[np.int64], tuple[int, ...] | None]:
        """The steps of the points of a file, and where those of each tag start, as `CompactScalars` takes them."""
        steps = block.steps.take(self.places)
        if self.alike and bool((steps.reshape(-1, self.alike) == steps[: self.alike]).all()):
            return steps[: self.alike].copy(), (0,) * len(self.ends)
        return steps, None


class Pattern(NamedTuple):
    """A pattern of files of which each is a run.

    Attributes:
        files: the pattern.
        order: of their records.
        steps: of their points, which are the same in all of them, as `CompactScalars` takes them.
        step_starts: likewise.
    """

    files: FilePattern
    order: Order
    steps: NDArray[np.int64]
    step_starts: tuple[int, ...] | None


class FileOrders:
    """The orders and patterns that are remembered; once there are too many, all are forgotten.

    Belongs to one thread at a time. A call that is interrupted leaves it usable.

    Args:
        table: the skeletons, shared with the runs.
        options: how to read.
    """

    def __init__(self, table: SkeletonTable, options: ReadOptions) -> None:
        self._table = table
        self._options = options
        self._orders: dict[bytes, Order | None] = {}
        self._records = 0  # of all orders
        self._layouts: dict[bytes, TagsOfSkeletons | None] = {}
        self._patterns: dict[int, list[Pattern]] = {}  # by the size of the file
        self._pattern_bytes = 0

    def of(self, skeletons: NDArray[np.int32]) -> Order | None:
        """The order of the points in a file whose records have these skeletons; None if it is not read this way."""
        key = skeletons.tobytes()
        if key not in self._orders:
            if len(self._orders) == _MOST_ORDERS or self._records + len(skeletons) > _MOST_REMEMBERED:
                self._orders.clear()
                self._records = 0
            self._records += len(skeletons)
            self._orders[key] = self._order_of(skeletons)
        return self._orders[key]

    def patterns(self, size: int) -> Sequence[Pattern]:
        """The known patterns of files of a size in bytes."""
        return self._patterns.get(size, ())

    def learn(self, size: int, block: ScalarBlock) -> None:
        """Learns the pattern of an intact file, which has nothing but scalars, beside its header."""
        order = self.of(block.skeleton)
        assert order is not None  # the reading of this block has just used it
        patterns = self._patterns.get(size, [])
        if len(patterns) == _MOST_OF_SIZE:
            return
        pattern = FilePattern.of(block, order.places, order.others, self._table.places, verify=self._options.verify)
        if pattern is None:
            return
        if self._pattern_bytes + size > _MOST_PATTERN_BYTES:
            self._patterns.clear()
            self._pattern_bytes, patterns = 0, []
        steps, starts = order.steps_of(block)
        self._patterns[size] = [*patterns, Pattern(pattern, order, steps, starts)]
        self._pattern_bytes += size

    def _order_of(self, skeletons: NDArray[np.int32]) -> Order | None:
        """The order of the points in a file; None if a record of a known skeleton is no scalar, or there is none."""
        others = skeletons < 0
        if others.all() or np.count_nonzero(others) > _MOST_OTHERS:
            return None
        (points,) = (~others).nonzero()
        known, first, _ = unique(skeletons[points])
        met = known[first.argsort()]
        tags = self._tags_of(met)
        if tags is None:
            return None
        of_skeleton = np.zeros(int(known[-1]) + 1, np.int32)
        of_skeleton[met] = tags.numbers
        numbers = of_skeleton[skeletons[points]]
        wanted = numbers >= 0
        if not wanted.all():
            points, numbers = points[wanted], numbers[wanted]
        by_tag = numbers.argsort(kind="stable")
        places = points[by_tag]
        counts = np.bincount(numbers, minlength=len(tags.layout.numbers)).tolist()
        doubles = None
        if any(tags.is_double):
            of_skeleton[met] = tags.is_double
            doubles = of_skeleton[skeletons[places]] > 0
        ends = np.cumsum(counts).tolist()
        alike = counts[0] if len(set(counts)) == 1 and len(counts) > 1 else 0
        return Order(tags.layout, places, tuple(ends), doubles, alike, tuple(others.nonzero()[0].tolist()), len(others))

    def _tags_of(self, skeletons: NDArray[np.int32]) -> TagsOfSkeletons | None:
        """The tags of skeletons, in the order in which a file has them first; None if one is no scalar there."""
        key = skeletons.tobytes()
        if key not in self._layouts:
            if len(self._layouts) == _MOST_ORDERS:
                self._layouts.clear()
            builder = RunBuilder(self._table, self._options)
            self._layouts[key] = builder.resolve(skeletons.tolist())
        return self._layouts[key]
