"""What torch's and tensorboardX's SummaryWriter wrote, read back exactly, kind by kind."""

import io
import math
import sys
import wave

import numpy as np
import pytest

import tbevents

VALUES = [0.1, 1e-45, 1e300, -math.inf, math.nan, float(2**99)]
PIXELS = np.random.default_rng(1).integers(0, 256, (3, 6, 7), dtype=np.uint8)
SOUND = np.linspace(-1, 1, 441)
NORMAL = np.random.default_rng(2).normal(size=1000)
VERTICES = np.random.default_rng(3).random((1, 5, 3)).astype(np.float32)
FACES = np.array([[[0, 1, 2], [2, 3, 4]]])
COLORS = np.random.default_rng(4).integers(0, 256, (1, 5, 3))
LABELS = np.array([0, 1, 1, 0, 1])
PREDICTIONS = np.array([0.1, 0.9, 0.4, 0.6, 0.8])


def torch_writer(folder):
    pytest.importorskip("torch", reason="reads what torch writes")
    module = pytest.importorskip("torch.utils.tensorboard", reason="reads what torch writes")
    return module.SummaryWriter(folder)


def tensorboardx_writer(folder):
    module = pytest.importorskip("tensorboardX", reason="reads what tensorboardX writes")
    return module.SummaryWriter(folder)


@pytest.fixture(params=[torch_writer, tensorboardx_writer], ids=["torch", "tensorboardX"])
def written(request, tmp_path):
    """Logs with a writer, then reads the run."""

    def written(log, folder=tmp_path):
        writer = request.param(str(folder))
        log(writer)
        writer.close()
        return tbevents.read_run(folder)

    written.is_torch = request.param is torch_writer
    return written


def test_scalars(written):
    def log(writer):
        for step, value in enumerate(VALUES):
            writer.add_scalar("a/b", value, step, walltime=1e9 + step / 3)
        for step in range(200):
            writer.add_scalar("many", step / 7, step * 2**40, walltime=step)
        writer.add_scalar("negative", 1, -5)

    run = written(log)
    series = run.scalars["a/b"]
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(series.values, np.array(VALUES, np.float64).astype(np.float32))
    assert series.steps.tolist() == list(range(6))
    assert series.wall_times.tolist() == [1e9 + step / 3 for step in range(6)]
    assert run.scalars["many"].steps.tolist() == [step * 2**40 for step in range(200)]
    assert run.scalars["many"].values.tolist() == [float(np.float32(step / 7)) for step in range(200)]
    assert run.scalars["negative"].steps.tolist() == [-5]
    assert run.problems == ()


def test_torchs_other_forms_of_scalars(written):
    if not written.is_torch:
        pytest.skip("tensorboardX has one form only")

    def log(writer):
        for step in range(100):
            writer.add_scalar("new", step / 3, step, new_style=True)
            writer.add_scalar("double", step / 3, step, new_style=True, double_precision=True)

    run = written(log)
    assert run.scalars["new"].values.tolist() == [float(np.float32(step / 3)) for step in range(100)]
    assert run.scalars["double"].values.tolist() == [step / 3 for step in range(100)]
    assert run.scalars["double"].values.dtype == np.float64
    assert run.metadata["new"].plugin == "scalars"


def test_a_purge_step_is_a_restart(tmp_path, request):
    module = pytest.importorskip("torch.utils.tensorboard", reason="reads what torch writes")
    for purge_step in (None, 3):
        with module.SummaryWriter(
            str(tmp_path), purge_step=purge_step, filename_suffix=f".{purge_step or 0}"
        ) as writer:
            for step in range(purge_step or 0, 6):
                writer.add_scalar("loss", (purge_step or 0) * 10 + step, step)
    assert len(tbevents.read_run(tmp_path).scalars["loss"]) == 9
    run = tbevents.read_run(tmp_path, restarts="tensorboard")
    assert run.scalars["loss"].values.tolist() == [0, 1, 2, 33, 34, 35]
    assert [event.status for event in run.session_log] == ["START"]


