"""`LintFinding`: a finding of a rule, and the list of them that notebooks show as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tbevents.testing.finding import Finding, Quantity, course_of, with_location
from tbevents.views.notebook import MOST_ROWS, frame_html

Severity: TypeAlias = Literal["error", "warning", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""The severities, the gravest first."""


@dataclass(frozen=True, slots=True)
class LintFinding(Finding):
    """What a rule found.

    `kind` is the name of the rule. `series` is None if lint read the run itself, so that the run can be released.

    Attributes:
        code: the code of the rule, such as "TB101".
        severity: "error", "warning" or "info".
        step: the step at which it is found first; None if it is not about a step.
        value: the value there; of TB105 and TB106, whose step is that of the turn, the median at the end.
        bound: what the rule allows: a number, or words.
        sparkline: the series of the tag as a row of bars; "" if there is none.
    """

    code: str = ""
    severity: Severity = "error"
    step: int | None = None
    value: Quantity = None
    bound: Quantity = None
    sparkline: str = ""

    @property
    def course(self) -> str:
        """The series in one line, or only its bars, if lint has released it; "" if there is none."""
        return self.sparkline.rstrip() if self.series is None else course_of(self.series)

    def __str__(self) -> str:
        return with_location(self.where, f"{self.code} {self.kind}: {self.summary}")

    @property
    def facts(self) -> str:
        """The step, the value and the bound in words, as far as they are known.

        A whole number is no value of a series but counts what the summary names, such as starts or bytes, or is a step;
        alone it says nothing, nor does its bound.
        """
        compared = () if isinstance(self.value, int) else (("value", self.value), ("bound", self.bound))
        return ", ".join(f"{name} {shown(each)}" for name, each in (("step", self.step), *compared) if each is not None)


def shown(quantity: Quantity) -> str:
    """Returns a quantity as text: numbers with six digits, integers whole."""
    if isinstance(quantity, float):
        return f"{quantity:.6g}"
    return "" if quantity is None else str(quantity)


def at_least(severity: Severity, least: str) -> bool:
    """Returns True if a severity is as grave as another, or graver; nothing is as grave as "never"."""
    return least in SEVERITIES and SEVERITIES.index(severity) <= SEVERITIES.index(least)


class Findings(list[LintFinding]):
    """A list of findings; notebooks show it as a table."""

    def __init__(self, findings: Iterable[LintFinding] = ()) -> None:
        super().__init__(findings)

    def _repr_html_(self) -> str:
        rows = self[:MOST_ROWS]
        columns: dict[str, list[str]] = {
            "severity": [each.severity for each in rows],
            "code": [each.code for each in rows],
            "rule": [each.kind for each in rows],
            "run": [each.run for each in rows],
            "tag": [each.tag or "" for each in rows],
            "step": ["" if each.step is None else str(each.step) for each in rows],
            "value": [shown(each.value) for each in rows],
            "bound": [shown(each.bound) for each in rows],
            "": [each.sparkline for each in rows],
            "finding": [each.summary for each in rows],
        }
        return frame_html(columns, len(self), len(columns))
