"""``tbevents export``: runs as tables, pictures and sounds."""

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
    example,
    logdir_argument,
    run_option,
    tag_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.reading.options import Duplicates, Restarts
from tbevents.tools.export import Exported, export_media, export_table
from tbevents.tools.table_files import Format, looks_like_file

_TABLES: Final = ("scalars", "texts", "hparams")
_MEDIA: Final = ("images", "audio")


class _Harmless(io.TextIOBase):
    """Writes text to a terminal, other people's escapes as visible ones."""

    def write(self, text: str) -> int:
        sys.stdout.write("\n".join(map(printable, text.split("\n"))))
        return len(text)


@click.command(epilog=example("tbevents export runs losses.csv --tag 'loss/*' --wide"))
@logdir_argument
@click.argument("out", type=PATH)
@click.option("--format", type=click.Choice(get_args(Format)), help="Instead of what the ending of OUT says.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([*_TABLES, *_MEDIA]),
    help="What to export; default: scalars. Images and audio may go together.",
)
@click.option("--wide", is_flag=True, help="A column for each tag, a row for each step of a run.")
@tag_option
@run_option
@click.option(
    "--restarts", type=click.Choice(get_args(Restarts)), default="keep", help="What restarts remove; default: keep all."
)
@click.option(
    "--duplicates",
    type=click.Choice(get_args(Duplicates)),
    default="keep",
    help="Which points of one step stay.",
)
@click.option("--safe-cells", is_flag=True, help="In csv, texts that no spreadsheet computes and no terminal obeys.")
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
    Names and texts are written as they were logged; a spreadsheet takes some for formulas. --safe-cells prevents that.
    """
    if kinds and "scalars" not in kinds:
        _refuse_without_effect(kinds, tags, options)
    if set(kinds) <= set(_MEDIA) and kinds:
        if out == "-" or looks_like_file(out):
            raise click.UsageError(
                f"{out}: {' and '.join(kinds)} go into a folder"
                + ("" if out == "-" else f"; if it is one, {out}{os.sep}")
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
            raise click.UsageError(f"{' and '.join(kinds)} do not go into one output")
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
    terminal.remark(_summary(done))


def _refuse_without_effect(kinds: tuple[str, ...], tags: tuple[str, ...], options: dict[str, Any]) -> None:
    """Refuses options that say nothing about these kinds."""
    given = {"--wide": options["wide"], "--tag": tags and kinds == ("hparams",)}
    if set(kinds) & set(_MEDIA):
        given |= {f"--{name}": options[name] != "keep" for name in ("restarts", "duplicates")}
        given |= {"--format": options["format"], "--safe-cells": options["safe_cells"]}
    for option, said in given.items():
        if said:
            raise click.UsageError(f"{option} says nothing about {' and '.join(kinds)}")


def _summary(done: Exported) -> str:
    if done.rows is not None:
        return f"{done.out}: {counted(done.rows, 'row')}"
    return f"{done.out}: {counted(len(done.files), 'file')}"
