"""`Segments`: columns of different lengths end to end, so that numpy looks at all of them at once."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


class Segments(Generic[T]):
    """Columns end to end. Never changes.

    Args:
        values: the columns one after the other, shape (n,).
        counts: how many values each has, one at least, shape (s,).
    """

    def __init__(self, values: NDArray[T], counts: NDArray[np.intp]) -> None:
        self.values = values
        self.counts = counts

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where in `values` each segment begins, shape (s,)."""
        return np.cumsum(self.counts) - self.counts

    def __len__(self) -> int:
        return len(self.counts)

    def number_at(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Returns which segments have these places in `values`."""
        return np.searchsorted(self.starts, places, "right") - 1

    def having(self, places: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Returns which segments have one of the places that are True, shape (s,)."""
        found = np.zeros(len(self), np.bool_)
        found[self.number_at(np.flatnonzero(places))] = True
        return found

    def least(self) -> NDArray[T]:
        """Returns the least value of each segment, shape (s,)."""
        return np.minimum.reduceat(self.values, self.starts) if len(self) else self.values[:0]

    def greatest(self) -> NDArray[T]:
        """Returns the greatest value of each segment, shape (s,)."""
        return np.maximum.reduceat(self.values, self.starts) if len(self) else self.values[:0]

    def select(self, which: NDArray[np.bool_]) -> Segments[T]:
        """Returns those of the segments that are True, shape (s,)."""
        if which.all():
            return self
        return Segments(self.values[np.repeat(which, self.counts)], self.counts[which])

    def part(self, first: NDArray[np.intp], counts: NDArray[np.intp]) -> Segments[T]:
        """Returns a part of each segment.

        Args:
            first: the place in each segment from which on it is taken, shape (s,).
            counts: how many values are taken, one at least, shape (s,).
        """
        shift = self.starts + first - (np.cumsum(counts) - counts)
        return Segments(self.values[np.arange(int(counts.sum())) + np.repeat(shift, counts)], counts)

    def pairs(self) -> NDArray[np.bool_]:
        """Returns which of the n - 1 places between two values are within a segment."""
        within = np.ones(max(0, len(self.values) - 1), np.bool_)
        within[self.starts[1:] - 1] = False
        return within

    def changes(self) -> Segments[Any]:
        """Returns the change from each value to the next; all segments must have two values or more."""
        return Segments(np.diff(self.values)[self.pairs()], self.counts - 1)

    def ranked(self, ranks: NDArray[np.intp]) -> NDArray[T]:
        """Returns the value of each segment that has so many before it in order; no value may be NaN."""
        if not len(self):
            return self.values[:0]
        count, rank = int(self.counts[0]), int(ranks[0])
        if (self.counts == count).all() and (ranks == rank).all():
            found: NDArray[T] = np.partition(self.values.reshape(-1, count), rank, axis=1)[:, rank]
        else:
            order = np.lexsort((self.values, np.repeat(np.arange(len(self)), self.counts)))
            found = self.values[order[self.starts + ranks]]
        return found

    def medians(self) -> NDArray[T]:
        """Returns the median of each segment, the lower one of two."""
        return self.ranked((self.counts - 1) // 2)
