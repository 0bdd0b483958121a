"""TensorProto <-> numpy, against TensorBoard's own conversion where it is installed, and callers' values to numpy."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tbevents.errors import TBEventsError, TensorError
from tbevents.format.tensors import from_array, to_array
from tbevents.format.values import as_array, as_float
from tbevents.proto import DataType, TensorProto, TensorShapeProto

NUMERIC = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
SHAPES = [(), (1,), (3,), (0,), (2, 3), (2, 0, 3), (1, 1, 1)]


def sample(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values of a dtype with its extremes first."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        values: list[Any] = [True, False]
    elif kind in "iu":
        values = [np.iinfo(dtype).max, np.iinfo(dtype).min, 3]
    elif kind == "f":
        values = [np.finfo(dtype).max, -0.0, math.nan, -math.inf, 1.5]
    else:
        values = [complex(1.5, -2), complex(math.inf, 0.0), complex(0, 3)]
    return np.resize(np.array(values, dtype), shape)


def proto(dtype: str, shape: list[int] | None = None, **lists: Any) -> TensorProto:
    tensor = TensorProto(dtype=DataType.Value(dtype), **lists)
    if shape is not None:
        tensor.tensor_shape.CopyFrom(TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in shape]))
    return tensor


def assert_same(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    assert actual.tobytes() == expected.tobytes() if expected.dtype != object else actual.tolist() == expected.tolist()


@pytest.fixture(scope="module")
def tensorboard() -> SimpleNamespace:
    """TensorBoard's conversions, and its TensorProto."""
    pytest.importorskip("tensorboard", reason="conversions are compared with TensorBoard's")
    from tensorboard.compat.proto import tensor_pb2
    from tensorboard.util import tensor_util

    return SimpleNamespace(
        TensorProto=tensor_pb2.TensorProto, read=tensor_util.make_ndarray, write=tensor_util.make_tensor_proto
    )


# Both ways, every dtype


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", NUMERIC)
def test_what_is_written_is_read_back_exactly(dtype: str, shape: tuple[int, ...], typed: bool) -> None:
    array = sample(dtype, shape)
    tensor = from_array(array, typed=typed)
    assert bool(tensor.tensor_content) is (not typed and array.size > 0)
    assert tensor.HasField("tensor_shape")
    assert_same(to_array(TensorProto.FromString(tensor.SerializeToString())), array)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", NUMERIC)
def test_tensorboard_reads_what_we_write(
    dtype: str, shape: tuple[int, ...], typed: bool, tensorboard: SimpleNamespace
) -> None:
    array = sample(dtype, shape)
    tensor = from_array(array, typed=typed)
    theirs = tensorboard.TensorProto.FromString(tensor.SerializeToString())
    if dtype in ("uint32", "uint64") and not tensor.tensor_content:
        with pytest.raises(TypeError, match="Unsupported tensor type"):  # as from_array says
            tensorboard.read(theirs)
    else:
        assert_same(tensorboard.read(theirs), array)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", NUMERIC)
def test_we_read_what_tensorboard_writes(dtype: str, shape: tuple[int, ...], tensorboard: SimpleNamespace) -> None:
    array = sample(dtype, shape)
    data = tensorboard.write(array).SerializeToString()
    assert_same(to_array(TensorProto.FromString(data)), array)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_strings_of_any_rank_keep_every_byte_both_ways(
    shape: tuple[int, ...], typed: bool, tensorboard: SimpleNamespace
) -> None:
    values = [b"a\0b\0", b"", "ä".encode()] * 2
    array = np.empty(shape, dtype=object)
    array.flat[:] = values[: array.size]
    data = from_array(array, typed=typed).SerializeToString()
    assert_same(to_array(TensorProto.FromString(data)), array)
    read = tensorboard.read(tensorboard.TensorProto.FromString(data))
    assert read.shape == shape
    if array.size > 1:  # TensorBoard's own reader loses trailing zero bytes of a lone string
        assert read.tolist() == array.tolist()
    nested: Any = array.tolist()
    written = tensorboard.write(nested) if array.size else tensorboard.write(array)
    assert_same(to_array(TensorProto.FromString(written.SerializeToString())), array)


