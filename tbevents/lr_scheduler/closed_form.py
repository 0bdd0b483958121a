"""What the built-in schedulers share: closed forms, and PyTorch's recursions where a rate came from elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.lr_scheduler.base import LRScheduler
from tbevents.lr_scheduler.param_groups import rate_of, store

_PACKAGE = __name__.rpartition(".")[0] + "."
_MOVERS = ("get_lr", "_update_lr")


class ClosedFormLR(LRScheduler):
    """A scheduler whose rate is a function of the epoch and the base rate."""

    # Whether a step of this class is nothing but the next epoch's rates, put into the groups; set for each class.
    _plain = True

    # Whether there is more to count than epochs.
    _advances = False
    # Whether there is a momentum to set with the rates.
    _cycler = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls._plain = all(getattr(cls, name) is getattr(ClosedFormLR, name) for name in _MOVERS)
        cls._advances = cls._advance is not LRScheduler._advance

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch: set its rates in the groups, and log them if there is a writer.

        Args:
            epoch: the old way, which PyTorch deprecates and warns of: go to this epoch instead, by the closed form
                where there is one.
        """
        if epoch is not None or self._writer is not None or self._step_order is not None or not self._plain:
            super().step(epoch)
            return
        # The common case, written out: what LRScheduler.step() does, at half the calls.
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
        """The rates of the current epoch, one for each group; may be called at any time.

        They are those in the groups, or, from the moment a subclass has moved `last_epoch` on, the next ones.
        """
        if self._rates_for == self.last_epoch or self.last_epoch < 0:
            return self._current_rates()
        return self._next_rates()

    def _next_rates(self) -> list[float]:
        """The rates for `last_epoch`, which the groups don't hold yet."""
        raise NotImplementedError

    def _turn_momentum(self) -> None:
        """Set the momenta that go with the rates just set."""

    def _starts_afresh(self) -> bool:
        """Whether epoch 0 gives the closed form whatever the groups hold, so that a sequence can be put together."""
        return self._is_ours()

    def _is_ours(self) -> bool:
        """Whether the closed form is in force: not if a subclass elsewhere has its own get_lr() or step()."""
        cls = type(self)
        return cls.get_lr is ClosedFormLR.get_lr and cls.step.__module__.startswith(_PACKAGE)

    def _evaluate(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        if not self._is_ours():
            return super()._evaluate(steps)
        columns = self._rates_at(steps)
        return columns[0][:, np.newaxis] if len(columns) == 1 else np.stack(columns, axis=1)

    def _rates_at(self, steps: Any) -> list[Any]:
        """The closed form for each group: numbers at a number, arrays at an array of epochs."""
        return [self._rate(steps, base) for base in self.base_lrs]

    def _rate(self, step: Any, base_lr: float) -> Any:
        """The closed form for one base rate."""
        raise NotImplementedError


class ChainableLR(ClosedFormLR):
    """A scheduler that goes on from the rate it finds, as PyTorch's chainable ones do.

    Each next rate is PyTorch's recursion on the rate found, whoever set that: this scheduler, the caller by hand,
    another scheduler of a chain, a resumed run. Where the recursion comes out at the closed form but for rounding, it
    is the closed form exactly, so that rounding errors don't add up.
    """

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        """The rate for `last_epoch`: by PyTorch's recursion, from `lr` at the epoch before; and by the closed form."""
        raise NotImplementedError

    def _holds(self) -> bool:
        """Whether the rate for `last_epoch` is the one before it, whatever that is."""
        return self._is_initial

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch: set its rates in the groups, and log them if there is a writer.

        Args:
            epoch: the old way, which PyTorch deprecates and warns of: go to this epoch instead, by the closed form.
        """
        groups, bases = self.optimizer.param_groups, self.base_lrs
        if (
            epoch is not None
            or self._writer is not None
            or self._step_order is not None
            or not self._plain
            or len(groups) != len(bases)
        ):
            super().step(epoch)
            return
        # The common case, in one go: `_next_rates` and `_set_rates` written out.
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
        """Of groups added after this scheduler was made: they have no base rate here, only their present one."""
        rates = [rate_of(group) for group in self.optimizer.param_groups[len(self.base_lrs) :]]
        return [self._both(rate, rate)[0] for rate in rates]

    def _get_closed_form_lr(self) -> list[float]:
        return [float(rate) for rate in self._rates_at(self.last_epoch)]


def _settled(rate: float, closed: float, base: float) -> float:
    """The recursion's rate; the closed form, if they differ only by the rounding of one step.

    Near a zero of the curve that is the rounding of a difference of numbers of base's size. With negative rates the
    slack is negative, and the recursion stands.
    """
    slack = 1e-12 * closed + 1e-15 * base
    return closed if -slack <= rate - closed <= slack else rate
