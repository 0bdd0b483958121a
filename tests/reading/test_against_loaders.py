"""The same runs through TensorBoard's own loaders, under their rules: EventAccumulator and the Rust data server."""

import os
import shutil
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from event_files import scalar_event, scalar_tensor, tensor_value, version_event, write_events

import tbevents
from tbevents.format.tensors import from_array
from tbevents.proto import Event, HistogramProto, MeshPluginData, SessionLog, Summary

BUNDLED = Path(__file__).resolve().parent.parent / "data" / "corpus"


def some_events(rng, count, *, first_step=0):
    """Scalars of two forms, histograms and images, steps that go forth and back, restarts, file versions."""
    events = []
    step = first_step
    for _ in range(count):
        draw = rng.random()
        if draw < 0.004:
            events.append(Event(step=max(0, step - 30), session_log=SessionLog(status=SessionLog.START)))
        elif draw < 0.006:
            events.append(Event(session_log=SessionLog(status=SessionLog.STOP)))
        elif draw < 0.008:
            events.append(Event(file_version=f"brain.Event:{rng.integers(1, 3)}"))
        elif draw < 0.016:
            step = max(0, step - int(rng.integers(0, 40)))
        elif draw < 0.05:
            histo = HistogramProto(
                min=0.5, max=2, num=3, sum=4, sum_squares=5, bucket_limit=[1.0, 3.0], bucket=[step + 1, 2]
            )
            events.append(Event(step=step, summary=Summary(value=[Summary.Value(tag="histogram", histo=histo)])))
        elif draw < 0.07:
            image = Summary.Image(width=3, height=2, encoded_image_string=b"%d" % step * 400)
            events.append(Event(step=step, summary=Summary(value=[Summary.Value(tag="image", image=image)])))
        elif draw < 0.12:
            values = [Summary.Value(tag=tag, simple_value=step) for tag in ("loss", "accuracy", "loss")]
            events.append(Event(step=step, summary=Summary(value=values)))
        else:
            tag = ("loss", "accuracy", "lr", "a/b")[int(rng.integers(0, 4))]
            events.append(scalar_event(tag, step, rng.normal(), 1000 + len(events)))
            step += int(rng.random() < 0.6)
    return events


@pytest.fixture(params=range(6))
def random_run(request, tmp_path):
    rng = np.random.default_rng(request.param)
    first = [] if request.param % 2 else [version_event()]
    write_events(tmp_path / "events.out.tfevents.1000000001.host", first + some_events(rng, 1500))
    write_events(tmp_path / "events.out.tfevents.1000000002.host", first + some_events(rng, 600, first_step=90))
    write_events(tmp_path / "events.out.tfevents.1000000003.host", some_events(rng, 300, first_step=20))
    return tmp_path


def accumulated(path, purge):
    module = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="compares with TensorBoard's loader"
    )
    guidance = dict.fromkeys(module.DEFAULT_SIZE_GUIDANCE, 0)
    accumulator = module.EventAccumulator(str(path), size_guidance=guidance, purge_orphaned_data=purge)
    accumulator.Reload()
    return accumulator


@pytest.mark.parametrize(("purge", "restarts"), [(False, "keep"), (True, "tensorboard")])
def test_event_accumulator_has_the_same_points(random_run, purge, restarts):
    accumulator = accumulated(random_run, purge)
    run = tbevents.read_run(random_run, restarts=restarts)
    tags = accumulator.Tags()
    assert (set(tags["scalars"]), set(tags["images"])) == (set(run.scalars), set(run.images))
    removed = 0
    for tag, series in run.scalars.items():
        assert list(series) == [reordered(point) for point in accumulator.Scalars(tag)]
        removed += run.counts()["scalars"][tag] - len(series)
    for tag, images in run.images.items():
        assert [(i.wall_time, i.step, i.encoded, i.width, i.height) for i in images] == [
            (p.wall_time, p.step, p.encoded_image_string, p.width, p.height) for p in accumulator.Images(tag)
        ]
    for tag, histograms in run.histograms.items():
        assert [(h.wall_time, h.step, h.counts.tolist(), h.rights.tolist(), h.sum) for h in histograms] == [
            (p.wall_time, p.step, p.histogram_value.bucket, p.histogram_value.bucket_limit, p.histogram_value.sum)
            for p in accumulator.Histograms(tag)
        ]
    assert (removed > 0) == purge
    assert run.first_wall_time == accumulator.FirstEventTimestamp()


