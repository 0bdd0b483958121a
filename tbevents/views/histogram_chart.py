"""Charts of histograms over steps, through matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.views.heat import quantiles, shared_buckets
from tbevents.views.protocols import Buckets
from tbevents.views.safe_text import shortened, shown_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HistogramView: TypeAlias = Literal["heat", "distribution", "ridges"]
HistogramAxis: TypeAlias = Literal["step", "order", "relative"]

_BUCKETS: Final = 100
"""Buckets from the least to the greatest value."""

_RIDGES: Final = 40
"""The most ridges: more of them cannot be told apart."""

_OVERLAP: Final = 3.0
"""How many distances between two ridges the highest one is high."""


def draw_histograms(
    histograms: Sequence[Buckets],
    places: NDArray[Any],
    ax: Axes | None,
    *,
    view: HistogramView,
    label: str,
    title: str,
    **style: Any,
) -> Axes:
    """Draws histograms into axes, or into new axes if `ax` is None. See `HistogramSeries.plot`.

    Args:
        histograms: the histograms, in the order of `places`.
        places: positions of the histograms on the axis of steps, ascending, shape (n,).
        ax: axes to draw into.
        view: how to draw the histograms.
        label: the label of the axis of steps.
        title: the title of new axes.
        **style: arguments passed to matplotlib's `pcolormesh`, `fill_between` or `plot`.

    Raises:
        ValueError: if the view is unknown.
        MissingExtraError: if matplotlib is not installed.
    """
    checked_choice("view", view, get_args(HistogramView))
    from tbevents.views.figure import label_whole_numbers, new_axes

    axes = new_axes(figsize=(7.0, 4.5), dpi=120.0) if ax is None else ax
    if ax is None:
        axes.set_title(shortened(shown_name(title), 50), fontsize="medium", parse_math=False)  # a tag may have a $
    draw = {"heat": _draw_heat, "distribution": _draw_distribution, "ridges": _draw_ridges}[view]
    if any(float(np.nansum(each.counts)) > 0 for each in histograms):
        draw(axes, histograms, places, style)
    else:
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center", va="center", alpha=0.6)
    if np.issubdtype(places.dtype, np.integer):
        label_whole_numbers(axes.yaxis if view == "ridges" else axes.xaxis)
    if view == "ridges":
        axes.set(xlabel="value", ylabel=label)
    else:
        axes.set(xlabel=label, ylabel="value")
    return axes


def _draw_heat(axes: Axes, histograms: Sequence[Buckets], places: NDArray[Any], style: dict[str, Any]) -> None:
    """One column for each histogram, coloured by the share of its values in each bucket."""
    found = shared_buckets(histograms, _BUCKETS)
    edges = np.linspace(found.low / 2, found.high / 2, _BUCKETS + 1) * 2  # halves: the difference may overflow
    mesh = axes.pcolormesh(
        _between(places), edges, _as_shares(found.counts).T, **{"cmap": "Blues", "rasterized": True, **style}
    )
    axes.figure.colorbar(mesh, ax=axes, label="share of the values")


def _draw_distribution(axes: Axes, histograms: Sequence[Buckets], places: NDArray[Any], style: dict[str, Any]) -> None:
    """The quantiles as shaded bands, darker towards the median, which is a line."""
    lines = quantiles(histograms).T
    middle = len(lines) // 2
    style = {"color": "C0", **style}
    for low, high in zip(lines[:middle], lines[::-1], strict=False):
        axes.fill_between(places, low, high, **{"alpha": 0.2, "linewidth": 0, **style})
    marker = "." if len(places) == 1 else ""
    axes.plot(places, lines[middle], color=style["color"], linewidth=1.5, marker=marker)


def _draw_ridges(axes: Axes, histograms: Sequence[Buckets], places: NDArray[Any], style: dict[str, Any]) -> None:
    """The outlines of the histograms behind each other, the first one at the back, as in TensorBoard."""
    from tbevents.views.figure import LocatorBetween

    chosen = np.unique(np.linspace(0, len(histograms) - 1, min(_RIDGES, len(histograms))).round().astype(int))
    found = shared_buckets([histograms[at] for at in chosen.tolist()], _BUCKETS)
    edges = np.linspace(found.low / 2, found.high / 2, _BUCKETS + 1)  # halves, as above
    middles = edges[:-1] + edges[1:]
    shares = _as_shares(found.counts)
    own = places[chosen].astype(np.float64)
    gap = (own[-1] - own[0]) / (len(own) - 1) if own[-1] > own[0] else 1.0
    heights = shares / max(float(shares.max()), 1e-300) * gap * _OVERLAP
    for number in range(len(own)):
        base, top = own[number], own[number] - heights[number]
        color = {"color": "C0", **style}
        axes.fill_between(middles, base, top, **{**color, "alpha": 0.35, "linewidth": 0, "zorder": 2 + number})
        axes.plot(middles, top, **{"linewidth": 0.8, "zorder": 2 + number, **color})
    # The outlines reach beyond the steps, where nothing was logged.
    axes.yaxis.set_major_locator(LocatorBetween(own[0], own[-1]))
    if not axes.yaxis_inverted():
        axes.invert_yaxis()  # the last step is in front


def _as_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts as shares of their row; rows of nothing stay 0."""
    totals = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0))


def _between(places: NDArray[Any]) -> NDArray[np.float64]:
    """Returns the edges of the columns: halfway between the places, and as far beyond the first and the last."""
    own = places.astype(np.float64)
    if len(own) == 1:
        return np.array([own[0] - 0.5, own[0] + 0.5])
    middles = own[:-1] / 2 + own[1:] / 2
    edges = np.concatenate(([2 * own[0] - middles[0]], middles, [2 * own[-1] - middles[-1]]))
    return np.asarray(edges)
