import io

import numpy as np
import pytest

from tbevents import summary

Image = pytest.importorskip("PIL.Image", reason="makes GIFs")
ImageSequence = pytest.importorskip("PIL.ImageSequence")


def frames(message):
    gif = Image.open(io.BytesIO(message.value[0].image.encoded_image_string))
    assert gif.format == "GIF"
    return [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(gif)]


def test_frames_of_few_colours_come_back_exactly():
    video = np.random.default_rng(0).choice([0, 85, 170, 255], (1, 5, 3, 6, 7)).astype(np.uint8)
    got = frames(summary.video("v", video))
    assert len(got) == 5
    for (pixels, lasts), frame in zip(got, video[0], strict=True):
        assert lasts == 250
        assert (pixels == frame.transpose(1, 2, 0)).all()


def test_gray_frames_come_back_exactly():
    video = np.arange(256, dtype=np.uint8).reshape(1, 1, 1, 16, 16).repeat(2, axis=1)
    video[0, 1] = 255 - video[0, 1]
    got = frames(summary.video("v", video))
    assert (got[1][0] == video[0, 1].transpose(1, 2, 0)).all()


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 2, 2), (5, 2, 4), (9, 2, 8)]
)
def test_several_videos_are_a_grid_of_a_power_of_two(count, rows, columns):
    videos = np.full((count, 1, 1, 2, 3), 255, np.uint8)
    ((pixels, _),) = frames_of_one(summary.video("v", videos))
    assert pixels.shape == (2 * rows, 3 * columns, 3)
    lit = pixels.reshape(rows, 2, columns, 3, 3).any(axis=(1, 3, 4)).ravel()
    assert lit.tolist() == [number < count for number in range(rows * columns)]


def frames_of_one(message):
    gif = Image.open(io.BytesIO(message.value[0].image.encoded_image_string))
    return [(np.asarray(gif.convert("RGB")), None)]


def test_durations_do_not_drift():
    video = np.random.default_rng(0).integers(0, 2, (1, 31, 1, 8, 8), dtype=np.uint8) * 255
    lasting = [lasts for _, lasts in frames(summary.video("v", video, fps=30))]
    assert set(lasting) == {30, 40}
    assert sum(lasting) == 1030


def test_no_frame_is_shorter_than_browsers_show():
    video = np.random.default_rng(0).integers(0, 2, (1, 4, 1, 8, 8), dtype=np.uint8) * 255
    assert {lasts for _, lasts in frames(summary.video("v", video, fps=1000))} == {20}


def test_axes_come_in_any_order_and_floats_are_scaled():
    video = np.random.default_rng(0).integers(0, 2, (1, 3, 3, 4, 5)).astype(np.float64)
    expected = summary.video("v", video)
    assert summary.video("v", video.transpose(0, 1, 3, 4, 2), dataformats="NTHWC") == expected
    assert summary.video("v", (video * 255).astype(np.uint8)) == expected


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 2, 3, 4), {}, "'v': vid_tensor of shape"),
        ((1, 0, 3, 4, 4), {}, "'v': vid_tensor must not be empty"),
        ((0, 2, 3, 4, 4), {}, "'v': vid_tensor must not be empty"),
        ((1, 2, 2, 4, 4), {}, "'v': vid_tensor must have .* channels, not 2"),
        ((1, 2, 5, 4, 4), {}, "'v': vid_tensor must have .* channels, not 5"),
        ((1, 2, 3, 4, 4), {"dataformats": "NTCH"}, "'v': dataformats"),
        ((1, 2, 3, 4, 4), {"fps": 0}, "'v': fps"),
        ((1, 2, 3, 4, 4), {"fps": float("nan")}, "'v': fps"),
        ((1, 2, 3, 4, 4), {"fps": 0.001}, "'v': vid_tensor with fps=0.001 does not fit a GIF"),
        ((1, 700, 1, 1, 1), {"fps": 1}, "'v': vid_tensor with fps=1 does not fit a GIF"),  # all of them are equal
        ((1, 1, 1, 1, 70_000), {}, "'v': vid_tensor with fps=4 does not fit a GIF"),
    ],
)
def test_what_is_no_video_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        summary.video("v", np.zeros(shape), **options)
