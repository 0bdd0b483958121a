"""Checks of the steps of series."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tbevents.format.values import whole
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.run import Run
from tbevents.testing.finding import ROWS, Finding, FindingTable, FirstRow, MissingArgumentError, finding
from tbevents.testing.subjects import Subject, as_run, scalar_series
from tbevents.views.safe_text import counted


def check_steps(
    run: Subject,
    tag: str | None = None,
    *,
    contiguous: bool = False,
    no_gaps: bool = False,
    no_duplicates: bool = False,
    ascending: bool = False,
    every: int | None = None,
    first: int | None = None,
    last: int | None = None,
) -> list[Finding]:
    """Checks the steps of series.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        tag: the tag of a scalar series, or a pattern with ``*``; by default all of the run's.
        contiguous: if True, each step must be the one before it plus `every`: no gap, no duplicate, none out of order.
        no_gaps: if True, the sorted steps must not be more than `every` apart.
        no_duplicates: if True, no step may be logged twice.
        ascending: if True, no step may be below the one before it.
        every: the distance between steps that `contiguous` and `no_gaps` expect; None means 1.
        first: the expected first step.
        last: the expected last step.

    Raises:
        ValueError: if no check is chosen, or `every` is below 1 or given without `contiguous` or `no_gaps`.
        TypeError: if an argument has the wrong type.
    """
    if not (contiguous or no_gaps or no_duplicates or ascending) and first is None and last is None:
        raise MissingArgumentError("check_steps", "one of contiguous, no_gaps, no_duplicates, ascending, first, last")
    for name, step in (("first", first), ("last", last)):
        if step is not None:
            whole(name, step)
    if every is None:
        every = 1
    elif not (contiguous or no_gaps):
        raise ValueError("every needs contiguous or no_gaps")
    else:
        every = whole("every", every, least=1)
    run = as_run(run)
    found, findings = scalar_series(run, tag)
    for series in found:
        if no_gaps or contiguous:
            wide = _pairs(series, operator.gt, every)
            summary = f"{counted(wide.total, 'gap')} of more than {every} between steps"
            findings += [finding(run, series.tag, "gaps", summary, wide, series)] if wide.total else []
        if no_duplicates or contiguous:
            findings += _duplicates(run, series)
        if ascending or contiguous:
            findings += _backwards(run, series)
        if contiguous:
            close = _pairs(series, operator.lt, every)
            summary = f"{counted(close.total, 'step is', 'steps are')} less than {every} from the one before"
            findings += [finding(run, series.tag, "close", summary, close, series)] if close.total else []
        findings += _ends(run, series, first, last)
    return findings


def _pairs(series: ScalarSeries, odd: Callable[[Any, int], Any], every: int) -> FindingTable:
    """Returns a table of the pairs of adjacent steps whose distance is `odd`."""
    steps = np.unique(series.steps)
    distances = steps[1:].view(np.uint64) - steps[:-1].view(np.uint64)  # uint64 holds the distance of any two int64
    places = np.flatnonzero(odd(distances, every))
    rows = [[str(steps[at]), str(steps[at + 1]), str(distances[at])] for at in places[:ROWS].tolist()]
    first = FirstRow(int(steps[places[0]]), float(steps[places[0] + 1])) if len(places) else None
    return FindingTable.of(("after step", "comes step", "distance"), rows, len(places), first)


def _duplicates(run: Run, series: ScalarSeries) -> Iterator[Finding]:
    steps, counts = np.unique(series.steps, return_counts=True)
    several = np.flatnonzero(counts > 1)
    if len(several):
        rows = [[str(steps[at]), str(counts[at])] for at in several[:ROWS].tolist()]
        summary = f"{counted(len(several), 'step was', 'steps were')} logged several times"
        table = FindingTable.of(("step", "times"), rows, len(several), FirstRow(int(steps[several[0]])))
        yield finding(run, series.tag, "duplicates", summary, table, series)


def _backwards(run: Run, series: ScalarSeries) -> Iterator[Finding]:
    steps = series.steps
    back = np.flatnonzero(steps[1:] < steps[:-1])
    if len(back):
        rows = [[str(at + 1), str(steps[at]), str(steps[at + 1])] for at in back[:ROWS].tolist()]
        times = "once" if len(back) == 1 else f"{len(back):,} times"
        first = FirstRow(int(steps[back[0]]), float(steps[back[0] + 1]))
        table = FindingTable.of(("place", "after step", "comes step"), rows, len(back), first)
        yield finding(run, series.tag, "order", f"the steps go back {times}", table, series)


def _ends(run: Run, series: ScalarSeries, first: int | None, last: int | None) -> Iterator[Finding]:
    for name, at, wanted in (("first", 0, first), ("last", -1, last)):
        step = int(series.steps[at])
        if wanted is not None and step != operator.index(wanted):
            yield finding(run, series.tag, name, f"the {name} step is {step}, not {wanted}", None, series)