def test_text_is_stored_as_utf8() -> None:
    expected = ["ä".encode(), b"\xff\0"]
    assert from_array(["ä", b"\xff\0"]).string_val == expected
    assert to_array(from_array(np.array(["ä", "b"]))).tolist() == ["ä".encode(), b"b"]
    assert to_array(from_array(np.array([b"x"]))).tolist() == [b"x"]
    assert to_array(from_array("ä")).item() == "ä".encode()


def test_byte_order_and_strides_do_not_matter() -> None:
    array = np.arange(12, dtype=">f8").reshape(3, 4)[::-1, ::2].T
    for typed in (False, True):
        assert_same(to_array(from_array(array, typed=typed)), np.ascontiguousarray(array).astype("f8"))
    assert from_array(np.array([1], dtype=">i2")).tensor_content == b"\x01\0"


@given(
    hnp.arrays(
        dtype=st.sampled_from(NUMERIC).map(np.dtype),
        shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.booleans(),
)
def test_any_array_survives(array: np.ndarray, typed: bool) -> None:
    assert_same(to_array(from_array(array, typed=typed)), array)


@given(st.lists(st.one_of(st.binary(max_size=6), st.text(st.characters(exclude_categories=["Cs"]), max_size=6))))
def test_any_list_of_strings_survives(values: list[bytes | str]) -> None:
    if values:
        expected = [value.encode() if isinstance(value, str) else value for value in values]
        assert to_array(from_array(values)).tolist() == expected


def test_an_array_read_is_the_callers_own() -> None:
    for tensor in (from_array(np.zeros(3)), from_array(np.zeros(3), typed=True), proto("DT_FLOAT", [3], float_val=[1])):
        array = to_array(tensor)
        array[:] = 7
        assert array.flags.writeable
        assert to_array(tensor)[0] != 7


# Reading: where the elements stand, and how many


def test_content_wins_over_the_list() -> None:
    tensor = proto("DT_FLOAT", [1], float_val=[1])
    tensor.tensor_content = np.float32(2).tobytes()
    assert to_array(tensor).tolist() == [2]


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (proto("DT_INT32", [4], int_val=[5]), [5, 5, 5, 5]),
        (proto("DT_INT32", [2, 2], int_val=[5, 6]), [[5, 6], [6, 6]]),
        (proto("DT_STRING", [3], string_val=[b"a", b"b\0"]), [b"a", b"b\0", b"b\0"]),
        (proto("DT_COMPLEX64", [2], scomplex_val=[1, 2]), [1 + 2j, 1 + 2j]),
        (proto("DT_COMPLEX128", [3], dcomplex_val=[1, 2, 3, 4]), [1 + 2j, 3 + 4j, 3 + 4j]),
        (proto("DT_BOOL", [2], bool_val=[True]), [True, True]),
        (proto("DT_HALF", [2], half_val=[0x3C00]), [1.0, 1.0]),
    ],
)
def test_the_last_element_stands_for_those_that_are_missing(tensor: TensorProto, expected: list[Any]) -> None:
    assert to_array(tensor).tolist() == expected


@pytest.mark.parametrize(
    "tensor", [proto("DT_FLOAT", float_val=[0.5]), proto("DT_FLOAT", tensor_content=np.float32(0.5).tobytes())]
)
@pytest.mark.parametrize("unknown_rank", [False, True])
def test_one_element_without_a_shape_is_a_scalar(tensor: TensorProto, unknown_rank: bool) -> None:
    tensor = TensorProto.FromString(tensor.SerializeToString())
    if unknown_rank:
        tensor.tensor_shape.unknown_rank = True
    assert_same(to_array(tensor), np.array(0.5, dtype=np.float32))


