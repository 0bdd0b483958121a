import numpy as np
import pytest

from tbevents import summary
from tbevents.format.tensors import to_array

DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_tensors_come_back_with_their_dtype_and_shape(dtype, shape):
    array = np.ones(shape, dtype)
    value = summary.tensor_proto("x", array).value[0]
    assert value.metadata.plugin_data.plugin_name == "tensor"
    got = to_array(value.tensor)
    assert (got.dtype, got.shape) == (array.dtype, shape)
    assert (got == array).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (2, 3)])  # theirs fails on typed lists that are empty
def test_tensors_are_read_by_tensorboard(dtype, shape):
    theirs = pytest.importorskip("tensorboard.util.tensor_util", reason="reads back with TensorBoard's")
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    array = np.ones(shape, dtype)
    value = summary.tensor_proto("x", array).value[0]
    got = theirs.make_ndarray(TensorProto.FromString(value.tensor.SerializeToString()))
    assert (got.dtype, got.tolist()) == (array.dtype, array.tolist())


@pytest.mark.parametrize("tensor", [None, object(), np.array(["2020"], "M8[D]"), [[1], [1, 2]]])
def test_what_is_no_tensor_is_refused(tensor):
    with pytest.raises(TypeError, match="'x': tensor"):
        summary.tensor_proto("x", tensor)


def test_strings_that_are_no_unicode_are_refused():
    with pytest.raises(ValueError, match="'x': tensor cannot be encoded as UTF-8"):
        summary.tensor_proto("x", ["a", "\ud800"])


def test_halves_as_integers_round_trip():
    assert summary.int_to_half(summary.half_to_int(-1.5)) == -1.5
    assert summary.half_to_int(1.0) == 0x3F800000
