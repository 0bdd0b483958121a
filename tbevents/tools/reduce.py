"""Reduce: computes mean, standard deviation, quantiles and other statistics over runs at equal steps."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import RunNotFoundError, checked_choice
from tbevents.files import StrPath, subfolder
from tbevents.format.values import whole
from tbevents.reading.frames import Categories, Column, Frame
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.points import PointColumns
from tbevents.reading.problem import tell_of
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run
from tbevents.tools.names import NO_EVENT_FILE, OnProblem, open_refs, refs_below
from tbevents.tools.point_spool import PointSpool, SpooledPoints
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.scalar_files import ScalarColumns, write_runs
from tbevents.tools.temporary_files import temporary_files_named
from tbevents.views.groups import PointsByStep, over_runs, quantiles, run_patterns, segment_means

StepValue: TypeAlias = Literal["last", "first", "mean"]
"""Which value counts if a run has several at a step."""

STATS: Final = ("mean", "std", "min", "max", "median")
"""The statistics by name, besides quantiles such as ``q0.9``."""

_CELLS: Final = 1 << 18
"""Number of values, of some steps in all runs, that are reduced at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class ReducedTag:
    """Statistics of one tag over runs.

    Attributes:
        tag: the tag.
        steps: int64, shape (n,), ascending.
        runs: number of runs with a value at each step; int64, shape (n,).
        wall_times: mean wall time of these runs; float64 seconds since 1970, shape (n,).
        stats: float64 values, shape (n,), by name of the statistic.
    """

    tag: str
    steps: NDArray[np.int64]
    runs: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    stats: Mapping[str, NDArray[np.float64]] = field(repr=False)

    def where(self, chosen: NDArray[np.bool_]) -> ReducedTag:
        """Returns the chosen steps only; `chosen` is bool, shape (n,)."""
        stats = {name: values[chosen] for name, values in self.stats.items()}
        return ReducedTag(self.tag, self.steps[chosen], self.runs[chosen], self.wall_times[chosen], stats)


@dataclass(frozen=True, slots=True, eq=False)
class Reduced(Frame):
    """Statistics over runs; as a table it has the columns tag, step, runs, and one for each statistic.

    Attributes:
        paths: the paths of the runs.
        tags: the tags, in the order in which they first appear.
        stats: the names of the statistics.
    """

    paths: tuple[str, ...]
    tags: tuple[ReducedTag, ...]
    stats: tuple[str, ...]

    def _columns(self) -> Mapping[str, Column]:
        lengths = [len(tag.steps) for tag in self.tags]
        codes = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        empty: list[NDArray[Any]] = [np.empty(0, np.int64)]
        numbers: list[NDArray[Any]] = [np.empty(0, np.float64)]
        return {
            "tag": Categories(codes, tuple(tag.tag for tag in self.tags)),
            "step": np.concatenate(empty + [tag.steps for tag in self.tags]),
            "runs": np.concatenate(empty + [tag.runs for tag in self.tags]),
            **{name: np.concatenate(numbers + [tag.stats[name] for tag in self.tags]) for name in self.stats},
        }


