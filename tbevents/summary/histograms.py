"""Histograms.

TF1 form: a `HistogramProto`, which stores only the right edge of each bucket; an empty first bucket gives the left edge
of the next one. TF2 form: a float64 tensor of shape [k, 3]: left edge, right edge, count.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.callers import warn_caller
from tbevents.errors import TBEventsWarning
from tbevents.format.tensors import from_array
from tbevents.format.values import as_float, whole
from tbevents.proto import HistogramProto, Summary
from tbevents.summary.builders import Format, checked_format, from_value, is_finite, of_tag, plugin_metadata, real_array

TF2_BUCKETS: Final = 30
"""The number of buckets of equal width in tf.summary.histogram."""

_BLOCK: Final = 1 << 15
"""Values binned at a time, so that intermediate results stay in the processor's cache."""


def histogram(
    name: str,
    values: Any,
    bins: Any = "tensorflow",
    max_bins: int | None = None,
    *,
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """Returns a summary of the distribution of an array's values: see `SummaryWriter.add_histogram`.

    ``format="tf2"`` writes a tensor, as tf.summary.histogram does.

    Raises:
        TypeError, ValueError: if there are no values, or an argument has the wrong type or value.
    """
    array = _flat(name, values)
    finite = array if is_finite(array) else array[np.isfinite(array)]
    if finite.size < array.size:
        warn_caller(f"histogram {name!r}: values that are not finite were not counted", TBEventsWarning)
    if checked_format(format) == "tf2":
        table = _table(name, finite, bins, max_bins)
        return from_value(name, tensor=from_array(table), metadata=plugin_metadata("histograms"))
    return from_value(name, histo=_proto(name, finite, bins, max_bins))


def make_histogram(values: Any, bins: Any = "tensorflow", max_bins: int | None = None) -> HistogramProto:
    """Returns the message of a histogram's TF1 form, without a tag. Values that are not finite are not counted.

    Raises:
        TypeError, ValueError: if there are no values, or an argument has the wrong type or value.
    """
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
    """Returns a summary of a histogram from its bucket counts: see `SummaryWriter.add_histogram_raw`.

    ``format="tf2"`` writes a tensor, as tf.summary.histogram does; the left edge of the first bucket is `min`.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value, or the lengths differ.
    """
    limits = real_array(name, "bucket_limits", bucket_limits).astype(np.float64)
    counts = real_array(name, "bucket_counts", bucket_counts).astype(np.float64)
    if limits.ndim != 1 or limits.shape != counts.shape:
        raise ValueError(
            f"{name!r}: bucket_limits and bucket_counts must be one-dimensional and equally long, not of shapes "
            f"{limits.shape} and {counts.shape}"
        )
    numbers = {"min": min, "max": max, "num": num, "sum": sum, "sum_squares": sum_squares}
    fields = {field: as_float(number, name=f"{name!r}: {field}") for field, number in numbers.items()}
    if checked_format(format) == "tf2":
        lefts = np.concatenate([[fields["min"]], limits[:-1]])[: len(limits)]
        table = np.stack([lefts, limits, counts], axis=1)
        return from_value(name, tensor=from_array(table), metadata=plugin_metadata("histograms"))
    return from_value(name, histo=HistogramProto(**fields, bucket_limit=limits.tolist(), bucket=counts.tolist()))


def default_edges() -> list[float]:
    """Returns the 1,549 edges of the ``"tensorflow"`` bins.

    The positive edges start at 1e-12 and grow by a factor of 1.1 while below 1e20. The negative edges mirror them, and
    0 is an edge, too.
    """
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1  # 1.1**k would differ in the last bits
    return [*(-edge for edge in reversed(edges)), 0.0, *edges]


def _flat(name: str | None, values: Any) -> NDArray[np.float64]:
    """Returns the values as a float64 array of shape (n,). Raises ValueError if it is empty."""
    array = real_array(name, "values", values).reshape(-1)
    if not array.size:
        raise ValueError(of_tag(name, "values must not be empty"))
    return np.ascontiguousarray(array, np.float64)


def _proto(name: str | None, values: NDArray[np.float64], bins: Any, max_bins: int | None) -> HistogramProto:
    """Returns the TF1 form of finite values; there may be none."""
    counts, limits = _count(name, values, bins, max_bins)
    if not values.size:
        return HistogramProto(bucket_limit=[0.0], bucket=[0.0])
    present = np.flatnonzero(counts)
    if present.size:
        first, last = int(present[0]), int(present[-1])
        shown = counts[first : last + 1].tolist()
        edges = limits[first : last + 2].tolist()
    else:  # all values are outside the bins
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
    """Returns the TF2 form of finite values; there may be none."""
    if not values.size:
        return np.zeros((TF2_BUCKETS, 3))
    if isinstance(bins, str) and bins == "tensorflow":
        counts, edges = _equal_widths(values)
        counts, edges = _merge(name, counts, edges, max_bins)
    else:
        counts, edges = _count(name, values, bins, max_bins)
    return np.stack([edges[:-1], edges[1:], counts.astype(np.float64)], axis=1)


def _equal_widths(values: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Returns counts and edges like tf.summary.histogram. If all values are equal, the last bin holds all of them."""
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
    """Returns counts and edges of finite values."""
    if isinstance(bins, str) and bins == "tensorflow":
        counts, edges = _default_bins().count(values)
    else:
        try:
            plain = isinstance(bins, (str, int, np.integer))
            counts, edges = np.histogram(values, bins=bins if plain else real_array(name, "bins", bins))
        except TypeError as error:
            raise TypeError(of_tag(name, f"bins: {error}")) from None
        except (ValueError, MemoryError) as error:  # MemoryError if there are too many bins
            raise ValueError(of_tag(name, f"bins: {error}")) from None
    return _merge(name, counts, edges, max_bins)


def _merge(
    name: str | None, counts: NDArray[Any], edges: NDArray[Any], max_bins: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Merges neighbouring bins if there are more than `max_bins`."""
    if max_bins is None:
        return counts, edges
    most = whole(of_tag(name, "max_bins"), max_bins, least=1)
    # Rounded down as in torch, so slightly more than max_bins may be left.
    every = max(1, len(counts) // most)
    starts = np.arange(0, len(counts), every)
    return np.add.reduceat(counts, starts), np.append(edges[starts], edges[-1])


@dataclass(frozen=True, slots=True)
class _Bins:
    """Bins looked up in a table, for edges that are far apart compared to float64's precision.

    The key of a float64 is its upper 16 bits: sign, exponent and 4 bits of the mantissa. Numbers with the same key
    differ by at most 1/16, and edges by at least 1/10, so at most one edge lies inside the range of a key. A number
    is in the bin where its key's range begins or, from that edge on, in the next one.

    Attributes:
        edges: increasing, shape (n + 1,).
        begins: for each key, the number of edges <= the lowest number with this key, shape (65536,).
        within: for each key, the edge inside its range, or inf, shape (65536,).
    """

    edges: NDArray[np.float64]
    begins: NDArray[np.intp]
    within: NDArray[np.float64]

    @classmethod
    def between(cls, edges: Sequence[float]) -> _Bins:
        array = np.array(edges, np.float64)
        bits = np.arange(1 << 16, dtype=np.uint64) << np.uint64(48)
        ends = np.stack([bits, bits | np.uint64((1 << 48) - 1)]).view(np.float64)
        with np.errstate(invalid="ignore"):  # some keys belong to NaN
            low, high = ends.min(axis=0), ends.max(axis=0)  # a negative number is lower if its bits are larger
        begins = np.searchsorted(array, low, side="right")
        within = np.append(array, np.inf)[begins]
        within[~(within <= high)] = np.inf
        return cls(array, begins, within)

    def count(self, values: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Returns the number of values in each bin; the last bin includes its right edge, as in numpy.histogram."""
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
