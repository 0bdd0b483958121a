"""Formats findings as the message of an assertion."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.testing.finding import Finding, Table
from tbevents.tools.sparkline import sparkline

__all__ = ["ROWS", "message", "number"]

ROWS: Final = 8
"""Maximum number of rows of a table in a message."""

_FINDINGS: Final = 12
"""Maximum number of findings in a message."""

_COLUMNS: Final = 40
"""Maximum number of bars in a sparkline."""


def message(findings: Sequence[Finding]) -> str:
    """Returns the message of a failed assertion.

    Consecutive findings of one tag share one line about the series; those of one run share the path.

    Args:
        findings: one or more findings.
    """
    shown = findings[:_FINDINGS]
    parts = [f"{len(findings)} findings"] if len(findings) > 1 else []
    for (_, path), of_run in itertools.groupby(shown, lambda finding: (finding.run, finding.path)):
        lines: list[str] = []
        for _, of_tag in itertools.groupby(of_run, lambda finding: finding.tag):
            found = list(of_tag)
            for finding in found:
                lines.append(str(finding))
                lines += _indented(table_lines(finding.table)) if finding.table is not None else []
            series = next((finding.series for finding in found if finding.series is not None), None)
            lines += _indented([course(series)]) if series is not None else []
        lines += [] if _in_memory(path) else [f"  see: {path}"]
        parts.append("\n".join(lines))
    if len(findings) > len(shown):
        parts.append(f"and {len(findings) - len(shown)} more findings")
    return "\n\n".join(parts)


def table_lines(table: Table, most: int = ROWS) -> Iterator[str]:
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


def course(series: ScalarSeries) -> str:
    """Describes a series in one line: a sparkline, number of points, steps and values."""
    if not len(series):
        return "no points"
    count = len(series)
    points = "1 point" if count == 1 else f"{count:,} points"
    finite = series.values[np.isfinite(series.values)]
    dtype = series.values.dtype
    span = "no finite value"
    if len(finite):
        span = f"values from {number(finite.min(), dtype)} to {number(finite.max(), dtype)}"
    last = number(series.last.value, dtype)
    steps = f"steps {series.steps.min()} to {series.steps.max()}"
    return f"{sparkline(series.values, _COLUMNS).rstrip()}  {points}, {steps}, {span}, the last {last}".lstrip()


def number(value: Any, dtype: Any = np.float64) -> str:
    """Returns the shortest text that identifies the number in its dtype."""
    kind = np.dtype(dtype)
    if kind.kind != "f":
        return str(value)
    exact = kind.type(value)
    if exact == 0 or 1e-4 <= abs(exact) < 1e16:
        return np.format_float_positional(exact, trim="0")
    return np.format_float_scientific(exact, trim="-") if np.isfinite(exact) else str(float(exact))


def _in_memory(path: str) -> bool:
    """Returns True if the path is of a `MemoryWriter` or a capture, so there is no file; False for URLs."""
    return path.startswith("memory:") and not path.startswith("memory://")


def _indented(lines: Iterator[str] | list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
