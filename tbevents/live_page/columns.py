"""Curves as binary columns: thinned to the pixels that a chart has, more points within a zoom."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.tools.json_text import plain
from tbevents.tools.report.arrays import ArrayStore
from tbevents.views.curves import LEAST, thinned

__all__ = ["AXES", "MOST_POINTS", "BinaryStore", "Window"]

AXES: Final = ("step", "order", "relative", "wall")
MOST_POINTS: Final = 50_000
"""The most points of one curve in one answer."""

_ALIGNMENT: Final = 8
_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Window:
    """Which points of a curve a chart shows.

    Attributes:
        points: the most points; the least and greatest value of each bucket are kept, and the first NaN.
        axis: "step", "order", "relative" (seconds since the first known time) or "wall".
        low: where the chart begins, in the unit of the axis; None for the whole curve.
        high: where it ends.
    """

    points: int
    axis: str = "step"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not LEAST <= self.points <= MOST_POINTS:
            raise ValueError(f"points must be from {LEAST} to {MOST_POINTS}, not {self.points}")
        if self.axis not in AXES:
            raise ValueError(f"axis must be one of {', '.join(AXES)}, not {self.axis!r}")
        if (self.low is None) != (self.high is None):
            raise ValueError("from and to must be given together")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise ValueError(f"from must be at most to, not {self.low} and {self.high}")

    def places(self, series: ScalarSeries) -> NDArray[np.intp]:
        """Returns the indices of the points to send: those within the window, thinned, and one to either side."""
        if self.low is None or self.high is None:
            return thinned(series.values, self.points)
        xs = self._axis(series)
        inside = np.flatnonzero((xs >= self.low) & (xs <= self.high))
        if not len(inside):
            after = int(np.searchsorted(xs, self.low)) if len(xs) else 0
            return np.arange(max(0, after - 1), min(len(xs), after + 1))
        first, last = max(0, int(inside[0]) - 1), min(len(xs), int(inside[-1]) + 2)
        return first + thinned(series.values[first:last], self.points)

    def _axis(self, series: ScalarSeries) -> NDArray[Any]:
        if self.axis == "step":
            return series.steps
        if self.axis == "order":
            return np.arange(len(series))
        times = series.wall_times
        if self.axis == "wall":
            return times
        known = times[np.isfinite(times)]
        return times - (known[0] if len(known) else 0.0)


class BinaryStore(ArrayStore):
    """Stores columns as `ArrayStore` does, but as bytes behind a JSON head.

    An entry is ``{"type": "f4", "at": offset, "count": n}`` in place of the base64 text; offsets are multiples of 8.
    """

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()
        self._steps: dict[bytes, int] = {}

    def steps(self, steps: NDArray[np.int64]) -> int:
        """As in `ArrayStore`; what many runs have alike is looked at once."""
        key = steps.tobytes()
        number = self._steps.get(key)
        if number is None:
            number = self._steps[key] = super().steps(steps)
        return number

    def values(self, values: NDArray[Any]) -> int:
        """As in `ArrayStore`."""
        return self._binary(values, "f4") if values.dtype == np.float32 else super().values(values)

    def _binary(self, values: NDArray[Any], code: str) -> int:
        data = values.astype(f"<{code}").tobytes()
        at = len(self._data)
        number = self._keep((code, data), {"type": code, "at": at, "count": len(values)})
        if self.entries[number]["at"] == at and number == len(self.entries) - 1:
            self._data += data
            self._data += bytes(-len(self._data) % _ALIGNMENT)
        return number

    def packed(self, lines: list[dict[str, Any]]) -> bytes:
        """Returns the length of the head (a little-endian uint32), the head as JSON, zeros up to a multiple of 8, data.

        Args:
            lines: what the head says of the curves, beside the columns' entries.
        """
        head = json.dumps(plain({"lines": lines, "arrays": self.entries}), separators=(",", ":")).encode()
        room = bytes(-(_LENGTH.size + len(head)) % _ALIGNMENT)
        return b"".join((_LENGTH.pack(len(head)), head, room, self._data))
