"""``tbevents ls``: lists the runs below a folder."""

from __future__ import annotations

from typing import Any, Final

import click

from tbevents.cli.formatting import count, counted, moment, shown_name, size, step_range
from tbevents.cli.parameters import (
    checksums_option,
    example,
    json_option,
    kind_option,
    logdir_argument,
    run_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.cli.text_table import TextColumn, TextTable
from tbevents.reading.kinds.kind import kind_names
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.problem import Problem
from tbevents.tools.describe import RunDescription, describe_run
from tbevents.tools.names import NO_EVENT_FILE, open_refs, refs_below

_ORDERS: Final = {
    "name": lambda run: run.name,
    "tags": lambda run: len(run.tags),
    "points": lambda run: run.count,
    "steps": lambda run: -1 if run.last_step is None else run.last_step,
    "time": lambda run: run.last_time or 0.0,
    "size": lambda run: run.size,
    "problems": lambda run: len(run.problems),
}


@click.command(epilog=example("tbevents ls runs --sort time --reverse"))
@logdir_argument
@click.option("--tags", is_flag=True, help="Print a line for each tag of each run.")
@kind_option
@run_option
@click.option("--sort", type=click.Choice(list(_ORDERS)), default="name", help="Sort by this; default: name.")
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@checksums_option
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
    checksums: Checksums,
    as_json: bool,
) -> None:
    """List the runs below LOGDIR: tags by kind, points, steps, times, sizes, problems.

    The run of LOGDIR itself has the folder's name in a terminal; in piped output it is ".", as
    --run takes it.
    """
    unread: list[Problem] = []
    refs = refs_below(logdir, runs, on_problem=unread.append)
    reading = terminal.each(open_refs(refs, ReadOptions(checksums=checksums)), "reading", len(refs))
    found = [describe_run(run, kinds=kinds or None, stats=False) for run in reading]
    terminal.unreadable([*unread, *(problem for run in found for problem in run.problems)])
    if kinds:
        found = [run for run in found if run.tags]
    found.sort(key=_ORDERS[sort], reverse=reverse)
    if as_json:
        terminal.json([_as_json(run) for run in found])
        return
    if not found:
        none = f"{logdir}: no runs" + (f" with {' or '.join(kinds)}" if kinds else "")
        terminal.remark(none if refs or unread else f"{logdir}: {NO_EVENT_FILE}", style="")
        return
    names = [terminal.run_name(run.name, logdir) for run in found]
    terminal.table(_tag_table(found, names) if tags else _run_table(found, names))
    problems = sum(len(run.problems) for run in found)
    if not tags and len(found) > 1:
        points = sum(run.count for run in found)
        terminal.remark(f"{count(len(found))} runs, {counted(points, 'point')}, {size(sum(run.size for run in found))}")
    if problems:
        terminal.remark(f"{counted(problems, 'problem')}: run tbevents check for details", style="yellow")


def _run_table(runs: list[RunDescription], names: list[str]) -> TextTable:
    kinds = [run.kinds for run in runs]
    shown = [kind for kind in kind_names() if any(kind in each for each in kinds)]
    table = TextTable(
        TextColumn("run", left=True, shortest=24),
        TextColumn("tags", rank=1),
        *(TextColumn(kind, rank=5) for kind in shown),
        TextColumn("points"),
        TextColumn("steps", rank=1),
        TextColumn("first", left=True, rank=6),
        TextColumn("last", left=True, rank=3),
        TextColumn("files", rank=4),
        TextColumn("size", rank=2),
        TextColumn("problems", style="red"),
    )
    many = any(len(run.files) > 1 for run in runs)
    for run, name, of_kind in zip(runs, names, kinds, strict=True):
        table.add(
            name,
            count(len(run.tags)) if len(shown) > 1 else "",
            *(count(of_kind[kind]) if kind in of_kind else "-" for kind in shown),
            count(run.count),
            step_range(run.first_step, run.last_step),
            moment(run.first_time),
            moment(run.last_time),
            str(len(run.files)) if many else "",
            size(run.size),
            count(len(run.problems)) if run.problems else "",
        )
    return table


def _tag_table(runs: list[RunDescription], names: list[str]) -> TextTable:
    table = TextTable(
        TextColumn("run", left=True, shortest=12),
        TextColumn("tag", left=True, shortest=16),
        TextColumn("kind", left=True, rank=1),
        TextColumn("points"),
        TextColumn("steps", rank=2),
        TextColumn("first", left=True, rank=4),
        TextColumn("last", left=True, rank=3),
    )
    for run, name in zip(runs, names, strict=True):
        for tag in run.tags:
            times = (moment(tag.first_time), moment(tag.last_time))
            steps = step_range(tag.first_step, tag.last_step)
            table.add(name, shown_name(tag.tag), tag.kind, count(tag.count), steps, *times)
    return table


def _as_json(run: RunDescription) -> dict[str, Any]:
    return {
        "run": run.name,
        "path": run.path,
        "files": run.files,
        "size": run.size,
        "points": run.count,
        "first_step": run.first_step,
        "last_step": run.last_step,
        "first_time": run.first_time,
        "last_time": run.last_time,
        "kinds": run.kinds,
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
            for tag in run.tags
        ],
        "problems": run.problems,
    }
