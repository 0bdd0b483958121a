"""Which tags stay, and under what names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from typing import Final

from tbevents.tools.names import NameFilter, compile_pattern

__all__ = ["TagChanges"]

_TOKEN: Final = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
"""A piece of a glob: a wildcard, a set, or a character."""


class TagChanges:
    r"""Which tags stay, and under what names.

    Args:
        keep: patterns of the tags that stay; all, where empty.
        drop: patterns of the tags that go.
        rename: pairs of a pattern and what its tags become; the first pattern that matches counts. Each ``*`` of the
            new name stands for what the same ``*`` of a glob matched; that of a regular expression replaces what
            matches, and may refer to groups as ``\1``.
        regex: whether the patterns are regular expressions, that may match anywhere in a tag; else globs.

    Raises:
        ValueError: a pattern is no regular expression, or a new name has more ``*`` than its pattern.
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
        self._keep = NameFilter(keep, noun="tag", regex=regex)
        self._drop = NameFilter(drop, noun="tag", regex=regex)
        self._old = NameFilter([old for old, _ in renames], noun="tag", regex=regex)
        self._renames = [_Renaming(old, new, regex=regex) for old, new in renames]
        self._known: dict[str, str | None] = {}

    def __bool__(self) -> bool:
        return bool(self._keep or self._drop or self._old)

    def new_name(self, tag: str) -> str | None:
        """What a tag becomes; None where it goes."""
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
        """To be called when all tags have been seen.

        Raises:
            UnknownNameError: a pattern has matched none of them.
        """
        for names in (self._keep, self._drop, self._old):
            names.check(where)


class _Renaming:
    """Gives the tags of a pattern new names."""

    def __init__(self, old: str, new: str, *, regex: bool) -> None:
        self._old, self._new, self._regex = old, new, regex
        if regex:
            self._pattern = compile_pattern(old, regex=True)
            return
        self._pattern = re.compile("".join(map(_group, _TOKEN.findall(old))), re.DOTALL)
        self._pieces = new.split("*")
        stars = _TOKEN.findall(old).count("*")
        if stars == 0:
            self._pieces = [new]
        elif len(self._pieces) - 1 > stars:
            raise ValueError(f"{new!r} has more '*' than {old!r}")

    def __call__(self, tag: str) -> str | None:
        """The tag's new name; None where the pattern does not match."""
        if self._regex:
            try:
                new, count = self._pattern.subn(self._new, tag)
            except (re.error, IndexError) as error:
                raise ValueError(f"{self._new!r} is no replacement for {self._old!r}: {error}") from None
            return new if count else None
        if tag == self._old:
            matched = ("*",) * (len(self._pieces) - 1)  # a tag with stars of its own
        elif (match := self._pattern.fullmatch(tag)) is not None:
            matched = match.groups()
        else:
            return None
        return self._pieces[0] + "".join(star + piece for star, piece in zip(matched, self._pieces[1:], strict=False))


def _group(token: str) -> str:
    """A piece of a glob as a regular expression; what a star matches is a group."""
    if token == "*":
        return "(.*)"
    if len(token) == 1 and token != "?":
        return re.escape(token)
    return translate(token).removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")
