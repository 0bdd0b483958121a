"""Oddities: data that is intact but perhaps not intended, how TensorBoard shows it, and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TBEventsError
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.reading.steps import wraps
from tbevents.views.safe_text import counted


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something in a run that is intact but perhaps not intended: a remark, not damage.

    Attributes:
        kind: for a scalar series "steps_go_back", "repeated_steps", "steps_all_zero", "steps_wrap", "nan", "infinite",
            "wall_time_nan", "wall_time_infinite" or "wall_time_negative"; for a tag "kinds_differ" or
            "ignored_hparams"; for the run "restart", "written_again" or "empty_file".
        tag: the tag; None if it is about the whole run.
        count: how often it occurs.
        step: the step of the first occurrence; None if it has none.
        detail: a description.
    """

    kind: str
    tag: str | None
    count: int
    step: int | None
    detail: str

    def __str__(self) -> str:
        return self.detail if self.tag is None else f"{self.tag}: {self.detail}"


def oddities_of(run: Run) -> Iterator[Oddity]:
    """Yields the oddities of a run: first those of the whole run, then those of each tag."""
    yield from (
        Oddity("empty_file", None, 1, None, f"{problem.file} is empty: nothing was written to it, or not yet")
        for problem in run.problems
        if is_empty_file(problem)
    )
    yield from _restarts(run)
    yield from _written_again(run)
    yield from tag_oddities(run)
    for series in run.scalars.values():
        yield from step_oddities(series, run.starts)
        yield from _of_values(series)
        yield from _of_wall_times(series)


def is_empty_file(problem: Problem) -> bool:
    """Returns True if the problem is that a file is empty, which is not damage."""
    return problem.kind == "incomplete" and problem.offset == 0 and problem.skipped == 0


def _restarts(run: Run) -> Iterator[Oddity]:
    starts = [event for event in run.session_log if event.status == "START"]
    again = [event for number, event in enumerate(starts) if number or event.step]  # not the run's own start at 0
    if again:
        detail = f"restarted {_times(len(again))}, first at step {again[0].step}"
        yield Oddity("restart", None, len(again), again[0].step, detail)


def _written_again(run: Run) -> Iterator[Oddity]:
    if run.starts > 1:
        detail = (
            f"written {_times(run.starts)}, which TensorBoard draws as a zigzag: give each start a folder, or keep the "
            'latest point of each step with duplicates="last" (export --duplicates last)'
        )
        yield Oddity("written_again", None, run.starts - 1, None, detail)


def tag_oddities(run: Run) -> Iterator[Oddity]:
    """Yields the oddities of tags that are not about the points of a scalar series."""
    by_kind = run.counts()
    kinds: dict[str, list[str]] = {}
    for kind, counts in by_kind.items() if len(by_kind) > 1 else ():
        for tag in counts:
            kinds.setdefault(tag, []).append(kind)
    for tag, several in kinds.items():
        if len(several) > 1:
            detail = (
                f"{' and '.join(several)} under one tag: TensorBoard treats all as the first kind, and its page fails"
            )
            yield Oddity("kinds_differ", tag, len(several), None, detail)
    for tag, count in by_kind.get("hparams", {}).items():
        if count > 1 and (others := _other_hparams(run, tag)):
            later = counted(others, "later record differs", "later records differ")
            detail = f"{later}; as in TensorBoard, only the first is used: give each session its own run"
            yield Oddity("ignored_hparams", tag, others, None, detail)


def _other_hparams(run: Run, tag: str) -> int:
    """Returns the number of records of an hparams tag that differ from the first."""
    try:
        contents = run.hparams_records(tag)
    except (TBEventsError, PayloadError):
        return 0  # changed or damaged, which is reported elsewhere
    return sum(bool(content) and content != contents[0] for content in contents[1:])


def step_oddities(series: ScalarSeries, starts: int = 1) -> Iterator[Oddity]:
    """Yields the oddities of the steps of a scalar series.

    Args:
        series: the series.
        starts: how often its run was written; one point for each start may be at step 0.
    """
    tag, steps = series.tag, series.steps
    if len(steps) > starts and not steps.any():
        detail = (
            f"all {len(steps):,} points are at step 0, as if logged without a step: "
            "TensorBoard draws them in one place; "
            "its axes RELATIVE and WALL, and --x order here, separate them"
        )
        yield Oddity("steps_all_zero", tag, len(steps), 0, detail)
        return
    wrapped = wraps(steps)
    if len(wrapped):
        first = int(wrapped[0])
        detail = (
            f"a 32-bit step wrapped round {_times(len(wrapped))}, first from {steps[first - 1]} to {steps[first]}; "
            "unwrap_steps() of the series undoes it"
        )
        yield Oddity("steps_wrap", tag, len(wrapped), int(steps[first]), detail)
    back = np.setdiff1d(np.flatnonzero(steps[1:] < steps[:-1]) + 1, wrapped)
    if len(back):
        first = int(back[0])
        where = f"from {steps[first - 1]} to {steps[first]}"
        detail = f"steps go back {_times(len(back))}, first {where}"
        yield Oddity("steps_go_back", tag, len(back), int(steps[first]), detail)
    _, places = np.unique(steps, return_index=True)
    repeated = len(steps) - len(places)
    if repeated:
        again = np.ones(len(steps), np.bool_)
        again[places] = False
        step = int(steps[np.flatnonzero(again)[0]])
        points = counted(repeated, "point of a step", "points of steps")
        yield Oddity("repeated_steps", tag, repeated, step, f"{points} logged before, first {step}")


def _of_values(series: ScalarSeries) -> Iterator[Oddity]:
    for kind, which, noun in (
        ("nan", np.isnan(series.values), "NaN"),
        ("infinite", np.isinf(series.values), "infinite"),
    ):
        yield from _where(series, kind, which, noun, "")


def _of_wall_times(series: ScalarSeries) -> Iterator[Oddity]:
    times = series.wall_times
    lost = "; TensorBoard's data server drops the rest of the file"
    yield from _where(series, "wall_time_nan", np.isnan(times), "wall time NaN", lost)
    yield from _where(
        series, "wall_time_infinite", np.isinf(times), "wall time infinite", "; it cannot be drawn on a time axis"
    )
    negative = np.isfinite(times) & (times < 0)
    yield from _where(series, "wall_time_negative", negative, "wall time negative", ": it is before 1970")


def _where(series: ScalarSeries, kind: str, which: NDArray[np.bool_], noun: str, then: str) -> Iterator[Oddity]:
    places = np.flatnonzero(which)
    if len(places):
        step = int(series.steps[places[0]])
        yield Oddity(kind, series.tag, len(places), step, f"{noun} {_times(len(places))}, first at step {step}{then}")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
