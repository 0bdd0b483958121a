"""Logdirs, mappings of series and histograms as notebooks show them: a table as HTML, and the same as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from tbevents.views.notebook import (
    MOST_ROWS,
    Cell,
    Html,
    TagRow,
    block,
    bold,
    histogram_picture,
    more_text,
    number_text,
    of_numbers,
    sparkline_svg,
    steps_text,
    table,
)
from tbevents.views.protocols import Buckets
from tbevents.views.safe_text import shortened

_SPARK: Final = 60
"""Width of a sparkline beside a number, in pixels."""

_MOST_TAGS: Final = 4
"""The most scalar tags whose last values are shown of each run of a logdir."""


class RunRow(NamedTuple):
    """A run of a logdir.

    Attributes:
        name: of the run.
        kinds: kind -> number of tags; None if the run was not read.
        values: number of values of every kind.
        problems: number of problems.
        scalars: tag -> scalar series.
        note: why it was not read.
    """

    name: str
    kinds: Mapping[str, int] | None = None
    values: int = 0
    problems: int = 0
    scalars: Mapping[str, Any] = {}
    note: str = "not read yet"


class ShownTable(NamedTuple):
    """A table with a title above and notes below it.

    Attributes:
        title: text above.
        names: titles of the columns.
        rows: cells of each row; HTML is a picture, which text leaves out.
        notes: lines below; empty ones are left out.
        empty: what is said if there are no rows.
    """

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[Cell | Sequence[Cell]]]
    notes: Sequence[str] = ()
    empty: str = "nothing"

    def html(self) -> str:
        """The table as HTML."""
        rows = [[_joined(cell) for cell in row] for row in self.rows]
        return block(bold(self.title), table(self.names, rows) if rows else self.empty, *self.notes)

    def text(self) -> str:
        """The table as lines of text."""
        plain = [[_first(cell) for cell in row] for row in self.rows]
        right = of_numbers(self.names, plain)
        lines = [list(self.names), *([_plain(cell) for cell in row] for row in plain)]
        shown = [at for at in range(len(self.names)) if any(line[at] for line in lines[1:])]
        widths = {at: max(len(line[at]) for line in lines) for at in shown}
        body = [
            "  ".join(line[at].rjust(widths[at]) if right[at] else line[at].ljust(widths[at]) for at in shown).rstrip()
            for line in lines
        ]
        notes = [note for note in self.notes if note]
        return "\n".join([shortened(self.title, 200), *(body if self.rows else [self.empty]), *notes])


def _joined(cell: Cell | Sequence[Cell]) -> Cell:
    """A number and its picture as one cell."""
    if isinstance(cell, tuple):
        value, picture = cell
        return Html(f"{number_text(value)} {picture}") if picture else value
    return cell  # type: ignore[return-value]  # one that is no tuple


def _first(cell: Cell | Sequence[Cell]) -> Cell:
    found: Any = cell[0] if isinstance(cell, tuple) else cell
    return "" if isinstance(found, Html) else found


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return shortened(cell, 60) if isinstance(cell, str) else number_text(cell)


def logdir_table(path: str, runs: Sequence[RunRow], run_count: int, unread: str = "") -> ShownTable:
    """A logdir: a row for each of its first runs, with the last values of the scalars that most of them have.

    Args:
        path: of the logdir.
        runs: the first runs.
        run_count: the number of all runs.
        unread: says which of the first runs were not read.
    """
    having: dict[str, int] = {}
    for run in runs:
        for tag in run.scalars:
            having[tag] = having.get(tag, 0) + 1
    tags = sorted(having, key=lambda tag: -having[tag])[:_MOST_TAGS]  # stable: those that came first
    rows = [_run_cells(run, tags) for run in runs]
    notes = [more_text(run_count - len(rows), "run"), more_text(len(having) - len(tags), "scalar tag"), unread]
    shown = [shortened(tag, 24) for tag in tags]
    return ShownTable(path, ["run", "tags", "values", "step", *shown, "problems"], rows, notes, "no runs")


def _run_cells(run: RunRow, tags: Sequence[str]) -> list[Cell | Sequence[Cell]]:
    if run.kinds is None:
        return [run.name, run.note, "", "", *[""] * len(tags), ""]
    kinds = ", ".join(f"{count} {kind}" for kind, count in run.kinds.items()) or "none"
    series = [run.scalars.get(tag) for tag in tags]
    last = max((int(each.steps[-1]) for each in series if each is not None and len(each)), default=None)
    numbers = [_last_of(each) for each in series]
    return [run.name, kinds, run.values, "" if last is None else last, *numbers, run.problems or ""]


def _last_of(series: Any) -> Cell | Sequence[Cell]:
    """The last value of a series, and its curve."""
    if series is None or not len(series):
        return ""
    value = float(series.values[-1])
    return (value, sparkline_svg(series.values, _SPARK, 18)) if len(series) > 1 else value


def series_table(noun: str, where: str, rows: Sequence[TagRow], count: int) -> ShownTable:
    """A mapping of series: a row for each of the first ones; of scalars, with their numbers and curves.

    Args:
        noun: what a key is, such as "scalar tag".
        where: what holds the series.
        rows: the first series.
        count: the number of all series.
    """
    numbers = any(row.values is not None for row in rows)
    names = [noun, "points", "steps", *(("last", "min", "max", "") if numbers else ())]
    cells = [_series_cells(row, numbers) for row in rows]
    return ShownTable(where, names, cells, [more_text(count - len(rows), noun)], f"no {noun}s")


def _series_cells(row: TagRow, numbers: bool) -> list[Cell | Sequence[Cell]]:
    cells: list[Cell | Sequence[Cell]] = [row.tag, row.points, "" if row.steps is None else steps_text(row.steps)]
    if not numbers:
        return cells
    if row.values is None or not len(row.values):
        return [*cells, "", "", "", ""]
    values = row.values.astype(np.float64)
    known = values[~np.isnan(values)]
    ends: list[Cell] = [float(known.min()), float(known.max())] if len(known) else ["", ""]
    return [*cells, float(values[-1]), *ends, sparkline_svg(row.values)]


def histogram_html(histogram: Buckets) -> str:
    """A histogram: its shape, and its numbers."""
    counts = np.nan_to_num(histogram.counts, nan=0.0, posinf=0.0, neginf=0.0)
    held = counts > 0
    cells: dict[str, Cell] = {"step": histogram.step, "values": float(counts.sum()), "buckets": len(counts)}
    if held.any():
        low, high = float(histogram.lefts[held].min()), float(histogram.rights[held].max())
        cells["min"] = low if histogram.min is None else histogram.min
        cells["max"] = high if histogram.max is None else histogram.max
    return block(histogram_picture(histogram) or "", table(cells, [list(cells.values())]))


def rows_of(series: Mapping[str, Any]) -> list[TagRow] | None:
    """Returns the first of some series as rows; None if they are no series."""
    rows = []
    for tag in list(series)[:MOST_ROWS]:
        each = series[tag]
        steps = getattr(each, "steps", None)
        if steps is None:
            return None
        rows.append(TagRow(tag, "", len(steps), steps, getattr(each, "values", None)))
    return rows
