"""Charts of series in a terminal, with two by four dots in each character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from tbevents.cli.formatting import clip, duration, moment, number, printable, width
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.views.chart import XAxis, axis_of
from tbevents.views.curves import smoothed

_COLORS: Final = ("cyan", "yellow", "magenta", "green", "blue", "red")
_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""The value that each dot of a braille character adds to its code, by row and column."""
_BRAILLE: Final = 0x2800
_MARKS: Final = "ox+*#%@$&=" + "abcdefghijklmnpqrstuvwyz" + "ABCDEFGHIJKLMNPQRSTUVWYZ"
"""Characters on lines that colours do not tell apart."""
_PLAIN: Final = "*+ox#%" + _MARKS.translate({ord(char): None for char in "*+ox#%"})
"""A character for each line, if the terminal has no braille."""
_MARK_GAP: Final = 12
"""Columns between two marks on a line."""


class TerminalStyle(NamedTuple):
    """How to draw charts.

    Attributes:
        x: the horizontal axis: the step, the order written, "relative" (time since the line's first point) or "wall"
            (local time); if all steps are 0, "step" is drawn as the order.
        smooth: TensorBoard's smoothing, at least 0 (none) and less than 1; the raw line is not drawn.
        log: if True, use a logarithmic scale for values; values that are not positive are left out.
        plain: if True, use only ASCII.
        colorless: if True, each line has marks of its own; otherwise those have that share a colour with another.
    """

    x: XAxis = "step"
    smooth: float = 0.0
    log: bool = False
    plain: bool = False
    colorless: bool = False


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
    style: TerminalStyle | None = None,
    *,
    names: Sequence[str] | None = None,
) -> list[Text]:
    """Draws series as overlaid lines with axes, and with a legend if there are several.

    Args:
        series: the series by the names of their lines.
        columns: width of the chart in columns of the terminal.
        rows: height of the chart without its axis.
        style: how to draw them.
        names: names of the lines of several charts with one `legend`, in the order of their colours; None if this chart
            has a legend of its own.

    Returns:
        The lines of the chart; a single line with a note if no series has a finite value.
    """
    style = TerminalStyle() if style is None else style
    axis = axis_of(series.values(), style.x)
    drawn = {name: points for name, each in series.items() if len((points := _points(each, axis, style))[0])}
    if not drawn:
        return [Text("no finite values to draw", "dim")]
    places, values = (np.concatenate(columns) for columns in zip(*drawn.values(), strict=True))
    limits = _Limits(*_spread(places), *_spread(values))
    labels = [number(10.0**value if style.log else value) for value in (limits.top, limits.bottom)]
    margin = max(map(len, labels)) + 2
    area = max(8, columns - margin)
    known = list(drawn) if names is None else list(names)
    looks = [_look_of(known.index(name), len(known), style) for name in drawn]
    cells = [
        _cells(_draw(*points, limits, area, rows), *look) for points, look in zip(drawn.values(), looks, strict=True)
    ]
    lines = []
    for row in range(rows):
        line = Text((labels[0] if row == 0 else labels[1] if row == rows - 1 else "").rjust(margin - 2))
        line.append(" |" if style.plain else " ┤" if row in (0, rows - 1) else " │", "dim")
        _append_row(line, [each[row] for each in cells], [color for color, _, _ in looks])
        lines.append(line)
    left, right = (_place_text(axis, place) for place in (float(places.min()), float(places.max())))
    corner = " " * (margin - 1) + ("+" if style.plain else "└")
    lines.append(Text(corner + ("-" if style.plain else "─") * area, "dim"))
    lines.append(Text(" " * margin + left + " " * max(1, area - len(left) - len(right)) + right))
    if axis != style.x:
        lines.append(Text(f"{' ' * margin}all steps are 0: in the order written", "dim"))
    return lines + (legend(known, columns, style) if len(series) > 1 and names is None else [])


