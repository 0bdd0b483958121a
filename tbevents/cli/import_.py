"""``tbevents import``: imports tables as runs."""

from __future__ import annotations

import sys
from typing import Any, get_args

import click

from tbevents.cli.formatting import counted, printable, stored_as_float64
from tbevents.cli.parameters import OUTPUT, PATH, example, json_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.tools.import_ import Precision, import_table
from tbevents.tools.table_files import TableFormat


@click.command(epilog=example("tbevents import losses.csv -o runs/imported"))
@click.argument("file", type=PATH)
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="RUN", help="The folder of the run, or of the runs.")
@click.option("--format", type=click.Choice(get_args(TableFormat)), help="The format; default: by the suffix of FILE.")
@click.option("--tag", help="The tag of all points, if the table has no column tag.")
@click.option(
    "--precision",
    type=click.Choice(get_args(Precision)),
    default="auto",
    help="How values are stored; auto uses float64 if float32 would round.",
)
@json_option
@takes_terminal
def command(terminal: Terminal, file: str, out: str, as_json: bool, **options: Any) -> None:
    """Import the scalars of a table, FILE: .csv, .jsonl, .parquet or .arrow, or - for stdin.

    A long table has the columns step and value, and may have tag, run and wall_time. In a wide table, every other
    column is a tag.
    """
    source: Any = sys.stdin if file == "-" else file
    with terminal.progress("importing") as progress:
        done = import_table(source, out, progress=progress, **options)
    if done.float64_tags:
        terminal.remark(f"{stored_as_float64(done.float64_tags)}; --precision float32 avoids that")
    if as_json:
        terminal.json(done)
        return
    points, tags, runs = counted(done.points, "point"), counted(done.tags, "tag"), counted(len(done.files), "run")
    terminal.lines([printable(f"{out}: {points}, {tags}, {runs}")])
