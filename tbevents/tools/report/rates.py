"""Finds learning rates, and the loss to show beside them, by their tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

_RATE: Final = re.compile(r"(?:lr|learning[ _-]?rate)(?:[-_ ].*)?|.*[-_ ](?:lr|learning[ _-]?rate)", re.IGNORECASE)
"""A part of a tag that says learning rate: ``lr``, ``learning_rate``, ``lr-Adam`` (Lightning's), ``base_lr`` ..."""

_BESIDE: Final = frozenset(("metric", "momentum", "bad_epochs", "cooldown"))
"""Names below the tag of a rate that are not rates, though a scheduler logs them; so is ``lr/momentum/0``."""


def is_rate(tag: str) -> bool:
    """Whether a tag says that it is a learning rate: ``lr``, ``lr/0``, ``train/learning_rate``, ``lr-Adam``."""
    parts = tag.lower().split("/")
    return any(_RATE.fullmatch(part) for part in parts) and not any(
        part in _BESIDE or "momentum" in part for part in parts
    )


def loss_beside(tags: Iterable[str]) -> str | None:
    """Returns the tag of the loss that training minimizes; None if there is none.

    Among tags with "loss" in them, training is preferred to validation, then a short tag to a long one.
    """
    losses = [tag for tag in tags if "loss" in tag.lower()]
    return min(losses, key=_rank, default=None)


def rates_by_loss(runs: Mapping[str, AbstractSet[int]]) -> dict[str | None, list[str]]:
    """Returns the learning rates by the tag of the loss to show beside them, or None for rates without one.

    Args:
        runs: tag -> runs that logged it. A loss belongs to a rate if a run logged both.
    """
    found: dict[str | None, list[str]] = {}
    losses = {tag: having for tag, having in runs.items() if "loss" in tag.lower()}
    known: dict[frozenset[int], str | None] = {}  # most rates are of the same runs
    for tag, having in runs.items():
        if is_rate(tag):
            key = frozenset(having)
            if key not in known:
                known[key] = loss_beside(each for each, those in losses.items() if not key.isdisjoint(those))
            found.setdefault(known[key], []).append(tag)
    return found


_HELD_OUT: Final = frozenset(("val", "valid", "validation", "eval", "evaluation", "test", "dev"))


def _rank(tag: str) -> tuple[bool, bool, int]:
    words = set(re.findall("[a-z]+", tag.lower()))
    return (bool(words & _HELD_OUT), not words & {"train", "training"} and tag.lower() != "loss", len(tag))
