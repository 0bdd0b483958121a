"""Formats text for terminals: escapes control characters, and shortens numbers, sizes and times."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tbevents.views import safe_text
from tbevents.views.safe_text import counted as counted
from tbevents.views.safe_text import printable as printable
from tbevents.views.safe_text import shown_name as shown_name


def width(text: str) -> int:
    """Returns the width of a text in columns of a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def clip(text: str, columns: int, *, plain: bool = False) -> str:
    """Shortens a text in its middle to `columns` columns, since both ends of a tag identify it.

    One character, ASCII if `plain`, marks the gap.
    """
    mark = "~" if plain else "…"
    if width(text) <= columns:
        return text
    if columns <= 1:
        return mark[:columns]
    head = (columns - 1) // 2
    tail = columns - 1 - head
    return _prefix(text, head) + mark + _prefix(text[::-1], tail)[::-1]


def clip_all(texts: Sequence[str], columns: int, *, plain: bool = False) -> list[str]:
    """Shortens texts as `clip` does. Those that would become equal show the part from which on they differ."""
    short = {text: clip(text, columns, plain=plain) for text in texts}
    alike: dict[str, list[str]] = {}
    for text, clipped in short.items():
        alike.setdefault(clipped, []).append(text)
    for group in alike.values():
        ordered = sorted(group)  # beside each text is the one that it is equal to for longest
        same = [0, *itertools.starmap(_equal_until, itertools.pairwise(ordered)), 0]
        for text, pair in zip(ordered, itertools.pairwise(same), strict=True):
            short[text] = _part(text, max(pair) - columns // 3, columns, "~" if plain else "…")
    return [short[text] for text in texts]


def _equal_until(a: str, b: str) -> int:
    """Returns the index of the first character that differs."""
    return next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def _part(text: str, begin: int, columns: int, mark: str) -> str:
    """Shortens a text at its beginning, and at its end if it does not fit then."""
    if begin <= 0 or columns < 4:
        return clip(text, columns, plain=mark == "~")
    if width(text[begin:]) < columns:
        return mark + _prefix(text[::-1], columns - 1)[::-1]
    return mark + _prefix(text[begin:], columns - 2) + mark


def wrapped(text: str, columns: int | None, *, indent: int) -> list[str]:
    """Returns a text as lines of at most `columns` columns, broken at blanks; all but the first are indented.

    A word that is longer is not broken. If `columns` is None, the text is one line.
    """
    if columns is None or width(text) <= columns:
        return [text]
    words = text.split(" ")
    lines = words[:1]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if width(longer) <= columns or width(lines[-1]) < indent:
            lines[-1] = longer
        else:
            lines.append(" " * indent + word)
    return [line.rstrip() for line in lines]


def _prefix(text: str, columns: int) -> str:
    taken = 0
    for at, char in enumerate(text):
        taken += width(char)
        if taken > columns:
            return text[:at]
    return text


def number(value: float | None) -> str:
    """Formats a value with five significant digits; empty for None."""
    if value is None:
        return ""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e7:
        return str(int(value)) if value or math.copysign(1, value) > 0 else "-0"
    return f"{value:.5g}"


def count(value: int) -> str:
    """Formats an integer with groups of thousands: 12,345."""
    return f"{value:,}"


def size(value: float) -> str:
    """Formats a number of bytes as 512 B, 21.6 kB, 1.3 GB."""
    if value < 1000:
        return f"{value:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def moment(seconds: float | None) -> str:
    """Formats a time as local ``2024-05-04 22:14``; as a number if it is out of range, empty for None."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ006  # local time, as a clock shows it
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} s"


def duration(seconds: float | None) -> str:
    """Formats a duration as 12s, 3m05s, 2h14m, 5d03h, 40d; empty for None."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole >= 10 * 86400:
        return f"{whole // 86400}d"
    for unit, short, small, per in ((86400, "d", "h", 3600), (3600, "h", "m", 60), (60, "m", "s", 1)):
        if whole >= unit:
            return f"{whole // unit}{short}{whole % unit // per:02d}{small}"
    return f"{whole}s"


def step_range(first: int | None, last: int | None) -> str:
    """Formats a range of steps as ``0..99``, or as the only step."""
    if first is None or last is None:
        return ""
    return str(first) if first == last else f"{first}..{last}"


_LINES: Final = 100
"""Maximum lines of damage to print for one thing: a file may have a hundred thousand."""


def stored_as_float64(tags: Sequence[str]) -> str:
    """Returns a remark that these tags are stored as float64, and what that means."""
    some = ", ".join(tags[:3]) + (", ..." if len(tags) > 3 else "")
    return f"stored as float64, which TensorBoard shows only with --load_fast=false: {some}"


def first_of(lines: Sequence[str]) -> list[str]:
    """Returns the first lines, and a line with the number of the others."""
    return safe_text.first_of(lines, _LINES)


def parse_size(text: str) -> int:
    """Parses a size such as ``64kB``, ``1.5 GB`` or ``500000``; returns bytes.

    Raises:
        ValueError: if the text is not a size.
    """
    match = re.fullmatch(r"\s*([\d_.]+)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    try:
        value = float(match[1]) if match else math.nan
    except ValueError:
        value = math.nan
    if match is None or math.isnan(value):
        raise ValueError(f"{text!r} is not a size: give bytes, or a number with kB, MB or GB")
    power = " kmgt".index(match[2].lower() or " ")
    return int(value * (1024 if match[3] else 1000) ** power)


def exact(a: float, b: float) -> tuple[str, str]:
    """Formats two numbers with as many digits as are needed to tell them apart."""
    for digits in (5, 9, 17):
        texts = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts
