"""Patterns of names: which runs and tags a name or a glob means."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from fnmatch import translate
from functools import lru_cache
from typing import TypeAlias

from tbevents.errors import UnknownNameError

Names: TypeAlias = str | Iterable[str]
"""One name or several; ``*``, ``?`` and ``[...]`` are wildcards, and ``*`` matches slashes, too."""


def patterns(argument: str, names: object) -> tuple[str, ...]:
    """Returns one or several names as a tuple.

    Raises:
        TypeError: if `names` is neither a str nor an iterable of str.
    """
    if isinstance(names, str):
        return (names,)
    if isinstance(names, Iterable):
        several = tuple(names)
        if all(isinstance(name, str) for name in several):
            return several
    raise TypeError(f"{argument} must be a str or an iterable of str, not {names!r}")


def is_glob(name: str) -> bool:
    """Returns True if a name has wildcards."""
    return not set("*?[").isdisjoint(name)


@lru_cache(maxsize=1 << 12)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))


def fits(name: str, pattern: str) -> bool:
    """Returns True if a name equals a pattern, or matches it as a glob; upper and lower case differ."""
    return name == pattern or _compiled(pattern).match(name) is not None


def matches(name: str, several: Iterable[str]) -> bool:
    """Returns True if a name fits one of several patterns."""
    return any(fits(name, pattern) for pattern in several)


class NameFilter:
    """Selects names by patterns; without patterns it selects all.

    A pattern matches an equal name, and as a glob: ``*`` matches any text, slashes included, ``?`` one character and
    ``[ab]`` one of those listed.

    It remembers which patterns have had no match so far. One thread uses it at a time.

    Args:
        names: the patterns; None or empty selects all names.
        noun: "tag" or "run", for messages.

    Attributes:
        patterns: the patterns.
        noun: as given.

    Raises:
        TypeError: if `names` holds something other than str.
    """

    def __init__(self, names: Names | None, *, noun: str) -> None:
        self.patterns: tuple[str, ...] = () if names is None else patterns(f"{noun}s", names)
        self.noun = noun
        self._idle = set(self.patterns)  # patterns without a match so far
        self._seen: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __call__(self, name: str) -> bool:
        """Returns True if a name is selected."""
        if not self.patterns:
            return True
        self._seen[name] = None
        fitting = [pattern for pattern in self.patterns if self._fits(name, pattern)]
        self._idle.difference_update(fitting)
        return bool(fitting)

    def _fits(self, name: str, pattern: str) -> bool:
        return fits(name, pattern)

    def missing(self, where: str) -> list[UnknownNameError]:
        """Returns an error for each pattern without a match so far; it names the nearest name."""
        return [
            UnknownNameError(self.noun, pattern, self._seen, where)
            for pattern in self.patterns
            if pattern in self._idle
        ]

    def check(self, where: str, *, runs: Container[str] = ()) -> None:
        """Raises if a pattern had no match. Call it after all names have been seen.

        Args:
            where: the path, for the message.
            runs: the names of the runs there, for tags: a tag that is the name of a run is answered with ``--run``.

        Raises:
            UnknownNameError: if a pattern matched no name; the message names the nearest.
        """
        for pattern in self.patterns:
            if pattern in self._idle and pattern in runs:
                hint = f"there is a run of this name: --run {pattern}"
                raise UnknownNameError(self.noun, pattern, self._seen, where, hint=hint)
        for error in self.missing(where):
            raise error
