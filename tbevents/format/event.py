"""Parses the payload of a record as an Event message."""

from __future__ import annotations

from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from tbevents.errors import PayloadError, UndecodableRecordError
from tbevents.format.file_type import payload_type
from tbevents.proto import Event

__all__ = ["UNDECODABLE", "parse_event", "parse_payload"]

UNDECODABLE: Final = (DecodeError, UnicodeDecodeError, RecursionError)
"""What protobuf raises for bytes that are not the message.

In pure Python, the second is raised for a string that is not UTF-8, the third for messages nested too deeply.
"""


M = TypeVar("M", bound=Message)


def parse_payload(kind: type[M], data: bytes, problem: str) -> M:
    """Returns a message of a kind.

    Raises:
        PayloadError: if the data cannot be parsed; it states the problem, and protobuf's reason.
    """
    try:
        return kind.FromString(data)
    except UNDECODABLE as error:
        raise PayloadError(f"{problem}: {error}") from error


def parse_event(payload: bytes, *, offset: int, record: int, path: str | None) -> Event:
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
    detail = f"payload of {len(payload)} bytes is no Event message: {wrong}" + (f"; it is {name}" if name else "")
    raise UndecodableRecordError(detail, offset=offset, record=record, path=path)
