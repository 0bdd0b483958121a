"""Videos: images whose content is a GIF instead of a PNG."""

from __future__ import annotations

import io
import itertools
import math
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.format.values import as_float, checked_text
from tbevents.proto import Summary
from tbevents.summary.builders import Format, checked_format, of_tag, real_array
from tbevents.summary.images import from_encoded, import_pillow
from tbevents.summary.pixels import as_uint8, axes_in_order, checked_pixels, make_grid, uint8_pixels

_SHORTEST: Final = 2
"""The shortest duration of a frame, in hundredths of a second: browsers show shorter frames for 10."""


def video(
    tag: str,
    tensor: Any,
    fps: float = 4,
    dataformats: str = "NTCHW",
    *,
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """Returns a summary of a video: see `SummaryWriter.add_video`. ``format="tf2"`` writes a tensor of strings.

    Several videos are shown side by side in a grid; its number of cells is a power of two. A GIF stores durations in
    1/100 s; each frame lasts at least 2/100 s.

    Raises:
        MissingExtraError: if Pillow is not installed.
        TypeError, ValueError: if an argument has the wrong type or value.
    """
    tag = checked_text(tag)
    videos = axes_in_order(tag, "vid_tensor", real_array(tag, "vid_tensor", tensor), dataformats, "NTHWC")
    checked_pixels(tag, "vid_tensor", videos)
    count = len(videos)
    rows = 2 ** ((count.bit_length() - 1) // 2)
    columns = 2 ** (count - 1).bit_length() // rows
    cells = np.zeros((rows * columns, *videos.shape[1:]), np.uint8)
    cells[:count] = as_uint8(videos)
    frames = np.stack([make_grid(frame, columns) for frame in cells.swapaxes(0, 1)])
    return from_encoded(tag, [_encoded(tag, "vid_tensor", frames, fps)], checked_format(format))


def make_video(tensor: NDArray[np.uint8], fps: float) -> Summary.Image:
    """Returns frames as a GIF. Equal neighbouring frames may be merged into one that lasts longer.

    Args:
        tensor: uint8 of shape (frames, height, width, channels) with 1, 3 or 4 channels.
        fps: frames per second, above 0.

    Raises:
        MissingExtraError: if Pillow is not installed.
        TypeError, ValueError: if an argument has the wrong type or value, or the size, or the duration of a frame, is
            too large for a GIF.
    """
    return _encoded(None, "tensor", tensor, fps)


def _encoded(tag: str | None, argument: str, tensor: Any, fps: Any) -> Summary.Image:
    pillow = import_pillow("a video")
    frames = uint8_pixels(tag, argument, tensor, "(frames, height, width, channels)")
    count, height, width, channels = frames.shape
    if channels == 2:
        raise ValueError(of_tag(tag, f"{argument} must have 1 (gray), 3 (RGB) or 4 (RGBA) channels, not 2"))
    rate = as_float(fps, name=of_tag(tag, "fps"))
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(of_tag(tag, f"fps must be above 0, not {fps!r}"))
    first, *others = map(pillow.fromarray, np.ascontiguousarray(frames[..., 0] if channels == 1 else frames))
    encoded = io.BytesIO()
    try:
        # The start of each frame is rounded, not its duration, so that errors do not add up.
        begins = [round(100 * number / rate) for number in range(count + 1)]
        lasting = [10 * max(end - begin, _SHORTEST) for begin, end in itertools.pairwise(begins)]
        first.save(encoded, format="GIF", save_all=True, append_images=others, duration=lasting, loop=0)
    except (OverflowError, struct.error):
        limits = "at most 65,535 pixels in each direction and 655.35 seconds per frame, with equal neighbours merged"
        raise ValueError(of_tag(tag, f"{argument} with fps={fps!r} does not fit a GIF: {limits}")) from None
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=encoded.getvalue())
