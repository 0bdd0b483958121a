"""Sparklines: a series as a row of small bars."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = "_.-~=+*#"
_TO_PLAIN: Final = str.maketrans(_BARS, _PLAIN_BARS)


def ascii_bars(bars: str) -> str:
    """Returns the bars of a sparkline as ASCII characters."""
    return bars.translate(_TO_PLAIN)


def narrowed(bars: str, columns: int) -> str:
    """Returns a sparkline drawn again with at most `columns` bars, from the heights of its own."""
    if len(bars) <= columns:
        return bars
    return sparkline(np.array([np.nan if bar == " " else _BARS.index(bar) for bar in bars]), columns)


def sparkline(values: NDArray[Any], columns: int, *, plain: bool = False) -> str:
    """Draws a series with one bar for each value, at most `columns`.

    Args:
        values: shape (n,). Each bar shows the mean of the finite values in its part of the series; blank if there are
            none.
        columns: the maximum number of bars.
        plain: if True, use only ASCII.
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
    # Halves, since the difference of two float64 values may overflow.
    heights = (means / 2 - low / 2) / (high / 2 - low / 2) * (len(bars) - 1)
    return "".join(bars[round(height)] if np.isfinite(height) else " " for height in heights.tolist())
