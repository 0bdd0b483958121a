"""Watch: follows the scalars of runs while they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import UnknownNameError
from tbevents.files import StrPath, path_string
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.logdir import read_logdir
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums
from tbevents.reading.problem import Problem
from tbevents.tools.names import without_damage_warnings

_RECENT: Final = 64
"""Number of latest points from which a rate is computed."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A scalar series as seen at one look.

    Attributes:
        run: the name of the run.
        series: the series with all its points.
        new: number of points at its end that are new since the last look; all of them at the first look and if the run
            was started again.
        steps_per_second: rate over the latest points by their wall times; None if it cannot be computed.
    """

    run: str
    series: ScalarSeries = field(repr=False)
    new: int
    steps_per_second: float | None


class Watch:
    """Looks at the scalars below a folder repeatedly; a look only reads what has been appended.

    Args:
        path: a folder of runs, a run, or an event file; runs may appear later.
        tags: patterns of the tags to use; None means all.
        runs: patterns of the runs to use; None means all.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.

    Raises:
        RunNotFoundError: if the path does not exist.

    Attributes:
        problems: damage that the last look found and no earlier one. An incomplete record at the end is not damage.
    """

    def __init__(
        self,
        path: StrPath,
        *,
        tags: Sequence[str] | None = None,
        runs: Sequence[str] | None = None,
        checksums: Checksums = "verify",
    ) -> None:
        self.problems: tuple[Problem, ...] = ()
        self._known: set[tuple[str, int, str]] = set()  # file, offset and kind of problems reported before
        self._path = path_string(path, "path")
        with without_damage_warnings():
            self._logdir = read_logdir(path, kinds=("scalars",), checksums=checksums)
        self._tags = NameFilter(tags, noun="tag")
        self._runs = NameFilter(runs, noun="run")
        self._last: dict[tuple[str, str], Watched] = {}  # (run, tag) -> what the last look that had it found

    def look(self) -> list[Watched]:
        """Returns the series by run, in the order in which they first appeared.

        Raises:
            OSError: if a file cannot be read.
        """
        with without_damage_warnings():
            return self._look()

    def missing(self) -> list[UnknownNameError]:
        """Returns an error for each pattern without a match so far."""
        return self._runs.missing(self._path) + self._tags.missing(self._path)

    def _look(self) -> list[Watched]:
        self._logdir.reload()
        found: dict[tuple[str, str], Watched] = {}
        problems = list(filter(self._is_new, self._logdir.problems))
        for name in self._logdir:
            if not self._runs(name):
                continue
            run = self._logdir[name]
            problems += filter(self._is_new, run.problems)
            for tag in filter(self._tags, run.scalars):
                found[name, tag] = self._look_at(name, tag)
        self.problems = tuple(problems)
        self._last.update(found)  # a run in a folder that could not be listed this time comes back
        return list(found.values())

    def _is_new(self, problem: Problem) -> bool:
        spot = (problem.file, problem.offset, problem.kind)
        if problem.kind == "incomplete" or spot in self._known:
            return False
        self._known.add(spot)
        return True

    def _look_at(self, run: str, tag: str) -> Watched:
        series, last = self._logdir[run].scalars[tag], self._last.get((run, tag))
        if last is not None and series is last.series:
            return Watched(run, series, 0, last.steps_per_second)
        known = 0 if last is None or not _continues(series, last.series) else len(last.series)
        return Watched(run, series, len(series) - known, steps_per_second(series.steps, series.wall_times))


def _continues(series: ScalarSeries, earlier: ScalarSeries) -> bool:
    """Returns True if a series begins with all points of an earlier one; False if its run was started again."""
    count = len(earlier)
    return all(
        np.array_equal(column[:count], known, equal_nan=True)
        for column, known in (
            (series.steps, earlier.steps),
            (series.wall_times, earlier.wall_times),
            (series.values, earlier.values),
        )
    )


def steps_per_second(steps: NDArray[np.int64], wall_times: NDArray[np.float64]) -> float | None:
    """Returns steps per second over the latest points; None if there are too few or the times do not increase."""
    recent = slice(max(0, len(steps) - _RECENT), None)
    of_steps, of_times = steps[recent].astype(np.float64), wall_times[recent]
    if len(of_steps) < 2:
        return None
    back = np.flatnonzero(np.diff(of_steps) < 0)  # use only points after the last restart
    start = int(back[-1]) + 1 if len(back) else 0
    took, done = float(of_times[-1] - of_times[start]), float(of_steps[-1] - of_steps[start])
    return done / took if took > 0 and math.isfinite(took) else None
