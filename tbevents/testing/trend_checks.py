"""Checks of trends: that a series decreases, increases, converges or reaches a value."""

from __future__ import annotations

import math
from functools import partial
from typing import Final, Literal

import numpy as np

from tbevents.errors import checked_choice
from tbevents.format.values import as_float, whole
from tbevents.testing.finding import ROWS, Finding, FindingTable, FirstRow, as_shown, finding, number
from tbevents.testing.point_comparison import as_stored, cells
from tbevents.testing.scalar_checks import not_finite
from tbevents.testing.subjects import Subject, as_run, single_series
from tbevents.tools.diff import Tolerance
from tbevents.views.curves import smoothed
from tbevents.views.safe_text import counted

_Sign = Literal[-1, 1]
_WORDS: Final[dict[_Sign, tuple[str, str]]] = {-1: ("fall", "rises"), 1: ("rise", "falls")}


def check_decreasing(
    run: Subject,
    tag: str,
    *,
    monotone: bool = False,
    tolerance: float = 0.0,
    smoothing: float = 0.0,
    by: float = 0.0,
    nan_ok: bool = False,
) -> list[Finding]:
    """Checks that a series decreases: its last value is below its first. If `monotone`, no value may rise.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        tag: the tag of a scalar series; its points are taken in the order written.
        monotone: if True, compare each value with the one before it, not only the last with the first.
        tolerance: how far the last value may be above the first, or with `monotone`, each above the one before it.
        smoothing: weight of TensorBoard's moving average, at least 0 and less than 1; it is applied first.
        by: the least distance of the last value below the first.
        nan_ok: if True, skip values that are not finite; otherwise they are findings.

    Raises:
        ValueError: if an argument is negative or NaN, if `by` and `tolerance` are both given, or if `smoothing` is
            not below 1.
        TypeError: if an argument has the wrong type.
    """
    return _check_trend(run, tag, -1, monotone, tolerance, smoothing, by, nan_ok)


def check_increasing(
    run: Subject,
    tag: str,
    *,
    monotone: bool = False,
    tolerance: float = 0.0,
    smoothing: float = 0.0,
    by: float = 0.0,
    nan_ok: bool = False,
) -> list[Finding]:
    """Checks that a series increases: its last value is above its first. If `monotone`, no value may fall.

    The arguments and errors are those of `check_decreasing`, with the direction reversed.
    """
    return _check_trend(run, tag, 1, monotone, tolerance, smoothing, by, nan_ok)


def check_converges(
    run: Subject,
    tag: str,
    *,
    to: float,
    within: float,
    last: float = 1,
    smoothing: float = 0.0,
) -> list[Finding]:
    """Checks that the last values of a series are all near a target.

    Args:
        run: as in `check_decreasing`.
        tag: the tag of a scalar series.
        to: the target.
        within: the largest distance from the target that is allowed.
        last: the number of last values to check; below 1, the fraction of all values, rounded up.
        smoothing: as in `check_decreasing`.

    Raises:
        ValueError: if `to` is NaN, if `within` is negative, or if `last` is neither a positive integer nor a fraction
            between 0 and 1.
        TypeError: if an argument has the wrong type.
    """
    target, tolerance = as_float(to, name="to"), Tolerance(atol=_positive("within", within), nan_ok=False)
    if math.isnan(target):
        raise ValueError(f"to must be a number, not {to!r}")
    smoothing, count = _weight(smoothing), as_float(last, name="last")
    if not count > 0 or (count >= 1 and count % 1):
        raise ValueError(f"last must be a whole number of values or a fraction below 1, not {last!r}")
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    values = smoothed(series.values, smoothing)
    wanted = int(count) if count >= 1 else math.ceil(count * len(values))
    if wanted > len(values):
        summary = f"it has {counted(len(values), 'point')}, but the last {wanted:,} must be near {target:g}"
        return [finding(run, tag, "too_few", summary, None, series)]
    first = len(values) - wanted
    dtype = np.dtype(np.float64) if smoothing else series.values.dtype
    bad = np.flatnonzero(~tolerance.near(values[first:], np.full(wanted, target))) + first
    if not len(bad):
        return []
    rows = [[str(series.steps[at]), *cells(values[at], target, tolerance, dtype)] for at in bad[:ROWS].tolist()]
    table = FindingTable.of(
        ("step", "smoothed" if smoothing else "obtained", "expected", "difference", "allowed"),
        rows,
        len(bad),
        FirstRow(int(series.steps[bad[0]]), as_shown(values[bad[0]], dtype), as_shown(target, dtype)),
    )
    verb = "is" if len(bad) == 1 else "are"
    which = "the last value is" if wanted == 1 else f"{len(bad):,} of the last {wanted:,} values {verb}"
    return [finding(run, tag, "trend", f"{which} not within {tolerance.atol:g} of {target:g}", table, series)]


