"""Pictures for a page: looked at before they are decoded, small ones as they are, large ones scaled down."""

import base64
import io
import sys

import numpy as np
import pytest

from tbevents.errors import MissingExtraError, PayloadError
from tbevents.tools.report.limits import ReportLimits
from tbevents.tools.report.pictures import picture


@pytest.fixture
def pillow():
    return pytest.importorskip("PIL.Image", reason="makes pictures")


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(pillow, found):
    head, data = found["source"].split(",")
    assert head.startswith("data:image/")
    return pillow.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif")])
def test_small_pictures_stay_as_they_are(pillow, kind, mime):
    data = encoded(pillow.new("RGB", (30, 20), (200, 10, 10)), kind)
    found = picture(data, ReportLimits())
    assert found == {
        "source": f"data:{mime};base64,{base64.b64encode(data).decode()}",
        "width": 30,
        "height": 20,
        "scaled": False,
    }


def test_large_ones_are_scaled_down(pillow):
    found = picture(encoded(pillow.new("RGB", (400, 100), (0, 200, 0))), ReportLimits(pixels=100))
    assert (found["width"], found["height"], found["scaled"]) == (400, 100, True)
    shown = decoded(pillow, found)
    assert shown.size == (100, 25)
    assert shown.getpixel((50, 12)) == (0, 200, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I", "F", "I;16"])
def test_every_mode_becomes_a_picture_that_browsers_show(pillow, mode):
    if mode in ("I", "F", "I;16"):
        dtype = {"I": np.int32, "F": np.float32, "I;16": np.uint16}[mode]
        image = pillow.fromarray(np.arange(64 * 64, dtype=dtype).reshape(64, 64) * 10)
    else:
        image = pillow.new("RGB", (64, 64), (255, 128, 0)).convert(mode)
    shown = decoded(pillow, picture(encoded(image, "TIFF"), ReportLimits(pixels=32)))
    assert shown.format == "PNG"
    assert shown.size == (32, 32)
    assert shown.mode in ("L", "LA", "RGB", "RGBA")
    if mode in ("I", "F", "I;16"):
        grey = np.asarray(shown)
        assert grey.min() < 10
        assert grey.max() > 245


def test_animations_stay_and_are_bounded_by_all_their_frames(pillow):
    frames = [pillow.new("RGB", (10, 10), (50 * number, 0, 0)) for number in range(5)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decoded(pillow, picture(data, ReportLimits(decoded=500))).n_frames == 5
    with pytest.raises(PayloadError, match="10 x 10 pixels, 5 frames: over the limit of 499 pixels"):
        picture(data, ReportLimits(decoded=499))


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_an_error(pillow, data):
    with pytest.raises(PayloadError, match=f"{len(data)} bytes are not a picture that Pillow can decode"):
        picture(data, ReportLimits())


def test_a_picture_that_ends_too_soon_is_an_error(pillow):
    data = encoded(pillow.effect_noise((64, 64), 90))
    with pytest.raises(PayloadError):
        picture(data[: len(data) // 2], ReportLimits())


def test_without_pillow_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"tbevents\[image\]"):
        picture(b"", ReportLimits())


def test_formats_that_start_another_program_are_not_decoded(pillow):
    data = encoded(pillow.new("RGB", (8, 8)), "EPS")
    pillow.open(io.BytesIO(data)).close()  # Pillow would
    with pytest.raises(PayloadError, match="are not a picture that Pillow can decode"):
        picture(data, ReportLimits())


def test_a_size_that_pillow_would_warn_of_is_an_error_only(pillow, recwarn):
    data = encoded(pillow.new("1", (10_000, 10_000)))
    with pytest.raises(PayloadError, match="10000 x 10000 pixels: over the limit"):
        picture(data, ReportLimits())
    assert not recwarn.list