def test_several_elements_without_a_shape_are_one_dimension() -> None:
    assert to_array(proto("DT_INT64", int64_val=[1, 2])).tolist() == [1, 2]
    assert to_array(proto("DT_STRING", string_val=[b"a", b"b"])).tolist() == [b"a", b"b"]


def test_a_null_tensor_is_empty() -> None:
    assert_same(to_array(proto("DT_FLOAT", [0])), np.zeros(0, np.float32))
    assert_same(to_array(proto("DT_STRING", [0, 2])), np.zeros((0, 2), object))


def test_a_reference_type_is_its_base_type() -> None:
    assert_same(to_array(proto("DT_INT16_REF", [1], int_val=[-2])), np.array([-2], np.int16))


def test_bfloat16_becomes_float32() -> None:
    bits = np.array([0x3F80, 0xC049, 0x7F80, 0x0001, 0], np.uint16)
    expected = (bits.astype(np.uint32) << 16).view(np.float32)
    for tensor in (
        proto("DT_BFLOAT16", [5], half_val=bits.tolist()),
        proto("DT_BFLOAT16", [5], tensor_content=bits.astype("<u2").tobytes()),
    ):
        assert_same(to_array(tensor), expected)
    assert expected.tolist() == [1.0, -3.140625, math.inf, 2.0**-133, 0.0]


def test_float32_bits_in_half_val_are_recognised() -> None:
    """torch's add_tensor writes half and bfloat16 this way, as signed 32-bit numbers."""
    halves = np.array([1.0, -2.5, 0.0, -0.0, 2**-24, math.inf, 65504], np.float16)
    bits = halves.astype(np.float32).view(np.int32).tolist()
    assert_same(to_array(proto("DT_HALF", [7], half_val=bits)), halves)
    wide = np.array([1.0, -3.140625, 0.0], np.float32)
    assert_same(to_array(proto("DT_BFLOAT16", [3], half_val=wide.view(np.int32).tolist())), wide)


def test_uint8_in_the_list_of_uint32_is_read() -> None:
    """torch's add_tensor writes uint8 this way."""
    assert_same(to_array(proto("DT_UINT8", [2], uint32_val=[255, 0])), np.array([255, 0], np.uint8))


def test_bool_content_of_any_byte_is_true_or_false() -> None:
    array = to_array(proto("DT_BOOL", [3], tensor_content=b"\0\1\xff"))
    assert array.view(np.uint8).tolist() == [0, 1, 1]


def test_strings_in_content_are_split_by_their_lengths() -> None:
    long = b"x" * 300
    tensor = proto("DT_STRING", [3], tensor_content=b"\x02\x00\xac\x02" + b"ab" + long)
    assert to_array(tensor).tolist() == [b"ab", b"", long]


