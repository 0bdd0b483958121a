"""Checks of tags, hyperparameters, histograms, images, whole runs and files."""

import math
import shutil
import warnings

import numpy as np
import pytest

from tbevents import SummaryWriter, read_logdir, read_run
from tbevents.format.tensors import from_array
from tbevents.proto import Summary
from tbevents.testing import (
    MemoryWriter,
    check_histogram_close,
    check_hparams,
    check_image_close,
    check_intact,
    check_runs_close,
    check_tags,
)

from .runs import run_of


def kinds(findings):
    return [finding.kind for finding in findings]


# -- tags ------------------------------------------------------------------------------------------------------------


def test_tags_exactly_and_at_least():
    run = run_of(loss=[1.0], acc=[1.0])
    assert check_tags(run, exactly=["acc", "loss"]) == []
    assert check_tags(run, at_least={"loss"}) == []
    (found,) = check_tags(run, exactly=["acc", "los"])
    assert found.table.rows == (("los", "missing", "loss"), ("loss", "not expected", "los"))
    (found,) = check_tags(run, at_least=["acc", "loss", "lr"])
    assert found.table.rows == (("lr", "missing", ""),)


def test_tags_of_a_kind():
    writer = MemoryWriter()
    writer.add_scalar("loss", 1.0)
    writer.add_text("note", "words")
    assert check_tags(writer, exactly=["loss"], kind="scalars") == []
    assert check_tags(writer, exactly=["note/text_summary"], kind="texts") == []
    assert kinds(check_tags(writer, exactly=["loss"])) == ["tags"]
    assert check_tags(writer, exactly=[], kind="images") == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, ValueError),
        ({"exactly": ["a"], "at_least": ["a"]}, ValueError),
        ({"exactly": ["a"], "kind": "scalar"}, ValueError),
        ({"exactly": "loss"}, TypeError),
        ({"at_least": [1]}, TypeError),
    ],
)
def test_what_check_tags_refuses(asked, error):
    with pytest.raises(error):
        check_tags(run_of(loss=[1.0]), **asked)


# -- hyperparameters -------------------------------------------------------------------------------------------------

HPARAMS = {"lr": 0.1, "layers": 3, "nesterov": True, "optimizer": "sgd"}


@pytest.fixture(params=[".", "session"])
def session(request):
    writer = MemoryWriter()
    writer.add_hparams(HPARAMS, {"accuracy": 0.9}, run_name=request.param)
    return writer


def test_hyperparameters_of_the_run_or_the_one_below_it(session):
    assert check_hparams(session, HPARAMS, exactly=True, metrics={"accuracy": 0.9}) == []
    assert check_hparams(session, {"lr": np.float32(0.1)}) == []


@pytest.mark.parametrize(
    ("expected", "row"),
    [
        ({"lr": 0.2}, ("lr", "0.1", "0.2", "-0.1", "2e-07")),
        ({"nesterov": 1}, ("nesterov", "True", "1", "", "")),
        ({"layers": "3"}, ("layers", "3.0", "'3'", "", "")),
        ({"optimizer": "adam"}, ("optimizer", "'sgd'", "'adam'", "", "")),
        ({"optimiser": "sgd"}, ("optimiser (near optimizer)", "missing", "'sgd'", "", "")),
    ],
)
def test_hyperparameters_that_differ(session, expected, row):
    (found,) = check_hparams(session, expected)
    assert found.table.rows == (row,)


def test_hyperparameters_and_metrics_that_nobody_expected(session):
    (found,) = check_hparams(session, {}, exactly=True, metrics={"accuracy": math.nan})
    assert [row[0] for row in found.table.rows] == [*sorted(HPARAMS), "metric accuracy"]


def test_several_sessions_are_told_apart_by_the_caller():
    writer = MemoryWriter()
    for name in "ab":
        writer.add_hparams(HPARAMS, {}, run_name=name)
    (found,) = check_hparams(writer, HPARAMS)
    assert found.summary == "several runs below it have hyperparameters: 'a', 'b'"
    assert check_hparams(writer.runs["a"], HPARAMS) == []
    writer.add_hparams({"lr": 0.5}, {}, run_name=".")
    assert check_hparams(writer, {"lr": 0.5}, exactly=True) == []  # its own, where it has some


