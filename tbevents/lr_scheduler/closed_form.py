"""Base classes of the built-in schedulers: closed forms, and PyTorch's recursions for rates set by other code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.lr_scheduler.base import PACKAGE, LRScheduler
from tbevents.lr_scheduler.param_groups import rate_of, store

_MOVERS = ("get_lr", "_update_lr")


class ClosedFormLR(LRScheduler):
    """A scheduler whose rate is a function of the epoch and the base rate."""

    last_epoch: int

    # If True, a step only sets the rates of the next epoch in the groups; set for each class.
    _plain = True

    # If True, `_advance` counts more than epochs.
    _advances = False
    # If True, a momentum is set with the rates.
    _cycler = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls._plain = all(getattr(cls, name) is getattr(ClosedFormLR, name) for name in _MOVERS)
        cls._advances = cls._advance is not LRScheduler._advance

    def step(self, epoch: float | None = None) -> None:
        """Moves to the next epoch: see `LRScheduler.step`."""
        if epoch is not None or self._writer is not None or self._step_count == 1 or not self._plain:
            super().step(epoch)
            return
        # The common case, inlined: the same as LRScheduler.step(), with half the calls.
        self._step_count += 1
        if self._advances:
            self._advance()
        else:
            self.last_epoch += 1
        values = self._next_rates()
        groups = self.optimizer.param_groups
        if len(values) != len(groups):
            self._set_rates(values)  # which raises
        i = 0
        for group in groups:
            value = values[i]
            if type(value) is float and type(group["lr"]) is float:
                group["lr"] = value
            else:
                values[i] = store(group, "lr", value)
            i += 1  # noqa: SIM113 - an index of one's own is faster than enumerate here
        self._last_lr = values
        self._rates_for = self.last_epoch
        if self._cycler:
            self._turn_momentum()

    def get_lr(self) -> list[float]:
        """Returns the rates of the current epoch, one for each group; may be called at any time.

        These are the rates in the groups or, if a subclass has already incremented `last_epoch`, the next rates.
        """
        if self._rates_for == self.last_epoch or self.last_epoch < 0:
            return self._current_rates()
        return self._next_rates()

    def _next_rates(self) -> list[float]:
        """Returns the rates for `last_epoch`, which are not set in the groups yet."""
        raise NotImplementedError

    def _turn_momentum(self) -> None:
        """Sets the momenta that belong to the current rates."""

    def _starts_afresh(self) -> bool:
        """Returns True if epoch 0 does not depend on the groups' rates, so that a sequence has a closed form."""
        return self._is_ours()

    def _is_ours(self) -> bool:
        """Returns True if the closed form applies: no subclass outside this package overrides get_lr() or step()."""
        cls = type(self)
        return cls.get_lr is ClosedFormLR.get_lr and cls.step.__module__.startswith(PACKAGE)

    def _evaluate(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        if not self._is_ours():
            return super()._evaluate(steps)
        columns = self._rates_at(steps)
        return columns[0][:, np.newaxis] if len(columns) == 1 else np.stack(columns, axis=1)

    def _rates_at(self, steps: Any) -> list[Any]:
        """Returns the closed form for each group: numbers for one epoch, arrays for an array of epochs."""
        return [self._rate(steps, base) for base in self.base_lrs]

    def _rate(self, step: Any, base_lr: float) -> Any:
        """Returns the closed form for one base rate."""
        raise NotImplementedError


class ChainableLR(ClosedFormLR):
    """A scheduler that computes the next rate from the current rate, like the chainable schedulers of PyTorch.

    The next rate is PyTorch's recursion on the current rate, which may have been set by this scheduler, by hand, by
    another scheduler of a chain, or by a resumed run. If the result equals the closed form except for rounding, the
    closed form is used, so that rounding errors do not add up.
    """

    last_epoch: int

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        """Returns the rate for `last_epoch` by recursion from the previous rate `lr`, and by the closed form."""
        raise NotImplementedError

    def _holds(self) -> bool:
        """Returns True if the rate for `last_epoch` equals the previous rate."""
        return self._is_initial

    def step(self, epoch: float | None = None) -> None:
        """Moves to the next epoch: see `LRScheduler.step`."""
        groups, bases = self.optimizer.param_groups, self.base_lrs
        if (
            epoch is not None
            or self._writer is not None
            or self._step_count == 1
            or not self._plain
            or len(groups) != len(bases)
        ):
            super().step(epoch)
            return
        # The common case, with `_next_rates` and `_set_rates` inlined.
        self._step_count += 1
        self.last_epoch += 1
        last: list[float] = []
        if self._holds():
            for group in groups:
                last.append(float(group["lr"]))  # noqa: PERF401 - a comprehension is slower for one group
        else:
            i = 0
            for group in groups:
                lr, base = group["lr"], bases[i]
                i += 1  # noqa: SIM113 - an index of one's own is faster than enumerate here
                if type(lr) is float:
                    rate, closed = self._both(lr, base)
                    slack = 1e-12 * closed + 1e-15 * base
                    if -slack <= rate - closed <= slack:
                        rate = closed
                    group["lr"] = rate
                    last.append(rate)
                else:
                    last.append(store(group, "lr", _settled(*self._both(float(lr), base), base)))
        self._last_lr = last
        self._rates_for = self.last_epoch

    def _next_rates(self) -> list[float]:
        groups = self.optimizer.param_groups
        if self._holds():
            return [float(group["lr"]) for group in groups]
        pairs = zip(groups, self.base_lrs, strict=False)
        rates = [_settled(*self._both(rate_of(group), base), base) for group, base in pairs]
        return rates if len(rates) == len(groups) else rates + self._added_rates()

    def _added_rates(self) -> list[float]:
        """Returns the rates of groups added after this scheduler was made; their current rate serves as base rate."""
        rates = [rate_of(group) for group in self.optimizer.param_groups[len(self.base_lrs) :]]
        return [self._both(rate, rate)[0] for rate in rates]

    def _get_closed_form_lr(self) -> list[float]:
        return [float(rate) for rate in self._rates_at(self.last_epoch)]


def _settled(rate: float, closed: float, base: float) -> float:
    """Returns the recursion's rate, or the closed form if both differ only by the rounding of one step.

    Near a zero of the curve, the rounding error is relative to `base`. For negative rates the slack is negative, and
    the recursion's rate is used.
    """
    slack = 1e-12 * closed + 1e-15 * base
    return closed if -slack <= rate - closed <= slack else rate
