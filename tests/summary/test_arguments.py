"""Arguments of builders that are no values: names and texts, sizes and rates. A wrong one is named."""

import numpy as np
import pytest

from tbevents import summary

SURROGATE = "\ud800"
MESH = np.zeros((1, 1, 3))


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("display_name", lambda text: summary.scalar("a", 1, display_name=text)),
        ("display_name", lambda text: summary.scalar("a", 1, display_name=text, new_style=True)),
        ("display_name", lambda text: summary.scalar("a", 1, display_name=text, format="tf2")),
        ("summary_description", lambda text: summary.scalar("a", 1, summary_description=text)),
        ("display_name", lambda text: summary.mesh("a", MESH, display_name=text)),
        ("description", lambda text: summary.mesh("a", MESH, description=text)),
        ("group_name", lambda text: summary.hparams({"lr": 1.0}, {}, group_name=text)),
        ("tag", lambda text: summary.image(text, np.zeros((1, 2, 2)), dataformats="CHW")),
    ],
)
@pytest.mark.parametrize("text", [5, b"name", SURROGATE], ids=repr)
def test_a_text_that_is_none_is_named(argument, call, text):
    wrong = "cannot be encoded as UTF-8" if text == SURROGATE else "must be a str, not (int|bytes)"
    with pytest.raises((TypeError, ValueError), match=rf"^{argument} {wrong}") as caught:
        call(text)
    assert not isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize(
    ("layout", "where"),
    [
        ({SURROGATE: {"t": ["Multiline", ["a"]]}}, r"a key of layout"),
        ({"c": {SURROGATE: ["Multiline", ["a"]]}}, r"a key of layout\['c'\]"),
        ({"c": {"t": ["Multiline", [SURROGATE]]}}, r"layout\['c'\]\['t'\]: a tag"),
        ({"c": {"t": ["Margin", ["a", "b", SURROGATE]]}}, r"layout\['c'\]\['t'\]: a tag"),
    ],
)
def test_a_text_in_a_layout_that_cannot_be_stored_is_named(layout, where):
    with pytest.raises(ValueError, match=f"^{where} cannot be encoded as UTF-8"):
        summary.custom_scalars(layout)


def test_texts_that_may_be_left_out_are_empty():
    (value,) = summary.scalar("a", 1, display_name="", summary_description="").value
    assert not value.HasField("metadata")
    (value,) = summary.scalar("a", 1, display_name="A").value
    assert (value.metadata.display_name, value.metadata.HasField("plugin_data")) == ("A", False)
    (value,) = summary.mesh("a", MESH).value
    assert (value.metadata.display_name, value.metadata.summary_description) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metadata": 5}, r"'e': metadata must be a list, not int: 5"),
        ({"metadata": "ab"}, r"'e': metadata must be a list, not str: 'ab'"),
        ({"metadata": np.array(5)}, r"'e': metadata must be a list, not int: 5"),
        ({"metadata": ["a"]}, r"'e': metadata has 1 labels, but mat has 2 points"),
        ({"metadata": ["a", SURROGATE]}, r"'e': a label in metadata cannot be encoded as UTF-8"),
        ({"metadata": [1, 2], "metadata_header": ["a", "b"]}, r"'e': metadata\[0\] must have the 2 columns .*: 1"),
        ({"metadata": [[1, 2], "cd"], "metadata_header": ["a", "b"]}, r"'e': metadata\[1\] must have the 2 columns .*"),
        ({"metadata": [[1], []], "metadata_header": ["a"]}, r"'e': metadata\[1\] must have the column .*: \[\]"),
        ({"metadata": ["a", "b"], "metadata_header": 5}, r"'e': metadata_header must be a list, not int: 5"),
        ({"metadata": ["a", "b"], "metadata_header": "ab"}, r"'e': metadata_header must be a list, not str: 'ab'"),
    ],
)
def test_labels_that_do_not_fit_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        summary.embedding("e", np.zeros((2, 3)), **arguments)


@pytest.mark.parametrize("tag", [5, None, b"e", SURROGATE])
def test_an_embedding_checks_its_tag(tag):
    with pytest.raises((TypeError, ValueError), match=r"^tag (must be a str|cannot be encoded as UTF-8)"):
        summary.embedding(tag, np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("metadata", "header", "lines"),
    [
        (["a", 2], None, "a\n2\n"),
        (["a", 2], [], "a\n2\n"),
        ([["a"], 2], ["id"], "a\n2\n"),
        ([["a", 1], ("b", 2)], ("id", "rank"), "id\trank\na\t1\nb\t2\n"),
        (np.array([[1, 2], [3, 4]]), np.array(["x", "y"]), "x\ty\n1\t2\n3\t4\n"),
        ((each for each in "ab"), None, "a\nb\n"),
    ],
)
def test_labels_may_be_rows_or_single_values(metadata, header, lines):
    files = summary.embedding("e", np.zeros((2, 2)), metadata, metadata_header=header).files
    assert files["metadata.tsv"].decode() == lines


