"""The bytes of a scalar Event, drawn once, and where its variable bytes stand.

The record of a scalar, as every writer lays it out (here `simple_value`, with the tag of t bytes):

    12 bytes            record header: length and its checksum
    09 8 bytes          Event.wall_time, float64
    10 1..10 bytes      Event.step, varint; the field is absent where the step is 0
    2a n                Event.summary, and its length
    0a n                Summary.value, and its length
    0a t, t bytes       Value.tag
    15 4 bytes          Value.simple_value, float32
    4 bytes             record footer: checksum of the payload

A tensor in the value's place holds 4 or 8 bytes of the number instead, with constant bytes before and after.
So scalar events of one tag, one form and one width of the step differ only in the wall time, the step and the value.
The rest is a `Skeleton`. Its checksum is computed once; CRC32C is linear, so that of a whole record takes one table
look-up more for each variable byte (see `crc32c_columns.contributions`).
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from tbevents.format.crc32c import crc32c
from tbevents.format.record import FOOTER_SIZE, encode_header
from tbevents.format.wire import iter_fields, read_varint
from tbevents.proto import DataType, Summary, SummaryMetadata, TensorProto, TensorShapeProto

STEP_RANGE: Final = range(-(2**63), 2**63)
"""Steps that fit the file's int64."""

LINEAR_REACH: Final = 2048
"""Variable bytes up to this far from the end of a payload use the linear tables (1 KiB of memory a byte);
records with a longer tail, that is with a tag of about 2 KB, are checksummed whole."""


class ScalarForm(enum.Enum):
    """How a scalar is written."""

    SIMPLE = "simple_value"
    """`simple_value`, float32, no metadata: what torch and tensorboardX write, and every reader reads."""
    FLOAT = "new_style"
    """A FLOAT tensor of plugin `scalars` without a shape: torch's ``new_style``."""
    DOUBLE = "double_precision"
    """A DOUBLE tensor of plugin `scalars` without a shape: torch's ``double_precision``."""
    TF2 = "tf2"
    """A FLOAT tensor of plugin `scalars`, rank 0, in `tensor_content`: what tf.summary and Keras write."""


def value_message(tag: str, form: ScalarForm, number: float = 1.0) -> Summary.Value:
    """Returns a value of a tag and form that holds a number; beyond float32 it becomes inf, as in protobuf."""
    if form is ScalarForm.SIMPLE:
        return Summary.Value(tag=tag, simple_value=number)
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    if form is ScalarForm.FLOAT:
        tensor = TensorProto(dtype=DataType.DT_FLOAT, float_val=[number])
    elif form is ScalarForm.TF2:
        with np.errstate(over="ignore"):
            content = struct.pack("<f", np.float32(number))
        tensor = TensorProto(dtype=DataType.DT_FLOAT, tensor_shape=TensorShapeProto(), tensor_content=content)
    else:
        tensor = TensorProto(dtype=DataType.DT_DOUBLE, double_val=[number])
    return Summary.Value(tag=tag, tensor=tensor, metadata=metadata)


@dataclass(frozen=True, slots=True)
class FieldOffsets:
    """The places of the variable bytes in the payload of a scalar event.

    Attributes:
        wall: the place of the 8 bytes of wall_time; None if the field is absent (the time is 0).
        step: the place of the step's varint; None if the field is absent (the step is 0).
        width: the number of bytes of the varint, 0 to 10.
        value: the place of the number.
        size: the number of bytes of the number: 4 (float32) or 8 (float64).
    """

    wall: int | None
    step: int | None
    width: int
    value: int
    size: int

    def constant_bits(self, length: int) -> bytearray:
        """Returns a mask of the bits that are the same in all events of a form, for a payload of `length` bytes.

        In the varint of the step these are the top bits, which tell where it ends.
        """
        mask = bytearray(b"\xff" * length)
        if self.wall is not None:
            mask[self.wall : self.wall + 8] = bytes(8)
        if self.step is not None:
            mask[self.step : self.step + self.width] = b"\x80" * self.width
        mask[self.value : self.value + self.size] = bytes(self.size)
        return mask


# Wire keys: field number << 3 | wire type.
_WALL_TIME, _STEP, _SUMMARY, _SOURCE_METADATA = 0x09, 0x10, 0x2A, 0x52
_VALUE = 0x0A
_TAG, _SIMPLE_VALUE, _TENSOR, _METADATA = 0x0A, 0x15, 0x42, 0x4A
_DTYPE, _SHAPE, _CONTENT, _FLOAT_VAL, _DOUBLE_VAL = 0x08, 0x12, 0x22, 0x2A, 0x32