def test_histograms(written):
    run = written(lambda writer: writer.add_histogram("w", NORMAL, 4))
    histogram = run.histograms["w"].at(4)
    assert (histogram.num, histogram.min, histogram.max) == (1000, NORMAL.min(), NORMAL.max())
    assert histogram.sum == pytest.approx(NORMAL.sum())
    assert histogram.sum_squares == pytest.approx((NORMAL**2).sum())
    for left, right, count in zip(histogram.lefts, histogram.rights, histogram.counts, strict=True):
        assert count == ((left <= NORMAL) & (right > NORMAL)).sum()


def test_images_and_videos(written):
    pytest.importorskip("PIL", reason="writes and decodes images with Pillow")
    batch = np.stack([PIXELS, 255 - PIXELS])
    run = written(lambda writer: (writer.add_image("i", PIXELS, 2), writer.add_images("batch", batch, 3)))
    image = run.images["i"].last
    assert (image.step, image.width, image.height, image.format) == (2, 7, 6, "png")
    assert np.array_equal(image.array(), PIXELS.transpose(1, 2, 0))
    assert run.images["batch"].last.array().shape == (
        run.images["batch"].last.height,
        run.images["batch"].last.width,
        3,
    )


def test_audio(written):
    pytest.importorskip("soundfile", reason="tensorboardX writes sounds with it") if not written.is_torch else None
    run = written(lambda writer: writer.add_audio("s", SOUND, 3, sample_rate=8000))
    audio = run.audio["s"].last
    assert (audio.sample_rate, audio.channels, audio.frames, audio.content_type) == (8000, 1, 441, "audio/wav")
    with wave.open(io.BytesIO(audio.encoded)) as file:
        expected = np.frombuffer(file.readframes(441), "<i2")
    assert np.array_equal(audio.array()[:, 0], expected)
    assert np.abs(audio.array()[:, 0] / 32767 - SOUND).max() < 2e-4


def test_texts(written):
    def log(writer):
        for step in range(3):
            writer.add_text("note", f"**bold** {step} ü", step)

    series = written(log).texts["note/text_summary"]
    assert [(point.step, point.text) for point in series] == [(step, f"**bold** {step} ü") for step in range(3)]
    assert series.last.array.shape == (1,)


def test_precision_recall_curves(written):
    run = written(lambda writer: writer.add_pr_curve("pr", LABELS, PREDICTIONS, 5, num_thresholds=5))
    curve = run.pr_curves["pr"].at(5)
    assert len(curve.thresholds) == 5
    assert curve.true_positives.tolist() == [3, 3, 2, 2, 0]
    assert curve.false_positives.tolist() == [2, 1, 1, 0, 0]
    total = curve.true_positives + curve.false_negatives
    np.testing.assert_allclose(curve.recall, curve.true_positives / total, rtol=1e-6)


def test_meshes(written):
    def log(writer):
        for step in range(2):
            vertices, colors, faces = VERTICES + step, COLORS, FACES
            if written.is_torch:
                import torch

                vertices, colors, faces = map(torch.as_tensor, (vertices, colors, faces))
            writer.add_mesh("m", vertices, colors=colors, faces=faces, global_step=step)

    mesh = written(log).meshes["m"]
    assert len(mesh) == 2
    assert np.array_equal(mesh.last.vertices, VERTICES + 1)
    assert np.array_equal(mesh.last.faces, FACES)
    assert np.array_equal(mesh.last.colors, COLORS)
    assert mesh.config == {}


def test_custom_scalars(written):
    layout = {"cat": {"lines": ["Multiline", ["loss/.*"]], "band": ["Margin", ["a", "b", "c"]]}}
    run = written(lambda writer: writer.add_custom_scalars(layout))
    assert run.custom_scalars == {"cat": {"lines": ("Multiline", ["loss/.*"]), "band": ("Margin", ["a", "b", "c"])}}


