"""Describe: counts, steps, times and statistics of runs (`RunDescription`) and their tags (`TagDescription`)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.files import StrPath
from tbevents.reading.kinds.kind import kind_named, lazy_kinds
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run, read_run
from tbevents.tools.record_copy import size_of

_TOGETHER: Final = 1 << 16
"""Maximum number of points of a run whose series are concatenated."""


@dataclass(frozen=True, slots=True)
class ScalarStats:
    """Statistics of the values of a scalar series.

    Attributes:
        first: the value written first.
        last: the value written last.
        min: the least value, ignoring NaN; NaN if all are NaN.
        max: the greatest value, ignoring NaN; NaN if all are NaN.
        mean: the mean of the finite values, in float64; NaN if there are none.
        nans: number of values that are NaN.
        infinities: number of values that are infinite.
    """

    first: float
    last: float
    min: float
    max: float
    mean: float
    nans: int
    infinities: int


@dataclass(frozen=True, slots=True)
class TagDescription:
    """The values of one kind under one tag of a run.

    Steps and times are None if the values have none, as hyperparameters do.

    Attributes:
        tag: the tag.
        kind: the kind of the values: "scalars", "images", ... as in `Run.counts`.
        count: number of values.
        first_step: the least step.
        last_step: the greatest step.
        first_time: the earliest wall time, in seconds since 1970.
        last_time: the latest wall time.
        stats: statistics of scalars, if they were requested; else None.
    """

    tag: str
    kind: str
    count: int
    first_step: int | None = None
    last_step: int | None = None
    first_time: float | None = None
    last_time: float | None = None
    stats: ScalarStats | None = None


class _Extent(NamedTuple):
    """Steps and times of a `TagDescription`."""

    first_step: int
    last_step: int
    first_time: float | None
    last_time: float | None


@dataclass(frozen=True, slots=True)
class RunDescription:
    """The contents of a run.

    Steps and times are None if no value has any.

    Attributes:
        name: the name, as TensorBoard shows it.
        path: the folder or file.
        files: the event files, in order.
        size: the size of the files in bytes.
        tags: the tags, in the order in which they first appear.
        problems: what could not be read.
    """

    name: str
    path: str
    files: tuple[str, ...]
    size: int
    tags: tuple[TagDescription, ...]
    problems: tuple[Problem, ...]

    @property
    def count(self) -> int:
        """Number of values of all kinds."""
        return sum(tag.count for tag in self.tags)

    @property
    def kinds(self) -> dict[str, int]:
        """Kind -> number of tags with values of this kind."""
        return dict(Counter(tag.kind for tag in self.tags))

    @property
    def first_step(self) -> int | None:
        """The least step."""
        return min((tag.first_step for tag in self.tags if tag.first_step is not None), default=None)

    @property
    def last_step(self) -> int | None:
        """The greatest step."""
        return max((tag.last_step for tag in self.tags if tag.last_step is not None), default=None)

    @property
    def first_time(self) -> float | None:
        """The earliest wall time, in seconds since 1970."""
        return min((tag.first_time for tag in self.tags if tag.first_time is not None), default=None)

    @property
    def last_time(self) -> float | None:
        """The latest wall time, in seconds since 1970."""
        return max((tag.last_time for tag in self.tags if tag.last_time is not None), default=None)


def scalar_stats(series: ScalarSeries) -> ScalarStats:
    """Returns statistics of the values of a series.

    Raises:
        ValueError: if the series has no points.
    """
    if not len(series):
        raise ValueError(f"{series.tag!r} has no points")
    values = series.values.astype(np.float64)
    nan = np.isnan(values)
    numbers = values[~nan]
    finite = numbers[np.isfinite(numbers)]
    return ScalarStats(
        first=float(values[0]),
        last=float(values[-1]),
        min=float(numbers.min()) if len(numbers) else float("nan"),
        max=float(numbers.max()) if len(numbers) else float("nan"),
        mean=_mean(finite),
        nans=int(nan.sum()),
        infinities=len(numbers) - len(finite),
    )


def _mean(values: NDArray[np.float64]) -> float:
    """Returns the mean of finite values, even if their sum overflows float64."""
    if not len(values):
        return float("nan")
    with np.errstate(over="ignore"):
        mean = float(values.mean())
    return mean if np.isfinite(mean) else float((values / len(values)).sum())


def describe_run(run: Run | StrPath, *, kinds: Iterable[str] | None = None, stats: bool = True) -> RunDescription:
    """Describes a run: its tags with their counts, steps and times.

    Args:
        run: a run, or the path of one.
        kinds: the kinds to describe: "scalars", "images", ...; None means all.
        stats: if True, compute the `ScalarStats` of scalars, which takes longer than all the rest.

    Raises:
        RunNotFoundError, OSError: as `read_run` does.
    """
    if not isinstance(run, Run):
        run = read_run(run)
    wanted = None if kinds is None else set(kinds)
    extents = {} if stats or (wanted is not None and "scalars" not in wanted) else _scalar_extents(run)
    tags = [
        TagDescription(tag, kind, count, *extents[tag])
        if kind == "scalars" and tag in extents
        else _describe_tag(run, tag, kind, count, stats)
        for tag, kind, count in run.tag_counts()
        if wanted is None or kind in wanted
    ]
    return RunDescription(run.name, run.path, run.files, size_of(run.files), tuple(tags), run.problems)


def _describe_tag(run: Run, tag: str, kind: str, count: int, stats: bool) -> TagDescription:
    series: Any = run.series(kind)[tag] if kind_named(kind).by_tag else None
    if series is None or not len(series.steps):
        return TagDescription(tag, kind, count)
    found = scalar_stats(series) if stats and isinstance(series, ScalarSeries) else None
    return TagDescription(tag, kind, count, *_extent(series.steps, series.wall_times), found)


def _extent(steps: NDArray[np.int64], times: NDArray[np.float64]) -> _Extent:
    """Returns the least and greatest step and time of points."""
    least, most = np.minimum.reduce, np.maximum.reduce  # the methods of arrays take half as long again
    if np.isnan(least(times)):
        times = times[~np.isnan(times)]
    first, last = (float(least(times)), float(most(times))) if len(times) else (None, None)
    return _Extent(int(least(steps)), int(most(steps)), first, last)


def _scalar_extents(run: Run) -> dict[str, _Extent]:
    """Returns the extent of each scalar tag that has points. For short series, one numpy call handles all of them."""
    columns = {tag: columns for tag, columns in run.scalar_columns() if len(columns.steps)}
    lengths = [len(each.steps) for each in columns.values()]
    if not lengths or sum(lengths) > _TOGETHER:
        return {tag: _extent(each.steps, each.wall_times) for tag, each in columns.items()}
    starts = [0, *itertools.accumulate(lengths[:-1])]
    steps = np.concatenate([each.steps for each in columns.values()])
    times = np.concatenate([each.wall_times for each in columns.values()])
    found = (
        reduce(column, starts).tolist()
        for column in (steps, times)
        for reduce in (np.minimum.reduceat, np.maximum.reduceat)
    )
    extents = dict(zip(columns, map(_Extent, *found), strict=True))
    if np.isnan(times).any():
        extents |= {tag: _extent(each.steps, each.wall_times) for tag, each in columns.items()}
    return extents


def lazy_series(run: Run) -> Iterator[Any]:
    """Yields the series of a run whose values are decoded on access."""
    present = run.counts()
    for kind in lazy_kinds():
        if kind.name in present:
            yield from run.series(kind.name).values()
