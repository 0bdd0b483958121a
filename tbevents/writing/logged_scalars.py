"""Scalars that a writer has logged, read back from its own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from tbevents.errors import TensorError
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.format.tensors import to_array
from tbevents.proto import Event, Summary
from tbevents.writing.event_file_writer import EventFileWriter

_LoggedPoint: TypeAlias = tuple[float, int, float]
"""Wall time, step and value."""


def logged_scalars(series: Mapping[str, tuple[EventFileWriter, str]]) -> dict[str, list[_LoggedPoint]]:
    """Returns the scalar points of series, given by writer and tag, in their writers' current files.

    Raises:
        OSError: if a file cannot be written or read.
        DamagedFileError: if something else has damaged a file.
    """
    points: dict[str, list[_LoggedPoint]] = {name: [] for name in series}
    by_place = {place: points[name] for name, place in series.items()}
    for writer in dict.fromkeys(writer for writer, _ in series.values()):
        decoder = RecordDecoder(path=writer.path)
        for chunk in writer.read_back():
            decoder.feed(chunk)
            while (record := decoder.next_record()) is not NEED_DATA:
                event = Event.FromString(record.payload)
                for value in event.summary.value:
                    of_series = by_place.get((writer, value.tag))
                    if of_series is not None and (number := _number(value)) is not None:
                        of_series.append((event.wall_time, event.step, number))
    return points


def _number(value: Summary.Value) -> float | None:
    """Returns the number of a scalar; None for another kind of value, which may have the tag of a scalar."""
    if value.HasField("simple_value"):
        return value.simple_value
    if not value.HasField("tensor"):
        return None
    try:
        array = to_array(value.tensor)
    except TensorError:
        return None
    return float(array.item()) if array.size == 1 and array.dtype.kind in "biuf" else None
