"""What `torch.compile` runs as it is instead of tracing it.

torch's compiler, dynamo, follows the calls of a step that it compiles. A writer's work (locks, files, protobuf, numpy)
makes no graph: a call of it breaks the graph, and the method runs as in a step that is not compiled, with real numbers
and tensors. torch is never imported here: only what is loaded already can be compiling.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, ParamSpec, TypeVar

__all__ = ["graph_break", "leave_to_python", "untraced", "untraced_methods"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

_MARK = "_torchdynamo_disable"  # what torch.compiler.disable sets on its wrapper, and dynamo looks for
_PACKAGE = __name__.partition(".")[0]


def graph_break(function: Callable[P, R]) -> Callable[P, R]:
    """Marks a function that dynamo must not trace into; a call of it costs what it did before.

    Dynamo may still compile the function's own body, unless `leave_to_python` was called before.
    """
    setattr(function, _MARK, True)
    return function


def untraced(function: Callable[P, R]) -> Callable[P, R]:
    """Wraps a function so that dynamo traces neither it nor anything that it calls, as `torch.compiler.disable` does.

    It works for torch that is imported later, too. The wrapper costs a tenth of a microsecond.
    """
    disabled: Callable[P, R] | None = None

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal disabled
        try:  # dynamo gives up a frame with a graph break in a `try`, and runs it as it is
            if disabled is None and (disable := leave_to_python()) is not None:
                disabled = disable(function)
            return (disabled or function)(*args, **kwargs)
        except BaseException:
            raise

    return graph_break(call)


def untraced_methods(cls: C) -> C:
    """Wraps all public methods of a class as `untraced` does, but for those that are marked already."""
    for name, value in list(vars(cls).items()):
        if isinstance(value, FunctionType) and not name.startswith("_") and not hasattr(value, _MARK):
            setattr(cls, name, untraced(value))
    return cls


def leave_to_python() -> Callable[[Callable[P, R]], Callable[P, R]] | None:
    """Tells dynamo, if it is loaded, to trace no function of this package.

    Returns:
        `torch.compiler.disable`, for the functions of other packages that are called; None if dynamo is not loaded.
    """
    dynamo = sys.modules.get("torch._dynamo")
    if dynamo is None:
        return None
    rules = sys.modules.get("torch._dynamo.trace_rules")
    add = getattr(rules, "add", None)  # None while another thread is amid importing it
    if add is not None and rules not in _told:
        _told.add(rules)
        add(_PACKAGE)
    return getattr(dynamo, "disable", None)


_told: Final[set[Any]] = set()  # the modules of rules that know of this package
