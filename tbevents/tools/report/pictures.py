"""Logged pictures as the page shows them: checked, and of a bounded size."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any, Final

from tbevents.errors import MissingExtraError, PayloadError
from tbevents.reading.kinds.image import FORMATS
from tbevents.tools.report.limits import ReportLimits

_AS_THEY_ARE: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif"}
"""Formats that every browser shows, by Pillow's names; the rest becomes PNG."""


def picture(data: bytes, limits: ReportLimits) -> dict[str, Any]:
    """Returns one encoded picture, for the page.

    The size that its header declares is checked before anything is decoded. Small pictures of common formats are kept
    as they are, animations included; the others are decoded, scaled down and encoded as PNG (of animations, the first
    frame).

    Args:
        data: the contents of a picture file of one of the `FORMATS`.
        limits: how large it may be.

    Returns:
        ``source``, a data URL; ``width`` and ``height``, in pixels as logged; ``scaled``, whether it was scaled down.

    Raises:
        MissingExtraError: if Pillow is not installed.
        PayloadError: if Pillow cannot decode the picture, or it is too large.
    """
    try:
        from PIL import Image as Pillow
    except ImportError:
        raise MissingExtraError("Pillow", "image", "showing pictures") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit is checked below
            opened = Pillow.open(io.BytesIO(data), formats=FORMATS)
        with opened:
            width, height = opened.size
            frames = getattr(opened, "n_frames", 1) if width * height <= limits.decoded else 1
            if width * height * frames > limits.decoded:
                what = f"{width} x {height} pixels" + (f", {frames} frames" if frames > 1 else "")
                raise PayloadError(f"{what}: over the limit of {limits.decoded} pixels")
            scaled = max(width, height) > limits.pixels
            if not scaled and opened.format in _AS_THEY_ARE:
                opened.load()  # raises if only the header is intact
                kind, encoded = _AS_THEY_ARE[opened.format], data
            else:
                kind, encoded = "image/png", _as_png(opened, limits.pixels)
    except (PayloadError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise exceptions of many types
        raise PayloadError(f"{len(data)} bytes are not a picture that Pillow can decode: {error}") from error
    source = f"data:{kind};base64,{base64.b64encode(encoded).decode('ascii')}"
    return {"source": source, "width": width, "height": height, "scaled": scaled}


def _as_png(opened: Any, longest: int) -> bytes:
    if opened.mode in ("P", "PA"):
        opened = opened.convert("RGBA" if "transparency" in opened.info or opened.mode == "PA" else "RGB")
    elif opened.mode.startswith(("I", "F")):
        low, high = opened.getextrema()  # more than 8 bits: scaled from the least to the greatest value
        span = (high - low) or 1
        opened = opened.point(lambda value: value * (255 / span) - low * (255 / span)).convert("L")
    elif opened.mode not in ("L", "LA", "RGB", "RGBA"):
        opened = opened.convert("RGB")
    opened.thumbnail((longest, longest))
    file = io.BytesIO()
    opened.save(file, "PNG")
    return file.getvalue()
