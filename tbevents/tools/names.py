"""The runs below a path: finds them, opens them, and sorts their names."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from tbevents.errors import DamageWarning, RunNotFoundError
from tbevents.files import StrPath, parent, path_string
from tbevents.reading.logdir import logdir_of_refs
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.problem import OnProblem as OnProblem
from tbevents.reading.problem import Problem, tell_of
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run, open_run
from tbevents.remote import is_url
from tbevents.run_files import list_run_files, list_runs, name_some

NO_EVENT_FILE: Final = "there is no event file (a file with 'tfevents' in its name) in this folder or below it"

_NUMBER: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)")


def natural_key(name: str) -> tuple[list[object], str]:
    """Sort key of names that orders numbers by value, as TensorBoard does.

    ``run2`` before ``run10``, ``lr0.03`` before ``lr0.1``, ``lr1e-4`` before ``lr1e-3``.
    """
    parts: list[object] = list(_NUMBER.split(name.lower()))
    parts[1::2] = map(float, parts[1::2])  # type: ignore[arg-type]  # every second part is the text of a number
    return parts, name


def name_below(problem: Problem, top: str) -> str:
    """Returns the name of a run that could not be listed below a folder: the path of the problem's file from there."""
    return os.path.relpath(problem.file, top).replace(os.sep, "/")


def may_be_run(problem: Problem) -> bool:
    """Returns True if what could not be listed is a folder, which may hold a run, and not a file like a broken link."""
    return is_url(problem.file) or os.path.isdir(problem.file)


def runs_below(
    path: StrPath, runs: Sequence[str] | NameFilter | None = None, *, on_problem: OnProblem | None = None
) -> dict[str, str]:
    """Returns the paths of the runs below a folder by name; a run or event file itself is the only one, named ``.``.

    Args:
        path: a folder, or an event file.
        runs: patterns of the names to use; None or empty means all.
        on_problem: called with each folder below it that cannot be listed; None issues warnings instead.

    Raises:
        RunNotFoundError: if the path does not exist.
        OSError: if it cannot be listed.
        UnknownNameError: if a pattern matches no run.
    """
    return {ref.name: ref.url for ref in refs_below(path, runs, on_problem=on_problem)}


def refs_below(
    path: StrPath,
    runs: Sequence[str] | NameFilter | None,
    *,
    on_problem: OnProblem | None = None,
    required: bool = False,
) -> list[RunRef]:
    """Returns references of the runs below a folder; see `runs_below`.

    If `required`, it also raises RunNotFoundError if there is no event file below the path and all could be listed.
    """
    text = path_string(path, "path")
    unlisted: list[Problem] = []
    wanted = runs if isinstance(runs, NameFilter) else NameFilter(runs, noun="run")
    listed = list_runs(text, lambda where, error: unlisted.append(Problem.unreadable(where, error)))
    tell_of(unlisted, on_problem)
    if required and not listed and not unlisted:
        raise RunNotFoundError(text, NO_EVENT_FILE)
    chosen = [
        RunRef(name, text if files[0].url == text else parent(files[0].url), tuple(files))
        for name, files in listed.items()
        if wanted(name)
    ]
    if not isinstance(runs, NameFilter):
        wanted.check(text)
    return chosen


def files_of_run(path: StrPath, on_problem: OnProblem) -> list[str]:
    """Returns the event files of one run in order; for an event file, the file itself.

    Args:
        path: a folder, or an event file.
        on_problem: called with each event file that is no file, such as a broken link.

    Raises:
        RunNotFoundError: if the path does not exist or the folder has no event file; for a folder of runs, the message
            names some of them.
    """
    try:
        return readable_files(path, on_problem)
    except RunNotFoundError:
        text = path_string(path, "path")
        below = list(list_runs(text)) if is_url(text) or os.path.isdir(text) else []
        if not below:
            raise
    raise RunNotFoundError(text, f"expected one run, but this is a folder of runs: {name_some(below)}")


def readable_files(path: StrPath, on_problem: OnProblem) -> list[str]:
    """Returns what `find_run_files` does; calls `on_problem` with what it passes over."""
    found = list_run_files(path, lambda where, error: on_problem(Problem.unreadable(where, error)))
    return [file.url for file in found]


def iter_runs(
    path: StrPath,
    runs: Sequence[str] | None = None,
    *,
    strict: bool = False,
    checksums: Checksums = "verify",
    on_problem: OnProblem | None = None,
) -> Iterator[Run]:
    """Yields the runs below a folder one at a time; only a few are in memory unless the caller keeps them.

    Damage, and files that cannot be read, are listed in `problems` of the runs; no warning is issued.

    Args:
        path: a folder, or an event file.
        runs: patterns of the names to use; None or empty means all.
        strict: if True, raise on damage and on files that cannot be read.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.
        on_problem: called with each folder that cannot be listed, as in `runs_below`.

    Raises:
        RunNotFoundError, UnknownNameError: as in `runs_below`.
        DamagedFileError: at the first damage, if `strict`.
        OSError: if the path, or with `strict` any file, cannot be read.
    """
    return open_refs(refs_below(path, runs, on_problem=on_problem), ReadOptions(strict=strict, checksums=checksums))


def open_refs(found: Sequence[RunRef], options: ReadOptions) -> Iterator[Run]:
    """Opens runs one after the other, as `iter_runs` does; two may have the same name.

    Raises:
        DamagedFileError, OSError: as `read_run`, at the run in question.
    """
    names = list(map(str, range(len(found))))
    numbered = [replace(ref, name=number) for ref, number in zip(found, names, strict=True)]
    logdir = logdir_of_refs(numbered, options, as_refs=False)
    for number, run in logdir.each(names, lambda _problem: None):
        run.name = found[int(number)].name
        yield run
        del run  # it is let go before the next one is read


def read_telling(
    path: str | RunRef,
    name: str | None = None,
    *,
    checksums: Checksums = "verify",
    on_problem: OnProblem | None = None,
) -> Run:
    """Reads a run and reports its problems.

    Args:
        path: its folder, or an event file; or its reference, so that a bucket is not listed again.
        name: the name of the run; by default as in `read_run`.
        checksums: as in `read_run`.
        on_problem: called with each problem; None issues warnings instead.
    """
    options = ReadOptions(checksums=checksums)
    if isinstance(path, RunRef):
        files = path.files if is_url(path.url) else None  # a local folder takes little time to list again
        name = path.name if name is None else name
        run = open_run(path.url, name, options, warn=False, named=path.is_file, files=files)
    else:
        named = os.path.lexists(path) and not os.path.isdir(path)  # a folder was found below another
        run = open_run(path, name, options, warn=False, named=named)
    tell_of(run.problems, on_problem)
    return run


def unreadable_among(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Returns those of the problems that are files and folders that could not be read."""
    return tuple(problem for problem in problems if problem.kind == "unreadable")


@contextmanager
def without_damage_warnings() -> Iterator[None]:
    """Suppresses warnings of damage, for callers that show the problems themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamageWarning)
        yield
