"""TensorBoard's smoothing of curves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["smoothed"]


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