def test_hyperparameters(written, tmp_path):
    parameters = {"lr": 0.1, "layers": 3, "bias": True, "net": "mlp"}

    def log(writer):
        writer.add_scalar("loss", 1.0, 0)
        writer.add_hparams(parameters, {"accuracy": 0.5, "loss": 0.25})

    written(log)
    logdir = tbevents.read_logdir(tmp_path)
    table = logdir.hparams()
    (session,) = table.sessions.values()
    assert dict(session.parameters) == parameters
    assert dict(session.metrics) == {"accuracy": 0.5, "loss": 0.25}
    assert session.status == "success"
    joined = logdir.scalars("loss", ".", hparams=True)
    assert joined.extra["lr"].tolist() == [0.1]


def test_embeddings(written):
    points = np.arange(12, dtype=np.float32).reshape(4, 3)

    def log(writer):
        if written.is_torch:
            import torch

            writer.add_embedding(torch.as_tensor(points), metadata=list("abcd"), global_step=2)
        else:
            writer.add_embedding(points, metadata=list("abcd"), global_step=2)

    (embedding,) = written(log).projector.embeddings.values()
    assert embedding.tensor().tolist() == points.tolist()
    assert embedding.metadata() == [["a"], ["b"], ["c"], ["d"]]


def test_graphs_of_torch(tmp_path):
    torch = pytest.importorskip("torch", reason="reads what torch writes")
    writer = torch_writer(str(tmp_path))
    writer.add_graph(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()), torch.zeros(1, 3))
    writer.close()
    run = tbevents.read_run(tmp_path)
    assert any(node.op == "aten::linear" for node in run.graph.nodes)
    assert list(run.run_metadata) == ["step1"]
    assert run.run_metadata["step1"].message.step_stats.dev_stats


def test_tensors_of_torch(tmp_path):
    torch = pytest.importorskip("torch", reason="reads what torch writes")
    tensors = {
        str(dtype): torch.arange(6).reshape(2, 3).to(dtype)
        for dtype in (
            torch.float32,
            torch.float64,
            torch.float16,
            torch.bfloat16,
            torch.int32,
            torch.uint8,
            torch.int64,
        )
    }
    writer = torch_writer(str(tmp_path))
    for tag, tensor in tensors.items():
        writer.add_tensor(tag, tensor, 1)
    writer.close()
    run = tbevents.read_run(tmp_path)
    for tag, tensor in tensors.items():
        expected = tensor.float().numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()
        assert np.array_equal(run.tensors[tag].last.array, expected)
        assert run.tensors[tag].last.array.dtype == expected.dtype


def test_scalars_of_tensorboards_own_writer(tmp_path):
    summary = pytest.importorskip("tensorboard.summary", reason="reads what TensorBoard's writer writes")
    output = pytest.importorskip("tensorboard.summary._output", reason="reads what TensorBoard's writer writes")
    writer = summary.Writer(output.DirectoryOutput(str(tmp_path)))
    for step in range(100):
        writer.add_scalar("loss", step / 3, step, wall_time=step + 0.5, description="words")
    writer.close()
    run = tbevents.read_run(tmp_path)
    assert run.scalars["loss"].values.tolist() == [float(np.float32(step / 3)) for step in range(100)]
    assert run.scalars["loss"].wall_times.tolist() == [step + 0.5 for step in range(100)]
    assert run.metadata["loss"] == tbevents.TagMetadata("scalars", b"", "loss", "words", "SCALAR")


