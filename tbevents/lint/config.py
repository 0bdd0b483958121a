"""`LintConfig`: which rules are used, how, and what is expected of runs; made from a table or a file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args

from tbevents.errors import MissingExtraError, checked_choice
from tbevents.files import StrPath, path_string
from tbevents.lint import file_rules, overfitting, rate_rules, step_rules, tag_rules, value_rules
from tbevents.lint.expectations import (
    EXPECTATION_KEYS,
    Expectation,
    known_keys,
    parse_expectation,
    plain_key,
    plain_keys,
)
from tbevents.lint.finding import Severity, at_least
from tbevents.lint.rule import Options, Rule, checked_selectors, rule_named, rules, selects
from tbevents.reading.name_patterns import patterns

_RULE_MODULES: Final = (file_rules, overfitting, rate_rules, step_rules, tag_rules, value_rules)
"""The modules that add their rules to the table when they are imported."""

T = TypeVar("T")

_KEYS: Final = ("select", "ignore", "fail_on", "severity", "losses", "rates", "rules", "expect")
_FAIL_ON: Final = (*get_args(Severity), "never")


@dataclass(frozen=True, slots=True)
class LintConfig:
    """Which rules are used, how, and what is expected. Checked when made; never changes.

    Attributes:
        select: codes, beginnings of codes, or names of the rules to use.
        ignore: the same, of rules not to use.
        fail_on: the least severity that makes a run fail: "error", "warning", "info" or "never".
        severity: other severities for rules, by code or name.
        losses: names or patterns of the tags that are losses; None goes by their names.
        rates: the same for learning rates.
        options: the options of rules, by code or name.
        expectations: what is expected of runs; made by `parse_config`.

    Raises:
        ValueError: if a rule, an option or a severity is unknown; the message names the nearest.
    """

    select: tuple[str, ...] = ("TB",)
    ignore: tuple[str, ...] = ()
    fail_on: str = "error"
    severity: Mapping[str, Severity] = field(default_factory=dict)
    losses: tuple[str, ...] | None = None
    rates: tuple[str, ...] | None = None
    options: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    expectations: tuple[Expectation, ...] = ()
    _rules: Mapping[str, tuple[Rule, Severity, Options]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("select", "ignore"):
            value = getattr(self, name)
            object.__setattr__(self, name, checked_selectors(name, patterns(name, value)))
        for name in ("losses", "rates"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, patterns(name, getattr(self, name)))
        checked_choice("fail_on", self.fail_on, _FAIL_ON)
        severities = _by_code("severity", self.severity)
        for name, severity in self.severity.items():
            checked_choice(f"severity of {name}", severity, get_args(Severity))
        options = _by_code("rules", self.options)
        for code, given in options.items():
            if not isinstance(given, Mapping):
                raise ValueError(f"rules: {rule_named(code).name} must be a table, not {given!r}")
        used = {
            rule.code: (rule, severities.get(rule.code, rule.severity), rule.with_defaults(options.get(rule.code, {})))
            for rule in rules()
        }
        chosen = {
            code: each
            for code, each in used.items()
            if selects(self.select, each[0]) and not selects(self.ignore, each[0])
        }
        object.__setattr__(self, "_rules", chosen)

    @property
    def rules(self) -> Mapping[str, tuple[Rule, Severity, Options]]:
        """The rules to use by code, each with its severity and its options."""
        return self._rules

    def fails(self, severity: Severity) -> bool:
        """Returns True if a finding of this severity makes a run fail."""
        return at_least(severity, self.fail_on)


def _by_code(key: str, table: Mapping[str, T]) -> dict[str, T]:
    """Returns a table of rules by their codes.

    Raises:
        ValueError: if a key is not text, or a rule is unknown, or is there by its code and by its name.
    """
    found: dict[str, T] = {}
    for name, value in table.items():
        if not isinstance(name, str):
            raise ValueError(f"{key}: keys must be text, not {name!r}")
        rule = rule_named(name)
        if rule.code in found:
            raise ValueError(f"{key}: {rule.code} ({rule.name}) must be given once")
        found[rule.code] = value
    return found


def parse_config(table: Mapping[str, Any], where: str = "config", folder: str = "") -> LintConfig:
    """Returns the configuration that a table describes, such as ``[tool.tbevents.lint]``.

    Args:
        table: the table. Hyphens in its keys mean underscores.
        where: where it stands, for messages.
        folder: the folder that paths in it are relative to.

    Raises:
        ValueError: if a key is unknown or a value is wrong; the message names the nearest key.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{where}: the configuration must be a table, not {table!r}")
    given = plain_keys(table, where)
    for key in given:
        if key not in _KEYS and key in EXPECTATION_KEYS:
            raise ValueError(f"{where}: {key!r} is an expectation: it belongs below [[tool.tbevents.lint.expect]]")
    known_keys(given, _KEYS, where)
    listed = given.pop("expect", [])
    if not isinstance(listed, list):
        raise ValueError(f"{where}: expect must be an array of tables, [[tool.tbevents.lint.expect]], not {listed!r}")
    expectations = tuple(
        parse_expectation(each, f"{where}: expect {number}", folder) for number, each in enumerate(listed, 1)
    )
    for key in ("severity", "rules"):
        if not isinstance(given.get(key, {}), Mapping):
            raise ValueError(f"{where}: {key} must be a table, not {given[key]!r}")
    if "rules" in given:
        given["options"] = given.pop("rules")
    try:
        return LintConfig(**given, expectations=expectations)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None


