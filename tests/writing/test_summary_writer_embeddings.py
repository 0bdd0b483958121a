"""The projector's files that `SummaryWriter.add_embedding` leaves."""

import io

import numpy as np
import pytest
from google.protobuf import text_format

from tbevents import files
from tbevents.proto import ProjectorConfig
from tbevents.writing import projector_files
from tbevents.writing.summary_writer import SummaryWriter

from .logged import events_in, everything_below

POINTS = np.array([[1.5, -2.0], [0.1, 3e30], [np.nan, 0.0]], np.float32)


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        yield writer


def config(folder):
    return text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())


def test_points_alone(writer, tmp_path):
    writer.add_embedding(POINTS)
    text = (tmp_path / "00000/default/tensors.tsv").read_text()
    assert text == "1.5\t-2.0\n0.10000000149011612\t2.999999894026671e+30\nnan\t0.0\n"
    (entry,) = config(tmp_path).embeddings
    assert (entry.tensor_name, entry.tensor_path) == ("default:00000", "00000/default/tensors.tsv")
    assert not entry.metadata_path
    assert not entry.HasField("sprite")
    assert events_in(tmp_path) == []


def test_integers_stay_integers(writer, tmp_path):
    writer.add_embedding([[1, 2]])
    assert (tmp_path / "00000/default/tensors.tsv").read_text() == "1\t2\n"


def test_labels(writer, tmp_path):
    writer.add_embedding(POINTS, ["a", 2, "line\nbreak\tand tab"], global_step=12, tag="x")
    assert (tmp_path / "00012/x/metadata.tsv").read_text() == "a\n2\nline break and tab\n"
    assert config(tmp_path).embeddings[0].metadata_path == "00012/x/metadata.tsv"


def test_labels_in_columns(writer, tmp_path):
    writer.add_embedding(POINTS, [["a", 1], ["b", 2], ["c", 3]], metadata_header=["name", "number"])
    assert (tmp_path / "00000/default/metadata.tsv").read_text() == "name\tnumber\na\t1\nb\t2\nc\t3\n"


def test_one_column_has_no_header_since_the_projector_would_take_it_for_a_label(writer, tmp_path):
    writer.add_embedding(POINTS, [["a"], ["b"], ["c"]], metadata_header=["name"])
    assert (tmp_path / "00000/default/metadata.tsv").read_text() == "a\nb\nc\n"


def test_labels_may_be_an_array(writer, tmp_path):
    writer.add_embedding(POINTS, np.arange(3))
    assert (tmp_path / "00000/default/metadata.tsv").read_text() == "0\n1\n2\n"


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_fill_a_square_row_by_row(writer, tmp_path, dtype, channels):
    image = pytest.importorskip("PIL.Image", reason="makes PNGs")
    pictures = np.random.default_rng(0).integers(0, 2, (3, channels, 4, 5)).astype(dtype)
    if dtype == "u1":
        pictures *= 255
    writer.add_embedding(POINTS, label_img=pictures, tag="t")
    (entry,) = config(tmp_path).embeddings
    assert list(entry.sprite.single_image_dim) == [5, 4]
    sprite = np.asarray(image.open(io.BytesIO((tmp_path / entry.sprite.image_path).read_bytes())))
    assert sprite.shape == (10, 10, 3)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, 2)
        shown = sprite[4 * row : 4 * row + 4, 5 * column : 5 * column + 5] > 127
        assert (shown == (picture.transpose(1, 2, 0) > 0)).all()
    assert not sprite[4:8, 5:].any()
    assert not sprite[8:].any()


@pytest.mark.parametrize(
    ("tag", "folder"), [("a/b", "a%2fb"), ("a\\b", "a%5cb"), ("50%", "50%25"), ("../x", "..%2fx"), (".", ".")]
)
def test_a_tag_is_one_folder(writer, tmp_path, tag, folder):
    writer.add_embedding(POINTS, tag=tag, global_step=3)
    (entry,) = config(tmp_path).embeddings
    assert entry.tensor_name == f"{tag}:00003"
    assert entry.tensor_path == f"00003/{folder}/tensors.tsv"
    assert (tmp_path / entry.tensor_path).is_file()


