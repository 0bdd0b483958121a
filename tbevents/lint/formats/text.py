"""Text for people: two lines a finding, with a sparkline, and a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tbevents.lint.config import LintConfig
from tbevents.lint.finding import SEVERITIES, LintFinding, Severity, at_least
from tbevents.lint.linting import LintedRun
from tbevents.views.safe_text import printable


def as_text(results: Iterable[LintedRun], config: LintConfig) -> Iterator[str]:
    """Yields the findings run by run, and at the end the verdict; nothing if there are no runs."""
    counts: Counter[Severity] = Counter()
    runs = with_findings = 0
    for result in results:
        runs += result.is_run
        with_findings += result.is_run and bool(result.findings)
        counts.update(each.severity for each in result.findings)
        if result.findings:
            yield f"{title_of(result)}\n"
        for each in result.findings:
            yield "".join(f"{line}\n" for line in finding_lines(each))
    if runs or counts:
        yield f"{verdict(counts, runs, with_findings, config)}\n"


def title_of(result: LintedRun) -> str:
    """Returns the line above the findings of a run: its name, or its path if it is the logdir itself."""
    return printable(result.path if result.run == "." else result.run)


def finding_lines(finding: LintFinding) -> list[str]:
    """Returns a finding as one or two lines."""
    tag = "" if finding.tag is None else f"{printable(repr(finding.tag))}: "
    lines = [f"  {finding.severity:<8} {finding.code} {finding.kind}: {tag}{printable(finding.summary)}"]
    facts = printable(finding.facts)
    if finding.sparkline or facts:
        lines.append("  ".join(part for part in (" " * 9, finding.sparkline.rstrip(), facts) if part))
    return lines


def verdict(counts: Counter[Severity], runs: int, with_findings: int, config: LintConfig) -> str:
    """Returns the last line: how many findings there are, in how many runs, and whether they make the command fail."""
    in_all = "1 run" if runs == 1 else f"{runs:,} runs"
    if not counts:
        return f"no findings in {in_all}"
    words = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("remark", "remarks")}
    parts = [f"{counts[each]:,} {words[each][counts[each] != 1]}" for each in SEVERITIES if counts[each]]
    failed = any(counts[each] and at_least(each, config.fail_on) for each in SEVERITIES)
    return f"{', '.join(parts)} in {with_findings:,} of {in_all}: {'failed' if failed else 'passed'}"
