"""TensorProto to numpy and back, and callers' values (torch, JAX, lists, numbers) to numpy and float.

A TensorProto holds its elements, in row-major order, in one of two places:

    tensor_content   the elements as little-endian bytes; for strings all lengths as varints, then all the bytes
    the typed list   float_val, int_val, ... by dtype; shorter than the shape: the last element stands for the rest

`tensor_content` wins where both are there. Nothing here imports torch or JAX: they are known by what they can do.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tbevents.errors import TensorError
from tbevents.proto import DataType, TensorProto

MAX_BROADCAST_ELEMENTS = 2**16
"""The most elements that `to_array` makes out of fewer stored ones: a few bytes of file must not fill the memory, nor
make a large page. Writers of summaries store every element; only short constants of graphs are shortened so."""

_MAX_CONTENT_BYTES = 2**31 - 1  # protobuf's own limit for a message
_REF = 100  # DT_FLOAT_REF and its like mean the type this much lower


class _Form(NamedTuple):
    """How elements of one dtype are stored."""

    name: str  # of the numpy dtype that `from_array` stores so
    stored: str  # numpy dtype of an element in tensor_content
    fields: tuple[str, ...]  # the typed lists to read; the first is the one to write
    wire: str  # numpy dtype of the numbers in those lists


_FORMS: dict[int, _Form] = {
    DataType.DT_FLOAT: _Form("float32", "f4", ("float_val",), "f4"),
    DataType.DT_DOUBLE: _Form("float64", "f8", ("double_val",), "f8"),
    DataType.DT_INT32: _Form("int32", "i4", ("int_val",), "i4"),
    DataType.DT_UINT8: _Form("uint8", "u1", ("int_val", "uint32_val"), "i8"),  # torch's add_tensor: uint32_val
    DataType.DT_INT16: _Form("int16", "i2", ("int_val",), "i4"),
    DataType.DT_INT8: _Form("int8", "i1", ("int_val",), "i4"),
    DataType.DT_COMPLEX64: _Form("complex64", "c8", ("scomplex_val",), "f4"),  # two numbers an element
    DataType.DT_INT64: _Form("int64", "i8", ("int64_val",), "i8"),
    DataType.DT_BOOL: _Form("bool", "u1", ("bool_val",), "u1"),
    DataType.DT_BFLOAT16: _Form("bfloat16", "u2", ("half_val",), "i4"),  # the bits
    DataType.DT_UINT16: _Form("uint16", "u2", ("int_val",), "i4"),
    DataType.DT_COMPLEX128: _Form("complex128", "c16", ("dcomplex_val",), "f8"),  # two numbers an element
    DataType.DT_HALF: _Form("float16", "u2", ("half_val",), "i4"),  # the bits
    DataType.DT_UINT32: _Form("uint32", "u4", ("uint32_val",), "u4"),
    DataType.DT_UINT64: _Form("uint64", "u8", ("uint64_val",), "u8"),
}
_DTYPES = {form.name: dtype for dtype, form in _FORMS.items()}


def to_array(tensor: TensorProto, *, max_elements: int = MAX_BROADCAST_ELEMENTS) -> npt.NDArray[Any]:
    """Decode a tensor.

    Args:
        tensor: the message; references (DT_FLOAT_REF and so on) count as their base type.
        max_elements: the most elements that fewer stored ones may stand for.

    Returns:
        A writable array of the caller's own, of the tensor's shape, in native byte order. DT_HALF becomes float16,
        DT_BFLOAT16 float32 (exact), DT_STRING an object array of bytes, the others the dtype of their name.
        Where the shape is missing or of unknown rank: a scalar (shape ()) if one element is stored, else one dimension.

    Raises:
        TensorError: the dtype has no numpy equivalent (resource, variant, quantized, unknown); a dimension is negative
            or there are too many; `tensor_content` has not the length that the shape needs; the list has more
            elements than the shape, or none where the shape needs some; a stored value does not fit the dtype; or
            the shape asks for more than `max_elements` from fewer stored ones.
    """
    dtype = tensor.dtype - _REF if tensor.dtype > _REF else tensor.dtype
    shape = _shape(tensor)
    count = None if shape is None else math.prod(shape)
    if dtype == DataType.DT_STRING:
        values = _strings(tensor, count)
    elif dtype not in _FORMS:
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


def _shape(tensor: TensorProto) -> tuple[int, ...] | None:
    """The declared shape, or None where it is missing or of unknown rank."""
    if not tensor.HasField("tensor_shape") or tensor.tensor_shape.unknown_rank:
        return None
    if len(tensor.tensor_shape.dim) > 64:  # numpy's own limit; before 2.0 it was 32
        raise TensorError(f"shape of {len(tensor.tensor_shape.dim)} dimensions is beyond numpy")
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    if any(size < 0 for size in shape):
        raise TensorError(f"negative dimension in shape {list(shape)}")
    return shape


def _from_content(tensor: TensorProto, dtype: int, count: int | None) -> npt.NDArray[Any]:
    """The numbers in `tensor_content`, 1-D, owned; `count` is None where the shape does not say."""
    stored = np.dtype(_FORMS[dtype].stored)
    size = len(tensor.tensor_content)
    if size % stored.itemsize or (count is not None and size != count * stored.itemsize):
        expected = "a whole number of" if count is None else str(count)
        wanted = f"{expected} {_name(dtype)} elements of {stored.itemsize} bytes"
        raise TensorError(f"tensor_content has {size} bytes, not {wanted}")
    return _from_stored(np.frombuffer(tensor.tensor_content, stored.newbyteorder("<")).astype(stored), dtype)


def _from_list(tensor: TensorProto, dtype: int) -> npt.NDArray[Any]:
    """The numbers in the typed list, 1-D, owned, not yet extended to the shape."""
    form = _FORMS[dtype]
    stored = np.dtype(form.stored)
    listed: Sequence[Any] = next(filter(len, (getattr(tensor, field) for field in form.fields)), ())
    values = np.fromiter(listed, np.dtype(form.wire), len(listed))
    if stored.kind == "c":
        if values.size % 2:
            raise TensorError(f"{values.size} numbers are no whole number of {_name(dtype)} elements, which have two")
        return values.view(stored)
    if stored.kind in "iu" and values.size:
        outside = (values < np.iinfo(stored).min) | (values > np.iinfo(stored).max)
        if outside.any():
            if dtype in (DataType.DT_HALF, DataType.DT_BFLOAT16):
                return _from_float_bits(values, dtype)
            raise TensorError(f"value {values[outside][0]} is not in the range of {_name(dtype)}")
    return _from_stored(values.astype(stored), dtype)


def _from_stored(values: npt.NDArray[Any], dtype: int) -> npt.NDArray[Any]:
    """Stored elements (bytes of bools, bits of halves) as the elements they mean."""
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
    """The elements of a DT_STRING tensor: a 1-D object array of bytes, not yet extended to the shape."""
    content = tensor.tensor_content
    if content and count is None:
        raise TensorError("DT_STRING in tensor_content needs a shape that says how many there are")
    values = _split_strings(content, count) if content and count is not None else list(tensor.string_val)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _split_strings(content: bytes, count: int) -> list[bytes]:
    """TensorFlow's encoding of `count` strings: all lengths as varints, then all the bytes."""
    lengths: list[int] = []
    length = shift = start = 0
    while len(lengths) < count:
        if start == len(content) or shift > 28:  # 7 bits a byte, 32 in all
            raise TensorError(f"tensor_content breaks off, or is damaged, in the lengths of {count} strings")
        length |= (content[start] & 0x7F) << shift
        shift += 7
        if content[start] < 0x80:
            lengths.append(length)
            length = shift = 0
        start += 1
    ends = list(itertools.accumulate(lengths, initial=start))
    if ends[-1] != len(content):
        raise TensorError(f"tensor_content has {len(content) - start} bytes for strings of {sum(lengths)} bytes")
    return [content[begin:end] for begin, end in itertools.pairwise(ends)]


