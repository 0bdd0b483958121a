"""Compares points by `tools.diff` and formats the differences as rows of obtained and expected numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.testing.finding import ROWS, FindingTable, FirstRow, as_shown, number
from tbevents.tools.diff import PointDiff, Tolerance, diff_series
from tbevents.views.safe_text import counted

COLUMNS: Final = ("obtained", "expected", "difference", "allowed")
"""Headers of the cells that `cells` returns."""


def as_stored(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Returns values as a series of this dtype would store them."""
    with np.errstate(over="ignore"):  # values too large for float32 become inf, as in a file
        return values.astype(dtype)


def series_of(tag: str, steps: Any, values: NDArray[Any]) -> ScalarSeries:
    """Makes a series of expected points."""
    steps = np.array(steps, np.int64)
    return ScalarSeries(tag, steps, np.zeros(len(steps)), np.array(values))


def series_points(obtained: ScalarSeries, expected: ScalarSeries, tolerance: Tolerance) -> tuple[PointDiff, ...]:
    """Returns the points that differ. Points are paired by step; with several at one step, in the order written."""
    if (
        tolerance.nan_ok
        and obtained.values.dtype == expected.values.dtype
        and obtained.values.tobytes() == expected.values.tobytes()
        and np.array_equal(obtained.steps, expected.steps)
    ):
        return ()
    found = diff_series(obtained, expected, tolerance)
    return () if found is None else found.points


def point_table(
    points: Sequence[PointDiff], tolerance: Tolerance, dtype: Any, names: Sequence[str] = ()
) -> FindingTable:
    """Makes a table of points that differ. The first column has the steps or, by step, `names`."""
    rows = [
        [names[point.step] if names else str(point.step), *cells(point.a, point.b, tolerance, dtype)]
        for point in points[:ROWS]
    ]
    if not points:
        return FindingTable.of(("step", *COLUMNS), rows)
    name, (_, a, b, *_) = rows[0][0], points[0]
    first = FirstRow(
        int(name) if name.lstrip("-").isdecimal() else None,
        "missing" if a is None else as_shown(a, dtype),
        "nothing" if b is None else as_shown(b, dtype),
    )
    return FindingTable.of(("step", *COLUMNS), rows, len(points), first)


def cells(obtained: float | None, expected: float | None, tolerance: Tolerance, dtype: Any) -> list[str]:
    """Returns the cells of a row, in the order of `COLUMNS`; None stands for a missing value."""
    got = "missing" if obtained is None else number(obtained, dtype)
    want = "nothing" if expected is None else number(expected, dtype)
    if obtained is None or expected is None:
        return [got, want, "", ""]
    with np.errstate(all="ignore"):
        gap = np.float64(obtained) - np.float64(expected)
        allowed = tolerance.atol + tolerance.rtol * abs(np.float64(expected))
    return [got, want, f"{gap:+.3g}" if np.isfinite(gap) else "", f"{allowed:.3g}" if np.isfinite(allowed) else ""]


def within(tolerance: Tolerance) -> str:
    """Describes a tolerance, for the end of a summary."""
    return f" (rtol {tolerance.rtol:g}, atol {tolerance.atol:g})"


def some_differ(count: int, total: int, noun: str) -> str:
    """Returns "1 of 9 values differs" or "2 of 9 values differ"."""
    return f"{count:,} of {total:,} {noun} {'differs' if count == 1 else 'differ'}"


def differing(points: Sequence[PointDiff], count: int) -> str:
    """Describes in words how many of `count` points differ."""
    missing = sum(point.a is None for point in points)
    unexpected = sum(point.b is None for point in points)
    apart = len(points) - missing - unexpected
    parts = []
    if apart:
        parts.append(some_differ(apart, count, "points"))
    if missing:
        parts.append(f"{counted(missing, 'is', 'are')} missing")
    if unexpected:
        parts.append(f"{counted(unexpected, 'was', 'were')} not expected")
    return ", ".join(parts)
