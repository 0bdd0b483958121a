"""The TF2 form, compared to the bytes that TensorBoard's own builders make without TensorFlow."""

import io

import numpy as np
import pytest

from tbevents import summary
from tbevents.format.tensors import to_array
from tbevents.proto import DataType

RNG = np.random.default_rng(3)


def theirs(plugin, function, *args):
    module = pytest.importorskip(f"tensorboard.plugins.{plugin}.summary_v2", reason="compares with TensorBoard's")
    return getattr(module, function)(*args)


@pytest.mark.parametrize("value", [0.5, -1e30, float("inf"), 3, True, np.float16(0.1)])
def test_scalars_mean_what_theirs_do(value):
    expected = theirs("scalar", "scalar_pb", "loss", value)
    ours = summary.scalar("loss", value, format="tf2")
    # TensorFlow's runtime stores numbers in tensor_content, TensorBoard's Python in float_val.
    assert to_array(ours.value[0].tensor) == np.float32(value)
    expected.value[0].tensor.tensor_content = ours.value[0].tensor.tensor_content
    del expected.value[0].tensor.float_val[:]
    assert ours.SerializeToString() == expected.SerializeToString()


def test_scalars_beyond_float32_are_infinite():
    assert to_array(summary.scalar("loss", 1e300, format="tf2").value[0].tensor) == np.inf


@pytest.mark.parametrize(
    "values",
    [RNG.normal(size=500), [3.0, 3.0], [1.0], np.arange(12).reshape(3, 4), [-1e-30, 1e30]],
    ids=["normal", "equal", "one", "integers", "far apart"],
)
def test_histograms_are_the_same_bytes(values):
    expected = theirs("histogram", "histogram_pb", "h", values)
    assert summary.histogram("h", values, format="tf2").SerializeToString() == expected.SerializeToString()


def test_images_are_width_height_and_pictures():
    pytest.importorskip("PIL", reason="makes PNGs")
    from PIL import Image

    batch = RNG.integers(0, 256, (2, 5, 7, 1), dtype=np.uint8)
    value = summary.image("i", batch, dataformats="NHWC", format="tf2").value[0]
    strings = to_array(value.tensor)
    assert value.metadata.plugin_data.plugin_name == "images"
    assert strings[:2].tolist() == [b"7", b"5"]
    for encoded, pixels in zip(strings[2:], batch, strict=True):
        picture = Image.open(io.BytesIO(encoded))
        assert picture.mode == "L"
        assert (np.asarray(picture) == pixels[:, :, 0]).all()


def test_audio_is_pairs_of_wav_and_label():
    value = summary.audio("s", [0.0, 0.5], 8000, format="tf2").value[0]
    strings = to_array(value.tensor)
    assert strings.shape == (1, 2)
    assert strings[0, 0].startswith(b"RIFF")
    assert strings[0, 1] == b""
    metadata = pytest.importorskip("tensorboard.plugins.audio.metadata", reason="compares with TensorBoard's")
    expected = metadata.create_summary_metadata(display_name=None, description=None, encoding=11)
    assert value.metadata.plugin_data.content == expected.plugin_data.content


def test_texts_keep_their_tag_and_shape():
    value = summary.text("notes", "a", format="tf2").value[0]
    assert value.tag == "notes"
    assert value.tensor.dtype == DataType.DT_STRING
    assert to_array(value.tensor).shape == ()
    assert to_array(summary.text("notes", [["a", "b"]], format="tf2").value[0].tensor).tolist() == [[b"a", b"b"]]
