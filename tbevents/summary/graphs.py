"""Graphs: a serialised GraphDef from a torch module, an ONNX model or an existing GraphDef."""

from __future__ import annotations

import os
from typing import Any

from tbevents.format.event import UNDECODABLE
from tbevents.proto import AttrValue, DataType, GraphDef, NodeDef, TensorShapeProto, VersionDef
from tbevents.summary.torch_graph import PRODUCER, traced_graph


def graph(
    model: Any, args: Any = None, verbose: bool = False, use_strict_trace: bool = True
) -> tuple[bytes, bytes | None]:
    """Returns a model's GraphDef and, for a module, its RunMetadata, serialised: see `SummaryWriter.add_graph`.

    Raises:
        ImportError: if the model is a module and torch is not installed.
        TypeError, ValueError: if the model is neither a graph nor a module.
    """
    if isinstance(model, (bytes, bytearray, memoryview)):
        return _checked(bytes(model)), None
    if hasattr(model, "SerializeToString"):
        return _checked(model.SerializeToString()), None
    if not hasattr(model, "forward") and not hasattr(model, "graph"):
        raise TypeError(f"model must be a torch module or a GraphDef, not {type(model).__name__}")
    return traced_graph(model, args, verbose, use_strict_trace)


def onnx_graph(model: Any) -> bytes:
    """Returns the graph of an ONNX model, given as a path or a loaded ModelProto, as a serialised GraphDef.

    Inputs and outputs are variables; the other nodes have their attributes as text.

    Raises:
        ImportError: if the onnx package is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("logging the graph of an ONNX model needs onnx: pip install onnx", name="onnx") from error
    if isinstance(model, (str, os.PathLike)):
        model = onnx.load(os.fspath(model), load_external_data=False)
    nodes = [
        NodeDef(
            name=value.name,
            op="Variable",
            attr={
                "dtype": AttrValue(type=_ONNX_TYPES.get(value.type.tensor_type.elem_type, DataType.DT_INVALID)),
                "shape": AttrValue(
                    shape=TensorShapeProto(
                        dim=[TensorShapeProto.Dim(size=dim.dim_value) for dim in value.type.tensor_type.shape.dim]
                    )
                ),
            },
        )
        for value in [*model.graph.input, *model.graph.output]
    ]
    for node in model.graph.node:
        parameters = ", ".join(map(onnx.helper.printable_attribute, node.attribute))
        nodes.append(
            NodeDef(
                name=node.output[0] if node.output else node.name,
                op=node.op_type,
                input=node.input,
                attr={"parameters": AttrValue(s=parameters.encode())},
            )
        )
    return GraphDef(node=nodes, versions=VersionDef(producer=PRODUCER)).SerializeToString(deterministic=True)


_ONNX_TYPES = {
    1: DataType.DT_FLOAT,
    2: DataType.DT_UINT8,
    3: DataType.DT_INT8,
    4: DataType.DT_UINT16,
    5: DataType.DT_INT16,
    6: DataType.DT_INT32,
    7: DataType.DT_INT64,
    8: DataType.DT_STRING,
    9: DataType.DT_BOOL,
    10: DataType.DT_HALF,
    11: DataType.DT_DOUBLE,
    12: DataType.DT_UINT32,
    13: DataType.DT_UINT64,
    14: DataType.DT_COMPLEX64,
    15: DataType.DT_COMPLEX128,
    16: DataType.DT_BFLOAT16,
}  # onnx.TensorProto.DataType -> ours


def _checked(serialised: bytes) -> bytes:
    try:
        GraphDef.FromString(serialised)
    except UNDECODABLE as error:
        raise ValueError(f"model: {len(serialised)} bytes that are not a GraphDef: {error}") from None
    return serialised
