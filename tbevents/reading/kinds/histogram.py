"""Histograms: the number of values between edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError
from tbevents.format.tensors import to_array
from tbevents.proto import HistogramProto, Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import numbers_of_shape
from tbevents.reading.series import LazySeries

__all__ = ["Histogram", "HistogramSeries"]


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """One histogram of k buckets: all that the file has, empty ones included.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        lefts: left edges, float64, shape (k,), unit of the values. The TF1 form has right edges only: the first
            left edge is then `min` there, unless the first bucket ends before it.
        rights: right edges, likewise.
        counts: number of values in each bucket, float64, shape (k,).
        min: the least value; this and the next four are None in the TF2 form, which does not store them.
        max: the greatest value.
        num: number of values.
        sum: of the values.
        sum_squares: of the values.
    """

    step: int
    wall_time: float
    lefts: NDArray[np.float64]
    rights: NDArray[np.float64]
    counts: NDArray[np.float64]
    min: float | None = None
    max: float | None = None
    num: float | None = None
    sum: float | None = None
    sum_squares: float | None = None

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HistogramSeries(LazySeries[Histogram]):
    """The histograms of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> Histogram:
        if value.HasField("histo"):
            return _from_proto(value.histo, step, wall_time)
        table = to_array(value.tensor)
        if table.ndim != 2 or table.shape[1] != 3 or table.dtype.kind not in "fiub":
            raise PayloadError(
                f"a histogram's tensor has rows of left, right and count, not shape {table.shape} of {table.dtype}"
            )
        lefts, rights, counts = np.ascontiguousarray(table.T, np.float64)
        return Histogram(step, wall_time, lefts, rights, counts)


def _from_proto(histo: HistogramProto, step: int, wall_time: float) -> Histogram:
    rights = np.array(histo.bucket_limit, np.float64)
    counts = np.array(histo.bucket, np.float64)
    if len(rights) != len(counts):
        raise PayloadError(f"a histogram has {len(rights)} right edges for {len(counts)} buckets")
    lefts = np.empty_like(rights)
    if len(rights):
        lefts[0] = min(histo.min, rights[0])  # torch puts an empty bucket first, that ends where the values begin
        lefts[1:] = rights[:-1]
    return Histogram(
        step, wall_time, lefts, rights, counts, histo.min, histo.max, histo.num, histo.sum, histo.sum_squares
    )


register(
    Kind(
        name="histograms",
        noun="histogram tag",
        order=10,
        field="histo",
        plugins=("histograms",),
        fits=numbers_of_shape(None, 3),
        data_class="TENSOR",
        series=HistogramSeries,
    )
)
