"""Schedulers composed of other schedulers, which run in sequence or together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.format.values import checked_text
from tbevents.lr_scheduler import formulas
from tbevents.lr_scheduler.base import LRScheduler, not_a_state
from tbevents.lr_scheduler.closed_form import ClosedFormLR
from tbevents.lr_scheduler.emission import ScalarWriter, check_writer
from tbevents.lr_scheduler.param_groups import OptimizerLike, check_optimizer, store
from tbevents.lr_scheduler.plateau import ReduceLROnPlateau


class _Composed(LRScheduler):
    """Base class of the composed schedulers. The parts may be PyTorch's schedulers, with a PyTorch optimizer."""

    _UNSAVED = LRScheduler._UNSAVED | {"_step_count", "_is_initial", "_get_lr_called_within_step"}

    _schedulers: list[Any]

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]  # read from the groups; no part of the state
        """The initial rate of each group."""
        return [float(group["initial_lr"]) for group in self.optimizer.param_groups]

    def get_lr(self) -> list[float]:
        """Returns the rates of the current epoch, one for each group; may be called at any time."""
        return self._current_rates()

    def _step_part(self, part: Any) -> None:
        """Steps a part. Its points are written after all parts have stepped, since its writer may raise."""
        if not isinstance(part, LRScheduler) or (part._writer is None and not isinstance(part, _Composed)):
            part.step()
            return
        part._held = True
        try:
            part.step()
        finally:
            part._held = False
            self._due, part._due = [*self._due, *part._due], ()

    def _shown(self, name: str) -> str:
        if name == "_schedulers":
            return f"[{', '.join(type(part).__name__ for part in self._schedulers)}]"
        return super()._shown(name)

    def state_dict(self) -> dict[str, Any]:
        """Returns the state; the states of the parts are in `_schedulers`."""
        state = super().state_dict()
        del state["_schedulers"]
        state["_schedulers"] = [part.state_dict() for part in self._schedulers]
        return state

    def _check_state(self, state_dict: Mapping[str, Any]) -> None:
        if "_schedulers" not in state_dict:
            raise not_a_state(self, "it lacks '_schedulers'", state_dict)
        super()._check_state(state_dict)
        saved = state_dict["_schedulers"]
        if len(saved) != len(self._schedulers):
            raise ValueError(f"the state has {len(saved)} schedulers, expected {len(self._schedulers)}")
        for part, state in zip(self._schedulers, saved, strict=True):
            if isinstance(part, LRScheduler):
                part._check_state(state)

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        super()._load({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for part, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            # Only the outermost scheduler sets rates in the groups: the parts' last rates are of earlier epochs.
            if isinstance(part, LRScheduler):
                part._load(state)
                part._mark_restored()
            else:
                part.load_state_dict(state)

    def _restore_momentum(self, untouched: Sequence[bool]) -> None:
        for part in self._schedulers:
            if isinstance(part, LRScheduler) and part.last_epoch >= 0:
                part._restore_momentum(untouched)

    def _rewind_parts(self) -> None:
        for part in self._schedulers:
            if not isinstance(part, LRScheduler):
                raise TypeError(
                    f"a {type(part).__module__}.{type(part).__name__} has no schedule(), so this schedule is unknown"
                )
            part._rewind()

    def _check_parts(
        self, schedulers: Sequence[Any], optimizer: OptimizerLike, writer: ScalarWriter | None, tag: str
    ) -> None:
        name = type(self).__name__
        for i, part in enumerate(schedulers):
            if not hasattr(part, "optimizer"):
                raise TypeError(
                    f"{name}: the scheduler at index {i} should have `optimizer` as its attribute, "
                    f"not {type(part).__name__}"
                )
            if isinstance(part, ReduceLROnPlateau) or type(part).__name__ == "ReduceLROnPlateau":
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau`, whose step() needs a metric, "
                    f"but got one at index {i}"
                )
            if part.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but the "
                    f"{type(part).__name__} at index {i} has another {type(part.optimizer).__name__}"
                )
            if writer is not None and getattr(part, "writer", None) is writer and part.tag == tag:
                raise ValueError(
                    f"the {type(part).__name__} at index {i} logs to the same writer and tag: give these to the "
                    f"{name} alone"
                )

    def step(self, epoch: float | None = None) -> None:
        """Moves to the next epoch: steps the active schedulers, and logs the rates if there is a writer.

        Args:
            epoch: deprecated. A chain moves every scheduler to this epoch by its closed form, one after another. A
                sequence takes only 0, which restarts its first scheduler.
        """
        if epoch is not None or self._writer is not None:
            super().step(epoch)
        else:
            self._update_lr()
            if self._due:
                self._write_due()


class SequentialLR(_Composed):
    """Runs one scheduler after another, each from its own epoch 0.

    Args:
        optimizer: any object with `param_groups`; the schedulers' own.
        schedulers: the schedulers, made with this optimizer in this order. Pass the writer here, not to them.
        milestones: the epochs at which the second, third, ... scheduler takes over, in order.
        last_epoch: as in PyTorch, the start of the count of epochs, minus one.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        TypeError: if a part is not a scheduler.
        ValueError: if there is no scheduler, the number of milestones is wrong, they are not sorted, a part has another
            optimizer, logs to the same writer and tag, or is a ReduceLROnPlateau.
    """

    last_epoch: int
    _SHOWN = ("_schedulers", "_milestones")

    def __init__(
        self,
        optimizer: OptimizerLike,
        schedulers: Sequence[Any],
        milestones: Sequence[int],
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        check_optimizer(optimizer)
        formulas.check_last_epoch(last_epoch)
        _check_list(schedulers)
        formulas.check_milestones(len(schedulers), milestones)
        self._check_parts(schedulers, optimizer, writer, tag)
        self._schedulers = list(schedulers)
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        self._start()
        self._writer = check_writer(writer)
        self._tag = checked_text(tag)

    def _start(self) -> None:
        """Restores the initial rates, and makes the first step of the first scheduler."""
        self._restore_initial_rates()
        _take_back(self._schedulers)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = self._current_rates()

    def _restore_initial_rates(self) -> None:
        for group in self.optimizer.param_groups:
            store(group, "lr", group["initial_lr"])

    def _update_lr(self, epoch: float | None = None) -> None:
        if epoch is not None:
            self._go_to(epoch)
            return
        self.last_epoch += 1
        at = bisect_right(self._milestones, self.last_epoch)
        part = self._schedulers[at]
        if at and self._milestones[at - 1] == self.last_epoch:
            part._update_lr(0)
        else:
            self._step_part(part)
        self._last_lr = part._last_lr  # a list that is made anew by every step, here and in PyTorch

    def _go_to(self, epoch: float) -> None:
        if epoch:
            raise ValueError("SequentialLR cannot move to an epoch out of order: call step() without an epoch")
        self._schedulers[bisect_right(self._milestones, 0)]._update_lr(0)
        self.last_epoch = 0
        self._last_lr = self._current_rates()

    def _rewind(self) -> None:
        self._restore_initial_rates()
        self._rewind_parts()
        self.last_epoch = 0
        self._start()

    def _evaluate(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        # Each part alone has a closed form that starts from the base rates; MultiplicativeLR's doesn't.
        if not all(isinstance(part, ClosedFormLR) and part._starts_afresh() for part in self._schedulers):
            return super()._evaluate(steps)
        rates = np.empty((len(steps), len(self.optimizer.param_groups)))
        starts = [0, *self._milestones]
        between = formulas.parts_between(steps, self._milestones)
        for part, start, here in zip(self._schedulers, starts, between, strict=True):
            if steps[here].size:
                rates[here] = part._evaluate(steps[here] - max(start, 0))
        return rates


class ChainedScheduler(_Composed):
    """Steps several schedulers together, each going on from the rates that the one before it set.

    Args:
        schedulers: the schedulers, all made with the same optimizer, in the order in which they step. Pass the writer
            here, not to them.
        optimizer: that optimizer; None means the first scheduler's.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        TypeError: if a part is not a scheduler.
        ValueError: if there is no scheduler, or a part has another optimizer, logs to the same writer and tag, or is a
            ReduceLROnPlateau.
    """

    _SHOWN = ("_schedulers",)

    def __init__(
        self,
        schedulers: Sequence[Any],
        optimizer: OptimizerLike | None = None,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        _check_list(schedulers)
        if len(schedulers) < 1:
            raise ValueError("expected at least one scheduler to be chained, but got no scheduler")
        chosen = getattr(schedulers[0], "optimizer", None) if optimizer is None else optimizer
        # If `chosen` is None, the check fails, since no part's optimizer is None.
        self._check_parts(schedulers, chosen, writer, tag)  # type: ignore[arg-type]
        self._schedulers = list(schedulers)
        self.optimizer = chosen  # type: ignore[assignment]  # checked just above
        self._last_lr = self._current_rates()
        self._writer = check_writer(writer)
        self._tag = checked_text(tag)

    @property
    def last_epoch(self) -> int:  # type: ignore[override]  # no part of the state, as in PyTorch
        """The epoch of the first scheduler of the chain."""
        return int(self._schedulers[0].last_epoch)

    def _update_lr(self, epoch: float | None = None) -> None:
        if epoch is None:
            for part in self._schedulers:
                self._step_part(part)
        else:
            self._go_to(epoch)
        self._last_lr = [float(group["lr"]) for group in self.optimizer.param_groups]

    def _go_to(self, epoch: float) -> None:
        """Moves every part to an epoch. If one of them refuses it, all of them stay where they are."""
        parts = _with_nested(self._schedulers)
        states = [dict(vars(part)) for part in parts]
        values = [_values_set_in(group) for group in self.optimizer.param_groups]
        try:
            for part in self._schedulers:
                part._update_lr(epoch)
        except Exception:
            for part, state in zip(parts, states, strict=True):
                vars(part).update(state)
            for group, held in zip(self.optimizer.param_groups, values, strict=True):
                for key, value in held.items():
                    if isinstance(value, float):
                        store(group, key, value)
                    else:
                        group[key] = value
            raise

    def _rewind(self) -> None:
        self._rewind_parts()
        self._last_lr = self._current_rates()


def _check_list(schedulers: object) -> None:
    if not isinstance(schedulers, Sequence):
        raise TypeError(f"schedulers must be a list of schedulers, not {schedulers!r}")


def _with_nested(schedulers: Sequence[Any]) -> list[Any]:
    """Returns schedulers, and those that they are composed of."""
    return [each for part in schedulers for each in (part, *_with_nested(getattr(part, "_schedulers", ())))]


def _values_set_in(group: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what schedulers set in a group: the rate and the momentum as floats, and "betas"."""
    held: dict[str, Any] = {key: float(group[key]) for key in ("lr", "momentum") if key in group}
    return held | {key: group[key] for key in ("betas",) if key in group}


def _take_back(schedulers: Sequence[Any]) -> None:
    """Subtracts the first step, which each scheduler made when it was constructed, from its count."""
    for part in schedulers:
        parts = getattr(part, "_schedulers", None)
        if parts is not None:
            _take_back(parts)
        elif hasattr(part, "last_epoch"):
            part.last_epoch -= 1
