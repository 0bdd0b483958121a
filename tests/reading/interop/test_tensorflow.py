"""What TensorFlow wrote, read back exactly, kind by kind: tf.summary, the v1 writer, Keras, hparams, traces."""

import os

import numpy as np
import pytest

import tbevents

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="reads what TensorFlow writes")
v1 = tf.compat.v1

RNG = np.random.default_rng(1)
NORMAL = RNG.normal(size=1000)
PIXELS = RNG.integers(0, 256, (2, 6, 7, 3), dtype=np.uint8)
SOUNDS = np.clip(RNG.normal(size=(2, 441, 2)) / 3, -1, 1).astype(np.float32)


@pytest.fixture
def written(tmp_path):
    """Logs with tf.summary, then reads the run, which must say of each value what TensorFlow itself reads."""

    def written(log):
        writer = tf.summary.create_file_writer(str(tmp_path))
        with writer.as_default():
            log()
        writer.close()
        return checked(tmp_path)

    return written


def checked(folder):
    """The run in a folder, compared value by value with TensorFlow's own reading of its files."""
    run = tbevents.read_run(folder)
    assert run.problems == ()
    seen = {}
    for path in sorted(map(str, folder.glob("*tfevents*"))):
        for event in v1.train.summary_iterator(path):
            for value in event.summary.value:
                place = seen[value.tag] = seen.get(value.tag, -1) + 1
                kind, series, point = found(run, value.tag, place)
                assert (series.steps[place], series.wall_times[place]) == (event.step, event.wall_time)
                if value.HasField("tensor") and kind != "hparams":
                    check_tensor(kind, point, tf.make_ndarray(value.tensor))
    assert {tag: place + 1 for tag, place in seen.items()} == {
        tag: count for tags in run.counts().values() for tag, count in tags.items()
    }
    return run


def found(run, tag, place):
    """Kind, series and point of a tag's value."""
    ((kind, _),) = [(kind, tags[tag]) for kind, tags in run.counts().items() if tag in tags]
    if kind in ("hparams", "custom_scalars", "meshes"):
        return "hparams", _Steps(run, tag, kind), None
    series = getattr(run, kind)[tag]
    return kind, series, series[place]


class _Steps:
    """Steps and times of tags whose values the run shows in a form of their own."""

    def __init__(self, run, tag, kind):
        self.steps, self.wall_times, _ = run._data.values(tag, kind)


def check_tensor(kind, point, array):
    if kind == "scalars":
        assert np.array_equal(np.float64(point.value), np.float64(array.item()), equal_nan=True)
    elif kind == "histograms":
        assert np.array_equal(np.stack([point.lefts, point.rights, point.counts], 1), array)
    elif kind == "images":
        assert [b"%d" % point.width, b"%d" % point.height, *point.samples] == array.tolist()
    elif kind == "audio":
        assert list(zip(point.samples, (label.encode() for label in point.labels), strict=True)) == [
            tuple(row) for row in array.tolist()
        ]
    elif kind == "texts":
        assert (point.encoded.shape, point.encoded.tolist()) == (array.shape, array.tolist())
    elif kind == "graphs":
        assert point.encoded == array.item()
    elif kind == "pr_curves":
        rows = (point.true_positives, point.false_positives, point.true_negatives, point.false_negatives)
        assert np.array_equal(np.stack([*rows, point.precision, point.recall]), array)
    else:
        assert kind == "tensors"
        expected = array.astype(np.float32) if array.dtype == tf.bfloat16.as_numpy_dtype else array
        assert (point.array.dtype, point.array.shape) == (expected.dtype, expected.shape)
        assert point.array.tolist() == expected.tolist()


def test_scalars(written):
    values = [0.1, 1e-37, 1e300, -np.inf, np.nan, 2**40, True]

    def log():
        for step, value in enumerate(values):
            tf.summary.scalar(
                "odd",
                tf.constant(value, tf.float64 if isinstance(value, float) else None),
                step=step,
                description="words",
            )
        for step in range(300):
            for tag in ("a", "b/c"):
                tf.summary.scalar(tag, step / 7, step=step * 2**40)
        tf.summary.scalar("half", tf.constant(0.1, tf.float16), step=-1)

    run = written(log)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(run.scalars["odd"].values, np.array(values, np.float64).astype(np.float32))
    assert run.scalars["odd"].description == "words"
    for tag in ("a", "b/c"):
        assert run.scalars[tag].steps.tolist() == [step * 2**40 for step in range(300)]
        assert run.scalars[tag].values.tolist() == [float(np.float32(step / 7)) for step in range(300)]
        assert (np.diff(run.scalars[tag].wall_times) >= 0).all()
    assert (run.scalars["half"].steps.tolist(), run.scalars["half"].last.value) == ([-1], float(np.float16(0.1)))
    assert run.metadata["a"] == tbevents.TagMetadata("scalars", b"", "a", "", "SCALAR")


