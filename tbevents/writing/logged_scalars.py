"""Scalars that a writer has logged, read back from its own file."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.format.tensors import to_array
from tbevents.proto import Event
from tbevents.writing.event_file_writer import EventFileWriter

__all__ = ["LoggedPoint", "logged_scalars"]

LoggedPoint: TypeAlias = tuple[float, int, float]
"""Wall time, step and value."""


def logged_scalars(writer: EventFileWriter, tags: Collection[str]) -> dict[str, list[LoggedPoint]]:
    """Returns the points of some tags in a writer's current file, by tag.

    Raises:
        OSError: if the file cannot be written or read.
        DamagedFileError: if something else has damaged the file.
    """
    points: dict[str, list[LoggedPoint]] = {tag: [] for tag in tags}
    decoder = RecordDecoder(path=writer.path)
    for chunk in writer.read_back():
        decoder.feed(chunk)
        while (record := decoder.next_record()) is not NEED_DATA:
            event = Event.FromString(record.payload)
            for value in event.summary.value:
                if value.tag in points:
                    number = to_array(value.tensor).item() if value.HasField("tensor") else value.simple_value
                    points[value.tag].append((event.wall_time, event.step, number))
    return points
