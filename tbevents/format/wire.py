"""Protobuf messages walked by hand: varints, and the fields of a message with their places.

On the wire a message is its fields, one after the other:

    key       varint: field number << 3 | wire type
    content   wire type 0: a varint; 1: 8 bytes; 2: a length as varint, then so many bytes; 5: 4 bytes

Only where the place of a field matters, or a message is cut off, is it read here; protobuf reads all others.
Source: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_VARINT: Final = 0
_LENGTH_DELIMITED: Final = 2  # strings, bytes and messages
_SIZES: Final = {1: 8, 5: 4}
"""Bytes of the content, for the wire types of fixed size."""

_LONGEST_VARINT: Final = 10


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        key: field number and wire type, as on the wire.
        offset: where the key stands.
        start: where the content begins.
        end: the place after the content; beyond the end of the data, if they are cut off within it.
    """

    key: int
    offset: int
    start: int
    end: int


def read_varint(data: bytes, at: int, stop: int | None = None) -> tuple[int, int]:
    """Reads a varint, which must end before `stop`; by default before the end of the data.

    Returns:
        The number, and the place after it.

    Raises:
        ValueError: if it does not end before `stop`, or within 10 bytes.
    """
    number = 0
    for shift, byte in enumerate(data[at : at + _LONGEST_VARINT if stop is None else min(at + _LONGEST_VARINT, stop)]):
        number |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return number, at + shift + 1
    raise ValueError(f"no varint ends behind byte {at}")


def iter_fields(data: bytes, start: int, stop: int) -> Iterator[Field]:
    """Iterates over the fields of a message between two places. If the data ends before `stop`, the last may be cut.

    Raises:
        ValueError: if these are not fields, or the data ends within a key, a varint or a number.
    """
    at = start
    while at < stop:
        offset = at
        key, at = read_varint(data, at, stop)
        wire = key & 7
        if wire == _VARINT:
            end = read_varint(data, at, stop)[1]
        elif wire == _LENGTH_DELIMITED:
            length, at = read_varint(data, at, stop)
            end = at + length
        elif wire in _SIZES:
            end = at + _SIZES[wire]
            if end > len(data):
                raise ValueError(f"the data end within the field at byte {offset}")
        else:
            raise ValueError(f"byte {offset} is not the key of a field")
        if end > stop:
            raise ValueError(f"the field at byte {offset} reaches beyond its message")
        yield Field(key, offset, at, end)
        if end > len(data):
            return
        at = end
