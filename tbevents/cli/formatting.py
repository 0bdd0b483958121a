"""Text for terminals: other people's strings made harmless, and numbers, sizes and times made short."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tbevents.views.text import printable

__all__ = [
    "clip",
    "count",
    "counted",
    "duration",
    "exact",
    "first_of",
    "moment",
    "number",
    "parse_size",
    "printable",
    "size",
    "step_range",
    "width",
]


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def clip(text: str, columns: int, *, plain: bool = False) -> str:
    """The text, shortened in its middle to so many columns: both ends of a tag tell what it is.

    What is missing is marked by one character, of ASCII where `plain`.
    """
    mark = "~" if plain else "…"
    if width(text) <= columns:
        return text
    if columns <= 1:
        return mark[:columns]
    head = (columns - 1) // 2
    tail = columns - 1 - head
    return _prefix(text, head) + mark + _prefix(text[::-1], tail)[::-1]


def _prefix(text: str, columns: int) -> str:
    taken = 0
    for at, char in enumerate(text):
        taken += width(char)
        if taken > columns:
            return text[:at]
    return text


def number(value: float | None) -> str:
    """A value in five significant digits; empty for None."""
    if value is None:
        return ""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e7:
        return str(int(value)) if value or math.copysign(1, value) > 0 else "-0"
    return f"{value:.5g}"


def count(value: int) -> str:
    """A whole number with thin groups of thousands: 12,345."""
    return f"{value:,}"


def size(value: float) -> str:
    """Bytes as 512 B, 21.6 kB, 1.3 GB."""
    if value < 1000:
        return f"{value:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def moment(seconds: float | None) -> str:
    """A time as local ``2024-05-04 22:14``; the number where it is no date, empty for None."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ006  # what a clock shows here
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} s"


def duration(seconds: float | None) -> str:
    """A length of time as 12s, 3m05s, 2h14m, 5d03h, 40d; empty for None."""
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
    """Steps from one to another: ``0..99``, or the one there is."""
    if first is None or last is None:
        return ""
    return str(first) if first == last else f"{first}..{last}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """How many of something: 1 record, 2,000 records."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


_LINES: Final = 100
"""Lines of damage that are printed of one thing: a file may have a hundred thousand."""


def first_of(lines: Sequence[str]) -> list[str]:
    """The first of many lines, and how many more there are."""
    more = len(lines) - _LINES
    return [*lines] if more <= 0 else [*lines[:_LINES], f"... and {more:,} more"]


def parse_size(text: str) -> int:
    """The bytes that a size like ``64kB``, ``1.5 GB`` or ``500000`` means.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"\s*([\d_.]+)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    try:
        value = float(match[1]) if match else math.nan
    except ValueError:
        value = math.nan
    if match is None or math.isnan(value):
        raise ValueError(f"{text!r} is no size: bytes, or a number with kB, MB or GB")
    power = " kmgt".index(match[2].lower() or " ")
    return int(value * (1024 if match[3] else 1000) ** power)


def exact(a: float | None, b: float | None) -> tuple[str, str]:
    """Two numbers in as many digits as tell them apart."""
    if a is None or b is None:
        return number(a), number(b)
    for digits in (5, 9, 17):
        texts = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts
