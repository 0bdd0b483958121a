"""Pairs learning rates with the loss to show beside them, by their tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from tbevents.tools.tag_roles import is_loss, is_rate, role_of


def loss_beside(tags: Iterable[str]) -> str | None:
    """Returns the tag of the loss that training minimizes; None if there is none.

    Training is preferred to held-out data, then a loss that falls when all is well to that of a policy or an adversary,
    a tag that says training to one that says nothing, and a short tag to a long one.
    """
    return min(filter(_may_be_loss, tags), key=_rank, default=None)


def rates_by_loss(runs: Mapping[str, AbstractSet[int]]) -> dict[str | None, list[str]]:
    """Returns the learning rates by the tag of the loss to show beside them, or None for rates without one.

    Args:
        runs: tag -> runs that logged it. A loss belongs to a rate if a run logged both.
    """
    found: dict[str | None, list[str]] = {}
    losses = {tag: having for tag, having in runs.items() if _may_be_loss(tag)}
    known: dict[frozenset[int], str | None] = {}  # most rates are of the same runs
    for tag, having in runs.items():
        if is_rate(tag):
            key = frozenset(having)
            if key not in known:
                known[key] = loss_beside(each for each, those in losses.items() if not key.isdisjoint(those))
            found.setdefault(known[key], []).append(tag)
    return found


def _may_be_loss(tag: str) -> bool:
    return is_loss(tag) or "loss" in tag.lower()


def _rank(tag: str) -> tuple[bool, bool, bool, int]:
    role = role_of(tag)
    return (role == "held out", not is_loss(tag), role != "train" and tag.lower() != "loss", len(tag))
