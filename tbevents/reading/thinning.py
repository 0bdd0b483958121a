"""Curves for a picture: fewer points, with the peaks kept; and the points that no line leads to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "evenly", "lonely", "thinned"]

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