def load_config(path: StrPath) -> LintConfig:
    """Reads a configuration: the table ``[tool.tbevents.lint]`` of a TOML file, or its table ``[lint]``.

    Args:
        path: the file.

    Raises:
        ValueError: if it is not TOML, has no such table, or a key or value in it is wrong.
        OSError: if it cannot be read.
        MissingExtraError: with Python 3.10, if tomli is not installed.
    """
    text = path_string(path, "path")
    table = _table_of(text)
    if table is None:
        own = "" if os.path.basename(text) == "pyproject.toml" else " or [lint]"
        raise ValueError(f"{text}: there is no table [tool.tbevents.lint]{own}")
    return parse_config(table, text, os.path.dirname(os.path.abspath(text)))


def find_config(start: StrPath = ".", *, outside: Sequence[StrPath] = ()) -> tuple[str | None, list[str]]:
    """Finds the nearest configuration: in a folder, or in one above it.

    In each folder ``tbevents.toml`` comes first, then ``pyproject.toml``; a file without the table is passed over.

    Args:
        start: the folder to begin with.
        outside: folders whose files are not trusted: the logdirs. A configuration in one of them, or below it, is not
            used.

    Returns:
        The path, or None if there is none; and the paths that are not used because they are in a logdir.

    Raises:
        ValueError: if a file that may have the table is not TOML, or a table in it has an unknown name beside it.
        OSError: if one cannot be read.
        MissingExtraError: with Python 3.10, if tomli is not installed.
    """
    folder = os.path.realpath(path_string(start, "start"))
    untrusted = [os.path.realpath(path_string(each, "outside")) for each in outside]
    refused: list[str] = []
    while True:
        for name in ("tbevents.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            inside = any(os.path.commonpath([each, folder]) == each for each in untrusted if _same_drive(each, folder))
            if inside:
                if _mentions(_text_of(path), path):
                    refused.append(path)
            elif _table_of(path) is not None:
                return path, refused
        above = os.path.dirname(folder)
        if above == folder:
            return None, refused
        folder = above


def _same_drive(a: str, b: str) -> bool:
    return os.path.splitdrive(a)[0] == os.path.splitdrive(b)[0]


def _text_of(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error}") from None


_TABLE: Final = re.compile(r"""(?m)tool["']?\s*\.\s*["']?tbevents\b|(?:^|[{,])\s*["']?tbevents["']?\s*[.=](?!=)""")
"""Finds what may be the table of tbevents in a pyproject.toml; most have none, and need not be parsed."""


def _mentions(text: str, path: str) -> bool:
    """Returns True if a file may have a table of tbevents."""
    return os.path.basename(path) != "pyproject.toml" or _TABLE.search(text) is not None


def _table_of(path: str) -> Any:
    """Returns the table of a file; None if it has none.

    Raises:
        ValueError: if it has two, or a key beside it is unknown: in ``tool.tbevents`` of any file, and everywhere in
            ``tbevents.toml``, which belongs to tbevents alone.
    """
    text = _text_of(path)
    if not _mentions(text, path):
        return None
    name = os.path.basename(path)
    found = _parse_toml(text, path)
    tool = found.get("tool", {})
    if name == "tbevents.toml":
        _known_tables(found, ("lint", "tool"), path, "[lint]")
        _known_tables(tool, ("tbevents",), f"{path}: tool", "[tool.tbevents.lint]")
    section = tool.get("tbevents", {}) if isinstance(tool, dict) else {}
    _known_tables(section, ("lint",), f"{path}: tool.tbevents", "[tool.tbevents.lint]")
    table = section.get("lint")
    own = found.get("lint") if name != "pyproject.toml" else None
    if table is not None and own is not None:
        raise ValueError(f"{path}: there are two tables, [tool.tbevents.lint] and [lint]")
    return own if table is None else table


def _known_tables(given: object, known: Sequence[str], where: str, belongs: str) -> None:
    """Checks the keys of a table that is not a configuration but may hold one."""
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be a table, not {given!r}")
    for key in given:
        if key not in known and plain_key(key) in {*_KEYS, *EXPECTATION_KEYS}:
            raise ValueError(f"{where}: no key {key!r}; it belongs below {belongs}")
    known_keys(given, known, where)


def _parse_toml(text: str, path: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib as toml
    else:
        try:
            import tomli as toml
        except ImportError as error:
            raise MissingExtraError("tomli", "cli", f"reading {path} with Python 3.10") from error
    try:
        found: dict[str, Any] = toml.loads(text)
    except toml.TOMLDecodeError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply") from None
    return found
