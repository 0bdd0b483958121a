"""Rules about tags as a whole: too few points, ends before the others, kinds, hyperparameters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tbevents.lint.rule import Hit, Option, Options, Rule, register, unusual
from tbevents.lint.run_batch import RunBatch
from tbevents.lint.run_view import RunView
from tbevents.views.safe_text import counted

_NO_CLOCK: Final = 1.0
"""Seconds: wall times of a run that span less say nothing of when a tag was logged."""


def _may_be_single(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    counts = batch.counts
    return batch.with_numbers(batch.run_of[counts == 1]) & batch.with_numbers(batch.run_of[counts >= options["others"]])


def _single_point(view: RunView, options: Options) -> Iterator[Hit]:
    if all(len(column.steps) > 1 for column in view.step_columns):
        return  # cheap, and true of most
    counts = np.diff(view.starts)
    if not len(counts) or int(counts.max()) < options["others"]:
        return
    alone = np.flatnonzero(counts == 1)
    if len(alone) > 0.5 * len(counts):
        return  # a run that mostly logs once
    session = view.run.readable_hparams() if len(alone) else None
    tags = list(view.series)
    for tag in (tags[number] for number in alone.tolist()):
        if tag == "hp_metric" or (session is not None and tag in session.metrics):
            continue
        step = int(view.series[tag].steps[0])
        longest = tags[int(counts.argmax())]
        yield Hit(tag, f"it has one point, at step {step}; {longest!r} has {counts.max():,}", step, 1, 2)


def _may_stop_early(batch: RunBatch, options: Options) -> NDArray[np.bool_]:
    steps, counts = batch.steps, batch.counts
    first = steps.values[steps.starts][batch.steps_of].astype(np.float64)
    last = steps.values[steps.starts + steps.counts - 1][batch.steps_of].astype(np.float64)
    long = counts >= options["points"]
    runs = batch.run_of[long]
    begin, end = np.full(len(batch.runs), np.inf), np.full(len(batch.runs), -np.inf)
    np.minimum.at(begin, runs, first[long])
    np.maximum.at(end, runs, last[long])
    begin, end = begin[batch.run_of], end[batch.run_of]
    spacing = (last - first) / np.maximum(counts - 1, 1)
    missing = np.maximum(options["intervals"] * spacing, options["share"] * (end - begin))
    return batch.with_numbers(batch.run_of[long & (end - last > missing)])


def _stopped_early(view: RunView, options: Options) -> Iterator[Hit]:
    if len({int(column.steps[-1]) for column in view.step_columns}) < 2:
        return  # cheap, and true of most
    counts = np.diff(view.starts)
    long = counts >= options["points"]
    if np.count_nonzero(long) < 2:
        return
    ends = view.starts[1:] - 1
    begins = view.starts[:-1]
    steps_end = np.array([int(each.steps[-1]) for each in view.series.values()], np.float64)
    steps_begin = np.array([int(each.steps[0]) for each in view.series.values()], np.float64)
    last, first = steps_end[long].max(), steps_begin[long].min()
    times = view.times
    spacing = (steps_end - steps_begin) / np.maximum(counts - 1, 1)
    missing = np.maximum(options["intervals"] * spacing, options["share"] * (last - first))
    stopped = long & (last - steps_end > missing)
    if not stopped.any():
        return
    # Tags may count epochs where others count batches: one that stopped did so by the clock as well.
    time_last, time_first = times[ends][long].max(), times[begins][long].min()
    if time_last - time_first > _NO_CLOCK:
        stopped &= time_last - times[ends] > options["share"] * (time_last - time_first)
    others = np.count_nonzero(long & ~stopped)
    if others < np.count_nonzero(stopped):
        return  # a phase that most tags end with, and not a tag that is lost
    for number in np.flatnonzero(stopped).tolist():
        tag = list(view.series)[number]
        step = int(view.series[tag].steps[-1])
        going = counted(int(others), "tag goes", "tags go")
        summary = f"it ends at step {step}, while {going} on, up to step {int(last)}"
        yield Hit(tag, summary, step, step, float(last - missing[number]))


def _odd_tags(kind: str, bound: int, view: RunView, _: Options) -> Iterator[Hit]:
    for each in view.tag_oddities:
        if each.kind == kind:
            yield Hit(each.tag, each.detail, None, each.count, bound)


def _hparams_without_metrics(view: RunView, _: Options) -> Iterator[Hit]:
    session = view.run.readable_hparams()
    if session is None or not session.parameters or session.metrics or view.has_runs_below:
        return
    declared = [] if session.experiment is None else [each.name.tag for each in session.experiment.metric_infos]
    if view.series and not declared:
        return
    wanted = f"the declared {', '.join(map(repr, declared[:3]))}" if declared else "any scalar"
    count = len(session.parameters)
    summary = (
        f"{count} hyperparameter{'s' if count > 1 else ''}, but no value of {wanted}: its row of the table stays empty"
    )
    yield Hit(None, summary, None, 0, 1)


register(
    Rule(
        "TB301",
        "single-point",
        "info",
        "A tag has one point, where others have many.",
        (Option("others", 10, "how many points the longest tag must have"),),
        _single_point,
        _may_be_single,
    )
)
register(
    Rule(
        "TB302",
        "stops-early",
        "warning",
        "A tag ends early while others go on.",
        (
            Option("share", 0.2, "the largest fraction of the run, in steps and in time, that may be missing"),
            Option("intervals", 5, "the same, in distances between the points of the tag; both must be exceeded"),
            Option("points", 5, "tags with fewer points are not judged"),
        ),
        _stopped_early,
        _may_stop_early,
    )
)
register(
    Rule(
        "TB303",
        "mixed-kinds",
        "warning",
        "A tag has values of several kinds.",
        check=partial(_odd_tags, "kinds_differ", 1),
        screen=unusual,
    )
)
register(
    Rule(
        "TB304",
        "hparams-without-metrics",
        "info",
        "A run has hyperparameters, but no metrics.",
        check=_hparams_without_metrics,
        screen=unusual,
    )
)
register(
    Rule(
        "TB305",
        "ignored-hparams",
        "warning",
        "Hyperparameters were written again, and are ignored.",
        check=partial(_odd_tags, "ignored_hparams", 0),
        screen=unusual,
    )
)
