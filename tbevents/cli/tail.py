"""``tbevents tail``: follows scalars while they are written."""

from __future__ import annotations

import time

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from tbevents.cli.formatting import count, duration, number, printable
from tbevents.cli.parameters import checksums_option, example, logdir_argument, run_option, tag_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.cli.text_table import TextColumn, TextTable
from tbevents.reading.options import Checksums
from tbevents.tools.sparkline import sparkline
from tbevents.tools.watch import Watch, Watched

_TREND = 16
"""Number of bars in a trend; each shows one or more points."""

_TREND_POINTS = 64
"""Number of latest points that the trend shows."""


@click.command(epilog=example("tbevents tail runs --tag 'loss*'"))
@logdir_argument
@tag_option
@run_option
@click.option("--interval", type=click.FloatRange(0.05), default=1.0, help="Seconds between updates; default: 1.")
@click.option("--for", "seconds", type=float, metavar="SECONDS", help="Stop after this time; default: at Ctrl-C.")
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    tags: tuple[str, ...],
    runs: tuple[str, ...],
    interval: float,
    seconds: float | None,
    checksums: Checksums,
) -> None:
    """Follow the scalars below LOGDIR while they are written: last value, trend, and steps per second.

    In a terminal, prints a table that updates; otherwise, the last point of each tag and then a line for each new
    point: run, tag, step and value.
    """
    watch = Watch(logdir, tags=tags, runs=runs, checksums=checksums)
    end = None if seconds is None else time.monotonic() + seconds
    if terminal.interactive:
        _show_table(terminal, watch, interval, end)
    else:
        _print_lines(terminal, watch, interval, end)


def _wait(interval: float, end: float | None) -> bool:
    """Waits for the next look; returns False if the time is over."""
    left = interval if end is None else min(interval, end - time.monotonic())
    if left <= 0:
        return False
    time.sleep(left)
    return True


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
            for error in watch.missing():
                terminal.remark(f"so far: {error}")
            if not found and not watch.missing():
                terminal.remark("no scalars so far")
        first = False
        if not _wait(interval, end):
            return


def _show_table(terminal: Terminal, watch: Watch, interval: float, end: float | None) -> None:
    with Live(console=terminal.out, auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            found = watch.look()
            for problem in watch.problems:  # through the console of the table, since another would break it
                live.console.print(Text(printable(f"left out: {problem}"), "yellow"))
            live.update(_table(terminal, found, [str(error) for error in watch.missing()]), refresh=True)
            if not _wait(interval, end):
                return


def _table(terminal: Terminal, found: list[Watched], missing: list[str]) -> Group:
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
    shown = _latest(found, max(1, terminal.out.height - len(missing) - 3))  # without the header and the lines below
    for watched in shown:
        series = watched.series
        last = series.last
        table.add(
            watched.run if several else "",
            series.tag,
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
    if len(shown) < len(found):
        lines.append(Text(f"{count(len(found) - len(shown))} more with older last points", "dim"))
    return Group(*lines, *map(printable, missing))


def _latest(found: list[Watched], most: int) -> list[Watched]:
    """Returns the series with the latest points, at most `most`, in the given order."""
    if len(found) <= most:
        return found
    latest = sorted(found, key=lambda watched: watched.series.last.wall_time, reverse=True)[:most]
    chosen = set(map(id, latest))
    return [watched for watched in found if id(watched) in chosen]