def _extend(values: npt.NDArray[Any], shape: tuple[int, ...], max_elements: int) -> npt.NDArray[Any]:
    """As many elements as the shape has, from at most as many; the last one stands for those that are missing."""
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
    """Encode an array, so that `to_array` and TensorBoard's make_ndarray read back the same.

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
        TypeError: the array has a dtype that the format lacks (float128, datetime64, records, other objects).
        ValueError: the elements take 2 GiB or more, protobuf's limit, or a str cannot be encoded as UTF-8.
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
    form = _FORMS[dtype]
    tensor.dtype = dtype  # type: ignore[assignment]  # enum values are plain ints at run time
    stored = values.astype(values.dtype.newbyteorder("="), copy=False).ravel().view(form.stored)
    if typed:
        numbers = stored.view(form.wire) if stored.dtype.kind == "c" else stored
        getattr(tensor, form.fields[0]).extend(numbers.tolist())
    else:
        tensor.tensor_content = stored.astype(stored.dtype.newbyteorder("<"), copy=False).tobytes()
    return tensor


def as_array(value: Any, *, name: str = "value") -> npt.NDArray[Any]:
    """Turn what callers log into a numpy array.

    Args:
        value: a numpy array or scalar, a torch tensor (on any device, with or without gradient), a JAX array,
            anything else that numpy reads, or a number, a string, or nested sequences of any of these.
        name: the caller's argument, for the error message.

    Returns:
        An array that may share memory with `value`: copy it before keeping it. Torch's and JAX's bfloat16 become
        float32; Python integers beyond 64 bits, Fraction and Decimal float64; strings an object array of str or
        bytes, which unlike numpy's own string types keeps trailing zero bytes.

    Raises:
        TypeError: `value` is nothing of the kind (None, a ragged list, a dict, objects).
    """
    try:
        array = _to_numpy(value)
        if array.dtype.kind in "SU" and not isinstance(value, np.ndarray):
            array = np.array(value, dtype=object)
        if array.dtype == object and not all(isinstance(element, (str, bytes)) for element in array.flat):
            floats = [_number(element) for element in array.flat]
            array = np.array(floats, dtype=np.float64).reshape(array.shape)
    except Exception as error:  # whatever a foreign __array__ raises
        raise TypeError(f"{name}: cannot make an array of {type(value).__name__}: {error}") from error
    return array


def as_float(value: Any, *, name: str = "scalar_value", text: bool = False) -> float:
    """Turn a scalar that a caller logs into a float.

    Args:
        value: a number of any kind (int of any size, bool, Fraction, Decimal, numpy scalar, anything with
            ``__float__``), or an array of one element: numpy, torch (on any device, with or without gradient, bfloat16
            too), JAX, CuPy.
        name: the caller's argument, for the error message.
        text: also take a number in a string, as torch's writer does: "0.5", b"nan".

    Returns:
        A plain float, NaN and infinities included; a masked value is NaN; numbers beyond float64 become infinite, with
        their sign.

    Raises:
        ValueError: an array of more or fewer elements than one.
        TypeError: no real number: None, str, bytes, complex, a list, an array of strings, objects or dates. A DTensor
            of torch's: it must be gathered first.
    """
    if type(value) is float:  # the common case first; np.float64 is a subclass, and becomes plain below
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return float(value)
    if not (hasattr(value, "__array__") or _is_torch(value)):
        try:
            return float(value) if text and isinstance(value, (str, bytes)) else _number(value)
        except (TypeError, ValueError) as error:  # ValueError: a signalling NaN of Decimal, a string without a number
            raise TypeError(f"{name}: expected a real number, got {type(value).__name__}") from error
    try:
        array = _to_numpy(value)
    except Exception as error:  # whatever a foreign __array__ raises
        if hasattr(value, "__float__") and not _is_torch(value):
            return _foreign_number(value, name)
        raise TypeError(f"{name}: cannot make a number of {type(value).__name__}: {error}") from error
    if text and array.dtype.kind in "US" and array.size == 1:
        return as_float(array.item(), name=name, text=True)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected a real number, got {type(value).__name__} of dtype {array.dtype}")
    if array.size != 1:
        raise ValueError(f"{name}: expected one element, got {type(value).__name__} of shape {array.shape}")
    return float(array.reshape(())[()])


def _number(value: Any) -> float:
    """The float nearest to a real number; infinite where float64 ends."""
    if not (hasattr(value, "__float__") or hasattr(value, "__index__")) or isinstance(value, complex):
        raise TypeError(f"{type(value).__name__} is no real number")  # float() would read numbers out of strings
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _foreign_number(value: Any, name: str) -> float:
    """The number of an object that refuses to become a numpy array, such as CuPy's, which stay on the GPU."""
    try:
        return _number(value)
    except Exception as error:  # whatever a foreign __float__ raises
        raise TypeError(f"{name}: cannot make a number of {type(value).__name__}: {error}") from error


