"""`Finding`: one thing that a check found, from which messages are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.run import Run

__all__ = ["Finding", "Table", "finding"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of differences, cut to its first rows.

    Attributes:
        header: names of the columns.
        rows: the first rows, with cells as they are printed.
        total: the number of rows before cutting.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    @classmethod
    def of(cls, header: Sequence[str], rows: Sequence[Sequence[str]], total: int | None = None) -> Table:
        """Makes a table from rows; a message shows the first few of them."""
        return cls(tuple(header), tuple(tuple(row) for row in rows), len(rows) if total is None else total)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found to be wrong.

    Attributes:
        kind: the kind of finding: "values", "steps", "missing", "empty", "not_finite", "trend" ...
        summary: what is wrong, in one line, without the run and tag.
        run: the name of the run.
        tag: the tag; None if the finding is about the whole run.
        path: the path of the run.
        table: the differences; None if there is nothing to list.
        series: the series that was checked; None if there is none.
    """

    kind: str
    summary: str
    run: str
    tag: str | None
    path: str
    table: Table | None = None
    series: ScalarSeries | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """The run (unless it is the logdir itself) and the tag, for messages."""
        parts = [] if self.run == "." else [f"run {self.run!r}"]
        parts += [] if self.tag is None else [f"tag {self.tag!r}"]
        return ", ".join(parts) or "the run"

    def __str__(self) -> str:
        return f"{self.where}: {self.summary}"


def finding(
    run: Run, tag: str | None, kind: str, summary: str, table: Table | None = None, series: ScalarSeries | None = None
) -> Finding:
    """Makes a `Finding` about a run."""
    return Finding(kind, summary, run.name, tag, run.path, table, series)