PIXELS = np.zeros((2, 3, 3), np.uint8)
FRAMES = np.zeros((2, 2, 3, 3), np.uint8)
BOX = [[0, 0, 1, 1]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: summary.make_image([[1]]), r"tensor must be uint8, not int64"),
        (lambda: summary.make_image("x"), r"tensor must be real numbers, not str"),
        (lambda: summary.make_image(PIXELS / 2), r"tensor must be uint8, not float64"),
        (lambda: summary.make_image(PIXELS[0]), r"tensor must have shape \(height, width, channels\), not \(3, 3\)"),
        (lambda: summary.make_image(PIXELS[:0]), r"tensor must not be empty"),
        (lambda: summary.make_image(np.zeros((2, 2, 5), np.uint8)), r"tensor must have 1 .*, not 5$"),
        (lambda: summary.make_image(PIXELS, 0), r"rescale=0 leaves no pixels of 3 x 2"),
        (lambda: summary.make_image(PIXELS, "x"), r"rescale: expected a real number"),
        (lambda: summary.make_image(PIXELS, 1, BOX, []), r"labels has 0 items, but rois has 1 boxes"),
        (lambda: summary.make_image(PIXELS, 1, BOX, 5), r"labels must be a list of str, not int"),
        (lambda: summary.make_image(PIXELS, 1, [1, 2]), r"rois must be finite and have shape \(boxes, 4\), not \(2,\)"),
        (lambda: summary.make_video(FRAMES, 0), r"fps must be above 0, not 0"),
        (lambda: summary.make_video(FRAMES, float("nan")), r"fps must be above 0, not nan"),
        (lambda: summary.make_video(FRAMES, None), r"fps: expected a real number"),
        (lambda: summary.make_video(FRAMES, 1e-9), r"tensor with fps=1e-09 does not fit a GIF"),
        (lambda: summary.make_video(FRAMES, 1e-320), r"tensor with fps=1e-320 does not fit a GIF"),
        (lambda: summary.make_video(FRAMES[0], 4), r"tensor must have shape \(frames, height, width, channels\), not"),
        (lambda: summary.make_video(FRAMES[..., :2], 4), r"tensor must have 1 \(gray\), 3 \(RGB\) or 4"),
        (lambda: summary.make_video(FRAMES.astype(float), 4), r"tensor must be uint8, not float64"),
    ],
)
def test_a_picture_that_cannot_be_made_says_why(call, message):
    pytest.importorskip("PIL", reason="makes pictures")
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        call()


def test_boxes_that_cannot_be_drawn_are_named():
    image = pytest.importorskip("PIL.Image", reason="draws on a picture")
    picture = image.new("RGB", (4, 4))
    with pytest.raises(ValueError, match=r"^labels has 0 items, but boxes has 1 boxes"):
        summary.draw_boxes(picture, BOX, [])
    with pytest.raises(ValueError, match=r"^boxes must be finite and have shape \(boxes, 4\), not \(1, 1\)"):
        summary.draw_boxes(picture, [[1]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: summary.compute_curve([1, 0], [0.5, 0.2], 0), r"num_thresholds must be an int of at least 1, not 0"),
        (lambda: summary.compute_curve([1, 0], [0.5, 0.2], 2.5), r"num_thresholds must be an int .*, not 2.5"),
        (lambda: summary.compute_curve([1, 0], [0.5, 0.2], None), r"num_thresholds: expected a real number"),
        (lambda: summary.compute_curve([1], [2.0]), r"predictions must be from 0 to 1, not 2.0"),
        (lambda: summary.compute_curve([3], [0.5]), r"labels must be 0 or 1"),
        (lambda: summary.compute_curve([], []), r"labels and predictions must have the same shape"),
        (lambda: summary.compute_curve([1], [0.5], weights=[1, 2]), r"weights must be a number or have the shape"),
        (lambda: summary.compute_curve(["a"], [0.5]), r"labels must be real numbers, not str"),
        (lambda: summary.make_histogram([]), r"values must not be empty"),
        (lambda: summary.make_histogram([1.0], "nonsense"), r"bins: "),
        (lambda: summary.make_histogram([1.0], max_bins=0), r"max_bins must be at least 1, not 0"),
        (lambda: summary.make_histogram(None), r"values: cannot make an array of NoneType"),
    ],
)
def test_what_has_no_tag_names_none(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        call()


def test_a_number_of_thresholds_may_be_of_any_type():
    curve = summary.compute_curve([1, 0], [0.5, 0.2], np.int64(5))
    assert curve.shape == summary.compute_curve([1, 0], [0.5, 0.2], 5.0).shape == (6, 5)
