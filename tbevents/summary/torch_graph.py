"""The graph of a torch module, traced by torch, as the messages that TensorBoard's Graphs page reads.

The names, kinds, attributes and order of the nodes are those of torch.utils.tensorboard:

    input/x                       an input of the model; the kind is "IO Node", and so for outputs
    output/output.1               an output
    Net/Linear[fc]/12             an operation in the submodule `fc`: the class, the attribute, the value's name
    Net/Linear[fc]/weight/weight  a parameter, read by prim::GetAttr
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from tbevents.proto import (
    AttrValue,
    DeviceStepStats,
    GraphDef,
    NodeDef,
    RunMetadata,
    StepStats,
    TensorShapeProto,
    VersionDef,
)

__all__ = ["PRODUCER", "traced_graph"]

PRODUCER = 22
"""The version of TensorFlow's graphs that torch and tensorboardX say they write."""

_IO = "IO Node"
_GET_ATTR = "prim::GetAttr"
_ROOT = "__module"  # how torch's scopes name the module that is traced


class _Node(NamedTuple):
    """A value of the traced graph, and what made it."""

    name: str  # the one that is shown, with its scope
    op: str
    inputs: list[str]  # names in torch's graph, without a scope
    attributes: str
    shape: list[int] | None  # None where it is no tensor, or not known


def traced_graph(model: Any, args: Any, verbose: bool, strict: bool) -> tuple[bytes, bytes]:
    """Traces a module and describes its graph. The module is traced in evaluation mode, and left in the mode it was in.

    Args:
        model: a torch.nn.Module, or a function or module of torch.jit.
        args: what it is called with.
        verbose: print the traced graph.
        strict: torch.jit.trace's argument.

    Returns:
        The bytes of the GraphDef and those of its RunMetadata.

    Raises:
        ImportError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"the graph of a torch module needs torch, which traces it: {error}", name="torch") from error
    model = getattr(model, "_orig_mod", model)  # the module that torch.compile wrapped: it cannot be traced itself
    with _in_evaluation_mode(model):
        trace = torch.jit.trace(model, args, strict=strict)
    graph = trace.graph
    torch._C._jit_pass_inline(graph)
    if verbose:
        sys.stdout.write(f"{graph}\n")
    definition = GraphDef(node=_messages(graph, _Scopes(trace)), versions=VersionDef(producer=PRODUCER))
    # The Graphs page offers a run with metadata for colouring by device; nothing is measured, so there are no nodes.
    metadata = RunMetadata(step_stats=StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")]))
    return definition.SerializeToString(deterministic=True), metadata.SerializeToString()


@contextlib.contextmanager
def _in_evaluation_mode(model: Any) -> Iterator[None]:
    """Puts back the mode of each submodule: some may be frozen in evaluation mode."""
    modes = [(module, module.training) for module in model.modules()] if hasattr(model, "modules") else []
    try:
        for module, _ in modes[:1]:
            module.train(False)
        yield
    finally:
        for module, training in modes:
            module.training = training


class _Scopes:
    """Turns torch's scopes into the names of the Graphs page: ``__module.fc`` into ``Linear[fc]``."""

    def __init__(self, trace: Any) -> None:
        self._root = _class_name(trace)
        modules = trace.named_modules(prefix=_ROOT) if hasattr(trace, "named_modules") else ()  # a function has none
        self._titles = {path: f"{_class_name(module)}[{path.rpartition('.')[2]}]" for path, module in modules}

    def title(self, scope: str) -> str:
        """The scope as it is shown, below the model's own class."""
        parts = [self._titles.get(path, path.rpartition(".")[2]) for path in scope.split("/")]
        return "/".join([self._root, *parts] if any(parts) else [self._root])


def _class_name(module: Any) -> str:
    """The name of the class that was traced or scripted, or of the function."""
    import torch

    if isinstance(module, torch.jit.ScriptFunction):
        return str(module.name)
    attribute = "_name" if isinstance(module, torch.jit.TracedModule) else "original_name"
    return str(getattr(module, attribute, "Module"))


def _messages(graph: Any, scopes: _Scopes) -> Iterator[NodeDef]:
    """The nodes: inputs, outputs, then the operations in their order, one for each value that they make."""
    nodes: dict[str, _Node] = {}
    for value in graph.inputs():
        if value.uses() and not _is_module(value):
            name = value.debugName()
            nodes[name] = _Node(f"input/{name}", _IO, [], "", _io_shape(value))
    for number, value in enumerate(graph.outputs(), start=1):
        name = f"output.{number}"
        nodes[name] = _Node(f"output/{name}", _IO, [value.debugName()], "", _io_shape(value))
    names: dict[str, str] = {}  # in torch's graph -> shown: of a module's value, that no node is made for, by its user
    for node, scope in _operations(graph):
        title = scopes.title(scope)
        inputs = [value.debugName() for value in node.inputs()]
        names.update((name, f"{title}/{name}") for name in inputs)
        attributes = str({name: getattr(node, node.kindOf(name))(name) for name in node.attributeNames()})
        for value in node.outputs():
            name = value.debugName()
            shape = value.type().sizes() if value.isCompleteTensor() else None
            # TensorBoard's page takes no single quotes. As in torch, a value that has an output's name replaces it.
            nodes[name] = _Node(f"{title}/{name}", node.kind(), inputs, attributes.replace("'", " "), shape)
    names.update((name, node.name) for name, node in nodes.items())
    for node in nodes.values():
        shown = {"attr": AttrValue(s=node.attributes.encode(errors="backslashreplace"))}
        if node.shape is not None:
            shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in node.shape])
            shown["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=[shape]))
        yield NodeDef(name=node.name, op=node.op, input=[names[name] for name in node.inputs], attr=shown)


def _operations(graph: Any) -> Iterator[tuple[Any, str]]:
    """The graph's nodes with their scopes, without those that only look up a submodule.

    A node that reads an attribute has no scope of torch's. It gets the path of its attribute, in which every step
    repeats the one before it: ``__module.fc``, then ``__module.fc/__module.fc.weight``.
    """
    paths: dict[str, str] = {}  # the value that such a node makes -> its scope
    for node in graph.nodes():
        if node.kind() != _GET_ATTR:
            yield node, node.scopeName()
            continue
        attribute, value, parent = node.s("name"), node.output(), node.input().node()
        if parent.kind() == _GET_ATTR:
            above = paths[parent.output().debugName()]
            path = f"{above}/{above.rpartition('/')[2]}.{attribute}"
        else:
            path = f"{_ROOT}.{attribute}"
        paths[value.debugName()] = path
        if not _is_module(value):
            yield node, path


def _is_module(value: Any) -> bool:
    return bool(value.type().kind() == "ClassType")


def _io_shape(value: Any) -> list[int] | None:
    try:
        sizes: list[int] | None = value.type().sizes()
    except RuntimeError:  # a list, a dict, a number
        return [1]
    return sizes
