"""Payloads of values: kept as bytes if small, else read again from their record when they are used.

A value of more than `KEPT_BYTES` stays in its file; the run keeps the record's place, length and checksum. If the
record there has another length or checksum, the file was changed: reading raises `FileChangedError`. If checksums are
skipped, only the lengths are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from tbevents.errors import FileChangedError
from tbevents.files import read_bytes
from tbevents.format.crc32c import masked_crc32c
from tbevents.format.event import parse_payload
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE
from tbevents.proto import Event, Summary

KEPT_BYTES: Final = 1024
"""Values up to this many bytes are kept: a `PayloadLocation` takes a fifth of that, and reading again costs time."""


class PayloadLocation(NamedTuple):
    """Where in a file a value is.

    Attributes:
        file: the event file.
        offset: the byte at which the record starts.
        length: the size of the record's payload in bytes.
        checksum: the masked CRC32C that the record stores for its payload; None if checksums are skipped.
        number: which value of the event's summary it is, from 0; -1 means the whole event.
    """

    file: str
    offset: int
    length: int
    checksum: int | None
    number: int


Payload: TypeAlias = bytes | PayloadLocation
"""A serialized Summary.Value (or a whole Event, for a graph and the like), or its place in a file."""


class PayloadReader:
    """Reads records again. Keeps the event that was read last, since a summary's values are mostly used together."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, int, int, int | None], Event] | None = None

    def __reduce__(self) -> tuple[type[PayloadReader], tuple[()]]:
        return PayloadReader, ()  # what is kept is no part of a pickled series

    def value(self, payload: Payload) -> Summary.Value:
        """Returns the value of a payload.

        Raises:
            FileChangedError: if the file no longer holds it.
            PayloadError: if the record, of which only the head was read before, is no Event.
        """
        if isinstance(payload, bytes):
            return Summary.Value.FromString(payload)
        values = self.event(payload).summary.value
        if payload.number >= len(values):
            raise _changed(payload)
        return values[payload.number]

    def event(self, payload: Payload) -> Event:
        """Returns the event of a payload.

        Raises:
            FileChangedError: if the file no longer holds it.
            PayloadError: if the record, of which only the head was read before, is no Event.
        """
        if isinstance(payload, bytes):
            return Event.FromString(payload)
        key = (payload.file, payload.offset, payload.length, payload.checksum)
        last = self._last
        if last is not None and last[0] == key:
            return last[1]
        # Of a long record, only the head has been decoded before.
        problem = f"{payload.file}: the record at byte {payload.offset} is damaged: it is not an Event message"
        event = parse_payload(Event, _read_again(payload), problem)
        self._last = (key, event) if len(event.summary.value) > 1 else None
        return event


def _read_again(place: PayloadLocation) -> bytes:
    size = HEADER_SIZE + place.length + FOOTER_SIZE
    try:
        record = read_bytes(place.file, place.offset, size)
    except FileNotFoundError as error:
        raise FileChangedError(f"{place.file}: the file is gone, so its values cannot be read") from error
    if len(record) < size or int.from_bytes(record[:8], "little") != place.length:
        raise _changed(place)
    payload, footer = record[HEADER_SIZE:-FOOTER_SIZE], record[-FOOTER_SIZE:]
    if place.checksum is not None and not int.from_bytes(footer, "little") == place.checksum == masked_crc32c(payload):
        raise _changed(place)
    return payload


def _changed(place: PayloadLocation) -> FileChangedError:
    return FileChangedError(
        f"{place.file}: the record at byte {place.offset} is not the one that was read before: "
        "the file was changed or replaced; read the run again"
    )


class Payloads(NamedTuple):
    """The payloads of one series.

    Attributes:
        items: one for each point.
        reader: reads the payloads that are in files.
        where: the path of the run, for messages.
    """

    items: Sequence[Payload]
    reader: PayloadReader
    where: str

    def load(self, index: int) -> Summary.Value:
        """Returns the value of a point."""
        return self.reader.value(self.items[index])
