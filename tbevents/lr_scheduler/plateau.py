"""The scheduler that depends on a metric."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from tbevents.format.values import checked_text
from tbevents.lr_scheduler.base import LRScheduler, warn_of_epoch
from tbevents.lr_scheduler.emission import PendingPoint, ScalarWriter, check_writer
from tbevents.lr_scheduler.formulas import check_numbers, checked_epoch, checked_float
from tbevents.lr_scheduler.param_groups import OptimizerLike, check_optimizer, rate_of, store


class ReduceLROnPlateau(LRScheduler):
    """Reduces the rates when a metric has stopped improving.

    A value counts as better than the best so far if, for mode "min", it is below ``best * (1 - threshold)``
    (threshold_mode "rel") or ``best - threshold`` ("abs"); for "max" above the same with the other sign. After more
    than `patience` epochs in a row without a better one, each rate becomes ``max(rate * factor, min_lr)``.

    Args:
        optimizer: any object with `param_groups`.
        mode: "min" if lower values are better, "max" if higher values are better.
        factor: the factor of a reduction, above 0 and below 1.
        patience: the number of epochs in a row without improvement that are tolerated.
        threshold: the smallest change that counts as improvement.
        threshold_mode: "rel" or "abs".
        cooldown: the number of epochs after a reduction in which bad epochs are not counted.
        min_lr: the lowest rate, or a list with one for each group.
        eps: a reduction by `eps` or less is not made.
        verbose: if True, print a line for each reduction.
        writer: as for `LRScheduler`; the metric passed to `step()` is logged as ``tag/metric``.
        tag: as for `LRScheduler`.
        log_counters: if True, also log ``tag/bad_epochs`` and ``tag/cooldown`` after each step.

    Attributes:
        best: the best value so far.
        num_bad_epochs: the number of epochs in a row without improvement.
        cooldown_counter: the remaining epochs of the cooldown.

    Raises:
        TypeError: if `optimizer` has no `param_groups`.
        ValueError: if an argument is out of range.
    """

    _SHOWN = ("mode", "factor", "patience")

    _UNSAVED = LRScheduler._UNSAVED | {"verbose", "log_counters", "_initial_rates", "_own", "_last_metric", "_last_lr"}

    def __init__(
        self,
        optimizer: OptimizerLike,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
        *,
        verbose: bool = False,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
        log_counters: bool = False,
    ) -> None:
        check_numbers(factor=factor, patience=patience, threshold=threshold, cooldown=cooldown, eps=eps)
        for lowest in min_lr if isinstance(min_lr, (list, tuple)) else [min_lr]:
            check_numbers(min_lr=lowest)
        if not factor < 1.0:
            raise ValueError(f"factor should be < 1.0, not {factor!r}")
        if not factor > 0.0:
            raise ValueError(f"factor should be > 0.0, not {factor!r}")
        check_optimizer(optimizer)
        for name, value in (("patience", patience), ("cooldown", cooldown), ("eps", eps)):
            if not value >= 0:
                raise ValueError(f"{name} must be 0 or more, not {value!r}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode!r} is unknown: expected 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode!r} is unknown: expected 'rel' or 'abs'")
        groups = optimizer.param_groups
        self.factor = factor
        self.optimizer = optimizer
        self.default_min_lr: float | None
        self.min_lrs: list[float]
        if isinstance(min_lr, (list, tuple)):
            if len(min_lr) != len(groups):
                raise ValueError(f"expected {len(groups)} min_lrs, got {len(min_lr)}")
            self.default_min_lr = None
            self.min_lrs = list(min_lr)
        else:
            self.default_min_lr = min_lr  # type: ignore[assignment]  # the lists are dealt with above
            self.min_lrs = [min_lr] * len(groups)  # type: ignore[list-item]  # as above
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch: int = 0
        self._initial_rates = self._current_rates()
        self._own = list(self._initial_rates)
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse: float = math.inf if mode == "min" else -math.inf
        self.best: float = self.mode_worse
        self.cooldown_counter: int = 0
        self.num_bad_epochs: int = 0
        self.verbose = verbose
        self.log_counters = log_counters
        self._last_metric: float | None = None
        self._writer = check_writer(writer)
        self._tag = checked_text(tag)

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]  # no part of the state, as in PyTorch
        """The rate that each group had when the scheduler was made."""
        return list(self._initial_rates)

    @property
    def in_cooldown(self) -> bool:
        """True while bad epochs are not counted."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: float | None = None) -> None:  # type: ignore[override]  # PyTorch's signature
        """Records the metric of an epoch, and reduces the rates if it has stopped improving.

        Args:
            metrics: the value: anything that float() accepts, including torch tensors. NaN is never an improvement.
            epoch: deprecated, as in PyTorch, with a warning: the number of the epoch.

        Raises:
            TypeError: if `metrics` or `epoch` is not a number.
            ValueError: if `epoch` is negative or not finite.
        """
        metric = metrics if type(metrics) is float else checked_float("metrics", metrics)
        if epoch is not None:
            epoch = checked_epoch(epoch)
        initial = self._initial_points()
        reduced: list[tuple[int, float]] = []
        if epoch is None:
            self.last_epoch += 1
        else:
            warn_of_epoch()
            self.last_epoch = epoch  # type: ignore[assignment]  # the caller may give a fractional epoch
        if self.mode == "min":
            if self.threshold_mode == "rel":
                better = metric < self.best * (1.0 - self.threshold)
            else:
                better = metric < self.best - self.threshold
        elif self.threshold_mode == "rel":
            better = metric > self.best * (1.0 + self.threshold)
        else:
            better = metric > self.best + self.threshold
        if better:
            self.best = metric
            bad = 0
        else:
            bad = self.num_bad_epochs + 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            bad = 0
        if bad > self.patience:
            reduced = self._reduce()
            self.cooldown_counter = self.cooldown
            bad = 0
        self.num_bad_epochs = bad
        if self._writer is not None:
            self._last_metric = metric
        try:
            self._emit(initial)
        finally:
            if self.verbose:
                for i, rate in reduced:
                    # The line that earlier versions of PyTorch printed.
                    sys.stdout.write(f"Epoch {self.last_epoch:5}: reducing learning rate of group {i} to {rate:.4e}.\n")

    def get_lr(self) -> list[float]:
        """Returns the rates of the current epoch, one for each group; PyTorch raises NotImplementedError here."""
        return self._current_rates()

    @property
    def _last_lr(self) -> list[float]:  # type: ignore[override]  # the groups' present rates: seldom ours
        return self._current_rates()

    def _own_rates(self) -> list[float]:
        return self._own

    def state_dict(self) -> dict[str, Any]:
        """Returns the state, with PyTorch's keys: all attributes but the optimizer, writer and display options."""
        return {**super().state_dict(), "_last_lr": self._last_lr}

    def _reduce(self) -> list[tuple[int, float]]:
        """Reduces the rates; returns the index and the new rate of each group that was changed."""
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"the optimizer has {len(groups)} groups and min_lrs {len(self.min_lrs)} values: a group was "
                    f"added since; give `min_lrs` one value for each"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        reduced = []
        for i, (group, lowest) in enumerate(zip(groups, self.min_lrs, strict=True)):
            old = rate_of(group)
            new = max(old * self.factor, lowest)
            if old - new > self.eps:
                store(group, "lr", new)
                reduced.append((i, new))
        self._own = self._current_rates()
        return reduced

    def _points(self) -> list[PendingPoint]:
        points = super()._points()
        if self._writer is None or self._last_metric is None:
            return points
        more = {"metric": self._last_metric}
        if self.log_counters:
            more |= {"bad_epochs": float(self.num_bad_epochs), "cooldown": float(self.cooldown_counter)}
        return points + [
            PendingPoint(self._writer, f"{self._tag}/{name}", value, self.last_epoch) for name, value in more.items()
        ]

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        super()._load(state_dict)
        self._own = [float(rate) for rate in state_dict.get("_last_lr", self._current_rates())]
        self._last_metric = None

    def _evaluate(self, steps: NDArray[np.float64]) -> NoReturn:  # noqa: ARG002 - there is no answer for any steps
        raise TypeError("ReduceLROnPlateau has no schedule of its own: its rates depend on the metrics it is given")
