"""What a writer has taken, as one list, and the records that it becomes.

The list is flat: each event is `ITEMS` items of it, so that a column of many scalars is a slice. (A tuple for each
event would cost twice as much to append, three times as much to take apart, and keep the garbage collector busy.)

    a scalar            series, step, wall_time, value
    any other event     OTHER, its serialised bytes or `Columns`, None, None
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from tbevents.format.record import encode_record
from tbevents.format.scalar_encoder import ScalarEncoder
from tbevents.format.scalar_layout import ScalarForm
from tbevents.writing.points import CheckedPoints

__all__ = ["ITEMS", "OTHER", "Block", "Columns", "Encoder", "Item", "SeriesKey", "count_events"]

ITEMS: Final = 4
"""Items of the list that make an event."""

OTHER: Final = -1
"""In the place of a scalar's series: this is no scalar."""

Item: TypeAlias = Any
"""An int, float, bytes, `Columns` or None: see above."""

SeriesKey: TypeAlias = str | tuple[str, str]
"""A tag, which is then a scalar of ScalarForm.SIMPLE, or a tag and the value of a form."""


class Columns(NamedTuple):
    """Many points of one series that were taken together."""

    series: int
    points: CheckedPoints


class Block(NamedTuple):
    """Whole records, end to end, and how many they are."""

    records: bytes | bytearray
    events: int


def count_events(items: Sequence[Item]) -> int:
    """How many events these are."""
    others = items[1::ITEMS]
    return len(others) + sum(len(other.points.steps) - 1 for other in others if isinstance(other, Columns))


class Encoder:
    """Turns events into records."""

    def __init__(self) -> None:
        self._scalars = ScalarEncoder()
        self._known = 0  # series

    def encode(self, items: Sequence[Item], series: Sequence[SeriesKey]) -> Block:
        """The records of a batch of events, in order.

        Args:
            items: the events, of the series below.
            series: all of the writer, in the order of their numbers.
        """
        for key in series[self._known :]:
            tag, form = (key, ScalarForm.SIMPLE) if isinstance(key, str) else (key[0], ScalarForm(key[1]))
            self._scalars.add_series(tag, form)
        self._known = len(series)
        numbers = items[::ITEMS]
        if OTHER not in numbers:  # nearly always
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

    def _encode_other(self, other: bytes | Columns) -> bytes | bytearray:
        if isinstance(other, bytes):
            return encode_record(other)
        numbers = np.full(len(other.points.steps), other.series, np.intp)
        return self._scalars.encode_columns(numbers, *other.points)
