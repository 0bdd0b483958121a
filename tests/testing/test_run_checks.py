"""Checks of whole runs and files."""

import math
import shutil
import warnings

import numpy as np
import pytest

from tbevents import SummaryWriter, read_logdir, read_run
from tbevents.testing import MemoryWriter, check_intact, check_runs_close

from .runs import PICTURE, VALUES, everything, kinds, run_of

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
