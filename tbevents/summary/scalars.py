"""Scalars."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from tbevents.format.values import as_float, checked_text
from tbevents.proto import DataType, Summary, TensorProto, TensorShapeProto
from tbevents.summary.builders import Format, checked_format, from_value, plugin_metadata


def scalar(
    name: str,
    tensor: Any,
    collections: object = None,  # noqa: ARG001  # torch has this argument and ignores it, too
    new_style: bool = False,
    double_precision: bool = False,
    *,
    display_name: str = "",
    summary_description: str = "",
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """Returns a summary of a number: see `SummaryWriter.add_scalar`. `collections` has no effect, as in torch.

    ``format="tf2"`` writes a float32 tensor, as tf.summary.scalar does; `new_style` then has no effect.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value.
    """
    number = as_float(tensor, name=f"{name!r}: scalar_value", text=True)
    description = checked_text(summary_description, "summary_description")
    metadata = plugin_metadata("scalars", display_name=display_name, description=description)
    if checked_format(format) == "tf2":
        with np.errstate(over="ignore"):  # numbers beyond float32 become inf, as in protobuf
            content = struct.pack("<f", np.float32(number))
        return from_value(
            name,
            tensor=TensorProto(dtype=DataType.DT_FLOAT, tensor_shape=TensorShapeProto(), tensor_content=content),
            metadata=metadata,
        )
    if new_style and double_precision:
        return from_value(name, tensor=TensorProto(dtype=DataType.DT_DOUBLE, double_val=[number]), metadata=metadata)
    if new_style:
        return from_value(name, tensor=TensorProto(dtype=DataType.DT_FLOAT, float_val=[number]), metadata=metadata)
    if display_name or summary_description:
        metadata.ClearField("plugin_data")  # a plugin reads tensors
        return from_value(name, simple_value=number, metadata=metadata)
    return from_value(name, simple_value=number)
