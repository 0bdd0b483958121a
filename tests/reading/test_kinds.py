"""Every kind of value, in the TF1 and the TF2 form, from messages to points."""

import io
import json
import struct
import sys
import wave
import zlib

import numpy as np
import pytest
from event_files import STEP, WALL, scalar_event, strings, tensor_value, version_event, write_events

import tbevents
from tbevents.format.tensors import from_array
from tbevents.proto import (
    Event,
    GraphDef,
    HistogramProto,
    Layout,
    LogMessage,
    MeshPluginData,
    RunMetadata,
    SessionLog,
    Summary,
    SummaryMetadata,
    TaggedRunMetadata,
    TensorProto,
)
from tbevents.reading.kinds.recognition import kind_of
from tbevents.testing.memory_files import MemoryFiles, MemorySink


def wav(samples, *, rate=8000, width=2, channels=1):
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return target.getvalue()


def png(array, form="PNG", **options):
    pillow = pytest.importorskip("PIL.Image", reason="makes images with Pillow")
    target = io.BytesIO()
    pillow.fromarray(array).save(target, form, **options)
    return target.getvalue()


def test_a_tf1_histogram_keeps_every_bucket_and_all_numbers(read):
    histo = HistogramProto(
        min=-1.5, max=3.0, num=6, sum=4.25, sum_squares=9.5, bucket_limit=[-2.0, 0.0, 1.7e308], bucket=[0, 2, 4]
    )
    histogram = read(Summary.Value(tag="w", histo=histo)).histograms["w"].last
    assert (histogram.step, histogram.wall_time, len(histogram)) == (STEP, WALL, 3)
    assert histogram.lefts.tolist() == [-2.0, -2.0, 0.0]  # no bucket runs backwards, though min is to its right
    assert histogram.rights.tolist() == [-2.0, 0.0, 1.7e308]
    assert histogram.counts.tolist() == [0, 2, 4]
    assert (histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares) == (
        -1.5,
        3,
        6,
        4.25,
        9.5,
    )


def test_the_first_bucket_of_a_tf1_histogram_begins_at_the_least_value(read):
    histo = HistogramProto(min=-1.5, max=3.0, num=6, bucket_limit=[0.0, 3.0], bucket=[2, 4])
    assert read(Summary.Value(tag="w", histo=histo)).histograms["w"].last.lefts.tolist() == [-1.5, 0.0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tf2_histogram_is_its_table(read, dtype):
    table = np.array([[0.1, 0.2, 3], [0.2, 0.3, 0]], dtype)
    histogram = read(tensor_value("w", from_array(table), "histograms")).histograms["w"].last
    assert np.array_equal(np.stack([histogram.lefts, histogram.rights, histogram.counts], 1), table.astype(float))
    assert (histogram.min, histogram.sum_squares) == (None, None)
    assert histogram.lefts.dtype == np.float64


def test_a_histogram_of_no_buckets(read):
    run = read(tensor_value("w", from_array(np.zeros((0, 3))), "histograms"), Summary.Value(tag="v", histo={}))
    assert len(run.histograms["w"].last) == len(run.histograms["v"].last) == 0


def test_a_histogram_that_contradicts_itself_names_run_tag_and_step(read):
    run = read(Summary.Value(tag="w", histo=HistogramProto(bucket_limit=[1.0], bucket=[1, 2])))
    with pytest.raises(tbevents.PayloadError, match=r"tag 'w', step 7: a histogram has 1 right edges for 2 buckets"):
        _ = run.histograms["w"].last


def test_a_tf1_image_is_its_bytes_and_decodes(read):
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    image = Summary.Image(height=4, width=5, colorspace=3, encoded_image_string=png(pixels))
    logged = read(Summary.Value(tag="i", image=image)).images["i"].at(STEP)
    assert (logged.width, logged.height, logged.format) == (5, 4, "png")
    assert (logged.encoded, len(logged.samples)) == (image.encoded_image_string, 1)
    assert np.array_equal(logged.array(), pixels)


def test_a_tf2_image_may_be_several(read):
    pixels = [np.full((2, 3, 4), value, np.uint8) for value in (7, 9)]
    run = read(tensor_value("i", from_array(strings(b"3", b"2", *map(png, pixels))), "images"))
    logged = run.images["i"].last
    assert (logged.width, logged.height, len(logged.samples)) == (3, 2, 2)
    assert [np.array_equal(logged.array(sample), pixels[sample]) for sample in (0, 1)] == [True, True]
    with pytest.raises(tbevents.PayloadError, match="there is no picture 2: the step has 2"):
        logged.array(2)


def test_a_tf2_batch_without_pictures(read):
    logged = read(tensor_value("i", from_array(strings(b"3", b"2")), "images")).images["i"].last
    assert logged.samples == ()
    with pytest.raises(tbevents.PayloadError, match="the step has 0"):
        _ = logged.encoded


@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [((3, 2), np.uint8, (3, 2, 1)), ((3, 2), np.uint16, (3, 2, 1)), ((3, 2, 4), np.uint8, (3, 2, 4))],
)
def test_decoded_pictures_have_three_dimensions(read, shape, dtype, expected):
    pixels = np.arange(np.prod(shape)).reshape(shape).astype(dtype) * (255 if dtype == np.uint16 else 1)
    logged = read(Summary.Value(tag="i", image={"encoded_image_string": png(pixels)})).images["i"].last
    assert logged.array().shape == expected
    assert logged.array().dtype == dtype or (dtype, logged.array().dtype) == (np.uint16, np.int32)  # older Pillow
    assert np.array_equal(logged.array().reshape(shape), pixels)