def is_masked_array(value: Any) -> bool:
    """Whether it is one of numpy.ma's, a module that numpy loads when it is used."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def _with_nan(value: np.ma.MaskedArray[Any, Any]) -> npt.NDArray[Any]:
    """A masked array as a plain one, with NaN for what is masked; integers become float64 for it."""
    if not np.ma.is_masked(value) or value.dtype.kind not in "biufc":
        return np.asarray(value)
    dtype = value.dtype if value.dtype.kind in "fc" else np.float64
    return np.where(np.ma.getmaskarray(value), np.nan, np.ma.getdata(value)).astype(dtype)


def _is_torch(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")


def _to_numpy(value: Any) -> npt.NDArray[Any]:
    """The numpy view of a value; every sort of small float (bfloat16, float8) as float32."""
    if _is_torch(value):
        if hasattr(value, "full_tensor"):  # gathering it waits for all processes, and only some may be logging
            raise TypeError("a DTensor is spread over processes; log its .full_tensor(), which all of them must call")
        value = value.detach().cpu()
        if str(value.dtype).startswith(("torch.bfloat16", "torch.float8")):  # numpy has none
            value = value.float()
        if hasattr(value, "resolve_conj"):  # conjugation and negation that torch has put off
            value = value.resolve_conj().resolve_neg()
        return np.asarray(value.numpy())
    if is_masked_array(value):
        return _with_nan(value)
    if isinstance(value, (list, tuple)) and any(map(_is_torch, value)):
        value = [_to_numpy(element) for element in value]
    try:
        array = np.asarray(value)
    except UnicodeDecodeError:  # str beside bytes
        array = np.array(value, dtype=object)
    of_ml_dtypes = array.dtype.kind == "V" and array.dtype.type is not np.void
    return array.astype(np.float32) if of_ml_dtypes else array
