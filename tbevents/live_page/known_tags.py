"""The tags of a board by number, and the counts of values that its runs have alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tbevents.errors import UnknownNameError
from tbevents.live_page.followed_run import Counts, FollowedRun
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
            UnknownNameError: there is no such tag.
        """
        if not 0 <= number < len(self._told):
            raise UnknownNameError("tag", number, None)
        told = self._told[number][1]
        return told["kind"], told["tag"]

    def since(self, version: int) -> list[dict[str, Any]]:
        """Returns what the page is told of the tags that came after a version."""
        return [told for at, told in self._told if at > version]

    def teller(self) -> Callable[[Counts], Mapping[str, list[list[int]]]]:
        """Returns a function that has the numbers of tags in place of their names, once for equal counts."""
        known: dict[
            int, tuple[Counts, dict[str, list[list[int]]]]
        ] = {}  # with the counts, so that their ids stay theirs

        def told(counts: Counts) -> dict[str, list[list[int]]]:
            if id(counts) not in known:
                numbered = {
                    kind: [[self._numbers[kind, tag], count] for tag, count in tags.items()]
                    for kind, tags in counts.items()
                }
                known[id(counts)] = counts, numbered
            return known[id(counts)][1]

        return told

    def rates(self, runs: Iterable[FollowedRun]) -> list[dict[str, Any]]:
        """Returns the learning rates, as numbers of tags, with the loss to show beside them."""
        having: dict[str, set[int]] = {tag: set() for kind, tag in self._numbers if kind == "scalars"}
        for run in runs:
            for tag in run.summary.counts.get("scalars", ()) if run.summary else ():
                having[tag].add(run.number)
        found = rates_by_loss({tag: numbers for tag, numbers in having.items() if numbers})
        return [
            {
                "rates": [self._numbers["scalars", tag] for tag in rates],
                "loss": -1 if loss is None else self._numbers["scalars", loss],
            }
            for loss, rates in found.items()
        ]