def test_hyperparameters_of_the_only_run_below_a_folder(tmp_path):
    with SummaryWriter(tmp_path / "a") as writer:
        writer.add_scalar("loss", 1.0)
    (found,) = check_hparams(tmp_path, HPARAMS)
    assert (found.kind, found.run, found.summary) == (
        "missing",
        "a",
        "neither it nor the runs below it have hyperparameters",
    )
    writer.add_hparams(HPARAMS, {}, run_name=".")
    writer.close()
    assert check_hparams(tmp_path, HPARAMS) == []


def test_no_hyperparameters_at_all():
    assert kinds(check_hparams(run_of(loss=[1.0]), HPARAMS)) == ["missing"]


def test_hyperparameters_below_a_run_on_disk(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0)
        writer.add_hparams(HPARAMS, {}, run_name="s")
    for subject in (tmp_path, read_run(tmp_path), writer):
        assert check_hparams(subject, HPARAMS) == []


def test_what_check_hparams_refuses(session):
    for expected in ([("lr", 0.1)], None):
        with pytest.raises(TypeError, match="expected must be a mapping"):
            check_hparams(session, expected)
    with pytest.raises(TypeError, match="metrics must be a mapping"):
        check_hparams(session, HPARAMS, metrics=[("accuracy", 0.9)])
    for name, arguments in (("expected", ({5: 1.0},)), ("metrics", (HPARAMS,))):
        with pytest.raises(TypeError, match=f"^the names in {name} must be str, not 5"):
            check_hparams(session, *arguments, metrics={5: 1.0} if name == "metrics" else None)


# -- histograms ------------------------------------------------------------------------------------------------------

VALUES = np.random.default_rng(0).normal(size=1000)


@pytest.fixture(params=["tf1", "tf2"])
def histograms(request):
    writer = MemoryWriter(format=request.param)
    writer.add_histogram("weights", VALUES[:500], 1)
    writer.add_histogram("weights", VALUES, 2)
    writer.add_scalar("loss", 1.0)
    return writer


def test_a_histogram_is_of_these_values(histograms):
    assert check_histogram_close(histograms, "weights", VALUES) == []
    assert check_histogram_close(histograms, "weights", VALUES.reshape(10, 100).tolist(), step=2) == []
    assert check_histogram_close(histograms, "weights", VALUES[:500], step=1) == []
    assert check_histogram_close(histograms, "weights", np.append(VALUES, [np.nan, np.inf])) == []


def test_a_histogram_is_of_other_values(histograms):
    assert kinds(check_histogram_close(histograms, "weights", VALUES[:-1])) == ["values"]
    assert kinds(check_histogram_close(histograms, "weights", VALUES + 0.5)) == ["values"]
    assert kinds(check_histogram_close(histograms, "weights", np.append(VALUES, 1e9))) == ["values"]
    assert kinds(check_histogram_close(histograms, "weights", np.append(VALUES, -1e9))) == ["values"]
    assert check_histogram_close(histograms, "weights", VALUES[:-1], atol=1) == []


def test_a_histogram_is_that_of_another_run(histograms):
    series = histograms.run.histograms["weights"]
    assert check_histogram_close(histograms, "weights", series.at(2)) == []
    assert kinds(check_histogram_close(histograms, "weights", series.at(1)))[0] in ("shape", "values", "edges")


def test_a_histogram_whose_edges_differ():
    writer = MemoryWriter()
    writer.add_histogram("w", [0.5, 1.5], 0, bins=[0, 1, 2])
    writer.add_histogram("w", [0.5, 1.5], 1, bins=[0, 1, 2.5])
    expected = writer.run.histograms["w"].at(0)
    (found,) = check_histogram_close(writer, "w", expected)
    assert found.kind == "edges"
    assert found.table.rows == (("right of 1", "2.5", "2.0", "+0.5", "2e-06"),)
    assert check_histogram_close(writer, "w", expected, rtol=0.3) == []
    writer.add_histogram("w", [0.5, 1.5], 2, bins=[0, 1.25, 2])
    (found,) = check_histogram_close(writer, "w", expected)
    assert [row[0] for row in found.table.rows] == ["left of 1", "right of 0"]


