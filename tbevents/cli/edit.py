"""``tbevents edit``: edits the tags and steps of runs."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from tbevents.cli.exit_status import EXIT_ERROR, EXIT_FOUND, EXIT_OK
from tbevents.cli.formatting import count, counted, printable
from tbevents.cli.parameters import (
    PATH,
    example,
    json_option,
    overwrite_option,
    rewrite_options,
    run_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.tools.edit import Edited, edit

_RANGE: Final = re.compile(r"(-?\d+)?:(-?\d+)?")


def _parse_steps(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    match = _RANGE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a range FIRST:LAST; one of both may be left out")
    return (None if match[1] is None else int(match[1])), (None if match[2] is None else int(match[2]))


def _parse_renames(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    for old, sign, new in pairs:
        if not sign:
            raise click.BadParameter(f"{old + new!r} is not of the form OLD=NEW")
    return [(old, new) for old, _, new in pairs]


@click.command(
    epilog=example("tbevents edit runs/demo -o runs/short --drop 'debug/*' --rename 'train/*=*' --steps :999")
)
@click.argument("logdir", type=PATH)
@rewrite_options
@run_option
@click.option("--keep", multiple=True, metavar="PATTERN", help="Tags to keep; repeatable.")
@click.option("--drop", multiple=True, metavar="PATTERN", help="Tags to drop; repeatable.")
@click.option(
    "--rename",
    multiple=True,
    metavar="OLD=NEW",
    callback=_parse_renames,
    help="Rename tags: a * in NEW stands for what the * in OLD matched; repeatable: the first match counts.",
)
@click.option("--merge-tags", is_flag=True, help="Let --rename give several tags one name; otherwise that is an error.")
@click.option("--regex", is_flag=True, help="Patterns of tags are regular expressions, not globs.")
@click.option("--steps", metavar="FIRST:LAST", callback=_parse_steps, help="Steps to keep, both ends included.")
@click.option("--shift", type=int, default=0, metavar="N", help="Add N to the steps.")
@click.option("--purge", is_flag=True, help="Drop points that a later point at the same or a lower step overwrites.")
@click.option(
    "--thin", type=click.IntRange(1), default=1, metavar="N", help="Keep one point of N for each tag, and the last."
)
@overwrite_option
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    runs: tuple[str, ...],
    steps: tuple[int | None, int | None],
    as_json: bool,
    **options: Any,
) -> int:
    """Edit the runs of LOGDIR; records that do not change are copied byte for byte.

    Edits are applied in this order: choose tags, cut steps, purge overwritten points, thin series, shift steps, rename.
    Exit status: 1 if one of several files has no intact record and is not just empty, 2 if none has an intact record.
    """
    with terminal.gathering() as problems, terminal.progress("editing") as progress:
        options |= {"first_step": steps[0], "last_step": steps[1], "progress": progress}
        done = edit(logdir, runs=runs, on_problem=problems.append, **options)
    for each in done:
        terminal.left_out(each.problems)
    if as_json:
        terminal.json(done)
    else:
        terminal.lines(printable(_line(each)) for each in done)
    if not any(each.records for each in done):
        return EXIT_ERROR
    damaged = any(not each.records and any(problem.skipped for problem in each.problems) for each in done)
    return EXIT_FOUND if damaged else EXIT_OK


def _line(done: Edited) -> str:
    if not done.records:
        return f"{done.source}: no intact record, so nothing was written"
    if done.target is None:
        return f"{done.source}: nothing to change"
    backup = f"; backup: {done.backup}" if done.backup else ""
    return (
        f"{done.target}: {counted(done.values - done.dropped, 'value')}, {count(done.dropped)} dropped, "
        f"{counted(done.changed, 'record')} changed{backup}"
    )