def test_a_video_has_frames(read):
    pillow = pytest.importorskip("PIL.Image", reason="makes images with Pillow")
    frames = [pillow.fromarray(np.full((4, 6, 3), value, np.uint8)) for value in (0, 100, 200)]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=100)
    logged = read(Summary.Value(tag="v", image={"encoded_image_string": target.getvalue()})).images["v"].last
    assert logged.format == "gif"
    assert logged.frames()[..., 0].mean(axis=(1, 2)).round().tolist() == [0, 100, 200]
    assert logged.array().shape[:2] == (4, 6)
    with pytest.raises(tbevents.PayloadError, match="6 x 4 pixels, frame 3: over the limit of 60 pixels"):
        logged.frames(max_pixels=60)


def test_frames_that_differ_in_size_are_an_error(read):
    pillow = pytest.importorskip("PIL.Image", reason="makes images with Pillow")
    target = io.BytesIO()
    pillow.new("L", (4, 5)).save(target, "TIFF", save_all=True, append_images=[pillow.new("RGB", (8, 9))])
    logged = read(Summary.Value(tag="v", image={"encoded_image_string": target.getvalue()})).images["v"].last
    with pytest.raises(tbevents.PayloadError, match="the frames of the picture differ in size: 4 x 5, 8 x 9"):
        logged.frames()


