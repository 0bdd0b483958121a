"""Checks of the values of scalar series."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import UnknownStepError
from tbevents.format.scalar_layout import STEP_RANGE
from tbevents.format.values import as_array, as_float, whole
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.run import Run
from tbevents.testing.finding import (
    ROWS,
    Finding,
    FindingTable,
    FirstRow,
    MissingArgumentError,
    as_shown,
    finding,
    number,
)
from tbevents.testing.point_comparison import as_stored, differing, point_table, series_of, series_points, within
from tbevents.testing.subjects import Subject, as_run, scalar_series, single_series
from tbevents.tools.diff import Tolerance
from tbevents.views.safe_text import counted

_SHIFTS: Final = (1, -1)
"""Offsets that are tried for the message if a schedule does not match."""

_Rates: TypeAlias = Callable[[Sequence[int]], Mapping[int, float]]
"""Returns the rate at each step; steps that the schedule does not cover are left out."""


class _Scheduler(Protocol):
    """A scheduler of `tbevents.lr_scheduler`."""

    def schedule(self, steps: Any) -> NDArray[np.float64]:
        """Returns the rates, with a row for each step and a column for each parameter group."""


def check_scalars(
    run: Subject,
    tag: str,
    *,
    values: Any = None,
    steps: Any = None,
    rtol: float = 1e-6,
    atol: float = 0.0,
    nan_ok: bool = False,
) -> list[Finding]:
    """Checks that a series has exactly these values at these steps.

    A value passes if ``|obtained - expected| <= atol + rtol * |expected|``. The expected value is first rounded to the
    dtype of the series (usually float32), so that with rtol and atol 0 it equals the value that logging it would store.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        tag: the tag of a scalar series.
        values: one for each point, in the order written; or a mapping of steps to values; or a `ScalarSeries`; or one
            number for all points.
        steps: the step of each point, in the order written. If only `steps` are given, only they are checked.
        rtol: relative tolerance.
        atol: absolute tolerance.
        nan_ok: if True, NaN equals an expected NaN. NaN never equals a number.

    Raises:
        ValueError: if neither `values` nor `steps` is given, if their lengths differ, or if a tolerance is negative.
        TypeError: if an argument has the wrong type.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, nan_ok=nan_ok)
    try:
        wanted_steps, wanted = _expected(tag, values, steps)
        unknown = None
    except UnknownStepError as error:
        wanted_steps, wanted, unknown = None, None, error
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    if unknown is not None:
        return [_missing_step(run, series, unknown)]
    if wanted_steps is None:
        assert wanted is not None
        return _by_place(run, series, wanted, tolerance)
    if wanted is None:
        points = series_points(_only_steps(series, series.steps), _only_steps(series, wanted_steps), tolerance)
        rows = [
            [str(step), "missing" if got is None else "there", "nothing" if want is None else "a point"]
            for step, got, want, *_ in points[:ROWS]
        ]
        first = FirstRow(points[0].step, *rows[0][1:]) if points else None
        table = FindingTable.of(("step", "obtained", "expected"), rows, len(points), first)
    else:
        expected = series_of(tag, wanted_steps, as_stored(wanted, series.values.dtype))
        points = series_points(series, expected, tolerance)
        table = point_table(points, tolerance, series.values.dtype)
    if points:
        kind = "steps" if wanted is None or any(None in (p.a, p.b) for p in points) else "values"
        summary = differing(points, len(series)) + ("" if wanted is None else within(tolerance))
        return [finding(run, tag, kind, summary, table, series)]
    return _order(run, series, wanted_steps)


