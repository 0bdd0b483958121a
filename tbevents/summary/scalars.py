"""Scalars."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from tbevents.format.values import as_float
from tbevents.proto import DataType, Summary, SummaryMetadata, TensorProto, TensorShapeProto
from tbevents.summary.builders import Format, checked_format, from_value, plugin_metadata

__all__ = ["scalar"]


def scalar(
    name: str,
    tensor: Any,
    collections: object = None,  # noqa: ARG001  # torch's signature has it, and ignores it too
    new_style: bool = False,
    double_precision: bool = False,
    *,
    display_name: str = "",
    summary_description: str = "",
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """A number.

    Args:
        name: the tag.
        tensor: a number, or an array or tensor of one element.
        collections: without effect, as in torch.
        new_style: a tensor of plugin `scalars`, without a shape, instead of `simple_value`.
        double_precision: with `new_style`, of float64; no effect without.
        display_name: shown in place of the tag.
        summary_description: shown beside the chart, as Markdown.
        format: ``"tf2"`` writes what tf.summary.scalar does, a float32 tensor; `new_style` has no effect then.

    Raises:
        TypeError, ValueError: an argument is no such thing.
    """
    number = as_float(tensor, name=f"{name!r}: scalar_value", text=True)
    metadata = plugin_metadata("scalars", display_name=display_name, description=summary_description)
    if checked_format(format) == "tf2":
        with np.errstate(over="ignore"):  # beyond float32 is inf, as in protobuf
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
        metadata = SummaryMetadata(display_name=display_name, summary_description=summary_description)
        return from_value(name, simple_value=number, metadata=metadata)
    return from_value(name, simple_value=number)
