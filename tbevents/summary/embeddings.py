"""Embeddings: the files that TensorBoard's projector reads. They are not stored in event files."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tbevents.format.values import checked_text
from tbevents.proto import EmbeddingInfo, SpriteMetadata
from tbevents.summary.builders import real_array
from tbevents.summary.images import import_pillow
from tbevents.summary.pixels import axes_in_order, checked_pixels, make_grid

TENSORS, METADATA, SPRITE = "tensors.tsv", "metadata.tsv", "sprite.png"


@dataclass(frozen=True, slots=True)
class EmbeddingFiles:
    """Points in many dimensions, in the form that the projector reads.

    Attributes:
        files: base name -> content: ``tensors.tsv`` and, if given, ``metadata.tsv`` and ``sprite.png``.
        sprite_size: width and height of one point's image in pixels; None without images.
    """

    files: dict[str, bytes]
    sprite_size: tuple[int, int] | None

    def info(self, name: str, folder: str) -> EmbeddingInfo:
        """Returns the entry in ``projector_config.pbtxt``; `folder` is relative to it, with ``/`` between the parts."""
        info = EmbeddingInfo(tensor_name=name, tensor_path=f"{folder}/{TENSORS}")
        if METADATA in self.files:
            info.metadata_path = f"{folder}/{METADATA}"
        if self.sprite_size is not None:
            sprite = SpriteMetadata(image_path=f"{folder}/{SPRITE}", single_image_dim=self.sprite_size)
            info.sprite.CopyFrom(sprite)
        return info


Embedding = EmbeddingFiles
"""The public name: `tbevents.summary.Embedding`, beside `tbevents.Embedding`, one that was read."""


def embedding(
    tag: str, mat: Any, metadata: Any = None, label_img: Any = None, metadata_header: Sequence[str] | None = None
) -> EmbeddingFiles:
    """Returns an embedding: points, each with an optional label and image. See `SummaryWriter.add_embedding`.

    Images are uint8 from 0 to 255, or any other dtype from 0 to 1.

    Raises:
        MissingExtraError: if there are images and Pillow is not installed.
        TypeError, ValueError: if an argument has the wrong type or value, or the number of labels or images is not the
            number of points.
    """
    tag = checked_text(tag)
    points = real_array(tag, "mat", mat)
    if points.ndim != 2 or not points.size:
        raise ValueError(f"{tag!r}: mat must have shape (points, dimensions) and not be empty, not {points.shape}")
    files = {TENSORS: _lines("\t".join(map(str, row)) for row in points.tolist())}
    if metadata is not None:
        files[METADATA] = _labels(tag, len(points), metadata, metadata_header)
    if label_img is None:
        return EmbeddingFiles(files, None)
    files[SPRITE], size = _sprite(tag, len(points), label_img)
    return EmbeddingFiles(files, size)


def escaped_tag(tag: str) -> str:
    """Returns a tag as a folder name, with slashes and backslashes escaped."""
    return checked_text(tag).replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def _labels(tag: str, count: int, metadata: Any, header: Sequence[str] | None) -> bytes:
    rows = _items(tag, "metadata", metadata)
    if len(rows) != count:
        raise ValueError(f"{tag!r}: metadata has {len(rows)} labels, but mat has {count} points")
    titles = [] if header is None else _items(tag, "metadata_header", header)
    columns = max(1, len(titles))
    cells = [[row] if not titles else _columns(tag, number, row, columns) for number, row in enumerate(rows)]
    if columns > 1:  # else the projector expects no header
        cells.insert(0, titles)
    try:
        return _lines("\t".join(map(_cell, row)) for row in cells)
    except UnicodeEncodeError as error:
        raise ValueError(f"{tag!r}: a label in metadata cannot be encoded as UTF-8: {error}") from None


def _items(tag: str, argument: str, value: Any) -> list[Any]:
    """Returns the items of an argument; raises TypeError if it has none."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{tag!r}: {argument} must be a list, not {type(value).__name__}: {value!r}")
    return list(value)


def _columns(tag: str, number: int, row: Any, columns: int) -> list[Any]:
    """Returns the columns of a label; a label of one column may stand by itself."""
    found = [row] if isinstance(row, (str, bytes)) or not isinstance(row, Iterable) else list(row)
    if len(found) != columns:
        wanted = "the column" if columns == 1 else f"the {columns} columns"
        raise ValueError(f"{tag!r}: metadata[{number}] must have {wanted} of metadata_header: {row!r}")
    return found


def _cell(value: Any) -> str:
    """Returns a label without tabs and line breaks."""
    text = str(value)
    return text.translate({9: " ", 10: " ", 13: " "})


def _lines(lines: Any) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _sprite(tag: str, count: int, label_img: Any) -> tuple[bytes, tuple[int, int]]:
    """Returns one image of all images, row by row and about square, padded with black below; and the size of each."""
    nhwc = axes_in_order(tag, "label_img", real_array(tag, "label_img", label_img), "NCHW", "NHWC")
    if len(nhwc) != count:
        raise ValueError(f"{tag!r}: label_img has {len(nhwc)} images, but mat has {count} points")
    checked_pixels(tag, "label_img", nhwc)
    if nhwc.dtype != np.uint8:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = nhwc.astype(np.float64) * 255.0  # in float64 as in torch, for identical bits
        nhwc = np.nan_to_num(scaled, nan=0.0).clip(0, 255).astype(np.uint8)
    height, width, channels = nhwc.shape[1:]
    if channels not in (1, 3):
        raise ValueError(f"{tag!r}: label_img must have 1 (gray) or 3 (RGB) channels, not {channels}")
    if channels == 1:
        nhwc = np.repeat(nhwc, 3, axis=3)
    grid = make_grid(nhwc, columns=math.ceil(math.sqrt(count)))
    below = max(0, grid.shape[1] - grid.shape[0])
    encoded = io.BytesIO()
    square = np.pad(grid, [(0, below), (0, 0), (0, 0)])
    import_pillow("a sprite").fromarray(square).save(encoded, format="PNG")
    return encoded.getvalue(), (width, height)
