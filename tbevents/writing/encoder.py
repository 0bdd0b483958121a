"""Turns what a writer has taken into blocks of records."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tbevents.framing import encode_record
from tbevents.scalar_event import Form, ScalarEncoder
from tbevents.writing.arguments import Points

__all__ = ["Block", "Columns", "Encoder", "Pending", "SeriesKey", "count_events"]

SeriesKey: TypeAlias = str | tuple[str, str]
"""A tag, which is then a scalar of Form.SIMPLE, or a tag and the value of a form."""


class Columns(NamedTuple):
    """Many points of one series that were taken together."""

    series: int
    points: Points


Pending: TypeAlias = tuple[int, int, float, float] | Columns | bytes
"""What was taken: a scalar's series, step, wall_time and value, many of them, or another event's serialised bytes."""


class Block(NamedTuple):
    """Whole records, end to end, and how many they are."""

    records: bytes | bytearray
    events: int


def count_events(events: Sequence[Pending]) -> int:
    """How many events these are."""
    if Columns not in set(map(type, events)):  # nearly always, and fast
        return len(events)
    return sum(len(event.points.steps) if isinstance(event, Columns) else 1 for event in events)


class Encoder:
    """Turns events into records."""

    def __init__(self) -> None:
        self._scalars = ScalarEncoder()
        self._known = 0  # series

    def encode(self, events: Sequence[Pending], series: Sequence[SeriesKey]) -> bytes | bytearray:
        """The records of a batch of events, in order.

        Args:
            events: of the series below.
            series: all of the writer, in the order of their numbers.
        """
        for key in series[self._known :]:
            tag, form = (key, Form.SIMPLE) if isinstance(key, str) else (key[0], Form(key[1]))
            self._scalars.add_series(tag, form)
        self._known = len(series)
        if set(map(type, events)) == {tuple}:  # nearly always
            return self._scalars.encode(events)  # type: ignore[arg-type]  # all are tuples
        parts: list[bytes | bytearray] = []
        for kind, items in itertools.groupby(events, type):
            if kind is tuple:
                parts.append(self._scalars.encode(list(items)))  # type: ignore[arg-type]  # all are tuples
                continue
            for item in items:
                if isinstance(item, Columns):
                    numbers = np.full(len(item.points.steps), item.series, np.intp)
                    parts.append(self._scalars.encode_columns(numbers, *item.points))
                else:
                    parts.append(encode_record(item))  # type: ignore[arg-type]  # all are bytes
        return parts[0] if len(parts) == 1 else b"".join(parts)
