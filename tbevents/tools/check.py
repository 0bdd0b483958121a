"""Check: what is damaged in runs, and what is intact but odd."""

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
from tbevents.tools.names import open_refs, refs_below
from tbevents.tools.oddities import Oddity as Oddity
from tbevents.tools.oddities import is_empty_file, oddities_of
from tbevents.tools.record_copy import size_of


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one run.

    Attributes:
        run: its name.
        path: its folder or file.
        files: its event files, in order.
        size: bytes in them.
        values: how many values of any kind were read.
        problems: what is damaged: checksums that do not hold, records that are cut short or no events, scalars that
            contradict themselves. A file of 0 bytes is none: it is among the oddities.
        bad_values: other values that contradict themselves, in words.
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
        """Whether nothing is damaged."""
        return not (self.problems or self.bad_values)


def check(path: StrPath, *, runs: Sequence[str] | None = None, checksums: Checksums = "verify") -> Iterator[Checked]:
    """Checks runs one after the other: every checksum, every message, every value.

    A folder that cannot be listed, and may hold runs, is told like a run with that problem.

    Args:
        path: a folder of runs, a run, or an event file.
        runs: patterns of the runs that are wanted; all, where None.
        checksums: "skip" reads records whose data checksum does not hold, too, as in `read_run`.

    Raises:
        RunNotFoundError, UnknownNameError: there is no such path or run, or no event file below the path.
        NotAnEventFileError: `path` is a file of another sort.
        OSError: `path` cannot be read.
    """
    unlisted: list[Problem] = []
    refs = refs_below(path, runs, on_problem=unlisted.append, required=True)
    found = open_refs(refs, ReadOptions(checksums=checksums))
    text = os.fspath(path)
    nameless = (Checked(_name_of(each, text), each.file, (), 0, 0, (each,), (), ()) for each in unlisted)
    return itertools.chain(map(check_run, found), nameless)


def _name_of(problem: Problem, logdir: str) -> str:
    return os.path.relpath(problem.file, logdir).replace(os.sep, "/")


def check_run(run: Run) -> Checked:
    """Checks a run that was read: what reading has found, every value that it left to be decoded, and the steps."""
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
    """The values that cannot be decoded, or not be read again; only now are they."""
    for series in lazy_series(run):
        for index in range(len(series)):
            try:
                series.verified(index)
            except (PayloadError, TensorError, OSError) as error:
                yield str(error)
