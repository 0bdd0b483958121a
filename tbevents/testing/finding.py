"""What a check finds, in a form that a message is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.run import Run

__all__ = ["Finding", "Table", "finding"]


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of what differs.

    Attributes:
        header: names of the columns.
        rows: the first few, cells as they are printed.
        total: how many rows there are in all.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    @classmethod
    def of(cls, header: Sequence[str], rows: Sequence[Sequence[str]], total: int | None = None) -> Table:
        """A table of rows, of which a message shows the first few."""
        return cls(tuple(header), tuple(tuple(row) for row in rows), len(rows) if total is None else total)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: one word for the sort of it: "values", "steps", "missing", "empty", "not_finite", "trend" ...
        summary: what is wrong, in one line, without the location.
        run: the name of the run.
        tag: the tag; None for what concerns the run.
        path: where the run is.
        table: the first rows of what differs; None where there is nothing to list.
        series: the series that was checked; None where it has none.
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
        """The run, unless it is the logdir's own, and the tag, for a message."""
        parts = [] if self.run == "." else [f"run {self.run!r}"]
        parts += [] if self.tag is None else [f"tag {self.tag!r}"]
        return ", ".join(parts) or "the run"

    def __str__(self) -> str:
        return f"{self.where}: {self.summary}"


def finding(
    run: Run, tag: str | None, kind: str, summary: str, table: Table | None = None, series: ScalarSeries | None = None
) -> Finding:
    """A finding in a run."""
    return Finding(kind, summary, run.name, tag, run.path, table, series)
