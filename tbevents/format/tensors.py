"""TensorProto messages as numpy arrays, and arrays as TensorProto messages.

A TensorProto holds its elements, in row-major order, in one of two places:

    tensor_content   the elements as little-endian bytes; for strings all lengths as varints, then all the bytes
    the typed list   float_val, int_val, ... by dtype; shorter than the shape: the last element stands for the rest

`tensor_content` wins where both are there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tbevents.errors import TensorError
from tbevents.format.values import as_array
from tbevents.format.wire import read_varint
from tbevents.proto import DataType, TensorProto

MAX_BROADCAST_ELEMENTS = 2**16
"""The most elements that `to_array` makes out of fewer stored ones: a few bytes of file must not fill the memory, nor
make a large page. Writers of summaries store every element; only short constants of graphs are shortened so."""

_MAX_CONTENT_BYTES = 2**31 - 1  # protobuf's own limit for a message
_REF = 100  # DT_FLOAT_REF and its like mean the type this much lower


class _Storage(NamedTuple):
    """How elements of one dtype are stored."""

    name: str  # of the numpy dtype that `from_array` stores so
    stored: str  # numpy dtype of an element in tensor_content
    fields: tuple[str, ...]  # the typed lists to read; the first is the one to write
    wire: str  # numpy dtype of the numbers in those lists


_STORAGE: dict[int, _Storage] = {
    DataType.DT_FLOAT: _Storage("float32", "f4", ("float_val",), "f4"),
    DataType.DT_DOUBLE: _Storage("float64", "f8", ("double_val",), "f8"),
    DataType.DT_INT32: _Storage("int32", "i4", ("int_val",), "i4"),
    DataType.DT_UINT8: _Storage("uint8", "u1", ("int_val", "uint32_val"), "i8"),  # torch's add_tensor: uint32_val
    DataType.DT_INT16: _Storage("int16", "i2", ("int_val",), "i4"),
    DataType.DT_INT8: _Storage("int8", "i1", ("int_val",), "i4"),
    DataType.DT_COMPLEX64: _Storage("complex64", "c8", ("scomplex_val",), "f4"),  # two numbers an element
    DataType.DT_INT64: _Storage("int64", "i8", ("int64_val",), "i8"),
    DataType.DT_BOOL: _Storage("bool", "u1", ("bool_val",), "u1"),
    DataType.DT_BFLOAT16: _Storage("bfloat16", "u2", ("half_val",), "i4"),  # the bits
    DataType.DT_UINT16: _Storage("uint16", "u2", ("int_val",), "i4"),
    DataType.DT_COMPLEX128: _Storage("complex128", "c16", ("dcomplex_val",), "f8"),  # two numbers an element
    DataType.DT_HALF: _Storage("float16", "u2", ("half_val",), "i4"),  # the bits
    DataType.DT_UINT32: _Storage("uint32", "u4", ("uint32_val",), "u4"),
    DataType.DT_UINT64: _Storage("uint64", "u8", ("uint64_val",), "u8"),
}
_DTYPES = {form.name: dtype for dtype, form in _STORAGE.items()}


def to_array(tensor: TensorProto, *, max_elements: int = MAX_BROADCAST_ELEMENTS) -> npt.NDArray[Any]:
    """Returns the elements of a tensor as a numpy array.

    Args:
        tensor: the message; references (DT_FLOAT_REF and so on) count as their base type.
        max_elements: the most elements that fewer stored ones may stand for.

    Returns:
        A writable array of the caller's own, of the tensor's shape, in native byte order. DT_HALF becomes float16,
        DT_BFLOAT16 float32 (exact), DT_STRING an object array of bytes, the others the dtype of their name.
        Where the shape is missing or of unknown rank: a scalar (shape ()) if one element is stored, else one dimension.

    Raises:
        TensorError: if the dtype has no numpy equivalent (resource, variant, quantized, unknown); a dimension is
            negative or there are too many; `tensor_content` does not have the length that the shape needs; the list has
            more elements than the shape, or none although the shape needs some; a stored value does not fit the dtype;
            or the shape asks for more than `max_elements` from fewer stored ones.
    """
    dtype = base_dtype(tensor)
    shape = _shape(tensor)
    count = None if shape is None else math.prod(shape)
    if dtype == DataType.DT_STRING:
        values = _strings(tensor, count)
    elif dtype not in _STORAGE:
        raise TensorError(f"{_name(tensor.dtype)} has no numpy equivalent")
    elif tensor.tensor_content:
        values = _from_content(tensor, dtype, count)
    else:
        values = _from_list(tensor, dtype)
    if shape is None:
        if not values.size:
            raise TensorError(f"{_name(tensor.dtype)} tensor with neither a shape nor a value")
        shape = () if values.size == 1 else (values.size,)
    values = _extend(values, shape, max_elements)
    try:
        return values.reshape(shape)
    except ValueError as error:  # a dimension beyond numpy's index type, beside an empty one
        raise TensorError(f"shape {list(shape)} is beyond numpy: {error}") from error


def base_dtype(tensor: TensorProto) -> int:
    """Returns the dtype of the elements: that of the tensor, or that to which it is a reference."""
    return tensor.dtype - _REF if tensor.dtype > _REF else tensor.dtype


def _shape(tensor: TensorProto) -> tuple[int, ...] | None:
    """Returns the declared shape, or None if it is missing or of unknown rank."""
    if not tensor.HasField("tensor_shape") or tensor.tensor_shape.unknown_rank:
        return None
    if len(tensor.tensor_shape.dim) > 64:  # numpy's own limit; before 2.0 it was 32
        raise TensorError(f"shape of {len(tensor.tensor_shape.dim)} dimensions is beyond numpy")
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    if any(size < 0 for size in shape):
        raise TensorError(f"negative dimension in shape {list(shape)}")
    return shape


def _from_content(tensor: TensorProto, dtype: int, count: int | None) -> npt.NDArray[Any]:
    """Returns the numbers in `tensor_content`, 1-D, owned; `count` is None if the shape does not say."""
    stored = np.dtype(_STORAGE[dtype].stored)
    size = len(tensor.tensor_content)
    if size % stored.itemsize or (count is not None and size != count * stored.itemsize):
        expected = "a whole number of" if count is None else str(count)
        wanted = f"{expected} {_name(dtype)} elements of {stored.itemsize} bytes"
        raise TensorError(f"tensor_content has {size} bytes, not {wanted}")
    return _from_stored(np.frombuffer(tensor.tensor_content, stored.newbyteorder("<")).astype(stored), dtype)


def _from_list(tensor: TensorProto, dtype: int) -> npt.NDArray[Any]:
    """Returns the numbers in the typed list, 1-D, owned, not yet extended to the shape."""
    form = _STORAGE[dtype]
    stored = np.dtype(form.stored)
    listed: Sequence[Any] = next(filter(len, (getattr(tensor, field) for field in form.fields)), ())
    values = np.fromiter(listed, np.dtype(form.wire), len(listed))
    if stored.kind == "c":
        if values.size % 2:
            raise TensorError(f"{values.size} numbers for {_name(dtype)}, which stores two for each element")
        return values.view(stored)
    if stored.kind in "iu" and values.size:
        outside = (values < np.iinfo(stored).min) | (values > np.iinfo(stored).max)
        if outside.any():
            if dtype in (DataType.DT_HALF, DataType.DT_BFLOAT16):
                return _from_float_bits(values, dtype)
            raise TensorError(f"value {values[outside][0]} is not in the range of {_name(dtype)}")
    return _from_stored(values.astype(stored), dtype)


def _from_stored(values: npt.NDArray[Any], dtype: int) -> npt.NDArray[Any]:
    """Returns stored elements (bytes of bools, bits of halves) as the elements they mean."""
    if dtype == DataType.DT_BOOL:
        return values.astype(np.bool_)
    if dtype == DataType.DT_HALF:
        return values.view(np.float16)
    if dtype == DataType.DT_BFLOAT16:  # a float32 without its lower 16 bits
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


def _from_float_bits(values: npt.NDArray[Any], dtype: int) -> npt.NDArray[Any]:
    # torch's add_tensor writes half and bfloat16 as the bits of the value widened to float32. That cannot be mistaken
    # for 16-bit values: but for 0, which is 0 in both, the bits of a widened value exceed 16 bits.
    mixed = (values > 0) & (values <= 0xFFFF)
    if mixed.any():
        raise TensorError(f"half_val has 16-bit values ({values[mixed][0]}) beside longer ones")
    with np.errstate(over="ignore"):
        return values.view(np.float32).astype(np.float16 if dtype == DataType.DT_HALF else np.float32)


def _strings(tensor: TensorProto, count: int | None) -> npt.NDArray[Any]:
    """Returns the elements of a DT_STRING tensor: a 1-D object array of bytes, not yet extended to the shape."""
    content = tensor.tensor_content
    if content and count is None:
        raise TensorError("DT_STRING in tensor_content needs a shape that says how many there are")
    values = _split_strings(content, count) if content and count is not None else list(tensor.string_val)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _split_strings(content: bytes, count: int) -> list[bytes]:
    """Returns `count` strings from TensorFlow's encoding: all lengths as varints, then all the bytes."""
    lengths: list[int] = []
    start = 0
    for _ in range(count):
        try:
            length, start = read_varint(content, start, start + 5)  # 32 bits
        except ValueError:
            what = f"tensor_content breaks off, or is damaged, in the lengths of {count} strings"
            raise TensorError(what) from None
        lengths.append(length)
    ends = list(itertools.accumulate(lengths, initial=start))
    if ends[-1] != len(content):
        raise TensorError(f"tensor_content has {len(content) - start} bytes for strings of {sum(lengths)} bytes")
    return [content[begin:end] for begin, end in itertools.pairwise(ends)]


