"""Scalars that a writer has logged, read back from its own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.format.tensors import to_array
from tbevents.proto import Event
from tbevents.writing.event_file_writer import EventFileWriter

_LoggedPoint: TypeAlias = tuple[float, int, float]
"""Wall time, step and value."""


def logged_scalars(series: Mapping[str, tuple[EventFileWriter, str]]) -> dict[str, list[_LoggedPoint]]:
    """Returns the points of series, given by writer and tag, in their writers' current files.

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
                    if of_series is not None:
                        number = to_array(value.tensor).item() if value.HasField("tensor") else value.simple_value
                        of_series.append((event.wall_time, event.step, number))
    return points
