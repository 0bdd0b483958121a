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


@dataclass(frozen=True, slots=True, eq=False)
class PrCurve:
    """One curve over n thresholds. All arrays have shape (n,) and the dtype in the file, usually float32.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        true_positives: number, or total weight, of true positives at each threshold.
        false_positives: number or total weight of false positives.
        true_negatives: number or total weight of true negatives.
        false_negatives: number or total weight of false negatives.
        precision: 0 to 1.
        recall: 0 to 1.
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
        """The thresholds, float64, shape (n,): evenly spaced from 0 to 1, as in TensorBoard; the file has none."""
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