@pytest.mark.parametrize("form", ["tf1", "tf2"])
def test_the_first_left_edge_counts_where_the_form_has_one(form):
    writer = MemoryWriter(format=form)
    for step, first in enumerate((0, 0.25)):
        writer.add_histogram("w", [0.5, 1.5], step, bins=[first, 1, 2])
    found = check_histogram_close(writer, "w", writer.run.histograms["w"].at(0))
    assert [row[0] for finding in found for row in finding.table.rows] == ([] if form == "tf1" else ["left of 0"])


def test_a_histogram_whose_counts_differ():
    writer = MemoryWriter(format="tf2")
    for step, values in enumerate(([0.5, 1.5, 1.5], [0.5, 0.5, 1.5])):
        writer.add_histogram("w", values, step, bins=[0, 1, 2])
    (found,) = check_histogram_close(writer, "w", writer.run.histograms["w"].at(0))
    assert [row[:3] for row in found.table.rows] == [("0 to 1", "2.0", "1.0"), ("1 to 2", "1.0", "2.0")]
    found = check_histogram_close(writer, "w", writer.run.histograms["w"].at(0), atol=1)
    assert found == []


def test_empty_buckets_at_the_ends_do_not_count():
    writers = [MemoryWriter(), MemoryWriter()]
    for writer, bins in zip(writers, ([0, 1, 2], [-1, 0, 1, 2, 3, 4]), strict=True):
        writer.add_histogram_raw("w", 0.5, 1.5, 2, 2.0, 2.5, bins[1:], np.histogram([0.5, 1.5], bins)[0])
    expected = writers[1].run.histograms["w"].last
    assert len(writers[0].run.histograms["w"].last) != len(expected)
    assert check_histogram_close(writers[0], "w", expected) == []


def test_no_such_histogram(histograms):
    assert kinds(check_histogram_close(histograms, "loss", VALUES)) == ["missing"]
    (found,) = check_histogram_close(histograms, "weights", VALUES, step=7)
    assert found.summary == "it has no point at step 7; the nearest steps are 1, 2"
    assert kinds(check_histogram_close(histograms, "weights", VALUES, step=10**400)) == ["missing"]


def test_what_check_histogram_close_refuses(histograms):
    with pytest.raises(TypeError, match="real numbers"):
        check_histogram_close(histograms, "weights", ["a"])
    for step in (1.0, True, "1"):
        with pytest.raises(TypeError, match="step must be a whole number, not "):
            check_histogram_close(histograms, "weights", VALUES, step=step)


# -- images ----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["tf1", "tf2"])
def images(request):
    pytest.importorskip("PIL", reason="makes pictures")
    writer = MemoryWriter(format=request.param)
    writer.add_image("gray", np.full((1, 4, 5), 0.5), 1)
    writer.add_image("colour", PICTURE, 1, dataformats="HWC")
    writer.add_scalar("loss", 1.0)
    return writer


PICTURE = np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8)


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


# -- whole runs ------------------------------------------------------------------------------------------------------


def everything(writer):
    """Logs a value of each kind; needs Pillow."""
    pytest.importorskip("PIL", reason="makes pictures")
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step)
    writer.add_scalars("group", {"a": 1.0, "b": 2.0}, 0)
    writer.add_hparams({"lr": 0.1}, {"acc": 1.0}, run_name="session")
    writer.add_histogram("histogram", VALUES, 1)
    writer.add_image("image", PICTURE, 1, dataformats="HWC")
    writer.add_audio("audio", np.linspace(-1, 1, 100), 1)
    writer.add_text("text", "words", 1)
    writer.add_pr_curve("curve", [0, 1, 1], [0.1, 0.6, 0.9], 1)
    writer.add_mesh("mesh", np.ones((1, 4, 3)), faces=np.array([[[0, 1, 2]]]), global_step=1)
    writer.add_tensor("tensor", np.arange(6.0).reshape(2, 3), 1)
    writer.add_tensor("words", np.array(["a", "b"], object), 1)
    writer.add_tensor("complex", np.array([1 + 2j]), 1)
    writer.add_custom_scalars({"c": {"t": ["Multiline", ["loss"]]}})
    return writer


