"""Checks of the values of scalar series."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.format.values import as_array, as_float
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.run import Run
from tbevents.testing.checked_arguments import whole
from tbevents.testing.finding import Finding, Table, finding
from tbevents.testing.message import ROWS, number
from tbevents.testing.point_comparison import as_stored, differing, point_table, series_of, series_points
from tbevents.testing.subjects import Subject, as_run, scalar_series, single_series
from tbevents.tools.diff import Tolerance

__all__ = ["check_bounded", "check_finite", "check_lr_schedule", "check_scalar_at", "check_scalars"]

_SHIFTS: Final = (1, -1)
"""Offsets that a schedule which does not fit is tried with, for the message."""

_Rates: TypeAlias = Callable[[Sequence[int]], Mapping[int, float]]
"""The rates of steps; none of those that the schedule says nothing of."""


class _Scheduler(Protocol):
    """A scheduler of `tbevents.lr_scheduler`."""

    def schedule(self, steps: Any) -> NDArray[np.float64]:
        """The rates of the undisturbed schedule, a row a step and a column a group."""


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
    """A series has these values, at these steps, and no others.

    ``|obtained - expected| <= atol + rtol * |expected|``, where the expected value is first rounded to what the series
    stores (float32, as a rule): with rtol and atol 0, logging the expected values would have left the same.

    Args:
        run: a Run, a path, or a writer, which is flushed first.
        tag: of a scalar series.
        values: one for each point, in the order written; or a mapping of steps to values; or a `ScalarSeries`; or one
            number, that all points have.
        steps: that of each point, in the order written. Where only they are given, only they are checked.
        rtol: relative tolerance.
        atol: absolute tolerance.
        nan_ok: whether NaN may stand where NaN is expected. Where a number is, it may not.

    Raises:
        ValueError: neither `values` nor `steps` is given, they are not equally many, or a tolerance is negative.
        TypeError: an argument is no such thing.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, nan_ok=nan_ok)
    wanted_steps, wanted = _expected(values, steps)
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    if wanted_steps is None:
        assert wanted is not None
        return _by_place(run, series, wanted, tolerance)
    if wanted is None:
        points = series_points(_only_steps(series, series.steps), _only_steps(series, wanted_steps), tolerance)
        table = Table.of(("step", "obtained", "expected"), [_presence(point) for point in points[:ROWS]], len(points))
    else:
        expected = series_of(tag, wanted_steps, as_stored(wanted, series.values.dtype))
        points = series_points(series, expected, tolerance)
        table = point_table(points, tolerance, series.values.dtype)
    if points:
        kind = "steps" if wanted is None or any(None in (p.a, p.b) for p in points) else "values"
        summary = differing(points, len(series)) + ("" if wanted is None else _within(tolerance))
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
    """A series has this value at a step; the last one, where the step was logged several times.

    Args:
        run: as in `check_scalars`, and so the others.
        tag: of a scalar series.
        step: of the point.
        value: that is expected there.
        rtol: relative tolerance.
        atol: absolute tolerance.
        nan_ok: whether NaN may stand where NaN is expected.

    Raises:
        ValueError, TypeError: an argument is no such thing.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, nan_ok=nan_ok)
    step, wanted = whole("step", step), np.array([as_float(value, name="value")])
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    if step not in series.steps:
        near = np.unique(series.steps)
        near = np.sort(near[np.argsort(np.abs(near - np.float64(step)), kind="stable")[:3]])
        summary = f"it has no point at step {step}; the nearest are {', '.join(map(str, near.tolist()))}"
        return [finding(run, tag, "missing", summary, None, series)]
    obtained = series_of(tag, [step], np.array([series.at(step).value], series.values.dtype))
    expected = series_of(tag, [step], as_stored(wanted, series.values.dtype))
    points = series_points(obtained, expected, tolerance)
    if not points:
        return []
    table = point_table(points, tolerance, series.values.dtype)
    summary = f"the value at step {step} differs{_within(tolerance)}"
    return [finding(run, tag, "values", summary, table, series)]


def check_finite(run: Subject, tag: str | None = None) -> list[Finding]:
    """No value is NaN or infinite.

    Args:
        run: as in `check_scalars`.
        tag: of a scalar series, or a pattern with ``*``; by default all of the run's.

    Raises:
        TypeError: an argument is no such thing.
    """
    run = as_run(run)
    found, findings = scalar_series(run, tag)
    for series in found:
        bad = np.flatnonzero(~np.isfinite(series.values))
        if len(bad):
            summary = f"{_of(len(bad), series)} not finite"
            findings.append(finding(run, series.tag, "not_finite", summary, _values_at(series, bad), series))
    return findings


def check_bounded(
    run: Subject,
    tag: str | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    nan_ok: bool = False,
) -> list[Finding]:
    """Every value is within bounds, which are within themselves.

    Args:
        run: as in `check_scalars`.
        tag: of a scalar series, or a pattern with ``*``; by default all of the run's.
        low: the least value that is allowed; None for no limit.
        high: the greatest.
        nan_ok: whether NaN counts as within.

    Raises:
        ValueError: neither bound is given, one is NaN, or `low` is above `high`.
        TypeError: an argument is no such thing.
    """
    if low is None and high is None:
        raise ValueError("check_bounded needs low, high or both")
    least = -math.inf if low is None else as_float(low, name="low")
    most = math.inf if high is None else as_float(high, name="high")
    if not least <= most:
        raise ValueError(f"low must not be above high: {low!r}, {high!r}")
    run = as_run(run)
    found, findings = scalar_series(run, tag)
    for series in found:
        stored = as_stored(np.array([least, most]), series.values.dtype)  # a bound that was logged is within itself
        inside = (series.values >= stored[0]) & (series.values <= stored[1])
        if nan_ok:
            inside |= np.isnan(series.values)
        bad = np.flatnonzero(~inside)
        if len(bad):
            summary = f"{_of(len(bad), series)} not {_range(low, high)}"
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
    """Each logged rate is the one that a schedule has at its step.

    Args:
        run: as in `check_scalars`.
        tag: of the series of rates.
        schedule: a function of the step, such as ``partial(schedules.step_decay, base_lr=0.1, step_size=30)``; or a
            scheduler of `tbevents.lr_scheduler`, whose `schedule()` it is, of several groups' that of the group which
            the tag ends in (``lr/0``, or its name); or the rates of steps 0, 1, 2 ...
        offset: is added to the logged step before the schedule is asked.
        rtol: relative tolerance, as in `check_scalars`.
        atol: absolute tolerance.

    Raises:
        ValueError, TypeError: an argument is no such thing. What `schedule` raises is passed on.
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
    summary = f"{differing(apart, len(series))} from the schedule{_within(tolerance)}" if apart else ""
    if len(apart) < len(points):
        beyond = len(points) - len(apart)
        verb = "is" if beyond == 1 else "are"
        summary += f"{', ' if apart else ''}{beyond:,} of {len(series):,} points {verb} beyond the schedule"
        summary += f": the schedule has {_count_of_rates(schedule)}"
    for shift in _SHIFTS:
        if len(series) > 1 and not _differs_when_shifted(series, rates, offset + shift, tolerance):
            summary += f"; it fits with offset={offset + shift}"
            break
    table = point_table(points, tolerance, series.values.dtype)
    return [finding(run, tag, "values", summary, table, series)]


