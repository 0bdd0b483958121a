"""Curves for a picture: TensorBoard's smoothing; fewer points, with the peaks kept; points that no line reaches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "evenly", "lonely", "smoothed", "thinned"]


def smoothed(values: NDArray[Any], weight: float) -> NDArray[np.float64]:
    """The debiased exponential moving average that TensorBoard draws.

    Of the finite values x_1, x_2, ... the k-th becomes a_k / (1 - weight**k) with a_k = weight * a_(k-1) +
    (1 - weight) * x_k and a_0 = 0. Values that are not finite stay what they are and count for nothing; a constant
    curve stays as it is. Source: `classicSmoothing` in data_transformer.ts of TensorBoard's line chart.

    Args:
        values: shape (n,).
        weight: from 0 (no smoothing) to 1; 1 makes all zero, as there.

    Raises:
        ValueError: the weight is no number from 0 to 1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must be a number from 0 to 1, not {weight!r}")
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
            numbers[place] = average / (1 if weight == 1 else 1 - math.pow(weight, count))
    return np.array(numbers, np.float64)


LEAST = 8
"""The fewest points that a curve may be thinned to."""


def thinned(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """The places of the points that a thinned curve keeps.

    The curve is cut into stretches of equally many points. Of each stay the least and the greatest finite value and the
    first that is not finite, so that no peak, dip or gap is lost; the first and the last point of the curve stay too. A
    curve of at most `most` points keeps them all.

    Args:
        values: shape (n,), compared as float64.
        most: how many places there may be, at least `LEAST`.

    Returns:
        The places, ascending, at most `most` of them.

    Raises:
        ValueError: most is less than that.
    """
    if most < LEAST:
        raise ValueError(f"most must be at least {LEAST}, not {most!r}")
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = (most - 2) // 3
    width = -(-count // stretches)
    stretches = -(-count // width)
    padded = np.zeros((stretches, width))
    odd = np.zeros((stretches, width), bool)
    beyond = np.arange(stretches * width).reshape(stretches, width) >= count
    padded.ravel()[:count] = values
    odd.ravel()[:count] = ~np.isfinite(values)
    hidden = odd | beyond
    starts = np.arange(stretches) * width
    # A stretch of nothing finite answers with its first place, which stays anyway: it is the first odd one.
    least = starts + np.where(hidden, np.inf, padded).argmin(axis=1)
    greatest = starts + np.where(hidden, -np.inf, padded).argmax(axis=1)
    first_odd = (starts + odd.argmax(axis=1))[odd.any(axis=1)]
    return np.unique(np.concatenate(([0, count - 1], least, greatest, first_odd)))


def lonely(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which points are finite and have no finite neighbour, so that no line leads to them and a picture needs a dot.

    Args:
        values: shape (n,).
    """
    finite = np.pad(np.isfinite(values), 1)
    dots: NDArray[np.bool_] = finite[1:-1] & ~finite[:-2] & ~finite[2:]
    return dots


def evenly(count: int, most: int) -> NDArray[np.intp]:
    """At most so many of the places 0 to count - 1, evenly spread; the last is always among them.

    Args:
        count: how many places there are.
        most: how many are wanted, at least 1.
    """
    if count <= most:
        return np.arange(count)
    if most == 1:
        return np.array([count - 1])
    return np.arange(most) * (count - 1) // (most - 1)
