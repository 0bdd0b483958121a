"""Histograms over steps, as the page draws them."""

from __future__ import annotations

from collections.abc import Sequence

from tbevents.views.heat import QUANTILES, HeatMap, quantiles, shared_buckets
from tbevents.views.protocols import Buckets

__all__ = ["BUCKETS", "QUANTILES", "HeatMap", "heat_map", "quantiles"]

BUCKETS = 48
"""Buckets of a heat map, from its least to its greatest value."""


def heat_map(histograms: Sequence[Buckets]) -> HeatMap:
    """Converts histograms to `BUCKETS` buckets of equal width, from the least to the greatest value of all of them."""
    return shared_buckets(histograms, BUCKETS)