def reduce(
    sources: StrPath | Iterable[StrPath],
    *,
    stats: Sequence[str] = ("mean", "std", "min", "max"),
    tags: Sequence[str] | None = None,
    lax_tags: bool = False,
    lax_steps: bool = False,
    min_runs: int = 1,
    duplicates: StepValue = "last",
    ddof: int = 0,
    checksums: Checksums = "verify",
    progress: Progress = no_progress,
    on_problem: OnProblem | None = None,
) -> Reduced:
    """Computes statistics of scalars over runs in float64. If a value is NaN, so is the result.

    Memory is that of the result, of the largest run, and some 30 MiB: the points of many runs wait in a temporary file,
    28 bytes a point.

    Args:
        sources: runs, event files, or folders of runs, of which all runs are used; or one of these.
        stats: any of "mean", "std", "min", "max", "median", and linearly interpolated quantiles such as "q0.9".
        tags: patterns of the tags to use; None means all.
        lax_tags: if True, include tags that only some runs have; otherwise they are an error.
        lax_steps: if True, include steps that only some runs have, computed over those; otherwise they are an error.
        min_runs: leave out steps that fewer runs have, as at the end of runs of different lengths, and tags without any
            remaining step.
        duplicates: which value to use if a run has several at a step.
        ddof: delta degrees of freedom: "std" divides by the number of runs minus this; NaN if that is not positive.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.
        progress: called with the number of runs done.
        on_problem: called with each problem; None issues warnings instead.

    Raises:
        ValueError: if a statistic is unknown, there are no runs or no scalars, tags or steps differ without `lax_tags`
            or `lax_steps`, or no step is in `min_runs` runs; if `min_runs` is below 1 or `ddof` below 0.
        TypeError: if `min_runs` or `ddof` is not a whole number.
        RunNotFoundError: if a path does not exist or has no runs.
        UnknownNameError: if a pattern matches no tag.
        OSError: if a file cannot be read, or the temporary file cannot be written.
    """
    reduction = _Reduction(
        stats, tags, duplicates, lax_tags=lax_tags, lax_steps=lax_steps, min_runs=min_runs, ddof=ddof
    )
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    refs = [ref for source in sources for ref in _runs_of(source, on_problem)]
    if not refs:
        raise ValueError("there are no runs to reduce")
    options = ReadOptions(kinds=("scalars",), checksums=checksums)
    with temporary_files_named(), reduction:
        for done, (path, series) in enumerate(_scalars_of(refs, options, on_problem), 1):
            reduction.add(path, series)
            progress(done, len(refs))
        return reduction.result()


def reduce_runs(
    runs: Iterable[Run],
    *,
    stats: Sequence[str] = ("mean", "std", "min", "max"),
    tags: Sequence[str] | None = None,
    lax_tags: bool = False,
    lax_steps: bool = False,
    min_runs: int = 1,
    duplicates: StepValue = "last",
    ddof: int = 0,
) -> Reduced:
    """Computes the statistics of `reduce` for runs that have been read.

    Args:
        runs: one or more runs. Each is let go before the next one is taken; its points are kept as `reduce` does.
        stats: the statistics, as in `reduce`.
        tags: patterns of tags.
        lax_tags: if True, tags may differ.
        lax_steps: if True, steps may differ.
        min_runs: the least number of runs that a step needs.
        duplicates: which value to use if a run has several at a step.
        ddof: delta degrees of freedom of the standard deviation.

    Raises:
        ValueError, TypeError, UnknownNameError: as in `reduce`.
    """
    reduction = _Reduction(
        stats, tags, duplicates, lax_tags=lax_tags, lax_steps=lax_steps, min_runs=min_runs, ddof=ddof
    )
    with temporary_files_named(), reduction:
        for run in runs:
            reduction.add(run.path, run.scalar_columns())
            del run
        return reduction.result()


def _runs_of(source: StrPath, on_problem: OnProblem | None) -> list[RunRef]:
    found = refs_below(source, None, on_problem=on_problem)
    if not found:
        raise RunNotFoundError(os.fspath(source), NO_EVENT_FILE)
    return found


def _scalars_of(
    refs: Sequence[RunRef], options: ReadOptions, on_problem: OnProblem | None
) -> Iterator[tuple[str, Iterable[tuple[str, PointColumns]]]]:
    """Yields the path and the scalars of each run.

    Raises:
        OSError: if an event file that the caller named cannot be read.
    """
    for run in open_refs(refs, options):
        tell_of(run.problems, on_problem)
        yield run.path, run.scalar_columns()


