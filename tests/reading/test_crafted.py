"""Values that were made to be expensive, or that lead elsewhere: a named error, and no more than the file is worth."""

import contextlib
import os
import random
import socket
import struct
import tracemalloc

import numpy as np
import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents.errors import PayloadError, TBEventsError, TensorError
from tbevents.format.tensors import MAX_BROADCAST_ELEMENTS, to_array
from tbevents.proto import DataType, Event, MeshPluginData, Summary, TensorProto
from tbevents.tools.check import check
from tbevents.tools.report import report


def one_stored(dtype, *shape, **fields):
    tensor = TensorProto(dtype=dtype, **fields)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


FLOAT = {"float_val": [1.0]}
STRING = {"string_val": [b"7"]}
HUGE = {
    "histograms": one_stored(DataType.DT_FLOAT, 2**26, 3, **FLOAT),
    "pr_curves": one_stored(DataType.DT_FLOAT, 6, 2**20, **FLOAT),
    "images": one_stored(DataType.DT_STRING, 2**26, **STRING),
    "audio": one_stored(DataType.DT_STRING, 2**26, 2, **STRING),
    "text": one_stored(DataType.DT_STRING, 2**9, 2**9, 2**9, **STRING),
    "custom_scalars": one_stored(DataType.DT_STRING, 2**27, **STRING),
    "graph_keras_model": one_stored(DataType.DT_STRING, 2**27, **STRING),
    "mesh": one_stored(DataType.DT_FLOAT, 1, 2**25, 3, **FLOAT),
    "something_else": one_stored(DataType.DT_COMPLEX128, 2**62, dcomplex_val=[1.0, 2.0]),
}


def decoded(run):
    """Decodes all there is; the errors."""
    errors = []
    for kind in ("histograms", "pr_curves", "images", "audio", "texts", "tensors", "meshes", "graphs"):
        for series in getattr(run, kind, {}).values():
            try:
                point = series[0]
                if hasattr(point, "array") and callable(point.array):
                    point.array()
            except TBEventsError as error:
                errors.append(error)
    return errors


@pytest.mark.parametrize("plugin", HUGE)
def test_a_tensor_of_few_bytes_does_not_fill_the_memory(plugin, tmp_path):
    content = MeshPluginData(name="m", content_type=MeshPluginData.VERTEX).SerializeToString()
    value = tensor_value("t", HUGE[plugin], plugin)
    value.metadata.plugin_data.content = content if plugin == "mesh" else b""
    write_events(tmp_path / "run" / "tfevents", [version_event(), Event(step=1, summary=Summary(value=[value]))])
    report(tmp_path, tmp_path / "warm.html")  # imports what it needs
    tracemalloc.start()
    try:
        run = tbevents.read_run(tmp_path / "run")
        if plugin != "custom_scalars":
            (error,) = decoded(run)
        else:
            with pytest.raises(TensorError) as caught:
                _ = run.custom_scalars
            error = caught.value
        assert isinstance(error, TensorError)
        assert f"over the limit of {MAX_BROADCAST_ELEMENTS}" in str(error)
        (checked,) = check(tmp_path)
        report(tmp_path, tmp_path / "page.html")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert checked.bad_values or plugin == "custom_scalars"
    assert os.path.getsize(tmp_path / "page.html") < 300_000


def test_up_to_the_limit_the_last_element_stands_for_the_rest():
    assert to_array(one_stored(DataType.DT_FLOAT, MAX_BROADCAST_ELEMENTS, **FLOAT)).size == MAX_BROADCAST_ELEMENTS
    with pytest.raises(TensorError, match="over the limit"):
        to_array(one_stored(DataType.DT_FLOAT, MAX_BROADCAST_ELEMENTS + 1, **FLOAT))


def wav(*chunks, form=(1, 1, 8000, 16000, 2, 16)):
    body = b"".join(name + struct.pack("<I", size) + data for name, size, data in chunks)
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, *form)
    return b"RIFF" + struct.pack("<I", len(body) + 28) + b"WAVE" + fmt + body


