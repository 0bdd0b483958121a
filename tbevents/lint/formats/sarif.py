"""SARIF 2.1.0, which code-scanning services read: https://docs.oasis-open.org/sarif/sarif/v2.1.0."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tbevents._version import __version__
from tbevents.lint.config import LintConfig
from tbevents.lint.finding import LintFinding, Severity
from tbevents.lint.linting import LintedRun
from tbevents.lint.rule import Option, Rule
from tbevents.remote import is_url
from tbevents.testing.finding import with_location
from tbevents.tools.json_text import json_text
from tbevents.views.safe_text import printable

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def as_sarif(results: Iterable[LintedRun], config: LintConfig) -> Iterator[str]:
    """Yields a log with one run of the tool: all rules that were used, and the findings as results."""
    places = {code: place for place, code in enumerate(config.rules)}
    found = [_result(each, places[each.code]) for result in results for each in result.findings]
    driver = {
        "name": "tbevents",
        "version": __version__,
        "rules": [_rule(rule, severity) for rule, severity, _ in config.rules.values()],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}],
    }
    yield json_text(log, indent=2) + "\n"


def _rule(rule: Rule, severity: Severity) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": " ".join([rule.summary, *map(_described, rule.options)])},
        "help": {"text": f"docs/lint.md describes {rule.code} ({rule.name})."},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _described(option: Option) -> str:
    return f"Option {option.name}, {option.default:g} by default: {option.meaning}."


def _result(finding: LintFinding, place: int) -> dict[str, Any]:
    run, summary = printable(finding.run), printable(finding.summary)
    name = run if finding.tag is None else printable(finding.tag)
    location: dict[str, Any] = {
        "logicalLocations": [
            {"name": name, "fullyQualifiedName": run if finding.tag is None else f"{run}: {name}", "kind": "member"}
        ]
    }
    if finding.path:
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(finding.path)}}
    return {
        "ruleId": finding.code,
        "ruleIndex": place,
        "level": _LEVELS[finding.severity],
        "message": {"text": with_location(printable(finding.where), summary)},
        "locations": [location],
        "properties": {
            "run": run,
            "tag": None if finding.tag is None else name,
            "step": finding.step,
            "value": finding.value,
            "bound": finding.bound,
        },
    }


def _uri(path: str) -> str:
    """Returns a path as a URI, relative if the path is."""
    if is_url(path):
        return quote(path, safe="/:?#[]@!$&'()*+,;=%~", errors="backslashreplace")
    if os.path.isabs(path):
        return Path(path).as_uri()
    return quote(os.fsencode(path.replace(os.sep, "/")))