_NUMBERS: Final[dict[int, tuple[int, int]]] = {
    DataType.DT_FLOAT: (_FLOAT_VAL, 4),
    DataType.DT_DOUBLE: (_DOUBLE_VAL, 8),
}  # dtype -> wire key of its list, bytes of one number


_USUAL_LEAST: Final = 20
"""Bytes of the least event with a wall time and a value of a tag without a name."""


def find_offsets(payload: bytes) -> FieldOffsets | None:
    """Finds the variable bytes in a serialised Event, whatever the order of its fields.

    Returns None if it is not an Event with exactly one scalar and nothing else that can vary; then the general decoder
    must be used. The tag, the metadata and a tensor's shape are not looked at.
    """
    usual = _usual_offsets(payload)
    if usual is not None:
        return usual
    try:
        event = _fields(payload, (0, len(payload)), {_WALL_TIME, _STEP, _SUMMARY, _SOURCE_METADATA})
        summary = _fields(payload, event[_SUMMARY], {_VALUE})
        value = _fields(payload, summary[_VALUE], {_TAG, _SIMPLE_VALUE, _TENSOR, _METADATA})
        if (_SIMPLE_VALUE in value) == (_TENSOR in value):
            return None
        number = value[_SIMPLE_VALUE] if _SIMPLE_VALUE in value else _number_of_tensor(payload, value[_TENSOR])
    except (ValueError, LookupError):
        return None
    wall, step = event.get(_WALL_TIME), event.get(_STEP)
    return FieldOffsets(
        wall=None if wall is None else wall[0],
        step=None if step is None else step[0],
        width=0 if step is None else step[1] - step[0],
        value=number[0],
        size=number[1] - number[0],
    )


def _usual_offsets(payload: bytes) -> FieldOffsets | None:
    """Returns the places in an Event with the fields that are drawn above, in that order; None if it is another one.

    Takes a fifth of the time that any order of fields takes: small files are read in that of their first events.
    """
    length = len(payload)
    if length < _USUAL_LEAST or payload[0] != _WALL_TIME or payload[-5] != _SIMPLE_VALUE:
        return None
    at, step, width = 9, None, 0
    if payload[at] == _STEP:
        step = at + 1
        width = next((n for n, byte in enumerate(payload[step : step + 10], 1) if byte < 0x80), 0)
        if not width:
            return None
        at = step + width
    # From here on, each length is what is left, in one byte.
    left = length - at
    usual = bytes((_SUMMARY, left - 2 & 0x7F, _VALUE, left - 4 & 0x7F, _TAG, left - 11 & 0x7F))
    if left > 0x7F or left < len(usual) + 5 or payload[at : at + len(usual)] != usual:
        return None
    return FieldOffsets(wall=1, step=step, width=width, value=length - 4, size=4)


def _number_of_tensor(payload: bytes, span: tuple[int, int]) -> tuple[int, int]:
    """Returns the span of a tensor's only float32 or float64; raises ValueError or KeyError if there is none."""
    tensor = _fields(payload, span, {_DTYPE, _SHAPE, _CONTENT, _FLOAT_VAL, _DOUBLE_VAL})
    dtype, _ = read_varint(payload, tensor.pop(_DTYPE)[0], span[1])
    tensor.pop(_SHAPE, None)
    (key, number), *rest = tensor.items()
    typed, size = _NUMBERS[dtype]
    if rest or key not in (_CONTENT, typed) or number[1] - number[0] != size:
        raise ValueError("the tensor does not hold exactly one number")
    return number


def _fields(payload: bytes, span: tuple[int, int], known: set[int]) -> dict[int, tuple[int, int]]:
    """Returns wire key -> span of the content; raises ValueError unless all fields are known and occur once."""
    found: dict[int, tuple[int, int]] = {}
    for key, _, start, end in iter_fields(payload, *span):
        if key not in known or key in found:
            raise ValueError(f"field {key >> 3} is unknown, or stands there twice")
        found[key] = start, end
    return found


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A record of a scalar event with its variable bytes set to zero.

    Attributes:
        record: header, payload and footer; the footer is zero, too.
        places: the places of the variable bytes in the payload.
        crc: the CRC32C of the payload with its variable bytes zero, not masked.
    """

    record: bytes
    places: FieldOffsets
    crc: int

    @classmethod
    def of_payload(cls, payload: bytes, places: FieldOffsets) -> Skeleton:
        """Returns the skeleton of a payload."""
        blank = bytearray(payload)
        if places.wall is not None:
            blank[places.wall : places.wall + 8] = bytes(8)
        if places.step is not None:
            blank[places.step : places.step + places.width] = bytes(places.width)
        blank[places.value : places.value + places.size] = bytes(places.size)
        return cls(encode_header(len(blank)) + blank + bytes(FOOTER_SIZE), places, crc32c(bytes(blank)))
