"""Lints runs: calls the rules and the expectations, one run at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tbevents.errors import PayloadError, RunNotFoundError, TBEventsError, did_you_mean
from tbevents.files import StrPath, folder_name, join, path_string
from tbevents.lint.config import LintConfig, load_config, parse_config
from tbevents.lint.expectations import MISSING, SAME_AS, Expectation, Expected
from tbevents.lint.file_rules import UNREADABLE, unreadable_hit
from tbevents.lint.finding import Findings, LintFinding, Quantity, at_least
from tbevents.lint.overfitting import OVERFITTING, LossCurves
from tbevents.lint.rule import Hit, Rule
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import RunView, is_one_of
from tbevents.reading.logdir import Logdir
from tbevents.reading.name_patterns import NameFilter, is_glob, matches, patterns
from tbevents.reading.options import Checksums, Names, ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run
from tbevents.reading.small_runs import FIRST, MOST
from tbevents.run_files import folders_above
from tbevents.testing import golden
from tbevents.testing.finding import Finding, message
from tbevents.testing.subjects import Subject, as_runs, single_series
from tbevents.tools.names import name_below, open_refs, read_telling, refs_below, runs_below, without_damage_warnings
from tbevents.tools.sparkline import sparkline
from tbevents.tools.tag_roles import is_loss

_BARS = 40

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
    """

    run: str
    path: str
    findings: Findings

    @property
    def is_run(self) -> bool:
        """Whether it is about one run or folder, which counts, and not about all of them."""
        return bool(self.path)


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
    wanted = _name_filter(runs)
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


def _name_filter(runs: Names | None) -> NameFilter:
    return NameFilter(None if runs is None else patterns("runs", runs), noun="run")


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
    wanted = _name_filter(runs)
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
        failed: list[Exception] = []
        for run, findings in linter.lint_each(_until_error(open_refs(refs[at:], options), failed)):
            at += 1
            yield LintedRun(run.name, run.path, findings)
            del run
        for error in failed:
            ref = refs[at]
            if ref.url in named:
                raise error
            at += 1
            yield LintedRun(ref.name, ref.url, linter.of_problem(_unreadable(ref.url, error), ref.name))
    for name, problem in unlisted:
        yield LintedRun(name, problem.file, linter.of_problem(problem, name))
    rest = linter.finish()
    if rest:
        yield LintedRun("(all runs)", "", rest)


def _unreadable(path: str, error: Exception) -> Problem:
    return Problem(path, 0, "unreadable", 0, 0, str(error).removeprefix(f"{path}: "))


def _ignore(_: Problem) -> None:
    """The findings list the problems."""


def _until_error(runs: Iterator[Run], failed: list[Exception]) -> Iterator[Run]:
    """Yields runs until one cannot be read; then adds the error to a list."""
    try:
        yield from runs
    except (TBEventsError, OSError) as error:
        failed.append(error)