def write_reduced(reduced: Reduced, out: StrPath) -> list[str]:
    """Writes each statistic as a run: ``out/mean``, ``out/std``, ...

    Values are float32, as `SummaryWriter.add_scalar` writes them, but for those of a tag that has statistics beyond its
    range: they are float64, which TensorBoard shows only with ``--load_fast=false``.

    Args:
        reduced: the statistics, as returned by `reduce`.
        out: the folder.

    Returns:
        The event files.

    Raises:
        FileExistsError: if a run exists already; nothing is written then.
        OSError: if a file cannot be written.
    """
    return write_runs(
        {
            subfolder(os.fspath(out), name, "stats"): [
                ScalarColumns(tag.tag, tag.steps, tag.wall_times, tag.stats[name]) for tag in reduced.tags
            ]
            for name in reduced.stats
        }
    )


def _quantile(name: str) -> float | None:
    """Returns the probability in a quantile's name; None for other statistics.

    Raises:
        ValueError: if the statistic is unknown.
    """
    if name in STATS:
        return None
    share = -1.0
    if isinstance(name, str) and name.startswith("q") and "_" not in name:  # which float allows between digits
        with suppress(ValueError):
            share = float(name[1:])
    if not 0 <= share <= 1:
        raise ValueError(f"unknown statistic {name!r}; it must be {', '.join(STATS)}, or a quantile such as q0.9")
    return share


