"""What views ask of a series: the Protocols that series of any origin meet."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["AnySeries", "ScalarCurve"]


class AnySeries(Protocol):
    """What all series have."""

    @property
    def tag(self) -> str:
        """The name of the series."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps, shape (n,)."""

    def __len__(self) -> int: ...


class ScalarCurve(AnySeries, Protocol):
    """A series of numbers."""

    @property
    def wall_times(self) -> NDArray[np.float64]:
        """Seconds since 1970, shape (n,)."""

    @property
    def values(self) -> NDArray[Any]:
        """Real numbers, shape (n,)."""
