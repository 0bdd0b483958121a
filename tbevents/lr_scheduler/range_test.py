"""The learning-rate range test: raise the rate step by step, and see at which rates the loss falls."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.format.values import checked_text, whole
from tbevents.lr_scheduler import formulas
from tbevents.lr_scheduler.emission import ScalarWriter, check_writer
from tbevents.lr_scheduler.param_groups import OptimizerLike, check_optimizer, store

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A relative change of the average loss below this may be a rounding error.
_NOISE = 1e-10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LRRangeResult:
    """The result of a range test, with one value for each step made.

    Attributes:
        lrs: the rates, float64.
        losses: the results of `train_step`, float64; the last one may be NaN or infinite.
        smoothed: the moving average of the losses, float64; NaN if the loss was not finite.
        stopped: why the test ended early: "diverged" or "not finite"; None if all steps were made.
        mode: the spacing of the rates: "exp" or "linear".
    """

    lrs: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    stopped: Literal["diverged", "not finite"] | None
    mode: Literal["exp", "linear"]

    def suggestion(self) -> float:
        """Returns the rate at which the smoothed loss fell most steeply, per step of the test, up to its minimum.

        The first tenth of the steps is ignored: the average is noisy there, since it is of few losses.

        Raises:
            ValueError: if the loss never fell by more than a rounding error, or fewer than three losses were finite.
        """
        smoothed = self._finite()
        lowest = int(np.argmin(smoothed))
        first = min(len(smoothed) // 10, lowest)
        slopes = np.gradient(smoothed)[: lowest + 1]
        steepest = first + int(np.argmin(slopes[first:]))
        # The moving average of equal losses fluctuates by rounding errors.
        noise = _NOISE * float(np.abs(smoothed[: lowest + 1]).max())
        if not slopes[steepest] < -noise:
            raise ValueError(
                f"the loss never fell between the rates {self.lrs[0]:g} and {self.lrs[len(smoothed) - 1]:g}: "
                f"no rate can be suggested. In {len(smoothed)} steps it went from {self.losses[0]:g} to "
                f"{self.losses[len(smoothed) - 1]:g}: check that train_step() trains with the rate in the optimizer's "
                "param_groups and returns the loss of its step"
            )
        return float(self.lrs[steepest])

    def minimum_over_10(self) -> float:
        """Returns a tenth of the rate at which the smoothed loss was lowest.

        Raises:
            ValueError: if fewer than three losses were finite.
        """
        return float(self.lrs[int(np.argmin(self._finite()))]) / 10

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draws the losses against the rate, with the suggestion marked if there is one.

        If the loss explodes, the axis ends above the part where the loss falls, so that this part is visible.

        Args:
            ax: the axes to draw on; None makes a new figure.

        Returns:
            The axes; their figure is ``ax.figure``. A notebook shows a new figure.

        Raises:
            MissingExtraError: if matplotlib is not installed.
        """
        if ax is None:
            from tbevents.views.figure import new_axes

            ax = new_axes()
        ax.plot(self.lrs, self.losses, alpha=0.35, label="loss")
        ax.plot(self.lrs, self.smoothed, label="smoothed loss")
        try:
            rate = self.suggestion()
        except ValueError:
            pass
        else:
            ax.axvline(rate, linestyle="--", color="gray", label=f"steepest: {rate:.2e}")
        if self.mode == "exp":
            ax.set_xscale("log")
        finite = self.losses[np.isfinite(self.losses)]
        if len(finite):
            start = self.smoothed[: int(np.nanargmin(self.smoothed)) + 1].max()
            fall = float(start - finite.min())
            if 0 < 2 * fall < finite.max() - finite.min():
                ax.set_ylim(finite.min() - 0.1 * fall, start + 0.5 * fall)
        ax.set_xlabel("Learning rate")
        ax.set_ylabel("Loss")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        rates = f", rates {self.lrs[0]:g} to {self.lrs[-1]:g}" if len(self.lrs) else ""
        stopped = f", stopped: {self.stopped}" if self.stopped else ""
        return f"LRRangeResult(steps made: {len(self.lrs)}{rates}{stopped})"

    def _finite(self) -> NDArray[np.float64]:
        smoothed = self.smoothed[np.isfinite(self.smoothed)]
        if len(smoothed) < 3:
            raise ValueError(f"a suggestion needs at least three steps with a finite loss, not {len(smoothed)}")
        return smoothed


