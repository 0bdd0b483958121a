"""Figures and axes of matplotlib that notebooks show, and that pyplot knows nothing of.

Importing this module imports matplotlib: where it is missing, the import raises `MissingExtraError`.
"""

from __future__ import annotations

import io
from typing import Any

from tbevents.errors import MissingExtraError

try:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError:
    raise MissingExtraError("matplotlib", "plot", "plotting") from None

__all__ = ["ShownAxes", "ShownFigure", "new_axes"]


class ShownFigure(Figure):
    """A figure that is a cell's result is shown, as pyplot's are; nothing keeps it alive but its user."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


class ShownAxes(Axes):
    """Axes that are a cell's result show their figure."""

    def _repr_png_(self) -> bytes:
        figure: Any = self.figure
        picture: bytes = figure._repr_png_()
        return picture


def new_axes(**options: Any) -> Axes:
    """The axes of a figure of its own, which has these options."""
    return ShownFigure(layout="constrained", **options).add_subplot(axes_class=ShownAxes)
