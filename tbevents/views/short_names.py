"""Short names of runs: without the parts that all of them share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_SEPARATOR: Final = re.compile(r"(/|[_ ]+|(?<![0-9][eE])-+)")
"""Where a name may be cut; not within a number such as 1e-3."""

_LETTER: Final = re.compile(r"[^\W\d_]")


def short_names(names: Sequence[str], root: str = ".") -> dict[str, str]:
    """Returns the names of runs without their common beginning and end.

    Names are cut only at slashes, underscores, hyphens and spaces, and the remaining part of a folder's name contains a
    letter: ``sweep/seed_1`` and ``sweep/seed_2`` become ``seed_1`` and ``seed_2``. A single name is not shortened, nor
    are names that would become equal.

    Args:
        names: names of runs, without repetitions. "." is the run of the logdir itself; the others are compared
            without it.
        root: the name of the logdir's folder, which is shown in place of ".".

    Returns:
        Name -> short name, in the order of the names.
    """
    others = [_SEPARATOR.split(name) for name in names if name != "."]
    first, last = _shared(others)
    short = iter(["".join(parts[first : len(parts) - last]) for parts in others])
    found = {name: root or "." if name == "." else next(short) for name in names}
    if len(set(found.values())) == len(found):
        return found
    return dict(zip(names, names, strict=True))


def _shared(names: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many items of each name's parts and separators are equal at the beginning, and at the end."""
    if len(names) < 2:
        return 0, 0
    most = min(map(len, names)) - 1  # one part of each name stays
    first = _equal(names, most)
    if first and names[0][first - 1] != "/" and not all(_LETTER.match(parts[first]) for parts in names):
        first -= 2
    last = _equal([parts[::-1] for parts in names], most - first)
    if (
        last
        and names[0][-last] != "/"
        and not all(any(map(_LETTER.search, parts[first : len(parts) - last])) for parts in names)
    ):
        last -= 2
    return first, last


def _equal(names: Sequence[Sequence[str]], most: int) -> int:
    """The number of items at the beginning that are equal, an even one: as many parts as separators."""
    count = 0
    while count < most and len({parts[count] for parts in names}) == 1:
        count += 1
    return count - count % 2