def _points(series: ScalarSeries, axis: XAxis, style: TerminalStyle) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the x coordinates (steps, order or seconds) and values that can be drawn."""
    x = np.arange(len(series), dtype=np.float64)
    if axis == "step":
        x = series.steps.astype(np.float64)
    elif axis != "order":
        x = series.wall_times
        known = x[np.isfinite(x)]
        x = x - known.min() if axis == "relative" and len(known) else x
    values = smoothed(series.values, style.smooth) if style.smooth else series.values.astype(np.float64)
    if style.log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(values)
    finite = np.isfinite(values) & np.isfinite(x)
    return x[finite], values[finite]


def _place_text(axis: XAxis, place: float) -> str:
    """Returns the label of an end of the horizontal axis."""
    if axis == "relative":
        return duration(place)
    return moment(place) if axis == "wall" else str(int(place))


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


class _Look(NamedTuple):
    """How a line looks.

    Attributes:
        color: its colour.
        mark: a character that stands on the line here and there; "" for none.
        fill: a character that the line is made of; "" for dots.
    """

    color: str
    mark: str
    fill: str


def _look_of(place: int, count: int, style: TerminalStyle) -> _Look:
    """Returns the look of one of several lines, which no other has as long as there are marks enough."""
    color = _COLORS[place % len(_COLORS)]
    if style.plain:
        return _Look(color, "", _PLAIN[place % len(_PLAIN)])
    if style.colorless:
        return _Look(color, _MARKS[place % len(_MARKS)] if count > 1 else "", "")
    turn = place // len(_COLORS)
    return _Look(color, _MARKS[(turn - 1) % len(_MARKS)] if turn else "", "")


def _cells(dots: NDArray[np.bool_], color: str, mark: str, fill: str) -> NDArray[np.int32]:
    """Returns the characters of a line: their codes, shape (rows, columns), 0 where the line is not."""
    height, breadth = dots.shape
    blocks = dots.reshape(height // 4, 4, breadth // 2, 2)
    codes: NDArray[np.int32] = (blocks * _DOTS[:, None, :]).sum(axis=(1, 3), dtype=np.int32)
    there = codes > 0
    codes[there] = ord(fill) if fill else codes[there] + _BRAILLE
    if mark:
        columns = np.flatnonzero(there.any(axis=0))
        offset = (_COLORS.index(color) * 2 + _MARKS.index(mark) * 5) % _MARK_GAP
        for column in {*columns[columns % _MARK_GAP == offset].tolist(), int(columns[-1])}:
            rows = np.flatnonzero(there[:, column])
            codes[rows[len(rows) // 2], column] = ord(mark)
    return codes


def _append_row(line: Text, layers: Sequence[NDArray[np.int32]], colors: Sequence[str]) -> None:
    """Adds a row of characters. At a crossing the first line's colour shows, with the dots of all lines."""
    stacked = np.stack(layers)
    dots = np.where(stacked >= _BRAILLE, stacked - _BRAILLE, 0)
    joined = np.bitwise_or.reduce(dots, axis=0) + _BRAILLE
    marks = np.where((stacked > 0) & (stacked < _BRAILLE), stacked, 0)
    for column in range(stacked.shape[1]):
        marked = np.flatnonzero(marks[:, column])
        owners = marked if len(marked) else np.flatnonzero(stacked[:, column])
        if not len(owners):
            line.append(" ")
            continue
        owner = int(owners[0])
        line.append(chr(marks[owner, column] or joined[column]), colors[owner])


def legend(names: Sequence[str], columns: int, style: TerminalStyle) -> list[Text]:
    """Returns the legend: names beside samples of their lines, as many on a line as fit.

    Args:
        names: names of the lines, in the order of their colours.
        columns: width in columns of the terminal.
        style: how the lines are drawn.
    """
    lines = [Text()]
    for at, name in enumerate(names):
        color, mark, fill = _look_of(at, len(names), style)
        sample = fill or f"━{mark or '━'}"
        text = clip(printable(name), columns - len(sample) - 1, plain=style.plain)
        room = width(sample) + 1 + width(text)
        if lines[-1].cell_len and lines[-1].cell_len + 3 + room > columns:
            lines.append(Text())
        if lines[-1].cell_len:
            lines[-1].append("   ")
        lines[-1].append(sample, color)
        lines[-1].append(f" {text}")
    return lines