def check_scalar_at(
    run: Subject,
    tag: str,
    step: int,
    value: float,
    *,
    rtol: float = 1e-6,
    atol: float = 0.0,
    nan_ok: bool = False,
) -> list[Finding]:
    """Checks the value of a series at a step; the last value, if the step was logged several times.

    Args:
        run: as in `check_scalars`.
        tag: the tag of a scalar series.
        step: the step.
        value: the expected value.
        rtol: relative tolerance.
        atol: absolute tolerance.
        nan_ok: if True, NaN equals an expected NaN.

    Raises:
        ValueError, TypeError: if an argument has a wrong type or value.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, nan_ok=nan_ok)
    step, wanted = whole("step", step), np.array([as_float(value, name="value")])
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    try:
        point = series.at(step)
    except UnknownStepError as error:
        return [_missing_step(run, series, error)]
    obtained = series_of(tag, [step], np.array([point.value], series.values.dtype))
    expected = series_of(tag, [step], as_stored(wanted, series.values.dtype))
    points = series_points(obtained, expected, tolerance)
    if not points:
        return []
    table = point_table(points, tolerance, series.values.dtype)
    summary = f"the value at step {step} differs{within(tolerance)}"
    return [finding(run, tag, "values", summary, table, series)]


def check_finite(run: Subject, tag: str | None = None) -> list[Finding]:
    """Checks that no value is NaN or infinite.

    Args:
        run: as in `check_scalars`.
        tag: the tag of a scalar series, or a pattern with ``*``; by default all of the run's.

    Raises:
        TypeError: if an argument has the wrong type.
    """
    run = as_run(run)
    found, findings = scalar_series(run, tag)
    for series in found:
        findings += not_finite(run, series)
    return findings


def not_finite(run: Run, series: ScalarSeries) -> list[Finding]:
    """Returns a finding if a series has values that are NaN or infinite."""
    bad = np.flatnonzero(~np.isfinite(series.values))
    if not len(bad):
        return []
    summary = f"{_of(len(bad), series)} not finite"
    return [finding(run, series.tag, "not_finite", summary, _values_at(series, bad), series)]


def check_bounded(
    run: Subject,
    tag: str | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    nan_ok: bool = False,
) -> list[Finding]:
    """Checks that ``low <= value <= high`` for every value.

    Args:
        run: as in `check_scalars`.
        tag: the tag of a scalar series, or a pattern with ``*``; by default all of the run's.
        low: the lowest value allowed; None for no limit.
        high: the highest value allowed; None for no limit.
        nan_ok: if True, NaN is allowed.

    Raises:
        ValueError: if neither bound is given, if one is NaN, or if `low` is above `high`.
        TypeError: if an argument has the wrong type.
    """
    if low is None and high is None:
        raise MissingArgumentError("check_bounded", "low, high or both")
    least = -math.inf if low is None else as_float(low, name="low")
    most = math.inf if high is None else as_float(high, name="high")
    if not least <= most:
        raise ValueError(f"low must not be above high: {low!r}, {high!r}")
    run = as_run(run)
    found, findings = scalar_series(run, tag)
    for series in found:
        # Rounded as the values were: a logged value that equals a bound passes.
        stored = as_stored(np.array([least, most]), series.values.dtype)
        inside = (series.values >= stored[0]) & (series.values <= stored[1])
        if nan_ok:
            inside |= np.isnan(series.values)
        bad = np.flatnonzero(~inside)
        if len(bad):
            summary = f"{_of(len(bad), series)} not {_range(least, most)}"
            findings.append(finding(run, series.tag, "bounds", summary, _values_at(series, bad), series))
    return findings


def check_lr_schedule(
    run: Subject,
    tag: str,
    schedule: Callable[[int], float] | Sequence[float] | _Scheduler,
    *,
    offset: int = 0,
    rtol: float = 1e-6,
    atol: float = 0.0,
) -> list[Finding]:
    """Checks that each logged learning rate equals that of a schedule at its step.

    Args:
        run: as in `check_scalars`.
        tag: the tag of the learning rates.
        schedule: a function of the step, such as ``partial(schedules.step_decay, base_lr=0.1, step_size=30)``; or a
            scheduler of `tbevents.lr_scheduler`, whose `schedule()` is used (with several groups, the rates of the
            group whose number or name the tag ends with, as in ``lr/0``); or the rates of steps 0, 1, 2 ...
        offset: added to each logged step to get the step of the schedule.
        rtol: relative tolerance, as in `check_scalars`.
        atol: absolute tolerance.

    Raises:
        ValueError, TypeError: if an argument has a wrong type or value. Errors raised by a function are passed on, and
            those of a scheduler that has no rates at all. A step that a scheduler does not have is a finding.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, nan_ok=False)
    offset = whole("offset", offset)
    schedule = list(schedule) if isinstance(schedule, Iterator) else schedule
    rates = _rates_of(schedule, tag)
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    points = series_points(series, _scheduled(series, rates, offset), tolerance)
    if not points:
        return []
    apart = [point for point in points if point.b is not None]
    summary = f"{differing(apart, len(series))} from the schedule{within(tolerance)}" if apart else ""
    if len(apart) < len(points):
        beyond = _of(len(points) - len(apart), series, "points")
        summary += f"{', ' if apart else ''}{beyond} beyond the schedule"
        if isinstance(schedule, Sized):  # else it is a scheduler: steps are from 0 on, and some end at one
            summary += f": the schedule has {counted(len(schedule), 'rate')}"
    for shift in _SHIFTS:
        if len(series) > 1 and not _differs_when_shifted(series, rates, offset + shift, tolerance):
            summary += f"; it fits with offset={offset + shift}"
            break
    table = point_table(points, tolerance, series.values.dtype)
    return [finding(run, tag, "values", summary, table, series)]


