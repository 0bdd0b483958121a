"""Real files of many writers: each series, histogram, image and tensor as TensorBoard reads it."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

import tbevents
from tbevents.proto import HistogramProto

BUNDLED = Path(__file__).resolve().parent.parent / "data" / "corpus"
NAMES = [entry["file"] for entry in json.loads((BUNDLED / "expected.json").read_text())["files"]]


def hashed(*columns):
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


def check(folder, entry):
    run = tbevents.read_run(folder / entry["file"])
    assert run.problems == ()
    assert run.first_wall_time == entry["first_wall_time"]
    assert set(run.tags) == set(entry["tags"])
    for tag, facts in entry["tags"].items():
        metadata = run.metadata[tag]
        if facts["plugin"]:
            assert metadata.plugin == facts["plugin"]
        assert metadata.display_name == (facts["display_name"] or tag)
        assert len(metadata.content) == facts["plugin_content_len"]
        assert sum(counts.get(tag, 0) for counts in run.counts().values()) == facts["count"]
    for tag, facts in entry["scalars"].items():
        series = run.scalars[tag]
        assert (len(series), series.steps[0], series.steps[-1]) == (facts["n"], facts["first_step"], facts["last_step"])
        assert hashed(series.steps, series.wall_times, series.values) == facts["sha256"]
    for tag, count in entry["histograms"].items():
        assert len(list(run.histograms[tag])) == count
    for tag, count in entry["images"].items():
        assert len(list(run.images[tag])) == count
    for tag, facts in entry["tensors"].items():
        check_tensors(run, tag, facts)
    assert not entry["audio"]
    return run


def check_tensors(run, tag, facts):
    mapping = {
        "scalars": "scalars",
        "histograms": "histograms",
        "images": "images",
        "text": "texts",
        "graph_keras_model": "graphs",
        "graph_run_metadata_graph": "graphs",
    }.get(facts["plugin"])
    if facts["plugin"] == "custom_scalars":
        assert run.layout is not None
        return
    series = getattr(run, mapping)[tag]
    assert len(list(series)) == facts["n"]
    assert hashed(series.steps, series.wall_times) == facts["steps_sha256"]
    if "scalar_sha256" in facts:
        assert hashed(series.steps, series.wall_times, series.values) == facts["scalar_sha256"]
        assert facts["dtypes"] == [series.values.dtype.name]


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_file_reads_as_tensorboard_reads_it(name):
    entries = json.loads((BUNDLED / "expected.json").read_text())["files"]
    check(BUNDLED, next(entry for entry in entries if entry["file"] == name))


def test_every_file_of_the_large_corpus_reads_as_tensorboard_reads_it(shared):
    entries = json.loads((shared / "corpus" / "expected.json").read_text())["files"]
    for entry in entries:
        check(shared / "corpus", entry)
    assert len(entries) >= 14


@pytest.mark.parametrize("name", NAMES)
def test_every_value_equals_that_of_the_plain_loop_over_events(name):
    """Nothing is dropped on the way from events to kinds, and histograms and images are those of the messages."""
    path = BUNDLED / name
    run = tbevents.read_run(path)
    seen = Counter()
    for event in tbevents.iter_events(path):
        for value in event.summary.value:
            place = seen[value.tag]
            seen[value.tag] += 1
            if value.HasField("simple_value"):
                assert run.scalars[value.tag][place] == (event.step, event.wall_time, value.simple_value)
            elif value.HasField("image"):
                image = run.images[value.tag][place]
                assert (image.step, image.wall_time) == (event.step, event.wall_time)
                assert (image.encoded, image.width, image.height) == (
                    value.image.encoded_image_string,
                    value.image.width,
                    value.image.height,
                )
            elif value.HasField("histo"):
                histogram = run.histograms[value.tag][place]
                assert (
                    HistogramProto(
                        min=histogram.min,
                        max=histogram.max,
                        num=histogram.num,
                        sum=histogram.sum,
                        sum_squares=histogram.sum_squares,
                        bucket_limit=histogram.rights,
                        bucket=histogram.counts,
                    )
                    == value.histo
                )
    assert {tag: count for counts in run.counts().values() for tag, count in counts.items()} == dict(seen)


def test_images_of_the_corpus_decode_to_the_size_they_declare():
    pytest.importorskip("PIL", reason="decodes images with Pillow")
    folder = BUNDLED / "tensorflow+tensorboard/log_tayo/test"
    run = tbevents.read_run(folder)
    for series in run.images.values():
        for image in series:
            assert image.array().shape[:2] == (image.height, image.width)
            assert image.format == "png"


def test_a_keras_graph_and_a_table_of_nodes():
    run = tbevents.read_run(BUNDLED / "Alwaysproblem+tensorboard-review/log-base/train")
    nodes = run.graph.nodes
    assert len(nodes) == len(run.graph.message.node) == 28
    assert nodes[0] == ("embed_input", "Placeholder", (), "")
    assert any("embed_input" in node.inputs for node in nodes)
    assert run.graphs["keras"].last.json["class_name"] == "Sequential"
    assert run.metadata["batch_3"].data_class == "BLOB_SEQUENCE"


def test_sessions_checkpoints_and_graphs_of_tensorflow_1(shared):
    run = tbevents.read_run(shared / "corpus/tensorflow+tensorboard/tensorboard/functionaltests/testdata")
    assert [event.status for event in run.session_log] == ["START", "CHECKPOINT", "CHECKPOINT"] * 2
    assert run.session_log[1].checkpoint_path.endswith("model.ckpt")
    events = list(tbevents.iter_events(run.files[0]))
    assert run.graph.encoded == [event.graph_def for event in events if event.HasField("graph_def")][-1]
    assert run.meta_graph_def == [event.meta_graph_def for event in events if event.HasField("meta_graph_def")][-1]