# Reading: what contradicts itself


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (TensorProto(), "DT_INVALID has no numpy equivalent"),
        (proto("DT_RESOURCE", [1], resource_handle_val=[b""]), "DT_RESOURCE has no"),
        (proto("DT_VARIANT", [1], variant_val=[b""]), "DT_VARIANT has no"),
        (proto("DT_QINT8", [1], int_val=[1]), "DT_QINT8 has no"),
        (proto("DT_VARIANT_REF", []), "DT_VARIANT_REF has no"),
        (TensorProto.FromString(b"\x08\x63"), "dtype 99 has no"),
        (TensorProto.FromString(b"\x08\x64"), "dtype 100 has no"),
        (TensorProto.FromString(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "dtype -1 has no"),
        (proto("DT_FLOAT"), "DT_FLOAT tensor with neither a shape nor a value"),
        (proto("DT_FLOAT", []), r"shape \[\] has 1 elements, 0 stored"),
        (proto("DT_FLOAT", [3]), r"shape \[3\] has 3 elements, 0 stored"),
        (proto("DT_FLOAT", [3], double_val=[1.0]), "3 elements, 0 stored"),
        (proto("DT_FLOAT", [1], float_val=[1, 2]), r"shape \[1\] has 1 elements, 2 stored"),
        (proto("DT_FLOAT", [0], float_val=[1]), r"shape \[0\] has 0 elements, 1 stored"),
        (proto("DT_FLOAT", [2, -1], float_val=[1]), r"negative dimension in shape \[2, -1\]"),
        (proto("DT_FLOAT", [1] * 65, float_val=[1]), "65 dimensions is beyond numpy"),
        (proto("DT_FLOAT", [2], tensor_content=b"1234"), "4 bytes, not 2 DT_FLOAT elements of 4 bytes"),
        (proto("DT_FLOAT", [0], tensor_content=b"1234"), "4 bytes, not 0 DT_FLOAT"),
        (proto("DT_FLOAT", tensor_content=b"123"), "3 bytes, not a whole number of DT_FLOAT"),
        (proto("DT_COMPLEX64", [1], scomplex_val=[1, 2, 3]), "3 numbers for DT_COMPLEX64, which stores two"),
        (proto("DT_UINT8", [1], int_val=[256]), "value 256 is not in the range of DT_UINT8"),
        (proto("DT_UINT8", [1], int_val=[-1]), "value -1 is not in the range of DT_UINT8"),
        (proto("DT_INT16", [1], int_val=[40000]), "value 40000 is not in the range of DT_INT16"),
        (proto("DT_HALF", [2], half_val=[0x3F800000, 5]), r"16-bit values \(5\) beside longer ones"),
        (proto("DT_FLOAT", [2**60], float_val=[1]), "over the limit of 65536"),
        (proto("DT_STRING", [2**60], string_val=[b""]), "over the limit of 65536"),
        (proto("DT_STRING", [2**62, 2**62], tensor_content=b"\x01a"), "breaks off"),
        (proto("DT_STRING", [2], tensor_content=b"\x01"), "breaks off"),
        (proto("DT_STRING", [1], tensor_content=b"\x80" * 5 + b"\0"), "damaged"),
        (proto("DT_STRING", [1], tensor_content=b"\x02a"), "1 bytes for strings of 2 bytes"),
        (proto("DT_STRING", [1], tensor_content=b"\x01ab"), "2 bytes for strings of 1 bytes"),
        (proto("DT_STRING", tensor_content=b"\x01a"), "needs a shape"),
    ],
)
def test_a_tensor_that_contradicts_itself_is_refused(tensor: TensorProto, message: str) -> None:
    with pytest.raises(TensorError, match=message) as caught:
        to_array(tensor)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TBEventsError)


def test_the_limit_of_repetition_is_the_callers() -> None:
    tensor = proto("DT_FLOAT", [5], float_val=[1])
    assert to_array(tensor, max_elements=5).size == 5
    with pytest.raises(TensorError, match="over the limit of 4"):
        to_array(tensor, max_elements=4)
    whole = from_array(np.zeros(5), typed=True)
    assert to_array(whole, max_elements=4).size == 5, "nothing is repeated here"


@given(
    dtype=st.integers(-1, 35) | st.sampled_from(list(DataType.values())),
    shape=st.none() | st.lists(st.integers(-1, 4) | st.integers(-(2**63), 2**63 - 1), max_size=4),
    content=st.binary(max_size=24),
    numbers=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
    unknown_rank=st.booleans(),
)
def test_whatever_a_message_says_it_is_read_or_refused(
    dtype: int, shape: list[int] | None, content: bytes, numbers: list[int], unknown_rank: bool
) -> None:
    unsigned = [abs(number) for number in numbers]
    tensor = TensorProto(
        dtype=dtype,  # type: ignore[arg-type]  # any number is legal
        tensor_content=content,
        int_val=numbers,
        half_val=numbers,
        uint32_val=unsigned,
        float_val=numbers,
        scomplex_val=numbers,
        string_val=[str(number).encode() for number in numbers],
    )
    if shape is not None:
        tensor.tensor_shape.unknown_rank = unknown_rank
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
    try:
        array = to_array(tensor, max_elements=1000)
    except TensorError:
        return
    if shape is not None and not unknown_rank:
        assert array.shape == tuple(shape)


