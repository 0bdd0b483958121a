"""Arrays of pixels: conversion from any dtype and order of axes to uint8 in one order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.summary.builders import of_tag, real_array


def to_hwc(tag: object, argument: str, value: Any, dataformats: str) -> NDArray[np.uint8]:
    """Returns one image as uint8 of shape (height, width, channels), with 2 to 4 channels.

    A batch becomes one grid, and gray becomes RGB.

    Raises:
        TypeError, ValueError: if the value is not an image in this format; the message names tag and argument.
    """
    nhwc = to_nhwc(tag, argument, value, dataformats)
    if nhwc.shape[3] == 1:
        nhwc = np.repeat(nhwc, 3, axis=3)
    return nhwc[0] if len(nhwc) == 1 else make_grid(nhwc)


def to_nhwc(tag: object, argument: str, value: Any, dataformats: str) -> NDArray[np.uint8]:
    """Returns images of shape (images, height, width, channels), with 1 to 4 channels; see `to_hwc`."""
    array = real_array(tag, argument, value)
    letters = str(dataformats).upper()
    wanted = {2: "HW", 3: "HWC", 4: "NHWC"}.get(len(letters), "HWC")
    array = axes_in_order(tag, argument, array, dataformats, wanted)
    if "C" not in wanted:
        array = array[..., np.newaxis]
    if "N" not in wanted:
        array = array[np.newaxis]
    checked_pixels(tag, argument, array)
    return as_uint8(array)


def axes_in_order(tag: object, argument: str, array: NDArray[Any], dataformats: str, wanted: str) -> NDArray[Any]:
    """Returns an array with its axes, one letter each in `dataformats`, in the wanted order.

    Raises:
        ValueError: if `dataformats` has other letters, or the array has another number of axes.
    """
    letters = str(dataformats).upper()
    if sorted(letters) != sorted(wanted):
        raise ValueError(f"{tag!r}: dataformats must have each letter of {wanted!r} once, not {dataformats!r}")
    if array.ndim != len(letters):
        raise ValueError(
            f"{tag!r}: {argument} of shape {array.shape} has {array.ndim} axes, but dataformats {dataformats!r} "
            f"has {len(letters)}"
        )
    ordered: NDArray[Any] = array.transpose([letters.index(letter) for letter in wanted])
    return ordered


def uint8_pixels(tag: object, argument: str, value: Any, shape: str) -> NDArray[np.uint8]:
    """Returns pixels that are uint8 in the order of axes of a file already.

    Args:
        tag: the tag, or None.
        argument: the name of the argument.
        value: the pixels.
        shape: the shape in words, such as ``"(height, width, channels)"``.

    Raises:
        TypeError, ValueError: if the value has another dtype or number of axes or more than 4 channels, or is empty.
    """
    array = real_array(tag, argument, value)
    if array.dtype != np.uint8:
        raise TypeError(of_tag(tag, f"{argument} must be uint8, not {array.dtype}"))
    if array.ndim != shape.count(",") + 1:
        raise ValueError(of_tag(tag, f"{argument} must have shape {shape}, not {array.shape}"))
    checked_pixels(tag, argument, array)
    return array


def checked_pixels(tag: object, argument: str, array: NDArray[Any]) -> None:
    """Raises ValueError if an array of pixels is empty, or has more than 4 channels, which are its last axis."""
    if not array.size:
        raise ValueError(of_tag(tag, f"{argument} must not be empty"))
    if array.shape[-1] > 4:
        channels = "1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGBA) channels"
        hint = "" if tag is None else "; check dataformats"
        raise ValueError(of_tag(tag, f"{argument} must have {channels}, not {array.shape[-1]}{hint}"))


def as_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Returns pixels as uint8. Dtypes other than uint8 are multiplied by 255, clipped and truncated; NaN becomes 0."""
    if array.dtype == np.uint8:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = array.astype(np.float32) * np.float32(255)  # in float32 as in torch, for identical bits
    clipped: NDArray[np.float32] = np.nan_to_num(scaled, copy=False, nan=0.0).clip(0, 255)
    return clipped.astype(np.uint8)


def make_grid(nhwc: NDArray[Any], columns: int = 8) -> NDArray[Any]:
    """Arranges images of shape (images, height, width, channels) row by row in one image.

    A row has up to `columns` images; empty cells of the last row are black.
    """
    count, height, width, channels = nhwc.shape
    columns = min(count, columns)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height, width, channels), nhwc.dtype)
    cells[:count] = nhwc
    in_rows: NDArray[Any] = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return in_rows.reshape(rows * height, columns * width, channels)