class _Reduction:
    """Gathers the points of runs, and computes their statistics.

    A context manager: at its end, the temporary file is gone. The arguments are those of `reduce`, and are checked.
    """

    def __init__(
        self,
        stats: Sequence[str],
        tags: Sequence[str] | None,
        duplicates: StepValue,
        *,
        lax_tags: bool,
        lax_steps: bool,
        min_runs: int,
        ddof: int,
    ) -> None:
        for name in stats:
            _quantile(name)
        self._stats = tuple(dict.fromkeys(stats))
        self._wanted = NameFilter(tags, noun="tag")
        self._duplicates = checked_choice("duplicates", duplicates, get_args(StepValue))
        self._lax_tags = lax_tags
        self._lax_steps = lax_steps
        self._min_runs = whole("min_runs", min_runs, least=1)
        self._ddof = whole("ddof", ddof, least=0)
        self._paths: list[str] = []
        self._tags: dict[str, _TagRuns] = {}
        self._spool = PointSpool()

    def __enter__(self) -> _Reduction:
        return self

    def __exit__(self, *error: object) -> None:
        self._spool.close()

    def add(self, path: str, series: Iterable[tuple[str, PointColumns]]) -> None:
        """Adds the scalars of a run."""
        run = len(self._paths)
        self._paths.append(path)
        for tag, columns in series:
            if not self._wanted(tag):
                continue
            points = _unique(columns, self._duplicates)
            of_tag = self._tags.get(tag)
            if of_tag is None:
                of_tag = self._tags[tag] = _TagRuns(points.steps)
            if np.array_equal(points.steps, of_tag.steps):
                points = points._replace(steps=of_tag.steps)  # which most runs share
            elif of_tag.odd is None:
                of_tag.odd = run, int(np.setxor1d(points.steps, of_tag.steps)[0])
            of_tag.runs.append(run)
            self._spool.add(tag, run, points)

    def result(self) -> Reduced:
        """Returns the statistics of what was added, as `reduce` does, and raises as it does."""
        paths = self._paths
        where = ", ".join(paths[:3])
        self._wanted.check(where)
        if not self._tags:
            raise ValueError(f"{where}: there are no scalars to reduce")
        reduced = []
        for tag, of_tag in self._tags.items():
            if len(of_tag.runs) < len(paths) and not self._lax_tags:
                lacking = next(place for place, run in enumerate([*of_tag.runs, -1]) if place != run)
                raise ValueError(
                    f"{paths[lacking]}: no tag {tag!r}, which {paths[of_tag.runs[0]]} has; "
                    "lax tags (--lax-tags) allow that"
                )
            if of_tag.odd is not None and not self._lax_steps:
                run, step = of_tag.odd
                raise ValueError(
                    f"{paths[run]}: the steps of {tag!r} differ from those in {paths[of_tag.runs[0]]}: "
                    f"only one has step {step}; lax steps (--lax-steps) allow that"
                )
            if not len(of_tag.steps) and of_tag.odd is None:
                continue  # restarts left no points in any run
            found = self._reduce(tag, of_tag)
            if len(found.steps):
                reduced.append(found)
        if not reduced:
            raise ValueError(f"{where}: no step is in {self._min_runs} runs")
        return Reduced(tuple(paths), tuple(reduced), self._stats)

    def _reduce(self, tag: str, of_tag: _TagRuns) -> ReducedTag:
        """Computes the statistics of a tag, some steps at a time."""
        steps = of_tag.steps if of_tag.odd is None else self._spool.steps(tag)
        runs = np.array(of_tag.runs, np.int32)
        width = max(1, _CELLS // len(runs))
        parts = []
        for number, several in enumerate(self._spool.between(tag, steps[::width])):
            some = steps[number * width :][:width]
            part = _reduce_steps(tag, some, runs, several, self._stats, self._ddof)
            parts.append(part.where(part.runs >= self._min_runs))
        stats = {name: np.concatenate([part.stats[name] for part in parts]) for name in self._stats}
        kept, counts = np.concatenate([part.steps for part in parts]), np.concatenate([part.runs for part in parts])
        return ReducedTag(tag, kept, counts, np.concatenate([part.wall_times for part in parts]), stats)


class _TagRuns:
    """The runs that have a tag.

    Args:
        steps: of the first of them.

    Attributes:
        steps: as given.
        runs: their numbers.
        odd: the first run that has other steps, and a step that only one of both has; None if there is none.
    """

    def __init__(self, steps: NDArray[np.int64]) -> None:
        self.steps = steps
        self.runs = array("i")
        self.odd: tuple[int, int] | None = None


def _reduce_steps(
    tag: str,
    steps: NDArray[np.int64],
    runs: NDArray[np.int32],
    several: Iterable[SpooledPoints],
    stats: Sequence[str],
    ddof: int,
) -> ReducedTag:
    """Computes the statistics of a tag at some steps, over runs of which each has a point at some of them."""
    values = np.zeros((len(runs), len(steps)))
    times = np.zeros((len(runs), len(steps)))
    present = np.zeros((len(runs), len(steps)), np.bool_)
    for points in several:
        at = np.searchsorted(runs, points.runs), np.searchsorted(steps, points.steps)
        values[at], times[at], present[at] = points.values, points.wall_times, True
    counts = present.sum(axis=0)
    found = {name: np.empty(len(steps)) for name in stats}
    for having, at_steps in run_patterns(present):
        block = values[having][:, at_steps]
        for name in stats:
            found[name][at_steps] = _statistic(name, block, ddof)
    with np.errstate(invalid="ignore"):
        return ReducedTag(tag, steps, counts, np.where(present, times, 0.0).sum(axis=0) / counts, found)


def _unique(points: PointColumns, duplicates: StepValue) -> PointColumns:
    """Returns ascending unique steps, their times and values: copies, as the columns may be parts of larger ones."""
    steps, times, values = points.steps, points.wall_times, points.values.astype(np.float64)
    if bool((steps[1:] > steps[:-1]).all()):
        return PointColumns(steps.copy(), times.copy(), values)
    by_step = PointsByStep.of(steps)
    if duplicates == "mean":
        means = segment_means(values[by_step.order], by_step.starts, by_step.counts)
        return PointColumns(by_step.steps, times[by_step.last], means)
    places = by_step.first if duplicates == "first" else by_step.last
    return PointColumns(by_step.steps, times[places], values[places])


def _statistic(name: str, block: NDArray[np.float64], ddof: int) -> NDArray[np.float64]:
    """Computes a statistic over the rows; NaN if there are too few for the standard deviation."""
    share = _quantile(name)
    with np.errstate(all="ignore"):
        if share is not None:
            return np.asarray(quantiles(block, [share])[0])
        if name == "std" and len(block) <= ddof:
            return np.full(block.shape[1], np.nan)
        options = {"ddof": ddof} if name == "std" else {}
        return over_runs(partial(getattr(np, name), axis=0, **options), block)
