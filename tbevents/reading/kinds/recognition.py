"""The rules that read every writer's form of a summary value as one.

TensorFlow 1 (and torch, and tensorboardX) has a field for each kind of value. TensorFlow 2 writes tensors, and the
metadata of the tag's first event in the run say what they mean. The rules are TensorBoard's own (its `data_compat`
modules), widened to what its web server decodes: scalars of any real dtype, of shape [] or [1].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tbevents.errors import TensorError
from tbevents.format.tensors import base_dtype, to_array
from tbevents.proto import DataType, Summary, TensorProto
from tbevents.reading.kinds.kind import FIELD_KINDS, PLUGIN_KINDS

_SINGLE: Final = {DataType.DT_FLOAT, DataType.DT_HALF, DataType.DT_BFLOAT16}
_REAL: Final = _SINGLE | {
    DataType.DT_DOUBLE,
    DataType.DT_INT8,
    DataType.DT_INT16,
    DataType.DT_INT32,
    DataType.DT_INT64,
    DataType.DT_UINT8,
    DataType.DT_UINT16,
    DataType.DT_UINT32,
    DataType.DT_UINT64,
    DataType.DT_BOOL,
}


def kind_of(value: Summary.Value, plugin: str) -> str | None:
    """Returns the name of the kind that a value is of.

    Args:
        value: the value.
        plugin: the plugin that the first event of its tag in the run names; "" if it names none.

    Returns:
        A name from the table of kinds; "tensors" for a tensor that does not have the dtype and shape of its plugin's
        kind. None if the value has nothing but a tag, as torch writes for a video that it could not encode.
    """
    form = value.WhichOneof("value")
    if form in FIELD_KINDS:
        return FIELD_KINDS[form].name
    kind = PLUGIN_KINDS.get(plugin)
    if kind is not None and kind.in_metadata:
        return kind.name
    if form != "tensor":
        return None if form is None else "tensors"
    if kind is not None:
        return kind.name if kind.fits(value.tensor) else "tensors"
    is_scalar = is_one_number(value.tensor) and not value.tensor.tensor_shape.dim
    return "scalars" if not plugin and is_scalar else "tensors"


def is_strings(tensor: TensorProto) -> bool:
    """Whether a tensor holds strings."""
    return base_dtype(tensor) == DataType.DT_STRING


def numbers_of_shape(*shape: int | None) -> Callable[[TensorProto], bool]:
    """Returns a function that tells whether a tensor holds real numbers in this shape, where None is any size."""

    def fits(tensor: TensorProto) -> bool:
        dims = tensor.tensor_shape.dim
        return (
            base_dtype(tensor) in _REAL
            and len(dims) == len(shape)
            and all(dim.size == wanted for dim, wanted in zip(dims, shape, strict=True) if wanted is not None)
        )

    return fits


def is_one_number(tensor: TensorProto) -> bool:
    """Whether a tensor holds a single real number, in any rank."""
    shape = tensor.tensor_shape
    return base_dtype(tensor) in _REAL and not shape.unknown_rank and all(dim.size == 1 for dim in shape.dim)


def scalar_of_tensor(tensor: TensorProto) -> tuple[float, bool]:
    """Returns the number in a tensor of one element.

    Returns:
        The number, an int if float64 does not hold it (beyond 2**53); and whether it needs float64 (a double or an
        integer) rather than float32.

    Raises:
        TensorError: if the tensor is inconsistent, or does not have exactly one element.
    """
    array = to_array(tensor)
    if array.size != 1:
        raise TensorError(f"a scalar has one element, this tensor has {array.size}")
    number: float = float(array.reshape(()))
    if array.dtype.kind in "iu" and int(array.reshape(())) != number:
        number = int(array.reshape(()))
    return number, base_dtype(tensor) not in _SINGLE
