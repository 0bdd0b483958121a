"""Diff: compares the runs, tags and points of two logdirs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.files import StrPath
from tbevents.format.values import as_float
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums
from tbevents.reading.run import Run
from tbevents.tools.names import OnProblem, read_telling, refs_below
from tbevents.tools.record_copy import Progress, RecordReader, no_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Largest difference between values that count as equal: ``|a - b| <= atol + rtol * |b|``, as in numpy.

    An infinity equals itself. NaN equals NaN unless `nan_ok` is False.

    Attributes:
        rtol: relative tolerance, a fraction of the second value.
        atol: absolute tolerance.
        wall_time: tolerance of wall times in seconds; None does not compare them.
        nan_ok: if True, NaN equals NaN.
    """

    rtol: float = 0.0
    atol: float = 0.0
    wall_time: float | None = None
    nan_ok: bool = True

    def __post_init__(self) -> None:
        for name in ("rtol", "atol", "wall_time"):
            value = getattr(self, name)
            if value is None and name == "wall_time":
                continue
            number = as_float(value, name=name)
            if not number >= 0:
                raise ValueError(f"{name} must be 0 or more, not {value!r}")
            object.__setattr__(self, name, number)

    def near(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
        """Compares two real or complex arrays of one shape elementwise; True if the values are equal."""
        return _close(a, b, self.rtol, self.atol, self.nan_ok)


class PointDiff(NamedTuple):
    """A point that differs.

    Attributes:
        step: the step.
        a: the value in the first run; None if the point is missing.
        b: the value in the second run; None if the point is missing.
        wall_time_a: the first point's time in seconds since 1970; None if the point is missing.
        wall_time_b: the second point's time; None if the point is missing.
    """

    step: int
    a: float | None
    b: float | None
    wall_time_a: float | None
    wall_time_b: float | None


@dataclass(frozen=True, slots=True)
class TagDiff:
    """A tag that differs.

    Attributes:
        tag: the tag.
        kind: "scalars", or "values" for other kinds, which are compared by their stored bytes.
        count_a: number of values in the first run; 0 if it does not have the tag.
        count_b: number of values in the second run.
        equal: number of equal values.
        points: for scalars, the points that differ, by step.
        steps: for other kinds, the steps of the values that differ.
    """

    tag: str
    kind: str
    count_a: int
    count_b: int
    equal: int
    points: tuple[PointDiff, ...] = field(default=(), repr=False)
    steps: tuple[int, ...] = field(default=(), repr=False)

    @property
    def first_step(self) -> int:
        """The first step that differs."""
        return self.points[0].step if self.points else self.steps[0]

    @property
    def differing(self) -> int:
        """Number of values that differ or are missing from one side."""
        return len(self.points) + len(self.steps)

    @property
    def largest(self) -> float | None:
        """The largest difference between two values; None if no two numbers differ."""
        gaps = [abs(p.a - p.b) for p in self.points if p.a is not None and p.b is not None]
        return max((gap for gap in gaps if gap == gap), default=None)  # not NaN


@dataclass(frozen=True, slots=True)
class RunDiff:
    """A run that differs.

    Attributes:
        run: its name.
        only: "a" or "b" if only this side has the run, else None. If `tags` were chosen, a run without any of them does
            not count.
        tags: the tags that differ.
    """

    run: str
    only: str | None
    tags: tuple[TagDiff, ...]


def diff(
    a: StrPath,
    b: StrPath,
    *,
    tags: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    tolerance: Tolerance | None = None,
    scalars_only: bool = False,
    checksums: Checksums = "verify",
    progress: Progress = no_progress,
    on_problem: OnProblem | None = None,
) -> Iterator[RunDiff]:
    """Compares the runs below two paths by name. Two paths of one run each are compared whatever the names.

    Points of a tag are paired by step; with several at one step, in the order written.

    Args:
        a: a folder of runs, a run, or an event file.
        b: another one.
        tags: patterns of the tags to compare; None means all.
        runs: patterns of the runs to compare; None means all.
        tolerance: tolerance of values and wall times; None means none.
        scalars_only: if True, compare scalars only. Other values are compared by their stored bytes.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.
        progress: called with the number of runs done.
        on_problem: called with each problem; None issues warnings instead.

    Yields:
        The runs that differ, by name.

    Raises:
        RunNotFoundError: if the path does not exist.
        UnknownNameError: if a pattern matches nothing on either side.
        OSError: if a file cannot be read.
    """
    tolerance = Tolerance() if tolerance is None else tolerance
    wanted_runs, wanted_tags = NameFilter(runs, noun="run"), NameFilter(tags, noun="tag")
    runs_a, runs_b = (
        {ref.name: ref for ref in refs_below(side, wanted_runs, on_problem=on_problem)} for side in (a, b)
    )
    wanted_runs.check(f"{a}, {b}")
    if len(runs_a) == len(runs_b) == 1:
        (name,) = runs_a
        runs_b = {name: next(iter(runs_b.values()))}
    names = sorted({*runs_a, *runs_b})
    for done, name in enumerate(names, 1):
        sides = [
            read_telling(side[name], name, checksums=checksums, on_problem=on_problem) if name in side else None
            for side in (runs_a, runs_b)
        ]
        found = _diff_sides(sides[0], sides[1], wanted_tags, tolerance, scalars_only)
        only = None if all(sides) else "a" if sides[0] is not None else "b"
        if found or (only and not wanted_tags and not scalars_only):
            yield RunDiff(name, only, tuple(found))
        progress(done, len(names))
    wanted_tags.check(f"{a}, {b}")


def diff_runs(
    a: Run, b: Run, *, tags: Sequence[str] | None = None, tolerance: Tolerance | None = None
) -> list[TagDiff]:
    """Compares the scalars of two runs.

    Args:
        a: a run.
        b: another.
        tags: patterns of the tags to compare; None means all.
        tolerance: tolerance of values and wall times; None means none.

    Returns:
        The tags that differ, in the order in which they first appear.
    """
    return _diff_scalars(a, b, NameFilter(tags, noun="tag"), Tolerance() if tolerance is None else tolerance)


def diff_series(a: ScalarSeries | None, b: ScalarSeries | None, tolerance: Tolerance) -> TagDiff | None:
    """Compares two series of one tag.

    Returns None if they are equal.

    Args:
        a: a series; None if the first run does not have the tag.
        b: another one; None if the second run does not have the tag.
        tolerance: tolerance of values and wall times.
    """
    one = b if a is None else a
    if one is None:
        return None
    a, b = (one[:0] if each is None else each for each in (a, b))
    keys_a, keys_b = _keys(a.steps), _keys(b.steps)
    places_a, places_b = _pairs(keys_a, keys_b)
    equal = tolerance.near(*(side.astype(np.float64) for side in (a.values[places_a], b.values[places_b])))
    if tolerance.wall_time is not None:
        equal &= _close(a.wall_times[places_a], b.wall_times[places_b], 0.0, tolerance.wall_time)
    rows: list[tuple[int | None, int | None]] = [
        *zip(places_a[~equal].tolist(), places_b[~equal].tolist(), strict=True),
        *((at, None) for at in _missing(len(a), places_a)),
        *((None, at) for at in _missing(len(b), places_b)),
    ]
    if not rows:
        return None

    def key(row: tuple[int | None, int | None]) -> tuple[int, int]:
        (steps, occurrences), at = (keys_b, row[1]) if row[0] is None else (keys_a, row[0])
        return int(steps[at]), int(occurrences[at])

    points = tuple(
        PointDiff(
            key(row)[0],
            *(None if at is None else float(side.values[at]) for side, at in zip((a, b), row, strict=True)),
            *(None if at is None else float(side.wall_times[at]) for side, at in zip((a, b), row, strict=True)),
        )
        for row in sorted(rows, key=key)
    )
    return TagDiff(one.tag, "scalars", len(a), len(b), int(equal.sum()), points)


_Keys = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Steps of points, and the number of earlier points at the same step."""


def _keys(steps: NDArray[np.int64]) -> _Keys:
    order = np.argsort(steps, kind="stable")
    ordered = steps[order]
    fresh = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    counts = np.diff(np.append(fresh, len(ordered)))
    occurrences = np.empty(len(steps), np.int64)
    occurrences[order] = np.arange(len(steps)) - np.repeat(fresh, counts)
    return steps, occurrences


def _pairs(a: _Keys, b: _Keys) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the indices of the points with equal keys."""
    dtype = [("step", np.int64), ("occurrence", np.int64)]
    keys = [np.empty(len(side[0]), dtype) for side in (a, b)]
    for key, side in zip(keys, (a, b), strict=True):
        key["step"], key["occurrence"] = side
    _, places_a, places_b = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    return places_a, places_b


def _missing(count: int, places: NDArray[np.intp]) -> list[int]:
    """Returns the indices below `count` that are not in `places`."""
    alone = np.ones(count, np.bool_)
    alone[places] = False
    found: list[int] = np.flatnonzero(alone).tolist()
    return found


def _close(a: NDArray[Any], b: NDArray[Any], rtol: float, atol: float, nan_ok: bool = True) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(a - b) <= atol + rtol * np.abs(b)
    near &= np.isfinite(a) & np.isfinite(b)
    near |= a == b
    found: NDArray[np.bool_] = near | (np.isnan(a) & np.isnan(b)) if nan_ok else near
    return found


def _diff_scalars(a: Run | None, b: Run | None, wanted: NameFilter, tolerance: Tolerance) -> list[TagDiff]:
    known: dict[str, None] = {}
    for run in (a, b):
        known.update(dict.fromkeys(run.scalars if run is not None else ()))
    found = []
    for tag in known:
        if wanted(tag):
            sides = [run.scalars[tag] if run is not None and tag in run.scalars else None for run in (a, b)]
            found.append(diff_series(sides[0], sides[1], tolerance))
    return [each for each in found if each is not None]


def _diff_sides(
    a: Run | None, b: Run | None, wanted: NameFilter, tolerance: Tolerance, scalars_only: bool
) -> list[TagDiff]:
    found = _diff_scalars(a, b, wanted, tolerance)
    if scalars_only:
        return found
    sides = [{} if run is None else _digests(run, wanted) for run in (a, b)]
    for tag in {**sides[0], **sides[1]}:
        one, other = (side.get(tag, {}) for side in sides)
        differing = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        if differing:
            steps = tuple(step for step, _ in sorted(differing))
            equal = len({**one, **other}) - len(differing)
            found.append(TagDiff(tag, "values", len(one), len(other), equal, steps=steps))
    return found


def _digests(run: Run, wanted: NameFilter) -> dict[str, dict[tuple[int, int], bytes]]:
    """Returns the digests of the stored values by tag and (step, occurrence), for values other than scalars."""
    others = {tag for kind, counts in run.counts().items() if kind != "scalars" for tag in counts}
    found: dict[str, dict[tuple[int, int], bytes]] = {}
    counts: Counter[tuple[str, int]] = Counter()
    for record in RecordReader(run.files, verify=run.options.verify) if others else ():
        event = record.event
        for value in event.summary.value:
            if value.tag not in others or not wanted(value.tag):
                continue
            of_tag = found.setdefault(value.tag, {})
            occurrence = counts[value.tag, event.step]
            counts[value.tag, event.step] += 1
            of_tag[event.step, occurrence] = hashlib.sha256(value.SerializeToString(deterministic=True)).digest()
    return found
