"""``tbevents split``: splits a run into several event files."""

from __future__ import annotations

import click

from tbevents.cli.formatting import count, parse_size, size
from tbevents.cli.parameters import OUTPUT, PATH, example, json_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.cli.text_table import TextColumn, TextTable
from tbevents.tools.split import split


@click.command(epilog=example("tbevents split runs/demo -o runs/demo-parts --size 100MB"))
@click.argument("run", type=PATH)
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="FOLDER", help="The folder for the files.")
@click.option("--size", "limit", metavar="SIZE", help="The maximum size of a file: 500000, 64kB, 100MB, 2GB.")
@click.option("--every", type=int, metavar="STEPS", help="The number of steps in each file.")
@click.option("--at", type=int, multiple=True, metavar="STEP", help="A step at which a new file starts; repeatable.")
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    run: str,
    out: str,
    limit: str | None,
    every: int | None,
    at: tuple[int, ...],
    as_json: bool,
) -> None:
    """Split RUN, a folder or an event file, into several event files of one run."""
    most = None if limit is None else parse_size(limit)
    with terminal.progress("splitting") as progress:
        done = split(run, out, size=most, every=every, at=at, progress=progress)
    terminal.left_out(done.problems)
    if as_json:
        terminal.json(done)
        return
    table = TextTable(TextColumn("file", left=True, shortest=20), TextColumn("records"), TextColumn("size"))
    for part in done.parts:
        table.add(part.path, count(part.records), size(part.size))
    terminal.table(table)
