"""The curve of a schedule, or of a rate that was logged, through matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_schedule(
    schedule: Any, steps: int | ArrayLike | None = None, ax: Axes | None = None, *, label: str | None = None
) -> Axes:
    """Draw the rate against the step.

    Args:
        schedule: one of: a scheduler (its schedule from the start, a line for each group); a callable ``step -> rate``;
            a series that was read back, with `steps` and `values`.
        steps: for a scheduler or a callable, the steps, or how many from 0. For a series None, or which steps of it, or
            how many from 0.
        ax: where to draw; a new figure's axes when None, that a notebook shows: ``ax.figure.savefig(...)``.
        label: the line's label, for a legend. With several groups each line's ends in the group's name or number.

    Returns:
        The axes.

    Raises:
        MissingExtraError: matplotlib is not installed.
        TypeError: `schedule` is none of these, or a ReduceLROnPlateau, whose rates depend on its metrics.
        ValueError: `steps` is missing where it is needed.
    """
    lines = _lines(schedule, steps)
    if ax is None:
        from tbevents.views.figure import new_axes

        ax = new_axes()
    for name, xs, ys in lines:
        line_label = name if label is None else f"{label} {name}" if name else label
        ax.plot(xs, ys, label=line_label or None)
    ax.set_xlabel("Step")
    ax.set_ylabel("Learning rate")
    if any(name for name, _, _ in lines) or label:
        ax.legend()
    return ax


def _lines(schedule: Any, steps: int | ArrayLike | None) -> list[tuple[str, NDArray[Any], NDArray[Any]]]:
    """(name, x, y) of each line."""
    if hasattr(schedule, "steps") and hasattr(schedule, "values") and not callable(schedule.values):
        xs, ys = np.asarray(schedule.steps), np.asarray(schedule.values)
        if steps is not None:
            shown = np.isin(xs, _step_array(steps))
            xs, ys = xs[shown], ys[shown]
        return [("", xs, ys)]
    evaluate = getattr(schedule, "schedule", None)
    if evaluate is None and not callable(schedule):
        raise TypeError(
            f"expected a scheduler, a callable step -> rate, or a series with steps and values, "
            f"got {type(schedule).__name__}"
        )
    if steps is None:
        raise ValueError("steps is needed to draw a schedule: the steps, or how many")
    xs = _step_array(steps)
    if evaluate is None:
        return [("", xs, _call(schedule, xs))]
    table = evaluate(xs)
    groups: Sequence[Any] = schedule.optimizer.param_groups
    if len(groups) == 1:
        return [("", xs, table[:, 0])]
    return [(str(group.get("name", i)), xs, table[:, i]) for i, group in enumerate(groups)]


def _step_array(steps: int | ArrayLike) -> NDArray[Any]:
    if isinstance(steps, (int, np.integer)):
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps!r}")
        return np.arange(steps)
    return np.asarray(steps)


def _call(function: Callable[[Any], Any], xs: NDArray[Any]) -> NDArray[np.float64]:
    # One step at a time: a function that was written for numbers may take an array and answer wrongly.
    return np.asarray([float(function(x)) for x in xs.tolist()], dtype=np.float64)