class Linter:
    """One pass over runs with a configuration.

    Used by one thread. It keeps no run, but of some the losses, until the other run of a pair comes.

    Args:
        config: the configuration.
        names: the names of all runs of the pass.
        part: if True, there are other runs, which were not chosen: expectations that concern none of `names` may
            concern those.
        also: other names that the configuration may know runs by: those below their own path, if there are several
            paths; that of its folder, if a run is linted alone.

    Raises:
        RunNotFoundError, OSError: if a golden run does not exist or cannot be read.
        PayloadError: if a file is not a golden run.
    """

    def __init__(
        self,
        config: LintConfig,
        names: Iterable[str] = (),
        *,
        part: bool = False,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self._names = list(names)
        self._also = also or {}
        self._part = part or self._names == ["."]  # a run that is linted alone has no name
        self._parents = {above for name in self._names for above in folders_above(name)}
        self._curves = LossCurves()
        self._golden = [_golden_runs(each) for each in config.expectations]
        self._idle = {(at, pattern) for at, each in enumerate(config.expectations) for pattern in _patterns_of(each)}

    def lint(self, run: Run) -> Findings:
        """Lints a run by every rule, without screening."""
        return self._lint(run, self.config.rules, keep_series=False)

    def lint_each(self, runs: Iterable[Run], *, keep_series: bool = False) -> Iterator[tuple[Run, Findings]]:
        """Lints runs as `lint` does, but takes some of them before it yields the first: few, then more.

        Args:
            runs: the runs.
            keep_series: if True, findings have the series of their tags, which keep the memory of the run.

        Yields:
            Each run with its findings.
        """
        size = FIRST
        batch = self.batch()
        for run in runs:
            batch.add(run)
            del run
            if batch.is_full or len(batch.runs) == size:
                yield from self.lint_together(batch, keep_series=keep_series)
                batch, size = self.batch(), min(2 * size, MOST)
        yield from self.lint_together(batch, keep_series=keep_series)

    def batch(self) -> RunBatch:
        """Returns an empty batch, for `lint_together`."""
        losses = self.config.losses
        return RunBatch(lambda tag: is_one_of(tag, losses, is_loss))

    def lint_together(self, batch: RunBatch, *, keep_series: bool = False) -> Iterator[tuple[Run, Findings]]:
        """Lints runs as `lint` does, one after the other, after it has screened them together.

        Args:
            batch: the runs; they are taken out of it one by one, so that each can be released.
            keep_series: as of `lint_each`.

        Yields:
            Each run with its findings.
        """
        suspects = self._suspects(batch)
        batch.runs.reverse()
        for codes in suspects:
            run = batch.runs.pop()
            try:
                findings = self._lint(run, codes, keep_series)
            except (TBEventsError, OSError) as error:  # its files were changed meanwhile
                findings = self.of_problem(_unreadable(run.path, error), run.name)
            yield run, findings
            del run

    def _suspects(self, batch: RunBatch) -> list[list[str]]:
        """Returns the codes of the rules that must look at each run."""
        found: list[list[str]] = [[] for _ in batch.runs]
        with np.errstate(all="ignore"):  # as in `_lint`
            for code, (rule, _, options) in self.config.rules.items():
                screened = None if rule.screen is None else rule.screen(batch, options) | batch.large
                for number in range(len(found)) if screened is None else np.flatnonzero(screened).tolist():
                    found[number].append(code)
        return found

    def _lint(self, run: Run, codes: Iterable[str], keep_series: bool) -> Findings:
        """Lints a run by the rules of some codes, and by what is not of one run alone."""
        config = self.config
        view = RunView(run, config.losses, config.rates, run.name in self._parents)
        findings = Findings()
        with np.errstate(all="ignore"):  # values may be anything, and overflow where they are compared
            named: set[tuple[str | None, str | None]] = set()
            for code in codes:
                rule, _, options = config.rules[code]
                if rule.check is not None:
                    for hit in rule.check(view, options):
                        if (rule.unless, hit.tag) not in named:
                            findings.append(self._finding(rule, hit, run.name, run.path))
                            named.add((code, hit.tag))
            if OVERFITTING.code in config.rules and self._curves.wants(run.name):
                for name, path, hit in self._curves.pair(view, config.rules[OVERFITTING.code][2]):
                    findings.append(self._finding(OVERFITTING, hit, name, path))
            for at, expectation in enumerate(config.expectations):
                if self._concerns(expectation, run.name):
                    findings += self._expect(at, expectation, run)
            return Findings(self._with_series(each, view, keep_series) for each in findings)

    def of_problem(self, problem: Problem, name: str) -> Findings:
        """Returns the finding about a run or folder that cannot be read; none if the rule is not used."""
        if UNREADABLE.code not in self.config.rules:
            return Findings()
        return Findings([self._finding(UNREADABLE, unreadable_hit(problem), name, problem.file)])

    def finish(self) -> Findings:
        """Returns what can be said only after all runs: what matched no run or tag, golden runs without a run."""
        findings = Findings()
        for at, expectation in enumerate(self.config.expectations):
            if MISSING.code in self.config.rules:
                for missed in self._missed(at, expectation):
                    summary = f"{expectation.where}: {missed}"
                    findings.append(self._finding(MISSING, Hit(None, summary), ".", ""))
            stored = self._golden[at]
            if stored is not None and SAME_AS.code in self.config.rules and len(stored.names) > 1 and not self._part:
                for name in stored.names:
                    if name not in stored.used and expectation.concerns(name):
                        summary = f"the run is missing; {stored.path} has it"
                        findings.append(self._finding(SAME_AS, Hit(None, summary), name, stored.path))
        return findings

    def _known_as(self, name: str) -> tuple[str, ...]:
        """Returns the names that the configuration may know a run by."""
        return tuple(dict.fromkeys((name, self._also.get(name, name))))

    def _concerns(self, expectation: Expectation, name: str) -> bool:
        return any(map(expectation.concerns, self._known_as(name)))

    def _missed(self, at: int, expectation: Expectation) -> list[str]:
        """Returns in words which patterns of an expectation matched no run; if some did, those that matched no tag."""
        if self._names and not any(self._concerns(expectation, name) for name in self._names):
            if self._part:
                return []
            return [f"no run matches {each!r}{did_you_mean(each, self._names)}" for each in expectation.runs]
        return [f"no tag of any run matches {pattern!r}" for place, pattern in sorted(self._idle) if place == at]

    def _finding(self, rule: Rule, hit: Hit, name: str, path: str) -> LintFinding:
        severity = self.config.rules[rule.code][1]
        return LintFinding(rule.name, hit.summary, name, hit.tag, path, hit.table, None, rule.code, severity, *hit[2:5])

    def _with_series(self, finding: LintFinding, view: RunView, keep: bool) -> LintFinding:
        series = None if finding.tag is None or finding.run != view.run.name else view.series.get(finding.tag)
        if series is None:
            return finding
        return replace(finding, sparkline=sparkline(series.values, _BARS), series=series if keep else None)

    def _expect(self, at: int, expectation: Expectation, run: Run) -> Iterator[LintFinding]:
        lacking: set[str] = set()
        for expected in expectation.expected:
            tags, missing = expectation.tags_of(run, expected)
            wanted = expectation.tags if expected.tag is None else (expected.tag,)
            self._idle -= {(at, each) for each in wanted if any(matches(tag, [each]) for tag in tags)}
            if MISSING.code in self.config.rules:
                for tag in missing:
                    if tag not in lacking:
                        lacking.add(tag)
                        _, findings = single_series(run, "scalars", tag)
                        yield from (self._of_check(MISSING, each, "a scalar") for each in findings)
            if expected.rule.code in self.config.rules:
                for tag in tags:
                    for found in expected.check(run, tag):
                        yield self._of_check(expected.rule, found, expected.bound)
        stored, same_as = self._golden[at], expectation.same_as
        if stored is not None and same_as is not None and SAME_AS.code in self.config.rules:
            try:
                with_it = stored.of(run.name, self._known_as(run.name))
            except (TBEventsError, OSError) as error:
                summary = f"the run to compare with cannot be read: {error}"
                yield self._finding(SAME_AS, Hit(None, summary, bound=stored.path), run.name, run.path)
                return
            for found in same_as.check({run.name: run}, with_it):
                yield self._of_check(SAME_AS, found, stored.path)

    def _of_check(self, rule: Rule, found: Finding, bound: str) -> LintFinding:
        """Returns a finding of `tbevents.testing` as one of a rule."""
        step, value, limit = _facts(found)
        hit = Hit(found.tag, found.summary, step, value, bound if limit is None else limit, found.table)
        return self._finding(rule, hit, found.run, found.path)


def _patterns_of(expectation: Expectation) -> set[str]:
    named: list[Expected] = [each for each in expectation.expected if each.tag is not None]
    own = expectation.tags if len(named) < len(expectation.expected) else ()
    return {each for each in (*own, *(each.tag or "" for each in named)) if is_glob(each) and each != "*"}


def _facts(found: Finding) -> tuple[int | None, Quantity, Quantity]:
    """Returns the step, the value and the bound of the first row of a finding's table, as far as it has them."""
    table = found.table
    if table is None or not table.rows:
        return None, None, None
    row = dict(zip(table.header, table.rows[0], strict=True))
    step = row.get("step", row.get("after step", ""))
    value = row.get("value", row.get("obtained", row.get("smoothed", row.get("comes step"))))
    return (
        int(step) if step.lstrip("-").isdecimal() else None,
        _number(value),
        _number(row.get("expected")),
    )


def _number(cell: str | None) -> Quantity:
    try:
        return None if cell is None else float(cell)
    except ValueError:
        return cell


class _GoldenRuns:
    """The golden runs at a path, each read when it is compared.

    Attributes:
        path: a run, a folder of runs, or what `tb_regression` stores.
        names: the names of the runs.
        used: the names of those that were compared.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.used: set[str] = set()
        self._read: Callable[[str], Run]
        for suffix in golden.SUFFIXES:
            if path.endswith(suffix):
                stored = golden.load(path.removesuffix(suffix), {})
                if stored is None:
                    raise RunNotFoundError(path, "no such golden run")
                self.names = list(stored)
                self._read = stored.__getitem__
                return
        below = runs_below(path)
        if not below:
            raise RunNotFoundError(path, "there is no run to compare with")
        self.names = list(below)
        self._read = lambda name: read_telling(below[name], name, on_problem=_ignore)

    def of(self, run: str, known_as: Sequence[str]) -> dict[str, Run]:
        """Returns the run to compare with, by the name of the other: the only one, or that of the same name.

        Args:
            run: the name of the other.
            known_as: the names that it may have here; the first that there is counts.
        """
        same = self.names if len(self.names) == 1 else [name for name in known_as if name in self.names]
        if not same:
            return {}
        self.used.add(same[0])
        return {run: self._read(same[0])}


def _golden_runs(expectation: Expectation) -> _GoldenRuns | None:
    """Returns the golden runs of an expectation, if it has any; errors say where it stands."""
    if expectation.same_as is None:
        return None
    where = f"{expectation.where}: same_as"
    try:
        return _GoldenRuns(expectation.same_as.path)
    except RunNotFoundError as error:
        raise RunNotFoundError(f"{where}: {error.path}", error.detail) from error
    except PayloadError as error:
        raise PayloadError(f"{where}: {error}") from error
    except OSError as error:
        if error.strerror is None:
            raise
        raise type(error)(error.errno, f"{where}: {error.strerror}", error.filename) from error


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
    failing = [each for each in run(path, checked) if at_least(each.severity, checked.fail_on)]
    if failing:
        raise AssertionError(message(failing))
