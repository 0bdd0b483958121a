"""``tbevents lint``: a verdict on training runs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click
from rich.text import Text

from tbevents.cli.exit_status import EXIT_FOUND, EXIT_OK
from tbevents.cli.formatting import wrapped
from tbevents.cli.parameters import OUTPUT, PATH, checksums_option, example, run_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.lint import LintConfig, LintedRun, find_config, lint_runs, load_config
from tbevents.lint.formats import FORMATS
from tbevents.lint.formats.text import MARGIN, as_text
from tbevents.reading.options import Checksums
from tbevents.remote import is_url, path_of_file_url
from tbevents.tools.new_files import NewFile

_STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def _codes(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Splits lists of codes at commas; refuses a list of none, which would stand for all."""
    found = [[code.strip() for code in each.split(",") if code.strip()] for each in given]
    for each, codes in zip(given, found, strict=True):
        if not codes:
            raise click.BadParameter(f"{each!r} names no rule")
    return tuple(code for codes in found for code in codes)


@click.command(epilog=example("tbevents lint runs --ignore TB3 --fail-on warning --format sarif -o lint.sarif"))
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="PATH...")
@click.option("--select", multiple=True, callback=_codes, metavar="CODES", help="Only these rules: TB104, TB1, spike.")
@click.option("--ignore", multiple=True, callback=_codes, metavar="CODES", help="Not these rules; repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    help="The least severity that gives status 1; default: error.",
)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", help="Default: text.")
@click.option("-o", "--output", type=OUTPUT, metavar="FILE", help="Write to a file instead of stdout.")
@click.option("--config", type=PATH, metavar="FILE", help="The configuration; by default it is searched for.")
@click.option("--isolated", is_flag=True, help="Use no configuration file.")
@run_option
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str | None,
    form: str,
    output: str | None,
    config: str | None,
    isolated: bool,
    runs: tuple[str, ...],
    checksums: Checksums,
) -> int:
    """Judge training runs: NaN, divergence, spikes, gaps in steps, damage, and what a configuration expects.

    PATH is a folder of runs, a run, an event file or a URL. docs/lint.md describes the rules. The configuration is the
    table [tool.tbevents.lint] of the nearest tbevents.toml or pyproject.toml in the working folder or above it, but
    never in a PATH. --select replaces its list, --ignore adds to it. Exit status: 0 nothing as grave as --fail-on, 1
    otherwise, 2 wrong usage, no event file in a PATH, or not readable at all.
    """
    used = _config(terminal, paths, config, isolated)
    changes: dict[str, Any] = {"ignore": (*used.ignore, *ignore)}
    changes |= {"select": select} if select else {}
    changes |= {"fail_on": fail_on} if fail_on else {}
    used = dataclasses.replace(used, **changes)
    failing: list[bool] = []
    with terminal.progress("linting"):
        results = _noting(lint_runs(paths, used, runs=runs or None, checksums=checksums), used, failing)
        if output is not None:
            with NewFile(output, text=True) as new:
                new.file.writelines(FORMATS[form](results, used))
        elif form == "text":
            columns = terminal.room if terminal.interactive else None
            for chunk in as_text(results, used, plain=terminal.plain, columns=columns):
                for line in chunk.splitlines():
                    terminal.lines(map(_styled, wrapped(line, columns, indent=MARGIN)))
        else:
            for chunk in FORMATS[form](results, used):
                terminal.write(chunk)
    if output is not None:
        terminal.remark(output)
    return EXIT_FOUND if any(failing) else EXIT_OK


def _config(terminal: Terminal, paths: tuple[str, ...], config: str | None, isolated: bool) -> LintConfig:
    if isolated and config is not None:
        raise click.UsageError("--config and --isolated cannot be combined")
    if config is not None:
        return load_config(config)
    return LintConfig() if isolated else nearest_config(terminal, paths)


def nearest_config(terminal: Terminal, paths: tuple[str, ...]) -> LintConfig:
    """Returns the configuration that is found from the working folder on, or the defaults; never one of the paths."""
    found, refused = find_config(outside=[folder for path in paths if (folder := _folder_of(path)) is not None])
    for each in refused:
        terminal.remark(
            f"{each} is not used, since it is in a folder that is linted: --config {each} uses it", "yellow"
        )
    return LintConfig() if found is None else load_config(found)


def _folder_of(path: str) -> str | None:
    """Returns the local folder that a path names, or that an event file is in; None if it is elsewhere."""
    local = path_of_file_url(path) if is_url(path) else path
    return os.path.dirname(os.path.abspath(local)) if local is not None and os.path.isfile(local) else local


def _noting(results: Iterable[LintedRun], config: LintConfig, failing: list[bool]) -> Iterator[LintedRun]:
    """Yields the results; notes of each whether it makes the command fail."""
    for each in results:
        failing.append(any(config.fails(found.severity) for found in each.findings))
        yield each


def _styled(line: str) -> Text:
    text = Text(line)
    severity = line.split(maxsplit=1)[0] if line.startswith("  ") and line.strip() else ""
    if severity in _STYLES and not line.startswith("   "):
        text.stylize(_STYLES[severity], 2, 2 + len(severity))
    elif not line.startswith(" "):
        text.stylize("bold")
    return text
