"""Headers of table columns: columns with a known meaning, and tags."""

from __future__ import annotations

import re
from typing import Final

KNOWN: Final = ("run", "tag", "step", "wall_time", "value")
"""The columns with a known meaning."""

_PREFIX: Final = "tag/"
_AMBIGUOUS: Final = re.compile(rf"(?:{_PREFIX})*(.*)", re.DOTALL)


def known_header(header: str) -> str | None:
    """Returns the known column that a header such as ``Wall time`` names, ignoring case and blanks; None for others."""
    plain = header.strip().lower().replace(" ", "_")
    return plain if plain in KNOWN else None


def header_of_tag(tag: str) -> str:
    """Returns the header of a tag's column in a wide table: the tag, with ``tag/`` in front if it could be misread."""
    match = _AMBIGUOUS.fullmatch(tag)
    assert match is not None, "it matches anything"
    return _PREFIX + tag if known_header(match[1]) else tag


def tag_of_header(header: str) -> str:
    """Returns the tag for a column's header in a wide table."""
    short = header.removeprefix(_PREFIX)
    return short if short != header and header_of_tag(short) == header else header
