"""``tbevents reduce``: computes statistics over runs."""

from __future__ import annotations

import os
from typing import Any, get_args

import click

from tbevents.cli.formatting import counted, printable, stored_as_float64
from tbevents.cli.parameters import (
    OUTPUT,
    PATH,
    checksums_option,
    example,
    safe_cells_option,
    tag_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.tools.reduce import StepValue, reduce, write_reduced
from tbevents.tools.scalar_files import in_range_of_float32
from tbevents.tools.table_files import is_table, looks_like_file, write_table


@click.command(epilog=example("tbevents reduce runs/seed-* -o runs/over-seeds --stat mean --stat std"))
@click.argument("runs", type=PATH, nargs=-1, required=True, metavar="RUN...")
@click.option(
    "-o",
    "--out",
    type=OUTPUT,
    required=True,
    metavar="OUT",
    help="A folder for a run of each statistic; or a table: .csv, .jsonl, .parquet, .arrow.",
)
@click.option(
    "--stat",
    "stats",
    multiple=True,
    default=("mean", "std", "min", "max"),
    help="mean, std, min, max, median, or a quantile such as q0.9; repeatable. Default: the first four.",
)
@tag_option
@click.option("--lax-tags", is_flag=True, help="Include tags that only some runs have.")
@click.option("--lax-steps", is_flag=True, help="Include steps that only some runs have.")
@click.option(
    "--min-runs", type=click.IntRange(1), default=1, metavar="N", help="Leave out steps that fewer than N runs have."
)
@click.option(
    "--duplicates",
    type=click.Choice(get_args(StepValue)),
    default="last",
    help="Which value to use if a run has several at a step; default: last.",
)
@click.option(
    "--ddof", type=click.IntRange(0), default=0, help="The std divides by the number of runs minus this; default: 0."
)
@safe_cells_option
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    runs: tuple[str, ...],
    out: str,
    stats: tuple[str, ...],
    tags: tuple[str, ...],
    safe_cells: bool,
    **options: Any,
) -> None:
    """Compute statistics of the scalars over several RUNs, or over all runs below a folder, at equal steps."""
    if not is_table(out) and looks_like_file(out):
        raise click.BadParameter(
            f"{out}: unknown table format; a table must end in .csv, .jsonl, .parquet or .arrow; "
            f"for a folder of this name, {out}{os.sep}",
            param_hint="--out",
        )
    as_table = is_table(out) and not os.path.isdir(out)
    if safe_cells and not as_table:
        raise click.UsageError("--safe-cells has no effect on event files")
    with terminal.gathering() as damage, terminal.progress("reading") as progress:
        reduced = reduce(runs, stats=stats, tags=tags, progress=progress, on_problem=damage.append, **options)
    if as_table:
        write_table(reduced, out, safe_cells=safe_cells)
    else:
        write_reduced(reduced, out)
        wide = [each.tag for each in reduced.tags if not all(map(in_range_of_float32, each.stats.values()))]
        if wide:
            terminal.remark(stored_as_float64(wide))
    over, of_tags = counted(len(reduced.paths), "run"), counted(len(reduced.tags), "tag")
    terminal.remark(printable(f"{out}: {', '.join(reduced.stats)} of {of_tags} over {over}"))
