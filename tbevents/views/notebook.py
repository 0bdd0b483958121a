"""What notebooks show of runs, series and tables: fragments of HTML that need nothing else and disturb nothing else.

No script, no colour (a sparkline has that of the text), no style beyond an element's own. All text is escaped.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.views.curves import lonely, thinned
from tbevents.views.text import shortened

if TYPE_CHECKING:
    from tbevents.reading.kinds.scalar import ScalarSeries
    from tbevents.reading.run import Run

__all__ = ["frame_html", "logdir_html", "run_html", "scalars_html", "series_html", "sparkline"]

MOST_ROWS: Final = 40
"""The most rows of a table that are shown."""

MOST_COLUMNS: Final = 20
"""The most columns of a table that are shown."""

_MOST_PROBLEMS: Final = 5

_NOT_BY_TAG: Final = ("meshes", "hparams", "custom_scalars")
"""Kinds of which a run has no series by the tag that the file has."""


class AnySeries(Protocol):
    """What all series have."""

    @property
    def tag(self) -> str: ...
    @property
    def steps(self) -> NDArray[np.int64]: ...
    def __len__(self) -> int: ...


class Html(str):
    """What is HTML already; any other string is text."""

    __slots__ = ()


Cell: TypeAlias = str | float | None


def sparkline(values: NDArray[Any], width: int = 120, height: int = 24) -> Html:
    """The course of a series as a little picture (SVG), with gaps where values are not finite.

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
    label = f"from {_number(low)} to {_number(high)}" if finite.any() else "nothing finite"
    return Html(
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{label}" fill="currentColor" '
        f'style="vertical-align:middle;min-width:{width}px">'  # Jupyter shrinks pictures in tables
        f'<path d="{"".join(path)}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/>'
        f"{''.join(dots)}</svg>"
    )


def scalars_html(series: ScalarSeries) -> str:
    """A scalar series: its course, and what matters of it in numbers."""
    if not len(series):
        return series_html(series)
    values = series.values.astype(np.float64)
    numbers = values[~np.isnan(values)]
    columns: dict[str, Cell] = {"first": float(values[0]), "last": float(values[-1])}
    if len(numbers):
        columns |= {"min": float(numbers.min()), "max": float(numbers.max())}
    if odd := len(values) - int(np.isfinite(values).sum()):
        columns["not finite"] = odd
    return series_html(series, sparkline(values, 320, 64), **columns)


def series_html(series: AnySeries, picture: Html | None = None, **columns: Cell) -> str:
    """A series of any kind: its tag, how many points it has, and over which steps.

    Args:
        series: what is shown.
        picture: of its course.
        **columns: what else is to be said of it.
    """
    names: dict[str, Cell] = {"points": len(series), "steps": _steps(series.steps), **columns}
    shown = getattr(series, "display_name", series.tag)  # meshes have none
    title = f"<b>{_text(series.tag)}</b>" + (f" ({_text(shown)})" if shown != series.tag else "")
    return _block(Html(title), picture or "", _table(names, [list(names.values())]))


def run_html(run: Run) -> str:
    """A run: a row for each tag, of the first ones; and what was damaged."""
    counted = [(tag, kind, count) for kind, counts in run.counts().items() for tag, count in counts.items()]
    order = {tag: at for at, tag in enumerate(run.tags)}
    counted.sort(key=lambda row: order[row[0]])
    rows = [_tag_row(run, *row) for row in counted[:MOST_ROWS]]
    table = _table(("tag", "kind", "points", "steps", "last", ""), rows) if rows else "no values"
    return _block(
        Html(f"<b>{_text(run.name)}</b> {_text(run.path)}"),
        table,
        _more(len(counted) - len(rows), "tag"),
        *(Html(_text(str(problem), 400)) for problem in run.problems[:_MOST_PROBLEMS]),
        _more(len(run.problems) - _MOST_PROBLEMS, "problem"),
    )


