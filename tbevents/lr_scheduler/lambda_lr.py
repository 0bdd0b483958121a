"""The schedulers with a user-defined function of the epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.lr_scheduler.base import LRScheduler, attributes_of
from tbevents.lr_scheduler.closed_form import ClosedFormLR
from tbevents.lr_scheduler.emission import ScalarWriter
from tbevents.lr_scheduler.param_groups import OptimizerLike


class _LambdaScheduler(ClosedFormLR):
    """Base class of LambdaLR and MultiplicativeLR: a function for each group."""

    lr_lambdas: list[Callable[[int], float]]

    def __init__(
        self,
        optimizer: OptimizerLike,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        groups = len(getattr(optimizer, "param_groups", ()))
        functions: list[Any] = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(functions) != groups:
            raise ValueError(f"expected {groups} lr_lambdas, one for each group, but got {len(functions)}")
        for function in functions:
            if not callable(function):
                raise TypeError(f"lr_lambda should be a function, but got {type(function).__name__}")
        self.lr_lambdas = functions
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def state_dict(self) -> dict[str, Any]:
        """Returns the state. As in PyTorch, it has the attributes of callable objects, but not functions."""
        state = super().state_dict()
        del state["lr_lambdas"]
        state["lr_lambdas"] = [attributes_of(function) for function in self.lr_lambdas]
        return state

    def _check_state(self, state_dict: Mapping[str, Any]) -> None:
        saved = state_dict.get("lr_lambdas", self.lr_lambdas)
        if len(saved) != len(self.lr_lambdas):
            raise ValueError(f"the state has {len(saved)} lr_lambdas, expected {len(self.lr_lambdas)}")
        super()._check_state(state_dict)

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        saved = state_dict.get("lr_lambdas", [None] * len(self.lr_lambdas))
        super()._load({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, attributes in zip(self.lr_lambdas, saved, strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)

    def _multiplied(self, rates: Sequence[float]) -> list[float]:
        """Returns the rates, each multiplied by its group's function of the current epoch."""
        epoch = self.last_epoch
        products: list[float] = []
        for fn in self.lr_lambdas:
            factor = fn(epoch)
            try:
                products.append(rates[len(products)] * factor)
            except TypeError:
                raise TypeError(f"lr_lambda({epoch}) must return a number, not {factor!r}") from None
        return products


class LambdaLR(_LambdaScheduler):
    """Multiplies the base rates by a function of the epoch.

    ``base_lr * lr_lambda(epoch)``. The functions are called with one epoch at a time, also by `schedule()`.

    Args:
        optimizer: any object with `param_groups`.
        lr_lambda: the function, or a list with one for each group.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        TypeError: if a function is not callable.
        ValueError: if the number of functions is not that of groups.
    """

    def _next_rates(self) -> list[float]:
        return self._multiplied(self.base_lrs)

    def _rates_at(self, steps: NDArray[Any]) -> list[NDArray[Any]]:
        epochs = steps.tolist()
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [np.asarray([base * fn(epoch) for epoch in epochs], dtype=np.float64) for base, fn in pairs]


class MultiplicativeLR(_LambdaScheduler):
    """Multiplies the current rates by a function of the epoch, from epoch 1 on.

    ``base_lr * lr_lambda(1) * lr_lambda(2) * ... * lr_lambda(epoch)``

    Args:
        optimizer: any object with `param_groups`.
        lr_lambda: the function, or a list with one for each group.
        last_epoch: as for `LRScheduler`.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        TypeError: if a function is not callable.
        ValueError: if the number of functions is not that of groups.
    """

    def _starts_afresh(self) -> bool:
        return False  # in a sequence, it multiplies the current rate

    # There is no closed form except the product: as in PyTorch, step(epoch) multiplies the current rate.
    def _next_rates(self) -> list[float]:
        rates = self._current_rates()
        return rates if self._is_initial else self._multiplied(rates)

    def _evaluate(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        return LRScheduler._evaluate(self, steps)
