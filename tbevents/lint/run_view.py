"""`RunView`: a run as rules see it, with what several of them need computed once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import NamePatterns
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.tools.check import damage_of
from tbevents.tools.oddities import Oddity, step_oddities, tag_oddities
from tbevents.tools.tag_roles import is_loss, is_rate


@lru_cache(maxsize=4096)  # the runs of a folder have the same tags
def is_one_of(tag: str, wanted: NamePatterns | None, by_name: Callable[[str], bool]) -> bool:
    """Returns True if a tag matches one of the patterns; or if its name says so, where there are none."""
    return by_name(tag) if wanted is None else tag in wanted


class StepColumn(NamedTuple):
    """The steps of one tag, or of several that were logged at the same steps.

    Attributes:
        steps: int64, shape (n,).
        tags: the tags.
        ascending: True if each step is above the one before it.
    """

    steps: NDArray[np.int64]
    tags: list[str]
    ascending: bool


class Curve:
    """The finite values of a series.

    Args:
        series: the series.

    Attributes:
        tag: its tag.
        steps: int64, shape (n,).
        times: float64, shape (n,).
        values: float64, shape (n,), all finite.
    """

    def __init__(self, series: ScalarSeries) -> None:
        self.tag: str = series.tag
        values = series.values.astype(np.float64)
        finite = np.isfinite(values)
        every = finite.all()
        self.values: NDArray[np.float64] = values if every else values[finite]
        self.steps: NDArray[np.int64] = series.steps if every else series.steps[finite]
        self.times: NDArray[np.float64] = series.wall_times if every else series.wall_times[finite]

    def __len__(self) -> int:
        return len(self.values)

    def copy(self) -> Curve:
        """Returns a curve that does not keep the memory of its run."""
        other = Curve.__new__(Curve)
        other.tag, other.values = self.tag, self.values.copy()
        other.steps, other.times = self.steps.copy(), self.times.copy()
        return other

    @cached_property
    def changes(self) -> NDArray[np.float64]:
        """The change from each value to the next, shape (n - 1,)."""
        return np.diff(self.values)

    @cached_property
    def noise(self) -> float:
        """The median of the sizes of changes: what one value differs from the next by, spikes aside."""
        return median(np.abs(self.changes)) if len(self.changes) else 0.0

    def ends(self, share: float) -> tuple[float, float]:
        """Returns the medians of the first and of the last values.

        Args:
            share: the fraction of values at each end; at least three are taken.
        """
        count = max(3, int(len(self.values) * share))
        return median(self.values[:count]), median(self.values[-count:])


def median(values: NDArray[np.float64]) -> float:
    """Returns the median, the lower one of two; numpy's takes ten times as long for a few values."""
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle])


