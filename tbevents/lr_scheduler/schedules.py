"""Learning-rate schedules as pure functions of the step.

Each function takes the step, the base rate and the parameters of the schedule, and returns the rate at that step: a
float for a number, a float64 array of the same shape for an array of steps. The functions have no state, and do not
use an optimizer or a writer; the schedulers do.

Bind the parameters with `functools.partial` to get the callable ``step -> rate`` that `plot_schedule` and `join`
accept::

    curve = partial(cosine_annealing, base_lr=0.1, T_max=50)

Steps are counted from 0 and must not be negative. Sources: the documentation of ``torch.optim.lr_scheduler``;
Loshchilov & Hutter, "SGDR" (arXiv 1608.03983); Smith, "Cyclical Learning Rates" (arXiv 1506.01186); Smith & Topin,
"Super-Convergence" (arXiv 1708.07120).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi
from typing import Any

import numpy as np

from tbevents.lr_scheduler.formulas import (
    NUMBERS,
    S,
    anneal_phases,
    check_milestones,
    check_total_iters,
    checked_one_cycle,
    checked_restarts,
    checked_step,
    checked_steps,
    cosine_at,
    cycle_height,
    cycle_scale,
    cycle_shape,
    exponential_decay_at,
    linear_at,
    one_cycle_phases,
    parts_between,
    polynomial_decay_at,
    power_of,
    powers_of,
    restart_position,
    step_decay_at,
    swing,
)

__all__ = [
    "constant",
    "cosine_annealing",
    "cyclic",
    "exponential_decay",
    "join",
    "linear",
    "multi_step_decay",
    "one_cycle",
    "polynomial_decay",
    "step_decay",
    "warm_restarts",
]


def step_decay(step: S, base_lr: float, step_size: int, gamma: float = 0.1) -> S:
    """Multiplies the rate by `gamma` every `step_size` steps.

    ``base_lr * gamma ** (step // step_size)``

    With base_lr 0.1, step_size 50: steps 0 to 49 give 0.1, step 50 gives 0.01.

    Raises:
        ValueError: if `step_size` is below 1 or not a whole number, or a step is negative.
    """
    if step_size < 1 or step_size % 1:
        raise ValueError(f"step_size must be a positive whole number, not {step_size!r}")
    if isinstance(step, NUMBERS):
        return step_decay_at(checked_step(step), base_lr, step_size, gamma)
    return powers_of(gamma, checked_steps(step), base_lr, step_size)


def multi_step_decay(step: S, base_lr: float, milestones: Sequence[float], gamma: float = 0.1) -> S:
    """Multiplies the rate by `gamma` at each milestone.

    ``base_lr * gamma ** (how many milestones are <= step)``

    With base_lr 0.1, milestones [30, 80]: step 29 gives 0.1, step 30 gives 0.01, step 80 gives 0.001. A milestone
    given twice counts twice. The order does not matter. One that no step equals (negative, fractional) does not count,
    as in PyTorch.
    """
    reached = sorted(m for m in milestones if m >= 0 and m % 1 == 0)
    if isinstance(step, NUMBERS):
        at = checked_step(step)
        return base_lr * power_of(gamma, sum(m <= at for m in reached))
    steps = checked_steps(step)
    rates = np.empty(steps.shape)
    for count, part in enumerate(parts_between(steps, reached)):
        rates[part] = base_lr * power_of(gamma, count)
    return rates


def constant(step: S, base_lr: float, factor: float = 1.0 / 3, total_iters: int = 5) -> S:
    """Holds the rate at a fraction of the base rate, then at the base rate.

    ``base_lr * factor`` while ``step < total_iters``, ``base_lr`` afterwards.

    With base_lr 0.1, factor 0.5, total_iters 4: step 3 gives 0.05, step 4 gives 0.1. With total_iters 0 it stays at
    ``base_lr * factor``, as PyTorch's ConstantLR does.

    Raises:
        ValueError: if `factor` is outside 0 to 1, or `total_iters` is not a whole number.
    """
    if not 0 <= factor <= 1:
        raise ValueError(f"factor, the constant multiplicative factor, must be between 0 and 1, not {factor!r}")
    check_total_iters(total_iters)
    reduced = base_lr * factor
    if isinstance(step, NUMBERS):
        return reduced if checked_step(step) < total_iters or total_iters <= 0 else base_lr
    steps = checked_steps(step)
    return np.where((steps < total_iters) | (total_iters <= 0), reduced, float(base_lr))


def linear(step: S, base_lr: float, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5) -> S:
    """Moves the rate in a straight line from one fraction of the base rate to another.

    ``base_lr * (start_factor + (end_factor - start_factor) * min(step, total_iters) / total_iters)``

    With base_lr 0.1, start_factor 0.5, total_iters 4: step 0 gives 0.05, step 4 and all later give 0.1. With
    total_iters 0 it stays at ``base_lr * start_factor``, as PyTorch's LinearLR does.

    Raises:
        ValueError: if `start_factor` is not in (0, 1], `end_factor` is not in [0, 1], or `total_iters` is not whole.
    """
    if not 0 < start_factor <= 1:
        raise ValueError(
            f"start_factor, the starting multiplicative factor, must be greater than 0 and at most 1, "
            f"not {start_factor!r}"
        )
    if not 0 <= end_factor <= 1:
        raise ValueError(f"end_factor, the ending multiplicative factor, must be between 0 and 1, not {end_factor!r}")
    check_total_iters(total_iters)
    if isinstance(step, NUMBERS):
        return linear_at(checked_step(step), base_lr, start_factor, end_factor, total_iters)
    steps = checked_steps(step)
    if total_iters <= 0:
        return np.full(steps.shape, base_lr * start_factor)
    return base_lr * (start_factor + (end_factor - start_factor) * np.minimum(steps / total_iters, 1.0))


def exponential_decay(step: S, base_lr: float, gamma: float) -> S:
    """Multiplies the rate by `gamma` at every step.

    ``base_lr * gamma ** step``

    With base_lr 0.1, gamma 0.95: step 0 gives 0.1, step 1 gives 0.095.
    """
    if isinstance(step, NUMBERS):
        return exponential_decay_at(checked_step(step), base_lr, gamma)
    return powers_of(gamma, checked_steps(step), base_lr)


def polynomial_decay(step: S, base_lr: float, total_iters: int = 5, power: float = 1.0) -> S:
    """Lowers the rate to zero along a power of the remaining time.

    ``base_lr * (1 - min(step, total_iters) / total_iters) ** power``

    With base_lr 0.1, total_iters 4, power 1: step 2 gives 0.05, step 4 and all later give 0. With total_iters 0 it
    stays at `base_lr`, as PyTorch's PolynomialLR does.

    Raises:
        ValueError: if `power` is negative, or `total_iters` is not a whole number.
    """
    check_total_iters(total_iters)
    if not power >= 0:
        raise ValueError(f"power must be 0 or more, not {power!r}")
    if isinstance(step, NUMBERS):
        return polynomial_decay_at(checked_step(step), base_lr, total_iters, power)
    steps = checked_steps(step)
    if total_iters <= 0:
        return np.full(steps.shape, float(base_lr))
    return base_lr * np.power(1.0 - np.minimum(steps / total_iters, 1.0), power)


def cosine_annealing(step: S, base_lr: float, T_max: float, eta_min: float = 0.0) -> S:  # noqa: N803 - torch's name
    """Swings between the base rate and `eta_min` along a cosine of half period `T_max`.

    ``eta_min + (base_lr - eta_min) * (1 + cos(pi * step / T_max)) / 2`` (SGDR, equation 5, without the restarts)

    With base_lr 0.1, T_max 50: step 0 gives 0.1, step 25 gives 0.05, step 50 gives 0, step 100 gives 0.1 again.

    Raises:
        ValueError: if `T_max` is 0.
    """
    if T_max == 0:
        raise ValueError("T_max must not be 0")
    if isinstance(step, NUMBERS):
        return eta_min + (base_lr - eta_min) * cosine_at(checked_step(step), T_max)
    return swing(checked_steps(step) * pi / T_max, base_lr, eta_min)


def warm_restarts(
    step: S,
    base_lr: float,
    T_0: int,  # noqa: N803 - torch's name
    T_mult: int = 1,  # noqa: N803 - torch's name
    eta_min: float = 0.0,
) -> S:
    """Anneals along a cosine and starts again, each run `T_mult` times as long as the one before.

    ``eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2`` (SGDR, equation 5), where T_cur counts the
    steps since the last restart and T_i is the length of the present run: T_0, T_0 * T_mult, T_0 * T_mult ** 2 ...

    With base_lr 0.1, T_0 10, T_mult 2: steps 0, 10, 30 and 70 give 0.1; step 5 and step 20 give 0.05. Steps may be
    fractional.

    Raises:
        ValueError: if `T_0` or `T_mult` is not a positive integer, or `eta_min` is not a number.
    """
    T_0, T_mult = checked_restarts(T_0, T_mult, eta_min)  # noqa: N806 - torch's names
    if isinstance(step, NUMBERS):
        current, length = restart_position(checked_step(step), T_0, T_mult)
        return eta_min + (base_lr - eta_min) * cosine_at(current, length)
    steps = checked_steps(step)
    if T_mult == 1 or not steps.size:
        phase = steps % T_0 * pi / T_0
    else:
        last = float(steps.max())
        starts, lengths = [0.0], [float(T_0)]
        while starts[-1] + lengths[-1] <= last:
            starts.append(starts[-1] + lengths[-1])
            lengths.append(lengths[-1] * T_mult)
        phase = np.empty(steps.shape)
        for start, length, part in zip(starts, lengths, parts_between(steps, starts[1:]), strict=True):
            phase[part] = (steps[part] - start) * (pi / length)
    return swing(phase, base_lr, eta_min)


def cyclic(
    step: S,
    base_lr: float,
    max_lr: float,
    step_size_up: float = 2000,
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
    scale_fn: Callable[[float], float] | None = None,
    scale_mode: str = "cycle",
) -> S:
    """Goes up and down between two rates in straight lines, the height scaled by cycle or by step.

    ``base_lr + (max_lr - base_lr) * triangle(step) * scale`` (Smith 2015, section 3), where triangle rises from 0 to
    1 over `step_size_up` steps and falls back over `step_size_down` (the same if it is None), and scale is 1 for
    "triangular", ``1 / 2 ** (cycle - 1)`` for "triangular2" with cycles counted from 1, ``gamma ** step`` for
    "exp_range", or the caller's `scale_fn` of the cycle or of the step, as `scale_mode` says ("cycle", "iterations").

    With base_lr 0.001, max_lr 0.1, step_size_up 20: steps 0 and 40 give 0.001, step 20 gives 0.1.

    Raises:
        ValueError: if a size, the mode or the scale mode is unknown or out of range.
    """
    total_size, step_ratio = cycle_shape(step_size_up, step_size_down)
    scale, by = cycle_scale(mode, gamma, scale_fn, scale_mode)
    return base_lr + (max_lr - base_lr) * cycle_height(step, total_size, step_ratio, scale, by)


def one_cycle(
    step: S,
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> S:
    """Rises once to `max_lr` and falls far below the start (Smith & Topin 2017).

    From ``max_lr / div_factor`` to `max_lr` at step ``pct_start * total_steps - 1``, then to
    ``max_lr / div_factor / final_div_factor`` at step ``total_steps - 1``; with `three_phase` first back to the
    start at ``2 * pct_start * total_steps - 2``. Along a cosine, or straight lines with anneal_strategy "linear".

    With max_lr 0.1, total_steps 100: step 0 gives 0.004, step 29 gives 0.1, step 99 gives 4e-7.

    Raises:
        ValueError: if an argument is out of range, or a step is beyond `total_steps`.
    """
    total_steps = checked_one_cycle(total_steps, pct_start, anneal_strategy, div_factor, final_div_factor)
    start = max_lr / div_factor
    levels = {"initial_lr": start, "max_lr": max_lr, "min_lr": start / final_div_factor}
    phases = one_cycle_phases(total_steps, pct_start, three_phase)
    firsts = [levels[first] for _, first, _ in phases]
    lasts = [levels[last] for _, _, last in phases]
    return anneal_phases(step, [end for end, _, _ in phases], firsts, lasts, total_steps, anneal_strategy)


def join(schedules: Sequence[Callable[[Any], Any]], milestones: Sequence[int]) -> Callable[[S], S]:
    """Runs one schedule after another, each counting its steps from the milestone where it starts.

    Args:
        schedules: callables ``step -> rate``, one more than there are milestones.
        milestones: the steps at which the second, third ... schedule starts, in order.

    Returns:
        A callable ``step -> rate``. With milestones [5], step 4 is step 4 of the first and step 5 is step 0 of the
        second, as in PyTorch's SequentialLR.

    Raises:
        ValueError: if there is not one milestone fewer than schedules, or the milestones are not sorted.
        TypeError: if a schedule is not callable, or a milestone is not a number.
    """
    for i, schedule in enumerate(schedules):
        if not callable(schedule):
            raise TypeError(f"schedules[{i}] must be a function of the step, not {schedule!r}")
    check_milestones(len(schedules), milestones)
    starts = [0, *milestones]

    def joined(step: S) -> S:
        if isinstance(step, NUMBERS):
            number = checked_step(step)
            at = sum(m <= number for m in milestones)
            return float(schedules[at](number - starts[at]))
        steps = checked_steps(step)
        rates = np.empty(steps.shape)
        for schedule, start, part in zip(schedules, starts, parts_between(steps, milestones), strict=True):
            if steps[part].size:
                rates[part] = schedule(steps[part] - start)
        return rates

    return joined
