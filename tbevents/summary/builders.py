"""Functions that all builders share: checks of their arguments, and the `Summary` that they return."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.format.values import as_array
from tbevents.proto import Summary, SummaryMetadata

Format: TypeAlias = Literal["tf1", "tf2"]
"""How scalars, histograms, images, audio and text are written. ``"tf1"`` writes what torch and tensorboardX write,
``"tf2"`` what tf.summary and Keras write: tensors, with the plugin's name in every event. TensorBoard shows both."""


def checked_format(value: object) -> Format:
    """Returns the format; raises ValueError if it is unknown."""
    return checked_choice("format", value, get_args(Format))


def checked_tag(tag: object, argument: str = "tag") -> str:
    """Returns the tag as a plain str. `argument` is the caller's name for it.

    Raises:
        TypeError: if it is not a str.
        ValueError: if it cannot be encoded as UTF-8.
    """
    if not isinstance(tag, str):
        raise TypeError(f"{argument} must be a str, not {type(tag).__name__}: {tag!r}")
    try:
        tag.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{argument} cannot be encoded as UTF-8: {tag!r} ({error.reason})") from None
    return str.__str__(tag)  # the text itself: a subclass, such as an Enum, may override __str__


def from_value(tag: object, **fields: Any) -> Summary:
    """Returns a summary with one value: the tag, which is checked here, and other fields of `Summary.Value`."""
    return Summary(value=[Summary.Value(tag=checked_tag(tag), **fields)])


def plugin_metadata(
    plugin: str, content: bytes = b"", display_name: str = "", description: str = ""
) -> SummaryMetadata:
    """Returns the metadata of a plugin's value; `content` is the plugin's own message, `description` is Markdown."""
    return SummaryMetadata(
        plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content),
        display_name=display_name,
        summary_description=description,
    )


def real_array(tag: object, argument: str, value: Any) -> NDArray[Any]:
    """Returns a value as an array of real numbers, of any shape. The array may share memory with the value.

    Raises:
        TypeError: if it is not an array of booleans, integers or floats; the message names tag and argument.
    """
    name = f"{tag!r}: {argument}"
    array = as_array(value, name=name)
    if array.dtype.kind not in "biuf":
        what = type(value).__name__ if array.dtype == object else array.dtype
        raise TypeError(f"{name} must be real numbers, not {what}")
    return array


def is_finite(array: NDArray[np.float64]) -> bool:
    """Returns True if all numbers are finite."""
    with np.errstate(all="ignore"):  # a finite sum is a cheap proof; the sum of finite numbers may overflow
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())
