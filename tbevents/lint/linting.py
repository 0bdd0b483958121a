"""Lints what is at paths, and runs that were read: `run`, `lint_runs`, `assert_lints`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from tbevents.errors import TBEventsError
from tbevents.files import StrPath, folder_name, join, path_string
from tbevents.lint.config import LintConfig, load_config, parse_config
from tbevents.lint.finding import Findings
from tbevents.lint.linter import Linter
from tbevents.reading.logdir import Logdir
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, Names, ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run
from tbevents.testing.finding import message
from tbevents.testing.subjects import Subject, as_runs
from tbevents.tools.names import may_be_run, name_below, open_refs, refs_below, without_damage_warnings

AnyConfig = LintConfig | Mapping[str, Any] | StrPath | None
"""A configuration, a table of one, the path of a file that has one, or None for the defaults."""


@dataclass(frozen=True, slots=True)
class LintedRun:
    """What was found in one run.

    Attributes:
        run: the name of the run; of a folder that cannot be listed, its path below the logdir; "(all runs)" for what
            concerns no single run.
        path: its path; "" if it is about all runs.
        findings: what was found.
        is_run: whether it is about one run, or a folder that may be one, and is counted. What concerns all runs, or a
            file that cannot be read in a folder without others, is not.
    """

    run: str
    path: str
    findings: Findings
    is_run: bool = True


def run(
    path: Subject | Mapping[str, Run],
    config: AnyConfig = None,
    *,
    runs: Names | None = None,
    checksums: Checksums = "verify",
) -> Findings:
    """Lints a run, or all runs below a folder.

    Args:
        path: a folder of runs, a run, or an event file; a local path, or a URL that fsspec understands; or what
            the checks of `tbevents.testing` take: a Run, a writer, or runs by name.
        config: a `LintConfig`, a table such as ``{"ignore": ["TB105"]}``, or the path of a TOML file; None uses the
            defaults. No file is searched for: `find_config` does that.
        runs: names or patterns of the runs to lint; None or empty means all.
        checksums: "skip" also reads records with a wrong data checksum, as in `read_run`.

    Returns:
        The findings, run by run. It is a list; notebooks show it as a table. Runs that are read from a path are
        released, a few at a time, and the `series` of their findings are None.

    Raises:
        RunNotFoundError: if the path does not exist, or there is no event file below it.
        UnknownNameError: if a pattern matches no run.
        OSError: if the path itself cannot be read. What cannot be read below it is a finding.
        ValueError, TypeError: if the configuration is wrong.
    """
    config = as_config(config)
    if isinstance(path, (str, os.PathLike)):
        return Findings(
            each for run in lint_runs(path, config, runs=runs, checksums=checksums) for each in run.findings
        )
    wanted = NameFilter(runs, noun="run")
    subject = {path.name: path} if isinstance(path, Run) else as_runs(path)
    names = [name for name in subject if wanted(name)]
    wanted.check(subject.path if isinstance(subject, Logdir) else "")
    found = {name: subject[name] for name in names}
    linter = Linter(config, found, part=bool(wanted) or isinstance(path, Run))
    with without_damage_warnings():
        findings = Findings(each for _, of_run in linter.lint_each(found.values(), keep_series=True) for each in of_run)
        if isinstance(subject, Logdir):
            for problem in subject.problems:
                findings += linter.of_problem(problem, name_below(problem, subject.path))
        findings += linter.finish()
    return findings


def as_config(config: AnyConfig) -> LintConfig:
    """Returns a configuration, however it is given.

    Raises:
        ValueError, TypeError: if it is wrong.
    """
    if config is None:
        return LintConfig()
    if isinstance(config, LintConfig):
        return config
    return parse_config(config) if isinstance(config, Mapping) else load_config(path_string(config, "config"))


def lint_runs(
    path: StrPath | Sequence[StrPath],
    config: LintConfig,
    *,
    runs: Names | None = None,
    checksums: Checksums = "verify",
) -> Iterator[LintedRun]:
    """Lints the runs below paths one after the other. A few small ones are read and screened together.

    The arguments and errors are those of `run`; if there are several paths, the names of runs begin with theirs. Paths
    are looked up at the call, before the first run is read.

    Yields:
        What was found in each run, then in each folder that cannot be listed, then what concerns no single run.
    """
    paths = [path_string(each, "path") for each in ([path] if isinstance(path, (str, os.PathLike)) else path)]
    wanted = NameFilter(runs, noun="run")
    unlisted: list[tuple[str, Problem]] = []
    found: dict[str, RunRef] = {}
    also: dict[str, str] = {}
    for each in paths:
        problems: list[Problem] = []
        below = refs_below(each, wanted, on_problem=problems.append, required=True)
        unlisted += ((name_below(problem, each), problem) for problem in problems)
        alone = [ref.name for ref in below] == ["."]
        for ref in below:
            name = ref.name if len(paths) == 1 else each if ref.name == "." else join(each, ref.name)
            found[name] = replace(ref, name=name)
            also[name] = folder_name(each) if alone else ref.name
    wanted.check(", ".join(paths))
    part = bool(wanted) or list(found) == ["."]
    return _lint_each(
        Linter(config, found, part=part, also=also), list(found.values()), set(paths), unlisted, checksums
    )


def _lint_each(
    linter: Linter,
    refs: Sequence[RunRef],
    named: AbstractSet[str],
    unlisted: list[tuple[str, Problem]],
    checksums: Checksums,
) -> Iterator[LintedRun]:
    options = ReadOptions(checksums=checksums)
    at = 0
    while at < len(refs):
        failed: list[TBEventsError | OSError] = []
        for run, findings in linter.lint_each(_until_error(open_refs(refs[at:], options), failed)):
            at += 1
            yield LintedRun(run.name, run.path, findings)
            del run
        for error in failed:
            ref = refs[at]
            if ref.url in named:
                raise error
            at += 1
            yield LintedRun(ref.name, ref.url, linter.of_error(error, ref.name, ref.url))
    for name, problem in unlisted:
        yield LintedRun(name, problem.file, linter.of_problem(problem, name), may_be_run(problem))
    rest = linter.finish()
    if rest:
        yield LintedRun("(all runs)", "", rest, is_run=False)


def _until_error(runs: Iterator[Run], failed: list[TBEventsError | OSError]) -> Iterator[Run]:
    """Yields runs until one cannot be read; then adds the error to a list."""
    try:
        yield from runs
    except (TBEventsError, OSError) as error:
        failed.append(error)


def assert_lints(path: Subject | Mapping[str, Run], config: AnyConfig = None) -> None:
    """Asserts that runs have no finding as grave as the `fail_on` of the configuration, which is "error" by default.

    Args:
        path: as in `run`.
        config: as in `run`.

    Raises:
        AssertionError: if there are such findings; the message lists them.
        RunNotFoundError, OSError, ValueError, TypeError: as `run`.
    """
    __tracebackhide__ = True
    checked = as_config(config)
    failing = [each for each in run(path, checked) if checked.fails(each.severity)]
    if failing:
        raise AssertionError(message(failing))