# Writing: what the format lacks


@pytest.mark.parametrize(
    "value", [np.array(["2020"], "M8[D]"), np.zeros(2, "i4,f4"), np.zeros(2, "V3"), [object()], None, {"a": 1}]
)
@pytest.mark.parametrize("typed", [False, True])
def test_values_without_a_tensor_type_are_refused(value: Any, typed: bool) -> None:
    with pytest.raises(TypeError, match=r"^weights: "):
        from_array(value, typed=typed, name="weights")


@pytest.mark.skipif(np.dtype(np.intp).itemsize < 8, reason="no array is so large on 32-bit systems")
def test_arrays_over_the_limit_of_protobuf_are_refused() -> None:
    huge = np.broadcast_to(np.float64(0), (2**14, 2**14))  # 2 GiB, were it stored
    with pytest.raises(ValueError, match="2147483648 bytes are over"):
        from_array(huge)


def test_small_floats_of_ml_dtypes_are_widened() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="arrays of numpy bfloat16")
    array = np.array([1.0, -3.140625], ml_dtypes.bfloat16)
    for typed in (False, True):
        tensor = from_array(array, typed=typed)
        assert tensor.dtype == DataType.DT_FLOAT
        assert_same(to_array(tensor), np.array([1.0, -3.140625], np.float32))
    assert as_array(array).dtype == np.float32
    assert as_float(array[:1]) == 1.0
    assert as_float(array[1]) == -3.140625
    assert as_array(np.array([1.5], ml_dtypes.float8_e4m3fn)).tolist() == [1.5]


# Callers' values


class Torchlike:
    """What torch's Tensor does as far as it matters: numpy() works once detached, on the CPU, and not for bfloat16."""

    def __init__(self, values: Any, *, attached: bool = True, device: str = "cuda", dtype: str = "torch.float32"):
        self.values = np.asarray(values, np.float32)
        self.attached, self.device, self.dtype = attached, device, dtype

    def detach(self) -> Torchlike:
        return Torchlike(self.values, attached=False, device=self.device, dtype=self.dtype)

    def cpu(self) -> Torchlike:
        assert not self.attached
        return Torchlike(self.values, attached=False, device="cpu", dtype=self.dtype)

    def float(self) -> Torchlike:
        return Torchlike(self.values, attached=self.attached, device=self.device)

    def numpy(self) -> np.ndarray:
        if self.attached or self.device != "cpu" or self.dtype != "torch.float32":
            raise TypeError("can't convert")
        return self.values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.numpy()


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16", "torch.float8_e4m3fn"])
def test_a_torch_tensor_is_taken_from_its_device_and_graph(dtype: str) -> None:
    assert_same(as_array(Torchlike([1, 2], dtype=dtype)), np.array([1, 2], np.float32))
    assert_same(as_array([Torchlike(1, dtype=dtype), 2.0]), np.array([1.0, 2.0]))
    assert_same(as_array([[Torchlike(1, dtype=dtype)], (2.0,)]), np.array([[1.0], [2.0]]))
    assert_same(as_array([[[Torchlike([1, 2], dtype=dtype)]]]), np.array([[[[1, 2]]]], np.float32))
    assert as_float(Torchlike([[3]], dtype=dtype)) == 3.0
    assert as_float(Torchlike(4, dtype=dtype)) == 4.0


