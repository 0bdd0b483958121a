"""Texts for people: strings of unknown origin, safe to print and not too long, and counts with their nouns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_HARMFUL = ("C", "Zl", "Zp")
"""Unicode categories that are shown escaped: controls (terminal escapes among them), formats (text direction),
surrogates, private and unassigned characters, and what ends a line."""


def printable(text: str) -> str:
    r"""Returns the text with escapes for everything that could move the cursor, change colours or reorder text.

    A line feed becomes ``\n``, an escape ``\x1b``. Letters of all scripts, and spaces, stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, text))


def _harmless(char: str) -> str:
    if not unicodedata.category(char).startswith(_HARMFUL):
        return char
    return char.encode("unicode_escape").decode()


def shortened(text: str, most: int) -> str:
    """Returns the text, `printable`, without its middle if it has more than `most` characters."""
    if len(text) > most:
        text = f"{text[: (most - 1) // 2]}…{text[len(text) - most // 2 :]}"
    return printable(text)


def shown_name(name: str) -> str:
    """Returns a name as tables and charts show it: an empty one is '', as nothing could have any meaning."""
    return name or "''"


def first_of(lines: Sequence[str], most: int) -> list[str]:
    """Returns the first lines, and a line with the number of the others."""
    more = len(lines) - most
    return [*lines] if more <= 0 else [*lines[:most], f"... and {more:,} more"]


def storable(text: str) -> str:
    r"""Returns the text as UTF-8 can encode it: a lone surrogate (a byte of a file name) is written as ``\udcff``.

    Names that differ stay different, unlike with a replacement character.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def counted(count: int, noun: str, plural: str = "") -> str:
    """Returns a count with its noun: 1 record, 2,000 records."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
