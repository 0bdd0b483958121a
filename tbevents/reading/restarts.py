"""Which points of a series are kept if the job was restarted, or if a step was logged several times.

There are three rules for restarts:

keep         keeps all points
overwrite    each point removes the earlier points of its series that have its step or a later one. TensorBoard's data
             server does this.
tensorboard  does what TensorBoard's EventAccumulator does. From file version 2 on, a SessionLog START event removes
             the earlier points of all tags that have its step or a later one. Before version 2, a summary event does
             so for its own tags if its step is below the latest step, which is the step of the last event of any type
             that did not go back. (TensorBoard's web server compares with the previous summary event instead, and
             ignores the first START of a run.)
"""

from __future__ import annotations

import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tbevents.proto import Event, SessionLog
from tbevents.reading.options import Duplicates

_START_VERSION: Final = 2
"""The file version from which on writers mark restarts."""


class History:
    """What the ``tensorboard`` rules need to know of a run. Records are numbered from 0 in the order of reading."""

    def __init__(self) -> None:
        self._old = True  # steps that go back mean a restart; newer files have START events for that
        self._was_old = True  # the same, at the end of the latest block
        self._latest = -1  # the latest step
        self._starts: list[tuple[int, int]] = []  # record, step
        self._backwards: list[NDArray[np.int64]] = []  # records of summary events that go back, ascending
        # Since the latest block: records and steps of summary events and of others, and records from which on files
        # are old or not.
        self._summaries: list[tuple[int, int]] = []
        self._others: list[tuple[int, int]] = []
        self._versions: list[tuple[int, bool]] = []

    def fork(self) -> History:
        """Returns a copy that takes more events; this one does not change."""
        other = copy.copy(self)
        for name in ("_starts", "_backwards", "_summaries", "_others", "_versions"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def add(self, event: Event, record: int) -> None:
        """Adds an event. Summary events may be added by `end_block` instead."""
        if event.HasField("summary"):
            self._summaries.append((record, event.step))
            return
        if event.HasField("file_version"):
            self._old = not _version(event.file_version) >= _START_VERSION
            self._versions.append((record, self._old))
        elif event.session_log.status == SessionLog.START and not self._old:
            self._starts.append((record, event.step))
        self._others.append((record, event.step))

    def end_block(self, first: int, is_summary: NDArray[np.bool_], steps: NDArray[np.int64]) -> None:
        """Ends a block of records, some of whose events were passed to `add`.

        Args:
            first: the number of its first record.
            is_summary: True for records that are summary events and were not passed to `add`, shape (n,).
            steps: the steps of these, shape (n,); any number elsewhere.
        """
        old = np.full(len(steps), self._was_old)
        for record, is_old in self._versions:
            old[record - first :] = is_old
        self._was_old = self._old
        if old.any():
            is_summary, steps = is_summary.copy(), steps.copy()
            for record, step in self._summaries:
                is_summary[record - first], steps[record - first] = True, step
            self._find_backward(first, is_summary & old, steps, [o for o in self._others if old[o[0] - first]])
        self._summaries, self._others, self._versions = [], [], []

    def _find_backward(
        self, first: int, is_summary: NDArray[np.bool_], steps: NDArray[np.int64], others: list[tuple[int, int]]
    ) -> None:
        """Notes which summary events of a block go back: their step is below the running maximum of steps.

        The maximum starts anew at the step of each event that is not a summary.
        """
        begin = 0
        for record, step in [*others, (first + len(steps), None)]:
            places = begin + np.flatnonzero(is_summary[begin : record - first])
            if len(places):
                latest = np.maximum.accumulate(np.concatenate(([self._latest], steps[places])))
                back = steps[places] < latest[:-1]
                if back.any():
                    self._backwards.append(places[back] + first)
                self._latest = int(latest[-1])
            if step is not None:
                self._latest = step
            begin = record - first

    def removed(self, records: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Returns True for the points of one tag that the ``tensorboard`` rules remove, shape (n,).

        Args:
            records: the number of each point's record, shape (n,), in any order.
            steps: shape (n,).
        """
        removed = np.zeros(len(steps), np.bool_)
        if self._starts:
            starts = np.array(self._starts, np.int64)
            removed |= _behind(records, steps, starts[:, 0], starts[:, 1])
        if self._backwards:
            known = np.concatenate(self._backwards)
            back = np.flatnonzero(known[np.searchsorted(known, records).clip(max=len(known) - 1)] == records)
            back = back[np.argsort(records[back], kind="stable")]
            removed |= _behind(records, steps, records[back], steps[back])
        return removed


def _version(text: str) -> float:
    """Returns the number in a file_version such as ``brain.Event:2``; 0 if there is none."""
    try:
        return float(text.rpartition("brain.Event:")[2])
    except ValueError:
        return 0.0


def _behind(
    records: NDArray[np.int64],
    steps: NDArray[np.int64],
    mark_records: NDArray[np.int64],
    mark_steps: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Returns True for points that a later mark with the same step or a lower one removes; marks ascend by record."""
    removed = np.zeros(len(steps), np.bool_)
    if len(mark_records):
        least_from = np.minimum.accumulate(mark_steps[::-1])[::-1]  # the least step of a mark and those after it
        after = np.searchsorted(mark_records, records, side="right")
        some = after < len(mark_records)
        removed[some] = steps[some] >= least_from[after[some]]
    return removed


def overwritten(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Returns True for points of a series that a later point with the same step or a lower one overwrites."""
    removed = np.zeros(len(steps), np.bool_)
    if len(steps) > 1:
        removed[:-1] = steps[:-1] >= np.minimum.accumulate(steps[:0:-1])[::-1]
    return removed


def without_duplicates(steps: NDArray[np.int64], duplicates: Duplicates) -> NDArray[np.intp] | None:
    """Returns the indices of the first or last point of each step, ascending; None means all."""
    if duplicates == "keep" or len(steps) < 2 or bool((steps[1:] > steps[:-1]).all()):
        return None
    if duplicates == "first":
        _, places = np.unique(steps, return_index=True)
    else:
        _, places = np.unique(steps[::-1], return_index=True)
        places = len(steps) - 1 - places
    places.sort()
    return places


def places_kept(
    steps: NDArray[np.int64], removed: NDArray[np.bool_] | None, duplicates: Duplicates
) -> NDArray[np.intp] | None:
    """Returns the indices of the points that are kept, ascending; None means all.

    Args:
        steps: shape (n,).
        removed: True for points that restarts remove, shape (n,); None means none.
        duplicates: which points of a step are kept, among those that restarts leave.
    """
    if removed is None or not removed.any():
        return without_duplicates(steps, duplicates)
    places = np.flatnonzero(~removed)
    unique = without_duplicates(steps[places], duplicates)
    return places if unique is None else places[unique]
