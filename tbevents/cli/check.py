"""``tbevents check``: checks whether runs are intact."""

from __future__ import annotations

import click

from tbevents.cli.exit_status import EXIT_FOUND, EXIT_OK
from tbevents.cli.formatting import count, counted, first_of, printable, size, wrapped
from tbevents.cli.parameters import checksums_option, example, json_option, logdir_argument, run_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.reading.options import Checksums
from tbevents.tools.check import Checked, checks_below
from tbevents.tools.names import may_be_run


@click.command(epilog=example("tbevents check runs --strict && echo intact"))
@logdir_argument
@run_option
@click.option("--strict", is_flag=True, help="Count oddities as damage.")
@checksums_option
@json_option
@takes_terminal
def command(
    terminal: Terminal, logdir: str, runs: tuple[str, ...], strict: bool, checksums: Checksums, as_json: bool
) -> int:
    """Check that every checksum, message and value below LOGDIR is intact.

    Oddities in intact data are listed too, and count with --strict: steps that go back, repeat, wrap round or are all
    0, NaNs, restarts, several kinds under one tag, empty files. Exit status: 0 intact, 1 damaged, 2 no event file
    at all, or not readable.
    """
    total, checks = checks_below(logdir, runs=runs, checksums=checksums)
    checked = list(terminal.each(checks, "checking", total))
    terminal.unreadable(problem for each in checked for problem in each.problems)
    bad = [each for each in checked if not each.intact or (strict and each.oddities)]
    if as_json:
        terminal.json(checked)
        return EXIT_FOUND if bad else EXIT_OK
    for each in checked:
        terminal.lines(line for text in _lines(each) for line in wrapped(printable(text), terminal.room, indent=9))
    unreadable = sum(not (each.files or any(map(may_be_run, each.problems))) for each in checked)
    in_all, bad_runs = len(checked) - unreadable, len(bad) - unreadable
    values, files = sum(each.values for each in checked), sum(len(each.files) for each in checked)
    word = "damaged or odd" if strict else "damaged"
    verdicts = [f"{count(bad_runs)} of {counted(in_all, 'run')} {word}"] if bad_runs else []
    verdicts += [f"{counted(unreadable, 'file')} not readable"] if unreadable else []
    verdict = ", ".join(verdicts) or "intact"
    read = f"{counted(in_all, 'run')}, {counted(files, 'file')}, {counted(values, 'value')}"
    total_size = size(sum(each.size for each in checked))
    terminal.lines([printable(f"{logdir}: {verdict} ({read}, {total_size})")])
    return EXIT_FOUND if bad else EXIT_OK


def _lines(checked: Checked) -> list[str]:
    """Describes the damage and the oddities of a run, only the first of many; empty if there is nothing to report."""
    damage = [*map(str, checked.problems), *checked.bad_values]
    return first_of([f"damaged  {text}" for text in damage]) + [
        f"odd      {checked.run}: {each}" for each in checked.oddities
    ]
