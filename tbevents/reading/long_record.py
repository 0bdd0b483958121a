"""The head of a long record: the event without its value, decoded from the first bytes.

Every writer puts the value's bytes last, and the length of each message before its content:

    09 8 bytes      Event.wall_time            whole
    10 varint       Event.step                 whole
    2a n            Event.summary              open: it ends beyond the head
    0a n              Summary.value            open
    0a t, t bytes       Value.tag              whole
    22 n                Value.image (or 2a histo, 32 audio, 42 tensor)    open
    ...
    4a n                Value.metadata: may follow; always does after a tensor

So each message consists of whole fields and at most one open field, at its end. Any other layout returns None.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tbevents.format.event import UNDECODABLE
from tbevents.format.record import LongRecord
from tbevents.format.wire import iter_fields
from tbevents.proto import Event, Summary, TensorProto

# Wire keys: the field's number, and "length and bytes".
_SUMMARY: Final = 0x2A  # in Event
_GRAPHS: Final = {0x22: "graph_def", 0x4A: "meta_graph_def"}
_VALUE: Final = 0x0A  # in Summary
_TENSOR: Final = 0x42  # in Summary.Value
_ENCODED: Final = {0x22: "image", 0x2A: "histo", 0x32: "audio"}


class EventHead(NamedTuple):
    """The part of a long event that its first bytes hold.

    Attributes:
        event: the event without its large content: a graph is empty, a tensor has only its dtype and shape.
        ends: True if the value's metadata, if any, is in the head; False if it may follow.
    """

    event: Event
    ends: bool


class _CutMessage(NamedTuple):
    """A message that the end of the head cuts.

    Attributes:
        whole: its whole fields, serialized.
        key: the wire key of the field that is cut.
        start: where the content of that field begins.
        end: where that content ends, beyond the head.
        last: True if the message ends there too.
    """

    whole: bytes
    key: int
    start: int
    end: int
    last: bool


def head_of(record: LongRecord) -> EventHead | None:
    """Returns the event in the head of a record; None if the whole record must be read."""
    try:
        return _head(record.head, record.length)
    except (ValueError, *UNDECODABLE):
        return None


def _head(head: bytes, length: int) -> EventHead | None:
    in_event = _cut_message(head, 0, length)
    event = Event.FromString(in_event.whole)
    if not in_event.last or event.WhichOneof("what") is not None:
        return None
    if in_event.key in _GRAPHS:
        setattr(event, _GRAPHS[in_event.key], b"")
        return EventHead(event, ends=True)
    if in_event.key != _SUMMARY:
        return None
    in_summary = _cut_message(head, in_event.start, in_event.end)
    if in_summary.whole or in_summary.key != _VALUE or not in_summary.last:
        return None  # several values
    in_value = _cut_message(head, in_summary.start, in_summary.end)
    value = Summary.Value.FromString(in_value.whole)
    if not value.tag or value.WhichOneof("value") is not None:
        return None
    if in_value.key in _ENCODED:
        getattr(value, _ENCODED[in_value.key]).SetInParent()
    elif in_value.key == _TENSOR:
        in_tensor = _cut_message(head, in_value.start, in_value.end)
        tensor = TensorProto.FromString(in_tensor.whole)
        if not in_tensor.last and not (tensor.dtype and tensor.HasField("tensor_shape")):
            return None
        value.tensor.dtype = tensor.dtype
        value.tensor.tensor_shape.CopyFrom(tensor.tensor_shape)
    else:
        return None
    event.summary.value.append(value)
    return EventHead(event, ends=in_value.last)


def _cut_message(head: bytes, start: int, stop: int) -> _CutMessage:
    """Returns the message between two places, the second of them beyond the head.

    Raises:
        ValueError: if this is no message, or the cut is not in a field's content.
    """
    for field in iter_fields(head, start, stop):
        if field.end > len(head):
            return _CutMessage(head[start : field.offset], field.key, field.start, field.end, field.end == stop)
    raise ValueError("the head does not end within a field")
