"""Formulas of the schedules at one step, checks of their arguments, and shared parts.

`schedules` combines the formulas with the checks. The schedulers run the checks once, and at every step call only the
functions ending in _at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from math import cos, floor, isfinite, isnan, log, pi
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.format.values import whole

S = TypeVar("S", float, NDArray[Any])
"""A step and its rate: both numbers, or both arrays of one shape."""

NUMBERS: Final = (int, float, np.integer, np.floating)
"""Types of a single step, whose rate is a float; any other step is an array."""


def step_decay_at(step: float, base_lr: float, step_size: int, gamma: float) -> float:
    """`step_decay` at one step."""
    return base_lr * power_of(gamma, step // step_size)


def exponential_decay_at(step: float, base_lr: float, gamma: float) -> float:
    """`exponential_decay` at one step."""
    try:
        return float(base_lr * gamma**step)
    except OverflowError:
        return base_lr * power_of(gamma, step)


def linear_at(step: float, base_lr: float, start_factor: float, end_factor: float, total_iters: int) -> float:
    """`linear` at one step."""
    if total_iters <= 0:
        return base_lr * start_factor
    done = step / total_iters if step < total_iters else 1.0
    return base_lr * (start_factor + (end_factor - start_factor) * done)


def polynomial_decay_at(step: float, base_lr: float, total_iters: int, power: float) -> float:
    """`polynomial_decay` at one step."""
    if total_iters <= 0:
        return base_lr
    return float(base_lr * (1.0 - (step / total_iters if step < total_iters else 1.0)) ** power)


def cosine_at(step: float, half: float) -> float:
    """Returns the position between eta_min (0) and the base rate (1) on a cosine of half period `half`."""
    return (1 + cos(pi * step / half)) / 2


def checked_float(name: str, value: Any) -> float:
    """Returns a number of any type as a float.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is too large for a float.
    """
    if type(value) is float:
        return value
    try:
        if not isinstance(value, (str, bytes)):
            return float(value)
    except (TypeError, ValueError):
        pass
    except OverflowError:
        raise ValueError(f"{name} is too large for a float") from None
    raise TypeError(f"{name} must be a number, not {value!r}")


def check_numbers(**values: object) -> None:
    """Raises TypeError or ValueError, which names the argument, unless all values are numbers other than NaN."""
    for name, value in values.items():
        if isnan(checked_float(name, value)):
            raise ValueError(f"{name} must be a number, not {value!r}")


def checked_epoch(epoch: Any) -> float:
    """Returns the `epoch` of a step, as a number of Python.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is negative, infinite or NaN.
    """
    number = checked_float("epoch", epoch)
    if not (isfinite(number) and number >= 0):
        raise ValueError(f"epoch must be finite and non-negative, not {epoch!r}")
    return int(epoch) if isinstance(epoch, (int, np.integer)) else number


def check_last_epoch(last_epoch: Any) -> None:
    """Raises TypeError or ValueError unless it is a number that is at least -1."""
    check_numbers(last_epoch=last_epoch)
    if last_epoch < -1:
        raise ValueError(f"last_epoch must be at least -1, not {last_epoch!r}")


def checked_count(name: str, value: Any) -> int:
    """Returns a positive integer of any type as an int; raises ValueError, as PyTorch does, if it is not one."""
    try:
        return whole(name, value, least=1)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a positive integer, not {value!r}") from None


def checked_restarts(t_0: object, t_mult: object, eta_min: object) -> tuple[int, int]:
    """Returns `t_0` and `t_mult` as ints; raises ValueError unless the arguments of warm restarts are usable."""
    counts = checked_count("T_0", t_0), checked_count("T_mult", t_mult)
    if not isinstance(eta_min, (int, float)):
        raise ValueError(f"eta_min must be a float or an int, not {eta_min!r} of type {type(eta_min).__name__}")
    return counts


def restart_position(step: float, t_0: int, t_mult: int) -> tuple[float, int]:
    """Returns the number of steps since the last warm restart, and the length of the current run."""
    if step < t_0:
        return step, t_0
    if t_mult == 1:
        return step % t_0, t_0
    # The logarithm finds the run up to a rounding error; integer arithmetic then corrects it at the boundaries.
    run = int(log(step / t_0 * (t_mult - 1) + 1, t_mult))
    start = t_0 * (t_mult**run - 1) // (t_mult - 1)
    if step < start:
        run -= 1
    elif step >= start + t_0 * t_mult**run:
        run += 1
    start = t_0 * (t_mult**run - 1) // (t_mult - 1)
    return step - start, t_0 * t_mult**run


def parts_between(steps: NDArray[Any], bounds: Sequence[float]) -> list[Any]:
    """Returns the indices of the steps in each interval between the bounds; slices if the steps are sorted."""
    if not bounds:
        return [...]
    if steps.ndim == 1 and bool((steps[1:] >= steps[:-1]).all()):
        cuts = [0, *np.searchsorted(steps, bounds).tolist(), len(steps)]
        return [slice(begin, end) for begin, end in itertools.pairwise(cuts)]
    which = np.searchsorted(np.asarray(bounds, dtype=np.float64), steps, side="right")
    return [which == part for part in range(len(bounds) + 1)]


def cycle_shape(step_size_up: float, step_size_down: float | None) -> tuple[float, float]:
    """Returns the length of a cycle in steps, and the fraction of it in which the rate rises."""
    check_numbers(step_size_up=step_size_up, step_size_down=0 if step_size_down is None else step_size_down)
    if not step_size_up > 0:
        raise ValueError(f"step_size_up must be positive, not {step_size_up!r}")
    if step_size_down is not None and not step_size_down >= 0:
        raise ValueError(f"step_size_down must be 0 or more, not {step_size_down!r}")
    total = float(step_size_up) + float(step_size_up if step_size_down is None else step_size_down)
    return total, float(step_size_up) / total


def cycle_scale(
    mode: str, gamma: float, scale_fn: Callable[[float], float] | None, scale_mode: str
) -> tuple[Callable[[Any], Any] | None, str]:
    """Returns the scaling function, which also accepts arrays (None if the scale is 1), and its argument's mode."""
    checked_choice("scale_mode", scale_mode, ("cycle", "iterations"))
    if scale_fn is not None:
        function = scale_fn

        def scale(x: Any) -> Any:
            if isinstance(x, np.ndarray):
                values = [function(v) for v in x.ravel().tolist()]
                return np.asarray(values, dtype=np.float64).reshape(x.shape)
            return function(x)

        return scale, scale_mode
    if mode == "triangular":
        return None, "cycle"
    if mode == "triangular2":
        return lambda cycle: 0.5 ** (cycle - 1), "cycle"
    if mode == "exp_range":
        return lambda x: powers_of(gamma, x) if isinstance(x, np.ndarray) else power_of(gamma, x), "iterations"
    raise ValueError(
        f"mode is invalid and scale_fn is None: mode must be 'triangular', 'triangular2' or 'exp_range', not {mode!r}"
    )


