"""The last values of the runs in a folder, for the report of a failed test."""

from __future__ import annotations

import os
from typing import Final

from tbevents.errors import TBEventsError
from tbevents.files import StrPath, find_runs
from tbevents.testing.finding import Table
from tbevents.testing.live_run import live_run
from tbevents.testing.message import number, table_lines

__all__ = ["last_values"]

_ROWS: Final = 20


def last_values(folder: StrPath) -> str:
    """Returns a table with the number of points, last step and last value of each scalar series."""
    rows = []
    try:
        for name, files in find_runs(folder).items():
            run = live_run(os.path.dirname(files[0]), name=name)
            for tag, series in run.scalars.items():
                if len(series):
                    step, _, value = series.last
                    rows.append((name, tag, f"{len(series):,}", str(step), number(value, series.values.dtype)))
    except (TBEventsError, OSError) as error:  # must not hide the failure of the test
        return f"the runs cannot be read: {error}"
    if not rows:
        return "no scalars"
    table = Table(("run", "tag", "points", "last step", "last value"), tuple(rows), len(rows))
    return "\n".join(table_lines(table, _ROWS))