def reordered(point):
    return point.step, point.wall_time, point.value


def test_event_accumulator_agrees_on_restarts_in_the_corpus(shared):
    removed = 0
    for path in sorted((shared / "corpus").rglob("*tfevents*")):
        accumulator = accumulated(path, purge=True)
        run = tbevents.read_run(path, restarts="tensorboard")
        for tag in accumulator.Tags()["scalars"]:
            assert repr(list(map(tuple, run.scalars[tag]))) == repr(list(map(reordered, accumulator.Scalars(tag))))
            removed += run.counts()["scalars"][tag] - len(run.scalars[tag])
        if accumulator.Tags()["graph"]:
            assert run.graph.encoded == accumulator._graph
    assert removed == 0, "the one file with two sessions goes on where the first ended"


def server(logdir):
    """TensorBoard's client of a Rust data server that loads this folder."""
    pytest.importorskip("tensorboard_data_server", reason="compares with the data server of this package")
    ingester_module = pytest.importorskip("tensorboard.data.server_ingester", reason="needs TensorBoard's client")
    from tensorboard.util import grpc_util

    plugins = ("scalars", "images", "histograms", "text", "audio", "pr_curves", "mesh")
    ingester = ingester_module.SubprocessServerDataIngester(
        ingester_module.get_server_binary(),
        str(logdir),
        reload_interval=1,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
        samples_per_plugin=dict.fromkeys(plugins, 0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its folder to Python, and lets its process be
        ingester.start()
    return ingester


@pytest.fixture
def served(tmp_path):
    """The corpus and a run of every kind, and the data server's view of them."""
    logdir = tmp_path / "logdir"
    shutil.copytree(BUNDLED, logdir)
    rng = np.random.default_rng(11)
    events = [event for event in some_events(rng, 2500) if not event.HasField("file_version")]
    write_events(logdir / "restarts" / "events.out.tfevents.1.host", [version_event(), *events[:1500]])
    write_events(logdir / "restarts" / "events.out.tfevents.2.host", [version_event(), *events[1500:]])
    write_events(logdir / "kinds" / "events.out.tfevents.1.host", [version_event(), *every_kind()])
    ingester = server(logdir)
    yield ingester.data_provider, logdir
    ingester._stdin_handle.close()


def every_kind():
    def bytes_array(*items):
        array = np.empty(len(items), object)
        array[:] = items
        return array

    mesh = tensor_value("m_VERTEX", from_array(np.ones((1, 2, 3), np.float32)), "mesh")
    content = MeshPluginData(name="m", content_type=MeshPluginData.VERTEX, shape=[1, 2, 3], json_config="{}")
    mesh.metadata.plugin_data.content = content.SerializeToString()
    sound = Summary.Audio(sample_rate=8000, num_channels=1, length_frames=1, encoded_audio_string=b"RIFF")
    for step in range(3):
        yield Event(
            step=step,
            wall_time=5.0 + step,
            summary=Summary(
                value=[
                    tensor_value("tf2 scalar", scalar_tensor(step / 3), "scalars"),
                    tensor_value("tf2 histogram", from_array(np.array([[0.0, 1, step], [1, 2.5, 4]])), "histograms"),
                    tensor_value("tf2 image", from_array(bytes_array(b"2", b"3", b"a" * 9, b"b")), "images"),
                    tensor_value("tf2 text", from_array(bytes_array(b"x", b"%d" % step)), "text"),
                    tensor_value("pr", from_array(np.full((6, 3), step, np.float32)), "pr_curves"),
                    mesh,
                    Summary.Value(tag="tf1 audio", audio=sound),
                ]
            ),
        )


def rust_view(provider, plugin):
    """(run, tag) -> points of one plugin, of every class of data."""
    from tensorboard import context
    from tensorboard.data.provider import RunTagFilter

    query = {"experiment_id": "", "plugin_name": plugin}
    asked = context.RequestContext()
    view = {}
    for sort in ("scalars", "tensors", "blob_sequences"):
        for run, tags in getattr(provider, f"list_{sort}")(asked, **query).items():
            only = RunTagFilter(runs=[run], tags=list(tags))
            read = getattr(provider, f"read_{sort}")(asked, **query, downsample=10**9, run_tag_filter=only)
            for tag, points in read.get(run, {}).items():
                view[run, tag] = [rust_point(provider, asked, sort, point) for point in points]
    return view


def rust_point(provider, asked, sort, point):
    if sort == "scalars":
        return point.step, point.wall_time, np.float32(point.value).tobytes()
    if sort == "tensors":
        return point.step, point.wall_time, point.numpy.tolist()
    blobs = [provider.read_blob(asked, blob_key=reference.blob_key) for reference in point.values]
    return point.step, point.wall_time, blobs


def our_view(logdir, plugin):
    """The same from our reading, in the forms and with the edges that the data server gives."""
    decode = {
        "scalars": ("scalars", lambda point: np.float32(point.value).tobytes()),
        "histograms": ("histograms", rust_histogram),
        "images": ("images", lambda i: [b"%d" % i.width, b"%d" % i.height, *i.samples]),
        "audio": ("audio", lambda sound: [sound.encoded]),
        "text": ("texts", lambda text: text.encoded.tolist()),
        "pr_curves": ("pr_curves", lambda curve: [row.tolist() for row in pr_rows(curve)]),
        "mesh": ("meshes", lambda mesh: mesh.vertices.tolist()),
    }
    kind, form = decode[plugin]
    view = {}
    for name, run in tbevents.read_logdir(logdir, restarts="overwrite").items():
        for tag, series in getattr(run, kind).items():
            if kind == "scalars" and series.values.dtype != np.float32:
                continue  # doubles are absent there
            tag = series.tags["vertices"] if kind == "meshes" else tag
            times = zip(series.steps.tolist(), series.wall_times.tolist(), series, strict=True)
            view[name, tag] = [(step, wall_time, form(point)) for step, wall_time, point in times]
    return view


def rust_histogram(histogram):
    lefts, rights = histogram.lefts.copy(), histogram.rights.copy()
    if histogram.min is not None:  # the TF1 form: its outermost edges become the least and the greatest value
        lefts[0], rights[-1] = histogram.min, histogram.max
    return np.stack([lefts, rights, histogram.counts], 1).tolist()


def pr_rows(curve):
    yield from (curve.true_positives, curve.false_positives, curve.true_negatives, curve.false_negatives)
    yield from (curve.precision, curve.recall)


def test_the_rust_data_server_has_the_same_points_where_later_ones_overwrite(served):
    provider, logdir = served
    for plugin in ("scalars", "histograms", "images", "audio", "text", "pr_curves", "mesh"):
        ours = our_view(logdir, plugin)
        deadline = time.monotonic() + 30
        while (theirs := rust_view(provider, plugin)) != ours and time.monotonic() < deadline:
            time.sleep(0.2)  # it loads in the background
        assert theirs.keys() == ours.keys()
        for key, points in ours.items():
            assert theirs[key] == points, key
        assert ours, plugin
    restarts = tbevents.read_logdir(logdir)["restarts"]
    assert len(restarts.scalars["loss"]) > len(ours_of(logdir, "restarts").scalars["loss"])


def ours_of(logdir, name):
    return tbevents.read_logdir(logdir, restarts="overwrite")[name]


def test_files_of_a_run_are_read_by_time_and_number_and_not_by_letter(tmp_path):
    """TensorBoard reads .10 before .9; a run's points come in the order in which the files were made."""
    for number in (9, 10, 11):
        write_events(tmp_path / f"events.out.tfevents.1000.host.1.{number}", [scalar_event("a", number, number)])
    run = tbevents.read_run(tmp_path)
    assert run.scalars["a"].steps.tolist() == [9, 10, 11]
    assert [os.path.basename(file).rpartition(".")[2] for file in run.files] == ["9", "10", "11"]
