"""``tbevents show``: shows the values of a run."""

from __future__ import annotations

import shlex
from typing import Any, Final

import click
from rich.text import Text

from tbevents.cli.formatting import clip, count, first_of, number, printable, shown_name, step_range
from tbevents.cli.parameters import (
    PATH,
    chart_options,
    chart_style,
    checksums_option,
    example,
    json_option,
    kind_option,
    named_tags,
    run_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.cli.terminal_chart import TerminalStyle, chart
from tbevents.cli.text_table import TextColumn, TextTable
from tbevents.files import folder_name
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.tools.describe import TagDescription, describe_run
from tbevents.tools.names import NO_EVENT_FILE, open_refs, refs_below
from tbevents.tools.sparkline import sparkline
from tbevents.views.short_names import short_names

_TREND: Final = 16
"""Number of bars in a trend."""

_Found = list[tuple[Run, TagDescription]]


@click.command(epilog=example("tbevents show runs/demo 'loss*' --chart"))
@click.argument("run", type=PATH)
@named_tags
@run_option
@kind_option
@click.option(
    "--chart/--no-chart", "wants_chart", default=None, help="Draw a chart; default: in a terminal, if tags are named."
)
@chart_options
@click.option("--height", type=click.IntRange(2, 200), default=12, help="Lines of the chart; default: 12.")
@click.option("--points", is_flag=True, help="Print every point: step, time and value.")
@checksums_option
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    run: str,
    tags: tuple[str, ...],
    runs: tuple[str, ...],
    kinds: tuple[str, ...],
    wants_chart: bool | None,
    height: int,
    points: bool,
    checksums: Checksums,
    as_json: bool,
    **chart_choices: Any,
) -> None:
    """Show the values of the TAGs in RUN: count, first, last, least, greatest and mean value, NaNs, and the trend.

    A TAG may be a glob ('train/*'). RUN may be a folder of several runs; their charts are overlaid. Lines that share a
    colour, or all without colours (NO_COLOR), have marks.
    """
    charts = wants_chart if wants_chart is not None else bool(tags) and terminal.interactive
    if wants_chart and (points or as_json):
        raise click.UsageError(f"--chart and {'--points' if points else '--json'} cannot be combined")
    style = chart_style(terminal, draws=charts and not points and not as_json, **chart_choices)
    wanted = NameFilter(tags, noun="tag")
    kinds_there: dict[str, None] = {}
    found: _Found = []
    unread: list[Problem] = []
    damaged = False
    refs = refs_below(run, runs, on_problem=unread.append)
    terminal.unreadable(unread)
    for each in terminal.each(open_refs(refs, ReadOptions(checksums=checksums)), "reading", len(refs)):
        described = describe_run(each, kinds=kinds or None)
        kinds_there.update(dict.fromkeys(each.counts()))
        found += [(each, tag) for tag in described.tags if wanted(tag.tag)]
        for line in first_of([str(problem) for problem in described.problems]):
            terminal.warn(line)
        terminal.incomplete |= any(problem.kind == "unreadable" for problem in described.problems)
        damaged |= any(problem.skipped for problem in described.problems)
    terminal.incomplete |= damaged and not kinds_there  # else all of it could pass for an empty run
    wanted.check(run, runs={ref.name for ref in refs})
    if as_json:
        terminal.json([_as_json(each, described, points) for each, described in found])
        return
    if points:
        _print_points(terminal, found, texts_too=bool(tags))
        return
    if not found:
        there = f"; there are: {', '.join(kinds_there)}" if kinds_there else ""
        what = f"no {' or '.join(kinds)}" if kinds else "nothing to show"
        none = f"{run}: {what}{there}"
        terminal.remark(none if refs or unread else f"{run}: {NO_EVENT_FILE}", style="")
        return
    terminal.table(_table(found, terminal, run))
    for each in {run.name: run for run, _ in found}.values():
        if each.starts > 1:
            terminal.remark(
                f"{each.path}: written by {each.starts} starts; see: tbevents check {shlex.quote(each.path)}", "yellow"
            )
    for each in {run.name: run for run, described in found if described.kind == "hparams"}.values():
        terminal.lines(_hparams_lines(each))
    if tags:
        for each, row in found:
            if row.kind == "texts":
                terminal.lines(_text_lines(each, row.tag))
    if charts:
        _print_charts(terminal, found, height, style, folder_name(run))


def _series(run: Run, described: TagDescription) -> ScalarSeries | None:
    return run.scalars[described.tag] if described.kind == "scalars" else None


