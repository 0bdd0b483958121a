"""``tbevents repair``: copies the intact records of damaged files."""

from __future__ import annotations

from typing import Any

import click

from tbevents.cli.exit_status import EXIT_ERROR, EXIT_FOUND, EXIT_OK
from tbevents.cli.formatting import count, counted, printable, size
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
from tbevents.tools.repair import Repaired, repair


@click.command(epilog=example("tbevents repair runs/demo -o runs/demo-repaired"))
@click.argument("file", type=PATH)
@rewrite_options
@run_option
@click.option("--keep-undecodable", is_flag=True, help="Keep records with right checksums that hold no event.")
@click.option(
    "--rewrite-checksums",
    is_flag=True,
    help="Also keep events whose data checksum is wrong, and store the right one (SageMaker Debugger).",
)
@overwrite_option
@json_option
@takes_terminal
def command(terminal: Terminal, file: str, out: str | None, as_json: bool, **options: Any) -> int:
    """Copy the intact records of FILE byte for byte, and list what was dropped and where.

    FILE may also be a run or a folder of runs, all of whose files are repaired. Exit status: 1 if one of
    several has no intact record and is not just empty, 2 if none has an intact record.
    """
    with terminal.gathering() as problems, terminal.progress("repairing") as progress:
        done = repair(file, out, progress=progress, on_problem=problems.append, **options)
    if as_json:
        terminal.json(done)
    else:
        terminal.lines(line for each in done for line in _lines(each))
    if not any(each.records for each in done):
        return EXIT_ERROR
    return EXIT_FOUND if any(each.dropped_bytes and not each.records for each in done) else EXIT_OK


def _lines(done: Repaired) -> list[str]:
    kept = counted(done.records, "record")
    if not done.records:
        lines = [f"{done.source}: no intact record, so nothing was written"]
    elif done.rewritten and not done.dropped:
        lines = [f"{done.source}: kept {kept}"]
    elif not done.dropped:
        lines = [f"{done.source}: intact, {kept}" + (f", copied to {done.target}" if done.target else "")]
    else:
        stretches = counted(len(done.dropped), "stretch", "stretches")
        lines = [f"{done.source}: kept {kept}, dropped {size(done.dropped_bytes)} in {stretches}"]
    lines += [
        f"  byte {count(problem.offset)}, after {counted(problem.record, 'record')}: {problem.detail}"
        f" ({counted(problem.skipped, 'byte')})"
        for problem in done.dropped
    ]
    if done.rewritten:
        lines.append(f"  {counted(done.rewritten, 'record')} got the right data checksum")
    if done.target is not None and (done.dropped or done.rewritten):
        lines.append(f"  written to {done.target}" + (f"; backup: {done.backup}" if done.backup else ""))
    return list(map(printable, lines))
