"""``tbevents merge``: merges event files into one."""

from __future__ import annotations

import click

from tbevents.cli.formatting import counted, printable
from tbevents.cli.parameters import OUTPUT, PATH, example, json_option, overwrite_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.tools.merge import merge


@click.command(epilog=example("tbevents merge runs/demo runs/demo-resumed -o runs/demo-whole --purge"))
@click.argument("sources", type=PATH, nargs=-1, required=True, metavar="FILE_OR_RUN...")
@click.option(
    "-o", "--out", type=OUTPUT, required=True, metavar="OUT", help="An event file, or the folder of a new run."
)
@click.option("--by-time", is_flag=True, help="Interleave the records by wall time, for files written at once.")
@click.option("--purge", is_flag=True, help="Drop points that a later point at the same or a lower step overwrites.")
@overwrite_option
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    sources: tuple[str, ...],
    out: str,
    by_time: bool,
    purge: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Merge event files, or the folders of a resumed run, into one file in the given order."""
    with terminal.progress("merging") as progress:
        merged = merge(sources, out, by_time=by_time, purge=purge, overwrite=overwrite, progress=progress)
    terminal.left_out(merged.problems)
    if as_json:
        terminal.json(merged)
        return
    purged = f", {counted(merged.purged, 'point')} purged" if purge else ""
    records, files = counted(merged.records, "record"), counted(len(merged.sources), "file")
    terminal.lines([printable(f"{merged.target}: {records} of {files}{purged}")])
