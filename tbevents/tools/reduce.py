"""Reduce: computes mean, standard deviation, quantiles and other statistics over runs at equal steps."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import RunNotFoundError, did_you_mean
from tbevents.files import StrPath, subfolder
from tbevents.reading.frames import Categories, Column, Frame
from tbevents.reading.options import Checksums
from tbevents.reading.run import Run
from tbevents.tools.names import NameFilter, OnProblem, read_telling, runs_below
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.scalar_files import ScalarColumns, write_runs

__all__ = ["Duplicates", "Reduced", "ReducedTag", "reduce", "reduce_runs", "write_reduced"]

Duplicates: TypeAlias = Literal["last", "first", "mean"]

STATS: Final = ("mean", "std", "min", "max", "median")
"""The statistics by name, besides quantiles such as ``q0.9``."""


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
    sources: Iterable[StrPath],
    *,
    stats: Sequence[str] = ("mean", "std", "min", "max"),
    tags: Sequence[str] | None = None,
    lax_tags: bool = False,
    lax_steps: bool = False,
    min_runs: int = 1,
    duplicates: Duplicates = "last",
    ddof: int = 0,
    checksums: Checksums = "verify",
    progress: Progress = no_progress,
    on_problem: OnProblem | None = None,
) -> Reduced:
    """Computes statistics of scalars over runs in float64. If a value is NaN, so is the result.

    Args:
        sources: runs, event files, or folders of runs, of which all runs are used.
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
            or `lax_steps`, or no step is in `min_runs` runs.
        RunNotFoundError: if a path does not exist or has no runs.
        UnknownNameError: if a pattern matches no tag.
        OSError: if a file cannot be read.
    """
    for name in stats:
        _quantile(name)
    if duplicates not in (known := get_args(Duplicates)):
        hint = did_you_mean(duplicates, known)
        raise ValueError(f"duplicates must be one of {', '.join(known)}, not {duplicates!r}{hint}")
    paths = [path for source in sources for path in _runs_of(source, on_problem)]
    if not paths:
        raise ValueError("there are no runs to reduce")

    def runs() -> Iterator[Run]:
        for done, path in enumerate(paths, 1):
            yield read_telling(path, kinds=("scalars",), checksums=checksums, on_problem=on_problem)
            progress(done, len(paths))

    return reduce_runs(
        runs(),
        stats=stats,
        tags=tags,
        lax_tags=lax_tags,
        lax_steps=lax_steps,
        min_runs=min_runs,
        duplicates=duplicates,
        ddof=ddof,
    )


def reduce_runs(
    runs: Iterable[Run],
    *,
    stats: Sequence[str] = ("mean", "std", "min", "max"),
    tags: Sequence[str] | None = None,
    lax_tags: bool = False,
    lax_steps: bool = False,
    min_runs: int = 1,
    duplicates: Duplicates = "last",
    ddof: int = 0,
) -> Reduced:
    """Computes the statistics of `reduce` for runs that have been read.

    Args:
        runs: one or more runs. Each is let go before the next one is taken; its steps and values are kept.
        stats: the statistics, as in `reduce`.
        tags: patterns of tags.
        lax_tags: if True, tags may differ.
        lax_steps: if True, steps may differ.
        min_runs: the least number of runs that a step needs.
        duplicates: which value to use if a run has several at a step.
        ddof: delta degrees of freedom of the standard deviation.

    Raises:
        ValueError, UnknownNameError: as in `reduce`.
    """
    wanted_stats = tuple(dict.fromkeys(stats))
    wanted = NameFilter(tags, noun="tag")
    known: dict[str, dict[int, _Points]] = {}  # tag -> place of a run among the paths -> points
    paths: list[str] = []
    for run in runs:
        paths.append(run.path)
        of_run: _Points | None = None
        for tag in run.scalars:
            having = known.setdefault(tag, {})
            if wanted(tag):
                before = next(iter(having.values()), of_run)
                of_run = having[len(paths) - 1] = _unique(run, tag, duplicates, before)
        del run
    chosen = [tag for tag in known if wanted(tag)]
    where = ", ".join(paths[:3])
    wanted.check(where)
    if not chosen:
        raise ValueError(f"{where}: there are no scalars to reduce")
    reduced = []
    for tag in chosen:
        having = known.pop(tag)
        if len(having) < len(paths) and not lax_tags:
            lacking = next(path for place, path in enumerate(paths) if place not in having)
            raise ValueError(
                f"{lacking}: no tag {tag!r}, which {paths[next(iter(having))]} has; lax tags (--lax-tags) allow that"
            )
        of_tag = _reduce_tag(
            tag, [(paths[place], points) for place, points in having.items()], wanted_stats, lax_steps, ddof
        )
        if of_tag.runs.max(initial=0) >= min_runs:
            reduced.append(of_tag.where(of_tag.runs >= min_runs))
    if not reduced:
        raise ValueError(f"{where}: no step is in {min_runs} runs")
    return Reduced(tuple(paths), tuple(reduced), wanted_stats)


def _runs_of(source: StrPath, on_problem: OnProblem | None) -> list[str]:
    found = list(runs_below(source, on_problem=on_problem).values())
    if not found:
        raise RunNotFoundError(f"{os.fspath(source)}: no runs")
    return found


def write_reduced(reduced: Reduced, out: StrPath) -> list[str]:
    """Writes each statistic as a run: ``out/mean``, ``out/std``, ...

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
    try:
        share = float(name.removeprefix("q")) if name.startswith("q") else -1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"unknown statistic {name!r}; it must be {', '.join(STATS)}, or a quantile such as q0.9")
    return share