def test_a_picture_that_declares_too_many_pixels_is_not_decoded(read):
    bomb = bytearray(png(np.zeros((1, 1, 3), np.uint8)))
    bomb[16:24] = struct.pack(">II", 30000, 30000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
    logged = read(Summary.Value(tag="i", image={"encoded_image_string": bytes(bomb)})).images["i"].last
    with pytest.raises(tbevents.PayloadError, match="pixels"):
        logged.array()


def test_pictures_that_start_another_program_are_not_decoded(read):
    pillow = pytest.importorskip("PIL.Image", reason="decodes images with Pillow")
    file = io.BytesIO()
    pillow.new("RGB", (8, 8)).save(file, "EPS")  # which Pillow decodes with Ghostscript
    logged = read(Summary.Value(tag="i", image={"encoded_image_string": file.getvalue()})).images["i"].last
    with pytest.raises(tbevents.PayloadError, match="cannot identify"):
        logged.array()


def test_bytes_that_are_no_picture(read):
    pytest.importorskip("PIL", reason="decodes images with Pillow")
    logged = read(Summary.Value(tag="i", image={"encoded_image_string": b"no picture"})).images["i"].last
    assert logged.format == ""
    with pytest.raises(tbevents.PayloadError, match="10 bytes are not a picture that Pillow can decode"):
        logged.array()


def test_without_pillow_the_error_names_the_extra(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    logged = read(Summary.Value(tag="i", image={"encoded_image_string": b"x"})).images["i"].last
    assert logged.encoded == b"x"
    with pytest.raises(tbevents.MissingExtraError, match=r"decoding an image needs Pillow.*tbevents\[image\]"):
        logged.array()


def test_a_tensor_of_the_images_plugin_that_has_no_size(read):
    run = read(tensor_value("i", from_array(strings(b"wide", b"2", b"")), "images"))
    with pytest.raises(tbevents.PayloadError, match=r"tag 'i', step 7: .* width and height, not \[b'wide', b'2'\]"):
        _ = run.images["i"].last


def test_a_tf1_sound_is_its_bytes_and_decodes(read):
    samples = np.array([0, 1, -1, 32767, -32768], "<i2")
    audio = Summary.Audio(
        sample_rate=8000, num_channels=1, length_frames=5, encoded_audio_string=wav(samples), content_type="audio/wav"
    )
    logged = read(Summary.Value(tag="a", audio=audio)).audio["a"].last
    assert (logged.sample_rate, logged.channels, logged.frames, logged.content_type) == (8000, 1, 5, "audio/wav")
    assert logged.encoded == audio.encoded_audio_string
    assert logged.seconds == 5 / 8000
    assert logged.array().tolist() == samples[:, None].tolist()


def test_a_tf2_sound_may_be_several_with_labels(read):
    sounds = [wav(np.arange(6, dtype="<i2"), channels=2, rate=16000), wav(b"\x01\x00")]
    table = strings(sounds[0], b"first", sounds[1], b"").reshape(2, 2)
    logged = read(tensor_value("a", from_array(table), "audio")).audio["a"].last
    assert (logged.sample_rate, logged.channels, logged.frames) == (16000, 2, 3)
    assert (logged.samples, logged.labels) == (tuple(sounds), ("first", ""))
    assert logged.array(0).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert logged.array(1).tolist() == [[1]]


@pytest.mark.parametrize(
    ("width", "data", "expected"),
    [
        (1, bytes([0, 128, 255]), [0, 128, 255]),
        (3, b"\x01\x00\x00\xff\xff\xff\x00\x00\x80", [1, -1, -(2**23)]),
        (4, struct.pack("<ii", -5, 2**31 - 1), [-5, 2**31 - 1]),
    ],
)
def test_samples_of_every_width(read, width, data, expected):
    audio = Summary.Audio(encoded_audio_string=wav(data, width=width))
    assert read(Summary.Value(tag="a", audio=audio)).audio["a"].last.array().ravel().tolist() == expected


def test_bytes_that_are_no_wav_file(read):
    logged = read(Summary.Value(tag="a", audio={"encoded_audio_string": b"ID3 mp3"})).audio["a"].last
    with pytest.raises(tbevents.PayloadError, match="7 bytes are not a PCM WAV file"):
        logged.array()


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_texts_of_any_rank(read, shape):
    array = np.array(["tëxt"] * int(np.prod(shape)), object).reshape(shape)
    logged = (
        read(
            tensor_value(
                "t",
                from_array(array) if array.size else TensorProto(dtype=7, tensor_shape={"dim": [{"size": 0}]}),
                "text",
            )
        )
        .texts["t"]
        .last
    )
    assert logged.array.shape == shape
    assert logged.array.tolist() == array.tolist()
    if array.size == 1:
        assert logged.text == "tëxt"
    else:
        with pytest.raises(tbevents.PayloadError, match="not one string; see array"):
            _ = logged.text


def test_text_that_is_no_utf_8_is_kept_as_bytes(read):
    logged = read(tensor_value("t", from_array(strings(b"\xff\xfe")), "text")).texts["t"].last
    assert logged.encoded.tolist() == [b"\xff\xfe"]
    assert logged.text == "��"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int16).reshape(2, 3),
        np.array([True, False]),
        np.ones((2, 1), np.complex64),
        np.zeros((0, 2)),
    ],
)
def test_tensors_of_any_type(read, array):
    logged = read(tensor_value("t", from_array(array), "tensor")).tensors["t"].last
    assert logged.array.dtype == array.dtype
    assert np.array_equal(logged.array, array)


def test_what_no_rule_knows_is_kept_as_a_tensor(read):
    run = read(
        tensor_value("mine", from_array(np.arange(3.0)), "my_plugin"),
        tensor_value("no plugin", from_array(strings(b"a", b"b"))),
        tensor_value("no histogram", from_array(np.zeros((2, 4))), "histograms"),
        tensor_value("no text", from_array(np.zeros(2)), "text"),
        Summary.Value(tag="old", obsolete_old_style_histogram=b"\x01\x02"),
    )
    assert list(run.tensors) == ["mine", "no plugin", "no histogram", "no text", "old"]
    assert run.tensors["no plugin"].last.array.tolist() == [b"a", b"b"]
    assert run.tensors["no histogram"].last.array.shape == (2, 4)
    assert run.tensors["old"].last.array.item() == b"\x01\x02"
    assert run.metadata["mine"].plugin == "my_plugin"


def test_a_value_with_nothing_but_a_tag_is_no_value(read):
    run = read(Summary.Value(tag="video"), Summary.Value(tag="loss", simple_value=1))
    assert run.tags == ("video", "loss")
    assert run.counts() == {"scalars": {"loss": 1}}
    assert run.metadata["video"].plugin == ""


