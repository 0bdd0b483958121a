"""The Protocols that views accept: series and histograms of any origin."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class AnySeries(Protocol):
    """What all series have."""

    @property
    def tag(self) -> str:
        """The name of the series."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps, shape (n,)."""

    def __len__(self) -> int: ...


class TimedSeries(AnySeries, Protocol):
    """A series whose points have times."""

    @property
    def wall_times(self) -> NDArray[np.float64]:
        """Seconds since 1970, shape (n,)."""


class ScalarCurve(TimedSeries, Protocol):
    """A series of numbers."""

    @property
    def values(self) -> NDArray[Any]:
        """Real numbers, shape (n,)."""


class Buckets(Protocol):
    """A histogram of k buckets."""

    @property
    def step(self) -> int:
        """The step it was logged at."""

    @property
    def lefts(self) -> NDArray[np.float64]:
        """Left edges, shape (k,)."""

    @property
    def rights(self) -> NDArray[np.float64]:
        """Right edges, shape (k,)."""

    @property
    def counts(self) -> NDArray[np.float64]:
        """Number of values in each bucket, shape (k,)."""

    @property
    def min(self) -> float | None:
        """The least value, if it is known."""

    @property
    def max(self) -> float | None:
        """The greatest value, if it is known."""