CHANGES = {
    "loss": lambda writer: writer.add_scalar("loss", 0.1, 9),
    "histogram": lambda writer: writer.add_histogram("histogram", VALUES + 1, 1),
    "image": lambda writer: writer.add_image("image", PICTURE[::-1], 1, dataformats="HWC"),
    "audio": lambda writer: writer.add_audio("audio", np.zeros(100), 1),
    "text/text_summary": lambda writer: writer.add_text("text", "others", 1),
    "curve": lambda writer: writer.add_pr_curve("curve", [0, 1, 1], [0.1, 0.2, 0.9], 1),
    "mesh": lambda writer: writer.add_mesh("mesh", np.zeros((1, 4, 3)), faces=np.array([[[0, 1, 2]]]), global_step=1),
    "tensor": lambda writer: writer.add_tensor("tensor", np.arange(6.0) + 1, 1),
    "words": lambda writer: writer.add_tensor("words", np.array(["a", "c"], object), 1),
    "complex": lambda writer: writer.add_tensor("complex", np.array([1 + 3j]), 1),
}


def test_two_runs_that_hold_the_same(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        everything(writer)
    memory = everything(MemoryWriter())
    assert check_runs_close(memory, tmp_path, rtol=0) == []
    assert check_runs_close(tmp_path, memory, rtol=0) == []
    assert check_runs_close(read_logdir(tmp_path), memory.runs) == []
    assert check_runs_close(read_run(tmp_path), memory.run) == []


@pytest.mark.parametrize("tag", CHANGES)
def test_one_value_that_differs(tag):
    ours, theirs = everything(MemoryWriter()), everything(MemoryWriter())
    CHANGES[tag](ours)
    (found,) = check_runs_close(ours, theirs, rtol=0)
    assert (found.tag, found.kind, found.run) == (tag, "values", ".")
    if tag != "loss":  # and in the value's own place
        theirs = MemoryWriter()
        ours = MemoryWriter()
        CHANGES[tag](ours)
        everything(theirs)
        found = check_runs_close(ours.run, theirs.run, rtol=0, tags=tag)
        assert kinds(found) == ["values"]
        assert found[0].table.total >= 1


def test_values_at_steps_of_one_side_only():
    ours, theirs = MemoryWriter(), MemoryWriter()
    for writer, steps in ((ours, (1, 2)), (theirs, (2, 3))):
        for step in steps:
            writer.add_text("note", "words", step)
    (found,) = check_runs_close(ours, theirs)
    assert found.summary.startswith("2 of 2 texts differ")
    assert [row[:4] for row in found.table.rows] == [
        ("1", "value", "there", "nothing"),
        ("3", "value", "missing", "there"),
    ]


def test_a_value_that_only_one_side_can_decode():
    from tbevents.proto import Summary

    ours, theirs = MemoryWriter(), MemoryWriter()
    bad = Summary.Value(tag="h")
    bad.histo.bucket.append(1.0)  # a bucket without an edge
    ours.file_writer.add_summary(Summary(value=[bad]), 0)
    theirs.add_histogram("h", [1.0], 0)
    (found,) = check_runs_close(ours, theirs)
    assert "undecodable" in found.table.rows[0][2]
    assert check_runs_close(ours, ours.run) == []


def test_histograms_with_other_buckets_differ_in_their_numbers_and_in_one_row_about_the_buckets():
    ours, theirs = MemoryWriter(), MemoryWriter()
    ours.add_histogram("h", [1.0, 2.0], 1)
    theirs.add_histogram("h", [1.0, 2.0, 9.0], 1)
    buckets = [str(len(each.run.histograms["h"][0])) for each in (ours, theirs)]
    assert buckets[0] != buckets[1]
    (found,) = check_runs_close(ours, theirs)
    assert [row[1] for row in found.table.rows] == ["max", "num", "sum", "sum_squares", "number of buckets"]
    assert list(found.table.rows[-1][2:4]) == buckets


def test_tensors_of_another_shape_or_with_nan():
    ours, theirs = MemoryWriter(), MemoryWriter()
    ours.add_tensor("t", np.array([[1.0, math.nan]]), 1)
    theirs.add_tensor("t", np.array([1.0, math.nan]), 1)
    (found,) = check_runs_close(ours, theirs)
    assert found.table.rows == (("1", "shape of array", "(1, 2)", "(2,)", "", ""),)
    assert check_runs_close(ours, ours) == []
    (found,) = check_runs_close(ours, ours.run, nan_ok=False)
    assert found.table.rows[0][1:4] == ("array[0, 1]", "nan", "nan")
    for value, label in ((2.0, "array[0]"), (3.0, "array[0] and 1 more"), (4.0, "array[0] and 2 more")):
        other = MemoryWriter()
        other.add_tensor("t", np.array([9.0, 9.0 if value > 2 else 1.0, 9.0 if value > 3 else 1.0]), 1)
        plain = MemoryWriter()
        plain.add_tensor("t", np.ones(3), 1)
        (found,) = check_runs_close(other, plain)
        assert found.table.rows[0][1] == label


def test_a_mesh_with_colours_on_one_side_only():
    ours, theirs = MemoryWriter(), MemoryWriter()
    ours.add_mesh("m", np.ones((1, 4, 3)), colors=np.zeros((1, 4, 3), np.uint8), global_step=1)
    theirs.add_mesh("m", np.ones((1, 4, 3)), global_step=1)
    for pair in ((ours, theirs), (theirs, ours)):
        (found,) = check_runs_close(*pair)
        ((step, part, *values, _, _),) = found.table.rows
        assert (step, part, set(values)) == ("1", "colors", {"float32 of shape (1, 4, 3)", "None"})


def test_what_belongs_to_no_tag_counts():
    ours, theirs = everything(MemoryWriter()), everything(MemoryWriter())
    ours.add_custom_scalars({"d": {"t": ["Multiline", ["acc"]]}})
    ours.add_hparams({"lr": 0.2}, {}, run_name=".")
    assert kinds(check_runs_close(ours, theirs)) == ["hparams", "layout"]
    assert check_runs_close(ours, theirs, tags="*") == []


def test_runs_and_tags_on_one_side_only():
    ours, theirs = run_of(loss=[1.0], lr=[1.0]), run_of(loss=[1.0], acc=[1.0])
    assert [(f.tag, f.summary) for f in check_runs_close(ours, theirs)] == [
        ("lr", "the tag was not expected; it has scalars"),
        ("acc", "the tag is missing; it should have scalars"),
    ]
    assert check_runs_close(ours, theirs, tags=["lo*"]) == []
    found = check_runs_close({"a": ours, "b": ours}, {"b": ours, "c": ours})
    assert [(f.run, f.summary) for f in found] == [("a", "the run was not expected"), ("c", "the run is missing")]
    assert check_runs_close({"a": ours}, {"b": ours}) == []  # one on each side
    assert kinds(check_runs_close({"a": ours}, {"b": ours, "c": ours})) == ["run"] * 3


def test_a_pattern_that_no_tag_fits_is_a_finding():
    ours, theirs = run_of(loss=[1.0]), run_of(acc=[1.0])
    assert [f.summary for f in check_runs_close(ours, ours, tags=["loss", "los", "x*"])] == [
        "no tag on either side matches 'los'",
        "no tag on either side matches 'x*'",
    ]
    assert [f.kind for f in check_runs_close(ours, theirs, tags=["acc", "loss"])] == ["tags", "tags"]


def test_no_tag_to_compare_is_refused():
    with pytest.raises(ValueError, match="tags must name at least one tag"):
        check_runs_close(run_of(loss=[1.0]), run_of(acc=[1.0]), tags=[])


def test_a_tag_of_another_kind():
    ours, theirs = MemoryWriter(), MemoryWriter()
    ours.add_scalar("x", 1.0)
    theirs.add_histogram("x", [1.0])
    (found,) = check_runs_close(ours, theirs)
    assert found.summary == "it has scalars, not histograms"


def test_nans_are_equal_in_two_runs_unless_told_otherwise():
    ours, theirs = run_of(loss=[math.nan]), run_of(loss=[math.nan])
    assert check_runs_close(ours, theirs) == []
    assert kinds(check_runs_close(ours, theirs, nan_ok=False)) == ["values"]
    assert kinds(check_runs_close(ours, run_of(loss=[1.0]))) == ["values"]


def test_pictures_are_compared_by_their_pixels_not_their_bytes():
    pillow = pytest.importorskip("PIL.Image", reason="encodes a picture twice")
    import io

    from tbevents.proto import Summary

    writers = MemoryWriter(), MemoryWriter()
    for writer, level in zip(writers, (0, 9), strict=True):
        file = io.BytesIO()
        pillow.fromarray(PICTURE).save(file, "PNG", compress_level=level)
        image = Summary.Image(height=4, width=5, colorspace=3, encoded_image_string=file.getvalue())
        writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="i", image=image)]), 0)
    assert writers[0].run.images["i"].last != writers[1].run.images["i"].last
    assert check_runs_close(*writers) == []