class LRRangeTest:
    """Trains for some steps with a rising rate, to find the rates at which the loss falls and diverges.

    See Smith, "Cyclical Learning Rates for Training Neural Networks" (arXiv 1506.01186), section 3.3. Every group of
    the optimizer gets the same rate. At the end, even after an exception, the optimizer's groups are restored, and its
    state if it has `state_dict()` and `load_state_dict()`. The weights are not: restore them in `restore`.

    ::

        result = LRRangeTest(optimizer, train_step, 1e-5, 1.0, steps=100, writer=writer, restore=reset_weights).run()
        result.suggestion()

    Args:
        optimizer: any object with `param_groups`.
        train_step: makes one training step with the next batch, and returns its loss.
        min_lr: the first rate; above 0 for mode "exp", at least 0 for "linear".
        max_lr: the last rate.
        steps: the number of steps, at least 2.
        mode: "exp" multiplies the rate by a constant factor each step, "linear" adds a constant.
        writer: logs ``tag/lr``, ``tag/loss`` and ``tag/smoothed_loss``, at steps 0, 1, ...
        tag: the prefix of the tags.
        smoothing: the weight of the previous moving average in each step, at least 0 and below 1. As in Adam, the
            average is corrected for its start at 0.
        diverge_factor: stop if the smoothed loss exceeds ``lowest + (diverge_factor - 1) * abs(lowest)``, where
            `lowest` is the lowest one so far. If infinite, only stop at a loss that is not finite.
        restore: called once at the end, after the optimizer was restored, also if that failed.

    Raises:
        TypeError: if `optimizer` lacks `param_groups`, `train_step` is not callable, or an argument has the wrong type.
        ValueError: if an argument is out of range.
    """

    def __init__(
        self,
        optimizer: OptimizerLike,
        train_step: Callable[[], Any],
        min_lr: float = 1e-7,
        max_lr: float = 10.0,
        steps: int = 100,
        mode: Literal["exp", "linear"] = "exp",
        *,
        writer: ScalarWriter | None = None,
        tag: str = "lr_range_test",
        smoothing: float = 0.9,
        diverge_factor: float = 4.0,
        restore: Callable[[], Any] | None = None,
    ) -> None:
        check_optimizer(optimizer)
        if not callable(train_step):
            raise TypeError(f"train_step must be callable, not {type(train_step).__name__}")
        formulas.check_numbers(min_lr=min_lr, max_lr=max_lr, smoothing=smoothing, diverge_factor=diverge_factor)
        checked_choice("mode", mode, ("exp", "linear"))
        if not (min_lr > 0 or (mode == "linear" and min_lr == 0)) or not math.isfinite(min_lr):
            raise ValueError(f"min_lr must be positive and finite (or 0 in mode 'linear'), not {min_lr!r}")
        if not max_lr > min_lr or not math.isfinite(max_lr):
            raise ValueError(f"max_lr must be above min_lr={min_lr!r} and finite, not {max_lr!r}")
        steps = whole("steps", steps, least=2)
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing must be at least 0 and below 1, not {smoothing!r}")
        if not diverge_factor > 1:
            raise ValueError(f"diverge_factor must be above 1, not {diverge_factor!r}")
        self.optimizer = optimizer
        self.train_step = train_step
        self.mode = mode
        self.smoothing = smoothing
        self.diverge_factor = diverge_factor
        self.restore = restore
        self.tag: str = checked_text(tag)
        self.writer: ScalarWriter | None = check_writer(writer)
        space = np.geomspace if mode == "exp" else np.linspace
        self.lrs: NDArray[np.float64] = space(min_lr, max_lr, steps)
        self.result: LRRangeResult | None = None

    def run(self) -> LRRangeResult:
        """Runs the test. The result is also stored in `result`.

        Raises:
            TypeError: if `train_step` does not return a number. Exceptions of `train_step` are passed on.
        """
        put_back = _snapshot(self.optimizer)
        try:
            self.result = self._run()
        finally:
            try:
                put_back()
            finally:
                if self.restore is not None:
                    self.restore()
        return self.result

    def suggestion(self) -> float:
        """Returns `LRRangeResult.suggestion` of the last run. If there was none, the test is run now: all its steps.

        Raises:
            ValueError: as `LRRangeResult.suggestion` does. What `run` raises is passed on.
        """
        return (self.result or self.run()).suggestion()

    def minimum_over_10(self) -> float:
        """Returns `LRRangeResult.minimum_over_10` of the last run; runs the test if there was none."""
        return (self.result or self.run()).minimum_over_10()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Returns `LRRangeResult.plot` of the last run; runs the test if there was none."""
        return (self.result or self.run()).plot(ax)

    def _run(self) -> LRRangeResult:
        losses: list[float] = []
        smoothed: list[float] = []
        average, best = 0.0, math.inf
        stopped: Literal["diverged", "not finite"] | None = None
        for step, lr in enumerate(self.lrs.tolist()):
            for group in self.optimizer.param_groups:
                store(group, "lr", lr)
            loss = formulas.checked_float("the loss that train_step() returns", self.train_step())
            finite = math.isfinite(loss)
            if finite:
                average = self.smoothing * average + (1 - self.smoothing) * loss
            mean = average / (1 - self.smoothing ** (step + 1)) if finite else math.nan
            losses.append(loss)
            smoothed.append(mean)
            if self.writer is not None:
                self.writer.add_scalar(f"{self.tag}/lr", lr, step)
                self.writer.add_scalar(f"{self.tag}/loss", loss, step)
                self.writer.add_scalar(f"{self.tag}/smoothed_loss", mean, step)
            if not finite:
                stopped = "not finite"
                break
            if mean > best + (self.diverge_factor - 1) * abs(best):
                stopped = "diverged"
                break
            best = min(best, mean)
        made = len(losses)
        return LRRangeResult(
            lrs=self.lrs[:made].copy(),
            losses=np.asarray(losses),
            smoothed=np.asarray(smoothed),
            stopped=stopped,
            mode=self.mode,
        )


def _snapshot(optimizer: OptimizerLike) -> Callable[[], None]:
    """Saves the optimizer's groups and state; returns a function that restores them."""
    saved = [
        {key: _copied(value) for key, value in group.items() if key != "params"} for group in optimizer.param_groups
    ]
    state_dict = getattr(optimizer, "state_dict", None)
    load_state_dict = getattr(optimizer, "load_state_dict", None)
    whole = state_dict is not None and load_state_dict is not None
    state = copy.deepcopy(state_dict()) if whole else None  # type: ignore[misc]  # whole: it is not None

    def put_back() -> None:
        if whole:
            load_state_dict(state)  # type: ignore[misc]  # whole: it is not None
        for group, values in zip(optimizer.param_groups, saved, strict=False):
            for key in [key for key in group if key != "params" and key not in values]:
                del group[key]
            for key, value in values.items():
                if hasattr(group.get(key), "fill_") and hasattr(value, "fill_"):
                    group[key].fill_(value)
                else:
                    group[key] = value

    return put_back


def _copied(value: Any) -> Any:
    return value.clone() if hasattr(value, "fill_") else copy.copy(value)
