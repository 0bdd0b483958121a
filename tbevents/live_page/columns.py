"""Curves as binary columns: thinned to the pixels that a chart has, more points within a zoom."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.reading.points import PointColumns
from tbevents.tools.report.arrays import ArrayStore, first_time, short_offsets, short_values
from tbevents.views.curves import LEAST, thinned, thinned_each

AXES: Final = ("step", "order", "relative", "wall")
MOST_POINTS: Final = 50_000
"""The most points of one curve in one response."""

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
        checked_choice("axis", self.axis, AXES)
        if (self.low is None) != (self.high is None):
            raise ValueError("from and to must be given together")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise ValueError(f"from must be at most to, not {self.low} and {self.high}")

    def places(self, curves: Sequence[PointColumns]) -> list[NDArray[np.intp]]:
        """Returns the indices of the points to send of each curve, ascending.

        These are the points within the window, thinned, and one to either side.
        """
        if self.low is None or self.high is None:
            return thinned_each([curve.values for curve in curves], self.points)
        return [self._places_within(curve, self.low, self.high) for curve in curves]

    def _places_within(self, curve: PointColumns, low: float, high: float) -> NDArray[np.intp]:
        xs = self._axis(curve)
        inside = np.flatnonzero((xs >= low) & (xs <= high))
        if not len(inside):
            after = int(np.searchsorted(xs, low)) if len(xs) else 0
            return np.arange(max(0, after - 1), min(len(xs), after + 1))
        first, last = max(0, int(inside[0]) - 1), min(len(xs), int(inside[-1]) + 2)
        return first + thinned(curve.values[first:last], self.points)

    def _axis(self, curve: PointColumns) -> NDArray[Any]:
        if self.axis == "step":
            return curve.steps
        times = curve.wall_times
        if self.axis == "order":
            return np.arange(len(times))
        if self.axis == "wall":
            return times
        return times - first_time(times)


class BinaryStore(ArrayStore):
    """Stores columns as `ArrayStore` does, but as bytes behind a JSON head.

    An entry is ``{"type": "f4", "at": offset, "count": n}`` in place of the base64 text; offsets are multiples of 8.
    """

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()
        self._steps: tuple[bytes | None, int] = None, -1  # those stored last: as a rule the next ones are the same
        self._orders: dict[int, int] = {}

    def curves(self, curves: Sequence[PointColumns], places: Sequence[NDArray[np.intp]]) -> list[dict[str, Any]]:
        """Stores some points of several curves, all of them together; returns of each what `curve` does.

        Args:
            curves: the points.
            places: of each curve, which of its points, ascending.
        """
        if not curves:
            return []
        starts = [first_time(curve.wall_times) for curve in curves]
        counts = [len(each) for each in places]
        seconds = _chosen([curve.wall_times for curve in curves], places) - np.repeat(starts, counts)
        offsets = self._floats(seconds, *short_offsets(seconds), counts)
        numbers = _chosen([curve.values for curve in curves], places)
        values = self._floats(numbers, *short_values(numbers), counts)
        return [
            {
                "count": len(curve.values),
                "start": start,
                "steps": self.steps(_all_or(curve.steps, chosen)),
                "order": self._order(chosen, len(curve.values)),
                "offsets": offset,
                "values": value,
            }
            for curve, chosen, start, offset, value in zip(curves, places, starts, offsets, values, strict=True)
        ]

    def steps(self, steps: NDArray[np.int64]) -> int:
        """As in `ArrayStore`."""
        key = steps.tobytes()
        if key != self._steps[0]:
            self._steps = key, super().steps(steps)
        return self._steps[1]

    def _order(self, places: NDArray[np.intp], count: int) -> int:
        """Stores the indices of points of a curve."""
        if len(places) < count:
            return super().steps(places.astype(np.int64))
        if count not in self._orders:
            self._orders[count] = super().steps(np.arange(count))
        return self._orders[count]

    def _floats(
        self, long: NDArray[Any], short: NDArray[np.float32], changed: NDArray[np.bool_], counts: Sequence[int]
    ) -> list[int]:
        """Stores columns that are one behind the other: as float32 those of which no number is `changed`."""
        ends = np.cumsum([0, *counts])
        is_long = [False] * len(counts)
        if changed.any():
            until = np.concatenate(([0], np.cumsum(changed)))
            is_long = (until[ends[1:]] > until[ends[:-1]]).tolist()
        data = short.astype("<f4", copy=False).tobytes()
        return [
            self._binary(long[start:end], "f8") if beyond else self._put(data[4 * start : 4 * end], "f4", end - start)
            for start, end, beyond in zip(ends[:-1].tolist(), ends[1:].tolist(), is_long, strict=True)
        ]

    def _binary(self, values: NDArray[Any], code: str) -> int:
        return self._put(values.astype(f"<{code}").tobytes(), code, len(values))

    def _put(self, data: bytes, code: str, count: int) -> int:
        at = len(self._data)
        number = self._keep((code, data), {"type": code, "at": at, "count": count})
        if self.entries[number]["at"] == at and number == len(self.entries) - 1:
            self._data += data
            self._data += bytes(-len(self._data) % _ALIGNMENT)
        return number

    def packed(self, lines: list[dict[str, Any]]) -> bytes:
        """Returns the length of the head (a little-endian uint32), the head as JSON, zeros up to a multiple of 8, data.

        Args:
            lines: what the head says of the curves, beside the columns' entries: strict JSON.
        """
        head = json.dumps({"lines": lines, "arrays": self.entries}, separators=(",", ":"), allow_nan=False).encode()
        room = bytes(-(_LENGTH.size + len(head)) % _ALIGNMENT)
        return b"".join((_LENGTH.pack(len(head)), head, room, self._data))


def _all_or(column: NDArray[Any], places: NDArray[np.intp]) -> NDArray[Any]:
    return column if len(places) == len(column) else column[places]


def _chosen(columns: Sequence[NDArray[Any]], places: Sequence[NDArray[np.intp]]) -> NDArray[Any]:
    """Some numbers of each column, one column behind the other."""
    return np.concatenate([_all_or(column, chosen) for column, chosen in zip(columns, places, strict=True)])
