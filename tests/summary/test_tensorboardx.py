"""Builders compared to tensorboardX's, byte for byte where they write the same."""

import numpy as np
import pytest

from tbevents import summary
from tbevents.proto import HParamsPluginData
from tbevents.summary.histograms import default_edges

theirs = pytest.importorskip("tensorboardX.summary", reason="compares with tensorboardX's builders")

RNG = np.random.default_rng(11)
LAYOUT = {"c": {"l": ["Multiline", ["a", "b"]], "m": ["Margin", ["a", "b", "c"]]}, "d": {}}
EDGES = default_edges()


def check(ours, expected):
    assert ours.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize("names", [{}, {"display_name": "n"}, {"summary_description": "d"}])
@pytest.mark.parametrize("value", [0.1, -3, np.float32(2), np.array([[1.5]]), float("nan"), 1e300])
def test_scalars(value, names):
    check(summary.scalar("a", value, **names), theirs.scalar("a", value, **names))


@pytest.mark.parametrize("values", [RNG.normal(size=1000), np.arange(7), np.float32([[0.5, -2]])])
@pytest.mark.parametrize("bins", ["tensorflow", "auto", 5])
@pytest.mark.parametrize("max_bins", [None, 3, 100])
def test_histograms(values, bins, max_bins):
    check(
        summary.histogram("a", values, bins, max_bins),
        theirs.histogram("a", values, EDGES if bins == "tensorflow" else bins, max_bins),
    )


def test_raw_histograms():
    given = 0.0, 4.0, 3, 6.0, 14.0, [1.0, 2.0, 4.0], [1, 0, 2]
    check(summary.histogram_raw("a", *given), theirs.histogram_raw("a", *given))


@pytest.mark.parametrize(
    ("shape", "dataformats"),
    [((3, 5, 6), "CHW"), ((5, 6, 1), "HWC"), ((5, 6), "HW"), ((11, 3, 5, 6), "NCHW"), ((2, 5, 6, 4), "NHWC")],
)
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_images(shape, dataformats, dtype):
    pytest.importorskip("PIL", reason="makes PNGs")
    array = RNG.integers(0, 256, shape, np.uint8) if dtype == "u1" else RNG.random(shape, np.float32)
    check(summary.image("a", array, dataformats=dataformats), theirs.image("a", array, dataformats=dataformats))


@pytest.mark.parametrize("labels", [None, ["cat", "some dog"]])
def test_boxes(labels):
    pytest.importorskip("PIL", reason="makes PNGs")
    image, boxes = RNG.random((3, 60, 80), np.float32), np.array([[3, 4, 40, 50], [10.5, 2, 70, 55]])
    check(
        summary.image_boxes("a", image, boxes, rescale=2, labels=labels),
        theirs.image_boxes("a", image, boxes, rescale=2, labels=labels),
    )


def test_layouts():
    check(summary.custom_scalars(LAYOUT), theirs.custom_scalars(LAYOUT))


@pytest.mark.parametrize("text", ["", "**ü**"])
def test_texts(text):
    check(summary.text("a", text), theirs.text("a", text))


@pytest.mark.parametrize("count", [2, 50, 127, 500])
@pytest.mark.parametrize("weights", [None, RNG.random(300)])
def test_pr_curves(count, weights):
    labels, predictions = RNG.integers(0, 2, 300), RNG.random(300)
    check(
        summary.pr_curve("a", labels, predictions, count, weights),
        theirs.pr_curve("a", labels, predictions, count, weights),
    )


def test_raw_pr_curves():
    rows = RNG.random((6, 127))
    check(summary.pr_curve_raw("a", *rows), theirs.pr_curve_raw("a", *rows))


def test_hparams():
    hparams = {"lr": 0.1, "name": "sgd", "flag": True, "none": None, "count": 3}
    ours, expected = summary.hparams(hparams, {"m": 1.0}), theirs.hparams(hparams, {"m": 1.0})
    for mine, other in zip(ours, expected, strict=True):
        # Theirs serialises the map of hyperparameters in no particular order.
        content = mine.value[0].metadata.plugin_data.content
        assert len(content) == len(other.value[0].metadata.plugin_data.content)
        if "start" not in mine.value[0].tag:
            check(mine, other)
        else:
            theirs_content = other.value[0].metadata.plugin_data.content
            assert HParamsPluginData.FromString(content) == HParamsPluginData.FromString(theirs_content)
