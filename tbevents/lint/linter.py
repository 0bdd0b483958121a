"""`Linter`: calls the rules and the expectations, one run at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from tbevents.errors import TBEventsError, did_you_mean
from tbevents.lint.config import LintConfig
from tbevents.lint.expectations import MISSING, SAME_AS, Expectation
from tbevents.lint.file_rules import UNREADABLE
from tbevents.lint.finding import Findings, LintFinding
from tbevents.lint.golden_runs import golden_runs_of
from tbevents.lint.overfitting import OVERFITTING, LossCurves
from tbevents.lint.rule import Hit, Rule
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import RunView, is_one_of
from tbevents.reading.name_patterns import is_glob, matches
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.reading.small_runs import FIRST, MOST
from tbevents.run_files import folders_above
from tbevents.testing.finding import Finding
from tbevents.testing.subjects import single_series
from tbevents.tools.sparkline import sparkline
from tbevents.tools.tag_roles import is_loss

_BARS = 40


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
        self._golden = [golden_runs_of(each) for each in config.expectations]
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
                findings = self.of_error(error, run.name, run.path)
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

    def of_error(self, error: TBEventsError | OSError, name: str, path: str) -> Findings:
        """Returns the finding about a run that cannot be read; none if the rule is not used."""
        detail = str(error).removeprefix(f"{path}: ")
        return self.of_problem(Problem(path, 0, "unreadable", 0, 0, detail), name)

    def of_problem(self, problem: Problem, name: str) -> Findings:
        """Returns the finding about a run or folder that cannot be read; none if the rule is not used."""
        if UNREADABLE.code not in self.config.rules:
            return Findings()
        return Findings([self._finding(UNREADABLE, Hit(None, str(problem)), name, problem.file)])

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
        return LintFinding(
            kind=rule.name,
            summary=hit.summary,
            run=name,
            tag=hit.tag,
            path=path,
            table=hit.table,
            code=rule.code,
            severity=self.config.rules[rule.code][1],
            step=hit.step,
            value=hit.value,
            bound=hit.bound,
        )

    def _with_series(self, finding: LintFinding, view: RunView, keep: bool) -> LintFinding:
        series = None if finding.tag is None or finding.run != view.run.name else view.series.get(finding.tag)
        if series is None:
            return finding
        return replace(finding, sparkline=sparkline(series.values, _BARS), series=series if keep else None)

    def _expect(self, at: int, expectation: Expectation, run: Run) -> Iterator[LintFinding]:
        lacking: set[str] = set()
        scalars = run.scalars
        for expected in expectation.expected:
            wanted = expectation.patterns_of(expected)
            tags = [tag for tag in scalars if matches(tag, wanted)]
            self._idle -= {(at, each) for each in wanted if any(matches(tag, [each]) for tag in tags)}
            if MISSING.code in self.config.rules:
                for tag in wanted:  # patterns need not match
                    if not is_glob(tag) and tag not in scalars and tag not in lacking:
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
        first = found.table.first if found.table is not None else None
        step, value, limit = (None, None, None) if first is None else first
        hit = Hit(found.tag, found.summary, step, value, bound if limit is None else limit, found.table)
        return self._finding(rule, hit, found.run, found.path)


def _patterns_of(expectation: Expectation) -> set[str]:
    wanted = {each for expected in expectation.expected for each in expectation.patterns_of(expected)}
    return {each for each in wanted if is_glob(each) and each != "*"}