def _missing_step(run: Run, series: ScalarSeries, error: UnknownStepError) -> Finding:
    summary = f"it has no point at step {error.step}; {error.hint}"
    return finding(run, series.tag, "missing", summary, None, series)


def _expected(tag: str, values: Any, steps: Any) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """Returns the expected steps and values, each None if it is not to be checked.

    Raises:
        UnknownStepError: if a step is outside int64, so that no run has it.
    """
    if values is None and steps is None:
        raise MissingArgumentError("check_scalars", "values, steps or both")
    if isinstance(values, (ScalarSeries, Mapping)):
        if steps is not None:
            raise ValueError("steps must not be given if values has its own")
        if isinstance(values, ScalarSeries):
            return values.steps, values.values.astype(np.float64)
        return _as_steps(tag, list(values)), _as_values(list(values.values()))
    wanted_steps = None if steps is None else _as_steps(tag, steps)
    if values is None:
        return wanted_steps, None
    wanted = _as_values(values)
    if wanted_steps is not None:
        if wanted.ndim and len(wanted) != len(wanted_steps):
            raise ValueError(f"there are {len(wanted)} values for {len(wanted_steps)} steps")
        wanted = np.broadcast_to(wanted, wanted_steps.shape)
    return wanted_steps, wanted


def _as_steps(tag: str, steps: Any) -> NDArray[np.int64]:
    if not isinstance(steps, Iterable):
        raise TypeError(f"steps must be whole numbers in one dimension, not {steps!r}")
    given = steps if isinstance(steps, (np.ndarray, range)) else list(steps)
    array = np.asarray(given)
    # numpy takes integers beyond int64 for floats or objects
    if array.ndim == 1 and array.dtype.kind not in "ib" and all(isinstance(step, (int, np.integer)) for step in given):
        for step in map(int, given):
            if step not in STEP_RANGE:
                raise UnknownStepError(tag, step, "steps are 64-bit integers")
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"steps must be whole numbers in one dimension, not {steps!r}"[:200])
    return array.astype(np.int64)


def _as_values(values: Any, name: str = "values") -> NDArray[np.float64]:
    given = list(values) if isinstance(values, Iterable) and not hasattr(values, "__array__") else values
    array = np.zeros(0) if isinstance(given, list) and not given else as_array(given, name=name)
    if array.ndim > 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be numbers in one dimension, not {values!r}"[:200])
    return array.astype(np.float64)


def _by_place(run: Run, series: ScalarSeries, wanted: NDArray[np.float64], tolerance: Tolerance) -> list[Finding]:
    """Compares values in the order written."""
    if not wanted.ndim:
        wanted = np.broadcast_to(wanted, series.values.shape)
    dtype = series.values.dtype
    obtained = series_of(series.tag, np.arange(len(series)), series.values)
    expected = series_of(series.tag, np.arange(len(wanted)), as_stored(wanted, dtype))
    points = series_points(obtained, expected, tolerance)
    if not points:
        return []
    names = [str(step) for step in series.steps.tolist()] + ["-"] * max(0, len(wanted) - len(series))
    kind = "values" if len(wanted) == len(series) else "length"
    summary = differing(points, len(series)) + within(tolerance)
    return [finding(run, series.tag, kind, summary, point_table(points, tolerance, dtype, names), series)]


def _only_steps(series: ScalarSeries, steps: NDArray[np.int64]) -> ScalarSeries:
    return series_of(series.tag, steps, np.zeros(len(steps)))


