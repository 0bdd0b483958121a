"""The base class of the schedulers: rates, state, steps and logging."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbevents.callers import warn_caller
from tbevents.format.values import checked_text
from tbevents.lr_scheduler.emission import PendingPoint, ScalarWriter, check_writer, points_of, write_points
from tbevents.lr_scheduler.formulas import check_last_epoch, checked_epoch
from tbevents.lr_scheduler.param_groups import (
    OptimizerLike,
    ParamGroups,
    check_mapping,
    check_optimizer,
    rate_of,
    store,
)
from tbevents.lr_scheduler.step_order import StepOrder

PACKAGE = __name__.rpartition(".")[0] + "."
"""The beginning of the module names of this package's own schedulers."""

# `_SHOWN` of all classes: a state with one of these that a scheduler does not have is of another kind.
_SHOWN_BY_ANY: set[str] = set()


class LRScheduler:
    """Base class of the schedulers: counts epochs and sets the rates of an optimizer's groups.

    A subclass defines `get_lr()`, which returns a list with the rate of each group for `last_epoch`. As in PyTorch, it
    may use `base_lrs` or the current rates of the groups. The optimizer's methods are never patched.

    Args:
        optimizer: any object with `param_groups`.
        last_epoch: the index of the last finished epoch; -1 for a fresh start. When resuming, each group must have
            "initial_lr", and the constructor moves to ``last_epoch + 1``.
        writer: logs the rates at step `last_epoch`: any object with ``add_scalar(tag, value, step)``. The initial rate
            is logged by the first `step()` or `emit()`, so that a run restored by `load_state_dict` repeats no point.
            The writer is not part of the state, of a pickle or of a copy.
        tag: the tag of the rate. With several groups, the tags are ``tag/0``, ``tag/1``, or end in each group's "name".
            A cycled momentum is logged as ``tag/momentum``.

    Logging does not affect the optimizer: `step()` first sets the rates, then logs the points. An exception of the
    writer is raised at the end, after the scheduler's state is complete and each point was passed to the writer once.
    Points that an interrupt left unwritten are logged by the next `step()` or `emit()`.

    Attributes:
        optimizer: the argument.
        last_epoch: the epoch of the current rates.
        base_lrs: the initial rate of each group.

    Raises:
        TypeError: if `optimizer` has no `param_groups`, or another argument has the wrong type.
        ValueError: if `param_groups` is empty, or `last_epoch` is below -1.
        KeyError: if a group has no "lr", or no "initial_lr" when resuming.
    """

    # The watch of the optimizer's steps is not in __dict__: subclasses written for PyTorch save that as their state.
    __slots__ = ("__dict__", "__weakref__", "_step_order")

    # The attributes that state_dict() leaves out.
    _UNSAVED: ClassVar[frozenset[str]] = frozenset(
        {"optimizer", "_writer", "_tag", "_emitted", "_due", "_held", "_rates_for"}
    )

    # The attributes that the repr shows (without a leading underscore), and by which a state is recognised as one of
    # this kind of scheduler.
    _SHOWN: ClassVar[tuple[str, ...]] = ()

    last_epoch: int
    base_lrs: list[float]
    _last_lr: list[float]
    _step_count = 0
    # Two flags of PyTorch, which subclasses written for PyTorch may read.
    _is_initial = False
    _get_lr_called_within_step = False
    _epoch_is_deprecated = True
    _writer: ScalarWriter | None = None
    _tag = "lr"
    # The epoch of the last point written by this scheduler or by the restored run; None before the first.
    _emitted: float | None = None
    # The points to be written next.
    _due: Sequence[PendingPoint] = ()
    # If True, the composed scheduler that contains this one writes them.
    _held = False
    # The epoch of the groups' current rates; None while they are being computed.
    _rates_for: float | None = None
    # If True, the first `step` warns if the optimizer has not stepped, as in PyTorch.
    _checks_order: ClassVar[bool] = True
    # The watch; absent after the check, and from copies and pickles.
    _step_order: StepOrder

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        _SHOWN_BY_ANY.update(cls._SHOWN)

    def __init__(
        self,
        optimizer: OptimizerLike,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        check_optimizer(optimizer)
        check_last_epoch(last_epoch)
        check_writer(writer)
        self._tag = checked_text(tag)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", float(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    f"last_epoch >= 0, here {last_epoch}: load the optimizer's state first"
                )
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._get_lr_called_within_step = False
        self._initial_step()
        self._writer = writer
        if self._checks_order:
            self._step_order = StepOrder(optimizer)

    @property
    def writer(self) -> ScalarWriter | None:
        """The writer that logs the points; may be set at any time."""
        return self._writer

    @writer.setter
    def writer(self, writer: ScalarWriter | None) -> None:
        self._writer = check_writer(writer)

    @property
    def tag(self) -> str:
        """The tag of the rate; may be set at any time."""
        return self._tag

    @tag.setter
    def tag(self, tag: str) -> None:
        self._tag = checked_text(tag)

    def step(self, epoch: float | None = None) -> None:
        """Moves to the next epoch: sets its rates in the groups, and logs them if there is a writer.

        Args:
            epoch: deprecated, as in PyTorch, with a warning: the epoch to move to, by the closed form if there is one.

        Raises:
            TypeError: if `epoch` is not a number.
            ValueError: if `epoch` is negative, not finite, or beyond the end of the schedule. The epoch and
                the rates are unchanged then.
        """
        if epoch is not None:
            epoch = checked_epoch(epoch)
        if self._step_count == 1 and not self._is_initial:
            self._end_watch(check=True)
        writing = not self._is_initial
        initial = self._initial_points() if writing else ()
        self._step_count += 1
        if epoch is not None and self._epoch_is_deprecated:
            warn_of_epoch()
        self._update_lr(epoch)
        if writing:
            self._emit(initial)

    def get_lr(self) -> list[float]:
        """Returns the rates of the current epoch, one for each group."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr()")

    def get_last_lr(self) -> list[float]:
        """Returns the rates that this scheduler set last, one for each group."""
        return list(self._last_lr)

    def emit(self) -> None:
        """Logs the points of the current epoch, unless they are already logged."""
        if self._emitted != self.last_epoch and self.last_epoch >= 0:
            self._emit()
        else:
            self._write_due()

    def schedule(self, steps: ArrayLike) -> NDArray[np.float64]:
        """Returns the rates of the schedule from its start, without changing anything.

        Args:
            steps: the epochs, from 0, in any order; shape (n,).

        Returns:
            The rates, float64 of shape (n, groups).

        Raises:
            ValueError: if a step is negative, or the schedule has no closed form and a step is not a whole number.
        """
        wanted = np.asarray(steps)
        if wanted.ndim != 1:
            raise ValueError(f"steps must have one dimension, such as range(5), not {steps!r}")
        if not wanted.size:
            return np.empty((0, len(self.optimizer.param_groups)))
        if wanted.dtype.kind not in "iuf" or not wanted.min() >= 0:
            raise ValueError(f"steps must be numbers, 0 or more, that fit in 64 bits, not {steps!r}")
        return self._evaluate(wanted)

    def state_dict(self) -> dict[str, Any]:
        """Returns the state, with PyTorch's keys: every attribute except the optimizer and the writer."""
        return self._saved(self.__dict__)

    def _saved(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: copy.copy(value) if isinstance(value, (list, dict)) else value
            for key, value in attributes.items()
            if key not in self._UNSAVED
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restores a state returned by `state_dict()`, of this package or of PyTorch.

        If a group still has the rate that this scheduler set last, it gets the last rate of the state, so that the
        scheduler's state is enough to resume. A group whose rate was set by something else, such as the optimizer's
        restored state, is not changed.

        Raises:
            TypeError: if it is not a mapping.
            ValueError: if it is not a state of this kind of scheduler, or has more groups than the optimizer.
        """
        check_mapping("state_dict", state_dict)
        self._check_state(state_dict)
        groups = self.optimizer.param_groups
        untouched = [rate_of(group) == own for group, own in zip(groups, self._own_rates(), strict=False)]
        self._load(state_dict)
        for group, fresh, own in zip(groups, untouched, self._own_rates(), strict=False):
            if fresh:
                store(group, "lr", own)
        self._restore_momentum(untouched)
        self._mark_restored()

    def __repr__(self) -> str:
        try:
            parts = [f"{name.lstrip('_')}={self._shown(name)}" for name in self._SHOWN]
            parts += [f"epoch {self.last_epoch}", f"lr {self._current_rates()}"]
        except (AttributeError, KeyError):  # not fully constructed, or without its groups
            return object.__repr__(self)
        return f"{type(self).__name__}({', '.join(parts)})"

    def _shown(self, name: str) -> str:
        return repr(getattr(self, name))

    def _initial_step(self) -> None:
        """Sets the rates of the first epoch. SequentialLR, ours or PyTorch's, calls this on its schedulers."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _end_watch(self, *, check: bool) -> None:
        """Stops watching the optimizer's steps, and warns if there were none and `check` is True."""
        order = getattr(self, "_step_order", None)
        if order is not None:
            del self._step_order
            order.end(check=check)

    def _update_lr(self, epoch: float | None = None) -> None:
        """Moves to an epoch, by default the next, without counting a step or logging a point."""
        self._rates_for = None
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self._advance()
                values = self.get_lr()
            else:
                values = self._rates_after(epoch)
        finally:
            self._get_lr_called_within_step = False
        self._set_rates(values)

    def _rates_after(self, epoch: float) -> Any:
        """Moves to an epoch and returns its rates. If they cannot be computed, it stays at the epoch before."""
        before = self.last_epoch
        try:
            self._go_to(epoch)
            return getattr(self, "_get_closed_form_lr", self.get_lr)()
        except Exception:
            self.last_epoch = self._rates_for = before
            raise

    def _advance(self) -> None:
        self.last_epoch += 1

    def _go_to(self, epoch: float) -> None:
        self.last_epoch = epoch  # type: ignore[assignment]  # the caller may give a fractional epoch

    def _set_rates(self, values: Any) -> None:
        groups = self.optimizer.param_groups
        if not hasattr(values, "__getitem__"):
            if not isinstance(values, Iterable):
                raise TypeError(
                    f"{type(self).__name__}.get_lr() must return a list with a rate for each group, not {values!r}"
                )
            values = list(values)
        if len(values) != len(groups):
            raise ValueError(
                f"{type(self).__name__} has {len(values)} rates for the {len(groups)} groups of the optimizer"
            )
        last = []
        i = 0
        for group in groups:
            value = values[i]
            i += 1  # noqa: SIM113 - an index of one's own is a third faster than enumerate here
            if type(value) is float and type(group["lr"]) is float:
                group["lr"] = value
            else:
                value = store(group, "lr", value)
            last.append(value)
        self._last_lr = last
        self._rates_for = self.last_epoch

    def _own_rates(self) -> list[float]:
        """Returns the rates that this scheduler set last, or the last rates of the loaded state."""
        return self._last_lr

    def _current_rates(self) -> list[float]:
        return [rate_of(group) for group in self.optimizer.param_groups]

    def _evaluate(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        """Computes `schedule` without a closed form, by stepping a copy."""
        if (steps % 1).any():
            raise ValueError(f"{type(self).__name__} can be evaluated at whole steps only")
        twin = self._twin()
        rows = [twin._current_rates()]
        for _ in range(int(steps.max())):
            twin.step()
            rows.append(twin._current_rates())
        return np.asarray(rows, dtype=np.float64)[steps.astype(np.int64)]

    def _twin(self) -> LRScheduler:
        """Returns a copy of this scheduler at the start of its schedule, with its own groups."""
        groups = ParamGroups(lr=0.0)
        groups.param_groups = [
            {key: value for key, value in group.items() if key != "params"}
            | {"lr": float(group.get("initial_lr", group["lr"]))}
            for group in self.optimizer.param_groups
        ]
        twin = copy.deepcopy(self, {id(self.optimizer): groups})
        twin._rewind()
        return twin

    def _rewind(self) -> None:
        self.last_epoch = -1
        self._initial_step()

    def _check_state(self, state_dict: Mapping[str, Any]) -> None:
        """Raises ValueError unless it is a state of this kind of scheduler, of no more groups than there are."""
        # A whole state has "_last_lr"; in one that was put together by hand the rest stays as it is.
        for key in ("last_epoch", *(self._SHOWN if "_last_lr" in state_dict else ())):
            if key in self.__dict__ and key not in state_dict:
                raise not_a_state(self, f"it lacks {key!r}", state_dict)
        # Any other key may be one of another version of PyTorch, or an attribute that a user has added.
        for key in state_dict if type(self).__module__.startswith(PACKAGE) else ():
            if key in _SHOWN_BY_ANY and key not in self.__dict__:
                raise not_a_state(self, f"it has {key!r}", state_dict)
        saved, groups = len(state_dict.get("base_lrs", ())), len(self.optimizer.param_groups)
        if saved > groups:
            raise ValueError(f"the state is of {saved} groups, the optimizer has {groups}")

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        """Take up a state, which `_check_state` has passed, without touching the groups."""
        state = self._saved(state_dict)
        for key in ("_last_lr", "base_lrs"):
            if key in state:
                state[key] = [float(value) for value in state[key]]
        self.__dict__.update(state)

    def _restore_momentum(self, untouched: Sequence[bool]) -> None:
        """Sets the momentum of the groups that `load_state_dict` found untouched, if it is cycled."""

    def _mark_restored(self) -> None:
        if self._step_count != 1:
            self._end_watch(check=False)
        self._rates_for = self.last_epoch
        # The point of epoch 0 is logged by the first step, so a state from before that step has not logged it.
        self._emitted = self.last_epoch if self.last_epoch > 0 else None

    def _points(self) -> list[PendingPoint]:
        """Returns the points of the current epoch; none if there is no writer."""
        return [] if self._writer is None else points_of(self, self._writer, self._tag, self.last_epoch)

    def _initial_points(self) -> Sequence[PendingPoint]:
        """Returns the points of the current epoch if none were logged yet; must be called before the rates change."""
        return self._points() if self._emitted is None and self.last_epoch >= 0 else ()

    def _emit(self, initial: Sequence[PendingPoint] = ()) -> None:
        """Logs the initial points, then those of the current epoch. It may raise, so callers must do it last."""
        if self._writer is not None:
            self._due = [*initial, *self._due, *self._points()]
            self._emitted = self.last_epoch
        self._write_due()

    def _write_due(self) -> None:
        if self._due and not self._held:
            self._due = due = list(self._due)
            write_points(due)

    def __getstate__(self) -> dict[str, Any]:
        # A writer has files and threads, and a hook belongs to one optimizer: copies and pickles have neither.
        left_out = ("_writer", "_due", "_held")
        return {key: value for key, value in self.__dict__.items() if key not in left_out}


_LRScheduler = LRScheduler
"""The old name of the base class."""

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)
"""The warning of `step(epoch)`, in PyTorch's words, so that the same filters match."""


def not_a_state(scheduler: LRScheduler, reason: str, state_dict: Mapping[str, Any]) -> ValueError:
    """Returns the error for a mapping that is not a state of a scheduler."""
    found = f"its keys are {', '.join(map(repr, list(state_dict)[:6]))}" if state_dict else "it is empty"
    return ValueError(f"state_dict is not a state of {type(scheduler).__name__}: {reason}; {found}")


def warn_of_epoch() -> None:
    """Warns of ``step(epoch)``, at the line that called step()."""
    warn_caller(EPOCH_DEPRECATION_WARNING, UserWarning)


def attributes_of(function: Any) -> dict[str, Any] | None:
    """Returns the part of a callable that is saved in a state: the attributes of an object; None for a function."""
    if isinstance(function, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return None
    attributes = getattr(function, "__dict__", None)
    return None if attributes is None else dict(attributes)
