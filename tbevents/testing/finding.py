"""`Finding`: one thing that a check found, and the message of an assertion made from findings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.run import Run
from tbevents.tools.sparkline import sparkline
from tbevents.views.safe_text import counted

ROWS: Final = 8
"""Maximum number of rows of a table in a message."""

_FINDINGS: Final = 12
"""Maximum number of findings in a message."""

_COLUMNS: Final = 40
"""Maximum number of bars in a sparkline."""

_THE_RUN: Final = "the run"
"""The only run, which has no name, in messages."""


Quantity: TypeAlias = float | str | None
"""What is compared: a number, or words where there is none; None if there is nothing to name."""


class MissingArgumentError(ValueError):
    """A check was called without an argument that it needs.

    Attributes:
        needed: what it needs, in words.
    """

    def __init__(self, function: str, needed: str) -> None:
        super().__init__(f"{function} needs {needed}")
        self.needed = needed


class FirstRow(NamedTuple):
    """The first row of a table as data.

    Attributes:
        step: the step; None if the row is about no step.
        value: the value there.
        expected: what was expected there.
    """

    step: int | None
    value: Quantity = None
    expected: Quantity = None


@dataclass(frozen=True, slots=True)
class FindingTable:
    """A table of differences, cut to its first rows.

    Attributes:
        header: names of the columns.
        rows: the first rows, with cells as they are printed.
        total: the number of rows before cutting.
        first: the first row as data; None if the check names none.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    first: FirstRow | None = field(default=None, repr=False, compare=False)  # NaN would equal nothing

    @classmethod
    def of(
        cls,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        total: int | None = None,
        first: FirstRow | None = None,
    ) -> FindingTable:
        """Makes a table from rows; a message shows the first few of them."""
        return cls(tuple(header), tuple(tuple(row) for row in rows), len(rows) if total is None else total, first)


Table = FindingTable
"""The public name: `tbevents.testing.Table`, beside `tbevents.Table`, a table of scalars."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found to be wrong.

    Attributes:
        kind: the kind of finding: "values", "steps", "missing", "empty", "not_finite", "trend" ...
        summary: what is wrong, in one line, without the run and tag.
        run: the name of the run.
        tag: the tag; None if the finding is about the whole run.
        path: the path of the run; "" if the finding is about no single run.
        table: the differences; None if there is nothing to list.
        series: the series that was checked; None if there is none.
    """

    kind: str
    summary: str
    run: str
    tag: str | None
    path: str
    table: FindingTable | None = None
    series: ScalarSeries | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """The run (unless it is the logdir itself) and the tag, for messages; "" if it is about no single run."""
        parts = [] if self.run == "." else [f"run {self.run!r}"]
        parts += [] if self.tag is None else [f"tag {self.tag!r}"]
        return ", ".join(parts) or (_THE_RUN if self.path else "")

    @property
    def course(self) -> str:
        """The series in one line; "" if there is none."""
        return "" if self.series is None else course_of(self.series)

    def __str__(self) -> str:
        return with_location(self.where, self.summary)


def finding(
    run: Run,
    tag: str | None,
    kind: str,
    summary: str,
    table: FindingTable | None = None,
    series: ScalarSeries | None = None,
) -> Finding:
    """Makes a `Finding` about a run."""
    return Finding(kind, summary, run.name, tag, run.path, table, series)


def with_location(where: str, text: str) -> str:
    """Returns a text after where it applies, unless it is about the run and says so itself, or `where` is empty."""
    itself = not where or (where == _THE_RUN and text.startswith(f"{_THE_RUN} "))
    return text if itself else f"{where}: {text}"


def message(findings: Sequence[Finding]) -> str:
    """Returns the message of a failed assertion.

    Consecutive findings of one tag share one line about the series; those of one run share the path.

    Args:
        findings: one or more findings.
    """
    shown = findings[:_FINDINGS]
    parts = [f"{len(findings)} findings"] if len(findings) > 1 else []
    for (_, path), of_run in itertools.groupby(shown, lambda each: (each.run, each.path)):
        lines: list[str] = []
        for _, of_tag in itertools.groupby(of_run, lambda each: each.tag):
            found = list(of_tag)
            for each in found:
                lines.append(str(each))
                lines += _indented(table_lines(each.table)) if each.table is not None else []
            lines += _indented([next((each.course for each in found if each.course), "")])
        in_memory = path.startswith("memory:") and not path.startswith("memory://")  # fsspec has URLs of its own
        lines += [] if in_memory or not path else [f"  see: {path}"]
        parts.append("\n".join(lines))
    if len(findings) > len(shown):
        parts.append(f"and {len(findings) - len(shown)} more findings")
    return "\n\n".join(parts)


def table_lines(table: FindingTable, most: int = ROWS) -> Iterator[str]:
    """Yields the lines of a table, right-aligned, with at most `most` rows and without empty columns."""
    shown = table.rows[:most]
    filled = [place for place in range(len(table.header)) if not shown or any(row[place] for row in shown)]
    rows = [[row[place] for place in filled] for row in (table.header, *shown)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    more = table.total - (len(rows) - 1)
    if more > 0:
        yield f"... {more:,} more"


def course_of(series: ScalarSeries) -> str:
    """Describes a series in one line: a sparkline, number of points, steps and values."""
    if not len(series):
        return "no points"
    count = len(series)
    points = counted(count, "point")
    finite = series.values[np.isfinite(series.values)]
    dtype = series.values.dtype
    span = "no finite value"
    if len(finite):
        span = f"values from {number(finite.min(), dtype)} to {number(finite.max(), dtype)}"
    last = number(series.last.value, dtype)
    least, greatest = series.steps.min(), series.steps.max()
    steps = f"step {least}" if least == greatest else f"steps {least} to {greatest}"
    return f"{sparkline(series.values, _COLUMNS).rstrip()}  {points}, {steps}, {span}, the last {last}".lstrip()


def number(value: Any, dtype: Any = np.float64) -> str:
    """Returns the shortest text that identifies the number in its dtype."""
    kind = np.dtype(dtype)
    if kind.kind != "f":
        return str(value)
    with np.errstate(over="ignore"):  # it is shown as infinite
        exact = kind.type(value)
    if exact == 0 or 1e-4 <= abs(exact) < 1e16:
        return np.format_float_positional(exact, trim="0")
    return np.format_float_scientific(exact, trim="-") if np.isfinite(exact) else str(float(exact))


def as_shown(value: Any, dtype: Any = np.float64) -> float:
    """Returns the number that `number` shows: 0.1 for the float32 that is nearest to it."""
    return float(number(value, dtype))


def _indented(lines: Iterator[str] | list[str]) -> list[str]:
    return [f"  {line}" for line in lines if line]
