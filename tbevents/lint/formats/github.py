"""Annotations of GitHub's workflows: one command a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tbevents.lint.config import LintConfig
from tbevents.lint.finding import LintFinding
from tbevents.lint.linting import LintedRun
from tbevents.testing.finding import with_location
from tbevents.views.safe_text import printable

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def as_github(results: Iterable[LintedRun], _: LintConfig) -> Iterator[str]:
    """Yields a workflow command for each finding."""
    for result in results:
        for each in result.findings:
            yield f"{_command(each)}\n"


def _command(finding: LintFinding) -> str:
    level = _LEVELS[finding.severity]
    facts = f" ({finding.facts})" if finding.facts else ""
    message = with_location(finding.where, f"{finding.summary}{facts}")
    path = f"file={_property(finding.path)}," if finding.path else ""
    return f"::{level} {path}title={_property(f'{finding.code} {finding.kind}')}::{_data(message)}"


def _data(text: str) -> str:
    """Returns a text as the message of a command."""
    return printable(text).replace("%", "%25")  # which leaves no line ending


def _property(text: str) -> str:
    """Returns a text as a property, which also must not have what separates properties."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
