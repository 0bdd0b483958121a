"""Curves prepared for drawing: TensorBoard's smoothing, thinning that keeps peaks, isolated points, outliers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def smoothed(values: NDArray[Any], weight: float) -> NDArray[np.float64]:
    """Returns the debiased exponential moving average that TensorBoard draws, float64, shape (n,).

    The k-th finite value x_k becomes a_k / (1 - weight**k), where a_k = weight * a_(k-1) + (1 - weight) * x_k and
    a_0 = 0. Values that are not finite are kept, and do not affect the others. A constant curve does not change.
    Source: `classicSmoothing` in data_transformer.ts of TensorBoard's line chart.

    Args:
        values: shape (n,).
        weight: at least 0 (no smoothing) and less than 1. TensorBoard's slider ends at 0.999; with 1, all would be 0.

    Raises:
        ValueError: if the weight is less than 0, or 1 or more.
    """
    if not 0 <= weight < 1:
        raise ValueError(f"weight must be at least 0 and less than 1, not {weight!r}")
    result = values.astype(np.float64)
    if not len(result) or bool((result == result[0]).all()):
        return result
    numbers = result.tolist()
    average = 0.0
    count = 0
    for place, number in enumerate(numbers):
        if math.isfinite(number):
            average = average * weight + (1 - weight) * number
            count += 1
            numbers[place] = average / (1 - math.pow(weight, count))
    return np.array(numbers, np.float64)


LEAST = 8
"""The fewest points that a curve may be thinned to."""

_AT_ONCE = 1 << 16
"""Values of a long curve that are looked at together."""


def thinned(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Returns the indices of the points that a thinned curve keeps.

    The curve is cut into stretches of equal length. Each stretch keeps its least and greatest finite value and its
    first value that is not finite, so that no peak, dip or gap is lost; the curve keeps its first and last point. A
    curve of at most `most` points keeps them all.

    Args:
        values: shape (n,), compared as float64.
        most: the most indices to return, at least `LEAST`.

    Returns:
        At most `most` indices, ascending.

    Raises:
        ValueError: if most is less than `LEAST`.
    """
    if most < LEAST:
        raise ValueError(f"most must be at least {LEAST}, not {most!r}")
    count = len(values)
    if count <= most:
        return np.arange(count)
    width = _width(count, most)
    kept = [np.array([0, count - 1], np.intp)]
    at_once = max(1, _AT_ONCE // width) * width  # what is in the processor's cache is looked at several times
    for start in range(0, count, at_once):
        part = values[start : start + at_once]
        whole = len(part) // width * width
        for first, rows in ((0, part[:whole].reshape(-1, width)), (whole, part[whole:].reshape(1, -1))):
            if rows.size:
                kept += [start + first + places for places in _extremes(rows)]
    return np.unique(np.concatenate(kept))


def thinned_each(curves: Sequence[NDArray[Any]], most: int) -> list[NDArray[np.intp]]:
    """Returns what `thinned` returns of each of some curves; short ones of one length are looked at together.

    Args:
        curves: each of shape (n,).
        most: as in `thinned`.

    Raises:
        ValueError: if most is less than `LEAST`.
    """
    if most < LEAST:
        raise ValueError(f"most must be at least {LEAST}, not {most!r}")
    alike: dict[tuple[int, Any], list[int]] = {}
    for place, values in enumerate(curves):
        alike.setdefault((len(values), values.dtype), []).append(place)
    found: dict[int, NDArray[np.intp]] = {}
    for (count, _), places in alike.items():
        if count <= most:
            found.update(dict.fromkeys(places, np.arange(count)))
            continue
        together = max(1, _AT_ONCE // count)
        for start in range(0, len(places), together):
            part = places[start : start + together]
            found.update(zip(part, _thinned_rows([curves[place] for place in part], most), strict=True))
    return [found[place] for place in range(len(curves))]


def _thinned_rows(curves: Sequence[NDArray[Any]], most: int) -> list[NDArray[np.intp]]:
    """`thinned` of curves of one length, which is more than `most`."""
    rows = np.stack(curves) if len(curves) > 1 else None
    if rows is None or not np.isfinite(rows).all():
        return [thinned(values, most) for values in curves]
    number, count = rows.shape
    width = _width(count, most)
    whole = count // width * width
    kept = [np.broadcast_to(np.array([0, count - 1], np.intp), (number, 2))]
    for first, stretches in ((0, rows[:, :whole].reshape(-1, width)), (whole, rows[:, whole:])):
        if stretches.size:
            starts = np.arange(first, first + len(stretches) // number * width, width)
            kept += [starts + best(axis=1).reshape(number, -1) for best in (stretches.argmin, stretches.argmax)]
    places = np.sort(np.concatenate(kept, axis=1), axis=1)
    fresh = np.ones(places.shape, np.bool_)
    np.not_equal(places[:, 1:], places[:, :-1], out=fresh[:, 1:])
    return np.split(places[fresh], np.cumsum(fresh.sum(axis=1))[:-1])


def _width(count: int, most: int) -> int:
    """How many points a stretch of a thinned curve has."""
    return -(-count // ((most - 2) // 3))


def _extremes(rows: NDArray[Any]) -> tuple[NDArray[np.intp], ...]:
    """The flat indices of each row's least and greatest finite value, and of its first that is not finite."""
    starts = np.arange(len(rows)) * rows.shape[1]
    finite = np.isfinite(rows)
    if finite.all():
        return starts + rows.argmin(axis=1), starts + rows.argmax(axis=1)
    odd = ~finite
    rows = rows.astype(np.float64)
    # A row without finite values gives its first index, which is kept anyway: it is the first odd one.
    least, greatest = (
        starts + best
        for best in (np.where(odd, np.inf, rows).argmin(axis=1), np.where(odd, -np.inf, rows).argmax(axis=1))
    )
    return least, greatest, (starts + odd.argmax(axis=1))[odd.any(axis=1)]


def lonely(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Returns True for finite points without a finite neighbour, shape (n,): no line leads to them.

    Args:
        values: shape (n,).
    """
    finite = np.pad(np.isfinite(values), 1)
    dots: NDArray[np.bool_] = finite[1:-1] & ~finite[:-2] & ~finite[2:]
    return dots


def without_outliers(values: NDArray[Any], *, log: bool = False) -> tuple[float, float] | None:
    """Returns the range of an axis that leaves out extreme values.

    As in TensorBoard, finite values below the 5th or above the 95th percentile are extreme. A value stays if its
    distance from the nearer percentile is at most the distance between the two, as it would not flatten the curve.
    All values stay if the percentiles are equal. A percentile between two values is the outer one, other than in
    TensorBoard: of 20 values or fewer, each is more than 5 %, and all stay.

    Args:
        values: shape (n,).
        log: whether the axis is logarithmic: values that are not positive are ignored, and distances are ratios.

    Returns:
        The range, which contains at least one value; None if no value can be shown.
    """
    shown = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
    if not len(shown):
        return None
    last = len(shown) - 1
    ranks = [last // 20, -(-19 * last // 20)]
    places = np.log10(shown) if log else shown / 4.0  # quarters, since a difference may be beyond float64
    low, high = np.partition(places, ranks)[ranks].tolist()
    if low < high:
        shown = shown[(places >= low - (high - low)) & (places <= high + (high - low))]
    return float(shown.min()), float(shown.max())


def evenly(count: int, most: int) -> NDArray[np.intp]:
    """Returns at most `most` of the indices 0 to count - 1, evenly spaced, including the last one.

    Args:
        count: number of indices.
        most: how many to return, at least 1.
    """
    if count <= most:
        return np.arange(count)
    if most == 1:
        return np.array([count - 1])
    return np.arange(most) * (count - 1) // (most - 1)
