"""Precision-recall curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError
from tbevents.format.tensors import to_array
from tbevents.proto import Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import numbers_of_shape
from tbevents.reading.series import LazySeries

__all__ = ["PrCurve", "PrCurveSeries"]


@dataclass(frozen=True, slots=True, eq=False)
class PrCurve:
    """One curve over n thresholds. All arrays have shape (n,), and the dtype of the file, float32.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        true_positives: their number or weight at each threshold; so the next three.
        false_positives: likewise.
        true_negatives: likewise.
        false_negatives: likewise.
        precision: between 0 and 1.
        recall: between 0 and 1.
    """

    step: int
    wall_time: float
    true_positives: NDArray[Any]
    false_positives: NDArray[Any]
    true_negatives: NDArray[Any]
    false_negatives: NDArray[Any]
    precision: NDArray[Any]
    recall: NDArray[Any]

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """The thresholds as in TensorBoard: evenly from 0 to 1, since the file does not store them; shape (n,)."""
        return np.linspace(0.0, 1.0, len(self.precision))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PrCurveSeries(LazySeries[PrCurve]):
    """The precision-recall curves of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> PrCurve:
        table = to_array(value.tensor)
        if table.ndim != 2 or table.shape[0] != 6:
            raise PayloadError(f"a precision-recall curve has six rows, not shape {table.shape}")
        return PrCurve(step, wall_time, *table)


register(
    Kind(
        name="pr_curves",
        noun="precision-recall tag",
        order=50,
        plugins=("pr_curves",),
        fits=numbers_of_shape(6, None),
        data_class="TENSOR",
        series=PrCurveSeries,
    )
)
