"""Plots a schedule, or a logged rate, with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbevents.lr_scheduler.emission import group_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_schedule(
    schedule: Any, steps: int | ArrayLike | None = None, ax: Axes | None = None, *, label: str | None = None
) -> Axes:
    """Draws the rate against the step.

    Args:
        schedule: a scheduler (its schedule from the start, one line for each group); a callable ``step -> rate``; or a
            series with `steps` and `values`, as read from a run.
        steps: for a scheduler or callable, the steps, or their number from 0. For a series, the steps to draw, or their
            number from 0; None draws all.
        ax: the axes to draw on; None makes a new figure, which a notebook shows. Save it with
            ``ax.figure.savefig(...)``.
        label: the label of the line in the legend. With several groups, each label ends in the group's name or number.

    Returns:
        The axes.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        TypeError: if `schedule` is another kind of object, or a ReduceLROnPlateau, whose rates depend on its metrics.
        ValueError: if `steps` is needed but missing.
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
            f"schedule must be a scheduler, a callable step -> rate, or a series with steps and values, "
            f"not {type(schedule).__name__}"
        )
    if steps is None:
        raise ValueError("steps is needed to draw a schedule: the steps, or their number")
    xs = _step_array(steps)
    if evaluate is None:
        # One step at a time: a function written for numbers may accept an array and return a wrong result.
        return [("", xs, np.asarray([float(schedule(x)) for x in xs.tolist()], dtype=np.float64))]
    table = evaluate(xs)
    groups: Sequence[Any] = schedule.optimizer.param_groups
    if len(groups) == 1:
        return [("", xs, table[:, 0])]
    return [(name, xs, table[:, i]) for i, name in enumerate(group_names(groups))]


def _step_array(steps: int | ArrayLike) -> NDArray[Any]:
    if isinstance(steps, (int, np.integer)):
        if steps < 1:
            raise ValueError(f"steps must be at least 1, not {steps!r}")
        return np.arange(steps)
    return np.asarray(steps)