def test_scalars_written_within_a_tf_function(written):
    @tf.function
    def train(steps):
        for step in tf.range(steps):
            tf.summary.scalar("loss", tf.cast(step, tf.float32) / 4, step=step)

    series = written(lambda: train(tf.constant(120, tf.int64))).scalars["while/loss"]
    assert series.steps.tolist() == list(range(120))
    assert series.values.tolist() == (np.arange(120) / 4).tolist()


def test_doubles_and_integers_that_were_written_as_tensors_of_the_scalars_plugin(written):
    def log():
        for plugin in ("scalars", ""):
            metadata = v1.SummaryMetadata(plugin_data=v1.SummaryMetadata.PluginData(plugin_name=plugin))
            for dtype in (tf.float64, tf.int64, tf.uint8, tf.bfloat16, tf.bool):
                for step in range(60):
                    value = tf.cast(tf.constant(step) % 2, dtype)
                    tf.summary.write(f"{plugin}/{dtype.name}", value, step=step, metadata=metadata)

    run = written(log)
    assert len(run.scalars) == 10
    assert run.scalars["scalars/float64"].values.dtype == np.float64
    assert run.scalars["/bfloat16"].values.dtype == np.float32


@pytest.mark.parametrize("buckets", [1, 7, 30])
def test_histograms(written, buckets):
    def log():
        tf.summary.histogram("w", NORMAL, step=4, buckets=buckets, description="words")
        tf.summary.histogram("constant", [3.0, 3.0], step=5, buckets=buckets)
        tf.summary.histogram("empty", [], step=6, buckets=buckets)

    run = written(log)
    histogram = run.histograms["w"].at(4)
    counts, _ = np.histogram(NORMAL, buckets)
    assert histogram.counts.tolist() == counts.tolist()
    assert (histogram.lefts[0], histogram.rights[-1]) == (NORMAL.min(), NORMAL.max())
    assert run.histograms["constant"].last.counts.sum() == 2
    assert run.histograms["empty"].last.counts.sum() == 0
    assert run.histograms["w"].description == "words"


def test_images(written):
    pytest.importorskip("PIL", reason="decodes images with Pillow")

    def log():
        tf.summary.image("batch", PIXELS, step=2, max_outputs=2)
        tf.summary.image("grey", RNG.random((1, 7, 5, 1), np.float32), step=3)

    run = written(log)
    batch = run.images["batch"].last
    assert (batch.step, batch.width, batch.height, batch.format) == (2, 7, 6, "png")
    for sample, pixels in enumerate(PIXELS):
        assert np.array_equal(batch.array(sample), pixels)
    assert run.images["grey"].last.array().shape == (7, 5, 1)


def test_audio(written):
    run = written(lambda: tf.summary.audio("s", SOUNDS, 8000, step=3, max_outputs=2))
    audio = run.audio["s"].last
    assert (audio.sample_rate, audio.channels, audio.frames, audio.content_type) == (8000, 2, 441, "audio/wav")
    for sample, sound in enumerate(SOUNDS):
        decoded, rate = tf.audio.decode_wav(audio.samples[sample])
        assert rate == 8000
        assert np.array_equal(audio.array(sample), np.round(decoded.numpy() * 32768))
        assert np.abs(audio.array(sample) / 32768 - sound).max() < 1e-4


def test_texts(written):
    def log():
        for step in range(3):
            tf.summary.text("note", f"**bold** {step} ü", step=step)
        tf.summary.text("table", [["a", "b", ""], ["c", "d", "e"]], step=1)

    run = written(log)
    assert [(point.step, point.text) for point in run.texts["note"]] == [(k, f"**bold** {k} ü") for k in range(3)]
    assert run.texts["note"].last.array.shape == ()
    assert run.texts["table"].last.array.tolist() == [["a", "b", ""], ["c", "d", "e"]]


