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
    """A table: of each scalar series how many points it has, its last step and its last value."""
    rows = []
    try:
        for name, files in find_runs(folder).items():
            run = live_run(os.path.dirname(files[0]), name=name)
            for tag, series in run.scalars.items():
                if len(series):
                    step, _, value = series.last
                    rows.append((name, tag, f"{len(series):,}", str(step), number(value, series.values.dtype)))
    except (TBEventsError, OSError) as error:  # the test's own failure is what matters
        return f"they cannot be read: {error}"
    if not rows:
        return "no scalars"
    table = Table(("run", "tag", "points", "last step", "last value"), tuple(rows), len(rows))
    return "\n".join(table_lines(table, _ROWS))
