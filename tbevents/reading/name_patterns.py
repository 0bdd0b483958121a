"""Patterns of names: which runs and tags a name or a glob means."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
from fnmatch import translate
from typing import ClassVar, TypeAlias

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


class NamePatterns(Container[str]):
    """Names and globs: holds each name that is one of them or matches one; upper and lower case differ.

    Names are looked up, so that thousands of them take no longer than one. It does not change, so threads may share it.

    Args:
        several: the names and globs. One with wildcards also stands for itself.
    """

    __slots__ = ("_globs", "_names", "_several")

    def __init__(self, several: Iterable[str]) -> None:
        self._several = tuple(dict.fromkeys(several))
        self._names = frozenset(self._several)
        self._globs = {glob: re.compile(translate(glob)).match for glob in self._several if is_glob(glob)}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._names or any(match(name) for match in self._globs.values()))

    def __iter__(self) -> Iterator[str]:
        """Yields the names and globs, each once, in their order."""
        return iter(self._several)

    def idle(self, known: Collection[str]) -> list[str]:
        """Returns the names and globs that no known name equals or matches; `known` must be fast to look up in."""
        return [each for each in self if not (each in self._names and each in known) and not self._matched(each, known)]

    def _matched(self, each: str, known: Iterable[str]) -> bool:
        return each in self._globs and any(map(self._globs[each], known))


def names_of(pattern: str, known: Collection[str]) -> list[str]:
    """Returns the known names that equal a pattern or match it as a glob; `known` must be fast to look up in."""
    if not is_glob(pattern):
        return [pattern] if pattern in known else []
    wanted = NamePatterns([pattern])
    return [name for name in known if name in wanted]


class NameFilter:
    """Selects names by patterns; without patterns it selects all.

    A pattern matches an equal name, and as a glob: ``*`` matches any text, slashes included, ``?`` one character and
    ``[ab]`` one of those listed.

    It remembers the names that it was asked about. One thread uses it at a time.

    Args:
        names: the patterns; None or empty selects all names.
        noun: "tag" or "run", for messages.

    Attributes:
        patterns: the patterns.
        noun: as given.

    Raises:
        TypeError: if `names` holds something other than str.
    """

    _compiled: ClassVar[type[NamePatterns]] = NamePatterns

    def __init__(self, names: Names | None, *, noun: str) -> None:
        self.patterns: tuple[str, ...] = () if names is None else patterns(f"{noun}s", names)
        self.noun = noun
        self._wanted = self._compiled(self.patterns)
        self._seen: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __call__(self, name: str) -> bool:
        """Returns True if a name is selected."""
        if not self.patterns:
            return True
        self._seen[name] = None
        return name in self._wanted

    @property
    def all_matched(self) -> bool:
        """True if each pattern has had a match so far."""
        return not self._wanted.idle(self._seen)

    def missing(self, where: str) -> list[UnknownNameError]:
        """Returns an error for each pattern without a match so far; it names the nearest name."""
        idle = self._wanted.idle(self._seen)
        return [UnknownNameError(self.noun, pattern, self._seen, where) for pattern in idle]

    def check(self, where: str, *, runs: Container[str] = ()) -> None:
        """Raises if a pattern had no match. Call it after all names have been seen.

        Args:
            where: the path, for the message.
            runs: the names of the runs there, for tags: a tag that is the name of a run is answered with ``--run``.

        Raises:
            UnknownNameError: if a pattern matched no name; the message names the nearest.
        """
        idle = self._wanted.idle(self._seen)
        for pattern in idle:
            if pattern in runs:
                hint = f"there is a run of this name: --run {pattern}"
                raise UnknownNameError(self.noun, pattern, self._seen, where, hint=hint)
        if idle:
            raise UnknownNameError(self.noun, idle[0], self._seen, where)
