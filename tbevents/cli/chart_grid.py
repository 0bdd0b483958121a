"""Charts side by side that fill a terminal: one for each tag, with the runs overlaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.text import Text

from tbevents.cli.formatting import clip, count, number, printable, width
from tbevents.cli.terminal_chart import TerminalStyle, chart, legend
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.views.chart import axis_of
from tbevents.views.short_names import short_names

__all__ = ["chart_grid"]

_NARROWEST: Final = 30
"""Least columns of a chart, so that there is room for its labels."""

_LOWEST: Final = 7
"""Least lines of a chart: a title, four lines of dots, and the axis."""

_AROUND: Final = 3
"""Lines of a chart beside its dots: its title, its axis, and the ends of the axis."""

_ASPECT: Final = 4
"""A chart looks best if it has this many times as many columns as lines."""

_GAP: Final = 2
"""Columns between two charts."""

_LEGEND: Final = 4
"""Most lines of the legend."""


def chart_grid(
    tags: Mapping[str, Mapping[str, ScalarSeries]], columns: int, rows: int, style: TerminalStyle, root: str
) -> list[Text]:
    """Draws a chart for each tag, as many as there is room for, and one legend.

    Args:
        tags: tag -> run -> series. If there is no room for all, those with the latest points are drawn.
        columns: width of the terminal.
        rows: height of the terminal; so many lines are returned at most.
        style: how to draw the charts.
        root: name of the logdir's folder, in place of the run ".".
    """
    names = list(dict.fromkeys(run for runs in tags.values() for run in runs))
    short = short_names(names, root)
    below = legend([short[name] for name in names], columns, style) if len(names) > 1 else []
    below = below[: min(_LEGEND, max(0, rows - _LOWEST))]
    across, down = _shape(len(tags), columns, rows - len(below))
    if across * down < len(tags):  # the last line says so
        across, down = _shape(len(tags), columns, rows - len(below) - 1)
        chosen = _latest(tags, across * down)
        below.append(Text(f"{count(len(tags) - len(chosen))} more with older last points", "dim"))
        tags = {tag: tags[tag] for tag in tags if tag in chosen}
    room = max(1, (columns - _GAP * (across - 1)) // across)
    height = max(_LOWEST, (rows - len(below)) // down)
    known = [short[name] for name in names]
    drawn = []
    for tag, runs in tags.items():
        series = {short[name]: each for name, each in runs.items()}
        dots = height - _AROUND - (axis_of(series.values(), style.x) != style.x)  # a line below says so
        drawn.append([_title(tag, runs, room, style), *chart(series, room, max(1, dots), style, names=known)])
    lines: list[Text] = []
    for start in range(0, len(drawn), across):
        beside = drawn[start : start + across]
        lines += [_joined((each[at] if at < len(each) else Text() for each in beside), room) for at in range(height)]
    return (lines + below)[:rows]


def _shape(charts: int, columns: int, rows: int) -> tuple[int, int]:
    """Returns how many charts stand side by side, and above each other, so that they are as large as they can be."""
    most_across = max(1, min(charts, (columns + _GAP) // (_NARROWEST + _GAP)))
    most_down = max(1, rows // _LOWEST)
    shapes = [(across, min(most_down, -(-charts // across))) for across in range(1, most_across + 1)]
    return max(
        shapes,
        key=lambda shape: (
            min(charts, shape[0] * shape[1]),
            min(columns / shape[0] / _ASPECT, rows / shape[1]),
        ),
    )


def _latest(tags: Mapping[str, Mapping[str, ScalarSeries]], most: int) -> set[str]:
    times = {tag: max(float(series.last.wall_time) for series in runs.values()) for tag, runs in tags.items()}
    return set(sorted(times, key=lambda tag: times[tag], reverse=True)[:most])


def _title(tag: str, runs: Mapping[str, ScalarSeries], room: int, style: TerminalStyle) -> Text:
    """The tag, and the last step; of a single run, its last value as well."""
    last = max((series.last for series in runs.values()), key=lambda point: point.step)
    right = f"step {last.step}" + (f": {number(last.value)}" if len(runs) == 1 else "")
    title = clip(printable(tag), max(1, room - width(right) - 2), plain=style.plain)
    gap = room - width(title) - width(right)
    return Text.assemble((title, "bold"), " " * max(1, gap), (right if gap > 0 else "", "dim"))


def _joined(cells: Iterable[Text], room: int) -> Text:
    """Texts side by side."""
    line = Text()
    for at, cell in enumerate(cells):
        if at:
            line.append(" " * (at * (room + _GAP) - line.cell_len))
        cell = cell.copy()
        cell.truncate(room)
        line.append_text(cell)
    line.rstrip()
    return line
