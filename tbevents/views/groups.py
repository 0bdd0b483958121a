"""Groups of runs drawn as one curve: their mean or interquartile mean, with a band around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import closest_or_first
from tbevents.views.protocols import ScalarCurve

Estimator: TypeAlias = Literal["mean", "iqm"]
Band: TypeAlias = Literal["ci95", "std", "minmax", "none"]
GroupBy: TypeAlias = "str | Callable[[str], str]"

RESAMPLES: Final = 2000
"""How often the bootstrap draws runs."""

_CELLS: Final = 2**22
"""The most numbers that the bootstrap holds at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """The curve of a group.

    Attributes:
        steps: the steps of all runs, ascending, int64, shape (n,).
        middle: mean or interquartile mean of the runs that have the step, float64, shape (n,).
        low: lower edge of the band, float64, shape (n,).
        high: upper edge of the band, float64, shape (n,).
    """

    steps: NDArray[np.int64]
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def grouped(
    names: Sequence[str], by: GroupBy, parameters: Mapping[str, Mapping[str, object]] | None = None
) -> dict[str, list[str]]:
    """Returns the runs of each group.

    Args:
        names: names of runs.
        by: "all" for one group; "folder" for the folder that a run is in; "hparam:NAME" for the value of a
            hyperparameter; or a function from the name of a run to the name of its group. Any other string is a regular
            expression: the group is named by its match in the run's name, or by the first parenthesized part of the
            match. Runs without a match or value are in the group "other".
        parameters: run -> its hyperparameters.

    Raises:
        ValueError: if `by` is a regular expression that is not valid or matches no run's name; or if no run has the
            hyperparameter.
    """
    groups: dict[str, list[str]] = {}
    key = _key(by, parameters or {})
    for name in names:
        groups.setdefault(key(name), []).append(name)
    if _is_expression(by) and names and not any(re.search(by, name) for name in names):
        some = f"{', '.join(map(repr, names[:8]))}{' ...' if len(names) > 8 else ''}"
        raise ValueError(f"group_by: {by!r} matches no run; there are: {some}")
    if isinstance(by, str) and by.startswith("hparam:") and set(groups) == {"other"}:
        known = dict.fromkeys(each for having in (parameters or {}).values() for each in having)
        others = closest_or_first(by[7:], known) if known else "no run has any"
        raise ValueError(f"no run has the hyperparameter {by[7:]!r}; {others}")
    return groups


def _is_expression(by: GroupBy) -> TypeGuard[str]:
    return isinstance(by, str) and by not in ("all", "folder") and not by.startswith("hparam:")


def _key(by: GroupBy, parameters: Mapping[str, Mapping[str, object]]) -> Callable[[str], str]:
    if not isinstance(by, str):
        return by
    if by == "all":
        return lambda _name: "all"
    if by == "folder":
        return lambda name: name.rpartition("/")[0] or "."
    if by.startswith("hparam:"):
        wanted = by.removeprefix("hparam:")

        def of_parameter(name: str) -> str:
            having = parameters.get(name, {})
            return f"{wanted}={having[wanted]}" if wanted in having else "other"

        return of_parameter
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise ValueError(f"group_by: {by!r} is not a regular expression: {error}") from None

    def of_match(name: str) -> str:
        match = pattern.search(name)
        if match is None:
            return "other"
        return (match[1] if pattern.groups else match[0]) or "other"

    return of_match


def summed_up(curves: Iterable[ScalarCurve], estimator: Estimator = "mean", band: Band = "ci95") -> Summary:
    """Returns the curve of a group. Each step takes the runs that have it; if a run repeats a step, its last value.

    The interquartile mean leaves out a quarter of the runs, rounded down, at each end. "ci95" is the 95 % percentile
    interval of a bootstrap over runs, with `RESAMPLES` resamples and a fixed seed; see Agarwal et al. 2021, "Deep
    reinforcement learning at the edge of the statistical precipice".

    Args:
        curves: a series for each run.
        estimator: "mean" or "iqm".
        band: "ci95"; "std" for one standard deviation about the curve; "minmax" for the least and greatest value; or
            "none".
    """
    columns = [_unique(curve) for curve in curves]
    steps = np.unique(np.concatenate([own for own, _ in columns]))
    values = np.zeros((len(columns), len(steps)))
    present = np.zeros(values.shape, np.bool_)
    for row, (own, numbers) in enumerate(columns):
        places = np.searchsorted(steps, own)
        values[row, places], present[row, places] = numbers, True
    middle, low, high = (np.empty(len(steps)) for _ in range(3))
    for runs, at in run_patterns(present):
        block = values[runs][:, at]
        with np.errstate(all="ignore"):
            middle[at] = _middle(block, estimator)
            low[at], high[at] = _ends(block, middle[at], estimator, band)
    return Summary(steps, middle, low, high)


