"""A series as a row of little bars."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["sparkline"]

_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = "_.-~=+*#"


def sparkline(values: NDArray[Any], columns: int, *, plain: bool = False) -> str:
    """The course of a series, as many bars as it has values, at most `columns`.

    Args:
        values: shape (n,); each bar stands for the mean of the finite values in its share of them, a blank for none.
        columns: the most bars.
        plain: whether only ASCII may be used.
    """
    bars = _PLAIN_BARS if plain else _BARS
    shares = np.array_split(values.astype(np.float64), min(columns, len(values))) if len(values) else []
    finite = [share[np.isfinite(share)] for share in shares]
    with np.errstate(over="ignore"):
        means = np.array([share.mean() if len(share) else np.nan for share in finite])
    known = means[np.isfinite(means)]
    if not len(known):
        return " " * len(means)
    low, high = float(known.min()), float(known.max())
    if low == high:
        return "".join(bars[3] if np.isfinite(mean) else " " for mean in means)
    # Halves, since the difference of two float64 may be beyond float64.
    heights = (means / 2 - low / 2) / (high / 2 - low / 2) * (len(bars) - 1)
    return "".join(bars[round(height)] if np.isfinite(height) else " " for height in heights.tolist())
