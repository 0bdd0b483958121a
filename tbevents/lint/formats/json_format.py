"""Strict JSON: one object with all findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tbevents.lint.config import LintConfig
from tbevents.lint.finding import SEVERITIES, LintFinding
from tbevents.lint.linting import LintedRun
from tbevents.tools.json_text import json_text


def as_json(results: Iterable[LintedRun], config: LintConfig) -> Iterator[str]:
    """Yields one object: the findings, how many runs were read, and the counts. NaN and infinities are strings."""
    findings: list[dict[str, Any]] = []
    runs = 0
    for result in results:
        runs += result.is_run
        findings += map(finding_json, result.findings)
    counts = Counter(each["severity"] for each in findings)
    failed = any(map(config.fails, counts))
    whole = {
        "runs": runs,
        "failed": failed,
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "findings": findings,
    }
    yield json_text(whole, indent=2) + "\n"


def finding_json(finding: LintFinding) -> dict[str, Any]:
    """Returns a finding as plain data, with names as they are: JSON escapes them."""
    return {
        "code": finding.code,
        "rule": finding.kind,
        "severity": finding.severity,
        "run": finding.run,
        "path": finding.path,
        "tag": finding.tag,
        "step": finding.step,
        "value": finding.value,
        "bound": finding.bound,
        "summary": finding.summary,
        "sparkline": finding.sparkline,
    }
