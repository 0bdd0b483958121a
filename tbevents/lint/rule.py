"""The table of rules, which each module of rules adds to; and the selection of rules by code or name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import brief, closest_or_first, nearest, suggestion
from tbevents.lint.finding import Severity
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import RunView
from tbevents.testing.finding import FindingTable, Quantity


class Hit(NamedTuple):
    """What a rule says of a run; with the rule and the run it becomes a `LintFinding`.

    Attributes:
        tag: the tag; None if it is about the whole run.
        summary: what is wrong, in one line.
        step, value, bound: as of a `LintFinding`.
        table: the places; None if there is nothing to list.
    """

    tag: str | None
    summary: str
    step: int | None = None
    value: Quantity = None
    bound: Quantity = None
    table: FindingTable | None = None


class Option(NamedTuple):
    """A number that a rule can be configured with.

    Attributes:
        name: the name of the option.
        default: its value unless it is configured.
        meaning: what it is.
    """

    name: str
    default: float
    meaning: str


Options: TypeAlias = Mapping[str, float]
"""The options of a rule by name."""

Check: TypeAlias = Callable[[RunView, Options], Iterable[Hit]]

Screen: TypeAlias = Callable[[RunBatch, Options], NDArray[np.bool_]]
"""Says which of many runs a rule may find something in, shape (r,)."""


def unusual(batch: RunBatch, _: Options) -> NDArray[np.bool_]:
    """The screen of rules that find nothing in a run of one intact file that has scalars alone."""
    return batch.unusual


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        code: identifies it: "TB" and three digits, of which the first says what the rule is about.
        name: its name in words, joined by hyphens.
        severity: how grave its findings are.
        summary: what it finds, in one line.
        options: what it can be configured with.
        check: finds it in a run; None if it belongs to an expectation, or to something other than a run.
        screen: says quickly which of many small runs need `check`; it may name some that pass, but never leaves out
            one that does not. None has `check` look at all of them.
        unless: the code of a rule before it; a tag that has a finding of that rule gets none of this one.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    options: tuple[Option, ...] = ()
    check: Check | None = None
    screen: Screen | None = None
    unless: str | None = None

    def with_defaults(self, given: Mapping[str, Any]) -> Options:
        """Returns all options of the rule, those given among them.

        Raises:
            ValueError: if an option is unknown, or its value is not a number of 0 or more.
        """
        found = {option.name: option.default for option in self.options}
        for name, value in given.items():
            if name not in found:
                raise ValueError(
                    f"{self.code} ({self.name}) has no option {name!r}; {closest_or_first(name, found, 1)}"
                )
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= sys.float_info.max:
                raise ValueError(f"{self.code} ({self.name}): {name} must be a number of 0 or more, not {brief(value)}")
            found[name] = value
        return found


_RULES: Final[dict[str, Rule]] = {}


def register(rule: Rule) -> Rule:
    """Adds a rule to the table.

    Raises:
        ValueError: if the code or the name is taken.
    """
    if any(rule.code == other.code or rule.name == other.name for other in _RULES.values()):
        raise ValueError(f"{rule.code} ({rule.name}) is registered already")
    _RULES[rule.code] = rule
    return rule


def rules() -> tuple[Rule, ...]:
    """Returns all rules, by code."""
    return tuple(_RULES[code] for code in sorted(_RULES))


def rule_named(name: str) -> Rule:
    """Returns the rule of a code or name.

    Raises:
        ValueError: if there is none; the message names those that are near.
    """
    for rule in _RULES.values():
        if name.upper() == rule.code or name.lower() == rule.name:
            return rule
    raise ValueError(f"no rule {name!r}{_hint(name)}")


def selects(selectors: Iterable[str], rule: Rule) -> bool:
    """Returns True if one of the selectors is the rule's name, its code, or what its code begins with."""
    return any(rule.name == each.lower() or rule.code.startswith(each.upper()) for each in selectors)


def checked_selectors(argument: str, selectors: Iterable[str]) -> tuple[str, ...]:
    """Returns selectors of rules as a tuple.

    Raises:
        ValueError: if one selects no rule; the message names those that are near.
    """
    found = tuple(selectors)
    for each in found:
        if not each or not any(selects((each,), rule) for rule in _RULES.values()):
            raise ValueError(f"{argument}: no rule {each!r}{_hint(each)}")
    return found


def _hint(name: str) -> str:
    """Returns what to say of a name that is no rule: the codes that begin alike, or the names that are near."""
    code = f"TB{name}" if name.isdecimal() else name.upper()
    if code.startswith("TB"):
        while code != "TB" and not any(known.startswith(code) for known in _RULES):
            code = code[:-1]
        if code == "TB":
            return f"; there are {_listed(sorted({each[:3] for each in _RULES}))}"
        alike = [f"{rule.code} ({rule.name})" for rule in rules() if rule.code.startswith(code)]
        return f"; {'there is' if len(alike) == 1 else f'those that begin with {code} are'} {_listed(alike)}"
    names, word = [rule.name for rule in rules()], name.lower()
    near = [each for each in [nearest(word, names)] if each]
    if len(word) > 2:
        near += [each for each in names if any(part.startswith(word) for part in each.split("-")) and each not in near]
    return f"; {suggestion(near)}" if near else f"; there are {_listed(names)}"


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
