"""Functions that all builders share: checks of their arguments, and the `Summary` that they return."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.format.values import as_array, checked_text
from tbevents.proto import Summary, SummaryMetadata

Format: TypeAlias = Literal["tf1", "tf2"]
"""How scalars, histograms, images, audio and text are written. ``"tf1"`` writes what torch and tensorboardX write,
``"tf2"`` what tf.summary and Keras write: tensors, with the plugin's name in every event. TensorBoard shows both."""


def checked_format(value: object) -> Format:
    """Returns the format; raises ValueError if it is unknown."""
    return checked_choice("format", value, get_args(Format))


def from_value(tag: object, **fields: Any) -> Summary:
    """Returns a summary with one value: the tag, which is checked here, and other fields of `Summary.Value`."""
    return Summary(value=[Summary.Value(tag=checked_text(tag), **fields)])


def plugin_metadata(
    plugin: str, content: bytes = b"", display_name: str = "", description: str = ""
) -> SummaryMetadata:
    """Returns the metadata of a plugin's value; `content` is the plugin's own message, `description` is Markdown.

    Raises:
        TypeError, ValueError: if `display_name` or `description` is not a str, or cannot be encoded as UTF-8.
    """
    return SummaryMetadata(
        plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content),
        display_name=checked_text(display_name, "display_name"),
        summary_description=checked_text(description, "description"),
    )


def of_tag(tag: object, text: str) -> str:
    """Returns a message, or the name of an argument, with the tag in front if there is one."""
    return text if tag is None else f"{tag!r}: {text}"


def real_array(tag: object, argument: str, value: Any) -> NDArray[Any]:
    """Returns a value as an array of real numbers, of any shape. The array may share memory with the value.

    Raises:
        TypeError: if it is not an array of booleans, integers or floats; the message names tag and argument.
    """
    name = of_tag(tag, argument)
    array = as_array(value, name=name)
    if array.dtype.kind not in "biuf":
        what = type(array.flat[0]).__name__ if array.dtype == object and array.size else array.dtype
        raise TypeError(f"{name} must be real numbers, not {what}")
    return array


def is_finite(array: NDArray[np.float64]) -> bool:
    """Returns True if all numbers are finite."""
    with np.errstate(all="ignore"):  # a finite sum is a cheap proof; the sum of finite numbers may overflow
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())
