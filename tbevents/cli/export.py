"""``tbevents export``: exports runs as tables, images and audio."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, Final, get_args

import click

from tbevents.cli.formatting import counted, printable
from tbevents.cli.parameters import (
    PATH,
    checksums_option,
    duplicates_option,
    example,
    logdir_argument,
    restarts_option,
    run_option,
    safe_cells_option,
    tag_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.tools.export import export_media, export_table
from tbevents.tools.names import NO_EVENT_FILE
from tbevents.tools.table_files import TableFormat, looks_like_file

_TABLES: Final = ("scalars", "texts", "hparams")
_MEDIA: Final = ("images", "audio")


class _Harmless(io.TextIOBase):
    """Writes text to a terminal and makes control characters visible."""

    def write(self, text: str) -> int:
        sys.stdout.write("\n".join(map(printable, text.split("\n"))))
        return len(text)


@click.command(epilog=example("tbevents export runs losses.csv --tag 'loss/*' --wide"))
@logdir_argument
@click.argument("out", type=PATH)
@click.option("--format", type=click.Choice(get_args(TableFormat)), help="The format; default: by the suffix of OUT.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([*_TABLES, *_MEDIA]),
    help="What to export; default: scalars. Images and audio can be combined.",
)
@click.option("--wide", is_flag=True, help="Write a column for each tag, and a row for each step of a run.")
@click.option("--times", is_flag=True, help="Write wall times as dates (UTC), not as seconds since 1970.")
@tag_option
@run_option
@restarts_option
@duplicates_option
@safe_cells_option
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    out: str,
    kinds: tuple[str, ...],
    tags: tuple[str, ...],
    runs: tuple[str, ...],
    **options: Any,
) -> None:
    """Export the runs below LOGDIR to OUT: .csv, .jsonl, .parquet or .arrow; or images and audio into a folder.

    A table has the columns run, tag, step, wall_time and value. OUT may be - for stdout (csv, or jsonl with --format).
    Names and texts are written as logged; a spreadsheet takes some for formulas, which --safe-cells prevents.
    """
    if kinds and "scalars" not in kinds:
        _refuse_without_effect(kinds, tags, options)
    if set(kinds) <= set(_MEDIA) and kinds:
        if out == "-" or looks_like_file(out):
            raise click.UsageError(
                f"{out}: {' and '.join(kinds)} are exported into a folder"
                + ("" if out == "-" else f"; if that is a folder, give {out}{os.sep}")
            )
        with terminal.progress("exporting") as progress:
            done = export_media(
                logdir,
                out,
                kinds=kinds,
                tags=tags or None,
                runs=runs,
                checksums=options["checksums"],
                progress=progress,
            )
    else:
        if len(kinds) > 1:
            raise click.UsageError(f"{' and '.join(kinds)} cannot be exported into one output")
        target: Any = out
        if out == "-":
            target = _Harmless() if terminal.interactive else sys.stdout
        with terminal.progress("exporting") as progress:
            kind: Any = kinds[0] if kinds else "scalars"
            done = export_table(
                logdir, target, kind=kind, tags=tags or None, runs=runs or None, progress=progress, **options
            )
    terminal.left_out(done.problems)
    terminal.incomplete = bool(done.unreadable)
    written = counted(len(done.files), "file") if done.rows is None else counted(done.rows, "row")
    terminal.remark(f"{done.out}: {written}")
    if not done.runs and not done.unreadable:
        terminal.remark(f"{logdir}: {NO_EVENT_FILE}", style="")


def _refuse_without_effect(kinds: tuple[str, ...], tags: tuple[str, ...], options: dict[str, Any]) -> None:
    """Refuses options that have no effect on these kinds."""
    given = {
        "--wide": options["wide"],
        "--times": options["times"] and not set(kinds) - set(_MEDIA),
        "--tag": tags and kinds == ("hparams",),
    }
    if set(kinds) & set(_MEDIA):
        given |= {f"--{name}": options[name] != "keep" for name in ("restarts", "duplicates")}
        given |= {"--format": options["format"], "--safe-cells": options["safe_cells"], "--times": options["times"]}
    for option, said in given.items():
        if said:
            raise click.UsageError(f"{option} has no effect on {' and '.join(kinds)}")
