"""``tbevents plot``: draws scalars."""

from __future__ import annotations

from typing import Any, get_args

import click

from tbevents.cli.formatting import counted, printable
from tbevents.cli.parameters import (
    OUTPUT,
    axis_option,
    checksums_option,
    example,
    logdir_argument,
    named_tags,
    run_option,
    smooth_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.reading.options import Checksums
from tbevents.tools.plot import PlotStyle, plot
from tbevents.views.chart import MOST_INCHES
from tbevents.views.groups import Band, Estimator


def _check_size(_: click.Context, __: click.Parameter, size: tuple[float, float] | None) -> tuple[float, float] | None:
    if size is not None and max(size) > MOST_INCHES:
        raise click.BadParameter(
            f"{size[0]:g} {size[1]:g}: the size is in inches, at most {MOST_INCHES} each; "
            "--dpi gives the pixels per inch"
        )
    return size


@click.command(epilog=example("tbevents plot runs loss/train loss/test -o loss.png --smooth 0.6 --log-y"))
@logdir_argument
@click.option(
    "-o",
    "--out",
    type=OUTPUT,
    required=True,
    metavar="FILE",
    help="The picture, replaced if it exists: .png, .svg, .pdf, ...",
)
@named_tags
@run_option
@axis_option
@smooth_option
@click.option("--log-x", is_flag=True, help="Use a logarithmic horizontal axis.")
@click.option("--log-y", is_flag=True, help="Use a logarithmic vertical axis.")
@click.option(
    "--outliers", is_flag=True, help="Show all points; default: extreme ones are marked at the edge, as in TensorBoard."
)
@click.option(
    "--group-by",
    metavar="HOW",
    help="Draw groups of runs: all, folder, hparam:NAME, or a regular expression for a part of the name.",
)
@click.option(
    "--estimator", type=click.Choice(get_args(Estimator)), default=None, help="A group's curve; default: mean."
)
@click.option(
    "--band", type=click.Choice(get_args(Band)), default=None, help="A group's band; default: ci95 (bootstrap)."
)
@click.option("--caption", "wants_caption", is_flag=True, help="Print a caption that says what was drawn.")
@click.option("--title", default="", help="The title of the picture.")
@click.option("--size", type=float, nargs=2, metavar="WIDTH HEIGHT", callback=_check_size, help="The size in inches.")
@click.option("--dpi", type=float, default=120.0, help="Pixels per inch; default: 120.")
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    tags: tuple[str, ...],
    out: str,
    runs: tuple[str, ...],
    checksums: Checksums,
    wants_caption: bool,
    group_by: str | None,
    estimator: Estimator | None,
    band: Band | None,
    **style: Any,
) -> None:
    """Draw the scalars of the TAGs (default: all), a chart for each, with the runs below LOGDIR overlaid.

    A TAG may be a glob ('train/*'). A picture has at most 60 charts.
    """
    grouping = "all" if group_by is None and (band or estimator) else group_by
    options = PlotStyle(group_by=grouping, estimator=estimator or "mean", band=band or "ci95", **style)
    captions: list[str] = []
    with terminal.gathering() as damage, terminal.progress("reading") as progress:
        drawn = plot(
            logdir,
            tags,
            out,
            runs=runs,
            style=options,
            checksums=checksums,
            progress=progress,
            on_problem=damage.append,
            on_caption=captions.append,
        )
    if wants_caption:
        terminal.lines(map(printable, captions))
    terminal.remark(f"{out}: {counted(len(drawn), 'chart')}")