class RunView:
    """A run as rules see it.

    Args:
        run: the run.
        losses: patterns of the tags that are losses; None goes by their names.
        rates: patterns of the tags that are learning rates; None goes by their names.
        has_runs_below: True if the folder of the run has the folders of others.

    Attributes:
        run: the run.
    """

    def __init__(
        self,
        run: Run,
        losses: NamePatterns | None = None,
        rates: NamePatterns | None = None,
        has_runs_below: bool = False,
    ) -> None:
        self.run = run
        self.has_runs_below = has_runs_below
        self._losses = losses
        self._rates = rates
        self._curves: dict[str, Curve] = {}
        self._oddities: dict[str, tuple[Oddity, ...]] = {}

    @cached_property
    def series(self) -> Mapping[str, ScalarSeries]:
        """The scalar series with points, by tag."""
        return {tag: each for tag, each in self._scalars.items() if len(each)}

    @cached_property
    def _scalars(self) -> Mapping[str, ScalarSeries]:
        """All scalar series; each is made when it is asked for, and most rules are about few of them."""
        return self.run.scalars

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """The place of the first point of each series in `values` and `times`, and the number of all points."""
        return np.cumsum([0, *(len(each.steps) for each in self.series.values())])

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The values of all series, one after the other."""
        return np.concatenate([each.values for each in self.series.values()] or [np.empty(0)]).astype(np.float64)

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """The wall times of all series, one after the other."""
        return np.concatenate([each.wall_times for each in self.series.values()] or [np.empty(0)])

    def tags_at(self, places: NDArray[np.intp]) -> list[str]:
        """Returns the tags that have points at these places in `values`."""
        tags = list(self.series)
        return [tags[number] for number in np.unique(np.searchsorted(self.starts, places, "right") - 1).tolist()]

    @cached_property
    def step_columns(self) -> list[StepColumn]:
        """The steps of the series; those logged at the same steps share them, so they are looked at once."""
        found: dict[tuple[int, int], StepColumn] = {}
        for tag, series in self.series.items():
            steps = series.steps
            key = steps.__array_interface__["data"][0], len(steps)
            column = found.get(key)
            if column is None:
                found[key] = StepColumn(steps, [tag], bool((steps[1:] > steps[:-1]).all()))
            else:
                column.tags.append(tag)
        return list(found.values())

    @cached_property
    def losses(self) -> list[str]:
        """The tags that are losses."""
        return self._tags(self._losses, is_loss)

    @cached_property
    def rates(self) -> list[str]:
        """The tags that are learning rates."""
        return self._tags(self._rates, is_rate)

    def _tags(self, wanted: NamePatterns | None, by_name: Callable[[str], bool]) -> list[str]:
        scalars = self._scalars
        return [tag for tag in scalars if is_one_of(tag, wanted, by_name) and len(scalars[tag])]

    def curve(self, tag: str) -> Curve:
        """Returns the finite values of a series."""
        found = self._curves.get(tag)
        if found is None:
            found = self._curves[tag] = Curve(self._scalars[tag])
        return found

    def curves(self, tags: Iterable[str], points: float) -> Iterator[Curve]:
        """Yields the curves of tags that have at least so many points, and at least three."""
        points = max(points, 3)
        for tag in tags:
            if len(self._scalars[tag]) >= points and len(self.curve(tag)) >= points:
                yield self.curve(tag)

    def step_oddities(self, kind: str) -> Iterator[Oddity]:
        """Yields what `check` says of steps that do not ascend.

        If the run was written several times, which a rule of its own says, each file is looked at alone.
        """
        for column in self.step_columns:
            for tag in () if column.ascending else column.tags:
                if tag not in self._oddities:
                    found = tuple(self._of_steps(self.series[tag]))
                    # Steps that were gone back to are repeated as a rule: one cause, one finding.
                    back = any(each.kind == "steps_go_back" for each in found)
                    self._oddities[tag] = tuple(each for each in found if not (back and each.kind == "repeated_steps"))
                yield from (each for each in self._oddities[tag] if each.kind == kind)

    def _of_steps(self, series: ScalarSeries) -> Iterator[Oddity]:
        if self.run.starts == 1:
            yield from step_oddities(series)
            return
        bounds = [0, *self.files_begin(series.tag), len(series)]
        seen: set[str] = set()
        for start, stop in itertools.pairwise(bounds):
            for each in step_oddities(series[start:stop]):
                if each.kind not in seen:
                    seen.add(each.kind)
                    yield each

    def files_begin(self, tag: str) -> list[int]:
        """Returns the places of a series at which another file begins."""
        if len(self.run.files) < 2:
            return []
        _, files = self.run.scalar_files(tag)
        found: list[int] = (np.flatnonzero(np.diff(files)) + 1).tolist()
        return found

    @cached_property
    def tag_oddities(self) -> tuple[Oddity, ...]:
        """What `check` says of tags as a whole."""
        return tuple(tag_oddities(self.run))

    @cached_property
    def damage(self) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
        """What `check` says is damaged: problems, and values that cannot be decoded."""
        return damage_of(self.run)
