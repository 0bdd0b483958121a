"""The one comparison, that of `tools.diff`, as rows that tell how obtained numbers differ from expected ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.testing.finding import Table
from tbevents.testing.message import ROWS, number
from tbevents.tools.diff import PointDiff, Tolerance, diff_series

__all__ = ["COLUMNS", "as_stored", "cells", "differing", "point_table", "series_of", "series_points"]

COLUMNS: Final = ("obtained", "expected", "difference", "allowed")
"""The columns of `cells`."""


def as_stored(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Expected values as a series of this dtype holds them: what logging them would have left."""
    with np.errstate(over="ignore"):  # beyond float32 is inf, as in the file
        return values.astype(dtype)


def series_of(tag: str, steps: Any, values: NDArray[Any]) -> ScalarSeries:
    """A series of expected points."""
    steps = np.array(steps, np.int64)
    return ScalarSeries(tag, steps, np.zeros(len(steps)), np.array(values))


def series_points(obtained: ScalarSeries, expected: ScalarSeries, tolerance: Tolerance) -> tuple[PointDiff, ...]:
    """The points that differ, by step: points are paired by step, the k-th of a step with the k-th."""
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
    points: Sequence[PointDiff], tolerance: Tolerance, dtype: Any, label: str = "step", names: Sequence[str] = ()
) -> Table:
    """The first points that differ, as a table.

    Args:
        points: all of them.
        tolerance: that they do not meet.
        dtype: of the values.
        label: what the points are counted by.
        names: what to print in place of each number that they are counted by; the number itself, where empty.
    """
    rows = [
        [names[point.step] if names else str(point.step), *cells(point.a, point.b, tolerance, dtype)]
        for point in points[:ROWS]
    ]
    return Table.of((label, *COLUMNS), rows, len(points))


def cells(obtained: float | None, expected: float | None, tolerance: Tolerance, dtype: Any) -> list[str]:
    """The cells of a row, under `COLUMNS`; None where there is no such value."""
    got = "missing" if obtained is None else number(obtained, dtype)
    want = "nothing" if expected is None else number(expected, dtype)
    if obtained is None or expected is None:
        return [got, want, "", ""]
    with np.errstate(all="ignore"):
        gap = np.float64(obtained) - np.float64(expected)
        allowed = tolerance.atol + tolerance.rtol * abs(np.float64(expected))
    return [got, want, f"{gap:+.3g}" if np.isfinite(gap) else "", f"{allowed:.3g}" if np.isfinite(allowed) else ""]


def differing(points: Sequence[PointDiff], count: int, noun: str = "points") -> str:
    """How many points differ, in words.

    Args:
        points: those that do.
        count: how many were obtained.
        noun: what they are.
    """
    missing = sum(point.a is None for point in points)
    unexpected = sum(point.b is None for point in points)
    apart = len(points) - missing - unexpected
    parts = []
    if apart:
        parts.append(f"{apart:,} of {count:,} {noun} {'differs' if apart == 1 else 'differ'}")
    if missing:
        parts.append(f"{missing:,} {'is' if missing == 1 else 'are'} missing")
    if unexpected:
        parts.append(f"{unexpected:,} {'was' if unexpected == 1 else 'were'} not expected")
    return ", ".join(parts)