def test_tensors_of_every_type(written):
    dtypes = [np.float16, np.float32, np.float64, np.complex64, np.complex128, np.bool_, tf.bfloat16.as_numpy_dtype]
    dtypes += [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
    arrays = {np.dtype(dtype).name: np.arange(6).reshape(2, 3).astype(dtype) for dtype in dtypes}

    def log():
        for tag, array in arrays.items():
            tf.summary.write(tag, array, step=1)
            tf.summary.write(f"{tag} empty", array[:, :0], step=1)
            tf.summary.write(f"{tag} constant", np.ones((200, 2), array.dtype), step=1)
        tf.summary.write("strings", tf.constant([["a", ""], ["ü", "\0"]]), step=1)

    run = written(log)
    assert len(run.tensors) == 3 * len(arrays) + 1
    for tag, array in arrays.items():
        assert run.tensors[tag].last.array.tolist() == array.tolist()


def test_a_trace_and_graphs(written):
    @tf.function
    def forward(x):
        return tf.matmul(x, x, name="product")

    def log():
        tf.summary.trace_on(graph=True)
        forward(tf.ones((2, 2)))
        tf.summary.trace_export("trace", step=7)
        tf.summary.graph(forward.get_concrete_function(tf.ones((3, 3))).graph.as_graph_def())

    run = written(log)
    traced = v1.RunMetadata.FromString(run.graphs["trace"].last.encoded)
    assert run.graphs["trace"].steps.tolist() == [7]
    names = [node.name for one in traced.function_graphs for node in one.post_optimization_graph.node]
    assert "product" in names
    assert any(node.name == "product" and node.op == "MatMul" for node in run.graph.nodes)
    assert v1.GraphDef.FromString(run.graph.encoded).node[0].name == run.graph.nodes[0].name


def test_statistics_that_tensorflow_logs_under_tags(written):
    private = pytest.importorskip("tensorflow.python.ops.summary_ops_v2", reason="writes with what Keras writes with")
    statistics = v1.RunMetadata()
    statistics.step_stats.dev_stats.add(device="cpu:0")

    def log():
        private.run_metadata("profile", statistics, step=2)
        private.run_metadata_graphs("graphs", statistics, step=3)

    run = written(log)
    assert {tag: series.steps.tolist() for tag, series in run.graphs.items()} == {"profile": [2], "graphs": [3]}
    assert v1.RunMetadata.FromString(run.graphs["profile"].last.encoded) == statistics


def test_hyperparameters_of_the_api(tmp_path):
    api = pytest.importorskip("tensorboard.plugins.hparams.api", reason="writes hyperparameters with TensorBoard")
    units, rate = api.HParam("units", api.IntInterval(8, 32)), api.HParam("rate", api.RealInterval(0.0, 1.0))
    name = api.HParam("optimizer", api.Discrete(["sgd", "adam"]))
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        api.hparams_config([units, rate, name], [api.Metric("accuracy", display_name="Accuracy")])
    chosen = [{units: 8, rate: 0.1, name: "sgd"}, {units: 32, rate: 0.25, name: "adam"}]
    for number, values in enumerate(chosen):
        with tf.summary.create_file_writer(str(tmp_path / f"run{number}")).as_default():
            api.hparams(values, trial_id=f"trial {number}", start_time_secs=1e9 + number)
            for step in range(3):
                tf.summary.scalar("accuracy", step / 4 + number, step=step)
    for folder in (tmp_path, tmp_path / "run0", tmp_path / "run1"):
        checked(folder)
    logdir = tbevents.read_logdir(tmp_path)
    assert [info.name for info in logdir["."].hparams.experiment.hparam_infos] == ["units", "rate", "optimizer"]
    table = logdir.hparams()
    for number, values in enumerate(chosen):
        session = table.sessions[f"run{number}"]
        assert dict(session.parameters) == {key.name: value for key, value in values.items()}
        assert dict(session.metrics) == {"accuracy": 0.5 + number}
        assert (session.start_time, session.group_name) == (1e9 + number, f"trial {number}")
    pytest.importorskip("pandas", reason="joins the hyperparameters in a table")
    joined = logdir.scalars("accuracy", hparams=True)
    assert list(joined.to_pandas()["optimizer"]) == ["sgd"] * 3 + ["adam"] * 3


def test_the_v1_file_writer(tmp_path):
    with v1.Graph().as_default() as graph:
        value = v1.placeholder(tf.float32, (), name="value")
        merged = v1.summary.merge(
            [
                v1.summary.scalar("loss", value),
                v1.summary.histogram("weights", NORMAL.astype(np.float32) + value),
                v1.summary.image("picture", PIXELS, max_outputs=1),
                v1.summary.audio("sound", SOUNDS, 8000, max_outputs=1),
                v1.summary.text("note", v1.constant(["a", "b"])),
                v1.summary.tensor_summary("matrix", v1.ones((2, 3), tf.int32)),
            ]
        )
        writer = v1.summary.FileWriter(str(tmp_path), graph)
        with v1.Session(graph=graph) as session:
            for step in range(70):
                statistics = v1.RunMetadata()
                options = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE if step == 60 else 0)
                summary = session.run(merged, {value: step / 3}, options=options, run_metadata=statistics)
                writer.add_summary(summary, step)
                if step == 60:
                    writer.add_run_metadata(statistics, "step60", step)
        writer.add_session_log(v1.SessionLog(status=v1.SessionLog.CHECKPOINT, checkpoint_path="model.ckpt"), 70)
        writer.add_meta_graph(v1.train.export_meta_graph(graph=graph), 70)
        writer.close()
    run = checked(tmp_path)
    assert run.scalars["loss"].values.tolist() == [float(np.float32(step / 3)) for step in range(70)]
    assert run.scalars["loss"].steps.tolist() == list(range(70))
    events = [event for path in tmp_path.iterdir() for event in v1.train.summary_iterator(str(path))]
    messages = {tag: [v for e in events for v in e.summary.value if v.tag == tag] for tag in run.tags}
    histogram, sound = run.histograms["weights"][40], run.audio["sound/audio"][40]
    histo = messages["weights"][40].histo
    assert (histogram.counts.tolist(), histogram.rights.tolist()) == (list(histo.bucket), list(histo.bucket_limit))
    assert (histogram.min, histogram.max, histogram.num) == (histo.min, histo.max, histo.num)
    assert (histogram.sum, histogram.sum_squares) == (histo.sum, histo.sum_squares)
    assert sound.encoded == messages["sound/audio"][40].audio.encoded_audio_string
    assert (sound.sample_rate, sound.channels, sound.frames) == (8000, 2, 441)
    (picture,) = [series for tag, series in run.images.items() if tag.startswith("picture")]
    assert np.array_equal(picture[40].array(), PIXELS[0])
    assert (picture[40].width, picture[40].height) == (7, 6)
    assert run.texts["note"][40].array.tolist() == ["a", "b"]
    assert run.tensors["matrix"][40].array.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert [node.name for node in run.graph.nodes] == [node.name for node in graph.as_graph_def().node]
    assert v1.RunMetadata.FromString(run.run_metadata["step60"].encoded).step_stats.dev_stats
    assert [(entry.status, entry.checkpoint_path) for entry in run.session_log if entry.status == "CHECKPOINT"] == [
        ("CHECKPOINT", "model.ckpt")
    ]
    assert v1.MetaGraphDef.FromString(run.meta_graph_def).graph_def.node


