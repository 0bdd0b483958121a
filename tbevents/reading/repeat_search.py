"""Where in a file rounds come: those that are known are looked for, and new ones learned from records that repeat."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.reading.forks import renew_when_forked
from tbevents.reading.scalar_repeats import Loop

__all__ = ["KnownLoops", "RepeatSearch", "RepeatsAhead"]

_LARGEST: Final = 1 << 16
"""Bytes of a round at most: of larger ones a block would hold too few for columns to be worth it."""

_TAIL: Final = 1 << 13
"""Records at the end of a block in which a round is looked for."""

_CANDIDATES: Final = 4
"""How many ways back to the same record are tried as the length of a round."""

_TIMES: Final = 2
"""How often records must be repeated to be learned as a round: once may be chance."""

_MOST: Final = 128
"""How many rounds are remembered; each takes some 100 KB."""

_FEW: Final = 4
"""Fewer rounds than this in a row are not worth it."""

_FEW_RECORDS: Final = 160
"""Nor are fewer records."""

_MANY: Final = 4000
"""So many records in a row, and the rounds have paid for their search."""

_PATIENCE: Final = 3
"""How often rounds may be looked for in vain before records are only read as they come."""

_PROBE: Final = 1 << 14
"""Bytes that are searched for single records while rounds are expected to go on behind them."""

_AHEAD: Final = 16
"""Records that are passed over in search of the next round."""


class KnownLoops:
    """The rounds met so far; shared by all the files that are read together, also from several threads."""

    def __init__(self) -> None:
        self._renew_locks()
        renew_when_forked(self)
        self._rounds: dict[tuple[int, ...], Loop] = {}  # by the skeletons of its records
        self._masks: dict[int, tuple[int, ...]] = {}  # length of a record -> constant bits of the forms of that length
        self._places: dict[int, tuple[Loop, int]] = {}  # constant bits of a record -> the round it is in, and where

    def _renew_locks(self) -> None:
        self._lock = threading.Lock()

    def at(self, data: NDArray[np.uint8], start: int, size: int) -> tuple[Loop, int] | None:
        """The round in which the record that starts there, and has this size, may be; and its place in it."""
        for mask in self._masks.get(size, ()):
            found = self._places.get(int.from_bytes(data[start : start + size].tobytes(), "little") & mask)
            if found is not None:
                return found
        return None

    def learn(
        self, records: Records, skeletons: NDArray[np.int32], steps: NDArray[np.int64]
    ) -> tuple[Loop, int] | None:
        """Learns the round that records are repeating when they end.

        Args:
            records: the records.
            skeletons: the skeleton of each, int32, shape (n,); -1 where it has none.
            steps: the step of each that has one, int64, shape (n,).

        Returns:
            The round, and the place in it of the record that comes next; None where they repeat none.
        """
        period = _period(skeletons)
        first = _first_of_round(skeletons[-period:], steps[-period - 1 :]) if period else None
        if first is None:
            return None
        stop = len(skeletons) - (period - first) % period
        of_round = slice(stop - period, stop)
        numbers = tuple(skeletons[of_round].tolist())
        round_ = self._rounds.get(numbers)
        if round_ is None:
            starts = records.offsets[of_round].tolist()
            sizes = (records.lengths[of_round] + (HEADER_SIZE + FOOTER_SIZE)).tolist()
            if sum(sizes) > _LARGEST:
                return None
            whole = [records.block[at : at + size].tobytes() for at, size in zip(starts, sizes, strict=True)]
            round_ = self._add(Loop(whole, numbers), sizes, numbers)
        return round_, len(skeletons) - stop

    def _add(self, round_: Loop, sizes: list[int], numbers: tuple[int, ...]) -> Loop:
        with self._lock:
            if len(self._rounds) == _MOST:
                self._rounds, self._masks, self._places = {}, {}, {}
            counts = Counter(numbers)
            for place, (size, (mask, constant)) in enumerate(zip(sizes, round_.constants, strict=True)):
                masks = self._masks.get(size, ())
                if mask not in masks:
                    self._masks[size] = (*masks, mask)
                if counts[numbers[place]] == 1:  # the others do not tell where in the round they are
                    self._places[constant] = round_, place
            self._rounds[numbers] = round_
        return round_


def _period(skeletons: NDArray[np.int32]) -> int:
    """How many records at the end are the repetition of as many before them, `_TIMES` times; 0 where none are."""
    tail = skeletons[-_TAIL:]
    last = len(tail) - 1
    if tail[last] < 0:
        return 0
    # A round is as long as the way back to the same record, or to the one before of the tag that is logged least often.
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


def _first_of_round(skeletons: NDArray[np.int32], steps: NDArray[np.int64]) -> int | None:
    """The place of the record with which rounds begin, among records that are one; None where none stands out.

    It is the one whose step differs from that before it, if there is one such: all the records of a round are of one
    step then. Else it is the first whose tag comes once.

    Args:
        skeletons: of the records, shape (n,).
        steps: of the record before them, and of them, shape (n + 1,).
    """
    (changes,) = (steps[1:] != steps[:-1]).nonzero()
    if len(changes) == 1:
        return int(changes[0])
    (once,) = (np.bincount(skeletons)[skeletons] == 1).nonzero()
    return int(once[0]) if len(once) else None


class RepeatsAhead(NamedTuple):
    """Where a file goes on.

    Attributes:
        round: the round that is repeated next; None where none is.
        rounds: how many, as far as their constant bytes say.
        reach: without a round: bytes in which to look for single records before it is asked again; None: no limit.
    """

    round: Loop | None
    rounds: int = 0
    reach: int | None = None


class RepeatSearch:
    """Says, while a file is read, where rounds come next; gives up where there are few."""

    def __init__(self, known: KnownLoops) -> None:
        self._known = known
        self._next: tuple[Loop, int] | None = None  # the round that may go on, and the place of the next record
        self._patience = _PATIENCE
        self._most: int | None = None  # rounds that are worth counting; None: no limit
        self._refused: set[Loop] = set()

    def learn(self, records: Records, skeletons: NDArray[np.int32], steps: NDArray[np.int64]) -> None:
        """Is shown what came next and was no rounds, as `KnownLoops.learn`."""
        self._next = self._known.learn(records, skeletons, steps) or self._next

    def took(self, taken: int, found: int) -> None:
        """Says how many of the rounds found were taken: all, or those up to one with a wrong checksum.

        All those found are verified together. So where wrong ones are frequent, fewer are counted at a time; else each
        of them would cost as much as a whole block.
        """
        if taken < found:
            self._most = 2 * taken + _FEW
        elif self._most is not None:
            self._most *= 4

    def refuse(self, round_: Loop) -> None:
        """Says that this round cannot be used in this file."""
        self._refused.add(round_)

    def find(self, data: NDArray[np.uint8]) -> RepeatsAhead:
        """The rounds with which some bytes begin."""
        patient = self._patience > 0
        for start, round_, place in self._candidates(data, _AHEAD if patient else 1):
            if round_ in self._refused:
                continue
            least = max(_FEW, -(-_FEW_RECORDS // len(round_.skeletons)))
            at = start + round_.before_first(place)
            most = None if self._most is None else max(self._most, least)
            count = round_.count(data[at:], least if at else most)
            if count < least:
                continue
            self._next = round_, 0
            if at:
                return RepeatsAhead(None, reach=at)
            many = count * len(round_.skeletons) >= _MANY or count == most
            if many or patient:
                self._patience = _PATIENCE if many else self._patience - 1
                return RepeatsAhead(round_, count)
        self._patience -= 1
        return RepeatsAhead(None, reach=_PROBE if patient else None)

    def _candidates(self, data: NDArray[np.uint8], ahead: int) -> Iterator[tuple[int, Loop, int]]:
        """Where the next records start, and which place in which round each may have."""
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
