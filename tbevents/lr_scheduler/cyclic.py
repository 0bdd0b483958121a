"""The schedulers that cycle the rate and, inversely, the momentum: CyclicLR and OneCycleLR."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tbevents.lr_scheduler import formulas
from tbevents.lr_scheduler.base import LRScheduler, attributes_of
from tbevents.lr_scheduler.closed_form import ClosedFormLR
from tbevents.lr_scheduler.emission import ScalarWriter
from tbevents.lr_scheduler.param_groups import OptimizerLike, check_optimizer, per_group, store


class _MomentumCycler(ClosedFormLR):
    """A scheduler that cycles the momentum inversely to the rate, in "momentum" or the first of "betas"."""

    _UNSAVED = LRScheduler._UNSAVED | {"_turn"}
    _cycler = True

    cycle_momentum: bool
    use_beta1: bool
    # The position of the current epoch in the cycle. `_next_rates` stores it, so that it is computed once for both.
    _turn: Any

    def _find_momentum(self, optimizer: OptimizerLike) -> None:
        groups = optimizer.param_groups
        self.use_beta1 = all("betas" in group for group in groups)
        if not self.use_beta1 and not all("momentum" in group for group in groups):
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled: its groups hold "
                "neither 'momentum' nor 'betas' (pass cycle_momentum=False to leave it alone)"
            )

    def _start_momentum(self, base: Sequence[float], most: Sequence[float]) -> None:
        """Sets the momentum of each group, and stores its bounds."""
        for group, low, high in zip(self.optimizer.param_groups, base, most, strict=True):
            self._store_momentum(group, high)
            group["max_momentum"] = high
            group["base_momentum"] = low

    def _store_momentum(self, group: Any, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            store(group, "momentum", value)

    def _turn_at(self, epoch: float) -> Any:
        """Returns the position of an epoch in the cycle, from which rates and momenta are computed."""
        raise NotImplementedError

    def _momenta(self, turn: Any) -> list[float]:
        """Returns the momentum of each group at a position in the cycle."""
        raise NotImplementedError

    def _set_rates(self, values: Sequence[Any]) -> None:
        super()._set_rates(values)
        self._turn_momentum()

    def _turn_momentum(self) -> None:
        if not self.cycle_momentum:
            return
        momenta = self._momenta(self._turn)
        i = 0
        for group in self.optimizer.param_groups:
            if not self.use_beta1 and type(group["momentum"]) is float:
                group["momentum"] = momenta[i]
            else:
                self._store_momentum(group, momenta[i])
            i += 1  # noqa: SIM113 - an index of one's own is faster than enumerate here

    def _restore_momentum(self, untouched: Sequence[bool]) -> None:
        if self.cycle_momentum:
            momenta = self._momenta(self._turn_at(self.last_epoch))
            for group, fresh, momentum in zip(self.optimizer.param_groups, untouched, momenta, strict=False):
                if fresh:
                    self._store_momentum(group, momentum)


class CyclicLR(_MomentumCycler):
    """Moves the rates up and down between two bounds: `schedules.cyclic`. Call `step()` after every batch.

    Args:
        optimizer: any object with `param_groups`, which must hold "momentum" or "betas" if it is cycled.
        base_lr: the lower rate, or a list with one for each group; set in the groups immediately.
        max_lr: the upper rate, or a list with one for each group.
        step_size_up: the number of steps of the rising half.
        step_size_down: the number of steps of the falling half; None means `step_size_up`.
        mode: "triangular", "triangular2" or "exp_range"; ignored if `scale_fn` is given.
        gamma: the base of "exp_range".
        scale_fn: the height of a cycle, 0 to 1, as a function of its number or of the step.
        scale_mode: the argument of `scale_fn`: "cycle" or "iterations".
        cycle_momentum: if True, the momentum falls from `max_momentum` to `base_momentum` as the rate rises.
        base_momentum: the lower momentum, or a list with one for each group.
        max_momentum: the upper momentum, or a list with one for each group.
        last_epoch: as for `LRScheduler`, counted in batches.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if a size, the mode, the scale mode or the length of a list is wrong, or a group has no momentum.
    """

    _SHOWN = ("max_lrs", "total_size", "mode")

    _UNSAVED = _MomentumCycler._UNSAVED | {"_scale", "_scale_by"}

    def __init__(
        self,
        optimizer: OptimizerLike,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        check_optimizer(optimizer)
        base_lrs = per_group("base_lr", optimizer, base_lr)
        self.max_lrs: list[float] = per_group("max_lr", optimizer, max_lr)
        self.total_size: float
        self.step_ratio: float
        self.total_size, self.step_ratio = formulas.cycle_shape(step_size_up, step_size_down)
        self.mode = mode
        self.gamma = gamma
        if scale_fn is not None and not callable(scale_fn):
            raise TypeError(f"scale_fn must be a function, not {scale_fn!r}")
        formulas.check_numbers(gamma=gamma)
        self._scale_fn_custom = scale_fn
        self.scale_mode: str = scale_mode
        self._find_scale()
        self.cycle_momentum = cycle_momentum
        self.optimizer = optimizer
        if cycle_momentum:
            self._find_momentum(optimizer)
            self.base_momentums: list[float] = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums: list[float] = per_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                store(group, "lr", lr)
            if cycle_momentum:
                self._start_momentum(self.base_momentums, self.max_momentums)
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)
        # The cycle starts from base_lr, even if the groups have an "initial_lr" from an earlier scheduler.
        self.base_lrs = base_lrs
        self._set_rates(self._next_rates())

    def _find_scale(self) -> None:
        self._scale, self._scale_by = formulas.cycle_scale(
            self.mode, self.gamma, self._scale_fn_custom, self.scale_mode
        )
        self.scale_mode = self._scale_by

    def scale_fn(self, x: float) -> float:
        """Returns the height of cycle number `x` or at step `x`, depending on `scale_mode`."""
        return 1.0 if self._scale is None else float(self._scale(x))

    def state_dict(self) -> dict[str, Any]:
        """Returns the state. Of `scale_fn`, it has the attributes of a callable object, but not a function."""
        state = super().state_dict()
        custom = state.pop("_scale_fn_custom")
        state["_scale_fn_custom"] = None if custom is None else attributes_of(custom)
        return state

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        attributes = state_dict.get("_scale_fn_custom")
        super()._load({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)
        self._find_scale()

    def _turn_at(self, epoch: float) -> float:
        return formulas.cycle_height_at(epoch, self.total_size, self.step_ratio, self._scale, self._scale_by)

    def _next_rates(self) -> list[float]:
        self._turn = turn = self._turn_at(self.last_epoch)
        highs = self.max_lrs
        rates: list[float] = []
        for low in self.base_lrs:
            rates.append(low + (highs[len(rates)] - low) * turn)
        return rates

    def _momenta(self, turn: float) -> list[float]:
        highs = self.max_momentums
        momenta: list[float] = []
        for low in self.base_momentums:
            high = highs[len(momenta)]
            momenta.append(high - (high - low) * turn)
        return momenta

    def _rates_at(self, steps: Any) -> list[Any]:
        height = formulas.cycle_height(steps, self.total_size, self.step_ratio, self._scale, self._scale_by)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__getstate__().items() if key != "_scale"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._find_scale()


class OneCycleLR(_MomentumCycler):
    """Raises the rates once to `max_lr`, then anneals them: `schedules.one_cycle`. Call `step()` after every batch.

    As in PyTorch, the bounds are stored in the groups: "initial_lr", "max_lr", "min_lr", "base_momentum" and
    "max_momentum".

    Args:
        optimizer: any object with `param_groups`, which must hold "momentum" or "betas" if it is cycled.
        max_lr: the upper rate, or a list with one for each group.
        total_steps: the number of steps in the cycle. If None, it is `epochs` times `steps_per_epoch`.
        epochs: the number of epochs.
        steps_per_epoch: the number of steps in each epoch.
        pct_start: the fraction of the cycle spent rising, a float.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: if True, the momentum moves from `max_momentum` to `base_momentum` and back.
        base_momentum: the lower momentum, or a list with one for each group.
        max_momentum: the upper momentum, or a list with one for each group.
        div_factor: the initial rate is `max_lr` divided by this.
        final_div_factor: the last rate is the initial rate divided by this.
        three_phase: if True, first return to the initial rate, then fall to the last rate.
        last_epoch: as for `LRScheduler`, counted in batches.
        writer: as for `LRScheduler`.
        tag: as for `LRScheduler`.

    Raises:
        ValueError: if an argument is out of range, or the groups have no momentum. `step()` raises it after the cycle.
    """

    _SHOWN = ("total_steps",)

    _UNSAVED = _MomentumCycler._UNSAVED | {"_ends", "_keys"}

    def __init__(
        self,
        optimizer: OptimizerLike,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr",
    ) -> None:
        check_optimizer(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
            epochs = formulas.checked_count("epochs", epochs)
            total_steps = epochs * formulas.checked_count("steps_per_epoch", steps_per_epoch)
        total_steps = formulas.checked_one_cycle(total_steps, pct_start, anneal_strategy, div_factor, final_div_factor)
        max_lrs = per_group("max_lr", optimizer, max_lr)
        self.total_steps = total_steps
        momenta = {"initial_lr": "max_momentum", "max_lr": "base_momentum", "min_lr": "max_momentum"}
        self._schedule_phases: list[dict[str, Any]] = [
            {
                "end_step": end,
                "start_lr": start,
                "end_lr": stop,
                "start_momentum": momenta[start],
                "end_momentum": momenta[stop],
            }
            for end, start, stop in formulas.one_cycle_phases(total_steps, pct_start, three_phase)
        ]
        self._note_phases()
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.optimizer = optimizer
        if cycle_momentum:
            self._find_momentum(optimizer)
            base_momentums = per_group("base_momentum", optimizer, base_momentum)
            max_momentums = per_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                self._start_momentum(base_momentums, max_momentums)
        super().__init__(optimizer, last_epoch, writer=writer, tag=tag)

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        super()._load(state_dict)
        self._note_phases()

    def _note_phases(self) -> None:
        """Caches the last steps and the keys of the phases in `_schedule_phases`, for use at every step."""
        self._ends = [phase["end_step"] for phase in self._schedule_phases]
        self._keys = [
            (phase["start_lr"], phase["end_lr"], phase["start_momentum"], phase["end_momentum"])
            for phase in self._schedule_phases
        ]

    def _turn_at(self, epoch: float) -> tuple[int, float]:
        return formulas.phase_at(epoch, self._ends, self.total_steps, self._anneal_func_type)

    def _next_rates(self) -> list[float]:
        self._turn = at, share = self._turn_at(self.last_epoch)
        first, last, _, _ = self._keys[at]
        rates: list[float] = []
        for group in self.optimizer.param_groups:
            end = group[last]
            rates.append(end + (group[first] - end) * share)
        return rates

    def _momenta(self, turn: tuple[int, float]) -> list[float]:
        at, share = turn
        _, _, first, last = self._keys[at]
        momenta: list[float] = []
        for group in self.optimizer.param_groups:
            end = group[last]
            momenta.append(end + (group[first] - end) * share)
        return momenta

    def _rates_at(self, steps: Any) -> list[Any]:
        firsts, lasts, _, _ = zip(*self._keys, strict=True)
        return [
            formulas.anneal_phases(
                steps,
                self._ends,
                [group[key] for key in firsts],
                [group[key] for key in lasts],
                self.total_steps,
                self._anneal_func_type,
            )
            for group in self.optimizer.param_groups
        ]