def cycle_height(step: S, total_size: float, step_ratio: float, scale: Callable[[Any], Any] | None, by: str) -> S:
    """Returns the position between base (0) and max (1) at `step`: the triangle times its scale."""
    if isinstance(step, NUMBERS):
        return cycle_height_at(checked_step(step), total_size, step_ratio, scale, by)

    steps = checked_steps(step)
    laps = 1.0 + steps / total_size
    cycles = np.floor(laps)
    xs = laps - cycles
    heights = xs / step_ratio
    if step_ratio < 1:
        heights = np.where(xs <= step_ratio, heights, (xs - 1) / (step_ratio - 1))
    return heights if scale is None else heights * scale(cycles if by == "cycle" else steps)


def cycle_height_at(
    step: float, total_size: float, step_ratio: float, scale: Callable[[Any], Any] | None, by: str
) -> float:
    """`cycle_height` at one step."""
    done = step / total_size
    cycle = floor(1 + done)
    x = 1.0 + done - cycle
    height = x / step_ratio if x <= step_ratio else (x - 1) / (step_ratio - 1)
    return height if scale is None else float(height * scale(cycle if by == "cycle" else step))


def checked_one_cycle(
    total_steps: object, pct_start: object, anneal_strategy: object, div_factor: float, final_div_factor: float
) -> int:
    """Returns `total_steps` as an int; raises ValueError unless the arguments of a one-cycle schedule are usable."""
    count = checked_count("total_steps", total_steps)
    if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
        raise ValueError(f"pct_start must be a float between 0 and 1, not {pct_start!r}")
    checked_choice("anneal_strategy", anneal_strategy, ("cos", "linear"))
    check_numbers(div_factor=div_factor, final_div_factor=final_div_factor)
    for name, value in (("div_factor", div_factor), ("final_div_factor", final_div_factor)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, not {value!r}")
    return count


def one_cycle_phases(total_steps: int, pct_start: float, three_phase: bool) -> list[tuple[float, str, str]]:
    """(last step, key of the rate it starts from, key of the rate it ends at) of each phase."""
    last = total_steps - 1
    rise = (float(pct_start * total_steps) - 1, "initial_lr", "max_lr")
    if not three_phase:
        return [rise, (last, "max_lr", "min_lr")]
    fall = (float(2 * pct_start * total_steps) - 2, "max_lr", "initial_lr")
    return [rise, fall, (last, "initial_lr", "min_lr")]


def anneal_phases(
    step: S, ends: Sequence[float], firsts: Sequence[float], lasts: Sequence[float], total_steps: int, strategy: str
) -> S:
    """Returns the value at `step` in a sequence of phases, each of which moves from its first value to its last.

    `ends` are the last steps of the phases; the last phase continues to `total_steps`. A phase of length 0 has its last
    value.

    Raises:
        ValueError: if a step is negative or beyond `total_steps`.
    """
    if isinstance(step, NUMBERS):
        at, share = phase_at(checked_step(step), ends, total_steps, strategy)
        return lasts[at] + (firsts[at] - lasts[at]) * share
    steps = checked_steps(step)
    if steps.size and steps.max() > total_steps:
        raise _over(steps.max(), total_steps)
    values = np.empty(steps.shape)
    begin = 0.0
    # A step belongs to the first phase whose end it has not passed.
    bounds = np.nextafter(np.maximum.accumulate(ends), np.inf)[:-1].tolist()
    for end, first, last, part in zip(ends, firsts, lasts, parts_between(steps, bounds), strict=True):
        done = (steps[part] - begin) / (end - begin) if end != begin else 1.0
        values[part] = last + (first - last) * ((np.cos(pi * done) + 1) / 2 if strategy == "cos" else 1 - done)
        begin = end
    return values


def phase_at(step: float, ends: Sequence[float], total_steps: int, strategy: str) -> tuple[int, float]:
    """Returns the index of the phase of a step, and the remaining share of the phase's first value."""
    if step > total_steps:
        raise _over(step, total_steps)
    at = 0
    begin = 0.0
    end = ends[0]
    while step > end and at + 1 < len(ends):
        at += 1
        begin, end = end, ends[at]
    done = (step - begin) / (end - begin) if end != begin else 1.0
    return at, (cos(pi * done) + 1) / 2 if strategy == "cos" else 1 - done


def _over(step: float, total_steps: int) -> ValueError:
    return ValueError(f"tried to step {step} times; the specified number of total steps is {total_steps}")


def check_milestones(schedulers: int, milestones: Sequence[int]) -> None:
    """Raises an error unless the milestones are sorted numbers, one fewer than the schedulers."""
    if isinstance(milestones, (str, bytes)) or not isinstance(milestones, Sequence | np.ndarray):
        raise TypeError(f"milestones must be a list of epochs, not {milestones!r}")
    for milestone in milestones:
        check_numbers(**{"each of milestones": milestone})
    if schedulers < 1:
        raise ValueError("expected at least one scheduler, but got no scheduler")
    if len(milestones) != schedulers - 1:
        raise ValueError(
            f"the number of schedulers must be one more than the number of milestones, "
            f"got {schedulers} and {len(milestones)}"
        )
    if any(a > b for a, b in itertools.pairwise(milestones)):
        raise ValueError(f"milestones must be sorted, not {list(milestones)!r}")


def checked_step(step: float) -> float:
    """Returns the step as a number of Python; raises ValueError if it is negative."""
    if isinstance(step, np.generic):
        step = step.item()  # numpy's numbers overflow otherwise than Python's do
    if step < 0:
        raise ValueError(f"step must be 0 or more, not {step!r}")
    return step


def checked_steps(step: object) -> NDArray[Any]:
    """Returns the steps as an array of signed integers or floats; raises ValueError if one is negative."""
    steps = np.asarray(step)
    if steps.dtype.kind not in "iuf":
        raise TypeError(f"steps must be numbers, not an array of {steps.dtype}")
    if steps.dtype.kind == "u":
        steps = steps.astype(np.int64)
    if steps.size and not steps.min() >= 0:
        raise ValueError(f"steps must be 0 or more, not {steps.min()!r}")
    return steps


def check_total_iters(total_iters: float) -> None:
    """Raises ValueError unless it is a whole number."""
    if total_iters % 1:
        raise ValueError(f"total_iters must be a whole number, not {total_iters!r}")


def swing(phase: NDArray[Any], highest: float, lowest: float) -> NDArray[Any]:
    """Returns the cosine from `highest` at phase 0 to `lowest` at pi."""
    rates: NDArray[Any] = lowest + (highest - lowest) * (1 + np.cos(phase)) / 2
    return rates


def power_of(base: float, exponent: float) -> float:
    """Returns `base ** exponent`, or infinity if that overflows, as repeated multiplication would."""
    try:
        return float(base**exponent)
    except OverflowError:
        return float(powers_of(base, np.asarray(exponent)))


def powers_of(base: float, steps: NDArray[Any], scale: float = 1.0, every: int = 1) -> NDArray[Any]:
    """Returns `scale * base ** (steps // every)`; steps may be fractional if `every` is 1."""
    exponents = steps if every == 1 else steps // every
    with np.errstate(over="ignore", under="ignore"):
        return scale * np.power(float(base), exponents.astype(np.float64))
