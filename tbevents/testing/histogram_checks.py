"""Checks of histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.format.values import as_array
from tbevents.reading.kinds.histogram import Histogram
from tbevents.reading.run import Run
from tbevents.testing.finding import ROWS, Finding, FindingTable, finding
from tbevents.testing.point_comparison import COLUMNS, cells, some_differ, within
from tbevents.testing.subjects import Subject, as_run, point_of
from tbevents.tools.diff import Tolerance


def check_histogram_close(
    run: Subject,
    tag: str,
    expected: Histogram | Any,
    *,
    step: int | None = None,
    rtol: float = 1e-6,
    atol: float = 0.0,
) -> list[Finding]:
    """Checks that a histogram has the expected counts.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        tag: the tag of a histogram series.
        expected: the values that were logged: real numbers in any shape, which are counted into the buckets of the
            histogram; values that are not finite are ignored, as in `add_histogram`. Or a `Histogram` with the expected
            buckets; empty buckets at the ends are ignored, and so is the first left edge, which the TF1 format lacks.
        step: the step of the histogram; by default the one written last.
        rtol: relative tolerance of counts and edges.
        atol: absolute tolerance of counts.

    Raises:
        ValueError, TypeError: if an argument has a wrong type or value.
        PayloadError: if the value is not a valid histogram.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol)
    values = None if isinstance(expected, Histogram) else as_array(expected, name="expected").ravel()
    if values is not None and values.dtype.kind not in "biuf":
        raise TypeError(f"expected must be real numbers or a Histogram, not {type(expected).__name__} ({values.dtype})")
    run = as_run(run)
    histogram, findings = point_of(run, "histograms", tag, step)
    if histogram is None:
        return findings
    if values is not None:
        values = values.astype(np.float64)
        return _counts(run, tag, histogram, _counted(histogram, values[np.isfinite(values)]), tolerance)
    obtained, wanted = _trimmed(histogram), _trimmed(expected)
    return _edges(run, tag, obtained, wanted, tolerance) or _counts(run, tag, obtained, wanted, tolerance)


def _counted(histogram: Histogram, values: NDArray[np.float64]) -> Histogram:
    """Counts values into the buckets of a histogram; values outside them go into additional buckets at the ends."""
    edges = np.concatenate(([-np.inf], histogram.lefts[:1], histogram.rights, [np.inf]))
    places = np.searchsorted(edges, values, side="right") - 1
    if len(histogram):  # the last bucket includes its right edge, as in numpy and TensorBoard
        places[values == histogram.rights[-1]] = len(histogram)
    counts = np.bincount(places, minlength=len(edges) - 1).astype(np.float64)
    return Histogram(histogram.step, histogram.wall_time, edges[:-1], edges[1:], counts)


def _trimmed(histogram: Histogram) -> Histogram:
    """Returns a histogram without the empty buckets at its ends; their number depends on the writer."""
    filled = np.flatnonzero(histogram.counts)
    part = slice(filled[0], filled[-1] + 1) if len(filled) else slice(0, 0)
    lefts, rights, counts = histogram.lefts[part], histogram.rights[part], histogram.counts[part]
    return Histogram(histogram.step, histogram.wall_time, lefts, rights, counts, histogram.min)


def _edges(run: Run, tag: str, obtained: Histogram, expected: Histogram, tolerance: Tolerance) -> list[Finding]:
    if len(obtained) != len(expected):
        summary = f"step {obtained.step}: it has {len(obtained)} buckets, not {len(expected)}"
        return [finding(run, tag, "shape", summary)]
    rows = [
        [f"{name} of {at}", *cells(float(got[at]), float(want[at]), tolerance, np.float64)]
        for name, got, want in (("left", obtained.lefts, expected.lefts), ("right", obtained.rights, expected.rights))
        for at in np.flatnonzero(~tolerance.near(got, want)).tolist()
        if name == "right" or at or (obtained.min is None and expected.min is None)
    ]
    if not rows:
        return []
    table = FindingTable.of(("edge", *COLUMNS), rows)
    return [finding(run, tag, "edges", f"step {obtained.step}: {len(rows)} edges of buckets differ", table)]


def _counts(run: Run, tag: str, obtained: Histogram, expected: Histogram, tolerance: Tolerance) -> list[Finding]:
    """Compares counts; if `expected` has two more buckets, they hold the values beyond both ends."""
    counts = obtained.counts
    if len(expected) > len(obtained):
        beyond = len(expected) - len(obtained) - 1
        counts = np.concatenate(([0.0], counts, np.zeros(beyond)))
    bad = np.flatnonzero(~tolerance.near(counts, expected.counts))
    if not len(bad):
        return []
    rows = [
        [
            f"{expected.lefts[at]:g} to {expected.rights[at]:g}",
            *cells(float(counts[at]), float(expected.counts[at]), tolerance, np.float64),
        ]
        for at in bad[:ROWS].tolist()
    ]
    summary = f"step {obtained.step}: {some_differ(len(bad), len(counts), 'counts')}{within(tolerance)}"
    return [finding(run, tag, "values", summary, FindingTable.of(("bucket", *COLUMNS), rows, len(bad)))]
