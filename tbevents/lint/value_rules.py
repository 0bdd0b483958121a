"""Rules about values: NaN, infinity, and losses that diverge, jump or stand still."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tbevents.lint.rule import Hit, Option, Options, Rule, register
from tbevents.lint.run_batch import CurveSegments, RunBatch
from tbevents.lint.run_view import Curve, RunView, median
from tbevents.testing.finding import ROWS, FindingTable, number
from tbevents.tools.tag_roles import role_of

_NEAR: Final = 5
"""Rises fewer points apart than this are one spike; as many values before it are needed to judge it."""

_ENDS: Final = 0.1
"""The fraction of a curve that is its beginning, and its end."""

_WINDOWS: Final = 1 << 20
"""The most values in the windows before the rises of a batch that are screened at once."""


def _nan(view: RunView, _: Options) -> Iterator[Hit]:
    return _not_finite(view, "NaN", np.isnan)


def _infinite(view: RunView, _: Options) -> Iterator[Hit]:
    return _not_finite(view, "infinite", np.isinf)


def _may_have(test: np.ufunc, batch: RunBatch, _: Options) -> NDArray[np.bool_]:
    values = batch.values
    return batch.with_numbers(batch.run_of[values.having(test(values.values))])


def _not_finite(view: RunView, noun: str, test: np.ufunc) -> Iterator[Hit]:
    bad = np.flatnonzero(test(view.values))
    for tag in view.tags_at(bad) if len(bad) else ():
        series = view.series[tag]
        places = np.flatnonzero(test(series.values))
        first = int(places[0])
        rows = [[str(series.steps[at]), str(series.values[at])] for at in places[:ROWS].tolist()]
        before = np.flatnonzero(np.isfinite(series.values[:first]))
        last = f"; the last finite value before is {series.values[before[-1]]:g}" if len(before) else ""
        verb = "is" if len(places) == 1 else "are"
        summary = f"{len(places):,} of {len(series):,} values {verb} {noun}, first at step {series.steps[first]}{last}"
        table = FindingTable.of(("step", "value"), rows, len(places))
        yield Hit(tag, summary, int(series.steps[first]), float(series.values[first]), "finite", table)


def _may_diverge(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    curves = batch.curves
    counts = curves.values.counts
    ends = np.maximum(3, (counts * _ENDS).astype(np.intp))
    start, end = curves.first(ends).medians(), curves.last(ends).medians()
    bound = start + np.fmax(options["rise"] * np.abs(start), options["noise"] * curves.noise)
    return batch.with_numbers(curves.runs[(end > bound) & (counts >= options["points"])])


def _divergence(view: RunView, options: Options) -> Iterator[Hit]:
    for curve in view.curves(view.losses, options["points"]):
        start, end = curve.ends(_ENDS)
        bound = start + max(options["rise"] * abs(start), options["noise"] * curve.noise)
        if not end > bound:
            continue
        above = np.flatnonzero(curve.values > bound)
        onset = int(above[np.flatnonzero(np.diff(above, prepend=-2) > 1)[-1]])  # of the last values that are above
        least = int(curve.values.argmin())
        summary = (
            f"it ends at about {end:.4g}, above the {start:.4g} it starts at; "
            f"the least is {curve.values[least]:.4g} at step {curve.steps[least]}"
        )
        yield Hit(curve.tag, summary, int(curve.steps[onset]), float(curve.values[onset]), bound)


def _spike(view: RunView, options: Options) -> Iterator[Hit]:
    for curve in view.curves(view.losses, _NEAR + 1):
        places, medians, bounds = _spikes(curve, options)
        if not len(places):
            continue
        dtype = view.series[curve.tag].values.dtype
        rows = [
            [str(curve.steps[at]), number(curve.values[at], dtype), f"{middle:.6g}", f"{bound:.6g}"]
            for at, middle, bound in zip(places[:ROWS].tolist(), medians[:ROWS], bounds[:ROWS], strict=True)
        ]
        times = "once" if len(places) == 1 else f"{len(places):,} times"
        at, middle, bound = int(places[0]), float(medians[0]), float(bounds[0])
        summary = f"it jumps {times}, first at step {curve.steps[at]} to {curve.values[at]:.4g} from about {middle:.4g}"
        table = FindingTable.of(("step", "value", "running median", "bound"), rows, len(places))
        yield Hit(curve.tag, summary, int(curve.steps[at]), float(curve.values[at]), bound, table)


def _may_spike(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    curves = batch.curves
    values = curves.values
    # As in `_spikes`, which says why.
    reach = options["share"] * (values.greatest() / 2 - values.least() / 2) * 2
    rises = np.diff(values.values) > np.repeat(np.maximum(3 * curves.noise, reach / 4), values.counts)[1:]
    places = np.flatnonzero(rises) + 1
    numbers = values.number_at(places)
    before = places - values.starts[numbers]
    enough = before >= _NEAR
    places, numbers, before = places[enough], numbers[enough], before[enough]
    if not len(places):
        return batch.with_numbers(numbers)
    higher = values.values[places] > values.values[places[:, None] - np.arange(1, _NEAR + 1)].max(axis=1)
    places, numbers, before = places[higher], numbers[higher], before[higher]
    window = max(int(options["window"]), _NEAR)
    if len(places) * window <= _WINDOWS:
        numbers = numbers[_above_median(curves, places, before, window, reach[numbers], options)]
    return batch.with_numbers(curves.runs[numbers])


def _above_median(
    curves: CurveSegments,
    places: NDArray[np.intp],
    before: NDArray[np.intp],
    window: int,
    reach: NDArray[np.float64],
    options: Options,
) -> NDArray[np.bool_]:
    """Returns which values exceed the bound of a spike.

    Args:
        curves: the curves.
        places: of the values, shape (m,).
        before: how many values each curve has before them, shape (m,).
        window: how many of those the median is of, at most.
        reach: the least distance from the median, shape (m,).
        options: of the rule.
    """
    values = curves.values.values
    back = np.arange(1, window + 1)
    there = back <= before[:, None]
    middle_of = np.arange(len(places)), (np.minimum(before, window) - 1) // 2
    recent = np.where(there, values[np.maximum(places[:, None] - back, 0)], np.inf)  # which sorts behind the others
    middle = np.sort(recent, axis=1)[middle_of]
    spread = 1.4826 * np.sort(np.abs(recent - middle[:, None]), axis=1)[middle_of]
    above = np.fmax(np.fmax((options["factor"] - 1) * np.abs(middle), options["deviations"] * spread), reach)
    exceeds: NDArray[np.bool_] = values[places] > middle + above
    return exceeds


def _spikes(curve: Curve, options: Options) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Returns the places of spikes, the running medians before them, and the bounds that they exceed."""
    values, none = curve.values, np.empty(0)
    reach = options["share"] * (float(values.max()) / 2 - float(values.min()) / 2) * 2
    # Cheap first: where a value rises at once, by more than noise, above all of the few before it.
    rises = np.flatnonzero(curve.changes[_NEAR - 1 :] > max(3 * curve.noise, reach / 4)) + _NEAR
    if not len(rises):
        return np.empty(0, np.intp), none, none
    recent = values[rises[:, None] - np.arange(1, _NEAR + 1)]
    rises = rises[values[rises] > recent.max(axis=1)]
    window = max(int(options["window"]), _NEAR)
    places: list[int] = []
    medians, bounds = [], []
    previous = -len(values)
    for at in rises.tolist():
        before = values[max(0, at - window) : at]
        middle = median(before)
        spread = 1.4826 * median(np.abs(before - middle))  # of a normal distribution, the standard deviation
        above = max((options["factor"] - 1) * abs(middle), options["deviations"] * spread, reach)
        if not values[at] > middle + above:
            continue
        if at - previous >= _NEAR and curve.steps[at] > curve.steps[at - 1]:  # another start of the run is no spike
            places.append(at)
            medians.append(middle)
            bounds.append(middle + above)
        previous = at
    return np.array(places, np.intp), np.array(medians), np.array(bounds)