def test_a_tensor_that_contradicts_itself_names_run_tag_and_step(read, tmp_path):
    tensor = TensorProto(dtype=1, tensor_content=b"123", tensor_shape={"dim": [{"size": 5}]})
    run = read(tensor_value("ok", from_array(np.arange(2)), "x"), tensor_value("t", tensor, "x"))
    with pytest.raises(tbevents.TensorError, match=rf"{tmp_path}: tag 't', step 8: tensor_content has 3 bytes"):
        run.tensors["t"][0]
    assert run.tensors["ok"].last.array.tolist() == [0, 1]


def test_a_scalar_that_contradicts_itself_is_a_problem(read):
    tensor = TensorProto(dtype=2, tensor_content=b"123", tensor_shape={})
    with pytest.warns(tbevents.DamageWarning, match="tag 't': tensor_content has 3 bytes"):
        run = read(tensor_value("t", tensor, "scalars"), Summary.Value(tag="loss", simple_value=1))
    assert [problem.kind for problem in run.problems] == ["bad_value"]
    assert len(run.scalars["loss"]) == 1


def test_precision_recall_curves(read):
    table = np.arange(24, dtype=np.float32).reshape(6, 4)
    curve = read(tensor_value("pr", from_array(table), "pr_curves")).pr_curves["pr"].last
    rows = [
        curve.true_positives,
        curve.false_positives,
        curve.true_negatives,
        curve.false_negatives,
        curve.precision,
        curve.recall,
    ]
    assert np.array_equal(rows, table)
    assert curve.thresholds.tolist() == [0, 1 / 3, 2 / 3, 1]


def mesh_value(tag, array, name, part, config="{}"):
    value = tensor_value(tag, from_array(array), "mesh")
    content = MeshPluginData(name=name, content_type=part, json_config=config)
    value.metadata.plugin_data.content = content.SerializeToString()
    return value


def test_the_parts_of_a_mesh_are_one_series(tmp_path):
    points = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    faces = np.array([[[0, 1, 2]]], np.int32)
    config = json.dumps({"camera": {"cls": "PerspectiveCamera"}})
    events = [version_event()]
    for step in (1, 2, 3):
        events.append(
            Event(
                step=step, summary=Summary(value=[mesh_value("m_1", points + step, "m", MeshPluginData.VERTEX, config)])
            )
        )
        if step != 2:
            events.append(Event(step=step, summary=Summary(value=[mesh_value("m_2", faces, "m", MeshPluginData.FACE)])))
    write_events(tmp_path / "tfevents", events)
    run = tbevents.read_run(tmp_path)
    mesh = run.meshes["m"]
    assert (list(run.meshes), mesh.tags) == (["m"], {"vertices": "m_1", "faces": "m_2"})
    assert [point.vertices[0, 0, 0] for point in mesh] == [1, 2, 3]
    assert [point.faces is not None for point in mesh] == [True, False, True]
    assert mesh.at(3).faces.tolist() == faces.tolist()
    assert mesh.last.colors is None
    assert mesh.config == {"camera": {"cls": "PerspectiveCamera"}}


def test_the_last_layout_counts(read):
    layouts = [
        Layout(category=[{"title": "old"}]),
        Layout(
            category=[
                {
                    "title": "new",
                    "chart": [
                        {"title": "lines", "multiline": {"tag": ["loss/.*"]}},
                        {"title": "band", "margin": {"series": [{"value": "v", "lower": "l", "upper": "u"}]}},
                    ],
                }
            ]
        ),
    ]
    tags = ("custom_scalars__config__", "another", "custom_scalars__config__")
    texts = [layout.SerializeToString() for layout in (layouts[0], Layout(), layouts[1])]
    values = [
        tensor_value(tag, from_array(strings(text)), "custom_scalars") for tag, text in zip(tags, texts, strict=True)
    ]
    run = read(*values)
    assert run.layout == layouts[1]
    assert run.custom_scalars == {"new": {"lines": ("Multiline", ["loss/.*"]), "band": ("Margin", ["v", "l", "u"])}}
    assert (read().layout, read().custom_scalars) == (None, {})


