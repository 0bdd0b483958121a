"""The rules that read every writer's form of a summary value as one.

TensorFlow 1 (and torch, and tensorboardX) has a field for each kind of value; TensorFlow 2 writes tensors, and the
metadata of the tag's first event in the run says what they mean. The rules are TensorBoard's own (its `data_compat`
modules), widened to what its web server decodes: scalars of any real dtype, of shape [] or [1].
"""

from __future__ import annotations

from typing import Final

from tbevents.errors import TensorError
from tbevents.format.tensors import to_array
from tbevents.proto import DataType, Summary, TensorProto

__all__ = ["KINDS", "kind_of", "scalar_of_tensor"]

KINDS: Final = (
    "scalars",
    "histograms",
    "images",
    "audio",
    "texts",
    "pr_curves",
    "meshes",
    "hparams",
    "custom_scalars",
    "graphs",
    "tensors",
)
"""The kinds of values, by the names that a run's mappings have; "tensors" is what no other rule knows."""

_OF_FIELD: Final = {"simple_value": "scalars", "histo": "histograms", "image": "images", "audio": "audio"}

_OF_PLUGIN: Final = {
    "scalars": "scalars",
    "histograms": "histograms",
    "images": "images",
    "audio": "audio",
    "text": "texts",
    "pr_curves": "pr_curves",
    "mesh": "meshes",
    "hparams": "hparams",
    "custom_scalars": "custom_scalars",
    "graph_run_metadata": "graphs",
    "graph_run_metadata_graph": "graphs",
    "graph_keras_model": "graphs",
}

_REF: Final = 100  # a reference dtype is this much more than its base
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

_STRINGS: Final = {"images", "audio", "texts", "custom_scalars", "graphs"}
_SHAPES: Final[dict[str, tuple[int | None, ...]]] = {
    "histograms": (None, 3),
    "pr_curves": (6, None),
    "meshes": (None, None, 3),
}
"""Of the kinds whose values are tensors of numbers; None is any size."""


def kind_of(value: Summary.Value, plugin: str) -> str | None:
    """What a value is.

    Args:
        value: the value.
        plugin: the plugin that the first event of its tag in the run names; "" where it names none.

    Returns:
        One of `KINDS`; None where there is nothing but a tag, as torch writes for a video that it could not encode. A
        tensor that is not what its plugin wants is one of "tensors".
    """
    form = value.WhichOneof("value")
    if form in _OF_FIELD:
        return _OF_FIELD[form]
    kind = _OF_PLUGIN.get(plugin, "tensors")
    if kind == "hparams":  # all is in the metadata
        return kind
    if form != "tensor":
        return None if form is None else "tensors"
    if kind == "scalars" or not plugin:
        return "scalars" if _is_real_scalar(value.tensor, any_rank=kind == "scalars") else "tensors"
    return kind if _fits(value.tensor, kind) else "tensors"


def _fits(tensor: TensorProto, kind: str) -> bool:
    """Whether a tensor has the type, and as far as it says so the shape, that values of a kind have."""
    dtype = tensor.dtype % _REF
    if kind in _STRINGS:
        return dtype == DataType.DT_STRING
    if kind not in _SHAPES:
        return True
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    expected = _SHAPES[kind]
    return (
        dtype in _REAL
        and len(shape) == len(expected)
        and all(size == wanted for size, wanted in zip(shape, expected, strict=True) if wanted is not None)
    )


def scalar_of_tensor(tensor: TensorProto) -> tuple[float, bool]:
    """The number in a tensor of one element.

    Returns:
        The number, an int where float64 does not hold it (beyond 2**53); and whether it needs float64 (a double or an
        integer) rather than float32.

    Raises:
        TensorError: the tensor is inconsistent, or has not exactly one element.
    """
    array = to_array(tensor)
    if array.size != 1:
        raise TensorError(f"a scalar has one element, this tensor has {array.size}")
    number: float = float(array.reshape(()))
    if array.dtype.kind in "iu" and int(array.reshape(())) != number:
        number = int(array.reshape(()))
    return number, tensor.dtype % _REF not in _SINGLE


def _is_real_scalar(tensor: TensorProto, *, any_rank: bool) -> bool:
    """Whether a tensor holds one real number; of a rank of 0, or of a single element in any rank."""
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    one = all(size == 1 for size in sizes) if any_rank else not sizes
    return tensor.dtype % _REF in _REAL and one and not tensor.tensor_shape.unknown_rank