def check_reaches(
    run: Subject,
    tag: str,
    *,
    value: float,
    by_step: int | None = None,
    smoothing: float = 0.0,
    mode: Literal["auto", "min", "max"] = "auto",
) -> list[Finding]:
    """Checks that a series gets to a value: from below, it rises to it or above; from above, it falls to it or below.

    Args:
        run: as in `check_decreasing`.
        tag: the tag of a scalar series.
        value: the value to reach.
        by_step: the last step at which it may be reached; None for any.
        smoothing: as in `check_decreasing`.
        mode: "max" if values must rise to it, so that a series that starts above has reached it; "min" if they must
            fall to it; "auto" if the first finite value says whether the series starts below or above.

    Raises:
        ValueError: if `value` is NaN, if `smoothing` is less than 0, or 1 or more, or if `mode` is unknown.
        TypeError: if an argument has the wrong type.
    """
    target, smoothing = as_float(value, name="value"), _weight(smoothing)
    if math.isnan(target):
        raise ValueError(f"value must be a number, not {value!r}")
    latest = None if by_step is None else whole("by_step", by_step)
    checked_choice("mode", mode, ("auto", "min", "max"))
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    values = smoothed(series.values, smoothing)
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return [finding(run, tag, "too_few", "it has no finite value", None, series)]
    dtype = np.dtype(np.float64) if smoothing else series.values.dtype
    stored = float(as_stored(np.array([target]), dtype)[0])
    rises = bool(values[finite[0]] < stored) if mode == "auto" else mode == "max"
    there = values >= stored if rises else values <= stored
    in_time = np.ones(len(values), np.bool_) if latest is None else series.steps <= latest
    if (there & in_time).any():
        return []
    until = "" if latest is None else f" by step {latest}"
    early = finite[in_time[finite]]
    if not len(early):
        summary = f"it does not reach {target:g}{until}: its first point is at step {series.steps.min()}"
        return [finding(run, tag, "trend", summary, None, series)]
    best = early[values[early].argmax() if rises else values[early].argmin()]
    nearest = f"its {'greatest' if rises else 'least'} value until then is {number(values[best], dtype)}"
    later = np.flatnonzero(there)
    when = f"; it gets to {target:g} at step {series.steps[later[0]]}" if len(later) else ""
    summary = f"it does not reach {target:g}{until}: {nearest}, at step {series.steps[best]}{when}"
    if mode == "auto" and best == finite[0] and not when:  # it goes away from the value
        where, other = ("below", "min") if rises else ("above", "max")
        summary += f"; it starts {where}: if that is enough, give mode={other!r}"
    row = [str(series.steps[best]), number(values[best], dtype), f"{target:g}"]
    first = FirstRow(int(series.steps[best]), as_shown(values[best], dtype), target)
    table = FindingTable.of(("step", "value", "expected"), [row], 1, first)
    return [finding(run, tag, "trend", summary, table, series)]


def _check_trend(
    run: Subject,
    tag: str,
    sign: _Sign,
    monotone: bool,
    tolerance: float,
    smoothing: float,
    by: float,
    nan_ok: bool,
) -> list[Finding]:
    slack, least = _positive("tolerance", tolerance), _positive("by", by)
    if slack and least:
        raise ValueError(f"by and tolerance must not both be given: {by!r}, {tolerance!r}")
    smoothing = _weight(smoothing)
    run = as_run(run)
    series, findings = single_series(run, "scalars", tag)
    if series is None:
        return findings
    finite = np.isfinite(series.values)
    if not nan_ok and not finite.all():
        return not_finite(run, series)
    places = np.flatnonzero(finite)
    if len(places) < 2:
        summary = f"a trend needs two finite values, but there {'is' if len(places) == 1 else 'are'} "
        return [finding(run, tag, "too_few", f"{summary}{len(places) or 'none'}", None, series)]
    values = smoothed(series.values[places], smoothing)
    shown = partial(number, dtype=np.float64 if smoothing else series.values.dtype)
    verb, opposite = _WORDS[sign]
    change = float(values[-1]) - float(values[0])
    moved = sign * change
    if not (moved >= least if least else moved >= -slack if slack else moved > 0):
        wanted, allowed = f" by {least:g}" if least else "", f", with {slack:g} allowed" if slack else ""
        course = f"from {shown(values[0])} to {shown(values[-1])}, which is {change:+.3g}"
        findings.append(finding(run, tag, "trend", f"it does not {verb}{wanted}: {course}{allowed}", None, series))
    changes = np.diff(values)
    bad = np.flatnonzero(sign * changes < -slack)
    if monotone and len(bad):
        few = bad[:ROWS]
        rows = [
            [str(step), shown(before), shown(value), f"{difference:+.3g}", f"{slack:g}"]
            for step, before, value, difference in zip(
                series.steps[places[few + 1]], values[few], values[few + 1], changes[few], strict=True
            )
        ]
        first = FirstRow(int(series.steps[places[bad[0] + 1]]), float(shown(values[bad[0] + 1])))
        table = FindingTable.of(("step", "before", "value", "difference", "allowed"), rows, len(bad), first)
        times = "once" if len(bad) == 1 else f"{len(bad):,} times"
        findings.append(finding(run, tag, "monotone", f"it {opposite} {times}", table, series))
    return findings


def _weight(smoothing: float) -> float:
    weight = as_float(smoothing, name="smoothing")
    if not 0 <= weight < 1:
        raise ValueError(f"smoothing must be at least 0 and less than 1, not {smoothing!r}")
    return weight


def _positive(name: str, value: float) -> float:
    found = as_float(value, name=name)
    if not found >= 0:
        raise ValueError(f"{name} must be 0 or more, not {value!r}")
    return found
