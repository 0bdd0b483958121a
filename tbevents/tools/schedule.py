"""Schedule: computes the rates of a learning-rate schedule given by name and arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents import lr_scheduler
from tbevents.errors import UnknownNameError
from tbevents.format.values import whole
from tbevents.lr_scheduler import LRScheduler, ParamGroups

_NEED_CODE: Final = {
    "LambdaLR": "a function",
    "MultiplicativeLR": "a function",
    "ChainedScheduler": "other schedulers",
    "SequentialLR": "other schedulers",
    "ReduceLROnPlateau": "metrics",
    "LRRangeTest": "losses",
}
"""Schedulers that need more than numbers and words, and what they need."""

SCHEDULES: Final = tuple(
    name
    for name, kind in inspect.getmembers(lr_scheduler, inspect.isclass)
    if issubclass(kind, LRScheduler) and name not in {*_NEED_CODE, "LRScheduler", "_LRScheduler"}
)
"""The schedulers that can be computed from numbers and words."""

_DEFAULT_LR: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleCurve:
    """The rates of a schedule.

    Attributes:
        name: the name of the scheduler.
        steps: int64, shape (n,), from 0.
        rates: float64, shape (n,).
    """

    name: str
    steps: NDArray[np.int64]
    rates: NDArray[np.float64] = field(repr=False)


def compute_schedule(name: str, steps: int, arguments: Mapping[str, Any] | None = None) -> ScheduleCurve:
    """Computes the rates of a schedule from step 0.

    Args:
        name: the name of a scheduler in `SCHEDULES`; case does not matter.
        steps: the number of steps.
        arguments: the scheduler's arguments by name, without the optimizer; and ``lr``, the initial rate (0.1).

    Raises:
        UnknownNameError: if the scheduler is unknown; the message names the nearest.
        ValueError: if the scheduler needs more than numbers and words; if an argument is missing, unknown or out of
            range; or if `steps` is below 1.
        TypeError: if `steps` is not a whole number.
    """
    steps = whole("steps", steps, least=1)
    scheduler = make_scheduler(name, arguments)
    rates = scheduler.schedule(np.arange(steps))[:, 0]
    return ScheduleCurve(type(scheduler).__name__, np.arange(steps, dtype=np.int64), rates)


def make_scheduler(name: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Makes a scheduler of one parameter group; arguments and errors are those of `compute_schedule`."""
    known = {each.lower(): each for each in (*SCHEDULES, *_NEED_CODE)}
    if name.lower() not in known:
        raise UnknownNameError("schedule", name, SCHEDULES)
    name = known[name.lower()]
    if name in _NEED_CODE:
        raise ValueError(f"{name} needs {_NEED_CODE[name]}, which only a script can provide")
    keywords = dict(arguments or {})
    lr = keywords.pop("lr", _DEFAULT_LR)
    if isinstance(lr, bool) or not isinstance(lr, (int, float)):
        raise ValueError(f"lr must be a number, not {lr!r}")
    kind: Any = getattr(lr_scheduler, name)
    accepted = [each for each in inspect.signature(kind).parameters if each not in _HIDDEN]
    unknown = [key for key in keywords if key not in accepted]
    if unknown:
        raise ValueError(f"{name} has no argument {unknown[0]!r}; its arguments: lr, {', '.join(accepted)}")
    try:
        # Some schedulers cycle the momentum, so the optimizer needs one; the result ignores it.
        scheduler = kind(ParamGroups(lr, momentum=0.9), **keywords)
        scheduler.schedule(np.arange(1))  # some arguments are first used here
    except TypeError as error:
        raise ValueError(f"{name}: {_plain(error, name)}; its arguments: lr, {', '.join(accepted)}") from None
    except OverflowError:
        large = [key for key, value in keywords.items() if isinstance(value, int) and not -(2**63) <= value < 2**63]
        raise ValueError(f"{name}: {', '.join(large) or 'an argument'} is too large") from None
    return scheduler


_HIDDEN: Final = frozenset({"optimizer", "writer", "tag", "last_epoch"})


def _plain(error: TypeError, name: str) -> str:
    """Returns the message of a TypeError without the constructor's name."""
    return str(error).removeprefix(f"{name}.__init__() ").removeprefix("__init__() ")
