"""Precision-recall curves: a float32 tensor of shape [6, thresholds].

The rows are true positives, false positives, true negatives, false negatives, precision and recall. The columns are
thresholds, equally spaced from 0 to 1.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.format.tensors import from_array
from tbevents.format.values import as_float, checked_text
from tbevents.proto import PrCurvePluginData, Summary
from tbevents.summary.builders import from_value, of_tag, plugin_metadata, real_array

MOST_THRESHOLDS: Final = 127
"""The largest number of thresholds of `pr_curve`, as in torch."""

_SMALLEST: Final = 1e-7  # the smallest divisor, which avoids 0 / 0 as in TensorBoard's own summary


def pr_curve(tag: str, labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None) -> Summary:
    """Returns a summary of the precision-recall curve of a binary classifier: see `SummaryWriter.add_pr_curve`.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value, or the shapes differ.
    """
    tag = checked_text(tag)
    count = min(_thresholds(tag, num_thresholds), MOST_THRESHOLDS)
    return _curve(tag, compute_curve(labels, predictions, count, weights, tag=tag))


def _thresholds(tag: str | None, value: Any) -> int:
    count = as_float(value, name=of_tag(tag, "num_thresholds"))
    if not (count.is_integer() and count >= 1):
        raise ValueError(of_tag(tag, f"num_thresholds must be an int of at least 1, not {value!r}"))
    return int(count)


def pr_curve_raw(
    tag: str,
    tp: Any,
    fp: Any,
    tn: Any,
    fn: Any,
    precision: Any,
    recall: Any,
    num_thresholds: int = 127,  # noqa: ARG001  # part of torch's signature; the length of the arrays is used
    weights: Any = None,  # noqa: ARG001  # part of torch's signature; the counts are already weighted
) -> Summary:
    """Returns a summary of a precision-recall curve from its counts: see `SummaryWriter.add_pr_curve_raw`.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value, or the lengths differ.
    """
    given = {
        "true_positive_counts": tp,
        "false_positive_counts": fp,
        "true_negative_counts": tn,
        "false_negative_counts": fn,
        "precision": precision,
        "recall": recall,
    }
    rows = {argument: real_array(tag, argument, row) for argument, row in given.items()}
    shapes = {row.shape for row in rows.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or (0,) in shapes:
        text = ", ".join(f"{argument} {row.shape}" for argument, row in rows.items())
        raise ValueError(f"{tag!r}: the curve's arrays must all have the same shape (n,): {text}")
    return _curve(tag, np.stack([row.astype(np.float64) for row in rows.values()]))


def compute_curve(
    labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None, *, tag: str | None = None
) -> NDArray[np.float64]:
    """Returns the six rows of a curve, shape (6, `num_thresholds`); the other arguments are those of `pr_curve`.

    At threshold k of n, a prediction p is positive if floor(p * (n - 1)) >= k.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value, or the shapes differ.
    """
    num_thresholds = _thresholds(tag, num_thresholds)
    true = real_array(tag, "labels", labels).astype(np.float64)
    shape = true.shape
    predicted = real_array(tag, "predictions", predictions)
    weight = np.asarray(1.0) if weights is None else real_array(tag, "weights", weights).astype(np.float64)
    if not true.size or predicted.shape != shape:
        text = f"labels and predictions must have the same shape and not be empty: {shape}, {predicted.shape}"
        raise ValueError(of_tag(tag, text))
    if weight.shape not in ((), shape):
        text = f"weights must be a number or have the shape of labels {shape}, not {weight.shape}"
        raise ValueError(of_tag(tag, text))
    if not np.isfinite(weight).all():
        raise ValueError(of_tag(tag, "weights must be finite"))
    if not ((true >= 0) & (true <= 1)).all():
        raise ValueError(of_tag(tag, "labels must be 0 or 1"))
    with np.errstate(invalid="ignore", over="ignore"):
        places = np.floor(predicted * (num_thresholds - 1))
        inside = (places >= 0) & (places <= num_thresholds - 1) & np.isfinite(predicted)
    if not inside.all():
        raise ValueError(of_tag(tag, f"predictions must be from 0 to 1, not {predicted[~inside].flat[0]}"))
    places = places.ravel().astype(np.intp)
    positive = np.bincount(places, (true * weight).ravel(), num_thresholds)
    negative = np.bincount(places, ((1.0 - true) * weight).ravel(), num_thresholds)
    tp = positive[::-1].cumsum()[::-1]
    fp = negative[::-1].cumsum()[::-1]
    tn = fp[0] - fp
    fn = tp[0] - tp
    return np.stack([tp, fp, tn, fn, tp / np.maximum(_SMALLEST, tp + fp), tp / np.maximum(_SMALLEST, tp + fn)])


def _curve(tag: str, rows: NDArray[np.float64]) -> Summary:
    content = PrCurvePluginData(num_thresholds=rows.shape[1]).SerializeToString()
    with np.errstate(over="ignore"):
        tensor = from_array(rows.astype(np.float32), typed=True)
    return from_value(tag, tensor=tensor, metadata=plugin_metadata("pr_curves", content))
