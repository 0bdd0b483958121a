"""Which of the runs or tags that exist are meant by names and patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tbevents.errors import UnknownNameError
from tbevents.reading.name_patterns import NamePatterns, Names, is_glob, names_of, patterns
from tbevents.views.chart import refuse_many
from tbevents.views.protocols import ScalarCurve


def selected(noun: str, names: Names | None, known: Iterable[str], where: str) -> list[str]:
    """Returns the known names that match, in their own order; all of them if `names` is None.

    Args:
        noun: what a name is, for messages: "tag" or "run".
        names: names or patterns. A pattern may match nothing.
        known: the names there are.
        where: what holds them, for messages.

    Raises:
        UnknownNameError: if a name without wildcards is not known.
        TypeError: if `names` holds something other than str.
    """
    known = list(known)
    if names is None:
        return known
    wanted = NamePatterns(patterns(f"{noun}s", names))
    there = set(known)
    for name in wanted:
        if name not in there and not is_glob(name):
            raise UnknownNameError(noun, name, known, where)
    return [name for name in known if name in wanted]


def name_test(noun: str, names: Names | None) -> Callable[[str], bool]:
    """Returns a function that says whether a name is one of these, or fits a pattern; any does if `names` is None.

    Raises:
        TypeError: if `names` holds something other than str.
    """
    if names is None:
        return lambda _name: True
    return NamePatterns(patterns(f"{noun}s", names)).__contains__


def tags_to_draw(runs: Mapping[str, Mapping[str, ScalarCurve]], tags: Names | None, where: str) -> list[str]:
    """Returns the tags to draw, in the order of `tags`; all of them if `tags` is None.

    Args:
        runs: run -> tag -> scalar series.
        tags: names or patterns. Each must match a tag.
        where: what holds the runs, for messages.

    Raises:
        UnknownNameError: if a name or pattern matches no scalar tag.
        ValueError: if `tags` is empty, there are no scalars, or there are too many tags for one figure.
        TypeError: if `tags` holds something other than str.
    """
    known = dict.fromkeys(tag for series in runs.values() for tag in series)
    wanted = None if tags is None else patterns("tags", tags)
    if wanted == ():
        raise ValueError("tags must name at least one tag, or be None for all")
    chosen: dict[str, None] = {} if wanted is not None else known
    for pattern in wanted or ():
        found = names_of(pattern, known)
        if not found and len(runs) == 1:
            next(iter(runs.values()))[pattern]  # raises an error that knows whether the tag is of another kind
        if not found:
            raise UnknownNameError("scalar tag", pattern, known, where)
        chosen |= dict.fromkeys(found)
    if not chosen:
        raise ValueError(f"{where}: there are no scalars to draw" if runs else f"{where}: there is no run to draw")
    refuse_many(list(chosen), where)
    return list(chosen)
