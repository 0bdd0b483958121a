import io
import warnings

import numpy as np
import pytest

from tbevents import summary

Image = pytest.importorskip("PIL.Image", reason="makes PNGs")

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 256, (3, 4, 5), dtype=np.uint8)


def encoded(message):
    return message.value[0].image


def pixels(message):
    return np.asarray(Image.open(io.BytesIO(encoded(message).encoded_image_string)))


@pytest.mark.parametrize("dataformats", ["CHW", "HWC", "WHC", "chw"])
def test_axes_come_in_any_order(dataformats):
    order = ["CHW".index(letter) for letter in dataformats.upper()]
    message = summary.image("i", PIXELS.transpose(order), dataformats=dataformats)
    assert (pixels(message) == PIXELS.transpose(1, 2, 0)).all()
    assert (encoded(message).height, encoded(message).width, encoded(message).colorspace) == (4, 5, 3)


@pytest.mark.parametrize(
    ("channels", "mode"), [(1, "RGB"), (2, "LA"), (3, "RGB"), (4, "RGBA")], ids=["gray", "gray+alpha", "rgb", "rgba"]
)
def test_channels(channels, mode):
    array = RNG.integers(0, 256, (channels, 4, 5), dtype=np.uint8)
    message = summary.image("i", array, dataformats="CHW")
    assert Image.open(io.BytesIO(encoded(message).encoded_image_string)).mode == mode
    expected = np.broadcast_to(array.transpose(1, 2, 0), (4, 5, max(channels, 3) if channels != 2 else 2))
    assert (pixels(message) == expected).all()


def test_two_axes_are_gray():
    assert (pixels(summary.image("i", PIXELS[0], dataformats="HW")) == PIXELS[0][..., None]).all()


@pytest.mark.parametrize(
    ("value", "brightness"),
    [
        (np.float32(0.5), 127),
        (np.float64(1.0), 255),
        (np.float16(2.0), 255),
        (np.float32(-1.0), 0),
        (np.float32(np.nan), 0),
        (np.float32(np.inf), 255),
        (np.float64(-1e300), 0),
        (np.int32(1), 255),
        (True, 255),
        (np.uint8(1), 1),
        (np.uint16(7), 255),
    ],
)
def test_brightness_by_dtype(value, brightness):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = summary.image("i", np.full((1, 2, 2), value), dataformats="CHW")
    assert (pixels(message) == brightness).all()


def test_a_batch_is_a_grid_of_eight_columns_with_black_at_the_end():
    batch = RNG.integers(1, 256, (10, 2, 3, 3), dtype=np.uint8)
    grid = pixels(summary.image("i", batch, dataformats="NHWC"))
    assert grid.shape == (4, 24, 3)
    for number, picture in enumerate(batch):
        row, column = divmod(number, 8)
        assert (grid[2 * row : 2 * row + 2, 3 * column : 3 * column + 3] == picture).all()
    assert not grid[2:, 6:].any()


def test_equal_images_are_equal_bytes():
    assert summary.image("i", PIXELS, dataformats="CHW") == summary.image("i", PIXELS.copy(), dataformats="CHW")


def test_rescaling_leaves_the_size_in_the_message():
    message = summary.image("i", PIXELS, rescale=3, dataformats="CHW")
    assert pixels(message).shape == (12, 15, 3)
    assert (encoded(message).height, encoded(message).width) == (4, 5)


def test_boxes_are_red_and_xyxy():
    drawn = pixels(summary.image_boxes("i", np.zeros((3, 30, 40)), [[10, 5, 30, 20]]))
    red = (drawn == [255, 0, 0]).all(axis=2)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert abs(rows[0] - 5) <= 1
    assert abs(rows[-1] - 20) <= 1
    assert abs(columns[0] - 10) <= 1
    assert abs(columns[-1] - 30) <= 1
    assert not red[8:18, 13:27].any()


