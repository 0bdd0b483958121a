"""The tags of a board by number, and the counts of values that its runs have alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from tbevents.errors import UnknownNameError
from tbevents.live_page.followed_run import Counts
from tbevents.reading.run import Run
from tbevents.tools.report.rates import rates_by_loss

_MOST_COUNTS: Final = 256
"""The most counts that are remembered, because a next run may have them, too."""

_MOST_DESCRIPTION: Final = 20_000
"""Characters of a description that the page is told."""


class KnownTags:
    """The tags of all runs of a board, numbered as they come. The board's lock must be held."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._told: list[tuple[int, dict[str, Any]]] = []  # (version, what the page is told of the tag)
        self._counts: dict[object, Counts] = {}
        self._logged = Counter[tuple[str, ...]]()  # scalar tags of a run -> number of runs that have just these
        self._logged_changed = False  # whether these sets of tags are others than those that `_rates` are of
        self._rates: list[dict[str, Any]] = []
        self._rates_version = 0

    def take(self, run: Run, counts: Counts, step: Callable[[], int]) -> Counts:
        """Numbers the tags of a run that are new.

        Args:
            run: the run.
            counts: its counts.
            step: returns the next version of the board, from which on a new tag is told.

        Returns:
            Equal counts, with the tags in the same order, that were met lately, or else these: runs that log the same
            mostly have the same, which are kept once.
        """
        key = tuple((kind, tuple(tags.items())) for kind, tags in counts.items())
        found = self._counts.get(key)
        if found is not None:
            return found
        if len(self._counts) == _MOST_COUNTS:  # most are those of runs that have grown since
            self._counts.clear()
        self._counts[key] = counts
        for kind, tags in counts.items():
            for tag in tags:
                if (kind, tag) not in self._numbers:
                    self._add(kind, tag, run, step())
        return counts

    def _add(self, kind: str, tag: str, run: Run, version: int) -> None:
        number = self._numbers[kind, tag] = len(self._told)
        known = run.metadata.get(tag)
        told = {
            "number": number,
            "kind": kind,
            "tag": tag,
            "title": (known.display_name if known else "") or tag,
            "description": (known.description if known else "")[:_MOST_DESCRIPTION],
        }
        self._told.append((version, told))

    def named(self, number: int) -> tuple[str, str]:
        """Returns kind and name of a tag.

        Raises:
            UnknownNameError: if there is no such tag.
        """
        if not 0 <= number < len(self._told):
            raise UnknownNameError("tag", number, None)
        told = self._told[number][1]
        return told["kind"], told["tag"]

    def since(self, version: int) -> list[dict[str, Any]]:
        """Returns what the page is told of the tags that came after a version."""
        return [told for at, told in self._told if at > version]

    def numbering(self) -> Callable[[Counts], Mapping[str, list[list[int]]]]:
        """Returns a function that replaces tag names by their numbers; equal counts are converted once."""
        # With the counts, so that their ids stay theirs.
        known: dict[int, tuple[Counts, dict[str, list[list[int]]]]] = {}

        def numbered(counts: Counts) -> dict[str, list[list[int]]]:
            if id(counts) not in known:
                found = {
                    kind: [[self._numbers[kind, tag], count] for tag, count in tags.items()]
                    for kind, tags in counts.items()
                }
                known[id(counts)] = counts, found
            return known[id(counts)][1]

        return numbered

    def note(self, before: Counts | None, after: Counts | None) -> None:
        """Notes which scalars a run has now, in place of those before; None stands for a run that is not there."""
        old, new = _scalars(before), _scalars(after)
        if old == new:
            return
        if new:
            self._logged[new] += 1
            self._logged_changed |= self._logged[new] == 1
        if old:
            self._logged[old] -= 1
            if not self._logged[old]:
                del self._logged[old]
                self._logged_changed = True

    def find_rates(self, step: Callable[[], int]) -> None:
        """Finds the learning rates of what was noted, and the loss to show beside each.

        Args:
            step: returns the next version of the board, from which on they are told if they are not what they were.
        """
        if not self._logged_changed:
            return
        self._logged_changed = False
        having: dict[str, set[int]] = {tag: set() for kind, tag in self._numbers if kind == "scalars"}
        for place, tags in enumerate(self._logged):  # runs with the same tags count as one
            for tag in tags:
                having[tag].add(place)
        found = rates_by_loss({tag: places for tag, places in having.items() if places})
        rates = [
            {
                "rates": [self._numbers["scalars", tag] for tag in rates],
                "loss": -1 if loss is None else self._numbers["scalars", loss],
            }
            for loss, rates in found.items()
        ]
        if rates != self._rates:
            self._rates, self._rates_version = rates, step()

    def rates_since(self, version: int) -> list[dict[str, Any]] | None:
        """Returns the learning rates, as numbers of tags; None if they have not changed after a version."""
        return self._rates if self._rates_version > version or version == 0 else None


def _scalars(counts: Counts | None) -> tuple[str, ...]:
    return () if counts is None else tuple(counts.get("scalars", ()))