def test_the_callback_of_keras(tmp_path):
    keras = pytest.importorskip("keras", reason="trains with Keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="dense")])
    model.compile("sgd", "mse")
    callback = keras.callbacks.TensorBoard(str(tmp_path), histogram_freq=1, update_freq=1, write_images=True)
    x, y = NORMAL[:300].reshape(100, 3), NORMAL[300:500].reshape(100, 2)
    history = model.fit(x, y, epochs=3, batch_size=10, validation_data=(x, y), callbacks=[callback], verbose=0).history
    train, validation = checked(tmp_path / "train"), checked(tmp_path / "validation")
    assert train.scalars["epoch_loss"].values.tolist() == np.float32(history["loss"]).tolist()
    assert validation.scalars["epoch_loss"].values.tolist() == np.float32(history["val_loss"]).tolist()
    assert len(train.scalars["batch_loss"]) == 30
    assert train.histograms
    assert train.graphs["keras"].last.json["class_name"] == "Sequential"
    assert set(tbevents.read_logdir(tmp_path)) == {"train", "validation"}


def test_curves_meshes_and_layouts_of_the_plugins(tmp_path):
    reason = "writes with TensorBoard's plugins"
    pr_curve = pytest.importorskip("tensorboard.plugins.pr_curve.summary", reason=reason)
    mesh = pytest.importorskip("tensorboard.plugins.mesh.summary_v2", reason=reason)
    custom_scalar = pytest.importorskip("tensorboard.plugins.custom_scalar.summary", reason=reason)
    from tensorboard.plugins.custom_scalar import layout_pb2 as layouts

    labels, predictions = np.array([0, 1, 1, 0, 1], bool), np.array([0.1, 0.9, 0.4, 0.6, 0.8])
    vertices, colors = RNG.random((1, 5, 3)).astype(np.float32), RNG.integers(0, 256, (1, 5, 3), dtype=np.uint8)
    faces = np.array([[[0, 1, 2], [2, 3, 4]]], np.int32)
    chart = layouts.Chart(title="losses", multiline=layouts.MultilineChartContent(tag=["loss/.*"]))
    layout = layouts.Layout(category=[layouts.Category(title="mine", chart=[chart])])
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for summary in (pr_curve.pb("pr", labels, predictions, num_thresholds=5), custom_scalar.pb(layout)):
            tf.summary.experimental.write_raw_pb(summary.SerializeToString(), step=3)
        mesh.mesh("m", vertices, faces=faces, colors=colors, config_dict={"lights": 1}, step=4)
    run = checked(tmp_path)
    curve = run.pr_curves["pr/pr_curves"].at(3)
    assert curve.true_positives.tolist() == [3, 3, 2, 2, 0]
    assert run.custom_scalars == {"mine": {"losses": ("Multiline", ["loss/.*"])}}
    point = run.meshes["m"].last
    assert np.array_equal(point.vertices, vertices)
    assert np.array_equal(point.faces, faces)
    assert np.array_equal(point.colors, colors)
    assert run.meshes["m"].config == {"lights": 1}