def test_labels_are_written_into_their_box():
    bare = pixels(summary.image_boxes("i", np.ones((3, 40, 60)), [[5, 5, 50, 35]]))
    labelled = pixels(summary.image_boxes("i", np.ones((3, 40, 60)), [[5, 5, 50, 35]], labels="cat"))
    changed = np.argwhere((bare != labelled).any(axis=2))
    assert len(changed)
    assert changed[:, 0].min() > 15
    assert summary.image_boxes("i", np.ones((3, 40, 60)), [[5, 5, 50, 35]], labels=[""]) == summary.image_boxes(
        "i", np.ones((3, 40, 60)), [[5, 5, 50, 35]]
    )


def test_no_boxes_leave_the_picture_alone():
    assert summary.image_boxes("i", PIXELS, []) == summary.image("i", PIXELS, dataformats="CHW")


def test_boxes_may_go_on_far_beyond_the_picture():
    drawn = pixels(summary.image_boxes("i", np.zeros((3, 9, 9)), [[4, -1e300, 1e300, 1e30]], labels=["far"]))
    assert (drawn[:, 4] == [255, 0, 0]).all()
    assert (drawn[:, 7] == 0).all()


def test_labels_that_are_no_list_are_refused():
    with pytest.raises(TypeError, match="'i': labels must be a list of str, not int"):
        summary.image_boxes("i", PIXELS, [[1, 2, 3, 4]], labels=3)


@pytest.mark.parametrize(
    ("array", "dataformats", "message"),
    [
        (np.zeros((3, 4)), "CHW", r"'i': img_tensor of shape \(3, 4\) has 2 axes, but dataformats 'CHW' has 3"),
        (np.zeros((3, 4, 5)), "CHH", "'i': dataformats .* not 'CHH'"),
        (np.zeros((3, 4, 5)), "ABC", "'i': dataformats"),
        (np.zeros((3, 4, 5)), "", "'i': dataformats"),
        (np.zeros((3, 4, 5)), "NTCHW", "'i': dataformats"),
        (np.zeros((5, 4, 4)), "CHW", "'i': img_tensor must have .* channels, not 5"),
        (np.zeros((3, 0, 5)), "CHW", "'i': img_tensor must not be empty"),
        (np.zeros((0, 4, 5)), "CHW", "'i': img_tensor must not be empty"),
        (np.zeros((0, 3, 4, 5)), "NCHW", "'i': img_tensor must not be empty"),
    ],
)
def test_what_is_no_picture_is_refused(array, dataformats, message):
    for form in ("tf1", "tf2"):
        with pytest.raises(ValueError, match=message):
            summary.image("i", array, dataformats=dataformats, format=form)


@pytest.mark.parametrize("array", [None, "text", [[1j]], [[1], [2, 3]]])
def test_what_is_no_array_of_numbers_is_refused(array):
    with pytest.raises(TypeError, match="'i': img_tensor"):
        summary.image("i", array, dataformats="HW")


@pytest.mark.parametrize(
    ("boxes", "labels", "message"),
    [
        ([[1, 2, 3]], None, "box_tensor"),
        ([1, 2, 3, 4], None, "box_tensor"),
        ([[1, 2, 3, np.nan]], None, "box_tensor"),
        ([[1, 2, 3, 4]], ["a", "b"], "labels has 2 items, but box_tensor has 1 boxes"),
        ([[1, 2, 3, 4]] * 2, "a", "labels has 1 items, but box_tensor has 2 boxes"),
    ],
)
def test_boxes_and_labels_that_do_not_fit_are_refused(boxes, labels, message):
    with pytest.raises(ValueError, match=f"'i': .*{message}"):
        summary.image_boxes("i", PIXELS, boxes, labels=labels)


@pytest.mark.parametrize("rescale", [0, -1, 0.1, 1e6, float("nan"), float("inf")])
def test_rescaling_to_nothing_or_beyond_memory_is_refused(rescale):
    with pytest.raises(ValueError, match="rescale"):
        summary.image("i", PIXELS, rescale=rescale, dataformats="CHW")
