"""What pytest shows of a failed test: why a plain assert failed, and the last values of the runs in a folder."""

from __future__ import annotations

import os
from typing import Final

import numpy as np

from tbevents.errors import TBEventsError, UnknownNameError
from tbevents.files import StrPath
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.named_mapping import NamedMapping
from tbevents.reading.run import Run
from tbevents.run_files import list_runs
from tbevents.testing.finding import FindingTable, message, number, table_lines
from tbevents.testing.live_run import live_run
from tbevents.testing.point_comparison import differing, point_table, series_of, series_points
from tbevents.testing.run_checks import check_runs_close
from tbevents.tools.diff import Tolerance

_LAST_ROWS: Final = 20
"""Maximum number of series in the table of last values."""


def explanation(op: str, left: object, right: object) -> list[str] | None:
    """Returns the lines that pytest shows below a failed comparison; None if there is nothing to add."""
    head = f"{left!r} {op} {right!r}"
    if op == "==" and isinstance(left, ScalarSeries) and isinstance(right, ScalarSeries):
        return [head, *_series(left, right)]
    if op == "==" and isinstance(left, Run) and isinstance(right, Run):
        return [
            head,
            "A run is equal only to itself; assert_runs_close compares the contents of two runs:",
            *_runs(left, right),
        ]
    if op == "==" and type(left) is type(right) and _only_equals_itself(left):
        # pytest would compare the attributes, and fail at arrays
        return [head, f"A {type(left).__name__} is equal only to itself; assert_runs_close compares contents."]
    if op == "in" and isinstance(left, str) and isinstance(right, NamedMapping):
        try:
            right[left]
        except UnknownNameError as error:
            return [head, error.reason]
    return None


def _only_equals_itself(value: object) -> bool:
    return type(value).__eq__ is object.__eq__ and type(value).__module__.startswith("tbevents.")


def _series(left: ScalarSeries, right: ScalarSeries) -> list[str]:
    lines = [f"the tags differ: {left.tag!r}, {right.tag!r}"] if left.tag != right.tag else []
    if left.values.dtype != right.values.dtype:
        lines.append(f"the dtypes differ: {left.values.dtype}, {right.values.dtype}")
    tolerance = Tolerance()
    points = series_points(left, right, tolerance)
    if points:
        lines.append(differing(points, len(left)))
        lines += table_lines(point_table(points, tolerance, np.result_type(left.values, right.values)))
    elif not np.array_equal(left.steps, right.steps):
        lines.append("the points are in a different order")
    else:
        times = [series_of(each.tag, each.steps, each.wall_times) for each in (left, right)]
        apart = series_points(times[0], times[1], tolerance)
        lines += [f"wall times: {differing(apart, len(left))}; assert_scalars ignores them"] if apart else []
    return lines


def _runs(left: Run, right: Run) -> list[str]:
    try:
        findings = check_runs_close(left, right, rtol=0)
    except TBEventsError as error:
        return [f"they cannot be compared: {error}"]
    return message(findings).splitlines() if findings else ["Their contents are the same, ignoring wall times."]


def last_values(folder: StrPath) -> str:
    """Returns a table with the number of points, last step and last value of each scalar series."""
    rows = []
    try:
        for name, files in list_runs(folder).items():
            run = live_run(os.path.dirname(files[0].url), name=name)
            for tag, series in run.scalars.items():
                if len(series):
                    step, _, value = series.last
                    rows.append((name, tag, f"{len(series):,}", str(step), number(value, series.values.dtype)))
    except (TBEventsError, OSError) as error:  # must not hide the failure of the test
        return f"the runs cannot be read: {error}"
    if not rows:
        return "no scalars"
    table = FindingTable(("run", "tag", "points", "last step", "last value"), tuple(rows), len(rows))
    return "\n".join(table_lines(table, _LAST_ROWS))
