"""Checks of images."""

import math

import numpy as np
import pytest

from tbevents.format.tensors import from_array
from tbevents.proto import Summary
from tbevents.testing import MemoryWriter, check_image_close

from .runs import PICTURE, kinds


@pytest.fixture(params=["tf1", "tf2"])
def images(request):
    pytest.importorskip("PIL", reason="makes pictures")
    writer = MemoryWriter(format=request.param)
    writer.add_image("gray", np.full((1, 4, 5), 0.5), 1)
    writer.add_image("colour", PICTURE, 1, dataformats="HWC")
    writer.add_scalar("loss", 1.0)
    return writer


def test_an_image_shows_what_was_logged(images):
    assert check_image_close(images, "gray", np.full((1, 4, 5), 0.5)) == []
    assert check_image_close(images, "gray", np.full((4, 5), 127, np.uint8), dataformats="HW") == []
    assert check_image_close(images, "colour", PICTURE, dataformats="HWC", step=1) == []
    assert check_image_close(images, "colour", images.run.images["colour"].last) == []


def test_an_image_shows_something_else(images):
    other = PICTURE.copy()
    other[2, 3, 1] += 3
    (found,) = check_image_close(images, "colour", other, dataformats="HWC")
    assert found.kind == "values"
    assert [row[:3] for row in found.table.rows] == [("2", "3", "1")]
    assert check_image_close(images, "colour", other, dataformats="HWC", atol=3) == []
    assert check_image_close(images, "colour", other, dataformats="HWC", share=0.05) == []
    assert kinds(check_image_close(images, "colour", other, dataformats="HWC", atol=2, share=0.04)) == ["values"]


def test_an_image_of_another_size(images):
    (found,) = check_image_close(images, "colour", PICTURE[:3], dataformats="HWC")
    assert found.summary == (
        "step 1: it has 4 x 5 pixels of 3 channels, not 3 x 5 pixels of 3 channels; expected was read as HWC"
    )


def test_no_such_image(images):
    assert kinds(check_image_close(images, "loss", PICTURE, dataformats="HWC")) == ["missing"]
    for step in (9, -(10**400)):
        assert kinds(check_image_close(images, "gray", PICTURE, dataformats="HWC", step=step)) == ["missing"]
    (found,) = check_image_close(images, "colour", PICTURE, dataformats="HWC", sample=1)
    assert (found.kind, found.summary) == ("missing", "step 1: it has 1 picture, so there is no sample 1")


def test_any_of_a_steps_pictures():
    pytest.importorskip("PIL", reason="makes pictures")
    single = MemoryWriter(format="tf2")
    for step, picture in enumerate((PICTURE, PICTURE[::-1])):
        single.add_image("picture", picture, step, dataformats="HWC")
    first, second = (value.encoded for value in single.run.images["picture"])
    both = Summary()
    value = both.value.add(tag="picture")
    value.metadata.plugin_data.plugin_name = "images"
    value.tensor.CopyFrom(from_array(np.array([b"5", b"4", first, second], object)))
    writer = MemoryWriter()
    writer.file_writer.add_summary(both, 3)
    for sample, picture in enumerate((PICTURE, PICTURE[::-1])):
        assert check_image_close(writer, "picture", picture, dataformats="HWC", sample=sample) == []
    assert kinds(check_image_close(writer, "picture", PICTURE, dataformats="HWC", sample=1)) == ["values"]
    (found,) = check_image_close(writer, "picture", PICTURE, dataformats="HWC", sample=2)
    assert found.summary == "step 3: it has 2 pictures, so there is no sample 2"


def test_the_tolerance_of_an_image_may_be_an_array(images):
    (found,) = check_image_close(images, "colour", 255 - PICTURE, dataformats="HWC", atol=np.array([1]))
    assert "(atol 1, share 0)" in found.summary


@pytest.mark.parametrize(
    "wrong", [{"atol": -1}, {"share": 2}, {"share": math.nan}, {"dataformats": "XYZ"}, {"sample": -1}]
)
def test_what_check_image_close_refuses(images, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        check_image_close(images, "colour", PICTURE, **{"dataformats": "HWC", **wrong})