def test_the_tf2_form_of_every_kind_as_tensorboard_makes_it(tmp_path):
    """With TensorBoard's own metadata and its own encoding of tensors, through its EventFileWriter."""
    reason = "writes with TensorBoard"
    writers = pytest.importorskip("tensorboard.summary.writer.event_file_writer", reason=reason)
    make = pytest.importorskip("tensorboard.util.tensor_util", reason=reason).make_tensor_proto
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.audio import metadata as audio
    from tensorboard.plugins.histogram import metadata as histogram
    from tensorboard.plugins.image import metadata as image
    from tensorboard.plugins.mesh import metadata as mesh
    from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData
    from tensorboard.plugins.pr_curve import metadata as pr_curve
    from tensorboard.plugins.text import metadata as text

    table = np.array([[0.0, 1.0, 3.0], [1.0, 2.5, 0.0]])
    curves = np.arange(12, dtype=np.float32).reshape(6, 2)
    vertex = MeshPluginData.VERTEX
    logged = {
        "h": (table, histogram.create_summary_metadata("shown", "words")),
        "i": ([b"7", b"6", b"one", b"two"], image.create_summary_metadata("shown", "words")),
        "a": ([[b"RIFF", b"label"]], audio.create_summary_metadata("shown", "words", encoding=11)),
        "t": ([["a", "b"], ["c", "d"]], text.create_summary_metadata("shown", "words")),
        "p": (curves, pr_curve.create_summary_metadata("shown", "words", num_thresholds=2)),
        "m_VERTEX": (VERTICES, mesh.create_summary_metadata("m", "shown", vertex, 1 << vertex, VERTICES.shape)),
    }
    writer = writers.EventFileWriter(str(tmp_path))
    for step in range(3):
        for tag, (value, metadata) in logged.items():
            event = Event(step=step, wall_time=step + 0.25)
            event.summary.value.add(tag=tag, tensor=make(value), metadata=None if step else metadata)
            writer.add_event(event)
    writer.close()
    run = tbevents.read_run(tmp_path)
    for series in (run.histograms["h"], run.images["i"], run.audio["a"], run.texts["t"], run.pr_curves["p"]):
        assert series.steps.tolist() == [0, 1, 2]
        assert series.wall_times.tolist() == [0.25, 1.25, 2.25]
        assert (series.display_name, series.description) == ("shown", "words")
        assert [(point.step, point.wall_time) for point in series] == [(0, 0.25), (1, 1.25), (2, 2.25)]
    last = run.histograms["h"].last
    assert np.array_equal(np.stack([last.lefts, last.rights, last.counts], 1), table)
    image_point = run.images["i"].last
    assert (image_point.width, image_point.height, image_point.samples) == (7, 6, (b"one", b"two"))
    assert (run.audio["a"].last.samples, run.audio["a"].last.labels) == ((b"RIFF",), ("label",))
    assert run.texts["t"].last.array.tolist() == [["a", "b"], ["c", "d"]]
    assert run.pr_curves["p"].last.recall.tolist() == [10, 11]
    assert np.array_equal(run.meshes["m"].last.vertices, VERTICES)
    assert run.metadata["p"].content == logged["p"][1].plugin_data.content


def test_events_of_tensorboards_event_file_writer(tmp_path):
    module = pytest.importorskip(
        "tensorboard.summary.writer.event_file_writer", reason="reads what TensorBoard's EventFileWriter writes"
    )
    from tensorboard.compat.proto.event_pb2 import Event

    writer = module.EventFileWriter(str(tmp_path))
    for step in range(150):
        event = Event(step=step, wall_time=step * 2)
        event.summary.value.add(tag="loss", simple_value=step / 3)
        event.summary.value.add(tag="acc", simple_value=-step)
        writer.add_event(event)
    last = Event(step=150)
    last.summary.value.add(tag="i").image.encoded_image_string = b"png" * 1000
    last.summary.value[0].image.width = 5
    writer.add_event(last)
    writer.close()
    run = tbevents.read_run(tmp_path)
    assert run.scalars["loss"].values.tolist() == [float(np.float32(step / 3)) for step in range(150)]
    assert run.scalars["acc"].steps.tolist() == list(range(150))
    assert (run.images["i"].last.encoded, run.images["i"].last.width) == (b"png" * 1000, 5)


def test_no_test_here_loads_tensorflow():
    """The files are to be those of the named writers, not of TensorFlow behind them."""
    assert "tensorflow" not in sys.modules
