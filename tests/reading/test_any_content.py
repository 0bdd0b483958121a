"""Whatever a file holds: events, values and problems, or the package's own exceptions; in memory that is bounded."""

import io
import struct
import tracemalloc
import warnings
import wave
import zlib

import pytest
from event_files import record, scalar_event, write_events
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import tbevents
from tbevents.format.record import encode_header
from tbevents.proto import Event, HistogramProto, MeshPluginData, Summary, SummaryMetadata, TensorProto

NAME = "events.out.tfevents.1700000000.host.1.0"
KINDS = ("histograms", "images", "audio", "texts", "tensors", "pr_curves", "meshes", "graphs")
DEEP = "[" * 100_000

per_function = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def wav(bits, channels=1):
    form = struct.pack("<IHHIIHH", 16, 1, channels, 8000, 0, 0, bits)
    return b"RIFF\x30\0\0\0WAVEfmt " + form + b"data\x0c\0\0\0" + bytes(range(12))


def png():
    """A picture of three pixels by two."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header, rows = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0), (b"\0" + bytes(range(9))) * 2
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


headers = st.integers(0, 2**64 - 1).map(lambda length: encode_header(length & 2**63 - 1))
whole = st.binary(max_size=60).map(record)
scalars = st.integers(1, 60).map(lambda n: record(scalar_event("a", n, 0.5).SerializeToString()) * n)


@per_function
@given(st.lists(st.one_of(st.binary(max_size=80), headers, whole, scalars, st.just(bytes(40))), max_size=12))
@example([encode_header(2**31 - 1), bytes(99)])
@example([encode_header(2**62)])
def test_any_bytes_are_events_and_problems_or_our_exceptions_in_little_memory(tmp_path, parts):
    data = b"".join(parts)
    path = tmp_path / NAME
    path.write_bytes(data)
    tbevents.read_run, tbevents.iter_events  # noqa: B018  # imported before memory is counted
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tbevents.DamageWarning)
            found = [list(tbevents.iter_events(tmp_path)), list(tbevents.iter_records(tmp_path))]
            run = tbevents.read_run(tmp_path)
            for checksums in ("verify", "skip"):
                tbevents.read_run(tmp_path, checksums=checksums, restarts="tensorboard").table()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000 + 200 * len(data)
    lost = sum(problem.skipped for problem in run.problems if problem.kind != "undecodable")
    assert sum(len(one.payload) + 16 for one in found[1]) + lost == len(data), "each byte is in a record or a problem"


def contents():
    """Bytes that are something to one plugin or another."""
    return st.one_of(
        st.sampled_from([b"7", b"6", wav(8), wav(24), wav(40), wav(64), wav(16, 0), png(), png()[:50], b"{}"]),
        st.sampled_from([b"null", DEEP.encode(), b"1e999", b"\x0a\x05a", b"\xff\xfe"]),
        st.binary(max_size=12),
    )


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from([1, 7, 7, 2, 3, 14, 19, 20, 101, 107, 999]))
    tensor = TensorProto(dtype=dtype)
    shape = draw(
        st.one_of(
            st.none(),
            st.lists(st.integers(0, 3), max_size=3),
            st.sampled_from([[4, 3], [6, 2], [4, 2], [1, 2, 3], [-1], [2**40], [2**62, 2**62]]),
        )
    )
    count = 1
    if shape is not None:
        tensor.tensor_shape.SetInParent()
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
            count *= size
    count = count if 0 <= count < 50 and draw(st.integers(0, 4)) else draw(st.integers(0, 5))
    if dtype % 100 == 7:
        tensor.string_val.extend(draw(st.lists(contents(), min_size=count, max_size=count)))
    elif draw(st.booleans()):
        tensor.tensor_content = draw(st.binary(max_size=24))
    else:
        field = {2: tensor.double_val, 3: tensor.int_val, 14: tensor.half_val, 19: tensor.half_val}
        field.get(dtype % 100, tensor.float_val).extend(draw(st.lists(st.integers(-3, 70_000), max_size=count)))
    return tensor


PLUGINS = ["scalars", "histograms", "images", "audio", "text", "pr_curves", "mesh", "hparams", "custom_scalars"]
PLUGINS += ["graph_run_metadata", "graph_run_metadata_graph", "graph_keras_model", "projector", "", "mine"]


@st.composite
def values(draw):
    tag = draw(st.sampled_from(["a", "b", "c", "_hparams_/session_start_info", "_hparams_/experiment"]))
    value = Summary.Value(tag=tag)
    plugin = draw(st.sampled_from(PLUGINS))
    mesh = MeshPluginData(
        name=draw(st.sampled_from(["", "m"])),
        content_type=draw(st.integers(0, 4)),
        json_config=draw(st.sampled_from(["", "null", "{}", "{", '"a"', DEEP])),
    )
    content = mesh.SerializeToString() if plugin == "mesh" else draw(contents())
    value.metadata.CopyFrom(
        SummaryMetadata(
            plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content),
            data_class=draw(st.sampled_from([0, 1, 3, 77])),
        )
    )
    form = draw(st.sampled_from(["tensor", "tensor", "tensor", "image", "audio", "histo", "simple_value", "none"]))
    if form == "tensor":
        value.tensor.CopyFrom(draw(tensors()))
    elif form == "image":
        value.image.CopyFrom(Summary.Image(width=-5, height=2**31 - 1, encoded_image_string=draw(contents())))
    elif form == "audio":
        value.audio.CopyFrom(Summary.Audio(length_frames=-(2**63), encoded_audio_string=draw(contents())))
    elif form == "histo":
        edges, counts = draw(st.lists(st.floats(), max_size=3)), draw(st.lists(st.floats(), max_size=3))
        value.histo.CopyFrom(HistogramProto(bucket_limit=edges, bucket=counts))
    elif form == "simple_value":
        value.simple_value = draw(st.floats(width=32))
    return value


@st.composite
def some_events(draw):
    event = Event(step=draw(st.integers(-(2**63), 2**63 - 1)), wall_time=draw(st.floats()))
    form = draw(st.sampled_from(["summary", "summary", "summary", "session", "log", "graph", "statistics"]))
    if form == "summary":
        event.summary.value.extend(draw(st.lists(values(), max_size=3)))
    elif form == "session":
        event.session_log.status = draw(st.sampled_from([0, 1, 3, 99]))
    elif form == "log":
        event.log_message.level = draw(st.sampled_from([0, 30, 99]))
    elif form == "graph":
        event.graph_def = draw(contents())
    else:
        event.tagged_run_metadata.run_metadata = draw(contents())
    return event


def tried(get):
    """What is there, or None where the package says that it is no such thing."""
    try:
        return get()
    except tbevents.TBEventsError:
        return None


def visit(run):
    """Asks for everything that a run has."""
    for kind in KINDS:
        for tag in getattr(run, kind):
            series = getattr(run, kind)[tag]
            repr(series)
            for place in range(len(series)):
                point = tried(lambda series=series, place=place: series[place])
                repr(point)
                for name in ("array", "frames", "text", "encoded", "json", "format", "seconds", "thresholds"):
                    found = tried(lambda point=point, name=name: getattr(point, name, None))
                    if callable(found):
                        tried(found)
        for series in run.meshes.values():
            assert isinstance(series.config, dict)
    for name in ("hparams", "layout", "custom_scalars", "projector", "meta_graph_def", "session_log", "log_messages"):
        repr(tried(lambda name=name: getattr(run, name)))
    if run.graph is not None:
        tried(lambda: run.graph.nodes)
    for statistics in run.run_metadata.values():
        tried(lambda statistics=statistics: statistics.message)
    for series in run.scalars.values():
        repr([series.smooth(0.5), series.resample(2), series.between(0, 5), list(series)])
    repr([*run.metadata.values(), run.counts(), run.problems, run])
    repr(run.table().pivot())


@per_function
@given(st.lists(some_events(), max_size=5), st.sampled_from(["verify", "skip"]), st.sampled_from(["keep", "overwrite"]))
def test_values_of_any_content_are_decoded_or_said_to_be_none(tmp_path, events, checksums, restarts):
    write_events(tmp_path / NAME, events)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)
        visit(tbevents.read_run(tmp_path, checksums=checksums, restarts=restarts))


@pytest.mark.parametrize("bits", [40, 64])
def test_samples_too_wide_to_decode(tmp_path, bits):
    with wave.open(io.BytesIO(wav(bits))) as file:
        assert file.getsampwidth() == bits // 8
    value = Summary.Value(tag="a", audio={"encoded_audio_string": wav(bits)})
    write_events(tmp_path / NAME, [Event(summary=Summary(value=[value]))])
    with pytest.raises(tbevents.PayloadError, match=f"{bits} bits are not decoded"):
        tbevents.read_run(tmp_path).audio["a"].last.array()


def test_json_nested_too_deep(tmp_path):
    mesh = Summary.Value(tag="m", tensor=TensorProto(dtype=1, float_val=[0, 0, 0]))
    for size in (1, 1, 3):
        mesh.tensor.tensor_shape.dim.add(size=size)
    mesh.metadata.plugin_data.plugin_name = "mesh"
    mesh.metadata.plugin_data.content = MeshPluginData(json_config=DEEP).SerializeToString()
    model = Summary.Value(tag="k", tensor=TensorProto(dtype=7, string_val=[DEEP.encode()]))
    model.metadata.plugin_data.plugin_name = "graph_keras_model"
    write_events(tmp_path / NAME, [Event(summary=Summary(value=[mesh, model]))])
    run = tbevents.read_run(tmp_path)
    assert run.meshes["m"].config == {}
    with pytest.raises(tbevents.PayloadError, match="the graph is not JSON"):
        _ = run.graphs["k"].last.json