def _expected(values: Any, steps: Any) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """The expected steps and values, each None where nothing is expected of them."""
    if values is None and steps is None:
        raise ValueError("check_scalars needs values, steps or both")
    if isinstance(values, (ScalarSeries, Mapping)):
        if steps is not None:
            raise ValueError("steps are those of values, where values has some")
        if isinstance(values, ScalarSeries):
            return values.steps, values.values.astype(np.float64)
        return _as_steps(list(values)), _as_values(list(values.values()))
    wanted_steps = None if steps is None else _as_steps(steps)
    if values is None:
        return wanted_steps, None
    wanted = _as_values(values)
    if wanted_steps is not None:
        if wanted.ndim and len(wanted) != len(wanted_steps):
            raise ValueError(f"there are {len(wanted)} values for {len(wanted_steps)} steps")
        wanted = np.broadcast_to(wanted, wanted_steps.shape)
    return wanted_steps, wanted


def _as_steps(steps: Any) -> NDArray[np.int64]:
    array = np.asarray(steps if isinstance(steps, (np.ndarray, range)) else list(steps))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"steps must be whole numbers in one dimension, not {steps!r}"[:200])
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"steps must be within int64, not {array.max()}")
    return array.astype(np.int64)


def _as_values(values: Any) -> NDArray[np.float64]:
    given = list(values) if isinstance(values, Iterable) and not hasattr(values, "__array__") else values
    array = np.zeros(0) if isinstance(given, list) and not given else as_array(given, name="values")
    if array.ndim > 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"values must be numbers in one dimension, not {values!r}"[:200])
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
    summary = differing(points, len(series)) + _within(tolerance)
    return [finding(run, series.tag, kind, summary, point_table(points, tolerance, dtype, "step", names), series)]


