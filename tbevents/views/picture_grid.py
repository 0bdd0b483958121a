"""Pictures side by side, through matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.views.safe_text import shortened

if TYPE_CHECKING:
    from tbevents.views.figure import ShownFigure

_SIDE: Final = 2.4
"""Width and height of a picture in inches, with its title."""

_ACROSS: Final = 4
"""Pictures in a row."""


def draw_pictures(
    pictures: Sequence[tuple[str, NDArray[Any] | str]], title: str, size: tuple[float, float] | None = None
) -> ShownFigure:
    """Returns a figure of pictures in rows.

    Args:
        pictures: the title of each, and its pixels, shape (height, width, channels) of 1 to 4 channels; or a text that
            says why there is no picture.
        title: text above the pictures.
        size: width and height of the figure in inches; None to choose by the number of pictures.

    Raises:
        MissingExtraError: if matplotlib is not installed.
    """
    from tbevents.views.figure import ShownFigure

    columns = max(1, min(len(pictures), _ACROSS))
    rows = -(-len(pictures) // columns) or 1
    size = size or (_SIDE * columns + 0.4, _SIDE * rows + 0.6)
    figure = ShownFigure(figsize=size, dpi=120.0, layout="constrained")
    for axes, (name, picture) in zip(figure.subplots(rows, columns, squeeze=False).flat, pictures, strict=False):
        axes.set_title(shortened(name, 40), fontsize="small", parse_math=False)
        if isinstance(picture, str):
            said = axes.text(0.5, 0.5, shortened(picture, 120), ha="center", va="center", wrap=True, fontsize="small")
            said.set_parse_math(False)
        else:
            shown, options = _as_rgb(picture)
            axes.imshow(shown, interpolation="nearest", **options)
    for axes in figure.axes:
        axes.set_axis_off()
    figure.suptitle(shortened(title, 50), fontsize="medium").set_parse_math(False)
    return figure


def _as_rgb(pixels: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """Returns pixels as matplotlib draws them without changing their colours, and the options for it."""
    if pixels.dtype != np.uint8:  # deeper than a screen
        pixels = np.clip(pixels.astype(np.float64) / 257, 0, 255).astype(np.uint8)
    if pixels.shape[2] == 1:
        return pixels[:, :, 0], {"cmap": "gray", "vmin": 0, "vmax": 255}
    if pixels.shape[2] == 2:  # grey with alpha
        pixels = np.concatenate((np.repeat(pixels[:, :, :1], 3, axis=2), pixels[:, :, 1:]), axis=2)
    return pixels, {}
