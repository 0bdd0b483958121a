"""Check: finds what is damaged in runs, and what is intact but odd."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tbevents.errors import PayloadError, TensorError
from tbevents.files import StrPath
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.tools.describe import lazy_series
from tbevents.tools.names import name_below, open_refs, refs_below
from tbevents.tools.oddities import Oddity as Oddity
from tbevents.tools.oddities import is_empty_file, oddities_of
from tbevents.tools.record_copy import size_of


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a check of one run.

    Attributes:
        run: the name of the run.
        path: its folder or file.
        files: its event files, in order.
        size: the size of the files in bytes.
        values: number of values that were read, of any kind.
        problems: the damage: wrong checksums, records that are incomplete or not an event, inconsistent scalars. An
            empty file is not damage but an oddity.
        bad_values: a message for each other value that is inconsistent.
        oddities: what is intact but odd.
    """

    run: str
    path: str
    files: tuple[str, ...]
    size: int
    values: int
    problems: tuple[Problem, ...]
    bad_values: tuple[str, ...]
    oddities: tuple[Oddity, ...]

    @property
    def intact(self) -> bool:
        """True if nothing is damaged."""
        return not (self.problems or self.bad_values)


def check(path: StrPath, *, runs: Sequence[str] | None = None, checksums: Checksums = "verify") -> Iterator[Checked]:
    """Checks runs one by one: every checksum, every message, every value.

    A folder that cannot be listed is yielded like a run with that problem.

    Args:
        path: a folder of runs, a run, or an event file.
        runs: patterns of the runs to check; None means all.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.

    Raises:
        RunNotFoundError: if the path does not exist, or there is no event file below it.
        UnknownNameError: if a pattern matches no run.
        NotAnEventFileError: if `path` is a file, but not an event file.
        OSError: if `path` cannot be read.
    """
    return checks_below(path, runs=runs, checksums=checksums)[1]


def checks_below(
    path: StrPath, *, runs: Sequence[str] | None = None, checksums: Checksums = "verify"
) -> tuple[int, Iterator[Checked]]:
    """`check`, with the number of runs: they are listed once for both."""
    unlisted: list[Problem] = []
    refs = refs_below(path, runs, on_problem=unlisted.append, required=True)
    found = open_refs(refs, ReadOptions(checksums=checksums))
    text = os.fspath(path)
    nameless = (Checked(name_below(each, text), each.file, (), 0, 0, (each,), (), ()) for each in unlisted)
    return len(refs) + len(unlisted), itertools.chain(map(check_run, found), nameless)


def check_run(run: Run) -> Checked:
    """Checks a run that was read: collects its problems, decodes every value, and looks at the steps."""
    problems, bad_values = damage_of(run)
    return Checked(
        run.name,
        run.path,
        run.files,
        size_of(run.files),
        sum(count for counts in run.counts().values() for count in counts.values()),
        problems,
        bad_values,
        tuple(oddities_of(run)),
    )


def damage_of(run: Run) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Returns the `problems` and the `bad_values` that `check_run` reports of a run."""
    problems = tuple(problem for problem in run.problems if not is_empty_file(problem))
    return problems, tuple(_bad_values(run))


def _bad_values(run: Run) -> Iterator[str]:
    """Yields a message for each value that cannot be decoded, or not be read again."""
    for series in lazy_series(run):
        for index in range(len(series)):
            try:
                series.verified(index)
            except (PayloadError, TensorError, OSError) as error:
                yield str(error)
