"""Rules about steps and wall times: order, repeats, wraps and gaps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tbevents.lint.rule import Hit, Option, Options, Rule, register
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import RunView
from tbevents.lint.segments import Segments
from tbevents.testing.finding import ROWS, FindingTable
from tbevents.views.safe_text import counted


def _odd_steps(kind: str, bound: str, view: RunView, _: Options) -> Iterator[Hit]:
    for each in view.step_oddities(kind):
        yield Hit(each.tag, each.detail, each.step, each.step, bound)


def _may_be_odd(batch: RunBatch, _: Options) -> NDArray[np.bool_]:
    return batch.odd_steps


def _distances(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the distances between ascending steps; unsigned, since they may be as large as 2**64."""
    return (steps[1:].view(np.uint64) - steps[:-1].view(np.uint64)).astype(np.float64)


def _may_have_gap(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    long = batch.ascending & (batch.steps.counts >= max(options["points"], 3))
    steps, runs = batch.steps.select(long), batch.step_runs[long]
    distances = Segments(_distances(steps.values)[steps.pairs()], steps.counts - 1)
    largest = distances.greatest()
    odd = largest > distances.least() * options["regular"]  # cheap, and true of few
    usual = distances.select(odd).ranked(distances.counts[odd] // 2)
    return batch.with_numbers(runs[odd][largest[odd] > usual * options["regular"]])


def _gap(view: RunView, options: Options) -> Iterator[Hit]:
    for column in view.step_columns:
        steps = column.steps
        if len(steps) < max(options["points"], 3) or not column.ascending:
            continue
        distances = _distances(steps)
        largest = distances.max()
        usual = float(np.partition(distances, len(distances) // 2)[len(distances) // 2])
        if largest <= usual * options["regular"]:
            continue
        regular = np.count_nonzero(distances == usual) >= 0.9 * len(distances)
        bound = usual * options["regular" if regular else "irregular"]
        places = np.flatnonzero(distances > bound)
        # Steps that spread out on purpose, such as powers of two, are no gaps.
        if not len(places) or len(places) > 0.1 * len(distances):
            continue
        first = int(places[0])
        rows = [[str(steps[at]), str(steps[at + 1]), f"{distances[at]:.0f}"] for at in places[:ROWS].tolist()]
        table = FindingTable.of(("after step", "comes step", "distance"), rows, len(places))
        count = "a gap" if len(places) == 1 else f"{len(places):,} gaps"
        summary = f"{count}: after step {steps[first]} comes {steps[first + 1]}; the usual distance is {usual:.0f}"
        for tag in column.tags:
            yield Hit(tag, summary, int(steps[first]), float(distances[first]), bound, table)


def _may_go_back_in_time(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    times = batch.times
    bad = ~((times.values >= 0) & (times.values < np.inf))
    bad[1:] |= (np.diff(times.values) < -options["seconds"]) & times.pairs()
    return batch.with_numbers(batch.run_of[times.having(bad)])


def _wall_time_order(view: RunView, options: Options) -> Iterator[Hit]:
    times = view.times
    if not len(times):
        return
    jumps = np.zeros(len(times))
    np.subtract(times[1:], times[:-1], out=jumps[1:])
    jumps[view.starts[:-1]] = 0  # the first point of a tag follows none
    sound = (times >= 0) & (times < np.inf)  # not of NaN either
    bad = np.flatnonzero(~sound | (jumps < -options["seconds"]))
    if not len(bad):
        return
    tags = view.tags_at(bad)
    series = view.series[tags[0]]
    at = int(bad[0] - view.starts[list(view.series).index(tags[0])])
    others = "" if len(tags) == 1 else f"; the same in {counted(len(tags) - 1, 'more tag')}"
    time = float(series.wall_times[at])
    if not sound[bad[0]]:
        summary = f"a wall time of {time:g} s at step {series.steps[at]}{others}"
        yield Hit(tags[0], summary, int(series.steps[at]), time, "finite, since 1970")
    else:
        summary = f"wall times go back by {-jumps[bad[0]]:.6g} s at step {series.steps[at]}{others}"
        yield Hit(tags[0], summary, int(series.steps[at]), float(jumps[bad[0]]), -options["seconds"])


register(
    Rule(
        "TB201",
        "steps-go-back",
        "warning",
        "A step is below the one before it.",
        check=partial(_odd_steps, "steps_go_back", "ascending steps"),
        screen=_may_be_odd,
    )
)
register(
    Rule(
        "TB202",
        "repeated-steps",
        "warning",
        "A step was logged before.",
        check=partial(_odd_steps, "repeated_steps", "one point a step"),
        screen=_may_be_odd,
    )
)
register(
    Rule(
        "TB203",
        "wrapped-steps",
        "warning",
        "A 32-bit step counter wrapped round.",
        check=partial(_odd_steps, "steps_wrap", "64-bit steps"),
        screen=_may_be_odd,
    )
)
register(
    Rule(
        "TB204",
        "gap",
        "warning",
        "Steps are missing between two points.",
        (
            Option("regular", 1.5, "the largest distance in usual distances, if nine in ten distances are the same"),
            Option("irregular", 10, "the same, if the distances differ"),
            Option("points", 10, "fewer points are not judged"),
        ),
        _gap,
        _may_have_gap,
    )
)
register(
    Rule(
        "TB205",
        "wall-times",
        "warning",
        "Wall times decrease or are invalid.",
        (Option("seconds", 1, "how far a wall time may be before the one before it"),),
        _wall_time_order,
        _may_go_back_in_time,
    )
)
register(
    Rule(
        "TB206",
        "all-steps-zero",
        "warning",
        "All points of a tag are at step 0, as if logged without a step.",
        check=partial(_odd_steps, "steps_all_zero", "steps that count"),
        screen=_may_be_odd,
    )
)
