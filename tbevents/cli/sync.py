"""``tbevents sync``: keeps a Delta Lake table of scalars."""

from __future__ import annotations

import time
from typing import Any, get_args

import click

from tbevents.cli.formatting import counted
from tbevents.cli.parameters import (
    PATH,
    Seconds,
    checksums_option,
    duplicates_option,
    example,
    json_option,
    restarts_option,
    run_option,
    tag_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.errors import SyncConflictError, UnknownNameError
from tbevents.reading.problem import Problem
from tbevents.tools.names import NO_EVENT_FILE
from tbevents.tools.sync import Removed, Synced, sync

_WAIT = 30.0
"""Seconds between two syncs with ``--watch``."""


@click.command(epilog=example("tbevents sync runs lake/scalars --watch 60"))
@click.argument("src", type=PATH)
@click.argument("dst", type=PATH)
@run_option
@tag_option
@restarts_option
@duplicates_option
@click.option(
    "--removed",
    type=click.Choice(get_args(Removed)),
    default="keep",
    help="What becomes of the rows of runs that are no longer there; default: keep.",
)
@click.option(
    "--watch",
    "seconds",
    type=Seconds(0.05),
    is_flag=False,
    flag_value=_WAIT,
    metavar="[SECONDS]",
    help=f"Sync again and again, each time after these seconds ({_WAIT:g} if not given), until Ctrl-C.",
)
@json_option
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    src: str,
    dst: str,
    runs: tuple[str, ...],
    tags: tuple[str, ...],
    seconds: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make the Delta Lake table DST hold the scalars of the runs below SRC.

    Only runs whose files changed since the last sync are read; their rows are replaced in one commit. DST is a folder,
    or a URL such as s3://bucket/scalars; polars, DuckDB and Spark read it. Its columns are run, tag, step, wall_time,
    value and state.
    """
    options |= {"runs": runs or None, "tags": tags or None, "on_problem": lambda _: None}  # what is returned has them
    told: set[Problem] = set()  # with --watch, a problem that stays is told once
    first = True
    while True:
        try:
            with terminal.progress("reading") as progress:
                done = sync(src, dst, progress=progress, **options)
        except (OSError, SyncConflictError, UnknownNameError) as error:
            later = not first or (isinstance(error, UnknownNameError) and error.noun == "scalar tag")
            if seconds is None or not later:
                raise
            terminal.warn(f"{error}; trying again")  # a network fails for a while, and a tag may be logged later
        else:
            terminal.left_out([problem for problem in done.problems if problem not in told])
            told = set(done.problems) | {problem for problem in told if problem.kind != "unreadable"}
            if first and not (done.read or done.unchanged or done.problems):
                terminal.remark(f"{src}: {NO_EVENT_FILE}", style="")
            _show(terminal, dst, done, as_json=as_json, always=first)
            first = False
        if seconds is None:
            return
        time.sleep(seconds)


def _show(terminal: Terminal, dst: str, done: Synced, *, as_json: bool, always: bool) -> None:
    """Prints what was done, if anything was or if it is to be told anyway."""
    if not (always or done.read or done.dropped):
        return
    if as_json:
        terminal.json(done)
    else:
        dropped = f", {len(done.dropped)} dropped" if done.dropped else ""
        runs = f"{counted(len(done.read), 'run')} read, {done.unchanged} unchanged{dropped}"
        terminal.remark(f"{dst}: version {done.version}, {runs}")
    terminal.flush()
