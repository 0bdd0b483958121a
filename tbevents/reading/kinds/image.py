"""Images: encoded pictures, decoded through Pillow on request."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError, PayloadError, TensorError
from tbevents.format.tensors import to_array
from tbevents.format.values import whole
from tbevents.proto import Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import is_strings
from tbevents.reading.series import LazySeries, sample_of
from tbevents.views.curves import evenly
from tbevents.views.picture_grid import draw_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_PIXELS: Final = 2**26
"""The most pixels that `Image.array` and `Image.frames` decode, all frames together, unless told otherwise: a few bytes
of file can declare a picture that fills the memory."""

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
"""The formats that Pillow may decode, by its names. Nobody logs the others, and some of them start a program."""

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
)


@dataclass(frozen=True, slots=True)
class Image:
    """The pictures logged under one tag at one step: one, or several in the TF2 form.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        width: width of the first picture in pixels, as declared in the file.
        height: height of the first picture in pixels, as declared in the file.
        samples: the encoded pictures, as stored in the file.
    """

    step: int
    wall_time: float
    width: int
    height: int
    samples: tuple[bytes, ...] = field(repr=False)

    @property
    def encoded(self) -> bytes:
        """The first picture's bytes: the contents of a PNG, JPEG or GIF file.

        Raises:
            PayloadError: if an empty batch was logged.
        """
        return sample_of(self.samples, 0, "picture")

    @property
    def format(self) -> str:
        """The first picture's format by its first bytes: "png", "jpeg", "gif", "bmp", or "" for any other."""
        return next((name for signature, name in _SIGNATURES if self.encoded.startswith(signature)), "")

    def _repr_png_(self) -> bytes | None:
        """The first picture, for notebooks; None if it is not a PNG."""
        return self.samples[0] if self.samples and self.format == "png" else None

    def _repr_jpeg_(self) -> bytes | None:
        """The first picture, for notebooks; None if it is not a JPEG."""
        return self.samples[0] if self.samples and self.format == "jpeg" else None

    def array(self, sample: int = 0, *, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
        """Decodes a picture; of an animation, its first frame.

        Args:
            sample: index of the picture within the step.
            max_pixels: the most pixels to decode.

        Returns:
            uint8 (uint16 or int32 if the picture has more bits per channel), shape (height, width, channels). There
            are 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA) channels; palettes are converted.

        Raises:
            MissingExtraError: if Pillow is not installed.
            PayloadError: if Pillow cannot decode the picture, or it is larger than `max_pixels`.
        """
        return self._decode(sample, max_pixels, every_frame=False)[0]

    def frames(self, sample: int = 0, *, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
        """Decodes all frames of an animation, such as a logged video.

        Args:
            sample: index of the picture within the step.
            max_pixels: the most pixels to decode, summed over all frames.

        Returns:
            uint8, shape (frames, height, width, channels); channels as in `array`.

        Raises:
            MissingExtraError, PayloadError: as `array`.
        """
        decoded = self._decode(sample, max_pixels, every_frame=True)
        if len(sizes := {frame.shape[:2] for frame in decoded}) > 1:
            several = ", ".join(f"{width} x {height}" for height, width in sorted(sizes))
            raise PayloadError(f"the frames of the picture differ in size: {several}")
        most = max(frame.shape[2] for frame in decoded)
        return np.stack([_with_channels(frame, most) for frame in decoded])

    def _decode(self, sample: int, max_pixels: int, *, every_frame: bool) -> list[NDArray[Any]]:
        try:
            from PIL import Image as Pillow
        except ImportError:
            raise MissingExtraError("Pillow", "image", "decoding an image") from None
        data = sample_of(self.samples, sample, "picture")
        decoded: list[NDArray[Any]] = []
        try:
            with Pillow.open(io.BytesIO(data), formats=FORMATS) as picture:
                while True:
                    pixels = picture.width * picture.height * (len(decoded) + 1)
                    if pixels > max_pixels:
                        what = f"{picture.width} x {picture.height} pixels, frame {len(decoded) + 1}"
                        raise PayloadError(f"{what}: over the limit of {max_pixels} pixels; see max_pixels")
                    decoded.append(_as_array(picture))
                    if not every_frame:
                        return decoded
                    try:
                        picture.seek(len(decoded))
                    except EOFError:
                        return decoded
        except (PayloadError, MemoryError):
            raise
        except Exception as error:  # Pillow's decoders raise exceptions of many types
            raise PayloadError(f"{len(data)} bytes are not a picture that Pillow can decode: {error}") from error


def _as_array(picture: Any) -> NDArray[Any]:
    if picture.mode in ("P", "PA"):
        alpha = picture.mode == "PA" or "transparency" in picture.info
        picture = picture.convert("RGBA" if alpha else "RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in ("L", "LA", "RGB", "RGBA", "I", "I;16", "I;16B", "I;16L"):
        picture = picture.convert("RGB")
    array = np.array(picture)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return array[:, :, None] if array.ndim == 2 else array


def _with_channels(frame: NDArray[Any], channels: int) -> NDArray[Any]:
    """Returns a frame with this many channels: frames of a GIF may differ in palette and alpha."""
    have = frame.shape[2]
    if have == channels:
        return frame
    opaque = np.full((*frame.shape[:2], 1), 255, frame.dtype)
    colour, alpha = (frame[:, :, :-1], frame[:, :, -1:]) if have in (2, 4) else (frame, opaque)
    if channels in (3, 4) and colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    return np.concatenate((colour, alpha), axis=2) if channels in (2, 4) else colour


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageSeries(LazySeries[Image]):
    """The images of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> Image:
        if value.HasField("image"):
            image = value.image
            return Image(step, wall_time, image.width, image.height, (image.encoded_image_string,))
        strings = to_array(value.tensor)
        try:
            width, height, *pictures = strings.ravel().tolist()
            return Image(step, wall_time, int(width), int(height), tuple(pictures))
        except ValueError:
            raise PayloadError(
                f"an image's tensor begins with its width and height, not {strings.ravel()[:2].tolist()!r}"[:200]
            ) from None

    def plot(
        self,
        steps: Sequence[int] | None = None,
        *,
        most: int = 12,
        sample: int = 0,
        size: tuple[float, float] | None = None,
    ) -> Figure:
        """Draws pictures side by side under their steps, through matplotlib and Pillow.

        Args:
            steps: the steps to draw; by default evenly spaced ones, including the last.
            most: the maximum number of pictures if `steps` is None; at least 1.
            sample: index of the picture within each step.
            size: width and height of the figure in inches; by default chosen by the number of pictures.

        Returns:
            The figure. Notebooks show it, and pyplot does not keep it; save it with ``figure.savefig(...)``. A picture
            that cannot be decoded is replaced by the reason.

        Raises:
            UnknownStepError: if the series has no picture at a step (also a KeyError).
            ValueError: if the series has no points, or `most` is less than 1.
            TypeError: if `most` is not a whole number.
            MissingExtraError: if matplotlib or Pillow is not installed.
            FileChangedError: if a file was changed and no longer holds a picture.
        """
        most = whole("most", most, least=1)
        if steps is None:
            places = evenly(len(self), most).tolist()
            pictures = [(f"step {self.steps[place]}", _pixels(self.__getitem__, place, sample)) for place in places]
        else:
            pictures = [(f"step {step}", _pixels(self.at, step, sample)) for step in steps]
        if not pictures:
            raise ValueError(f"{self.tag!r} has no pictures to draw")
        return draw_pictures(pictures, self.tag, size)


def _pixels(find: Callable[[int], Image], which: int, sample: int) -> NDArray[Any] | str:
    """A picture; what is wrong with it, if it cannot be decoded."""
    try:
        return find(which).array(sample)
    except (PayloadError, TensorError) as error:
        return str(error)


register(
    Kind(
        name="images",
        noun="image tag",
        order=20,
        field="image",
        plugins=("images",),
        fits=is_strings,
        data_class="BLOB_SEQUENCE",
        series=ImageSeries,
    )
)
