"""Histograms.

TF1 form: a `HistogramProto`, whose buckets are given by their right edges, so that an empty bucket comes first to give
the left edge of the next. TF2 form: a float64 tensor of shape [k, 3]: left edge, right edge, count.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.format.tensors import from_array
from tbevents.format.values import as_float
from tbevents.proto import HistogramProto, Summary
from tbevents.summary.message import Format, checked_format, from_value, is_finite, plugin_metadata, real_array, warn

__all__ = ["default_edges", "histogram", "histogram_raw", "make_histogram"]

TF2_BUCKETS: Final = 30
"""How many buckets of equal width tf.summary.histogram makes."""

_BLOCK: Final = 1 << 15
"""Values binned at a time, so that what is computed of them stays in the processor's cache."""


def histogram(
    name: str,
    values: Any,
    bins: Any = "tensorflow",
    max_bins: int | None = None,
    *,
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """The distribution of an array's values.

    Only finite values are counted; where others are present, a `TBEventsWarning` names the tag.

    Args:
        name: the tag.
        values: real numbers in any shape, at least one.
        bins: ``"tensorflow"``: in the TF1 form the 1,548 bins between `default_edges`, in the TF2 form 30 bins of equal
            width between the least and the greatest value, as tf.summary.histogram does. Or what numpy.histogram
            takes: a number of bins, increasing edges, or the name of a rule such as ``"auto"`` or ``"fd"``.
        max_bins: where there are more bins, merge every so many that about this many are left.
        format: ``"tf2"`` writes a tensor, as tf.summary.histogram does.

    Raises:
        TypeError, ValueError: no values, or an argument is no such thing.
    """
    array = _flat(name, values)
    finite = array if is_finite(array) else array[np.isfinite(array)]
    if finite.size < array.size:
        warn(f"histogram {name!r}: only the finite values were counted, there are others")
    if checked_format(format) == "tf2":
        table = _table(name, finite, bins, max_bins)
        return from_value(name, tensor=from_array(table), metadata=plugin_metadata("histograms"))
    return from_value(name, histo=_proto(name, finite, bins, max_bins))


def make_histogram(values: Any, bins: Any = "tensorflow", max_bins: int | None = None) -> HistogramProto:
    """The message of `histogram`'s TF1 form, without a tag; values that are not finite are left out."""
    array = _flat(None, values)
    return _proto(None, array if is_finite(array) else array[np.isfinite(array)], bins, max_bins)


def histogram_raw(
    name: str,
    min: Any,  # noqa: A002  # torch's name of it, and so below
    max: Any,  # noqa: A002
    num: Any,
    sum: Any,  # noqa: A002
    sum_squares: Any,
    bucket_limits: Any,
    bucket_counts: Any,
    *,
    format: Format = "tf1",  # noqa: A002
) -> Summary:
    """A histogram that has been counted already.

    Args:
        name: the tag.
        min: the least value.
        max: the greatest value.
        num: how many values there are.
        sum: of the values.
        sum_squares: of the values.
        bucket_limits: the right edge of each bucket, shape (k,).
        bucket_counts: how many values each bucket holds, shape (k,).
        format: ``"tf2"`` writes a tensor, as tf.summary.histogram does; the first bucket's left edge is `min` then.

    Raises:
        TypeError, ValueError: an argument is no such thing, or the lengths differ.
    """
    limits = real_array(name, "bucket_limits", bucket_limits).astype(np.float64)
    counts = real_array(name, "bucket_counts", bucket_counts).astype(np.float64)
    if limits.ndim != 1 or limits.shape != counts.shape:
        raise ValueError(
            f"{name!r}: bucket_limits and bucket_counts must be of one length, not of shapes {limits.shape} and "
            f"{counts.shape}"
        )
    numbers = {"min": min, "max": max, "num": num, "sum": sum, "sum_squares": sum_squares}
    fields = {field: as_float(number, name=f"{name!r}: {field}") for field, number in numbers.items()}
    if checked_format(format) == "tf2":
        lefts = np.concatenate([[fields["min"]], limits[:-1]])[: len(limits)]
        table = np.stack([lefts, limits, counts], axis=1)
        return from_value(name, tensor=from_array(table), metadata=plugin_metadata("histograms"))
    return from_value(name, histo=HistogramProto(**fields, bucket_limit=limits.tolist(), bucket=counts.tolist()))


def default_edges() -> list[float]:
    """The 1,549 edges of the ``"tensorflow"`` bins.

    1e-12, multiplied by 1.1 again and again while below 1e20; the negatives of all these; and 0 between.
    """
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1  # not 1.1**k, which differs in the last bits
    return [*(-edge for edge in reversed(edges)), 0.0, *edges]


def _flat(name: str | None, values: Any) -> NDArray[np.float64]:
    """The values in one dimension; ValueError where there are none."""
    array = real_array(name, "values", values).reshape(-1)
    if not array.size:
        raise ValueError(f"{name!r}: values has no element")
    return np.ascontiguousarray(array, np.float64)


def _proto(name: str | None, values: NDArray[np.float64], bins: Any, max_bins: int | None) -> HistogramProto:
    """The TF1 form of finite values, of which there may be none."""
    counts, limits = _count(name, values, bins, max_bins)
    if not values.size:
        return HistogramProto(bucket_limit=[0.0], bucket=[0.0])
    present = np.flatnonzero(counts)
    if present.size:
        first, last = int(present[0]), int(present[-1])
        shown = counts[first : last + 1].tolist()
        edges = limits[first : last + 2].tolist()
    else:  # all lie outside of the bins
        shown, edges = [len(values)], [float(values.min()), float(values.max())]
    with np.errstate(over="ignore"):
        return HistogramProto(
            min=float(values.min()),
            max=float(values.max()),
            num=len(values),
            sum=float(values.sum()),
            sum_squares=float(values.dot(values)),
            bucket_limit=edges,
            bucket=[0.0, *shown],
        )


def _table(name: str, values: NDArray[np.float64], bins: Any, max_bins: int | None) -> NDArray[np.float64]:
    """The TF2 form of finite values, of which there may be none."""
    if not values.size:
        return np.zeros((TF2_BUCKETS, 3))
    if isinstance(bins, str) and bins == "tensorflow":
        counts, edges = _equal_widths(values)
        counts, edges = _merge(name, counts, edges, max_bins)
    else:
        counts, edges = _count(name, values, bins, max_bins)
    return np.stack([edges[:-1], edges[1:], counts.astype(np.float64)], axis=1)


def _equal_widths(values: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Counts and edges of bins as tf.summary.histogram makes them: of a single value, the last bin holds all."""
    low, high = float(values.min()), float(values.max())
    scale = 1.0 if high / 2 - low / 2 < sys.float_info.max / 2 else 0.25  # so that the range is finite
    width = (high * scale - low * scale) / TF2_BUCKETS
    edges = np.linspace(low * scale, high * scale, TF2_BUCKETS + 1) / scale
    if width == 0:
        return np.array([0] * (TF2_BUCKETS - 1) + [len(values)]), edges
    which = np.minimum(np.floor((values * scale - low * scale) / width), TF2_BUCKETS - 1)
    return np.bincount(which.astype(np.intp), minlength=TF2_BUCKETS), edges


def _count(
    name: str | None, values: NDArray[np.float64], bins: Any, max_bins: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Counts and edges of finite values."""
    if isinstance(bins, str) and bins == "tensorflow":
        counts, edges = _default_bins().count(values)
    else:
        try:
            counts, edges = np.histogram(values, bins=_as_bins(name, bins))
        except TypeError as error:
            raise TypeError(f"{name!r}: bins: {error}") from None
        except (ValueError, MemoryError) as error:  # the latter of too many bins
            raise ValueError(f"{name!r}: bins: {error}") from None
    return _merge(name, counts, edges, max_bins)


def _as_bins(name: str | None, bins: Any) -> Any:
    return bins if isinstance(bins, (str, int, np.integer)) else real_array(name, "bins", bins)


def _merge(
    name: str | None, counts: NDArray[Any], edges: NDArray[Any], max_bins: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Joins every so many bins into one, where there are more than `max_bins`."""
    if max_bins is None:
        return counts, edges
    if not isinstance(max_bins, (int, np.integer)):
        raise TypeError(f"{name!r}: max_bins must be an int, not {type(max_bins).__name__}: {max_bins!r}")
    if max_bins < 1:
        raise ValueError(f"{name!r}: max_bins must be at least 1, not {max_bins!r}")
    # Rounded down, as in torch, so that somewhat more than max_bins may be left.
    every = max(1, len(counts) // max_bins)
    starts = np.arange(0, len(counts), every)
    return np.add.reduceat(counts, starts), np.append(edges[starts], edges[-1])


@dataclass(frozen=True, slots=True)
class _Bins:
    """Bins found by a table, for edges that are far apart compared to float64's precision.

    The upper 16 bits of a float64 (sign, exponent and 4 bits of the mantissa) are a key. Numbers of one key lie within
    a sixteenth of each other, edges at least a tenth apart, so that at most one edge falls among them: a number is in
    the bin that its key begins in, or, from that edge on, in the next.

    Attributes:
        edges: increasing, shape (n + 1,).
        begins: for each key, how many edges are not above its least number, shape (65536,).
        within: for each key, the edge among its other numbers, or inf, shape (65536,).
    """

    edges: NDArray[np.float64]
    begins: NDArray[np.intp]
    within: NDArray[np.float64]

    @classmethod
    def between(cls, edges: Sequence[float]) -> _Bins:
        array = np.array(edges, np.float64)
        bits = np.arange(1 << 16, dtype=np.uint64) << np.uint64(48)
        ends = np.stack([bits, bits | np.uint64((1 << 48) - 1)]).view(np.float64)
        with np.errstate(invalid="ignore"):  # some keys are those of NaN
            low, high = ends.min(axis=0), ends.max(axis=0)  # of negative numbers, the larger bits are the lower number
        begins = np.searchsorted(array, low, side="right")
        within = np.append(array, np.inf)[begins]
        within[~(within <= high)] = np.inf
        return cls(array, begins, within)

    def count(self, values: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """How many finite values each bin holds; the last bin includes its right edge, as in numpy.histogram."""
        totals = np.zeros(len(self.edges) + 1, np.intp)
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK]
            keys = (block.view(np.uint64) >> np.uint64(48)).astype(np.intp)
            which = self.begins.take(keys)
            which += block >= self.within.take(keys)
            totals += np.bincount(which, minlength=len(totals))
        counts = totals[1:-1]
        counts[-1] += np.count_nonzero(values == self.edges[-1]) if totals[-1] else 0
        return counts, self.edges


@functools.cache
def _default_bins() -> _Bins:
    return _Bins.between(default_edges())
