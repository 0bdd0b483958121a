"""The rule about learning rates that jump at a resume."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tbevents.lint.rule import Hit, Option, Options, Rule, register
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import RunView


def _jump(view: RunView, options: Options) -> Iterator[Hit]:
    resumes = {event.step for event in view.run.session_log if event.status == "START" and event.step}
    for tag in view.rates:
        series = view.run.scalars[tag]
        steps, rates = series.steps, series.values.astype(np.float64)
        if len(steps) < 3:
            continue
        places = {*view.files_begin(tag), *(np.flatnonzero(steps[1:] < steps[:-1]) + 1).tolist()}
        places |= {int(np.searchsorted(steps, step)) for step in resumes}
        for at in sorted(places):
            if not 0 < at < len(steps):
                continue
            expected = _expected(steps[:at], rates[:at], int(steps[at]))
            rate = float(rates[at])
            slack = options["change"] * max(map(abs, expected), default=0)
            falls = rate < min(expected) - slack
            if falls and not (at + 1 < len(rates) and rates[at + 1] > rate):
                continue  # a schedule may fall there; a warm-up that begins again rises next
            if falls or rate > max(expected) + slack:
                low, high = min(expected), max(expected)
                wanted = f"{low:.4g}" if low == high else f"from {low:.4g} to {high:.4g}"
                summary = (
                    f"resumed at step {steps[at]}, it is {rate:.4g}, where {wanted} was due: "
                    "the state of the scheduler was not restored"
                )
                yield Hit(tag, summary, int(steps[at]), rate, high if rate > high else low)
                break


def _may_jump(batch: RunBatch, _: Options) -> NDArray[np.bool_]:
    return batch.unusual | batch.odd_steps  # otherwise nothing was resumed


def _expected(steps: NDArray[np.int64], rates: NDArray[np.float64], step: int) -> tuple[float, ...]:
    """Returns the rates that may follow at a step: those logged around it before, or where they were heading to."""
    order = np.argsort(steps, kind="stable")
    steps, rates = steps[order], rates[order]
    place = int(np.searchsorted(steps, step))
    if place < len(steps):
        return tuple(rates[max(0, place - 1) : place + 2].tolist())
    last = float(rates[-1])
    if len(steps) < 2 or steps[-1] == steps[-2]:
        return (last,)
    slope = float(rates[-1] - rates[-2]) / float(steps[-1] - steps[-2])
    return last, last + slope * float(step - int(steps[-1]))


register(
    Rule(
        "TB402",
        "rate-jump",
        "warning",
        "A learning rate jumps where the run was resumed.",
        (Option("change", 0.1, "how far it may be from what was due, as a fraction"),),
        _jump,
        _may_jump,
    )
)
