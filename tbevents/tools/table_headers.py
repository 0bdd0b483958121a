"""The titles of a table's columns: those with a meaning, and tags beside them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["KNOWN", "known_title", "tag_of_title", "title_of_tag"]

KNOWN: Final = ("run", "tag", "step", "wall_time", "value")
"""The columns with a meaning."""

_PREFIX: Final = "tag/"
_AMBIGUOUS: Final = re.compile(rf"(?:{_PREFIX})*(.*)", re.DOTALL)


def known_title(title: str) -> str | None:
    """Which column with a meaning a title names, also with capitals and blanks, as in ``Wall time``; None for none."""
    plain = title.strip().lower().replace(" ", "_")
    return plain if plain in KNOWN else None


def title_of_tag(tag: str) -> str:
    """The title of a tag's column in a wide table: the tag, after ``tag/`` where it could mean something else."""
    match = _AMBIGUOUS.fullmatch(tag)
    assert match is not None, "it matches anything"
    return _PREFIX + tag if known_title(match[1]) else tag


def tag_of_title(title: str) -> str:
    """The tag of a column of a wide table."""
    short = title.removeprefix(_PREFIX)
    return short if short != title and title_of_tag(short) == title else title
