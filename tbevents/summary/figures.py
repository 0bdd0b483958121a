"""Pixels of matplotlib figures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_to_image(figures: Figure | list[Figure], close: bool = True) -> NDArray[np.uint8]:
    """Draws one figure, or several figures of the same size.

    Args:
        figures: a figure, or a list of figures.
        close: if True, close the figures afterwards, so that pyplot does not keep them.

    Returns:
        The pixels, shape (3, height, width); for a list, shape (figures, 3, height, width).

    Raises:
        MissingExtraError: if matplotlib is not installed.
        TypeError: if an object is not a figure.
        ValueError: if the list is empty, or its figures differ in size.
    """
    if not isinstance(figures, (list, tuple)):
        pixels = _draw(figures)
        if close:
            close_figures(figures)
        return pixels
    drawn = [_draw(figure) for figure in figures]
    if len({pixels.shape for pixels in drawn}) != 1:
        sizes = [pixels.shape[1:] for pixels in drawn]
        raise ValueError(f"figure: a list must hold figures of the same size, not of sizes {sizes}")
    if close:
        close_figures(figures)
    return np.stack(drawn)


def close_figures(figures: Any) -> None:
    """Closes those of the figures that belong to pyplot."""
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
        raise MissingExtraError("matplotlib", "plot", "logging a figure") from error
    if not isinstance(figure, Figure):
        raise TypeError(f"figure must be a matplotlib Figure, not {type(figure).__name__}")
    shown_on = figure.canvas
    try:
        canvas = FigureCanvasAgg(figure)  # becomes the figure's canvas
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no type for it
        rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # likewise
    finally:
        figure.set_canvas(shown_on)
    return np.array(np.moveaxis(rgba[:, :, :3], 2, 0))
