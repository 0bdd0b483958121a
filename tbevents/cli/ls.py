"""``tbevents ls``: the runs below a folder."""

from __future__ import annotations

from typing import Any, Final

import click

from tbevents.cli.options import example, json_option, kind_option, logdir_argument, run_option, takes_terminal
from tbevents.cli.table import Column, Table
from tbevents.cli.terminal import Terminal
from tbevents.cli.text import count, counted, moment, size, step_range
from tbevents.reading.compat import KINDS
from tbevents.tools.names import iter_runs, runs_below
from tbevents.tools.report import RunReport, report_run

_ORDERS: Final = {
    "name": lambda report: report.name,
    "tags": lambda report: len(report.tags),
    "points": lambda report: report.count,
    "steps": lambda report: -1 if report.last_step is None else report.last_step,
    "time": lambda report: report.last_time or 0.0,
    "size": lambda report: report.size,
    "problems": lambda report: len(report.problems),
}


@click.command(epilog=example("tbevents ls runs --sort time --reverse"))
@logdir_argument
@click.option("--tags", is_flag=True, help="A line for each tag of each run.")
@kind_option
@run_option
@click.option("--sort", type=click.Choice(list(_ORDERS)), default="name", help="By what to sort; default: name.")
@click.option("--reverse", is_flag=True, help="The greatest first.")
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    tags: bool,
    kinds: tuple[str, ...],
    runs: tuple[str, ...],
    sort: str,
    reverse: bool,
    as_json: bool,
) -> None:
    """List the runs below LOGDIR: tags by kind, points, steps, times, sizes, problems."""
    total = len(runs_below(logdir, runs))
    reading = terminal.each(iter_runs(logdir, runs), "reading", total)
    reports = [report_run(run, kinds=kinds or None) for run in reading]
    if kinds:
        reports = [report for report in reports if report.tags]
    reports.sort(key=_ORDERS[sort], reverse=reverse)
    if as_json:
        terminal.json([_as_json(report) for report in reports])
        return
    if not reports:
        terminal.remark(f"{logdir}: no runs" + (f" with {' or '.join(kinds)}" if kinds else ""), style="")
        return
    terminal.table(_tag_table(reports) if tags else _run_table(reports))
    if not tags and len(reports) > 1:
        points = sum(report.count for report in reports)
        terminal.remark(
            f"{count(len(reports))} runs, {counted(points, 'point')}, {size(sum(report.size for report in reports))}"
        )


def _run_table(reports: list[RunReport]) -> Table:
    shown = [kind for kind in KINDS if any(kind in report.kinds for report in reports)]
    table = Table(
        Column("run", left=True, shortest=24),
        Column("tags", rank=1),
        *(Column(kind, rank=5) for kind in shown),
        Column("points"),
        Column("steps", rank=1),
        Column("first", left=True, rank=6),
        Column("last", left=True, rank=3),
        Column("files", rank=4),
        Column("size", rank=2),
        Column("problems", style="red", rank=1),
    )
    many = any(len(report.files) > 1 for report in reports)
    for report in reports:
        table.add(
            report.name,
            count(len(report.tags)) if len(shown) > 1 else "",
            *(count(report.kinds[kind]) if kind in report.kinds else "-" for kind in shown),
            count(report.count),
            step_range(report.first_step, report.last_step),
            moment(report.first_time),
            moment(report.last_time),
            str(len(report.files)) if many else "",
            size(report.size),
            count(len(report.problems)) if report.problems else "",
        )
    return table


def _tag_table(reports: list[RunReport]) -> Table:
    table = Table(
        Column("run", left=True, shortest=12),
        Column("tag", left=True, shortest=16),
        Column("kind", left=True),
        Column("points"),
        Column("steps", rank=1),
        Column("first", left=True, rank=3),
        Column("last", left=True, rank=2),
    )
    for report in reports:
        for tag in report.tags:
            times = (moment(tag.first_time), moment(tag.last_time))
            steps = step_range(tag.first_step, tag.last_step)
            table.add(report.name, tag.tag, tag.kind, count(tag.count), steps, *times)
    return table


def _as_json(report: RunReport) -> dict[str, Any]:
    return {
        "run": report.name,
        "path": report.path,
        "files": report.files,
        "size": report.size,
        "points": report.count,
        "first_step": report.first_step,
        "last_step": report.last_step,
        "first_time": report.first_time,
        "last_time": report.last_time,
        "kinds": report.kinds,
        "tags": [
            {
                "tag": tag.tag,
                "kind": tag.kind,
                "points": tag.count,
                "first_step": tag.first_step,
                "last_step": tag.last_step,
                "first_time": tag.first_time,
                "last_time": tag.last_time,
            }
            for tag in report.tags
        ],
        "problems": report.problems,
    }
