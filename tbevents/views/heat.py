"""Histograms over steps as one table of counts: a row for each step, with the same buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbevents.views.protocols import Buckets

QUANTILES = (0.0, 0.0668, 0.1587, 0.3085, 0.5, 0.6915, 0.8413, 0.9332, 1.0)
"""The quantiles that TensorBoard draws: both ends, and 1.5, 1, 0.5 and 0 standard deviations of a normal one."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Counts over steps and values.

    Attributes:
        low: left edge of the first bucket, in the unit of the values.
        high: right edge of the last bucket.
        counts: number of values of each histogram in each bucket, float64, shape (histograms, buckets). The count of a
            logged bucket that overlaps several of these is split in proportion to the overlaps.
    """

    low: float
    high: float
    counts: NDArray[np.float64]


def shared_buckets(histograms: Sequence[Buckets], buckets: int) -> HeatMap:
    """Converts histograms to buckets of equal width, from the least to the greatest value of all of them.

    Args:
        histograms: the histograms.
        buckets: how many buckets.
    """
    cut = [_cut(each) for each in histograms]
    full = [edges for edges in cut if edges.shape[1]]
    low = min((float(edges[0].min()) for edges in full), default=0.0)
    high = max((float(edges[1].max()) for edges in full), default=1.0)
    if not low < high:
        # Equal edges leave nothing to draw on. The margin is relative: a large number plus 1 may be the same.
        margin = max(abs(low) * 1e-3, 0.5)
        low, high = low - margin, high + margin
    counts = np.array([_shares(edges, low, high, buckets) for edges in cut]).reshape(len(cut), buckets)
    return HeatMap(low, high, counts)


def quantiles(histograms: Sequence[Buckets]) -> NDArray[np.float64]:
    """Returns the `QUANTILES` of each histogram, float64, shape (histograms, 9); NaN for empty histograms.

    As in TensorBoard, values are assumed to be spread evenly within their bucket.
    """
    found = np.full((len(histograms), len(QUANTILES)), np.nan)
    for row, histogram in enumerate(histograms):
        lefts, rights, counts = _cut(histogram)
        if len(counts):
            total = np.cumsum(counts)
            wanted = np.array(QUANTILES) * total[-1]
            at = np.searchsorted(total, wanted, side="right").clip(max=len(total) - 1)
            shares = np.clip((wanted - (total[at] - counts[at])) / counts[at], 0, 1)
            found[row] = lefts[at] * (1 - shares) + rights[at] * shares
    return found


def _cut(histogram: Buckets) -> NDArray[np.float64]:
    """The buckets that hold something: rows of left edges, right edges and counts, by their place.

    Outer edges may be far outside of the values (or infinite); the least and greatest value, where known, cut them.
    """
    counts = np.nan_to_num(histogram.counts, nan=0.0, posinf=0.0, neginf=0.0)
    held = counts > 0
    least = histogram.min if histogram.min is not None and np.isfinite(histogram.min) else -np.inf
    greatest = histogram.max if histogram.max is not None and np.isfinite(histogram.max) else np.inf
    if not least <= greatest:
        least, greatest = -np.inf, np.inf
    lefts = np.clip(histogram.lefts[held], least, greatest)
    rights = np.clip(histogram.rights[held], least, greatest)
    lefts, rights = np.minimum(lefts, rights), np.maximum(lefts, rights)
    lefts = np.where(np.isfinite(lefts), lefts, rights)
    rights = np.where(np.isfinite(rights), rights, lefts)
    table = np.stack((lefts, rights, counts[held]))
    table = table[:, np.isfinite(lefts) & np.isfinite(rights)]
    return np.asarray(table[:, np.argsort(table[0], kind="stable")])


def _shares(edges: NDArray[np.float64], low: float, high: float, buckets: int) -> NDArray[np.float64]:
    """The counts in the buckets between low and high, from the running total at each edge."""
    lefts, rights, counts = edges
    if not len(counts):
        return np.zeros(buckets)
    # Places from 0 to 1: the edges themselves may differ by more than a float64 holds.
    width = high / 2 - low / 2
    starts = np.clip((lefts / 2 - low / 2) / width, 0, 1)
    ends = np.clip((rights / 2 - low / 2) / width, 0, 1)
    thin = 1e-6  # a bucket without width is drawn with this one, inside of the picture
    starts = np.minimum(starts, 1 - thin)
    ends = np.maximum(ends, starts + thin)
    total = np.cumsum(counts)
    places = np.stack((starts, ends), axis=1).ravel()
    running = np.stack((total - counts, total), axis=1).ravel()
    places = np.maximum.accumulate(places)  # buckets that overlap, which no writer makes
    at_edges = np.interp(np.linspace(0, 1, buckets + 1), places, running, left=0.0, right=float(total[-1]))
    return np.diff(at_edges)
