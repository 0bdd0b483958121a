"""``tbevents tail``: follows scalars while they are written."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from tbevents.cli.chart_grid import chart_grid, latest
from tbevents.cli.formatting import count, duration, number, printable, shown_name
from tbevents.cli.parameters import (
    Seconds,
    chart_options,
    chart_style,
    checksums_option,
    example,
    logdir_argument,
    named_tags,
    run_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.cli.terminal_chart import TerminalStyle
from tbevents.cli.text_table import TextColumn, TextTable
from tbevents.files import folder_name
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.options import Checksums
from tbevents.tools.sparkline import sparkline
from tbevents.tools.watch import Watch, Watched
from tbevents.views.safe_text import shortened

_TREND = 16
"""Number of bars in a trend; each shows one or more points."""

_TREND_POINTS = 64
"""Number of latest points that the trend shows."""

_MOST = 100
"""Characters of a name that is missing."""

_GLANCE = 0.1
"""Seconds after which the size of the terminal is looked at again."""


@click.command(epilog=example("tbevents tail runs 'loss*' --chart --smooth 0.6"))
@logdir_argument
@named_tags
@run_option
@click.option("--interval", type=Seconds(0.05), default=1.0, help="Seconds between updates; default: 1.")
@click.option("--for", "seconds", type=Seconds(0), metavar="SECONDS", help="Stop after this time; default: at Ctrl-C.")
@click.option("--chart", "wants_charts", is_flag=True, help="Show charts that fill the terminal, one for each tag.")
@chart_options
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    tags: tuple[str, ...],
    runs: tuple[str, ...],
    interval: float,
    seconds: float | None,
    wants_charts: bool,
    checksums: Checksums,
    **chart_choices: Any,
) -> None:
    """Follow the scalars below LOGDIR while they are written: last value, trend, and steps per second.

    A TAG may be a glob ('train/*'). In a terminal, prints a table that updates, with the trend of the latest 64
    points, or with --chart charts that follow the terminal's size; otherwise, the last point of each tag and then a
    line for each new point: run, tag, step and value. The run of LOGDIR itself has the folder's name in a terminal; in
    piped output it is ".", as --run takes it.
    """
    style = chart_style(terminal, draws=wants_charts, **chart_choices)
    if wants_charts and not terminal.interactive:
        raise click.UsageError("--chart needs a terminal, but stdout is not one")
    watch = Watch(logdir, tags=tags, runs=runs, checksums=checksums)
    end = None if seconds is None else time.monotonic() + seconds
    if wants_charts:
        _show_charts(terminal, watch, interval, end, style, folder_name(logdir) or ".")
    elif terminal.interactive:
        _show_table(terminal, watch, interval, end, logdir)
    else:
        _print_lines(terminal, watch, interval, end)


def _wait(interval: float, end: float | None, glance: Callable[[], None] | None = None) -> bool:
    """Waits for the next look, and calls a function meanwhile; returns False if the time is over."""
    now = time.monotonic()
    until = now + interval if end is None else min(now + interval, end)
    if until <= now:
        return False
    while (left := until - time.monotonic()) > 0:
        time.sleep(left if glance is None else min(left, _GLANCE))
        if glance is not None:
            glance()
    return True


def _missing(watch: Watch) -> list[str]:
    """Returns a line for each pattern without a match so far."""
    return [
        f"{each.where}: no {each.noun} {shortened(repr(each.name), _MOST)} so far{'; ' if each.hint else ''}{each.hint}"
        for each in watch.missing()
    ]


def _print_lines(terminal: Terminal, watch: Watch, interval: float, end: float | None) -> None:
    first = True
    while True:
        found = watch.look()
        terminal.left_out(watch.problems)
        for watched in found:
            new = min(watched.new, 1) if first else watched.new
            for index in range(len(watched.series) - new, len(watched.series)):
                point = watched.series[index]
                names = f"{printable(watched.run)}\t{printable(watched.series.tag)}"
                terminal.write(f"{names}\t{point.step}\t{point.value!r}\n")
        terminal.flush()
        if first:
            missing = _missing(watch)
            for line in missing:
                terminal.remark(line)
            if not found and not missing:
                terminal.remark("no scalars so far")
        first = False
        if not _wait(interval, end):
            return


def _show_charts(
    terminal: Terminal, watch: Watch, interval: float, end: float | None, style: TerminalStyle, root: str
) -> None:
    """Shows charts on a screen of their own, which the terminal takes away at the end; the last ones stay below."""
    console = terminal.out
    found: list[Watched] = []
    problems: list[object] = []
    size = console.size
    frame = Text()

    def show() -> None:
        nonlocal size, frame
        size = console.size
        notes = [f"left out: {problem}" for problem in problems[-1:]] + _missing(watch)
        tags: dict[str, dict[str, ScalarSeries]] = {}
        for watched in found:
            if len(watched.series):
                tags.setdefault(watched.series.tag, {})[watched.run] = watched.series
        lines = [Text(printable(note), "yellow") for note in notes]
        if tags:
            lines = chart_grid(tags, size.width, max(1, size.height - len(lines)), style, root) + lines
        else:
            lines = [Text("waiting for scalars"), *lines]
        for line in lines:
            line.truncate(size.width)
        frame = Text("\n").join(lines[: size.height])
        live.update(frame, refresh=True)

    def follow_size() -> None:
        if console.size != size:
            show()

    try:
        with Live(console=console, auto_refresh=False, screen=True) as live:
            while True:
                found = watch.look()
                problems += watch.problems
                show()
                if not _wait(interval, end, follow_size):
                    return
    finally:
        if frame:
            terminal.lines([frame])
        terminal.left_out(problems)


def _show_table(terminal: Terminal, watch: Watch, interval: float, end: float | None, logdir: str) -> None:
    with Live(console=terminal.out, auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            found = watch.look()
            for problem in watch.problems:  # through the console of the table, since another would break it
                live.console.print(Text(printable(f"left out: {problem}"), "yellow"))
            live.update(_table(terminal, found, _missing(watch), logdir), refresh=True)
            if not _wait(interval, end):
                return


def _table(terminal: Terminal, found: list[Watched], missing: list[str], logdir: str) -> Group:
    several = len({watched.run for watched in found}) > 1
    table = TextTable(
        TextColumn("run", left=True, shortest=8),
        TextColumn("tag", left=True, shortest=10),
        TextColumn("points", rank=4),
        TextColumn("step"),
        TextColumn("last"),
        TextColumn("steps/s", rank=2),
        TextColumn("ago", rank=3),
        TextColumn("trend", left=True, rank=1, style="cyan"),
    )
    now = time.time()
    room = max(1, terminal.out.height - len(missing) - 3)  # without the header and the lines below
    shown, more = latest(found, room, lambda watched: watched.series.last.wall_time)
    for watched in shown:
        series = watched.series
        last = series.last
        table.add(
            terminal.run_name(watched.run, logdir) if several else "",
            shown_name(series.tag),
            count(len(series)),
            str(last.step),
            number(last.value),
            number(watched.steps_per_second),
            duration(max(0.0, now - last.wall_time)),
            sparkline(series.values[-_TREND_POINTS:], _TREND, plain=terminal.plain),
        )
    if not found:
        return Group("waiting for scalars", *map(printable, missing))
    # If a line reached the edge, the terminal's ^C would wrap and the table would be drawn again below itself.
    lines = table.lines(terminal.out.width - len("^C"), plain=terminal.plain)
    return Group(*lines, *more, *map(printable, missing))
