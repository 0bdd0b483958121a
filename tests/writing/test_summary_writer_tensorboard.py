"""What TensorBoard's web server shows of what `SummaryWriter` logged, with either of its loaders."""

import io
import wave

import numpy as np
import pytest

from tbevents.proto import GraphDef, NodeDef
from tbevents.writing.summary_writer import SummaryWriter

pytest.importorskip("tensorboard", reason="asks TensorBoard's server")
Image = pytest.importorskip("PIL.Image", reason="logs images")

from tensorboard_server import Server, serving  # noqa: E402  # needs tensorboard

RNG = np.random.default_rng(7)
GRAY = RNG.random((1, 6, 9))
BATCH = RNG.integers(0, 256, (3, 3, 4, 5), dtype=np.uint8)
VIDEO = np.zeros((1, 2, 3, 4, 4), np.uint8)
VIDEO[0, 1] = 255
NORMAL = RNG.normal(size=1000)
STEREO = np.stack([np.linspace(-1, 1, 800), np.zeros(800)], axis=1)
VERTICES = RNG.random((1, 5, 3))
FACES = np.array([[[0, 1, 2], [2, 3, 4]]])
COLORS = RNG.integers(0, 256, (1, 5, 3))
LAYOUT = {"cat": {"lines": ["Multiline", ["loss"]], "margin": ["Margin", ["loss", "low", "high"]]}}


def log_everything(folder, **options):
    with SummaryWriter(folder, **options) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / (step + 1), step, walltime=100.0 + step)
        writer.add_scalar("named", 1.0, 0, display_name="A name", summary_description="words")
        writer.add_scalar("named too", 1.0, 0, new_style=True, display_name="A name", summary_description="words")
        writer.add_scalars("group", {"a": 1.0, "b": 2.0}, 5)
        writer.add_histogram("normal", NORMAL, 1)
        writer.add_histogram("nothing finite", [np.nan], 1)
        writer.add_histogram("far", [1e30, 2e30], 1)
        writer.add_histogram_raw("raw", 0.0, 3.0, 3, 4.5, 7.0, [1.0, 2.0, 3.0], [1, 0, 2], 1)
        writer.add_image("gray", GRAY, 2)
        writer.add_images("batch", BATCH, 2)
        writer.add_image_with_boxes("boxes", np.zeros((3, 30, 40)), [[5, 5, 20, 20]], 2)
        writer.add_video("video", VIDEO, 2)
        writer.add_audio("sound", STEREO, 3, sample_rate=8000)
        writer.add_text("notes", "**bold**", 4)
        writer.add_pr_curve("pr", [0, 1, 1, 0], [0.1, 0.9, 0.8, 0.7], 6, num_thresholds=11)
        writer.add_pr_curve_raw("pr raw", *[[1.0, 0.5]] * 6, 6)
        writer.add_pr_curve("pr 1", [0, 1], [0.1, 0.9], 6, num_thresholds=1)
        writer.add_mesh("mesh", VERTICES, colors=COLORS, faces=FACES, global_step=7)
        writer.add_custom_scalars(LAYOUT)
        writer.add_graph(GraphDef(node=[NodeDef(name="x", op="Const"), NodeDef(name="y", op="Neg", input=["x"])]))
        writer.add_embedding(NORMAL[:12].reshape(4, 3), list("wxyz"), np.ones((4, 3, 2, 2)), 8, "points/of")
        for number, hparams in enumerate(HPARAMS):
            writer.add_hparams(hparams, {"accuracy": 0.5 + number}, run_name=f"trial{number}")


HPARAMS = [
    {"lr": 0.1, "nested": {"deep": np.int64(3)}, "bool": True, "name": "sgd", "list": [1, 2], "none": None},
    {"lr": float("inf"), "nested": {"deep": 4}, "bool": False, "name": "adam", "list": [3]},
]