def _tag_row(run: Run, tag: str, kind: str, count: int) -> list[Cell]:
    found = {} if kind in _NOT_BY_TAG else getattr(run, kind)
    if tag not in found:
        return [tag, kind, count, "", "", ""]
    series = found[tag]
    row: list[Cell] = [tag, kind, len(series), _steps(series.steps)]
    if kind != "scalars" or not len(series):
        return [*row, "", ""]
    return [*row, float(series.values[-1]), sparkline(series.values)]


def logdir_html(path: str, runs: Mapping[str, Run | None]) -> str:
    """A logdir: a row for each run, of the first ones.

    Args:
        path: of the logdir.
        runs: by name; None for one that was not read yet, which is not read now either.
    """
    rows = [_run_row(name, run) for name, run in islice(runs.items(), MOST_ROWS)]
    return _block(
        Html(f"<b>{_text(path)}</b>"),
        _table(("run", "tags", "values", "problems"), rows) if rows else "no runs",
        _more(len(runs) - len(rows), "run"),
    )


def _run_row(name: str, run: Run | None) -> list[Cell]:
    if run is None:
        return [name, "not read yet", "", ""]
    counts = run.counts()
    tags = ", ".join(f"{len(tags)} {kind}" for kind, tags in counts.items()) or "none"
    return [name, tags, sum(sum(tags.values()) for tags in counts.values()), len(run.problems) or ""]


def frame_html(columns: Mapping[str, Sequence[Cell]], rows: int, width: int) -> str:
    """A table: its first rows and columns.

    Args:
        columns: what is shown of it.
        rows: how many there are.
        width: how many columns there are.
    """
    shown = list(zip(*columns.values(), strict=True))
    return _block(
        _table(columns, shown),
        _more(rows - len(shown), "row"),
        _more(width - len(columns), "column"),
    )


def _block(*parts: str) -> str:
    """Parts one below the other, those left out that are empty."""
    inner = "".join(f"<div>{_cell(part)}</div>" for part in parts if part)
    # Jupyter would typeset $...$ in a name, links to scripts included; these classes forbid it to MathJax 2 and 3.
    return f'<div class="tex2jax_ignore mathjax_ignore">{inner}</div>'


def _table(names: Iterable[str], rows: Sequence[Sequence[Cell]]) -> Html:
    """A table; columns are to the right where they hold numbers."""
    names = list(names)
    right = [any(isinstance(row[at], (int, float)) for row in rows) for at in range(len(names))]
    aligned = ["right" if numbers else "left" for numbers in right]

    def line(element: str, cells: Iterable[Cell]) -> str:
        inner = (
            f'<{element} style="text-align:{side};white-space:nowrap;padding:.1em .6em">{_cell(cell)}</{element}>'
            for cell, side in zip(cells, aligned, strict=True)
        )
        return f"<tr>{''.join(inner)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return Html(f"<table><thead>{line('th', names)}</thead><tbody>{body}</tbody></table>")


def _cell(cell: Cell) -> str:
    if isinstance(cell, Html):
        return cell
    if cell is None:
        return ""
    return _text(cell if isinstance(cell, str) else _number(cell))


def _text(text: str, most: int = 60) -> str:
    """Text as HTML, shortened in its middle; what is no visible character as an escape."""
    escaped = html.escape(shortened(text, most))
    return escaped if text.isascii() else f"<bdi>{escaped}</bdi>"  # else Hebrew reorders what stands beside it


def _number(value: float) -> str:
    """A number in six digits; a large one, such as a time, to its unit."""
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:.6g}"


def _steps(steps: NDArray[np.int64]) -> str:
    if not len(steps):
        return ""
    first, last = int(steps.min()), int(steps.max())
    return str(first) if first == last else f"{first} to {last}"


def _more(count: int, noun: str) -> str:
    return f"… and {count} more {noun}{'' if count == 1 else 's'}" if count > 0 else ""
