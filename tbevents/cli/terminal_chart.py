"""Charts of series in a terminal, with two by four dots in each character."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from tbevents.cli.formatting import clip, number, printable, width
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.views.chart import axis_of

__all__ = ["ChartAxis", "chart"]

ChartAxis: TypeAlias = Literal["step", "order"]

_COLORS: Final = ("cyan", "yellow", "magenta", "green", "blue", "red")
_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""The value that each dot of a braille character adds to its code, by row and column."""
_BRAILLE: Final = 0x2800
_PLAIN: Final = "*+ox#%"
"""A character for each line, if the terminal has no braille."""


class _Limits(NamedTuple):
    """The limits of a chart: of steps from left to right, and of values (or their logarithms) from bottom to top."""

    left: float
    right: float
    bottom: float
    top: float


def chart(
    series: Mapping[str, ScalarSeries],
    columns: int,
    rows: int = 12,
    *,
    x: ChartAxis = "step",
    log: bool = False,
    plain: bool = False,
) -> list[Text]:
    """Draws series as overlaid lines with axes, and with a legend if there are several.

    Args:
        series: the series by the names of their lines.
        columns: width of the chart in columns of the terminal.
        rows: height of the chart without its axis.
        x: the horizontal axis: the step or the order written; if all steps are 0, always the order.
        log: if True, use a logarithmic scale for values; values that are not positive are left out.
        plain: if True, use only ASCII.

    Returns:
        The lines of the chart; a single line with a note if no series has a finite value.
    """
    axis = axis_of(series.values(), x)
    drawn = {name: points for name, each in series.items() if len((points := _points(each, axis, log))[0])}
    if not drawn:
        return [Text("no finite values to draw", "dim")]
    steps = np.concatenate([steps for steps, _ in drawn.values()])
    values = np.concatenate([values for _, values in drawn.values()])
    limits = _Limits(*_spread(steps), *_spread(values))
    labels = [number(10.0**value if log else value) for value in (limits.top, limits.bottom)]
    margin = max(map(len, labels)) + 2
    area = max(8, columns - margin)
    dots = [_draw(*points, limits, area, rows) for points in drawn.values()]
    lines = []
    for row in range(rows):
        line = Text((labels[0] if row == 0 else labels[1] if row == rows - 1 else "").rjust(margin - 2))
        line.append(" |" if plain else " ┤" if row in (0, rows - 1) else " │", "dim")
        _append_row(line, [each[row * 4 : row * 4 + 4] for each in dots], plain)
        lines.append(line)
    left, right = f"{int(steps.min())}", f"{int(steps.max())}"
    corner = " " * (margin - 1) + ("+" if plain else "└")
    lines.append(Text(corner + ("-" if plain else "─") * area, "dim"))
    lines.append(Text(" " * margin + left + " " * max(1, area - len(left) - len(right)) + right))
    if axis != x:
        lines.append(Text(f"{' ' * margin}all steps are 0: in the order written", "dim"))
    return lines + (_legend(list(drawn), columns, plain) if len(series) > 1 else [])


def _points(series: ScalarSeries, axis: str, log: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the x coordinates (steps or order) and values that can be drawn."""
    steps = series.steps.astype(np.float64) if axis == "step" else np.arange(len(series), dtype=np.float64)
    values = series.values.astype(np.float64)
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(values)
    finite = np.isfinite(values)
    return steps[finite], values[finite]


def _spread(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Returns the minimum and the maximum; moved apart if they are equal."""
    low, high = float(numbers.min()), float(numbers.max())
    if low < high:
        return low, high
    around = abs(low) * 0.1 or 1.0
    return low - around, high + around


def _draw(
    steps: NDArray[np.float64], values: NDArray[np.float64], limits: _Limits, columns: int, rows: int
) -> NDArray[np.bool_]:
    """Returns the dots of a line: bool, shape (4 * rows, 2 * columns)."""
    dots = np.zeros((4 * rows, 2 * columns), np.bool_)
    order = np.argsort(steps, kind="stable")
    x = _place(steps[order], limits.left, limits.right, dots.shape[1])
    y = dots.shape[0] - 1 - _place(values[order], limits.bottom, limits.top, dots.shape[0])
    # In each column of dots, fill from the minimum to the maximum; join adjacent columns by a straight line.
    starts = np.flatnonzero(np.diff(x, prepend=-1))
    for at, low, high in zip(x[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts), strict=True):
        dots[low : high + 1, at] = True
    ends = np.append(starts[1:], len(x)) - 1
    for end in ends[:-1].tolist():
        length = max(abs(x[end + 1] - x[end]), abs(y[end + 1] - y[end])) + 1
        across = np.linspace(x[end], x[end + 1], length).round().astype(int)
        down = np.linspace(y[end], y[end + 1], length).round().astype(int)
        dots[down, across] = True
    return dots


def _place(numbers: NDArray[np.float64], low: float, high: float, size: int) -> NDArray[np.int64]:
    """Maps numbers between `low` and `high` to indices of `size` dots."""
    share = (numbers / 2 - low / 2) / (high / 2 - low / 2)  # halves: the difference may overflow float64
    places: NDArray[np.int64] = (share * (size - 1)).round().astype(np.int64)
    return places


def _append_row(line: Text, layers: list[NDArray[np.bool_]], plain: bool) -> None:
    """Adds a row of characters; at a crossing, the first line's colour shows."""
    columns = layers[0].shape[1] // 2
    cells = [layer.reshape(4, columns, 2) for layer in layers]
    owner = np.argmax([cell.any(axis=(0, 2)) for cell in cells], axis=0)
    codes = (np.logical_or.reduce(cells) * _DOTS[:, None, :]).sum(axis=(0, 2))
    for code, number_of_line in zip(codes.tolist(), owner.tolist(), strict=True):
        if not code:
            line.append(" ")
        else:
            char = _PLAIN[number_of_line % len(_PLAIN)] if plain else chr(_BRAILLE + code)
            line.append(char, _COLORS[number_of_line % len(_COLORS)])


def _legend(names: list[str], columns: int, plain: bool) -> list[Text]:
    """Returns the legend: names beside samples of their lines, as many on a line as fit."""
    lines = [Text()]
    for at, name in enumerate(names):
        sample = _PLAIN[at % len(_PLAIN)] if plain else "━━"
        text = clip(printable(name), columns - len(sample) - 1, plain=plain)
        room = width(sample) + 1 + width(text)
        if lines[-1].cell_len and lines[-1].cell_len + 3 + room > columns:
            lines.append(Text())
        if lines[-1].cell_len:
            lines[-1].append("   ")
        lines[-1].append(sample, _COLORS[at % len(_COLORS)])
        lines[-1].append(f" {text}")
    return lines