def _stagnation(view: RunView, options: Options) -> Iterator[Hit]:
    if view.run.starts > 1:
        return  # TB503 says so
    role = role_of(view.run.name.rpartition("/")[2])
    of_training = [tag for tag in view.losses if (role_of(tag) or role) != "held out"]
    for curve in view.curves(of_training, max(options["points"], 4)):
        quarter = len(curve) // 4
        earlier, later = median(curve.values[quarter : 2 * quarter]), median(curve.values[-quarter:])
        bound = earlier - options["improvement"] * abs(earlier)
        if later > bound:
            step = int(curve.steps[2 * quarter])
            summary = f"no progress in the last half, since step {step}: from about {earlier:.4g} to {later:.4g}"
            yield Hit(curve.tag, summary, step, later, bound)


def _may_stagnate(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    curves = batch.curves
    counts = curves.values.counts
    long = (counts >= max(options["points"], 4)) & ~curves.held_out
    values = curves.values.select(long)
    quarter = values.counts // 4
    earlier = values.part(quarter, quarter).medians()
    later = values.part(values.counts - quarter, quarter).medians()
    found = later > earlier - options["improvement"] * np.abs(earlier)
    return batch.with_numbers(curves.runs[long][found])


register(
    Rule(
        "TB101",
        "nan",
        "error",
        "A value is NaN.",
        check=_nan,
        screen=partial(_may_have, np.isnan),
    )
)
register(
    Rule(
        "TB102",
        "infinite",
        "error",
        "A value is infinite.",
        check=_infinite,
        screen=partial(_may_have, np.isinf),
    )
)
register(
    Rule(
        "TB103",
        "divergence",
        "error",
        "A loss ends above where it starts.",
        (
            Option("rise", 0.25, "how far the last values may be above the first, as a fraction of the first"),
            Option("noise", 3, "the same, in typical changes from one value to the next; the larger bound counts"),
            Option("points", 10, "fewer finite values are not judged"),
        ),
        _divergence,
        _may_diverge,
    )
)
register(
    Rule(
        "TB104",
        "spike",
        "warning",
        "A loss jumps far above the median of the values before.",
        (
            Option("factor", 3, "how many times the running median a value may be"),
            Option("deviations", 8, "how many standard deviations above the running median"),
            Option("share", 0.1, "how far above the running median, as a fraction of the range of all values"),
            Option("window", 25, "how many values the running median is of"),
        ),
        _spike,
        _may_spike,
    )
)
register(
    Rule(
        "TB105",
        "stagnation",
        "info",
        "A training loss does not fall in the last half of the run.",
        (
            Option("improvement", 0.01, "the least fall from the second quarter to the last, as a fraction"),
            Option("points", 20, "fewer finite values are not judged"),
        ),
        _stagnation,
        _may_stagnate,
        unless="TB103",
    )
)
