"""The findings of lint on the page, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_MOST: Final = 500
"""The most findings that the page lists."""

_KEYS: Final = ("severity", "code", "rule", "summary", "tag", "step")


def findings_json(findings: Iterable[Mapping[str, Any]] | None, numbers: Mapping[str, int]) -> dict[str, Any]:
    """Returns the first findings, each with the number of its run on the page (-1 for none), and how many are left out.

    Args:
        findings: each with run, tag, step, severity, code, rule and summary; None if nothing was linted.
        numbers: run -> its number on the page.
    """
    listed = [
        {**{key: each.get(key) for key in _KEYS}, "name": str(each["run"]), "run": numbers.get(each["run"], -1)}
        for each in findings or ()
    ]
    linted = findings is not None
    return {"linted": linted, "findings": listed[:_MOST], "more_findings": max(0, len(listed) - _MOST)}
