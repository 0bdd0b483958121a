"""Images.

TF1 form: a PNG and its size. TF2 form: a tensor of strings: width, height, PNG, PNG, ...
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError
from tbevents.format.tensors import from_array
from tbevents.format.values import as_float, checked_text
from tbevents.proto import Summary
from tbevents.summary.builders import Format, checked_format, from_value, of_tag, plugin_metadata, real_array
from tbevents.summary.pixels import to_hwc, to_nhwc, uint8_pixels

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_RESCALED: Final = 178_956_970
"""The largest number of pixels after rescaling: Pillow refuses to open larger images as a possible attack."""

_FARTHEST: Final = 1e9
"""The largest coordinate of a box corner, in pixels; larger ones are clipped."""


def image(
    tag: str,
    tensor: Any,
    rescale: float = 1,
    dataformats: str = "NCHW",
    *,
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """Returns a summary of an image, or of a batch; `tensor` and `dataformats` are those of `SummaryWriter.add_images`.

    `rescale` is the factor by which the image is enlarged. ``format="tf1"`` stores a batch as one grid of 8 columns,
    and gray images as RGB. ``"tf2"`` stores the images of a batch separately, and gray images as gray, as
    tf.summary.image does.

    Raises:
        MissingExtraError: if Pillow is not installed.
        TypeError, ValueError: if an argument has the wrong type or value.
    """
    tag = checked_text(tag)
    if checked_format(format) == "tf2":
        batch = to_nhwc(tag, "img_tensor", tensor, dataformats)
        return from_encoded(tag, [make_image(picture, rescale, tag=tag) for picture in batch], format)
    picture = to_hwc(tag, "img_tensor", tensor, dataformats)
    return from_encoded(tag, [make_image(picture, rescale, tag=tag)], format)


def image_boxes(
    tag: str,
    tensor_image: Any,
    tensor_boxes: Any,
    rescale: float = 1,
    dataformats: str = "CHW",
    labels: Sequence[str] | str | None = None,
    *,
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """Returns a summary of an image with red boxes on it: see `SummaryWriter.add_image_with_boxes`.

    The height and width in the message are those of the image before it is enlarged by `rescale`.

    Raises:
        MissingExtraError: if Pillow is not installed.
        TypeError, ValueError: if an argument has the wrong type or value, or the number of labels is not that of boxes.
    """
    tag = checked_text(tag)
    picture = to_hwc(tag, "img_tensor", tensor_image, dataformats)
    boxes, names = _checked_boxes(tag, "box_tensor", tensor_boxes, labels)
    return from_encoded(tag, [make_image(picture, rescale, boxes, names, tag=tag)], checked_format(format))


def _checked_boxes(tag: object, argument: str, value: Any, labels: Any) -> tuple[NDArray[Any], list[Any] | None]:
    """Returns boxes as an array of shape (boxes, 4), and their labels as a list or None.

    Raises:
        TypeError, ValueError: if one has the wrong type or shape, or the number of labels is not that of boxes.
    """
    boxes = real_array(tag, argument, value)
    if not boxes.size:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise ValueError(of_tag(tag, f"{argument} must be finite and have shape (boxes, 4), not {boxes.shape}"))
    if labels is None:
        return boxes, None
    if isinstance(labels, str):
        labels = [labels]
    if not isinstance(labels, Iterable):
        raise TypeError(of_tag(tag, f"labels must be a list of str, not {type(labels).__name__}"))
    names = list(labels)
    if len(names) != len(boxes):
        raise ValueError(of_tag(tag, f"labels has {len(names)} items, but {argument} has {len(boxes)} boxes"))
    return boxes, names


def from_encoded(tag: str, images: Sequence[Summary.Image], format: Format) -> Summary:  # noqa: A002
    """Returns the summary of encoded images. In the TF1 form there must be exactly one."""
    if format == "tf1":
        (only,) = images
        return from_value(tag, image=only)
    texts = [str(images[0].width).encode(), str(images[0].height).encode()]
    content = np.array([*texts, *(one.encoded_image_string for one in images)], object)
    return from_value(tag, tensor=from_array(content), metadata=plugin_metadata("images"))


def make_image(
    tensor: NDArray[np.uint8],
    rescale: float = 1,
    rois: Any = None,
    labels: Sequence[str] | None = None,
    *,
    tag: str | None = None,
) -> Summary.Image:
    """Returns an image as PNG.

    Args:
        tensor: the pixels, uint8 of shape (height, width, channels) with 1 to 4 channels.
        rescale: the factor by which the image is enlarged. The height and width in the message are those of `tensor`.
        rois: boxes as in `image_boxes`; None for none.
        labels: a label for each box.
        tag: the tag, for error messages.

    Raises:
        MissingExtraError: if Pillow is not installed.
        TypeError, ValueError: if an argument has the wrong type or shape, or the rescaled image would have no pixels,
            or more than `MAX_RESCALED`.
    """
    pillow = import_pillow("an image")
    pixels = uint8_pixels(tag, "tensor", tensor, "(height, width, channels)")
    height, width, channels = pixels.shape
    scale = as_float(rescale, name=of_tag(tag, "rescale"))
    if not math.isfinite(scale) or int(min(height, width) * scale) < 1:
        raise ValueError(of_tag(tag, f"rescale={rescale!r} leaves no pixels of {width} x {height}"))
    size = int(width * scale), int(height * scale)
    if scale > 1 and size[0] * size[1] > MAX_RESCALED:
        raise ValueError(
            of_tag(tag, f"rescale={rescale!r} makes {size[0]} x {size[1]} pixels, more than {MAX_RESCALED}")
        )
    picture = pillow.fromarray(np.ascontiguousarray(pixels[:, :, 0] if channels == 1 else pixels))
    if rois is not None:
        boxes, names = _checked_boxes(tag, "rois", rois, labels)
        draw_boxes(picture, boxes, names)
    if scale != 1:
        picture = picture.resize(size, pillow.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, format="PNG")
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=encoded.getvalue())


def draw_boxes(disp_image: Image, boxes: Any, labels: Sequence[str] | None = None) -> Image:
    """Draws red boxes on a Pillow image, each with its label in the lower left corner.

    Args:
        disp_image: the image, which is changed.
        boxes: shape (boxes, 4), as in `image_boxes`.
        labels: a label for each box; an empty label is not drawn.

    Returns:
        The same image.

    Raises:
        MissingExtraError: if Pillow is not installed.
        TypeError, ValueError: if `boxes` are not finite numbers of this shape, or `labels` are not as many.
    """
    places, names = _checked_boxes(None, "boxes", boxes, labels)
    import_pillow("a box on an image")
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(disp_image)
    font = ImageFont.load_default()
    # Pillow needs coordinates that fit 32 bits.
    corners = places.astype(np.float64).clip(-_FARTHEST, _FARTHEST)
    for number, (left, top, right, bottom) in enumerate(corners.tolist()):
        around = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        draw.line(around, fill="red", width=2)
        text = str(names[number]) if names is not None else ""
        if text:
            x0, y0, x1, y1 = font.getbbox(text)
            margin = math.ceil(0.05 * (y1 - y0))
            plate = [(left, bottom - (y1 - y0) - 2 * margin), (left + x1 - x0, bottom)]
            draw.rectangle(plate, fill="red")
            draw.text((left + margin, bottom - (y1 - y0) - margin), text, fill="black", font=font)
    return disp_image


def import_pillow(purpose: str) -> ModuleType:
    """Returns the module PIL.Image.

    Raises:
        MissingExtraError: if Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        why = None if isinstance(error, ModuleNotFoundError) else error  # of a Pillow that is there, but broken
        raise MissingExtraError("Pillow", "image", purpose) from why
    return Image
