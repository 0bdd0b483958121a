"""How much of a logdir goes into a report."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tbevents.views.curves import LEAST

__all__ = ["ReportLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLimits:
    """What a report holds at most; what is beyond that is thinned or left out, and the page says so.

    Attributes:
        points: of a curve. Longer ones are thinned for the picture; minima, maxima and gaps stay.
        steps: of images, texts, histograms and precision-recall curves under one tag of one run: evenly chosen, the
            first and the last among them.
        pixels: the longer side of a picture; larger ones are scaled down.
        decoded: pixels that a picture may have, all frames together: those with more are not decoded.
        text: characters of a text, or of a description.
        texts: texts of one step; of a table of texts, its cells.
        media: bytes of all pictures together, as they stand in the page.
    """

    points: int = 5_000
    steps: int = 40
    pixels: int = 640
    decoded: int = 2**25
    text: int = 20_000
    texts: int = 1_000
    media: int = 32 * 2**20

    def __post_init__(self) -> None:
        for each in fields(self):
            least = LEAST if each.name == "points" else 1
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{each.name} must be an integer, at least {least}, not {value!r}")