def _extend(values: npt.NDArray[Any], shape: tuple[int, ...], max_elements: int) -> npt.NDArray[Any]:
    """Returns as many elements as the shape has, from at most as many; the last one is repeated for those missing."""
    stored, count = values.size, math.prod(shape)
    if stored == count:
        return values
    what = f"shape {list(shape)} has {count} elements, {stored} stored"
    if stored > count or not stored:
        raise TensorError(what)
    if count > max_elements:
        raise TensorError(f"{what}: over the limit of {max_elements} for repeating the last one")
    return np.concatenate([values, np.broadcast_to(values[-1:], count - stored)])


def _name(dtype: int) -> str:
    return DataType.Name(dtype) if dtype in DataType.values() else f"dtype {dtype}"


def from_array(array: Any, *, typed: bool = False, name: str = "array") -> TensorProto:
    """Returns an array as a message that `to_array` and TensorBoard's make_ndarray read back as the same array.

    Args:
        array: anything `as_array` takes: bool, 8 to 64-bit integers, float16, float32, float64, complex64,
            complex128 or strings (str, stored as UTF-8, or bytes), of any shape and byte order. bfloat16 is stored
            as DT_FLOAT, since TensorBoard cannot read DT_BFLOAT16.
        typed: fill the typed list, as torch does, instead of `tensor_content`. Strings always go to `string_val`.
            TensorBoard reads uint32 and uint64 from `tensor_content` only.
        name: the caller's argument, for the error messages.

    Returns:
        The message, with `dtype`, `tensor_shape` (empty for a scalar) and the elements.

    Raises:
        TypeError: if the array has a dtype that the format lacks (float128, datetime64, records, other objects).
        ValueError: if the elements take 2 GiB or more, protobuf's limit, or a str cannot be encoded as UTF-8.
    """
    values = as_array(array, name=name)
    tensor = TensorProto()
    tensor.tensor_shape.SetInParent()
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)
    if values.dtype.kind in "OSUT":
        tensor.dtype = DataType.DT_STRING
        for element in values.ravel().tolist():
            if not isinstance(element, (str, bytes)):  # a string array's missing value
                raise TypeError(f"{name}: {type(element).__name__} in an array of strings")
            try:
                tensor.string_val.append(element.encode() if isinstance(element, str) else element)
            except UnicodeEncodeError as error:
                raise ValueError(f"{name} cannot be encoded as UTF-8: {error.reason}") from None
        return tensor
    dtype = _DTYPES.get(values.dtype.name)
    if dtype is None:
        raise TypeError(f"{name}: no tensor type for dtype {values.dtype}")
    if values.nbytes > _MAX_CONTENT_BYTES:
        raise ValueError(f"{name}: {values.nbytes} bytes are over protobuf's limit of 2 GiB")
    form = _STORAGE[dtype]
    tensor.dtype = dtype  # type: ignore[assignment]  # enum values are plain ints at run time
    stored = values.astype(values.dtype.newbyteorder("="), copy=False).ravel().view(form.stored)
    if typed:
        numbers = stored.view(form.wire) if stored.dtype.kind == "c" else stored
        getattr(tensor, form.fields[0]).extend(numbers.tolist())
    else:
        tensor.tensor_content = stored.astype(stored.dtype.newbyteorder("<"), copy=False).tobytes()
    return tensor
