"""Tensors of any shape."""

from __future__ import annotations

import struct
from typing import Any

from tbevents.format.tensors import from_array
from tbevents.format.values import as_array, checked_text
from tbevents.proto import Summary
from tbevents.summary.builders import from_value, plugin_metadata


def tensor_proto(tag: str, tensor: Any) -> Summary:
    """Returns a summary of a tensor. TensorBoard reads it, but has no page for it.

    Args:
        tag: the tag.
        tensor: numbers, booleans or strings of any shape. bfloat16 is stored as float32.

    Raises:
        TypeError: if the dtype has no equivalent in the format.
        ValueError: if the tensor takes 2 GiB or more.
    """
    name = f"{checked_text(tag)!r}: tensor"
    array = as_array(tensor, name=name)
    # In the typed list, as in torch, except for two dtypes that TensorBoard reads only from tensor_content.
    typed = array.dtype.name not in ("uint32", "uint64")
    return from_value(tag, tensor=from_array(array, typed=typed, name=name), metadata=plugin_metadata("tensor"))


def half_to_int(f: float) -> int:
    """Returns the bits of a float32 as an int32, as torch's add_tensor writes a half (`tensor_proto` does not)."""
    return int(struct.unpack("<i", struct.pack("<f", f))[0])


def int_to_half(i: int) -> float:
    """Returns the inverse of `half_to_int`."""
    return float(struct.unpack("<f", struct.pack("<i", i))[0])
