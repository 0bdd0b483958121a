"""`RunBatch`: small runs whose scalars are screened together, to find the few that a rule must look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.lint.segments import Segments
from tbevents.reading.run import Run
from tbevents.tools.tag_roles import role_of

_POINTS: Final = 1 << 18
"""A batch with more points takes no more runs: its columns have some megabytes."""

_LARGE: Final = 1 << 16
"""A run with more points is not screened: numpy's fixed costs are a small part of what its rules take."""


class CurveSegments:
    """The finite values of losses that have three of them or more.

    Args:
        values: the values.
        tags: of the losses.
        runs: the number of each one's run, shape (s,).
    """

    def __init__(self, values: Segments[np.float64], tags: list[str], runs: NDArray[np.intp]) -> None:
        self.values = values
        self.tags = tags
        self.runs = runs

    @cached_property
    def held_out(self) -> NDArray[np.bool_]:
        """Which are losses of held-out data."""
        return np.array([role_of(tag) == "held out" for tag in self.tags], np.bool_)

    @cached_property
    def noise(self) -> NDArray[np.float64]:
        """As `Curve.noise`."""
        changes = self.values.changes()
        return Segments(np.abs(changes.values), changes.counts).medians()

    def first(self, counts: NDArray[np.intp]) -> Segments[np.float64]:
        """Returns the first values of each."""
        return self.values.part(np.zeros_like(counts), counts)

    def last(self, counts: NDArray[np.intp]) -> Segments[np.float64]:
        """Returns the last values of each."""
        return self.values.part(self.values.counts - counts, counts)


class RunBatch:
    """Runs, and the scalars of the small ones among them end to end.

    Used by one thread. The columns are made when they are first asked for; nothing may be added after.

    Args:
        is_loss: says whether a tag is a loss.

    Attributes:
        runs: the runs.
    """

    def __init__(self, is_loss: Callable[[str], bool]) -> None:
        self.runs: list[Run] = []
        self._is_loss = is_loss
        self._points = 0
        self._large: list[bool] = []
        self._unusual: list[bool] = []
        self._tags: list[str] = []
        self._values: list[NDArray[np.floating[Any]]] = []
        self._times: list[NDArray[np.float64]] = []
        self._series: list[int] = []  # how many each run has
        self._steps: list[NDArray[np.int64]] = []
        self._steps_of: list[int] = []  # which of the steps each series has
        self._step_runs: list[int] = []

    def add(self, run: Run) -> None:
        """Adds a run."""
        number = len(self.runs)
        self.runs.append(run)
        counts = run.counts()
        points = sum(counts.get("scalars", {}).values())
        large = points > _LARGE
        self._points += points
        self._large.append(large)
        usual = counts.keys() <= {"scalars"} and len(run.files) < 2 and not run.problems and not run.session_log
        self._unusual.append(not usual)
        before, steps = len(self._tags), None
        for tag, columns in () if large else run.scalar_columns():
            if not len(columns.steps):
                continue
            if columns.steps is not steps:  # tags that are logged together mostly share their steps
                steps = columns.steps
                self._steps.append(steps)
                self._step_runs.append(number)
            self._tags.append(tag)
            self._values.append(columns.values)
            self._times.append(columns.wall_times)
            self._steps_of.append(len(self._steps) - 1)
        self._series.append(len(self._tags) - before)

    @property
    def is_full(self) -> bool:
        """True if the columns are large enough."""
        return self._points >= _POINTS

    def with_numbers(self, numbers: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Returns which runs have one of these numbers, shape (r,)."""
        found = np.zeros(len(self.runs), np.bool_)
        found[numbers] = True
        return found

    @cached_property
    def large(self) -> NDArray[np.bool_]:
        """Which runs are not in the columns, since they are large; shape (r,)."""
        return np.array(self._large, np.bool_)

    @cached_property
    def unusual(self) -> NDArray[np.bool_]:
        """Which runs have something else than the intact scalars of one file; shape (r,)."""
        return np.array(self._unusual, np.bool_)

    @cached_property
    def run_of(self) -> NDArray[np.intp]:
        """The number of the run of each series, shape (s,)."""
        return np.repeat(np.arange(len(self.runs)), self._series)

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """How many points each series has, shape (s,)."""
        return np.array([len(each) for each in self._values], np.intp)

    @cached_property
    def values(self) -> Segments[np.float64]:
        """The values of each series."""
        joined = np.concatenate(self._values, dtype=np.float64) if self._values else np.empty(0)
        return Segments(joined, self.counts)

    @cached_property
    def times(self) -> Segments[np.float64]:
        """The wall times of each series."""
        return Segments(np.concatenate(self._times) if self._times else np.empty(0), self.counts)

    @cached_property
    def steps(self) -> Segments[np.int64]:
        """The steps, once for series of a run that share them: `steps_of` and `step_runs` say whose they are."""
        counts = np.array([len(each) for each in self._steps], np.intp)
        return Segments(np.concatenate(self._steps) if self._steps else np.empty(0, np.int64), counts)

    @cached_property
    def steps_of(self) -> NDArray[np.intp]:
        """Which of the `steps` each series has, shape (s,)."""
        return np.array(self._steps_of, np.intp)

    @cached_property
    def step_runs(self) -> NDArray[np.intp]:
        """The number of the run of each of the `steps`."""
        return np.array(self._step_runs, np.intp)

    @cached_property
    def ascending(self) -> NDArray[np.bool_]:
        """Which of the `steps` ascend: each is above the one before it."""
        steps = self.steps
        odd = steps.pairs()
        odd &= steps.values[1:] <= steps.values[:-1]
        return ~steps.having(odd)

    @cached_property
    def odd_steps(self) -> NDArray[np.bool_]:
        """Which runs have steps that do not ascend."""
        return self.with_numbers(self.step_runs[~self.ascending])

    @cached_property
    def curves(self) -> CurveSegments:
        """The losses."""
        losses = np.array([self._is_loss(tag) for tag in self._tags], np.bool_)
        values, numbers = self.values.select(losses), np.flatnonzero(losses)
        finite = np.isfinite(values.values)
        counts = values.counts
        if len(values) and not finite.all():
            counts = np.add.reduceat(finite, values.starts, dtype=np.intp)
            there = counts > 0
            values, numbers, counts = Segments(values.values[finite], counts[there]), numbers[there], counts[there]
        values, numbers = values.select(counts >= 3), numbers[counts >= 3]
        return CurveSegments(values, [self._tags[number] for number in numbers.tolist()], self.run_of[numbers])
