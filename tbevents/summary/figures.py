"""Figures of matplotlib, as pixels."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["close_figures", "figure_to_image"]


def figure_to_image(figures: Figure | list[Figure], close: bool = True) -> NDArray[np.uint8]:
    """Draws a figure, or several of one size.

    Args:
        figures: one figure, or a list of them.
        close: whether to close them afterwards, so that pyplot does not keep them.

    Returns:
        Shape (3, height, width); of a list, (figures, 3, height, width).

    Raises:
        MissingExtraError: matplotlib is not installed.
        TypeError: it is no figure.
        ValueError: the list is empty, or its figures differ in size.
    """
    if not isinstance(figures, (list, tuple)):
        pixels = _draw(figures)
        if close:
            close_figures(figures)
        return pixels
    drawn = [_draw(figure) for figure in figures]
    if len({pixels.shape for pixels in drawn}) != 1:
        raise ValueError(f"figure: a list must hold figures of one size, not {[pixels.shape[1:] for pixels in drawn]}")
    if close:
        close_figures(figures)
    return np.stack(drawn)


def close_figures(figures: Any) -> None:
    """Makes pyplot forget figures; those that never were pyplot's need nothing."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for figure in figures if isinstance(figures, (list, tuple)) else [figures]:
            if isinstance(figure, pyplot.Figure):
                pyplot.close(figure)


def _draw(figure: Any) -> NDArray[np.uint8]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plot", "a figure") from error
    if not isinstance(figure, Figure):
        raise TypeError(f"figure must be a matplotlib Figure, not {type(figure).__name__}")
    shown_on = figure.canvas
    try:
        canvas = FigureCanvasAgg(figure)  # becomes the figure's canvas
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib leaves it out
        rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # likewise
    finally:
        figure.set_canvas(shown_on)
    return np.array(np.moveaxis(rgba[:, :, :3], 2, 0))
