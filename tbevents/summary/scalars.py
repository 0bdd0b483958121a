"""Scalars."""

from __future__ import annotations

from typing import Any

from tbevents.format.scalar_layout import ScalarForm, value_message
from tbevents.format.values import as_float, checked_text
from tbevents.proto import Summary
from tbevents.summary.builders import Format, checked_format


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
    name_shown = checked_text(display_name, "display_name")
    description = checked_text(summary_description, "summary_description")
    form = ScalarForm.SIMPLE
    if checked_format(format) == "tf2":
        form = ScalarForm.TF2
    elif new_style:
        form = ScalarForm.DOUBLE if double_precision else ScalarForm.FLOAT
    value = value_message(checked_text(name), form, number)
    if name_shown or description:
        value.metadata.display_name = name_shown
        value.metadata.summary_description = description
    return Summary(value=[value])
