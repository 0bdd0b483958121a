"""The chainable schedulers: steps, milestones, constant, linear, exponential, polynomial and cosine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import cos, pi
from typing import Any

from tbevents.lr_scheduler import formulas, schedules
from tbevents.lr_scheduler.closed_form import ChainableLR
from tbevents.lr_scheduler.emission import ScalarWriter
from tbevents.lr_scheduler.param_groups import OptimizerLike


class StepLR(ChainableLR):
    """Multiplies the rates by `gamma` every `step_size` epochs: `schedules.step_decay`.

    Args:
        optimizer: any object with `param_groups`.
        step_size: the epochs between two decays, a positive whole number.
        gamma: the factor.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if `step_size` is not a positive whole number.
    """

    _SHOWN = ("step_size", "gamma")

    def __init__(
        self,
        optimizer: OptimizerLike,
        step_size: int,
        gamma: float = 0.1,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        formulas.check_numbers(step_size=step_size, gamma=gamma)
        schedules.step_decay(0, 1.0, step_size, gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _holds(self) -> bool:
        return self.last_epoch == 0 or self.last_epoch % self.step_size != 0

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.step_decay(step, base_lr, self.step_size, self.gamma)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        gamma = self.gamma
        return lr * gamma, formulas.step_decay_at(self.last_epoch, base_lr, self.step_size, gamma)


class MultiStepLR(ChainableLR):
    """Multiplies the rates by `gamma` at each milestone: `schedules.multi_step_decay`.

    Args:
        optimizer: any object with `param_groups`.
        milestones: the epochs; one given twice counts twice. Kept as a Counter, in `milestones`.
        gamma: the factor.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.
    """

    _SHOWN = ("milestones", "gamma")

    def __init__(
        self,
        optimizer: OptimizerLike,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        if isinstance(milestones, (str, bytes)) or not isinstance(milestones, Iterable):
            raise TypeError(f"milestones must be a list of epochs, not {milestones!r}")
        self.milestones: Counter[int] = Counter(milestones)
        for milestone in self.milestones:
            formulas.check_numbers(**{"each of milestones": milestone})
        formulas.check_numbers(gamma=gamma)
        schedules.multi_step_decay(0, 1.0, list(self.milestones), gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _holds(self) -> bool:
        return self.last_epoch not in self.milestones

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.multi_step_decay(step, base_lr, list(self.milestones.elements()), self.gamma)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        epoch = self.last_epoch
        return lr * self.gamma ** self.milestones[epoch], self._rate(epoch, base_lr)

    def _shown(self, name: str) -> str:
        return repr(sorted(self.milestones.elements())) if name == "milestones" else super()._shown(name)

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        super()._load(state_dict)
        # JSON turns the keys of a mapping into strings.
        self.milestones = Counter(
            {int(key) if isinstance(key, str) else key: count for key, count in self.milestones.items()}
        )


class ConstantLR(ChainableLR):
    """Holds the rates at a fraction of the base rates for `total_iters` epochs: `schedules.constant`.

    Args:
        optimizer: any object with `param_groups`.
        factor: the fraction, 0 to 1.
        total_iters: for how many epochs.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if `factor` is outside 0 to 1, or `total_iters` is not a whole number.
    """

    _SHOWN = ("factor", "total_iters")

    def __init__(
        self,
        optimizer: OptimizerLike,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        formulas.check_numbers(factor=factor, total_iters=total_iters)
        schedules.constant(0, 1.0, factor, total_iters)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _holds(self) -> bool:
        return self.last_epoch != 0 and self.last_epoch != self.total_iters

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.constant(step, base_lr, self.factor, self.total_iters)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        closed = self._rate(self.last_epoch, base_lr)
        if self.last_epoch == 0:
            return lr * self.factor, closed
        # A factor of 0 (or so small that few digits are left) cannot be divided out; then the base rate is used.
        return lr / self.factor if self.factor > 1e-290 else base_lr, closed


class LinearLR(ChainableLR):
    """Moves the rates in a straight line between two fractions of the base rates: `schedules.linear`.

    Args:
        optimizer: any object with `param_groups`.
        start_factor: the fraction at epoch 0, above 0 and at most 1.
        end_factor: the fraction at epoch `total_iters` and after, 0 to 1.
        total_iters: how many epochs it takes.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if a factor is out of range, or `total_iters` is not a whole number.
    """

    _SHOWN = ("start_factor", "end_factor", "total_iters")

    def __init__(
        self,
        optimizer: OptimizerLike,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        formulas.check_numbers(start_factor=start_factor, end_factor=end_factor, total_iters=total_iters)
        schedules.linear(0, 1.0, start_factor, end_factor, total_iters)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _holds(self) -> bool:
        return self.last_epoch > 0 and (self._is_initial or self.last_epoch > self.total_iters)

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.linear(step, base_lr, self.start_factor, self.end_factor, self.total_iters)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        epoch, start, end, total = self.last_epoch, self.start_factor, self.end_factor, self.total_iters
        closed = formulas.linear_at(epoch, base_lr, start, end, total)
        if epoch == 0:
            return lr * start, closed
        return lr * (1.0 + (end - start) / (total * start + (epoch - 1) * (end - start))), closed


class ExponentialLR(ChainableLR):
    """Multiplies the rates by `gamma` every epoch: `schedules.exponential_decay`.

    Args:
        optimizer: any object with `param_groups`.
        gamma: the factor.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.
    """

    _SHOWN = ("gamma",)

    def __init__(
        self,
        optimizer: OptimizerLike,
        gamma: float,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        formulas.check_numbers(gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.exponential_decay(step, base_lr, self.gamma)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        gamma = self.gamma
        return lr * gamma, formulas.exponential_decay_at(self.last_epoch, base_lr, gamma)


class PolynomialLR(ChainableLR):
    """Lowers the rates to zero along a power of the remaining time: `schedules.polynomial_decay`.

    Args:
        optimizer: any object with `param_groups`.
        total_iters: the epoch at which zero is reached.
        power: the power, not negative.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if `power` is negative, or `total_iters` is not a whole number.
    """

    _SHOWN = ("total_iters", "power")

    def __init__(
        self,
        optimizer: OptimizerLike,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        formulas.check_numbers(total_iters=total_iters, power=power)
        schedules.polynomial_decay(0, 1.0, total_iters, power)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _holds(self) -> bool:
        return self._is_initial or self.last_epoch > self.total_iters

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.polynomial_decay(step, base_lr, self.total_iters, self.power)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        epoch, total, power = self.last_epoch, self.total_iters, self.power
        closed = formulas.polynomial_decay_at(epoch, base_lr, total, power)
        if total <= 0:
            return lr, closed
        return lr * ((1.0 - epoch / total) / (1.0 - (epoch - 1) / total)) ** power, closed


class CosineAnnealingLR(ChainableLR):
    """Swings the rates between the base rates and `eta_min` along a cosine: `schedules.cosine_annealing`.

    Args:
        optimizer: any object with `param_groups`.
        T_max: half the period, in epochs; not 0.
        eta_min: the lowest rate.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if `T_max` is 0.
    """

    _SHOWN = ("T_max", "eta_min")

    def __init__(
        self,
        optimizer: OptimizerLike,
        T_max: int,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        formulas.check_numbers(T_max=T_max, eta_min=eta_min)
        schedules.cosine_annealing(0, 1.0, T_max, eta_min)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _rate(self, step: Any, base_lr: float) -> Any:
        return schedules.cosine_annealing(step, base_lr, self.T_max, self.eta_min)

    def _both(self, lr: float, base_lr: float) -> tuple[float, float]:
        epoch, half, lowest = self.last_epoch, self.T_max, self.eta_min
        now = formulas.cosine_at(epoch, half)
        before = formulas.cosine_at(epoch - 1, half)
        closed = lowest + (base_lr - lowest) * now
        if before:
            return now / before * (lr - lowest) + lowest, closed
        # The previous epoch was at the lowest point, where the ratio is undefined.
        return lr + (base_lr - lowest) * (1 - cos(pi / half)) / 2, closed
