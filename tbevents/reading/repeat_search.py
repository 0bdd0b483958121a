"""Where in a file loops repeat: known loops are looked for, new ones are learned from records that repeat."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.forks import renew_when_forked
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.reading.scalar_repeats import Loop

_LARGEST: Final = 1 << 16
"""The largest size of a loop in bytes: a block holds too few repeats of a larger one for columns to be worth it."""

_TAIL: Final = 1 << 13
"""Records at the end of a block in which a loop is looked for."""

_CANDIDATES: Final = 4
"""How many distances to earlier copies of the last record are tried as the length of a loop."""

_TIMES: Final = 2
"""How often records must be repeated to be learned as a loop: once may be chance."""

_MOST: Final = 128
"""How many loops are remembered; each takes about 100 KB."""

_FEW: Final = 4
"""The fewest repeats in a row that are worth it."""

_FEW_RECORDS: Final = 160
"""The fewest records in a row that are worth it."""

_MANY: Final = 4000
"""A hit of this many records refills the patience."""

_PATIENCE: Final = 3
"""How many searches may fail before records are only read as they come."""

_PROBE: Final = 1 << 14
"""Bytes that are searched for single records while repeats are expected to go on behind them."""

_AHEAD: Final = 16
"""Records that are passed over in search of the next repeat."""


class KnownLoops:
    """The loops found so far, shared by all files that are read together.

    Threads may share it; a forked process has its own copy.
    """

    def __init__(self) -> None:
        self._renew_locks()
        renew_when_forked(self)
        self._loops: dict[tuple[int, ...], Loop] = {}  # by the skeletons of its records
        self._masks: dict[int, tuple[int, ...]] = {}  # length of a record -> constant bits of the forms of that length
        self._places: dict[int, tuple[Loop, int]] = {}  # constant bits of a record -> the loop it is in, and where

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()

    def at(self, data: NDArray[np.uint8], start: int, size: int) -> tuple[Loop, int] | None:
        """Returns the loop that a record of this size at `start` may belong to, and its place in it; or None."""
        for mask in self._masks.get(size, ()):
            found = self._places.get(int.from_bytes(data[start : start + size].tobytes(), "little") & mask)
            if found is not None:
                return found
        return None

    def learn(
        self, records: Records, skeletons: NDArray[np.int32], steps: NDArray[np.int64]
    ) -> tuple[Loop, int] | None:
        """Learns the loop that the last records repeat.

        Args:
            records: the records.
            skeletons: the skeleton of each, int32, shape (n,); -1 if it has none.
            steps: the step of each that has one, int64, shape (n,).

        Returns:
            The loop, and the place in it of the next record; None if they repeat none.
        """
        period = _period(skeletons)
        first = _first_of_loop(skeletons[-period:], steps[-period - 1 :]) if period else None
        if first is None:
            return None
        stop = len(skeletons) - (period - first) % period
        of_loop = slice(stop - period, stop)
        numbers = tuple(skeletons[of_loop].tolist())
        loop = self._loops.get(numbers)
        if loop is None:
            starts = records.offsets[of_loop].tolist()
            sizes = (records.lengths[of_loop] + (HEADER_SIZE + FOOTER_SIZE)).tolist()
            if sum(sizes) > _LARGEST:
                return None
            whole = [records.block[at : at + size].tobytes() for at, size in zip(starts, sizes, strict=True)]
            loop = self._add(Loop(whole, numbers), sizes, numbers)
        return loop, len(skeletons) - stop

    def _add(self, loop: Loop, sizes: list[int], numbers: tuple[int, ...]) -> Loop:
        with self._lock:
            if len(self._loops) == _MOST:
                self._loops, self._masks, self._places = {}, {}, {}
            counts = Counter(numbers)
            for place, (size, (mask, constant)) in enumerate(zip(sizes, loop.constants, strict=True)):
                masks = self._masks.get(size, ())
                if mask not in masks:
                    self._masks[size] = (*masks, mask)
                if counts[numbers[place]] == 1:  # the others do not tell where in the loop they are
                    self._places[constant] = loop, place
            self._loops[numbers] = loop
        return loop


def _period(skeletons: NDArray[np.int32]) -> int:
    """Returns the number of last records that repeat as many before them, `_TIMES` times; 0 if there are none."""
    tail = skeletons[-_TAIL:]
    last = len(tail) - 1
    if tail[last] < 0:
        return 0
    # A loop is as long as the distance to an earlier copy of the last record, or between the last two records of the
    # tag that is logged least often.
    ways = last - np.flatnonzero(tail[:last] == tail[last])[: -_CANDIDATES - 1 : -1]
    counts = np.bincount(tail[tail >= 0])
    rarest = int(np.where(counts > 1, counts, len(tail)).argmin())
    best, reach = 0, 0
    for period in [*ways.tolist(), *np.diff(np.flatnonzero(tail == rarest)[-2:]).tolist()]:
        differs = np.flatnonzero(tail[period:] != tail[:-period])
        repeated = last - period - int(differs[-1]) if len(differs) else last + 1 - period
        if repeated > max(reach, _TIMES * period - 1) and int(tail[-period:].min()) >= 0:
            best, reach = period, repeated
    return best


def _first_of_loop(skeletons: NDArray[np.int32], steps: NDArray[np.int64]) -> int | None:
    """Returns the place of the record that a loop begins with, among those of one repeat; None if it is not clear.

    It is the only record whose step differs from that before it: all records of a repeat then have the same step. If
    there is no such record, it is the first whose tag occurs once. `steps` begins with that of the record before.
    """
    (changes,) = (steps[1:] != steps[:-1]).nonzero()
    if len(changes) == 1:
        return int(changes[0])
    (once,) = (np.bincount(skeletons)[skeletons] == 1).nonzero()
    return int(once[0]) if len(once) else None


class RepeatsAhead(NamedTuple):
    """What comes next in a file: repeats of a known loop, or nothing known.

    Attributes:
        loop: the loop; None if nothing known comes next.
        times: the number of repeats, by their constant bytes.
        within: without a loop, the number of bytes in which to read single records before the next search; None means
            no limit.
    """

    loop: Loop | None
    times: int = 0
    within: int | None = None


class RepeatSearch:
    """Finds repeats of known loops while one file is read; gives up if they are rare."""

    def __init__(self, known: KnownLoops) -> None:
        self._known = known
        self._next: tuple[Loop, int] | None = None  # the loop that may go on, and the place of the next record
        self._patience = _PATIENCE
        self._most: int | None = None  # repeats that are worth counting; None: no limit
        self._refused: set[Loop] = set()

    def learn(self, records: Records, skeletons: NDArray[np.int32], steps: NDArray[np.int64]) -> None:
        """Learns from records that were not repeats of a known loop; see `KnownLoops.learn`."""
        self._next = self._known.learn(records, skeletons, steps) or self._next

    def took(self, intact: int, found: int) -> None:
        """Notes how many of the repeats found were intact, before the first wrong checksum.

        All repeats found are verified together. If wrong checksums are frequent, fewer are counted at a time: otherwise
        each would cost as much as a whole block.
        """
        if intact < found:
            self._most = 2 * intact + _FEW
        elif self._most is not None:
            self._most *= 4

    def refuse(self, loop: Loop) -> None:
        """Notes that a loop cannot be used in this file."""
        self._refused.add(loop)

    def find(self, data: NDArray[np.uint8]) -> RepeatsAhead:
        """Returns the repeats of a known loop at the start of the data."""
        patient = self._patience > 0
        for start, loop, place in self._candidates(data, _AHEAD if patient else 1):
            if loop in self._refused:
                continue
            least = max(_FEW, -(-_FEW_RECORDS // len(loop.skeletons)))
            at = start + loop.before_first(place)
            most = None if self._most is None else max(self._most, least)
            count = loop.count(data[at:], least if at else most)
            if count < least:
                continue
            self._next = loop, 0
            if at:
                return RepeatsAhead(None, within=at)
            many = count * len(loop.skeletons) >= _MANY or count == most
            if many or patient:
                self._patience = _PATIENCE if many else self._patience - 1
                return RepeatsAhead(loop, count)
        self._patience -= 1
        return RepeatsAhead(None, within=_PROBE if patient else None)

    def _candidates(self, data: NDArray[np.uint8], ahead: int) -> Iterator[tuple[int, Loop, int]]:
        """Yields places at which records may start, with the loop and the place in it that each may have."""
        if self._next is not None:
            yield 0, *self._next
        start = 0
        for _ in range(ahead):
            if start + HEADER_SIZE > len(data):
                return
            # As its header says, which is not verified.
            size = int.from_bytes(data[start : start + 8].tobytes(), "little") + HEADER_SIZE + FOOTER_SIZE
            found = self._known.at(data, start, size)
            if found is not None:
                yield start, *found
            start += size
