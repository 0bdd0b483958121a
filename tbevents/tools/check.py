"""Check: what is damaged in runs, and what is intact but odd."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tbevents.errors import PayloadError, TensorError
from tbevents.files import StrPath
from tbevents.reading.options import Checksums
from tbevents.reading.run import Run
from tbevents.reading.values import Problem, ScalarSeries
from tbevents.tools.describe import lazy_series
from tbevents.tools.names import iter_runs

__all__ = ["Checked", "Oddity", "check", "check_run"]


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that is intact and perhaps not meant.

    Attributes:
        kind: "steps_go_back", "repeated_steps", "nan", "infinite" or "restart".
        tag: of the series; None for what concerns the run.
        count: how often.
        step: of the first one; None where there is none.
        detail: in words.
    """

    kind: str
    tag: str | None
    count: int
    step: int | None
    detail: str

    def __str__(self) -> str:
        return self.detail if self.tag is None else f"{self.tag}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one run.

    Attributes:
        run: its name.
        path: its folder or file.
        files: its event files, in order.
        size: bytes in them.
        values: how many values of any kind were read.
        problems: what is damaged: checksums that do not hold, records that are cut short or no events, scalars that
            contradict themselves.
        bad_values: other values that contradict themselves, in words.
        oddities: what is intact but odd.
    """

    run: str
    path: str
    files: tuple[str, ...]
    size: int
    values: int
    problems: tuple[Problem, ...]
    bad_values: tuple[str, ...]
    oddities: tuple[Oddity, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is damaged."""
        return not (self.problems or self.bad_values)


def check(path: StrPath, *, runs: Sequence[str] | None = None, checksums: Checksums = "verify") -> Iterator[Checked]:
    """Checks runs one after the other: every checksum, every message, every value.

    Args:
        path: a folder of runs, a run, or an event file.
        runs: patterns of the runs that are wanted; all, where None.
        checksums: "skip" reads records whose data checksum does not hold, too, as in `read_run`.

    Raises:
        RunNotFoundError, UnknownNameError: there is no such path or run.
        NotAnEventFileError: `path` is a file of another sort.
        OSError: a file cannot be read.
    """
    return map(check_run, iter_runs(path, runs, checksums=checksums))


def check_run(run: Run) -> Checked:
    """Checks a run that was read: what reading has found, every value that it left to be decoded, and the steps."""
    oddities = [*_restarts(run), *(oddity for series in run.scalars.values() for oddity in _oddities_of(series))]
    return Checked(
        run.name,
        run.path,
        run.files,
        sum(os.path.getsize(file) for file in run.files),
        sum(count for counts in run.counts().values() for count in counts.values()),
        run.problems,
        tuple(_bad_values(run)),
        tuple(oddities),
    )


def _bad_values(run: Run) -> Iterator[str]:
    """The values that cannot be decoded; only now are they."""
    for series in lazy_series(run):
        for index in range(len(series)):
            try:
                series[index]
            except (PayloadError, TensorError) as error:
                yield str(error)


def _restarts(run: Run) -> Iterator[Oddity]:
    starts = [event for event in run.session_log if event.status == "START"]
    again = [event for number, event in enumerate(starts) if number or event.step]  # the first, at 0, is the beginning
    if again:
        detail = f"restarted {_times(len(again))}, first at step {again[0].step}"
        yield Oddity("restart", None, len(again), again[0].step, detail)


def _oddities_of(series: ScalarSeries) -> Iterator[Oddity]:
    tag, steps, values = series.tag, series.steps, series.values
    back = np.flatnonzero(steps[1:] < steps[:-1]) + 1
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
        yield Oddity("repeated_steps", tag, repeated, step, f"{repeated:,} points of steps logged before, first {step}")
    for kind, which, noun in (("nan", np.isnan(values), "NaN"), ("infinite", np.isinf(values), "infinite")):
        count = int(which.sum())
        if count:
            step = int(steps[np.flatnonzero(which)[0]])
            yield Oddity(kind, tag, count, step, f"{noun} {_times(count)}, first at step {step}")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
