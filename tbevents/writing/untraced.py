"""Decorators for functions that `torch.compile` must run without tracing them.

torch's compiler, dynamo, traces the calls of a step that it compiles. A writer's work (locks, files, protobuf, numpy)
cannot be part of a graph: a call breaks the graph, and the method runs as in a step that is not compiled, with actual
numbers and tensors. This module never imports torch: if torch is not loaded, nothing is compiled.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

# The attributes that torch.compiler.disable sets on its wrapper: one for dynamo, and what dynamo says of a break there.
_MARK, _REASON = "_torchdynamo_disable", "_torchdynamo_disable_msg"
_PACKAGE = __name__.partition(".")[0]


def graph_break(function: Callable[P, R]) -> Callable[P, R]:
    """Marks a function that dynamo must not trace into. Calls of it are not slower.

    Dynamo may still compile the body of the function, unless `leave_to_python` was called before.
    """
    setattr(function, _MARK, True)
    setattr(function, _REASON, "tbevents logs with actual numbers, outside the graph")
    return function


def untraced(function: Callable[P, R]) -> Callable[P, R]:
    """Wraps a function so that dynamo traces neither it nor the functions it calls, like `torch.compiler.disable`.

    It also works if torch is imported later. The wrapper costs a tenth of a microsecond.
    """
    disabled: Callable[P, R] | None = None

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal disabled
        try:  # dynamo does not compile a frame with a graph break inside a `try`
            if disabled is None and (disable := leave_to_python()) is not None:
                disabled = disable(function)
            return (disabled or function)(*args, **kwargs)
        except BaseException:
            raise

    return graph_break(call)


def untraced_methods(cls: C) -> C:
    """Applies `untraced` to all public methods of a class, except those that are already marked."""
    for name, value in list(vars(cls).items()):
        if isinstance(value, FunctionType) and not name.startswith("_") and not hasattr(value, _MARK):
            setattr(cls, name, untraced(value))
    return cls


def leave_to_python() -> Callable[[Callable[P, R]], Callable[P, R]] | None:
    """Tells dynamo, if it is loaded, not to trace functions of this package.

    Returns:
        `torch.compiler.disable`, to be applied to functions of other packages; None if dynamo is not loaded.
    """
    dynamo = sys.modules.get("torch._dynamo")
    if dynamo is None:
        return None
    rules = sys.modules.get("torch._dynamo.trace_rules")
    add = getattr(rules, "add", None)  # None while another thread is importing the module
    if add is not None and rules not in _told:
        _told.add(rules)
        add(_PACKAGE)
    return getattr(dynamo, "disable", None)


_told: Final[set[Any]] = set()  # the modules of rules that this package was added to