def _table(found: _Found, terminal: Terminal, logdir: str) -> TextTable:
    several = len({run.name for run, _ in found}) > 1
    table = TextTable(
        TextColumn("run", left=True, shortest=8),
        TextColumn("tag", left=True, shortest=10),
        TextColumn("kind", left=True, rank=1),
        TextColumn("count"),
        TextColumn("steps", rank=2),
        TextColumn("first", rank=4),
        TextColumn("last"),
        TextColumn("min", rank=3),
        TextColumn("max", rank=3),
        TextColumn("mean", rank=5),
        TextColumn("NaN", rank=1, style="red"),
        TextColumn("trend", left=True, rank=1, style="cyan"),
    )
    only_scalars = all(described.kind == "scalars" for _, described in found)
    for run, described in found:
        stats = described.stats
        series = _series(run, described)
        table.add(
            terminal.run_name(run.name, logdir) if several else "",
            shown_name(described.tag),
            "" if only_scalars else described.kind,
            count(described.count),
            step_range(described.first_step, described.last_step),
            *map(number, (stats.first, stats.last, stats.min, stats.max, stats.mean) if stats else (None,) * 5),
            count(stats.nans) if stats and stats.nans else "",
            "" if series is None else sparkline(series.values, _TREND, plain=terminal.plain),
        )
    return table


def _hparams_lines(run: Run) -> list[str]:
    """Returns lines with the hyperparameters and metrics of a run."""
    found = run.readable_hparams()
    if found is None or not found.parameters:
        return []
    parameters = [f"{name}={value}" for name, value in found.parameters.items()]
    metrics = [f"{name}={number(value)}" for name, value in found.metrics.items()]
    return [
        "",
        printable(f"hparams of {run.name}: {', '.join(parameters)}" + (f"; {', '.join(metrics)}" if metrics else "")),
    ]


def _text_lines(run: Run, tag: str) -> list[str]:
    """Returns lines with the last text of a tag."""
    last = run.texts[tag].last
    text = "\n".join(last.array.ravel().tolist())
    return ["", printable(f"{tag}, step {last.step}:"), *map(printable, text.replace("\t", "    ").split("\n"))]


def _print_charts(terminal: Terminal, found: _Found, height: int, style: TerminalStyle, root: str) -> None:
    by_tag: dict[str, dict[str, ScalarSeries]] = {}
    for run, described in found:
        series = _series(run, described)
        if series is not None:
            by_tag.setdefault(described.tag, {})[run.name] = series
    for tag, runs in by_tag.items():
        title = printable(shown_name(tag))
        terminal.lines(
            ["", Text(title if terminal.room is None else clip(title, terminal.room, plain=terminal.plain), "bold")]
        )
        short = short_names(list(runs), root)
        terminal.lines(
            chart({short[name]: series for name, series in runs.items()}, terminal.room or 80, height, style)
        )


def _print_points(terminal: Terminal, found: _Found, *, texts_too: bool) -> None:
    """Prints a header and a tab-separated line for each point, which other programs can read too."""
    left_out: dict[str, None] = {}
    several = len({run.name for run, _ in found}) > 1
    terminal.write(("run\t" if several else "") + "tag\tstep\twall_time\tvalue\n")
    for run, described in found:
        series = _series(run, described)
        prefix = (f"{printable(run.name)}\t" if several else "") + f"{printable(described.tag)}\t"
        if described.kind == "texts" and texts_too:
            for text in run.texts[described.tag]:
                value = printable("\n".join(text.array.ravel().tolist()))
                terminal.write(f"{prefix}{text.step}\t{text.wall_time!r}\t{value}\n")
        if series is None:
            if described.kind != "texts" or not texts_too:
                left_out[described.kind] = None
            continue
        terminal.write("".join(f"{prefix}{step}\t{time!r}\t{value!r}\n" for step, time, value in series))
    if left_out:
        terminal.remark(f"--points prints scalars and named texts only, not {' or '.join(left_out)}")


def _as_json(run: Run, described: TagDescription, points: bool) -> dict[str, Any]:
    stats = described.stats
    row: dict[str, Any] = {
        "run": run.name,
        "tag": described.tag,
        "kind": described.kind,
        "count": described.count,
        "first_step": described.first_step,
        "last_step": described.last_step,
        "first_time": described.first_time,
        "last_time": described.last_time,
    }
    if stats is not None:
        row |= {name: getattr(stats, name) for name in stats.__slots__}
    series = _series(run, described)
    if points and series is not None:
        row["steps"] = series.steps.tolist()
        row["wall_times"] = series.wall_times.tolist()
        row["values"] = series.exact_values
    return row
