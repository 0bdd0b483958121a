"""The scalars of many runs as a stream of tables: memory is that of one of them, however many runs there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tbevents.reading.logdir import Logdir
from tbevents.reading.problem import OnProblem
from tbevents.reading.tables import Table, TableBuilder

STREAM_ROWS: Final = 1 << 16
"""Runs are put into one table until it has so many rows."""


def stream_tables(
    logdir: Logdir,
    names: Sequence[str],
    *,
    wanted: Callable[[str], bool] | None = None,
    rows: int = STREAM_ROWS,
    whole_runs: bool = False,
    on_problem: OnProblem | None = None,
    on_run: Callable[[str], object] | None = None,
) -> Iterator[Table]:
    """Yields the scalars of runs as tables that follow each other; none is empty.

    A table has the runs that came since the last one, with at least `rows` rows, except the last table. A run is not
    split over tables, unless it is so large that it comes in parts (`Logdir.scalar_parts`).

    Args:
        logdir: holds the runs. Those that were not read before are not kept.
        names: the runs, in the order of the rows.
        wanted: whether a tag's rows are wanted; None means all.
        rows: the number of rows that end a table.
        whole_runs: if True, no run is split over tables.
        on_problem: called with each problem of the runs; None issues warnings.
        on_run: called with the name of each run that was read.

    Raises:
        OSError, DamagedFileError: as reading a run.
    """
    builder = TableBuilder(wanted)
    for part in logdir.scalar_parts(names, on_problem):
        builder.add_columns(part.name, part.series)
        if on_run is not None and part.last:
            on_run(part.name)
        if builder.rows >= rows and (part.last or not whole_runs):
            yield builder.build()
            builder = TableBuilder(wanted)
    if builder.rows:
        yield builder.build()