def test_real_torch_tensors() -> None:
    torch = pytest.importorskip("torch", reason="conversion of real torch tensors")
    leaf = torch.ones(2, requires_grad=True)
    assert as_array(leaf * 2).tolist() == [2, 2]
    assert as_array([leaf[0] * 3, 1.0]).tolist() == [3, 1]
    assert as_array([[leaf[0], leaf[1] * 2], [0, 1]]).tolist() == [[1, 2], [0, 1]]
    assert_same(as_array(torch.tensor([1.5], dtype=torch.bfloat16)), np.array([1.5], np.float32))
    assert as_array(torch.tensor([1 + 2j]).conj()).tolist() == [1 - 2j]
    assert as_float((leaf * 2).sum()) == 4.0
    assert as_float(torch.tensor([1.5], dtype=torch.bfloat16, requires_grad=True)) == 1.5
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        as_float(leaf)
    with pytest.raises(TypeError, match="complex64"):
        as_float(torch.tensor(1j))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, np.array(1)),
        ([1.5, 2], np.array([1.5, 2.0])),
        (range(3), np.arange(3)),
        (True, np.array(True)),
        ([2**99, Fraction(1, 2)], np.array([2.0**99, 0.5])),
        ([[10**400], [-(10**400)]], np.array([[math.inf], [-math.inf]])),
        (2**99, np.array(2.0**99)),
        ([Decimal("0.5")], np.array([0.5])),
        (1j, np.array(1j)),
        ([b"a\0", "b"], np.array([b"a\0", "b"], dtype=object)),
        (b"a\0", np.array(b"a\0", dtype=object)),
        ([], np.array([])),
    ],
)
def test_values_become_arrays(value: Any, expected: np.ndarray) -> None:
    assert_same(as_array(value), expected)


@pytest.mark.parametrize("value", [None, {"a": 1}, {1, 2}, object(), [1, None], [[1], [2, 3]], ["a", 1], [1j, 2**99]])
def test_other_values_are_refused_by_the_name_of_the_argument(value: Any) -> None:
    with pytest.raises(TypeError, match=rf"^weights: cannot make an array of {type(value).__name__}"):
        as_array(value, name="weights")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, 0.5),
        (3, 3.0),
        (True, 1.0),
        (2**99, 2.0**99),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Fraction(1, 4), 0.25),
        (Fraction(-(10**400)), -math.inf),
        (Decimal("0.1"), 0.1),
        (Decimal("1e400"), math.inf),
        (np.float64(0.5), 0.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.5), 0.5),
        (np.int64(-3), -3.0),
        (np.uint64(2**63), 2.0**63),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.array([[7]], np.int8), 7.0),
        (np.array([True]), 1.0),
        (math.inf, math.inf),
    ],
)
def test_a_scalar_becomes_a_plain_float(value: Any, expected: float) -> None:
    result = as_float(value)
    assert type(result) is float
    assert result == expected


def test_nan_is_a_scalar_like_any_other() -> None:
    assert all(math.isnan(as_float(nan)) for nan in (math.nan, np.float32("nan"), Decimal("nan"), np.array([math.nan])))


@pytest.mark.parametrize(
    "value",
    [
        *(None, "1", b"1", bytearray(b"1"), 1j, [1.0], (1.0,), {"a": 1}, object(), Decimal("sNaN")),
        *(np.str_("1"), np.bytes_(b"1"), np.complex64(1), np.complex128(1), np.array([1j]), np.array(["1"])),
        *(np.array([1.0], object), np.array(None), np.timedelta64(1, "s"), np.array([1], "M8[s]"), np.void(b"1")),
    ],
    ids=lambda value: repr(value).split(" at 0x")[0],  # the same in each process
)
def test_what_is_no_real_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=rf"^loss: expected a real number, got {type(value).__name__}"):
        as_float(value, name="loss")


@pytest.mark.parametrize("shape", [(0,), (2,), (1, 3)])
def test_an_array_of_another_size_is_refused_by_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^scalar_value: expected one element, got ndarray of shape") as caught:
        as_float(np.zeros(shape))
    assert str(shape) in str(caught.value)


def test_a_foreign_array_that_fails_to_convert_is_refused() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            raise RuntimeError("gone")

    with pytest.raises(TypeError, match="scalar_value: cannot make a number of Broken: gone"):
        as_float(Broken())
    with pytest.raises(TypeError, match="value: cannot make an array of Broken: gone"):
        as_array(Broken())