class _Points(NamedTuple):
    """The points of one tag in one run.

    Attributes:
        steps: ascending and unique; int64, shape (n,).
        wall_times: float64, shape (n,).
        values: float64, shape (n,).
    """

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float64]


def _reduce_tag(
    tag: str, runs: Sequence[tuple[str, _Points]], stats: Sequence[str], lax_steps: bool, ddof: int
) -> ReducedTag:
    first, (steps, _, _) = runs[0]
    for path, points in runs:
        if points.steps is not steps and not np.array_equal(points.steps, steps):
            if not lax_steps:
                odd = np.setxor1d(points.steps, steps)[0]
                raise ValueError(
                    f"{path}: the steps of {tag!r} differ from those in {first}: only one has step {odd}; "
                    "lax steps (--lax-steps) allow that"
                )
            steps = np.union1d(steps, points.steps)
    values = np.zeros((len(runs), len(steps)))
    times = np.zeros((len(runs), len(steps)))
    present = np.zeros((len(runs), len(steps)), np.bool_)
    for row, (_, (own, own_times, own_values)) in enumerate(runs):
        places = np.searchsorted(steps, own)
        values[row, places], times[row, places], present[row, places] = own_values, own_times, True
    counts = present.sum(axis=0)
    found = {name: np.empty(len(steps)) for name in stats}
    # Steps that are in the same runs are computed together.
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        at = np.flatnonzero(which.ravel() == number)
        block = values[patterns[:, number]][:, at]
        for name in stats:
            found[name][at] = _statistic(name, block, ddof)
    with np.errstate(invalid="ignore"):
        return ReducedTag(tag, steps, counts, np.where(present, times, 0.0).sum(axis=0) / counts, found)


def _unique(run: Run, tag: str, duplicates: Duplicates, like: _Points | None) -> _Points:
    """Returns ascending unique steps with their times and values; the steps of `like`, if they are the same."""
    series = run.scalars[tag]
    values = series.values.astype(np.float64)
    order = np.argsort(series.steps, kind="stable")
    steps, starts, counts = np.unique(series.steps[order], return_index=True, return_counts=True)
    if like is not None and np.array_equal(like.steps, steps):
        steps = like.steps
    last = starts + counts - 1
    times = series.wall_times[order]
    if duplicates == "mean":
        return _Points(steps, times[last], np.add.reduceat(values[order], starts) / counts)
    places = starts if duplicates == "first" else last
    return _Points(steps, times[places], values[order][places])


def _statistic(name: str, block: NDArray[np.float64], ddof: int) -> NDArray[np.float64]:
    """Computes a statistic over the rows; NaN if there are too few for the standard deviation."""
    share = _quantile(name)
    with np.errstate(all="ignore"):
        if share is not None:
            return np.asarray(np.quantile(block, share, axis=0))
        if name == "std":
            if len(block) <= ddof:
                return np.full(block.shape[1], np.nan)
            return np.asarray(block.std(axis=0, ddof=ddof))
        return np.asarray(getattr(np, name)(block, axis=0))