def test_two_empty_folders_are_no_runs(tmp_path):
    with pytest.raises(ValueError, match="no run on either side"):
        check_runs_close(tmp_path, tmp_path)
    (found,) = check_runs_close(tmp_path, run_of(loss=[1.0]))
    assert found.summary == "the run is missing"
    (found,) = check_runs_close(run_of(loss=[1.0]), tmp_path)
    assert found.summary == "the run was not expected"


# -- damage ----------------------------------------------------------------------------------------------------------


def test_an_intact_run(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0)
    assert check_intact(tmp_path) == []
    assert check_intact(MemoryWriter()) == []


def test_damage_is_a_finding_without_a_warning(tmp_path):
    with SummaryWriter(tmp_path / "a") as writer:
        for step in range(100):
            writer.add_scalar("loss", 1.0, step)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (file,) = (tmp_path / "b").iterdir()
    content = bytearray(file.read_bytes())
    content[500] ^= 1
    file.write_bytes(content[:-3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = check_intact(tmp_path)
    assert (found.run, found.kind, found.summary) == ("b", "damage", "2 stretches are damaged")
    assert [row[0] for row in found.table.rows] == [file.name] * 2


def test_a_value_that_cannot_be_decoded_is_damage():
    from tbevents.proto import Summary

    writer = MemoryWriter()
    bad = Summary.Value(tag="h")
    bad.histo.bucket.append(1.0)  # a bucket without an edge
    writer.file_writer.add_summary(Summary(value=[bad]), 0)
    (found,) = check_intact(writer)
    assert found.kind == "undecodable"
    assert found.table.rows == (("tag 'h', step 0: a histogram has 0 right edges for 1 buckets",),)


def test_a_folder_without_runs_is_not_intact(tmp_path):
    with pytest.raises(FileNotFoundError):
        check_intact(tmp_path)


def test_runs_by_name_are_told_apart_by_it():
    first, second = run_of(loss=[1.0]), run_of(loss=[2.0])
    found = check_runs_close({"a": first, "b": second}, {"a": second, "b": first})
    assert [each.run for each in found] == ["a", "b"]
    assert first.name == second.name == "."
    with pytest.raises(TypeError, match="run must be a Run, a path or a writer, not str: 'path'"):
        check_runs_close({"a": first, "b": "path"}, {"a": first})
