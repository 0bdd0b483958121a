"""What every builder begins and ends with: checked arguments in, one `Summary` out."""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import TBEventsWarning
from tbevents.format.values import as_array
from tbevents.proto import Summary, SummaryMetadata

__all__ = [
    "Format",
    "checked_format",
    "checked_tag",
    "from_value",
    "is_finite",
    "plugin_metadata",
    "real_array",
    "warn",
]

Format: TypeAlias = Literal["tf1", "tf2"]
"""How scalars, histograms, images, audio and text are written: ``"tf1"`` as torch and tensorboardX do, ``"tf2"`` as
tf.summary and Keras do (tensors, with the plugin's name in every event). TensorBoard shows both."""


def checked_format(value: object) -> Format:
    """The format, where it is one.

    Raises:
        ValueError: it is none.
    """
    if value in get_args(Format):
        return value  # type: ignore[return-value]  # it is the check
    raise ValueError(f"format must be one of {', '.join(map(repr, get_args(Format)))}, not {value!r}")


def checked_tag(tag: object, argument: str = "tag") -> str:
    """The tag, where it can be one.

    Args:
        tag: what the caller gave.
        argument: the caller's name of it, for the error message.

    Raises:
        TypeError: it is no str.
        ValueError: it cannot be encoded as UTF-8.
    """
    if not isinstance(tag, str):
        raise TypeError(f"{argument} must be a str, not {type(tag).__name__}: {tag!r}")
    try:
        tag.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{argument} cannot be encoded as UTF-8: {tag!r} ({error.reason})") from None
    return str.__str__(tag)  # what a subclass holds, whatever it shows: numpy's, or an Enum's


def from_value(tag: object, **fields: Any) -> Summary:
    """The summary of one value.

    Args:
        tag: checked here.
        **fields: the other fields of `Summary.Value`.
    """
    return Summary(value=[Summary.Value(tag=checked_tag(tag), **fields)])


def plugin_metadata(
    plugin: str, content: bytes = b"", display_name: str = "", description: str = ""
) -> SummaryMetadata:
    """The metadata that say which of TensorBoard's plugins a value is for.

    Args:
        plugin: its name.
        content: the plugin's own message, serialised.
        display_name: shown in place of the tag; empty for none.
        description: shown beside the chart, as Markdown; empty for none.
    """
    return SummaryMetadata(
        plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content),
        display_name=display_name,
        summary_description=description,
    )


def real_array(tag: object, argument: str, value: Any) -> NDArray[Any]:
    """A caller's value as an array of real numbers, of any shape; it may share memory with the value.

    Args:
        tag: for the error message.
        argument: the caller's name of the value, for the error message.
        value: what `tensors.as_array` takes.

    Raises:
        TypeError: it is no array of booleans, integers or floats.
    """
    name = f"{tag!r}: {argument}"
    array = as_array(value, name=name)
    if array.dtype.kind not in "biuf":
        what = type(value).__name__ if array.dtype == object else array.dtype
        raise TypeError(f"{name} must be real numbers, not {what}")
    return array


def warn(message: str) -> None:
    """Warns at the line of the caller outside this package: Python then shows each message once a line."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "tbevents":
        frame = frame.f_back
        level += 1
    warnings.warn(message, TBEventsWarning, stacklevel=level)


def is_finite(array: NDArray[np.float64]) -> bool:
    """Whether all numbers are finite; the cheap test first, which fails for sums that overflow."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())