def test_graphs_run_metadata_sessions_and_lines_of_the_log(tmp_path):
    graph = GraphDef(node=[{"name": "a/b", "op": "Add", "input": ["x", "^y"], "device": "cpu"}])
    statistics = RunMetadata(step_stats={"dev_stats": [{"device": "gpu:0"}]})
    events = [
        version_event(wall_time=5.0),
        Event(wall_time=6.0, graph_def=b"\xff"),
        Event(wall_time=7.0, graph_def=graph.SerializeToString()),
        Event(wall_time=8.0, meta_graph_def=b"meta"),
        *(
            Event(step=3, tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=data))
            for data in (b"old", statistics.SerializeToString())
        ),
        Event(step=4, session_log=SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path="/c", msg="saved")),
        Event(step=5, session_log={}),
        Event(step=6, wall_time=9.0, log_message=LogMessage(level=LogMessage.WARN, message="hot")),
    ]
    write_events(tmp_path / "tfevents", events)
    run = tbevents.read_run(tmp_path)
    assert (run.graph.wall_time, run.graph.encoded) == (7.0, graph.SerializeToString())
    assert run.graph.nodes == (("a/b", "Add", ("x", "^y"), "cpu"),)
    assert run.meta_graph_def == b"meta"
    assert run.run_metadata["step1"].message == statistics
    assert run.run_metadata["step1"].step == 3
    assert run.session_log == (
        (4, 0.0, "CHECKPOINT", "/c", "saved"),
        (5, 0.0, "STATUS_UNSPECIFIED", "", ""),
    )
    assert run.log_messages == ((6, 9.0, "WARN", "hot"),)
    assert run.first_wall_time == 5.0
    assert tbevents.read_run(tmp_path, kinds="scalars").graph is None


def test_a_graph_that_cannot_be_parsed(tmp_path):
    write_events(tmp_path / "tfevents", [Event(graph_def=b"\xff\xff")])
    graph = tbevents.read_run(tmp_path).graph
    assert graph.encoded == b"\xff\xff"
    with pytest.raises(tbevents.PayloadError, match="the graph is not a GraphDef"):
        _ = graph.nodes


def test_the_metadata_of_a_tags_first_event_count(read):
    run = read(
        tensor_value("t", from_array(np.float32(1)), "scalars", display_name="Loss", summary_description="*d*"),
        tensor_value("t", from_array(np.float32(2)), "text", display_name="other"),
        Summary.Value(tag="s", simple_value=3, metadata=SummaryMetadata(data_class=2)),
        Summary.Value(tag="i", image={}),
    )
    assert run.metadata["t"] == tbevents.TagMetadata("scalars", b"", "Loss", "*d*", "SCALAR")
    assert (run.scalars["t"].display_name, run.scalars["t"].description) == ("Loss", "*d*")
    assert run.scalars["t"].values.tolist() == [1, 2]
    assert (run.metadata["s"].display_name, run.metadata["s"].data_class) == ("s", "TENSOR")
    assert (run.metadata["i"].plugin, run.metadata["i"].data_class) == ("images", "BLOB_SEQUENCE")


def test_events_from_memory_make_the_same_run():
    """Values stay in memory, however large: there is no file to read them from again."""
    text = tensor_value("t", from_array(strings(b"x" * 5000)), "text")
    events = [
        version_event(),
        Event(step=1, summary=Summary(value=[text])),
        *(scalar_event("a", i, i) for i in range(3)),
    ]
    files = MemoryFiles()
    sink = files.add("m", MemorySink("m"))
    for event in events:
        sink.add_event(event)
    run = files.run("m", "m")
    assert (run.texts["t"].last.text, run.scalars["a"].values.tolist()) == ("x" * 5000, [0, 1, 2])
    assert run.files == ()
    assert run.projector is None
    sink.add_event(scalar_event("a", 9, 9))
    files.add("m", MemorySink("m")).add_event(Event(graph_def=b"g" * 5000))
    assert run.scalars["a"].steps.tolist() == [0, 1, 2, 9]
    assert run.graph.encoded == b"g" * 5000
    names = run.table(extra_columns=["file_name"]).extra["file_name"]
    assert [names.names[code] for code in names.codes] == ["1"] * 4
    bad = tensor_value("bad", TensorProto(dtype=2, tensor_shape={}), "scalars")
    sink.add_event(Event(summary=Summary(value=[bad])))
    assert [(problem.kind, problem.record, problem.skipped) for problem in run.problems] == [("bad_value", 7, 0)]


@pytest.mark.parametrize(("dtype", "kind"), [(1, "scalars"), (101, "scalars"), (100, "tensors"), (201, "tensors")])
def test_only_references_count_as_the_dtype_they_refer_to(dtype, kind):
    tensor = TensorProto(dtype=dtype, float_val=[1])
    tensor.tensor_shape.SetInParent()
    value = Summary.Value(tag="a", tensor=tensor)
    assert kind_of(value, "") == kind
