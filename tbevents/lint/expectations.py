"""Expectations: what a configuration says of tags, checked by the functions of `tbevents.testing`."""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from tbevents.errors import UnknownNameError, closest_or_first
from tbevents.files import join
from tbevents.lint.rule import Rule, register
from tbevents.reading.name_patterns import NamePatterns, patterns
from tbevents.reading.options import Names
from tbevents.reading.run import Run
from tbevents.remote import is_url
from tbevents.testing.finding import Finding, MissingArgumentError
from tbevents.testing.memory_writer import MemoryWriter
from tbevents.testing.run_checks import check_runs_close
from tbevents.testing.scalar_checks import check_bounded, check_finite, check_lr_schedule
from tbevents.testing.step_checks import check_steps
from tbevents.testing.trend_checks import check_converges, check_decreasing, check_increasing, check_reaches
from tbevents.tools.schedule import make_scheduler

TagCheck: TypeAlias = Callable[[Run, str], list[Finding]]


def _rule(code: str, name: str, summary: str) -> Rule:
    return register(Rule(code, name, "error", summary))


SCHEDULE: Final = _rule("TB401", "schedule", "A learning rate is not that of its schedule (expectation `schedule`).")
MISSING: Final = _rule("TB901", "missing-tag", "An expectation names a tag or a run that is not there.")
FINITE: Final = _rule("TB902", "expected-finite", "A value is not finite (expectation `finite`).")
BOUNDS: Final = _rule("TB903", "expected-bounds", "A value is outside its bounds (expectation `bounds`).")
TREND: Final = _rule("TB904", "expected-trend", "A tag does not fall or rise (`decreasing`, `increasing`).")
CONVERGES: Final = _rule("TB905", "expected-convergence", "The last values are not near a target (`converges`).")
REACHES: Final = _rule("TB906", "expected-value", "A tag does not reach a value in time (expectation `reaches`).")
STEPS: Final = _rule("TB907", "expected-steps", "Steps are not as expected (expectation `steps`).")
SAME_AS: Final = _rule("TB908", "golden-run", "A run differs from its golden run (expectation `same_as`).")


class Expected(NamedTuple):
    """One thing that is expected of tags.

    Attributes:
        rule: the rule of its findings.
        check: checks a tag of a run.
        bound: what is expected, in words.
        tag: the tag, if it names one of its own; None for those of the expectation.
    """

    rule: Rule
    check: TagCheck
    bound: str
    tag: str | None = None


class SameAs(NamedTuple):
    """The golden run of an expectation.

    Attributes:
        path: a run, a folder of runs, or a golden run stored by `tb_regression`.
        check: compares runs with expected ones.
    """

    path: str
    check: Callable[[Mapping[str, Run], Mapping[str, Run]], list[Finding]]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of the tags of some runs.

    Attributes:
        where: where it stands, for messages.
        tags: names or patterns of tags.
        runs: names or patterns of runs.
        expected: what is expected of each tag.
        same_as: the golden run; None if there is none.
    """

    where: str
    tags: NamePatterns
    runs: NamePatterns
    expected: tuple[Expected, ...]
    same_as: SameAs | None = None

    def concerns(self, run: str) -> bool:
        """Returns True if the expectation is about the run of a name."""
        return run in self.runs

    def patterns_of(self, expected: Expected) -> NamePatterns:
        """Returns the names or patterns of the tags of which something is expected."""
        return self.tags if expected.tag is None else NamePatterns([expected.tag])


def parse_expectation(table: object, where: str, folder: str) -> Expectation:
    """Returns the expectation that a table of a configuration describes.

    Args:
        table: the table.
        where: where it stands, for messages.
        folder: the folder that relative paths are relative to.

    Raises:
        ValueError: if a key is unknown or a value is wrong; the message names the place, the key and the value.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{where} must be a table, not {table!r}")
    given = plain_keys(table, where)
    known_keys(given, EXPECTATION_KEYS, where)
    tags = _names(given.pop("tags", "*"), f"{where}: tags")
    runs = _names(given.pop("runs", "*"), f"{where}: runs")
    same_as = _parse_same_as(given.pop("same_as"), table, f"{where}: same_as", folder) if "same_as" in given else None
    expected: list[Expected] = []
    for key, value in given.items():
        place = f"{where}: {key}"
        found = [each for each in _PARSERS[key](value, place) if each is not None]
        with _errors_at(place):
            for each in found:
                each.check(_NO_RUN, "")  # arguments are checked before the run is
        expected += found
    if not given and same_as is None:
        raise ValueError(f"{where} expects nothing: it needs one of {', '.join((*_PARSERS, 'same_as'))}")
    return Expectation(where, NamePatterns(tags), NamePatterns(runs), tuple(expected), same_as)


