"""Charts side by side that fill a terminal: one for each tag, with the runs overlaid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from rich.text import Text

from tbevents.cli.formatting import clip, count, number, printable, shown_name, width
from tbevents.cli.terminal_chart import TerminalStyle, chart, legend
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.views.chart import axis_of
from tbevents.views.short_names import short_names

T = TypeVar("T")

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
        chosen, more = latest(list(tags), across * down, lambda tag: max(_last_times(tags[tag])))
        below += more
        tags = {tag: tags[tag] for tag in chosen}
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


def _last_times(runs: Mapping[str, ScalarSeries]) -> list[float]:
    return [series.last.wall_time for series in runs.values()]


def latest(items: Sequence[T], most: int, last_time: Callable[[T], float]) -> tuple[list[T], list[Text]]:
    """Returns at most `most` items, those with the latest last points, and a line with the number of the others.

    The items stay in their order; the list of lines is empty if there are no others.
    """
    if len(items) <= most:
        return list(items), []
    by_time = sorted(range(len(items)), key=lambda place: last_time(items[place]), reverse=True)
    more = Text(f"{count(len(items) - most)} more with older last points", "dim")
    return [items[place] for place in sorted(by_time[:most])], [more]


def _title(tag: str, runs: Mapping[str, ScalarSeries], room: int, style: TerminalStyle) -> Text:
    """The tag, and the last step; of a single run, its last value as well."""
    last = max((series.last for series in runs.values()), key=lambda point: point.step)
    right = f"step {last.step}" + (f": {number(last.value)}" if len(runs) == 1 else "")
    title = clip(printable(shown_name(tag)), max(1, room - width(right) - 2), plain=style.plain)
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
