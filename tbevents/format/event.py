"""Event messages in records: parsing them, and the header record of a file."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError, Message

from tbevents.errors import PayloadError, UndecodableRecordError
from tbevents.format.file_type import payload_type
from tbevents.format.record import encode_record
from tbevents.proto import Event, SourceMetadata

FILE_VERSION: Final = "brain.Event:2"
"""The version of the files that are written. From 2 on, a START event marks a restart."""

UNDECODABLE: Final = (DecodeError, UnicodeDecodeError, RecursionError)
"""What protobuf raises for bytes that are not the message.

In pure Python, the second is raised for a string that is not UTF-8, the third for messages nested too deeply.
"""

M = TypeVar("M", bound=Message)


def header_record(wall_time: float, writer: str) -> bytes:
    """Returns the first record of a file: the version, when the file was begun, and the module that writes it."""
    source = SourceMetadata(writer=writer)
    header = Event(wall_time=wall_time, file_version=FILE_VERSION, source_metadata=source)
    return encode_record(header.SerializeToString())


def enum_name(enum: Any, number: int) -> str:
    """Returns the name of a value of one of protobuf's enums; the number as text if it has none."""
    return enum.Name(number) if number in enum.values() else str(number)


def parse_payload(kind: type[M], data: bytes, problem: str) -> M:
    """Returns a message of a kind.

    Raises:
        PayloadError: if the data cannot be parsed; it states the problem, and protobuf's reason.
    """
    try:
        return kind.FromString(data)
    except UNDECODABLE as error:
        raise PayloadError(f"{problem}: {error}") from error


def parse_event(payload: bytes, *, offset: int = 0, record: int = 0, path: str | None = None) -> Event:
    """Returns the Event in a payload.

    Raises:
        UndecodableRecordError: if the payload is not an Event.
    """
    try:
        event = Event.FromString(payload)
    except UNDECODABLE as error:
        wrong = str(error)
    else:
        if event.wall_time or event.WhichOneof("what") is not None or event.ListFields() or not event.ByteSize():
            return event
        wrong = "it has none of its fields"  # protobuf takes other messages' fields for unknown ones
    name = payload_type(payload)
    detail = f"payload of {len(payload)} bytes is not an Event message: {wrong}" + (f"; it is {name}" if name else "")
    raise UndecodableRecordError(detail, offset=offset, record=record, path=path)
