"""Tensors of any dtype and shape, and values of no other kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.format.tensors import to_array
from tbevents.proto import Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.series import LazySeries


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """The tensor logged under one tag at one step.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        array: the elements, in the tensor's dtype and shape. bfloat16 becomes float32; strings become an object array
            of bytes.
    """

    step: int
    wall_time: float
    array: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TensorSeries(LazySeries[Tensor]):
    """The tensors of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> Tensor:
        if value.HasField("obsolete_old_style_histogram"):  # its format is not documented anywhere
            return Tensor(step, wall_time, np.array(value.obsolete_old_style_histogram, object))
        return Tensor(step, wall_time, to_array(value.tensor))


register(Kind(name="tensors", noun="tensor tag", order=90, series=TensorSeries))