SAMPLES = (b"data", 4, b"\x01\x00\x02\x00")
BROKEN = {
    "overlong chunk": wav((b"junk", 5000, b"abcd"), SAMPLES),
    "overlong samples": wav((b"data", 5000, b"\x01\x00\x02\x00")),
    "largest chunk": wav((b"LIST", 2**32 - 1, b""), SAMPLES),
    "no samples": wav((b"LIST", 4, b"abcd")),
    "no format": b"RIFF" + bytes(4) + b"WAVE" + b"data" + struct.pack("<I", 4) + bytes(4),
    "short format": b"RIFF" + bytes(4) + b"WAVE" + b"fmt " + struct.pack("<I", 2) + b"\x01\x00" + bytes(40),
    "no channels": wav(SAMPLES, form=(1, 0, 8000, 0, 0, 16)),
    "no bits": wav(SAMPLES, form=(1, 1, 8000, 0, 0, 0)),
    "cut within a header": wav(SAMPLES)[:39],
    "nothing": b"RIFF",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("form", ["TF1", "TF2"])
def test_a_sound_that_contradicts_itself_is_named(broken, form, tmp_path):
    data = BROKEN[broken]
    if form == "TF1":
        value = Summary.Value(tag="t", audio=Summary.Audio(encoded_audio_string=data, content_type="audio/wav"))
    else:
        value = tensor_value("t", one_stored(DataType.DT_STRING, 1, 2, string_val=[data, b"label"]), "audio")
    write_events(tmp_path / "tfevents", [Event(step=3, summary=Summary(value=[value]))])
    (sound,) = tbevents.read_run(tmp_path).audio["t"]
    with pytest.raises(PayloadError, match="not a PCM WAV file"):
        sound.array()
    (checked,) = check(tmp_path)
    (bad,) = checked.bad_values
    assert "tag 't', step 3: " in bad


def test_a_sound_whose_length_was_not_known_when_it_was_begun_is_read_to_its_end(tmp_path):
    data = wav((b"data", 2**32 - 1, b"\x01\x00\x02\x00"))
    value = Summary.Value(tag="t", audio=Summary.Audio(encoded_audio_string=data))
    write_events(tmp_path / "tfevents", [Event(summary=Summary(value=[value]))])
    (sound,) = tbevents.read_run(tmp_path).audio["t"]
    assert sound.array().ravel().tolist() == [1, 2]


def mutated(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        what = rng.randrange(4)
        if what == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            data[at : at + 4] = struct.pack("<I", rng.choice([0, 1, 2**31 - 1, 2**32 - 1]))
        elif what == 2:
            del data[at : at + rng.randint(1, 9)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 9))
        if not data:
            return b""
    return bytes(data)


def encoded_pictures():
    pillow = pytest.importorskip("PIL.Image", reason="pictures need Pillow")
    import io

    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        file = io.BytesIO()
        picture = pillow.fromarray(np.arange(12 * 9 * 3, dtype=np.uint8).reshape(12, 9, 3))
        picture.save(file, kind, **({"save_all": True, "append_images": [picture.rotate(90)]} if kind == "GIF" else {}))
        yield file.getvalue()


@pytest.mark.filterwarnings("ignore")
def test_whatever_is_encoded_in_a_value_ends_in_a_result_or_a_named_error(tmp_path):
    rng = random.Random(8)
    originals = [*encoded_pictures(), *BROKEN.values(), wav(SAMPLES), b'{"a": ' + b"[" * 5000]
    values = []
    for k in range(150):
        data = mutated(rng, rng.choice(originals))
        strings = one_stored(
            DataType.DT_STRING, rng.choice([1, 3]), string_val=[b"2", b"2", data][-rng.randint(1, 3) :]
        )
        plugin = rng.choice(["images", "audio", "text", "graph_keras_model", "graph_run_metadata", "custom_scalars"])
        values += [
            Summary.Value(tag=f"i{k}", image=Summary.Image(encoded_image_string=data)),
            Summary.Value(tag=f"a{k}", audio=Summary.Audio(encoded_audio_string=data)),
            tensor_value(f"t{k}", strings, plugin),
        ]
        values[-1].metadata.plugin_data.content = data
    payloads = [Event(step=1, summary=Summary(value=[value])).SerializeToString() for value in values]
    payloads += [mutated(rng, payload) for payload in payloads] + [Event(graph_def=b"\x0a\xff").SerializeToString()]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tfevents").write_bytes(b"".join(map(record, payloads)))
    run = tbevents.read_run(tmp_path / "run")
    for kind in ("images", "audio", "texts", "tensors", "graphs", "histograms"):
        for series in getattr(run, kind, {}).values():
            for index in range(len(series)):
                for name in ("array", "frames", "json", "text"):
                    with contextlib.suppress(TBEventsError):
                        found = getattr(series.verified(index), name, None)
                        if callable(found):
                            found()
    for name in ("custom_scalars", "hparams", "graph"):
        with contextlib.suppress(TBEventsError):
            _ = getattr(run, name)
    (checked,) = check(tmp_path)
    assert checked.bad_values
    report(tmp_path, tmp_path / "page.html")


@pytest.fixture
def projector(tmp_path):
    """Makes a run whose configuration names a file; the embedding."""
    folder = tmp_path / "logs" / "run"
    write_events(folder / "tfevents", [scalar_event("loss", 1, 1)])
    (tmp_path / "secret.tsv").write_text("1\t2\n")
    (folder / "below").mkdir()
    (folder / "below" / "points.tsv").write_text("3\t4\n")

    def make(path):
        (folder / "projector_config.pbtxt").write_text(
            f"embeddings {{ tensor_name: 't' tensor_path: '{path}' metadata_path: '{path}' }}"
        )
        return tbevents.read_run(folder).projector.embeddings["t"]

    return make


def test_a_projectors_files_below_the_run_are_read(projector):
    for path in ("below/points.tsv", "./below/points.tsv", "below//points.tsv"):
        assert projector(path).tensor().tolist() == [[3, 4]]


@pytest.mark.parametrize(
    "path",
    [
        "/dev/zero",
        "/etc/passwd",
        "../../secret.tsv",
        "below/../../../secret.tsv",
        "..\\\\..\\\\secret.tsv",
        "C:/secret.tsv",
        "file:///etc/passwd",
        "gs://bucket/points.tsv",
        "memory://points.tsv",
    ],
)
def test_a_projectors_files_elsewhere_are_refused(path, projector, monkeypatch):
    embedding = projector(path)
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr("tbevents.reading.kinds.projector.read_bytes", None)
    for read in (embedding.tensor, embedding.metadata, lambda: embedding.tensor_path):
        with pytest.raises(PayloadError, match="is not a file below the run's folder"):
            read()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_projectors_files_that_are_no_plain_ones_are_refused(projector, tmp_path, monkeypatch):
    below = tmp_path / "logs" / "run" / "below"
    os.mkfifo(below / "fifo")
    (below / "zero").symlink_to("/dev/zero")
    (below / "link").symlink_to(tmp_path / "secret.tsv")
    (below / "inside").symlink_to(below / "points.tsv")
    assert projector("below/inside").tensor().tolist() == [[3, 4]]
    for path, message in (
        ("fifo", "no plain file"),
        ("zero", "symbolic link"),
        ("link", "symbolic link"),
        ("", "plain"),
    ):
        embedding = projector(f"below/{path}")
        for read in (embedding.tensor, embedding.metadata):
            with pytest.raises(PayloadError, match=message):
                read()
    embedding = projector("below/points.tsv")
    monkeypatch.setattr("tbevents.reading.kinds.projector._MAX_FILE_BYTES", 3)
    with pytest.raises(PayloadError, match="4 bytes are over the limit of 3"):
        embedding.tensor()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_configuration_that_is_no_plain_file_is_refused(tmp_path):
    write_events(tmp_path / "tfevents", [scalar_event("loss", 1, 1)])
    os.mkfifo(tmp_path / "projector_config.pbtxt")
    with pytest.raises(PayloadError, match="no plain file"):
        _ = tbevents.read_run(tmp_path).projector


def test_a_configuration_that_is_nested_too_deep_is_named(tmp_path):
    write_events(tmp_path / "tfevents", [scalar_event("loss", 1, 1)])
    (tmp_path / "projector_config.pbtxt").write_text("x {" * 50_000)
    with pytest.raises(PayloadError, match="no projector configuration"):
        _ = tbevents.read_run(tmp_path).projector


def test_dense_damage_is_listed_in_the_order_of_the_file(tmp_path):
    """Stray bytes behind some records, wrong checksums in others: every problem, each where it is."""
    events = [version_event()] + [scalar_event("loss", k, k) for k in range(400)]
    data, expected = b"", []
    for k, event in enumerate(events):
        whole = record(event.SerializeToString())
        if k % 5 == 3:
            expected.append((len(data), "data_checksum"))
            whole = whole[:-1] + bytes([whole[-1] ^ 1])
        data += whole
        if k % 5 == 0 and k < 400:
            expected.append((len(data), "length_checksum"))
            data += b"?"
    (tmp_path / "tfevents").write_bytes(data)
    with pytest.warns(tbevents.DamageWarning):
        run = tbevents.read_run(tmp_path)
    assert [(problem.offset, problem.kind) for problem in run.problems] == expected
    assert run.scalars["loss"].steps.tolist() == [k for k in range(400) if (k + 1) % 5 != 3]
