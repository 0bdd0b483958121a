"""Columns of numbers in the page: compact, exact if needed, equal ones stored once."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.tools.report.pauses import Pause

_TIME_ERROR = 1e-3
"""The largest error of a time in a picture, seconds."""


def first_time(times: NDArray[np.float64]) -> float:
    """Returns the first of some times that is finite; 0 if none is."""
    if len(times) and math.isfinite(times[0]):
        return float(times[0])
    known = times[np.isfinite(times)]
    return float(known[0]) if len(known) else 0.0


def short_values(values: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns values as float32, and which of them that changes; shapes (n,)."""
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    return short, ~((short == values) | np.isnan(values))


def short_offsets(seconds: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns durations as float32, and which of them that changes by more than a millisecond; shapes (n,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        short = seconds.astype(np.float32)
        return short, (np.abs(short - seconds) > _TIME_ERROR) & np.isfinite(seconds)


class ArrayStore:
    """Stores columns, and returns the number of each; equal columns have the same number.

    An entry is ``{"range": [first, stride, count]}`` if the numbers are evenly spaced integers, as most steps are, or
    ``{"type": "f4", "base64": ...}``: little-endian numbers of that type (f4, f8, i4, i8, u1).

    Attributes:
        entries: the columns by number, ready for JSON.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._numbers: dict[object, int] = {}

    def curve(self, series: ScalarSeries, places: NDArray[np.intp], pauses: Sequence[Pause] = ()) -> dict[str, Any]:
        """Stores some points of a series.

        Args:
            series: the series.
            places: indices of the points, ascending.
            pauses: those of the series, as `pauses_of` finds them.

        Returns:
            ``count``, of all points; ``start``, the first known time; and the numbers of the columns ``steps``,
            ``order`` (the indices), ``offsets`` (seconds since the start) and ``values``; ``pauses``, if there are any.
        """
        times = series.wall_times
        start = first_time(times)
        return {
            "count": len(series),
            "start": start,
            "steps": self.steps(series.steps[places]),
            "order": self.steps(places.astype(np.int64)),
            "offsets": self.offsets(times[places] - start),
            "values": self.values(series.values[places]),
            **({"pauses": [list(pause) for pause in pauses]} if pauses else {}),
        }

    def steps(self, steps: NDArray[np.int64]) -> int:
        """Stores integers exactly; returns the number of the column."""
        count = len(steps)
        if count > 1 and int(steps[-1]) - int(steps[0]) == (int(steps[1]) - int(steps[0])) * (count - 1):
            stride = int(steps[1]) - int(steps[0])
            if bool((np.diff(steps) == stride).all()) and max(map(abs, steps[[0, -1]].tolist())) < 2**53:
                return self._keep(("range", int(steps[0]), stride, count), {"range": [int(steps[0]), stride, count]})
        small = count == 0 or (int(steps.min()) >= -(2**31) and int(steps.max()) < 2**31)
        return self._binary(steps, "i4" if small else "i8")

    def values(self, values: NDArray[Any]) -> int:
        """Stores values exactly: as float32 if that is exact, else as float64."""
        return self._binary(values, "f8" if short_values(values)[1].any() else "f4")

    def offsets(self, seconds: NDArray[np.float64]) -> int:
        """Stores durations, to the millisecond."""
        return self._binary(seconds, "f8" if short_offsets(seconds)[1].any() else "f4")

    def floats(self, values: NDArray[Any]) -> int:
        """Stores numbers that are only drawn, as float32."""
        with np.errstate(over="ignore"):
            return self._binary(values, "f4")

    def _binary(self, values: NDArray[Any], code: str) -> int:
        data = values.astype(f"<{code}").tobytes()
        known = hashlib.blake2b(data, digest_size=16).digest()  # the data itself would be in memory twice
        return self._keep((code, known), {"type": code, "base64": base64.b64encode(data).decode("ascii")})

    def _keep(self, key: object, entry: dict[str, Any]) -> int:
        number = self._numbers.setdefault(key, len(self.entries))
        if number == len(self.entries):
            self.entries.append(entry)
        return number