@pytest.fixture(scope="module", params=[False, True], ids=["python", "rust"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("logdir")
    with pytest.warns(UserWarning, match="nothing finite"):
        log_everything(folder / "tf1")
    with pytest.warns(UserWarning, match="nothing finite"):
        log_everything(folder / "tf2", format="tf2", scalars_in_one_run=True)
    with serving(folder, fast=request.param) as server:
        assert server.until(lambda: server.get("plugin/scalars/tags").get("tf2/trial1"))
        yield server


@pytest.fixture(params=["tf1", "tf2"])
def run(request):
    return request.param


def test_scalars(server: Server, run):
    points = server.get("plugin/scalars/scalars", run=run, tag="loss")
    assert points == [[100.0 + step, step, pytest.approx(1 / (step + 1))] for step in range(3)]


@pytest.mark.parametrize("tag", ["named", "named too"])
def test_display_names(server: Server, run, tag):
    shown = server.get("plugin/scalars/tags")[run][tag]
    if server.fast and run == "tf1" and tag == "named":  # that loader drops what stands beside a simple_value
        assert shown["displayName"] == ""
    else:
        assert shown["displayName"] == "A name"
        assert "words" in shown["description"]


def test_series_are_runs(server: Server):
    assert {"tf1/group_a", "tf1/group_b"} <= set(server.get("runs"))
    assert server.get("plugin/scalars/scalars", run="tf1/group_b", tag="group")[0][1:] == [5, 2.0]


def test_series_stay_in_one_run_and_are_drawn_together(server: Server):
    assert not [run for run in server.get("runs") if run.startswith("tf2/group")]
    assert server.get("plugin/scalars/scalars", run="tf2", tag="group/b")[0][1:] == [5, 2.0]
    (category,) = [c for c in server.get("plugin/custom_scalars/layout")["category"] if c["title"] == "group"]
    patterns = category["chart"][0]["multiline"]["tag"]
    assert patterns == ["group/a$", "group/b$"]
    found = server.get("plugin/custom_scalars/scalars", run="tf2", tag=patterns[0])
    assert found["regex_valid"]
    assert list(found["tag_to_events"]) == ["group/a"]


def test_histograms(server: Server, run):
    ((_, step, buckets),) = server.get("plugin/histograms/histograms", run=run, tag="normal")
    buckets = np.array(buckets)
    assert step == 1
    assert buckets[:, 2].sum() == 1000
    filled = buckets[buckets[:, 2] > 0]
    assert filled[0, 0] <= NORMAL.min() * (1 - 1e-6)
    assert filled[-1, 1] >= NORMAL.max() * (1 - 1e-6)
    for left, right, count in filled[1:-1]:
        assert count == pytest.approx(((left <= NORMAL) & (right > NORMAL)).sum(), abs=1)


def test_distributions(server: Server, run):
    ((_, _, percentiles),) = server.get("plugin/distributions/distributions", run=run, tag="normal")
    assert dict(map(tuple, percentiles))[5000] == pytest.approx(np.median(NORMAL), abs=0.2)


def test_histograms_at_the_edges(server: Server, run):
    ((_, _, buckets),) = server.get("plugin/histograms/histograms", run=run, tag="nothing finite")
    assert sum(count for _, _, count in buckets) == 0
    ((_, _, buckets),) = server.get("plugin/histograms/histograms", run=run, tag="far")
    assert sum(count for _, _, count in buckets) == 2
    ((_, _, buckets),) = server.get("plugin/histograms/histograms", run=run, tag="raw")
    assert [[left, right, count] for left, right, count in buckets if count] == [[0, 1, 1], [2, 3, 2]]


def pictures(server, run, tag):
    entries = []
    for sample in range(4):
        try:
            entries += server.get("plugin/images/images", run=run, tag=tag, sample=sample)
        except AssertionError:  # there is no such sample
            break
    return [
        (entry["step"], Image.open(io.BytesIO(server.get_bytes(f"plugin/images/individualImage?{entry['query']}"))))
        for entry in entries
    ]


def test_images(server: Server, run):
    ((step, picture),) = pictures(server, run, "gray")
    assert step == 2
    assert picture.size == (9, 6)
    assert (np.asarray(picture.convert("L")) == (GRAY[0].astype(np.float32) * 255).astype(np.uint8)).all()


def test_batches_are_a_grid_in_one_form_and_apart_in_the_other(server: Server):
    hwc = BATCH.transpose(0, 2, 3, 1)
    ((_, grid),) = pictures(server, "tf1", "batch")
    assert (np.asarray(grid) == np.concatenate(hwc, axis=1)).all()
    apart = pictures(server, "tf2", "batch")
    assert len(apart) == 3
    assert all((np.asarray(picture) == pixels).all() for (_, picture), pixels in zip(apart, hwc, strict=True))


def test_boxes(server: Server, run):
    ((_, picture),) = pictures(server, run, "boxes")
    assert picture.convert("RGB").getpixel((5, 10)) == (255, 0, 0)
    assert picture.convert("RGB").getpixel((12, 12)) == (0, 0, 0)


def test_videos(server: Server, run):
    ((_, picture),) = pictures(server, run, "video")
    assert (picture.format, picture.n_frames, picture.info["duration"]) == ("GIF", 2, 250)
    picture.seek(1)
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_audio(server: Server, run):
    (entry,) = server.get("plugin/audio/audio", run=run, tag="sound", sample=0)
    assert entry["step"] == 3
    with wave.open(io.BytesIO(server.get_bytes(f"plugin/audio/individualAudio?{entry['query']}"))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes(), file.getsampwidth()) == (8000, 2, 800, 2)
        pcm = np.frombuffer(file.readframes(800), "<i2").reshape(800, 2)
    assert (pcm == (STEREO * 32767).astype(np.int16)).all()


@pytest.mark.parametrize(("run", "tag"), [("tf1", "notes/text_summary"), ("tf2", "notes")])
def test_texts(server: Server, run, tag):
    assert server.get("plugin/text/tags")[run] == [tag]
    (entry,) = server.get("plugin/text/text", run=run, tag=tag)
    assert entry["step"] == 4
    assert "<strong>bold</strong>" in entry["text"]


def test_pr_curves(server: Server, run):
    (entry,) = server.get("plugin/pr_curves/pr_curves", run=run, tag="pr")[run]
    assert entry["step"] == 6
    assert entry["thresholds"] == pytest.approx(np.linspace(0, 1, 11)[: len(entry["thresholds"])])
    assert entry["true_positives"][:8] == [2] * 8
    assert entry["false_positives"][:8] == [2, 2, 1, 1, 1, 1, 1, 1]
    (entry,) = server.get("plugin/pr_curves/pr_curves", run=run, tag="pr raw")[run]
    assert entry["thresholds"][0] == 0.0
    (entry,) = server.get("plugin/pr_curves/pr_curves", run=run, tag="pr 1")[run]
    assert entry["precision"] == [0.5]


def test_layouts(server: Server):
    (category,) = [c for c in server.get("plugin/custom_scalars/layout")["category"] if c["title"] == "cat"]
    lines, margin = category["chart"]
    assert lines == {"title": "lines", "multiline": {"tag": ["loss"]}}
    assert margin["margin"]["series"] == [{"value": "loss", "lower": "low", "upper": "high"}]


def test_meshes(server: Server, run):
    (sample,) = server.get("plugin/mesh/tags")[run].values()
    assert sample["samples"] == 1
    entries = server.get("plugin/mesh/meshes", run=run, tag="mesh", sample=0)
    assert {entry["content_type"] for entry in entries} == {1, 2, 3}
    for kind, dtype, expected in [("VERTEX", "<f4", VERTICES), ("FACE", "<i4", FACES), ("COLOR", "u1", COLORS)]:
        raw = server.get_bytes("plugin/mesh/data", run=run, tag="mesh", sample=0, step=7, content_type=kind)
        assert np.frombuffer(raw, dtype) == pytest.approx(expected.ravel())


def test_graphs(server: Server, run):
    assert server.get("plugin/graphs/info")[run]["run_graph"]
    pbtxt = server.get_bytes("plugin/graphs/graph", run=run, limit_attr_size=1024, large_attrs_key="k").decode()
    assert 'name: "y"' in pbtxt
    assert 'input: "x"' in pbtxt


def test_hparams(server: Server, run):
    experiment = server.post("plugin/hparams/experiment", {})
    types = {info["name"]: info["type"] for info in experiment["hparamInfos"]}
    assert types["bool"] == "DATA_TYPE_BOOL"
    assert types["nested/deep"] == "DATA_TYPE_FLOAT64"
    assert types["name"] == types["list"] == "DATA_TYPE_STRING"
    assert "accuracy" in [info["name"]["tag"] for info in experiment["metricInfos"]]
    columns = [{"hparam": name} for name in types] + [{"metric": {"tag": "accuracy"}}]
    asked = {"allowedStatuses": ["STATUS_SUCCESS"], "colParams": columns, "startIndex": 0, "sliceSize": 10}
    groups = server.post("plugin/hparams/session_groups", asked)["sessionGroups"]
    sessions = {session["name"]: group for group in groups for session in group["sessions"]}
    first, second = sessions[f"{run}/trial0"], sessions[f"{run}/trial1"]
    assert first["hparams"] == {"lr": 0.1, "nested/deep": 3, "bool": True, "name": "sgd", "list": "[1, 2]"}
    assert second["hparams"]["lr"] == "inf"
    assert second["metricValues"][0]["value"] == 1.5


def test_projector(server: Server, run):
    assert run in server.get("plugin/projector/runs")
    config = server.get("plugin/projector/info", run=run)
    (entry,) = config["embeddings"]
    assert entry["tensorName"] == "points/of:00008"
    raw = server.get_bytes("plugin/projector/tensor", run=run, name="points/of:00008")
    assert np.frombuffer(raw, "<f4") == pytest.approx(NORMAL[:12], rel=1e-6)
    labels = server.get_bytes("plugin/projector/metadata", run=run, name="points/of:00008")
    assert labels.decode().split() == list("wxyz")
    sprite = Image.open(io.BytesIO(server.get_bytes("plugin/projector/sprite_image", run=run, name="points/of:00008")))
    assert sprite.size == (4, 4)


def test_the_event_accumulator_finds_each_kind_in_torchs_form(tmp_path):
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with pytest.warns(UserWarning, match="nothing finite"):
        log_everything(tmp_path)
    loaded = module.EventAccumulator(str(tmp_path), {"scalars": 0, "tensors": 0, "images": 0}).Reload()
    tags = loaded.Tags()
    assert set(tags["scalars"]) == {"loss", "named"}
    assert set(tags["histograms"]) == {"normal", "nothing finite", "far", "raw"}
    assert set(tags["images"]) == {"gray", "batch", "boxes", "video"}
    assert tags["audio"] == ["sound"]
    assert tags["graph"]
    assert [(point.step, point.wall_time) for point in loaded.Scalars("loss")] == [(0, 100), (1, 101), (2, 102)]
    histogram = loaded.Histograms("normal")[0].histogram_value
    assert (histogram.num, histogram.min, histogram.max) == (1000, NORMAL.min(), NORMAL.max())
    image = loaded.Images("gray")[0]
    assert (image.step, image.width, image.height) == (2, 9, 6)
    assert loaded.Audio("sound")[0].length_frames == 800
    plugins = {loaded.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags["tensors"]}
    assert plugins == {"text", "pr_curves", "mesh", "custom_scalars", "scalars"}
