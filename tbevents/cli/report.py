"""``tbevents report``: writes an HTML page about runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from tbevents.cli.browser import open_page
from tbevents.cli.formatting import counted, first_of, size
from tbevents.cli.parameters import (
    OUTPUT,
    checksums_option,
    example,
    logdir_argument,
    run_option,
    tag_option,
    takes_terminal,
)
from tbevents.cli.terminal import Terminal
from tbevents.remote import is_url
from tbevents.tools.report import Reported, ReportLimits, report


@click.command(epilog=example("tbevents report runs -o report.html --tag 'loss*' --open"))
@logdir_argument
@click.option(
    "-o",
    "--out",
    type=OUTPUT,
    default="report.html",
    metavar="FILE",
    help="The page, replaced if it exists; default: report.html.",
)
@run_option
@tag_option
@click.option("--title", help="The title of the page; default: the folder's name.")
@click.option(
    "--points",
    type=click.IntRange(min=8),
    default=ReportLimits().points,
    metavar="N",
    help=f"Thin curves to N points, peaks kept; default: {ReportLimits().points}.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=ReportLimits().steps,
    metavar="N",
    help=f"Show N steps of images, texts and histograms; default: {ReportLimits().steps}.",
)
@checksums_option
@click.option("--lint", "lints", is_flag=True, help="List what tbevents lint finds, and mark the steps.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@takes_terminal
def command(
    terminal: Terminal,
    logdir: str,
    out: str,
    points: int,
    steps: int,
    lints: bool,
    opens: bool,
    **options: Any,
) -> None:
    """Write one HTML page about the runs below LOGDIR: charts, tables and images, without a server.

    The page is one file that loads nothing else; it can be mailed or kept beside a build. Pictures need Pillow.
    """
    limits = ReportLimits(points=points, steps=steps)
    findings = None
    if lints:
        from tbevents.cli.lint import nearest_config  # few reports are with findings
        from tbevents.lint import run as lint
        from tbevents.lint.formats.json_format import finding_json

        config = nearest_config(terminal, (logdir,))
        with terminal.progress("linting"):
            found = lint(logdir, config, runs=options["runs"] or None, checksums=options["checksums"])
        findings = [finding_json(each) for each in found]
    with terminal.progress("reading") as progress:
        made = report(logdir, out, limits=limits, findings=findings, progress=progress, **options)
    tell(terminal, made)
    if opens and not open_page(out if is_url(out) else Path(os.path.abspath(out)).as_uri()):
        terminal.remark("there is no screen to open the page on")


def tell(terminal: Terminal, made: Reported) -> None:
    """Prints what a report holds, and what could not be read or shown."""
    for line in first_of(made.problems):
        terminal.warn(line)
    if made.missing:
        terminal.warn(f"pictures are left out: {made.missing}")
    terminal.incomplete = bool(made.unreadable)
    terminal.remark(f"{made.out}: {counted(made.runs, 'run')}, {counted(made.points, 'point')}, {size(made.size)}")
