"""Choosing tags and runs by name: exact, glob or regular expression; and the runs below a path."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import translate
from typing import Final, TypeAlias

from tbevents.errors import DamageWarning, RunNotFoundError, UnknownNameError
from tbevents.files import StrPath, find_run_files, find_runs, is_folder, path_string
from tbevents.reading.options import Checksums, Names, ReadOptions
from tbevents.reading.problem import Problem, warn_about
from tbevents.reading.run import Run, open_run
from tbevents.remote import is_url

__all__ = [
    "NameFilter",
    "OnProblem",
    "files_of_run",
    "iter_runs",
    "natural_key",
    "read_telling",
    "runs_below",
    "unreadable_among",
    "without_damage_warnings",
]

OnProblem: TypeAlias = Callable[[Problem], object]
"""Gets what was damaged and is left out."""


_NUMBER: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)")


def natural_key(name: str) -> tuple[list[object], str]:
    """What names are sorted by as people count, and TensorBoard lists them.

    ``run2`` before ``run10``, ``lr0.03`` before ``lr0.1``, ``lr1e-4`` before ``lr1e-3``.
    """
    parts: list[object] = list(_NUMBER.split(name.lower()))
    parts[1::2] = map(float, parts[1::2])  # type: ignore[arg-type]  # every other one is a number's text
    return parts, name


class NameFilter:
    """Chooses names by patterns; all of them, where there is no pattern.

    A pattern chooses the name that it equals, and those that it matches as a glob: ``*`` is any text, slashes
    included, ``?`` one character, ``[ab]`` one of some.

    Args:
        patterns: any number.
        noun: what is chosen, "tag" or "run", for messages.
        regex: whether the patterns are regular expressions that may match anywhere in the name.

    Raises:
        ValueError: a pattern is no regular expression.
    """

    def __init__(self, patterns: Iterable[str] | None, *, noun: str, regex: bool = False) -> None:
        self.patterns = tuple(patterns or ())
        self.noun = noun
        self._regex = regex
        self._compiled = [compile_pattern(pattern, regex=regex) for pattern in self.patterns]
        self._idle = set(self.patterns)  # those that have chosen nothing yet
        self._seen: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __call__(self, name: str) -> bool:
        """Whether a name is chosen."""
        if not self.patterns:
            return True
        self._seen[name] = None
        chosen = False
        for pattern, compiled in zip(self.patterns, self._compiled, strict=True):
            if (pattern == name and not self._regex) or compiled.search(name):
                self._idle.discard(pattern)
                chosen = True
        return chosen

    def missing(self, where: str) -> list[UnknownNameError]:
        """An error for each pattern that has chosen no name so far; it names the nearest."""
        return [
            UnknownNameError(self.noun, pattern, self._seen, where)
            for pattern in self.patterns
            if pattern in self._idle
        ]

    def check(self, where: str) -> None:
        """To be called when all names have been seen.

        Raises:
            UnknownNameError: a pattern has chosen none of them; the message names the nearest.
        """
        for error in self.missing(where):
            raise error


def compile_pattern(pattern: str, *, regex: bool) -> re.Pattern[str]:
    """A glob or regular expression, compiled.

    Raises:
        ValueError: it is none.
    """
    try:
        return re.compile(pattern if regex else translate(pattern))
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def runs_below(
    path: StrPath, runs: Sequence[str] | NameFilter | None = None, *, on_problem: OnProblem | None = None
) -> dict[str, str]:
    """The runs below a folder, by name, with their paths; a run or an event file is the only one then, named ``.``.

    Args:
        path: a folder, or an event file.
        runs: patterns of the names that are wanted; all, where None or empty.
        on_problem: gets each folder below it that cannot be listed; where None, there are warnings of them.

    Raises:
        RunNotFoundError: there is no such path.
        OSError: it cannot be listed.
        UnknownNameError: a pattern chooses no run.
    """
    text = path_string(path, "path")
    if not os.path.exists(text):
        if not is_url(text):
            is_folder(text)  # raises: why not
        raise RunNotFoundError(f"{text}: no such file or folder")

    def unreadable(where: str, error: OSError) -> None:
        problem = Problem.unreadable(where, error)
        if on_problem is None:
            warn_about([problem])
        else:
            on_problem(problem)

    if os.path.isdir(text):
        found = {name: os.path.dirname(files[0]) for name, files in find_runs(text, unreadable).items()}
    else:
        found = {".": text}
    wanted = runs if isinstance(runs, NameFilter) else NameFilter(runs, noun="run")
    chosen = {name: folder for name, folder in found.items() if wanted(name)}
    if not isinstance(runs, NameFilter):
        wanted.check(text)
    return chosen


def files_of_run(path: StrPath) -> list[str]:
    """The event files of one run, in order; of an event file, itself.

    Raises:
        RunNotFoundError: there is no such path, or no event file in the folder; where it is a folder of runs, the
            message names some.
    """
    try:
        return find_run_files(path)
    except RunNotFoundError:
        text = path_string(path, "path")
        below = list(find_runs(text)) if os.path.isdir(text) else []
        if not below:
            raise
    some = ", ".join(map(repr, below[:3])) + (" ..." if len(below) > 3 else "")
    raise RunNotFoundError(f"{text}: one run is needed, and this is a folder of runs: {some}")


def iter_runs(
    path: StrPath,
    runs: Sequence[str] | None = None,
    *,
    strict: bool = False,
    checksums: Checksums = "verify",
    on_problem: OnProblem | None = None,
) -> Iterator[Run]:
    """Reads the runs below a folder one after the other; only one is in memory, if the caller keeps none.

    What is damaged, or cannot be read, is on the runs' `problems`; there are no warnings of it.

    Args:
        path: a folder, or an event file.
        runs: patterns of the names that are wanted; all, where None or empty.
        strict: whether damage, and what cannot be read, is raised.
        checksums: "skip" reads records whose data checksum does not hold, too, as in `read_run`.
        on_problem: gets each folder that cannot be listed, as in `runs_below`.

    Raises:
        RunNotFoundError, UnknownNameError: as `runs_below`.
        DamagedFileError: at the first damage, where `strict`.
        OSError: the path, or where `strict` any file, cannot be read.
    """
    options = ReadOptions(strict=strict, checksums=checksums)
    found = runs_below(path, runs, on_problem=on_problem)
    return (_open_quietly(where, name, options) for name, where in found.items())


def _open_quietly(path: str, name: str | None, options: ReadOptions) -> Run:
    named = os.path.lexists(path) and not os.path.isdir(path)  # else it was found below a folder
    return open_run(path, name, options, warn=False, named=named)


def read_telling(
    path: str,
    name: str | None = None,
    *,
    kinds: Names | None = None,
    checksums: Checksums = "verify",
    on_problem: OnProblem | None = None,
) -> Run:
    """Reads a run.

    Args:
        path: its folder, or an event file.
        name: what it is called; by default as `read_run` says.
        kinds: only these kinds of values.
        checksums: as in `read_run`.
        on_problem: gets what is damaged in it; where None, there are warnings of it.
    """
    run = _open_quietly(path, name, ReadOptions(kinds=kinds, checksums=checksums))
    if on_problem is None:
        warn_about(run.problems)
    else:
        for problem in run.problems:
            on_problem(problem)
    return run


def unreadable_among(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The files and folders that could not be read, of some problems."""
    return tuple(problem for problem in problems if problem.kind == "unreadable")


@contextmanager
def without_damage_warnings() -> Iterator[None]:
    """For callers that show the problems themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamageWarning)
        yield
