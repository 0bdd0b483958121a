"""The scheduler with warm restarts."""

from __future__ import annotations

import math
from typing import Any

from tbevents.lr_scheduler import formulas, schedules
from tbevents.lr_scheduler.closed_form import ClosedFormLR
from tbevents.lr_scheduler.emission import ScalarWriter
from tbevents.lr_scheduler.param_groups import OptimizerLike


class CosineAnnealingWarmRestarts(ClosedFormLR):
    """Anneals the rates along a cosine and starts again, each run longer: `schedules.warm_restarts`.

    Args:
        optimizer: any object with `param_groups`.
        T_0: the epochs until the first restart.
        T_mult: the factor by which each run is longer than the previous one.
        eta_min: the lowest rate.
        last_epoch: as for `LRScheduler`. As in PyTorch, the epochs up to it count as one run without a restart.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Attributes:
        T_cur: the number of epochs since the last restart.
        T_i: the length of the current run.

    Raises:
        ValueError: if `T_0` or `T_mult` is not a positive integer, or `eta_min` is not a number.
    """

    last_epoch: int
    _SHOWN = ("T_0", "T_mult", "eta_min")

    _epoch_is_deprecated = False  # fractional epochs are what SGDR steps by

    def __init__(
        self,
        optimizer: OptimizerLike,
        T_0: int,  # noqa: N803 - PyTorch's name
        T_mult: int = 1,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        self.T_0, self.T_mult = formulas.checked_restarts(T_0, T_mult, eta_min)
        self.T_i: int = self.T_0
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _advance(self) -> None:
        if self.last_epoch < 0:
            self._go_to(0)
            return
        self.last_epoch += 1
        self.T_cur += 1
        if self.T_cur >= self.T_i:
            self.T_cur %= self.T_i
            self.T_i *= self.T_mult

    def _go_to(self, epoch: float) -> None:
        """Moves to an epoch, which may be fractional: ``step(epoch + batch / batches)``."""
        self.T_cur, self.T_i = formulas.restart_position(epoch, self.T_0, self.T_mult)
        self.last_epoch = math.floor(epoch)

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.warm_restarts(step, base_lr, self.T_0, self.T_mult, self.eta_min)

    def _next_rates(self) -> list[float]:
        share = formulas.cosine_at(self.T_cur, self.T_i)
        lowest = self.eta_min
        rates: list[float] = []
        for base in self.base_lrs:
            rates.append(lowest + (base - lowest) * share)  # noqa: PERF401 - a comprehension is slower for one
        return rates

    def _rewind(self) -> None:
        self.T_cur, self.T_i = -1, self.T_0
        super()._rewind()
