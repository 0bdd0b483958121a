"""Pauses of resumed runs: the time between the last point of one event file and the first of the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.run import Run

Pause: TypeAlias = "tuple[int, float, float]"
"""The index of the first point after the pause, that point's time in seconds since the first known time, and how many
seconds to cut."""


def pauses_of(run: Run, tag: str, times: NDArray[np.float64]) -> list[Pause]:
    """Returns the pauses in a series of a run; none if the run has a single file.

    Args:
        run: the run.
        tag: name of the series.
        times: its wall times, shape (n,).
    """
    return [] if len(run.files) < 2 else pauses_between(times, run.scalar_files(tag)[1])


def pauses_between(times: NDArray[np.float64], files: NDArray[Any] | Sequence[int]) -> list[Pause]:
    """Returns the pauses between points of different files.

    What is cut of a pause is all but the usual distance of two points, which is the median within the files. Files
    that overlap in time have no pause between them.

    Args:
        times: wall times of the points, shape (n,); points whose time is not finite are passed over.
        files: the file of each point, shape (n,).
    """
    if len(files) < len(times):  # a reload came between the two
        return []
    known = np.flatnonzero(np.isfinite(times))
    moments, places = np.asarray(times)[known], np.asarray(files)[known]
    if len(known) < 2:
        return []
    gaps = np.diff(moments)
    between = places[1:] != places[:-1]
    within = gaps[~between & (gaps > 0)]
    usual = float(np.median(within)) if len(within) else 0.0
    found = np.flatnonzero(between & (gaps > usual))
    return [(int(known[at + 1]), float(moments[at + 1] - moments[0]), float(gaps[at] - usual)) for at in found]
