"""Other people's strings, made harmless for whoever looks at them."""

from __future__ import annotations

import unicodedata

__all__ = ["printable", "shortened", "storable"]

_HARMFUL = ("C", "Zl", "Zp")
"""Unicode categories that are shown escaped: controls (terminal escapes among them), formats (text direction),
surrogates, private and unassigned characters, and what ends a line."""


def printable(text: str) -> str:
    r"""The text with all that could move the cursor, change colours or reorder what is shown as escapes.

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
    """The text, `printable`, without its middle where it has more than so many characters."""
    if len(text) > most:
        text = f"{text[: (most - 1) // 2]}…{text[len(text) - most // 2 :]}"
    return printable(text)


def storable(text: str) -> str:
    r"""The text as UTF-8 can hold it: a byte of a file's name that is no UTF-8 (a lone surrogate) becomes ``\udcff``.

    Names that differ stay different, unlike with a replacement character.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()
