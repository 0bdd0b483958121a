"""``tbevents diff``: compares runs."""

from __future__ import annotations

from typing import Any

import click

from tbevents.cli.exit_status import EXIT_FOUND, EXIT_OK
from tbevents.cli.formatting import count, exact, number, shown_name
from tbevents.cli.parameters import PATH, checksums_option, example, json_option, run_option, tag_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.cli.text_table import TextColumn, TextTable
from tbevents.reading.problem import Problem
from tbevents.tools.diff import PointDiff, RunDiff, TagDiff, Tolerance, diff


@click.command(epilog=example("tbevents diff runs/reference runs/new --rtol 1e-6"))
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
@tag_option
@run_option
@click.option("--rtol", type=float, default=0.0, help="Relative tolerance; default: 0.")
@click.option("--atol", type=float, default=0.0, help="Absolute tolerance; default: 0.")
@click.option("--wall-time", type=float, metavar="SECONDS", help="Compare wall times too, with this tolerance.")
@click.option("--scalars", "scalars_only", is_flag=True, help="Compare scalars only.")
@click.option("--points", is_flag=True, help="List every point that differs.")
@checksums_option
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    a: str,
    b: str,
    rtol: float,
    atol: float,
    wall_time: float | None,
    points: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Compare the runs below A and B by name, or two runs whatever their names: tags, steps and values.

    Exit status: 0 equal, 1 different or damaged (what cannot be read is not compared), 2 error.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, wall_time=wall_time)
    damage: list[Problem] = []
    with terminal.progress("comparing") as progress:
        found = list(diff(a, b, tolerance=tolerance, progress=progress, on_problem=damage.append, **options))
    terminal.left_out(dict.fromkeys(map(str, damage)))  # both sides may be the same file
    if as_json:
        terminal.json([_as_json(each, points) for each in found])
    elif found:
        terminal.table(_point_table(found) if points else _tag_table(found))
    else:
        terminal.remark("equal, as far as they could be read" if damage else "equal")
    return EXIT_FOUND if found or damage else EXIT_OK


def _tag_table(found: list[RunDiff]) -> TextTable:
    table = TextTable(
        TextColumn("run", left=True, shortest=8),
        TextColumn("tag", left=True, shortest=12),
        TextColumn("differ"),
        TextColumn("A", rank=4),
        TextColumn("B", rank=4),
        TextColumn("first at", rank=1),
        TextColumn("value A", rank=2),
        TextColumn("value B", rank=2),
        TextColumn("largest", rank=3),
    )
    for run in found:
        only = f"(only in {run.only.upper()})" if run.only else ""
        for tag in run.tags:
            first = tag.points[0] if tag.points else PointDiff(tag.first_step, None, None, None, None)
            if first.a is None or first.b is None:
                texts = (number(first.a) or "-", number(first.b) or "-")
            else:
                texts = exact(first.a, first.b)
            table.add(
                run.run,
                shown_name(tag.tag),
                f"{count(tag.differing)} of {count(tag.differing + tag.equal)}",
                count(tag.count_a) if tag.count_a else "-",
                count(tag.count_b) if tag.count_b else "-",
                str(tag.first_step),
                *(texts if tag.points else ("", "")),
                number(tag.largest),
            )
        if not run.tags:
            table.add(run.run, only, *[""] * 7)
    return table


def _point_table(found: list[RunDiff]) -> TextTable:
    table = TextTable(
        TextColumn("run", left=True, shortest=8),
        TextColumn("tag", left=True, shortest=12),
        TextColumn("step"),
        TextColumn("A"),
        TextColumn("B"),
        TextColumn("difference", rank=1),
    )
    for run in found:
        for tag in run.tags:
            for point in tag.points:
                texts = tuple("-" if side is None else repr(side) for side in (point.a, point.b))
                gap = None if point.a is None or point.b is None else point.b - point.a
                table.add(run.run, shown_name(tag.tag), str(point.step), *texts, number(gap))
            for step in tag.steps:
                table.add(run.run, shown_name(tag.tag), str(step), "", "", "")
    return table


def _as_json(run: RunDiff, points: bool) -> dict[str, Any]:
    return {"run": run.run, "only": run.only, "tags": [_tag_as_json(tag, points) for tag in run.tags]}


def _tag_as_json(tag: TagDiff, points: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "tag": tag.tag,
        "kind": tag.kind,
        "count_a": tag.count_a,
        "count_b": tag.count_b,
        "equal": tag.equal,
        "differing": tag.differing,
        "first_step": tag.first_step,
        "largest": tag.largest,
    }
    if points:
        row["points"] = [point._asdict() for point in tag.points]
        row["steps"] = tag.steps
    return row
