"""Figures and axes of matplotlib that notebooks show, and pyplot does not keep.

Importing this module imports matplotlib, and raises `MissingExtraError` if it is not installed.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tbevents.errors import MissingExtraError

try:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import AutoLocator
except ImportError:
    raise MissingExtraError("matplotlib", "plot", "plotting") from None


class ShownFigure(Figure):
    """A figure that a notebook shows as the result of a cell; it lives as long as its user keeps it.

    Attributes:
        caption: what was drawn, in words for a paper.
    """

    caption: str = ""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


class ShownAxes(Axes):
    """Axes whose figure a notebook shows as the result of a cell.

    Attributes:
        left_out_to: the limits of the vertical axis, if extreme points were left out.
    """

    left_out_to: tuple[float, float] | None = None

    def _repr_png_(self) -> bytes:
        figure: Any = self.figure
        picture: bytes = figure._repr_png_()
        return picture


class LocatorBetween(AutoLocator):
    """Has an axis label places between two values only, or these two if there is none.

    Args:
        low: the least value.
        high: the greatest value.
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self._ends = low, high

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Returns the places for an axis with these limits."""
        low, high = self._ends
        ticks = np.asarray(super().tick_values(vmin, vmax))
        within = ticks[(ticks >= low) & (ticks <= high)]
        return within if len(within) else np.unique([low, high])


def label_whole_numbers(axis: Axis) -> None:
    """Has an axis of steps label whole numbers only, unless its places are logarithmic or the caller's own."""
    locator = axis.get_major_locator()
    if isinstance(locator, AutoLocator):
        locator.set_params(integer=True)


def new_axes(**options: Any) -> Axes:
    """Returns the axes of a new figure with these options."""
    return ShownFigure(layout="constrained", **options).add_subplot(axes_class=ShownAxes)
