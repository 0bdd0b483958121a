"""The limits of what a report holds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tbevents.format.values import whole
from tbevents.views.curves import LEAST


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLimits:
    """The most that a report holds; the rest is thinned or left out, and the page says so.

    Attributes:
        points: points of a curve. Longer curves are thinned for the picture; minima, maxima and gaps are kept.
        steps: steps of images, texts, histograms and precision-recall curves under one tag of one run; evenly chosen,
            with the first and the last among them.
        pixels: longer side of a picture; larger pictures are scaled down.
        decoded: pixels of a picture, all frames together; larger pictures are not decoded.
        text: characters of a text or description.
        texts: texts of one step, or cells of a table of texts.
        media: bytes of all pictures and sounds together, as encoded in the page.
        letters: characters of all texts together.
    """

    points: int = 5_000
    steps: int = 40
    pixels: int = 640
    decoded: int = 2**25
    text: int = 20_000
    texts: int = 1_000
    media: int = 32 * 2**20
    letters: int = 16 * 2**20

    def __post_init__(self) -> None:
        for each in fields(self):
            least = LEAST if each.name == "points" else 1
            object.__setattr__(self, each.name, whole(each.name, getattr(self, each.name), least))