def run_patterns(present: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Yields the runs and the places of all steps that the same runs have, so that they are computed together.

    Args:
        present: whether a run has a step; shape (runs, steps).

    Yields:
        The runs as a mask, shape (runs,), and the places of the steps.
    """
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    which = which.ravel()
    for number, runs in enumerate(patterns.T):
        yield runs, np.flatnonzero(which == number)


def over_runs(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Returns a statistic of finite values that does not overflow unless its result does, as for means near 1e308.

    Where the statistic is not finite, it is computed again from values divided by a power of two.

    Args:
        statistic: reduces one axis, not the last; its result is proportional to the values.
        values: shape (..., n).
    """
    found = np.asarray(statistic(values))
    finite = np.isfinite(found)
    again: NDArray[np.bool_] = ~np.asarray(finite.all(axis=tuple(range(found.ndim - 1))))
    again[again] = ~np.isnan(values[..., again]).any(axis=tuple(range(values.ndim - 1)))
    if again.any():
        found[..., again] = np.where(
            finite[..., again], found[..., again], statistic(values[..., again] / _SMALLER) * _SMALLER
        )
    return found


_SMALLER: Final = 2.0**600
"""Divides values so that their squares, and the sums of these, do not overflow."""


def segment_means(
    values: NDArray[np.float64], starts: NDArray[np.intp], counts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Returns the mean of each segment of values; it does not overflow.

    Args:
        values: shape (m,).
        starts: where the segments begin, ascending from 0, shape (n,).
        counts: number of values of each, shape (n,).
    """
    with np.errstate(all="ignore"):
        found = np.add.reduceat(values, starts) / counts
        if not (finite := np.isfinite(found)).all():
            smaller = np.add.reduceat(values / _SMALLER, starts) / counts
            found = np.where(finite, found, smaller * _SMALLER)
    return np.asarray(found)


def quantiles(values: NDArray[np.float64], shares: Sequence[float]) -> NDArray[np.float64]:
    """Returns linearly interpolated quantiles over the first axis.

    Between equal infinities it is that infinity, between a finite value and an infinity the infinity, between both
    infinities NaN.

    Args:
        values: shape (m, n).
        shares: the probabilities, shape (k,).

    Returns:
        The quantiles, shape (k, n).
    """
    found = over_runs(lambda some: np.quantile(some, shares, axis=0), values)
    odd = ~np.isfinite(found).all(axis=0)
    if odd.any():
        lower, higher = (np.quantile(values[:, odd], shares, axis=0, method=end) for end in ("lower", "higher"))
        beside = np.where(lower == higher, lower, lower + higher)
        found[:, odd] = np.where(np.isfinite(found[:, odd]), found[:, odd], beside)
    return found


class PointsByStep(NamedTuple):
    """The points of a series by step.

    Attributes:
        steps: the steps, ascending and unique, int64, shape (n,).
        order: the places of all points, ordered by step and, at equal steps, as they were written.
        starts: where in `order` the points of each step begin, shape (n,).
        counts: number of points of each step, shape (n,).
    """

    steps: NDArray[np.int64]
    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, steps: NDArray[np.int64]) -> PointsByStep:
        """Returns the order of points with these steps."""
        order = np.argsort(steps, kind="stable")
        unique, starts, counts = np.unique(steps[order], return_index=True, return_counts=True)
        return cls(unique, order, starts, counts)

    @property
    def first(self) -> NDArray[np.intp]:
        """The place of the first point of each step."""
        return self.order[self.starts]

    @property
    def last(self) -> NDArray[np.intp]:
        """The place of the last point of each step."""
        last: NDArray[np.intp] = self.order[self.starts + self.counts - 1]
        return last


def _unique(curve: ScalarCurve) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ascending unique steps with the last value of each."""
    by_step = PointsByStep.of(curve.steps)
    return by_step.steps, curve.values[by_step.last].astype(np.float64)


def _middle(block: NDArray[np.float64], estimator: Estimator) -> NDArray[np.float64]:
    """The estimate over the last but one axis."""
    cut = block.shape[-2] // 4 if estimator == "iqm" else 0
    if cut:
        odd = np.isnan(block).any(axis=-2)
        block = np.sort(block, axis=-2)[..., cut : block.shape[-2] - cut, :]
        return np.where(odd, np.nan, over_runs(_mean, block))
    return over_runs(_mean, block)


def _mean(block: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(block.mean(axis=-2))


def _ends(
    block: NDArray[np.float64], middle: NDArray[np.float64], estimator: Estimator, band: Band
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if band == "std":
        std = over_runs(lambda some: np.asarray(some.std(axis=0)), block)
        return middle - std, middle + std
    if band == "minmax":
        return block.min(axis=0), block.max(axis=0)
    if band == "none" or len(block) == 1:
        return middle, middle
    drawn = np.random.default_rng(0).integers(len(block), size=(RESAMPLES, len(block)))
    low, high = np.empty(len(middle)), np.empty(len(middle))
    width = max(1, _CELLS // drawn.size)
    for start in range(0, len(middle), width):
        part = slice(start, start + width)
        estimates = _middle(block[:, part][drawn], estimator)
        low[part], high[part] = quantiles(estimates, (0.025, 0.975))
    return low, high