@pytest.mark.parametrize("tag", ["..", "x" * 300, "a\0b", "\ud800", 3])
def test_a_tag_that_makes_no_folder_is_refused(writer, tmp_path, tag):
    with pytest.raises((TypeError, ValueError), match="tag"):
        writer.add_embedding(POINTS, tag=tag)
    assert len(everything_below(tmp_path)) == 1


def test_other_entries_stay_also_those_of_another_process(tmp_path):
    for tag, step in [("a", 1), ("b", 1), ("a", 2)]:
        with SummaryWriter(tmp_path) as writer:
            writer.add_embedding(POINTS, tag=tag, global_step=step)
    with SummaryWriter(tmp_path) as writer:
        writer.add_embedding(POINTS[:2], list("xy"), tag="a", global_step=1)
    entries = config(tmp_path).embeddings
    assert [entry.tensor_name for entry in entries] == ["a:00001", "b:00001", "a:00002"]
    assert entries[0].metadata_path


def test_a_configuration_that_cannot_be_read_is_left_alone(writer, tmp_path):
    (tmp_path / "projector_config.pbtxt").write_text("embeddings {")
    with pytest.raises(ValueError, match=r"projector_config.pbtxt"):
        writer.add_embedding(POINTS)
    assert (tmp_path / "projector_config.pbtxt").read_text() == "embeddings {"
    assert len(everything_below(tmp_path)) == 2


def test_a_configuration_with_unknown_fields_is_left_alone(writer, tmp_path):
    later = 'embeddings { tensor_name: "a:00001" of_a_later_version: 3 }\n'
    (tmp_path / "projector_config.pbtxt").write_text(later)
    with pytest.raises(ValueError, match=r"projector_config.pbtxt.*of_a_later_version"):
        writer.add_embedding(POINTS)
    assert (tmp_path / "projector_config.pbtxt").read_text() == later
    assert len(everything_below(tmp_path)) == 2


def test_an_entry_of_another_process_that_comes_while_the_files_are_written_stays(writer, tmp_path, monkeypatch):
    other, real = tmp_path / "projector_config.pbtxt", projector_files._write

    def write(path, content):
        real(path, content)
        if path.endswith("tensors.tsv"):
            other.write_text('embeddings { tensor_name: "other" }')

    monkeypatch.setattr(projector_files, "_write", write)
    writer.add_embedding(POINTS)
    assert [entry.tensor_name for entry in config(tmp_path).embeddings] == ["other", "default:00000"]


def test_an_interrupted_call_leaves_no_temporary_file(writer, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writer.add_embedding(POINTS)
    assert len(everything_below(tmp_path)) == 1
    writer.add_embedding(POINTS)
    assert len(config(tmp_path).embeddings) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0],), "mat"),
        ((np.zeros((0, 3)),), "mat"),
        (([["a"]],), "mat"),
        ((POINTS, ["a"]), "metadata has 1 labels, but mat has 3 points"),
        ((POINTS, None, np.zeros((2, 3, 4, 4))), "label_img has 2 images, but mat has 3 points"),
        ((POINTS, None, np.zeros((3, 4, 4))), "label_img"),
        ((POINTS, None, np.zeros((3, 4, 4, 4))), "label_img must have .* channels, not 4"),
        ((POINTS, None, np.zeros((3, 3, 0, 4))), "label_img must not be empty"),
        ((POINTS, ["a", "b", "c"], None, 0, "default", ["x", "y"]), r"metadata\[0\]"),
        ((POINTS, [["a", "b"], ["c"], ["d", "e"]], None, 0, "default", ["x", "y"]), r"metadata\[1\]"),
        ((POINTS, None, None, "x"), "global_step"),
    ],
)
def test_what_does_not_fit_writes_no_file(writer, tmp_path, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        writer.add_embedding(*arguments)
    assert len(everything_below(tmp_path)) == 1
