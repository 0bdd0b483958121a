"""The graph of a torch module, traced by torch, as messages for TensorBoard's Graphs page.

The names, kinds, attributes and order of the nodes are those of torch.utils.tensorboard:

    input/x                       an input of the model; the kind of inputs and outputs is "IO Node"
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

PRODUCER = 22
"""The version of TensorFlow's graph format that torch and tensorboardX write."""

_IO = "IO Node"
_GET_ATTR = "prim::GetAttr"
_ROOT = "__module"  # the name of the traced module in torch's scopes


class _Node(NamedTuple):
    """A value of the traced graph, and the operation that computes it."""

    name: str  # the displayed name, with its scope
    op: str
    inputs: list[str]  # names in torch's graph, without a scope
    attributes: str
    shape: list[int] | None  # None if the value is not a tensor, or the shape is unknown


def traced_graph(model: Any, args: Any, verbose: bool, strict: bool) -> tuple[bytes, bytes]:
    """Traces a torch.nn.Module, or a function or module of torch.jit, in evaluation mode; then restores its mode.

    Returns:
        The serialised GraphDef and its serialised RunMetadata.

    Raises:
        ImportError: if torch is not installed.
        TypeError: if a module that must be traced has no arguments.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"logging the graph of a torch module needs torch: {error}", name="torch") from error
    model = getattr(model, "_orig_mod", model)  # the original of a compiled module, which cannot be traced
    if args is None and isinstance(model, torch.nn.Module) and not isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            f"input_to_model must be a tensor, or a tuple of the arguments of {type(model).__name__}, not None: "
            "torch calls the module with it to trace its graph; () is for a module without arguments"
        )
    with _in_evaluation_mode(model):
        trace = torch.jit.trace(model, args, strict=strict)
    graph = trace.graph
    torch._C._jit_pass_inline(graph)
    if verbose:
        sys.stdout.write(f"{graph}\n")
    definition = GraphDef(node=_messages(graph, _Scopes(trace)), versions=VersionDef(producer=PRODUCER))
    # With metadata, the Graphs page can colour nodes by device. Nothing is measured, so it has no nodes.
    metadata = RunMetadata(step_stats=StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")]))
    return definition.SerializeToString(deterministic=True), metadata.SerializeToString()


@contextlib.contextmanager
def _in_evaluation_mode(model: Any) -> Iterator[None]:
    """Sets evaluation mode, and restores the mode of each submodule: some may be frozen in evaluation mode."""
    modes = [(module, module.training) for module in model.modules()] if hasattr(model, "modules") else []
    try:
        for module, _ in modes[:1]:
            module.train(False)
        yield
    finally:
        for module, training in modes:
            module.training = training


class _Scopes:
    """Converts torch's scopes to the names of the Graphs page: ``__module.fc`` to ``Linear[fc]``."""

    def __init__(self, trace: Any) -> None:
        self._root = _class_name(trace)
        modules = trace.named_modules(prefix=_ROOT) if hasattr(trace, "named_modules") else ()  # none for a function
        self._titles = {path: f"{_class_name(module)}[{path.rpartition('.')[2]}]" for path, module in modules}

    def title(self, scope: str) -> str:
        """Returns the displayed scope, below the name of the model's class."""
        parts = [self._titles.get(path, path.rpartition(".")[2]) for path in scope.split("/")]
        return "/".join([self._root, *parts] if any(parts) else [self._root])


def _class_name(module: Any) -> str:
    """Returns the name of the class or function that was traced or scripted."""
    import torch

    if isinstance(module, torch.jit.ScriptFunction):
        return str(module.name)
    attribute = "_name" if isinstance(module, torch.jit.TracedModule) else "original_name"
    return str(getattr(module, attribute, "Module"))


def _messages(graph: Any, scopes: _Scopes) -> Iterator[NodeDef]:
    """Yields the nodes: inputs, outputs, then the operations in order, with one node for each of their outputs."""
    nodes: dict[str, _Node] = {}
    for value in graph.inputs():
        if value.uses() and not _is_module(value):
            name = value.debugName()
            nodes[name] = _Node(f"input/{name}", _IO, [], "", _io_shape(value))
    for number, value in enumerate(graph.outputs(), start=1):
        name = f"output.{number}"
        nodes[name] = _Node(f"output/{name}", _IO, [value.debugName()], "", _io_shape(value))
    names: dict[str, str] = {}  # name in torch's graph -> displayed name; a module's value is named after its user
    for node, scope in _operations(graph):
        title = scopes.title(scope)
        inputs = [value.debugName() for value in node.inputs()]
        names.update((name, f"{title}/{name}") for name in inputs)
        attributes = str({name: getattr(node, node.kindOf(name))(name) for name in node.attributeNames()})
        for value in node.outputs():
            name = value.debugName()
            shape = value.type().sizes() if value.isCompleteTensor() else None
            # TensorBoard's page does not accept single quotes. As in torch, a value with an output's name replaces it.
            nodes[name] = _Node(f"{title}/{name}", node.kind(), inputs, attributes.replace("'", " "), shape)
    names.update((name, node.name) for name, node in nodes.items())
    for node in nodes.values():
        shown = {"attr": AttrValue(s=node.attributes.encode(errors="backslashreplace"))}
        if node.shape is not None:
            shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in node.shape])
            shown["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=[shape]))
        yield NodeDef(name=node.name, op=node.op, input=[names[name] for name in node.inputs], attr=shown)


def _operations(graph: Any) -> Iterator[tuple[Any, str]]:
    """Yields the graph's nodes with their scopes, without the nodes that only look up a submodule.

    torch gives no scope to a node that reads an attribute. Its scope is the path of the attribute, in which every part
    repeats the one before it: ``__module.fc``, then ``__module.fc/__module.fc.weight``.
    """
    paths: dict[str, str] = {}  # the output of such a node -> its scope
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
