"""Runs, series and tables as notebooks show them: self-contained fragments of HTML.

They have no script, no colours (a sparkline has the colour of the text) and inline styles only. All text is escaped.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.format.file_type import is_wav
from tbevents.views.curves import lonely, thinned
from tbevents.views.heat import shared_buckets
from tbevents.views.protocols import AnySeries, Buckets, ScalarCurve
from tbevents.views.safe_text import printable, shortened

MOST_ROWS: Final = 40
"""The most rows of a table that are shown."""

MOST_COLUMNS: Final = 20
"""The most columns of a table that are shown."""

_MOST_PROBLEMS: Final = 5

_MOST_LETTERS: Final = 20_000
"""The most characters of a text that are shown."""


class TagRow(NamedTuple):
    """One kind of values under one tag of a run.

    Attributes:
        tag: the tag.
        kind: the name of the kind, such as "scalars".
        points: the number of values.
        steps: of the values, shape (n,); None if they are not known.
        values: numbers to draw, shape (n,); None if the values are not numbers.
    """

    tag: str
    kind: str
    points: int
    steps: NDArray[np.int64] | None = None
    values: NDArray[Any] | None = None


class Html(str):
    """A string that is HTML; any other string is text."""

    __slots__ = ()


_BARS: Final = 48
"""The most bars of a histogram."""

Cell: TypeAlias = str | float | None


def sparkline_svg(values: NDArray[Any], width: int = 120, height: int = 24) -> Html:
    """Returns the curve of a series as a small picture (SVG), with gaps where values are not finite.

    Args:
        values: shape (n,).
        width: pixels.
        height: pixels.
    """
    places = thinned(values, width)
    shown = values[places].astype(np.float64)
    finite = np.isfinite(shown)
    low, high = (float(shown[finite].min()), float(shown[finite].max())) if finite.any() else (math.nan, math.nan)
    across = places / (len(values) - 1) if len(values) > 1 else np.full(len(places), 0.5)
    reach = high / 2 - low / 2  # halves, since the difference of two float64 may be beyond float64
    up = (np.where(finite, shown, low) / 2 - low / 2) / reach if reach > 0 else np.full(len(shown), 0.5)
    room, edge = np.array([width - 6, height - 6]), 3
    points = np.round(edge + np.stack((across, 1 - up), axis=1) * room, 1).tolist()
    path, pen = [], "M"
    for (x, y), there in zip(points, finite.tolist(), strict=True):
        if there:
            path.append(f"{pen}{x:g} {y:g}")
        pen = "L" if there else "M"
    dots = [f'<circle cx="{points[at][0]:g}" cy="{points[at][1]:g}" r="2"/>' for at in np.flatnonzero(lonely(shown))]
    label = f"from {number_text(low)} to {number_text(high)}" if finite.any() else "nothing finite"
    return Html(
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{label}" fill="currentColor" '
        f'style="vertical-align:middle;min-width:{width}px">'  # Jupyter shrinks pictures in tables
        f'<path d="{"".join(path)}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/>'
        f"{''.join(dots)}</svg>"
    )


def histogram_picture(histogram: Buckets) -> Html | None:
    """Returns the shape of a histogram as a small picture (SVG); None if it has no values."""
    width, height = 240, 64  # pixels
    found = shared_buckets([histogram], min(_BARS, width // 4))
    counts = found.counts[0]
    if not counts.max() > 0:
        return None
    edge = 3
    across = np.round(edge + np.arange(len(counts) + 1) / len(counts) * (width - 2 * edge), 1).tolist()
    up = np.round(height - edge - counts / counts.max() * (height - 2 * edge), 1).tolist()
    bars = "".join(f"V{y:g}H{x:g}" for x, y in zip(across[1:], up, strict=True))
    label = f"values from {number_text(found.low)} to {number_text(found.high)}"
    return Html(
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{label}" '
        f'style="vertical-align:middle;min-width:{width}px">'
        f'<path d="M{edge} {height - edge}{bars}V{height - edge}" fill="currentColor"/></svg>'
    )


def scalars_html(series: ScalarCurve) -> str:
    """A scalar series: its curve, and its first, last, least and greatest value."""
    if not len(series):
        return series_html(series)
    values = series.values.astype(np.float64)
    numbers = values[~np.isnan(values)]
    columns: dict[str, Cell] = {"first": float(values[0]), "last": float(values[-1])}
    if len(numbers):
        columns |= {"min": float(numbers.min()), "max": float(numbers.max())}
    if odd := len(values) - int(np.isfinite(values).sum()):
        columns["not finite"] = odd
    return series_html(series, sparkline_svg(values, 320, 64), **columns)


def series_html(series: AnySeries, picture: Html | None = None, **columns: Cell) -> str:
    """A series of any kind: its tag, number of points, and range of steps.

    Args:
        series: the series.
        picture: its curve.
        **columns: title -> cell, of further columns.
    """
    names: dict[str, Cell] = {"points": len(series), "steps": steps_text(series.steps), **columns}
    shown = getattr(series, "display_name", series.tag)  # meshes have none
    title = bold(series.tag) + (f" ({_text(shown)})" if shown != series.tag else "")
    return block(Html(title), picture or "", table(names, [list(names.values())]))


def run_html(name: str, path: str, tags: Sequence[TagRow], tag_count: int, problems: Sequence[object]) -> str:
    """A run: a row for each of its first tags, and its first problems.

    Args:
        name: of the run.
        path: of the run.
        tags: the first tags.
        tag_count: the number of all tags; a tag with values of two kinds counts twice.
        problems: all problems; shown as str.
    """
    rows = [_tag_cells(row) for row in tags]
    shown = table(("tag", "kind", "points", "steps", "last", ""), rows) if rows else "no values"
    return block(
        Html(f"{bold(name)} {_text(path)}"),
        shown,
        more_text(tag_count - len(rows), "tag"),
        *(Html(_text(str(problem), 400)) for problem in problems[:_MOST_PROBLEMS]),
        more_text(len(problems) - _MOST_PROBLEMS, "problem"),
    )


def _tag_cells(row: TagRow) -> list[Cell]:
    if row.steps is None:
        return [row.tag, row.kind, row.points, "", "", ""]
    cells: list[Cell] = [row.tag, row.kind, len(row.steps), steps_text(row.steps)]
    if row.values is None or not len(row.values):
        return [*cells, "", ""]
    return [*cells, float(row.values[-1]), sparkline_svg(row.values)]


def frame_html(columns: Mapping[str, Sequence[Cell]], rows: int, width: int) -> str:
    """A table: its first rows and columns.

    Args:
        columns: title -> cells, of the first columns and rows.
        rows: number of all rows.
        width: number of all columns.
    """
    shown = list(zip(*columns.values(), strict=True))
    return block(
        table(columns, shown),
        more_text(rows - len(shown), "row"),
        more_text(width - len(columns), "column"),
    )


def texts_html(texts: Sequence[str]) -> str:
    """Texts as they are, with their line breaks: the first ones, and of each the beginning."""
    style = "white-space:pre-wrap;margin:.3em 0;text-align:left"
    shown = [
        Html(f'<pre style="{style}">{html.escape("".join(_line(each) for each in _lines(text)))}</pre>')
        for text in texts[:MOST_ROWS]
    ]
    return block(*shown, more_text(len(texts) - len(shown), "text"))


def _lines(text: str) -> list[str]:
    return text[:_MOST_LETTERS].splitlines(keepends=True) + (["…"] if len(text) > _MOST_LETTERS else [])


def _line(line: str) -> str:
    """A line with invisible characters as escapes; its tabs and its end stay."""
    content = line.rstrip("\r\n")
    return "\t".join(map(printable, content.split("\t"))) + ("\n" if len(content) < len(line) else "")


def sound_html(encoded: bytes) -> str | None:
    """A sound to play; None if it is not a WAV file."""
    if not is_wav(encoded):
        return None
    return f'<audio controls src="data:audio/wav;base64,{base64.b64encode(encoded).decode("ascii")}"></audio>'


def block(*parts: str) -> str:
    """Stacks the parts that are not empty."""
    inner = "".join(f"<div>{_cell(part)}</div>" for part in parts if part)
    # Jupyter would typeset $...$ in a name, including links to scripts; these classes stop MathJax 2 and 3.
    return f'<div class="tex2jax_ignore mathjax_ignore">{inner}</div>'


def bold(text: str) -> Html:
    """Text in bold."""
    return Html(f"<b>{_text(text)}</b>")


def table(names: Iterable[str], rows: Sequence[Sequence[Cell]]) -> Html:
    """A table; columns of numbers are right-aligned."""
    names = list(names)
    aligned = ["right" if numbers else "left" for numbers in of_numbers(names, rows)]

    def line(element: str, cells: Iterable[Cell]) -> str:
        inner = (
            f'<{element} style="text-align:{side};white-space:nowrap;padding:.1em .6em">{_cell(cell)}</{element}>'
            for cell, side in zip(cells, aligned, strict=True)
        )
        return f"<tr>{''.join(inner)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return Html(f"<table><thead>{line('th', names)}</thead><tbody>{body}</tbody></table>")


def of_numbers(names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[bool]:
    """Returns which columns hold numbers."""
    return [any(isinstance(row[at], (int, float)) for row in rows) for at in range(len(names))]


def _cell(cell: Cell) -> str:
    if isinstance(cell, Html):
        return cell
    if cell is None:
        return ""
    return _text(cell if isinstance(cell, str) else number_text(cell))


def _text(text: str, most: int = 60) -> str:
    """Text as HTML, shortened in the middle, with invisible characters as escapes."""
    escaped = html.escape(shortened(text, most))
    return escaped if text.isascii() else f"<bdi>{escaped}</bdi>"  # otherwise Hebrew reorders the text beside it


def number_text(value: float) -> str:
    """A number in six digits; a large one, such as a time, as an integer."""
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:.6g}"


def steps_text(steps: NDArray[np.int64]) -> str:
    """The range of some steps."""
    if not len(steps):
        return ""
    first, last = int(steps.min()), int(steps.max())
    return str(first) if first == last else f"{first} to {last}"


def more_text(count: int, noun: str) -> str:
    """Says how many are not shown; empty if there are none."""
    return f"… and {count} more {noun}{'' if count == 1 else 's'}" if count > 0 else ""