def _order(run: Run, series: ScalarSeries, wanted: NDArray[np.int64]) -> list[Finding]:
    """Compares the order of steps that are otherwise as expected."""
    places = np.flatnonzero(series.steps != wanted)
    if not len(places):
        return []
    rows = [[str(place), str(series.steps[place]), str(wanted[place])] for place in places[:ROWS].tolist()]
    first = FirstRow(int(series.steps[places[0]]))
    table = FindingTable.of(("place", "step", "expected step"), rows, len(places), first)
    return [finding(run, series.tag, "order", "the points are in a different order", table, series)]


def _range(low: float, high: float) -> str:
    if math.isinf(low) == math.isinf(high):
        return f"between {low:g} and {high:g}"
    return f"at least {low:g}" if math.isinf(high) else f"at most {high:g}"


def _of(count: int, series: ScalarSeries, noun: str = "values") -> str:
    return f"{count:,} of {len(series):,} {noun} {'is' if count == 1 else 'are'}"


def _values_at(series: ScalarSeries, places: NDArray[np.intp]) -> FindingTable:
    dtype = series.values.dtype
    rows = [[str(series.steps[place]), number(series.values[place], dtype)] for place in places[:ROWS].tolist()]
    first = FirstRow(int(series.steps[places[0]]), as_shown(series.values[places[0]], dtype))
    return FindingTable.of(("step", "value"), rows, len(places), first)


def _rates_of(schedule: Any, tag: str) -> _Rates:
    """Returns a function of several steps that returns their rates by the schedule."""
    if callable(schedule):
        return lambda steps: {step: as_float(schedule(step), name=f"schedule({step})") for step in steps}
    if callable(getattr(schedule, "schedule", None)):

        def of_group(steps: Sequence[int]) -> dict[int, float]:
            covered = _covered(schedule, steps)
            rates = np.asarray(schedule.schedule(covered))
            return dict(zip(covered, rates[:, _group(schedule, tag, rates.shape[1])].tolist(), strict=True))

        return of_group
    if (
        isinstance(schedule, (str, bytes, Mapping))
        or not isinstance(schedule, Iterable)
        or getattr(schedule, "ndim", 1) == 0
    ):
        raise TypeError(
            "schedule must be a function of the step, a scheduler of tbevents.lr_scheduler or a list of rates, "
            f"not {schedule!r}"
        )
    listed = _as_values(schedule, "schedule").tolist()
    return lambda steps: {step: listed[step] for step in steps if 0 <= step < len(listed)}


def _covered(scheduler: Any, steps: Sequence[int]) -> list[int]:
    """Returns those of ascending steps at which a scheduler has rates: from 0 on, some up to a number of steps only."""

    def is_beyond(step: int) -> bool:
        try:
            scheduler.schedule([step])
        except ValueError:
            return True
        return False

    covered = [step for step in steps if 0 <= step <= np.iinfo(np.int64).max]
    if covered and is_beyond(covered[-1]):
        scheduler.schedule([0])  # raises if it has no rates at all
        covered = covered[: bisect.bisect_left(covered, True, key=is_beyond)]
    return covered


def _group(scheduler: Any, tag: str, count: int) -> int:
    """Returns the index of the scheduler's group that a tag belongs to."""
    if count == 1:
        return 0
    from tbevents.lr_scheduler.emission import group_tags

    endings = group_tags("", scheduler.optimizer.param_groups)
    for place, ending in enumerate(endings):
        if tag.endswith(ending):
            return place
    names = ", ".join(f"'...{ending}'" for ending in endings)
    raise ValueError(f"the scheduler has {count} groups, and tag {tag!r} matches none of them: {names}")


def _scheduled(series: ScalarSeries, rates: _Rates, offset: int) -> ScalarSeries:
    """Returns the expected points of a series, for the steps that the schedule covers."""
    steps = series.steps.tolist()
    known = rates(sorted({step + offset for step in steps}))
    wanted = [step for step in steps if step + offset in known]
    values = as_stored(np.array([known[step + offset] for step in wanted], np.float64), series.values.dtype)
    return series_of(series.tag, wanted, values)


def _differs_when_shifted(series: ScalarSeries, rates: _Rates, offset: int, tolerance: Tolerance) -> bool:
    try:
        return bool(series_points(series, _scheduled(series, rates, offset), tolerance))
    except Exception:  # a schedule need not be defined at a step that was not logged
        return True
