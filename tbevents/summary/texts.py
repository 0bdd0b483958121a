"""Text, which TensorBoard renders as Markdown."""

from __future__ import annotations

from typing import Any

import numpy as np

from tbevents.format.tensors import from_array
from tbevents.format.values import as_array, checked_text
from tbevents.proto import Summary
from tbevents.summary.builders import Format, checked_format, from_value, plugin_metadata


def text(tag: str, text: Any, *, format: Format = "tf1") -> Summary:  # noqa: A002  # the writer's name of it
    """Returns a summary of text.

    Args:
        tag: the tag; the TF1 form appends ``/text_summary`` to it, as torch does.
        text: a str, or UTF-8 bytes; in the TF2 form also an array of them, which TensorBoard shows as a table.
        format: ``"tf2"`` writes what tf.summary.text writes.

    Raises:
        TypeError: if it is not text.
        ValueError: if it cannot be encoded as UTF-8.
    """
    tag = checked_text(tag)
    tf2 = checked_format(format) == "tf2"
    try:
        content = as_array(text)
    except (TypeError, ValueError):
        content = np.array(0)  # not text: refused below
    if content.dtype.kind not in "OSUT" or (content.ndim and not tf2):
        raise TypeError(f"{tag!r}: text_string must be a str, not {type(text).__name__}")
    tensor = from_array(content if tf2 else content.reshape(1), name=f"{tag!r}: text_string")
    return from_value(tag if tf2 else f"{tag}/text_summary", tensor=tensor, metadata=plugin_metadata("text"))
