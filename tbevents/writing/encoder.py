"""The list of a writer's pending events, and the records that they are encoded to.

The list is flat: each event is `ITEMS` items, so that one column of many scalars is a slice. (One tuple per event would
cost twice as much to append, three times as much to take apart, and keep the garbage collector busy.)

    a scalar            series, step, wall_time, value
    any other event     OTHER, its serialised bytes, `Columns` or `LatestEvent`, None, None
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from tbevents.format.record import encode_record
from tbevents.format.scalar_encoder import ScalarEncoder
from tbevents.format.scalar_layout import ScalarForm
from tbevents.writing.checked_points import CheckedPoints
from tbevents.writing.latest_event import LatestEvent

ITEMS: Final = 4
"""The number of list items per event."""

OTHER: Final = -1
"""Stands in place of the series number in events that are not scalars."""

Item: TypeAlias = Any
"""An int, float, bytes, `Columns`, `LatestEvent` or None, as described above."""

SeriesKey: TypeAlias = str | tuple[str, str]
"""A tag, for a series of ScalarForm.SIMPLE; or a tag and the value of another form."""


class Columns(NamedTuple):
    """Many points of one series, logged by one call."""

    series: int
    points: CheckedPoints


class Block(NamedTuple):
    """Complete records in sequence, and their number."""

    records: bytes | bytearray
    events: int


def count_events(items: Sequence[Item]) -> int:
    """Returns the number of events in the items."""
    others = items[1::ITEMS]
    return len(others) + sum(len(other.points.steps) - 1 for other in others if isinstance(other, Columns))


class Encoder:
    """Encodes events as records."""

    def __init__(self) -> None:
        self._scalars = ScalarEncoder()
        self._known = 0  # the number of series added to the scalar encoder

    def encode(self, items: Sequence[Item], series: Sequence[SeriesKey]) -> Block:
        """Returns the records of a batch of events, in order. `series` are all series of the writer by number."""
        for key in series[self._known :]:
            tag, form = (key, ScalarForm.SIMPLE) if isinstance(key, str) else (key[0], ScalarForm(key[1]))
            self._scalars.add_series(tag, form)
        self._known = len(series)
        numbers = items[::ITEMS]
        if OTHER not in numbers:  # the usual case
            return Block(self._encode_scalars(items), len(numbers))
        parts: list[bytes | bytearray] = []
        done = 0
        for at in [ITEMS * place for place, number in enumerate(numbers) if number == OTHER]:
            if at > done:
                parts.append(self._encode_scalars(items[done:at]))
            parts.append(self._encode_other(items[at + 1]))
            done = at + ITEMS
        if done < len(items):
            parts.append(self._encode_scalars(items[done:]))
        return Block(parts[0] if len(parts) == 1 else b"".join(parts), count_events(items))

    def _encode_scalars(self, items: Sequence[Item]) -> bytes | bytearray:
        return self._scalars.encode(*(items[place::ITEMS] for place in range(ITEMS)))

    def _encode_other(self, other: bytes | Columns | LatestEvent) -> bytes | bytearray:
        if isinstance(other, bytes):
            return encode_record(other)
        if isinstance(other, LatestEvent):
            other.taken = True
            return encode_record(other.payload)
        numbers = np.full(len(other.points.steps), other.series, np.intp)
        return self._scalars.encode_columns(numbers, *other.points)
