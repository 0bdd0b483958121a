"""Text for people: two lines a finding, with a sparkline, and a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from tbevents.lint.config import LintConfig
from tbevents.lint.finding import SEVERITIES, LintFinding, Severity
from tbevents.lint.linting import LintedRun
from tbevents.tools.sparkline import ascii_bars, narrowed
from tbevents.views.safe_text import counted, printable


def as_text(
    results: Iterable[LintedRun], config: LintConfig, *, plain: bool = False, columns: int | None = None
) -> Iterator[str]:
    """Yields the findings run by run, and at the end the verdict; nothing if there are no runs.

    Args:
        results: the findings.
        config: says which findings make the command fail.
        plain: if True, sparklines are ASCII.
        columns: width that sparklines must fit, not other text; None for no limit.
    """
    counts: Counter[Severity] = Counter()
    runs = with_findings = 0
    for result in results:
        runs += result.is_run
        with_findings += result.is_run and bool(result.findings)
        counts.update(each.severity for each in result.findings)
        if result.findings:
            yield f"{title_of(result)}\n"
        for each in result.findings:
            yield "".join(f"{line}\n" for line in finding_lines(each, plain=plain, columns=columns))
    if runs or counts:
        yield f"{verdict(counts, runs, with_findings, config)}\n"


def title_of(result: LintedRun) -> str:
    """Returns the line above the findings of a run: its name, or its path if it is the logdir itself."""
    return printable(result.path if result.run == "." else result.run)


MARGIN: Final = 11
"""Columns before the text of a finding: two blanks and its severity, or blanks."""


def finding_lines(finding: LintFinding, *, plain: bool = False, columns: int | None = None) -> list[str]:
    """Returns a finding as one or two lines. Their text begins after `MARGIN` columns; arguments as of `as_text`."""
    tag = "" if finding.tag is None else f"{printable(repr(finding.tag))}: "
    lines = [f"  {finding.severity:<8} {finding.code} {finding.kind}: {tag}{printable(finding.summary)}"]
    facts = printable(finding.facts)
    if finding.sparkline or facts:
        sparkline = finding.sparkline if columns is None else narrowed(finding.sparkline, max(1, columns - MARGIN))
        sparkline = ascii_bars(sparkline) if plain else sparkline
        lines.append(" " * MARGIN + "  ".join(filter(None, (sparkline.rstrip(), facts))))
    return lines


def verdict(counts: Counter[Severity], runs: int, with_findings: int, config: LintConfig) -> str:
    """Returns the last line: how many findings there are, in how many runs, and whether they make the command fail."""
    in_all = counted(runs, "run")
    if not counts:
        return f"no findings in {in_all}"
    nouns = {"error": "error", "warning": "warning", "info": "remark"}
    parts = [counted(counts[each], nouns[each]) for each in SEVERITIES if counts[each]]
    failed = any(map(config.fails, counts))
    return f"{', '.join(parts)} in {with_findings:,} of {in_all}: {'failed' if failed else 'passed'}"
