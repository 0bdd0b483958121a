"""Arrays of pixels: from what callers log, in any order of the axes, to uint8 in one order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.summary.builders import real_array

__all__ = ["as_uint8", "axes_in_order", "make_grid", "to_hwc", "to_nhwc"]


def to_hwc(tag: object, argument: str, value: Any, dataformats: str) -> NDArray[np.uint8]:
    """One picture, with at least three channels.

    Args:
        tag: for the error messages.
        argument: the caller's name of the value, for the error messages.
        value: real numbers: uint8 from 0 to 255, or of any other dtype from 0 to 1.
        dataformats: a letter for each axis: N picture, C channel, H row, W column. A batch becomes one grid.

    Returns:
        Shape (height, width, channels): gray as three channels, the others as they are.

    Raises:
        TypeError, ValueError: the value is no picture in this format.
    """
    nhwc = to_nhwc(tag, argument, value, dataformats)
    if nhwc.shape[3] == 1:
        nhwc = np.repeat(nhwc, 3, axis=3)
    return nhwc[0] if len(nhwc) == 1 else make_grid(nhwc)


def to_nhwc(tag: object, argument: str, value: Any, dataformats: str) -> NDArray[np.uint8]:
    """A batch of pictures; arguments as in `to_hwc`.

    Returns:
        Shape (pictures, height, width, channels), none of which is 0; there are up to 4 channels.
    """
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
    """The array with its axes moved from one order to another.

    Args:
        tag: for the error messages.
        argument: the caller's name of the array, for the error messages.
        array: any.
        dataformats: a letter for each axis, in either case.
        wanted: the same letters, in the order they are to be in.

    Raises:
        ValueError: the format has not those letters, or the array not as many axes.
    """
    letters = str(dataformats).upper()
    if sorted(letters) != sorted(wanted):
        raise ValueError(f"{tag!r}: dataformats must have the letters of {wanted!r}, each once, not {dataformats!r}")
    if array.ndim != len(letters):
        raise ValueError(
            f"{tag!r}: {argument} of shape {array.shape} has {array.ndim} axes, dataformats {dataformats!r} "
            f"has {len(letters)}"
        )
    ordered: NDArray[Any] = array.transpose([letters.index(letter) for letter in wanted])
    return ordered


def checked_pixels(tag: object, argument: str, array: NDArray[Any]) -> None:
    """Checks the size of an array whose last axis is the channels.

    Raises:
        ValueError: it is empty, or has not 1 to 4 channels.
    """
    if not array.size:
        raise ValueError(f"{tag!r}: {argument} has no pixels")
    if array.shape[-1] > 4:
        raise ValueError(
            f"{tag!r}: {argument} has {array.shape[-1]} channels, not 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 "
            "(RGBA); do dataformats fit?"
        )


def as_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Brightness from 0 to 255: uint8 as it is, all else multiplied by 255, clipped and truncated; NaN is 0."""
    if array.dtype == np.uint8:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = array.astype(np.float32) * np.float32(255)  # in float32, as torch, for the same last bits
    clipped: NDArray[np.float32] = np.nan_to_num(scaled, copy=False, nan=0.0).clip(0, 255)
    return clipped.astype(np.uint8)


def make_grid(nhwc: NDArray[Any], columns: int = 8) -> NDArray[Any]:
    """Pictures side by side, row by row; what is left of the last row is black.

    Args:
        nhwc: shape (pictures, height, width, channels).
        columns: the most pictures in a row.

    Returns:
        Shape (rows * height, columns * width, channels).
    """
    count, height, width, channels = nhwc.shape
    columns = min(count, columns)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height, width, channels), nhwc.dtype)
    cells[:count] = nhwc
    in_rows: NDArray[Any] = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return in_rows.reshape(rows * height, columns * width, channels)
