"""The heat map of histograms over steps, as the page draws it."""

from __future__ import annotations

from collections.abc import Sequence

from tbevents.views.heat import HeatMap, shared_buckets
from tbevents.views.protocols import Buckets

__all__ = ["BUCKETS", "HeatMap", "heat_map"]

BUCKETS = 48
"""Buckets of a heat map, from its least to its greatest value."""


def heat_map(histograms: Sequence[Buckets]) -> HeatMap:
    """Converts histograms to `BUCKETS` buckets of equal width, from the least to the greatest value of all of them."""
    return shared_buckets(histograms, BUCKETS)
