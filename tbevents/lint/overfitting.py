"""The rule about overfitting: a held-out loss that rises while that of training falls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.lint.rule import Hit, Option, Options, Rule, register
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import Curve, RunView, median
from tbevents.lint.segments import Segments
from tbevents.tools.tag_roles import Role, key_of, role_of

_MOST: Final = 1000
"""Runs whose training curves are kept until the run of the held-out data comes; the oldest is dropped."""

_AFTER: Final = 4
"""How many points there must be after the best one: fewer are no trend."""


class _Onset(NamedTuple):
    step: int
    best: float
    last: float
    bound: float


def onset(train: Curve, held_out: Curve, options: Options) -> _Onset | None:
    """Returns from where on the held-out loss rises while that of training falls; None if it does not."""
    values = held_out.values
    if min(len(values), len(train)) < max(options["points"], 3):
        return None
    lowest = float(values.min())
    if median(values[-3:]) <= lowest + options["rise"] * abs(lowest):
        return None  # cheap, and true of most
    best = max(0, int(_running_median(values).argmin()) - 1)
    best += int(values[best : best + 3].argmin())  # of the three values that the median is of
    if len(values) - 1 - best < _AFTER:
        return None
    least = float(values[best])
    last = median(values[-max(3, (len(values) - best) // 3) :])
    bound = least + max(options["rise"] * abs(least), options["noise"] * held_out.noise)
    if not last > bound:
        return None
    axes = (train.steps, held_out.steps) if _same_axis(train, held_out) else (train.times, held_out.times)
    until = int(np.searchsorted(axes[0], axes[1][best], "right"))
    few = max(1, len(train) // 10)
    if until < 1 or len(train) - until < few:
        return None
    at_best, at_end = median(train.values[max(0, until - few) : until]), median(train.values[-few:])
    return _Onset(int(held_out.steps[best]), least, last, bound) if at_end < at_best else None


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the median of each value and its neighbours."""
    padded = np.pad(values, 1, mode="edge")
    return np.median((padded[:-2], padded[1:-1], padded[2:]), axis=0)


def _same_axis(a: Curve, b: Curve) -> bool:
    """Returns True if two curves end at steps alike: not if one counts epochs, and the other batches."""
    ends = sorted((abs(int(a.steps[-1])), abs(int(b.steps[-1]))))
    return ends[0] * 2 >= ends[1]


def hit_of(held_out: Curve, train_name: str, found: _Onset) -> Hit:
    """Returns what is said of an onset."""
    summary = (
        f"it rises from {found.best:.4g} at step {found.step} to {found.last:.4g}, while {train_name} falls: "
        f"the best checkpoint is the one at step {found.step}"
    )
    return Hit(held_out.tag, summary, found.step, found.last, found.bound)


@lru_cache(maxsize=256)  # the runs of a folder have the same tags
def _pairs_among(losses: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Returns the tags of training losses, each with that of its held-out loss, in one run.

    A tag that says nothing of its data is of training, if a held-out tag has its name.
    """
    train: dict[str, str] = {}
    for tag in losses:
        if role_of(tag) != "held out" and (role_of(tag) or key_of(tag) not in train):
            train[key_of(tag)] = tag
    by_base: dict[str, str] = {}
    for key, tag in train.items():
        by_base.setdefault(_base(key), tag)
    found = []
    for tag in losses:
        if role_of(tag) == "held out":
            other = train.get(key_of(tag)) or by_base.get(_base(key_of(tag)))
            if other is not None:
                found.append((other, tag))
    return tuple(found)


def _base(key: str) -> str:
    """Returns a key without what Lightning adds: ``train_loss_epoch`` belongs to ``val_loss``."""
    return re.sub(r"/(?:step|epoch)$", "", key)


def _overfitting(view: RunView, options: Options) -> Iterator[Hit]:
    for train, held_out in _pairs_among(tuple(view.losses)):
        found = onset(view.curve(train), view.curve(held_out), options)
        if found is not None:
            yield hit_of(view.curve(held_out), repr(train), found)


def _may_overfit(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    curves = batch.curves
    least = curves.values.least()
    last = curves.last(np.full(len(least), 3)).medians()
    found = curves.held_out & (last > least + options["rise"] * np.abs(least))
    values = curves.values.select(found)
    # Most of these still fall at their end: as in `onset`, the lowest place is too near to it.
    low = Segments(_running_medians(values), values.counts)
    place = np.where(low.values == np.repeat(low.least(), low.counts), np.arange(len(low.values)), len(low.values))
    lowest = Segments(place, low.counts).least() - low.starts
    return batch.with_numbers(curves.runs[found][low.counts - 1 - (lowest - 1) >= _AFTER])


def _running_medians(segments: Segments[np.float64]) -> NDArray[np.float64]:
    """As `_running_median`, of each segment."""
    values = segments.values
    found: NDArray[np.float64] = values.copy()  # of the ends, which are their own neighbours
    before, at, after = values[:-2], values[1:-1], values[2:]
    pairs = segments.pairs()
    middle = np.maximum(np.minimum(before, at), np.minimum(np.maximum(before, at), after))
    np.copyto(found[1:-1], middle, where=pairs[:-1] & pairs[1:])
    return found


class _Half(NamedTuple):
    run: str
    path: str
    curves: dict[str, Curve]


class LossCurves:
    """The losses of runs that are half of a pair, as Keras and add_scalars log them: ``a/train`` and ``a/validation``.

    A run's curves are kept until its other half comes. Used by one thread, for one pass over runs.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Role], _Half] = {}

    @staticmethod
    def wants(name: str) -> bool:
        """Returns True if a run may be half of a pair, by its name."""
        return role_of(name.rpartition("/")[2]) is not None

    def pair(self, view: RunView, options: Options) -> Iterator[tuple[str, str, Hit]]:
        """Takes a run; yields what is found if its other half was taken before.

        Yields:
            The name and the path of the held-out run, and what is found there.
        """
        name = view.run.name
        parent, _, last = name.rpartition("/")
        role, key = role_of(last), f"{parent}/{key_of(last)}"
        if role is None or not view.losses:
            return
        mine = _Half(name, view.run.path, {tag: view.curve(tag) for tag in view.losses})
        other = self._kept.pop((key, "train" if role == "held out" else "held out"), None)
        if other is None:
            if len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[key, role] = mine._replace(curves={tag: each.copy() for tag, each in mine.curves.items()})
            return
        train, held_out = (mine, other) if role == "train" else (other, mine)
        for tag, curve in held_out.curves.items():
            found = onset(train.curves[tag], curve, options) if tag in train.curves else None
            if found is not None:
                yield held_out.run, held_out.path, hit_of(curve, f"that of run {train.run!r}", found)


OVERFITTING: Final = register(
    Rule(
        "TB106",
        "overfitting",
        "warning",
        "A held-out loss rises while that of training still falls.",
        (
            Option("rise", 0.1, "how far the last values may be above the best, as a fraction of the best"),
            Option("noise", 4, "the same, in typical changes from one value to the next; the larger bound counts"),
            Option("points", 8, "fewer finite values are not judged"),
        ),
        _overfitting,
        _may_overfit,
    )
)