def _only_steps(series: ScalarSeries, steps: NDArray[np.int64]) -> ScalarSeries:
    return series_of(series.tag, steps, np.zeros(len(steps)))


def _presence(point: Any) -> list[str]:
    return [str(point.step), "missing" if point.a is None else "there", "nothing" if point.b is None else "a point"]


def _order(run: Run, series: ScalarSeries, wanted: NDArray[np.int64]) -> list[Finding]:
    """Whether the steps, which are the expected ones, also are in the expected order."""
    places = np.flatnonzero(series.steps != wanted)
    if not len(places):
        return []
    rows = [[str(place), str(series.steps[place]), str(wanted[place])] for place in places[:ROWS].tolist()]
    table = Table.of(("place", "step", "expected step"), rows, len(places))
    return [finding(run, series.tag, "order", "the points are in another order", table, series)]


def _within(tolerance: Tolerance) -> str:
    return f" (rtol {tolerance.rtol:g}, atol {tolerance.atol:g})"


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low:g}"
    return f"at most {high:g}" if low is None else f"between {low:g} and {high:g}"


def _of(count: int, series: ScalarSeries) -> str:
    return f"{count:,} of {len(series):,} values {'is' if count == 1 else 'are'}"


def _values_at(series: ScalarSeries, places: NDArray[np.intp]) -> Table:
    dtype = series.values.dtype
    rows = [[str(series.steps[place]), number(series.values[place], dtype)] for place in places[:ROWS].tolist()]
    return Table.of(("step", "value"), rows, len(places))


def _rates_of(schedule: Any, tag: str) -> _Rates:
    """What a schedule says of steps: a function of several of them."""
    if callable(schedule):
        return lambda steps: {step: as_float(schedule(step), name=f"schedule({step})") for step in steps}
    if callable(getattr(schedule, "schedule", None)):

        def of_group(steps: Sequence[int]) -> dict[int, float]:
            rates = np.asarray(schedule.schedule(steps))
            return dict(zip(steps, rates[:, _group(schedule, tag, rates.shape[1])].tolist(), strict=True))

        return of_group
    if isinstance(schedule, (str, bytes, Mapping)) or not isinstance(schedule, Iterable):
        raise TypeError(
            "schedule must be a function of the step, a scheduler of tbevents.lr_scheduler or a list of rates, "
            f"not {schedule!r}"
        )
    listed = _as_values(schedule).tolist()
    return lambda steps: {step: listed[step] for step in steps if 0 <= step < len(listed)}


def _group(scheduler: Any, tag: str, count: int) -> int:
    """Which group of a scheduler a tag is of."""
    if count == 1:
        return 0
    from tbevents.lr_scheduler.emission import group_tags

    endings = group_tags("", scheduler.optimizer.param_groups)
    for place, ending in enumerate(endings):
        if tag.endswith(ending):
            return place
    names = ", ".join(f"'...{ending}'" for ending in endings)
    raise ValueError(f"the scheduler has {count} groups, and tag {tag!r} is of none of them: {names}")


def _count_of_rates(schedule: Any) -> str:
    count = len(schedule)
    return f"{count:,} {'rate' if count == 1 else 'rates'}"


def _scheduled(series: ScalarSeries, rates: _Rates, offset: int) -> ScalarSeries:
    """The points that a series should have; without those that the schedule says nothing of."""
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
