"""Selects and renames tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from typing import Final

from tbevents.reading.name_patterns import NameFilter, NamePatterns

_TOKEN: Final = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
"""A token of a glob: a wildcard, a set or a character."""


class _RegexPatterns(NamePatterns):
    """Regular expressions, which may match anywhere in a name."""

    __slots__ = ()

    def __init__(self, several: Iterable[str]) -> None:
        self._several = tuple(dict.fromkeys(several))
        self._names = frozenset()
        self._globs = {pattern: _expression(pattern).search for pattern in self._several}


class RegexFilter(NameFilter):
    """A `NameFilter` whose patterns are regular expressions; they may match anywhere in a name.

    Raises:
        ValueError: if a pattern is not a regular expression.
    """

    _compiled = _RegexPatterns


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


class TagChanges:
    """Selects and renames tags. The arguments are those of `edit`.

    Raises:
        ValueError: if a pattern is not a regular expression, or a new name has more ``*`` than its pattern.
    """

    def __init__(
        self,
        keep: Iterable[str] = (),
        drop: Iterable[str] = (),
        rename: Iterable[tuple[str, str]] = (),
        *,
        regex: bool = False,
    ) -> None:
        renames = list(rename)
        filter_of = RegexFilter if regex else NameFilter
        self._keep = filter_of(keep, noun="tag")
        self._drop = filter_of(drop, noun="tag")
        self._old = filter_of([old for old, _ in renames], noun="tag")
        self._renames = [_Renaming(old, new, regex=regex) for old, new in renames]
        self._known: dict[str, str | None] = {}

    def __bool__(self) -> bool:
        return bool(self._keep or self._drop or self._old)

    def new_name(self, tag: str) -> str | None:
        """Returns the new name of a tag; None if it is dropped."""
        if tag not in self._known:
            kept, dropped, renamed = self._keep(tag), bool(self._drop) and self._drop(tag), self._old(tag)
            name: str | None = tag
            if dropped or not kept:
                name = None
            elif renamed and self._renames:
                name = next(new for rename in self._renames if (new := rename(tag)) is not None)
            self._known[tag] = name
        return self._known[tag]

    def check(self, where: str) -> None:
        """Raises if a pattern had no match. Call it after all tags have been seen.

        Raises:
            UnknownNameError: if a pattern matched no tag.
        """
        for names in (self._keep, self._drop, self._old):
            names.check(where)


class _Renaming:
    """Renames the tags that match a pattern."""

    def __init__(self, old: str, new: str, *, regex: bool) -> None:
        self._old, self._new, self._regex = old, new, regex
        if regex:
            self._pattern = _expression(old)
            return
        self._pattern = re.compile("".join(map(_group, _TOKEN.findall(old))), re.DOTALL)
        self._pieces = new.split("*")
        stars = _TOKEN.findall(old).count("*")
        if stars == 0:
            self._pieces = [new]
        elif len(self._pieces) - 1 > stars:
            raise ValueError(f"{new!r} has more '*' than {old!r}")

    def __call__(self, tag: str) -> str | None:
        """Returns the tag's new name; None if the pattern does not match."""
        if self._regex:
            try:
                new, count = self._pattern.subn(self._new, tag)
            except (re.error, IndexError) as error:
                raise ValueError(f"{self._new!r} is not a valid replacement for {self._old!r}: {error}") from None
            return new if count else None
        if tag == self._old:
            matched = ("*",) * (len(self._pieces) - 1)  # a tag that itself contains stars
        elif (match := self._pattern.fullmatch(tag)) is not None:
            matched = match.groups()
        else:
            return None
        return self._pieces[0] + "".join(star + piece for star, piece in zip(matched, self._pieces[1:], strict=False))


def _group(token: str) -> str:
    """Converts a token of a glob to a regular expression; what a star matches is a group."""
    if token == "*":
        return "(.*)"
    if len(token) == 1 and token != "?":
        return re.escape(token)
    return translate(token).removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")