_NO_RUN: Final = MemoryWriter().run


@contextmanager
def _errors_at(where: str) -> Iterator[None]:
    """Raises the errors of what knows nothing of a configuration as ValueErrors that say where it has the arguments."""
    try:
        yield
    except MissingArgumentError as error:  # names the function, of which a configuration knows nothing
        raise ValueError(f"{where} needs {error.needed}") from None
    except (TypeError, ValueError, UnknownNameError) as error:
        raise ValueError(f"{where}: {error}") from None


def plain_key(key: str) -> str:
    """Returns a key with underscores for its hyphens."""
    return key.replace("-", "_")


def plain_keys(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Returns a table with underscores for the hyphens of its keys.

    Raises:
        ValueError: if two keys become one, or a key is not text.
    """
    found: dict[str, Any] = {}
    for key, value in table.items():
        if not isinstance(key, str):
            raise ValueError(f"{where}: keys must be text, not {key!r}")
        if plain_key(key) in found:
            raise ValueError(f"{where}: {plain_key(key)!r} must be given once, with underscores or hyphens")
        found[plain_key(key)] = value
    return found


def known_keys(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Checks that all keys of a table are known.

    Raises:
        ValueError: if one is not; the message names the nearest.
    """
    known = list(known)
    for key in given:
        if key not in known:
            raise ValueError(f"{where}: no key {key!r}; {closest_or_first(key, known, 1)}")


def _names(value: Names, where: str) -> tuple[str, ...]:
    try:
        found = patterns(where, value)
    except TypeError as error:
        raise ValueError(str(error)) from None
    if not found:
        raise ValueError(f"{where} must have at least one name")
    return found


def _keywords(
    value: object, check: Callable[..., Any], where: str, *, without: tuple[str, ...] = (), other: str = ""
) -> dict[str, Any]:
    """Returns a table as keyword arguments of a check.

    Args:
        value: the table.
        check: the check.
        where: where the table stands, for messages.
        without: parameters of the check that the table cannot have.
        other: what may be there in place of a table, for messages.

    Raises:
        ValueError: if it is not a table, has a key that the check does not take, or lacks one that it needs.
    """
    parameters = inspect.signature(check).parameters.values()
    known = {each.name: each for each in parameters if each.name not in ("run", "tag", "expected", *without)}
    if not isinstance(value, Mapping):
        kinds = f"{other} or a table" if other else "a table"
        raise ValueError(f"{where} must be {kinds} with {', '.join(known)}, not {value!r}")
    keywords = plain_keys(value, where)
    known_keys(keywords, known, where)
    missing = [name for name, each in known.items() if each.default is each.empty and name not in keywords]
    if missing:
        raise ValueError(f"{where} needs {', '.join(missing)}")
    return keywords


def _words(keywords: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in keywords.items())


def _finite(value: object, where: str) -> Iterator[Expected | None]:
    yield Expected(FINITE, check_finite, "finite") if _flag(value, where) else None


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{where} must be true or false, not {value!r}")
    return value


def _bounds(value: object, where: str) -> Iterator[Expected]:
    if isinstance(value, list) and len(value) == 2:
        value = dict(zip(("low", "high"), value, strict=True))
    keywords = _keywords(value, check_bounded, where, other="[low, high]")
    yield Expected(BOUNDS, partial(check_bounded, **keywords), _words(keywords))


def _trend(check: Callable[..., list[Finding]], word: str, value: object, where: str) -> Iterator[Expected | None]:
    if isinstance(value, bool):
        yield Expected(TREND, check, word) if value else None
    else:
        keywords = _keywords(value, check, where, other="true")
        yield Expected(TREND, partial(check, **keywords), f"{word} ({_words(keywords)})" if keywords else word)


def _converges(value: object, where: str) -> Iterator[Expected]:
    keywords = _keywords(value, check_converges, where)
    yield Expected(CONVERGES, partial(check_converges, **keywords), _words(keywords))


def _reaches(value: object, where: str) -> Iterator[Expected]:
    for each in value if isinstance(value, list) and value else [value]:
        table = dict(each) if isinstance(each, Mapping) else each
        tag = table.pop("tag", None) if isinstance(table, dict) else None
        if tag is not None and not isinstance(tag, str):
            raise ValueError(f"{where}: tag must be a name or a pattern, not {tag!r}")
        keywords = _keywords(table, check_reaches, where)
        yield Expected(REACHES, partial(check_reaches, **keywords), _words(keywords), tag)


_STEP_FLAGS: Final = ("contiguous", "no_gaps", "no_duplicates", "ascending")


def _steps(value: object, where: str) -> Iterator[Expected | None]:
    if isinstance(value, bool):
        value = {"contiguous": True} if value else None
    elif isinstance(value, (str, list)):
        flags = [plain_key(each) for each in _names(value, where)]
        known_keys(flags, _STEP_FLAGS, where)
        value = dict.fromkeys(flags, True)
    if value is None:
        yield None
        return
    keywords = _keywords(value, check_steps, where, other=f"true, some of {', '.join(_STEP_FLAGS)},")
    yield Expected(STEPS, partial(check_steps, **keywords), _words(keywords).replace(" True", ""))


def _schedule(value: object, where: str) -> Iterator[Expected]:
    table = dict(value) if isinstance(value, Mapping) else {"schedule": value}
    text = table.pop("schedule", None)
    if not isinstance(text, str):
        raise ValueError(
            f"{where} must be a schedule such as 'StepLR(step_size=30)' or a table with one, not {value!r}"
        )
    with _errors_at(where):
        scheduler = make_scheduler(*parse_schedule(text))
    keywords = _keywords(table, check_lr_schedule, where, without=("schedule",))
    yield Expected(SCHEDULE, partial(check_lr_schedule, schedule=scheduler, **keywords), text)


def parse_schedule(text: str) -> tuple[str, dict[str, Any]]:
    """Returns the name and the arguments of a schedule such as ``StepLR(step_size=30, gamma=0.5)``.

    Nothing is evaluated: the arguments are literals.

    Raises:
        ValueError: if the text has another form.
    """
    wrong = ValueError(f"{text!r} is not a schedule of the form NAME(KEY=VALUE, ...), with numbers, words and lists")
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise wrong from None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise wrong
    if call.args:
        raise ValueError(f"{text!r}: arguments must be given by name, as in StepLR(step_size=30)")
    arguments: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise wrong
        if keyword.arg in arguments:
            raise ValueError(f"{text!r}: {keyword.arg} must be given once")
        try:
            arguments[keyword.arg] = ast.literal_eval(keyword.value)
        except (TypeError, ValueError, RecursionError, MemoryError):
            raise wrong from None
    return call.func.id, arguments


def _parse_same_as(value: object, table: Mapping[str, Any], where: str, folder: str) -> SameAs:
    options = dict(value) if isinstance(value, Mapping) else {"path": value}
    path = options.pop("path", None)
    if not isinstance(path, str) or not path:
        raise ValueError(f"{where} must be the path of a run, or a table with path, rtol, atol, nan_ok, not {value!r}")
    keywords = _keywords(options, check_runs_close, where, without=("tags",))
    if "tags" in table:
        keywords["tags"] = _names(table["tags"], where)
    check: Callable[..., list[Finding]] = partial(check_runs_close, **keywords)
    with _errors_at(where):
        check({".": _NO_RUN}, {".": _NO_RUN})
    return SameAs(path if is_url(path) or os.path.isabs(path) else join(folder, path), check)


_PARSERS: Final[Mapping[str, Callable[[Any, str], Iterator[Expected | None]]]] = {
    "finite": _finite,
    "bounds": _bounds,
    "decreasing": partial(_trend, check_decreasing, "falls"),
    "increasing": partial(_trend, check_increasing, "rises"),
    "converges": _converges,
    "reaches": _reaches,
    "steps": _steps,
    "schedule": _schedule,
}
"""What parses the value of each key."""

EXPECTATION_KEYS: Final = ("tags", "runs", *_PARSERS, "same_as")
"""The keys of an expectation."""
