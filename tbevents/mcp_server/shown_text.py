"""How names and messages of unknown origin are shown: without what could hide or reorder text, and not too long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from tbevents.views.safe_text import printable, shortened

LONGEST_NAME: Final = 200
"""The most characters of a name that are shown as they are."""


def clipped(text: str, most: int) -> str:
    """Returns a message, printable, without its middle if it has more than `most` characters; escapes count, too."""
    return shortened(shortened(text, most), most)


def shown(name: str) -> str:
    """Returns a name as answers show it, and as tools take it.

    Most names are shown as they are. A name that is long, or has characters that could hide or reorder text, is
    escaped and shortened, and ends in a part of its hash, so that names that differ are shown differently.
    """
    safe = printable(name)
    if safe == name and len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{safe[: LONGEST_NAME - 13]}~{digest}"


def shown_names(names: Iterable[str]) -> dict[str, str]:
    """Returns names by how they are shown. If two are shown alike, the one that is shown as it is wins."""
    found: dict[str, str] = {}
    for name in names:
        safe = shown(name)
        if safe == name or safe not in found:
            found[safe] = name
    return found
