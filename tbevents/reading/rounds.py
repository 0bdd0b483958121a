"""Rounds: the scalar events that a training loop writes at every step, one of each tag, again and again.

Most of an event file is such rounds: the same records in the same order, in which nothing but wall times, steps, values
and checksums differs. Once a round is known, its repetitions need no search for headers and no look-up of tags: the
file's bytes, taken as a matrix of one round a row, are compared with the round's constant bytes, and each record of the
round is a few columns of that matrix. What differs anywhere else ends the rounds, and is read as any other records are.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.framing import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.reading.fields import WORD, Form, Rows
from tbevents.reading.tag import Columns
from tbevents.scalar_event import Places, Skeleton, find_places

__all__ = ["Found", "KnownRounds", "Round", "RoundSearch"]

LARGEST: Final = 1 << 14
"""Bytes of a round at most: of larger ones a block would hold too few for columns to be worth it."""

_TILE: Final = 1 << 16
"""Bytes that are compared at a time: what is computed on the way stays in the processor's nearer caches."""

_CANDIDATES: Final = 8
"""How many distances are tried in search of a period."""

_MOST: Final = 256
"""How many rounds are remembered."""

_FEW: Final = 16
"""Fewer rounds than this are not worth it."""

_MANY: Final = 1000
"""So many records in a row, and the rounds have paid for their search."""

_PATIENCE: Final = 3
"""How often rounds may be looked for in vain before records are only read as they come."""

_PROBE: Final = 1 << 14
"""Bytes that are searched for single records while rounds are expected to go on behind them."""

_AHEAD: Final = 16
"""Records that are passed over in search of the next round."""


class _Group(NamedTuple):
    """The records of a round that have the same fields, of the same sizes, wherever they stand.

    Attributes:
        form: how they are read, a row for each record.
        members: which records of the round they are.
        starts: where in the round their payloads start.
        even: which rows, from and to, are copied at once, and how far apart their payloads are.
        crcs: uint32, shape (len(members), 1): of the payloads with their variable bytes zero, not masked.
    """

    form: Form
    members: list[int]
    starts: list[int]
    even: list[tuple[int, int, int]]
    crcs: NDArray[np.uint32]


class Round:
    """Some records that a file repeats.

    A file may be anywhere in it: `place` is the number of the record that comes next.

    Args:
        records: the records, whole.
        skeletons: the number of the skeleton of each.

    Attributes:
        size: bytes of all records.
        skeletons: the same, int32, shape (records,).
    """

    def __init__(self, records: Sequence[bytes], skeletons: Sequence[int]) -> None:
        self.skeletons = np.array(skeletons, np.int32)
        self.size = sum(map(len, records))
        self.keys: list[tuple[int, int]] = []  # of each record: which bits are constant, and what they are
        self._starts: list[int] = []
        self._groups: list[_Group] = []
        masks = []
        groups: dict[tuple[object, ...], list[tuple[int, Places, int, int]]] = {}
        start = 0
        for number, record in enumerate(records):
            payload = record[HEADER_SIZE:-FOOTER_SIZE]
            places = find_places(payload)
            assert places is not None, "it has a skeleton"
            fields = (places.wall is None, places.width, places.size)
            crc = Skeleton.of_payload(payload, places).crc
            groups.setdefault(fields, []).append((number, places, len(payload), crc))
            mask = constant_bits(len(payload), places)
            self.keys.append((mask, int.from_bytes(record, "little") & mask))
            masks.append(mask.to_bytes(len(record), "little"))
            self._starts.append(start)
            start += len(record)
        for members in groups.values():
            members.sort(key=lambda member: member[2])  # those of one length side by side
            numbers, places_of, lengths, crcs = zip(*members, strict=True)
            starts = [self._starts[number] + HEADER_SIZE for number in numbers]
            even = _even_distances(starts, list(zip(lengths, places_of, strict=True)))
            sums = np.array(crcs, np.uint32)[:, np.newaxis]
            self._groups.append(_Group(Form(places_of, lengths), list(numbers), starts, even, sums))
        # Of a step whole words are read: those of the last record may reach behind the round.
        end = 0 if places is None or places.step is None else places.step - (-places.width // WORD) * WORD
        self._overhang = max(0, self._starts[-1] + HEADER_SIZE + end - self.size)
        self._per_tile = max(1, _TILE // self.size)
        self._mask = np.frombuffer(b"".join(masks) * self._per_tile, np.uint8)
        self._constant = np.frombuffer(b"".join(records) * self._per_tile, np.uint8) & self._mask

    def before_first(self, place: int) -> int:
        """How many bytes of records come before the next round begins."""
        return -self._starts[place] % self.size

    def count(self, data: NDArray[np.uint8], most: int | None = None) -> int:
        """How many rounds there are at the start of some bytes, as far as their constant bytes say.

        Args:
            data: uint8, shape (n,).
            most: how many to count at most.
        """
        total = max(0, len(data) - self._overhang) // self.size
        total = total if most is None else min(total, most)
        per_tile = min(total, self._per_tile)
        scratch = np.zeros(per_tile * self.size + -(per_tile * self.size) % WORD, np.uint8)
        words = scratch.view(np.uint64)
        for first in range(0, total, per_tile or 1):
            tile = data[first * self.size : min(first + per_tile, total) * self.size]
            differs = scratch[: len(tile)]
            np.bitwise_and(tile, self._mask[: len(tile)], out=differs)
            np.bitwise_xor(differs, self._constant[: len(tile)], out=differs)
            if words.max():  # what the last tile leaves over is zero from those before
                return first + int((differs != 0).argmax()) // self.size
        return total

    def columns(self, data: NDArray[np.uint8], count: int, *, verify: bool) -> list[Columns]:
        """The points in some rounds: those of each record.

        Args:
            data: begins with the rounds, which `count` has found.
            count: how many rounds.
            verify: whether to verify checksums; the rounds from the first on that has one that does not hold are
                left out.
        """
        fields = []
        for group in self._groups:
            of_group = group.form.read(
                functools.partial(self._column, data, count, group), group.crcs if verify else None
            )
            if of_group.hold is not None and not of_group.hold.all():
                count = int((~of_group.hold).any(axis=0).argmax())
            fields.append(of_group)
        taken: dict[int, Columns] = {}
        for group, (wall_times, steps, values, _) in zip(self._groups, fields, strict=True):
            columns: Any = zip(steps[:, :count], wall_times[:, :count], values[:, :count], strict=True)
            if steps.strides[0] == 0:  # the same for all: not only equal, one and the same
                columns = zip([steps[0, :count]] * len(steps), wall_times[:, :count], values[:, :count], strict=True)
            taken.update(zip(group.members, itertools.starmap(Columns, columns), strict=True))
        return [taken[number] for number in range(len(self._starts))]

    def _column(self, data: NDArray[np.uint8], count: int, group: _Group, dtype: str, places: Rows) -> NDArray[Any]:
        """The numbers at these places of the payloads of a group: shape (members, count)."""
        column = np.empty((len(group.members), count), dtype)
        for first, stop, distance in group.even:
            at = group.starts[first] + places[first]
            column[first:stop] = np.ndarray((stop - first, count), dtype, data, at, (distance, self.size))
        return column


def _even_distances(starts: Sequence[int], alike: Sequence[object]) -> list[tuple[int, int, int]]:
    """The stretches of equal things whose starts are at even distances: from, to, distance."""
    stretches: list[tuple[int, int, int]] = []
    for number, start in enumerate(starts):
        if stretches and alike[number] == alike[number - 1]:
            first, stop, distance = stretches[-1]
            if start - starts[number - 1] == distance or stop - first == 1:
                stretches[-1] = (first, number + 1, start - starts[number - 1])
                continue
        stretches.append((number, number + 1, 0))
    return stretches


def constant_bits(length: int, places: Places) -> int:
    """The bits of a record that are the same in all of a form, as a little-endian number of all its bytes."""
    mask = bytearray(b"\xff" * (HEADER_SIZE + length) + bytes(FOOTER_SIZE))
    for place, size in ((places.wall, 8), (places.value, places.size)):
        if place is not None:
            mask[HEADER_SIZE + place : HEADER_SIZE + place + size] = bytes(size)
    if places.step is not None:  # the top bits tell where the varint ends
        at = HEADER_SIZE + places.step
        mask[at : at + places.width] = b"\x80" * places.width
    return int.from_bytes(mask, "little")


class KnownRounds:
    """The rounds met so far; shared by all the files that are read together, also from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._masks: dict[int, tuple[int, ...]] = {}  # length of a record -> constant bits of the forms of that length
        self._places: dict[int, tuple[Round, int]] = {}  # constant bits of a record -> the round it is in, and where

    def at(self, data: NDArray[np.uint8], start: int) -> tuple[Round, int] | None:
        """The round in which the record that starts there may be, and its place in it."""
        size = _record_size(data, start)
        for mask in self._masks.get(size, ()):
            found = self._places.get(int.from_bytes(data[start : start + size].tobytes(), "little") & mask)
            if found is not None:
                return found
        return None

    def learn(self, records: Records, skeletons: NDArray[np.int32], steps: NDArray[np.int64]) -> None:
        """Learns the round that records are repeating when they end.

        Args:
            records: the records.
            skeletons: the skeleton of each, int32, shape (n,); -1 where it has none.
            steps: the step of each that has one, int64, shape (n,).
        """
        period = _period(skeletons)
        if not period:
            return
        # A round begins where the step changes, if it does so once: then all its records are of one step.
        changes = np.flatnonzero(steps[-period:] != steps[-period - 1 : -1])
        stop = len(skeletons) - (-int(changes[0]) % period if len(changes) == 1 else 0)
        of_round = slice(stop - period, stop)
        starts = records.offsets[of_round].tolist()
        ends = (records.offsets[of_round] + records.lengths[of_round] + (HEADER_SIZE + FOOTER_SIZE)).tolist()
        numbers = skeletons[of_round].tolist()
        known = self.at(records.block, starts[0])
        if ends[-1] - starts[0] > LARGEST or (known is not None and known[0].skeletons.tolist() == numbers):
            return
        whole = [records.block[start:end].tobytes() for start, end in zip(starts, ends, strict=True)]
        round_ = Round(whole, numbers)
        with self._lock:
            if len(self._places) > _MOST * period:
                self._places, self._masks = {}, {}
            for place, (record, (mask, constant)) in enumerate(zip(whole, round_.keys, strict=True)):
                masks = self._masks.get(len(record), ())
                if mask not in masks:
                    self._masks[len(record)] = (*masks, mask)
                self._places[constant] = round_, place


def _record_size(data: NDArray[np.uint8], start: int) -> int:
    """The size of the record at a place, as its header declares it; more than there is where it ends before that."""
    header = data[start : start + WORD].tobytes()
    return int.from_bytes(header, "little") + HEADER_SIZE + FOOTER_SIZE


def _period(skeletons: NDArray[np.int32]) -> int:
    """How many records at the end are the repetition of as many before them; 0 where none are."""
    last = len(skeletons) - 1
    if skeletons[last] < 0:
        return 0
    best, reach = 0, 0
    for place in np.flatnonzero(skeletons[:last] == skeletons[last])[: -_CANDIDATES - 1 : -1].tolist():
        period = last - place
        differs = np.flatnonzero(skeletons[period:] != skeletons[:-period])
        repeated = last - period - int(differs[-1]) if len(differs) else last + 1 - period
        if repeated > max(reach, period - 1) and int(skeletons[-period:].min()) >= 0:
            best, reach = period, repeated
    return best


class Found(NamedTuple):
    """Where a file goes on.

    Attributes:
        round: the round that is repeated next; None where none is.
        rounds: how many, as far as their constant bytes say.
        reach: without a round: bytes in which to look for single records before it is asked again; None: no limit.
    """

    round: Round | None
    rounds: int = 0
    reach: int | None = None


class RoundSearch:
    """Says, while a file is read, where rounds come next; gives up where there are few."""

    def __init__(self, known: KnownRounds) -> None:
        self._known = known
        self._patience = _PATIENCE
        self._refused: set[Round] = set()

    def refuse(self, round_: Round) -> None:
        """Says that this round cannot be used in this file."""
        self._refused.add(round_)

    def find(self, data: NDArray[np.uint8]) -> Found:
        """The rounds with which some bytes begin."""
        patient = self._patience > 0
        for start in _starts(data, _AHEAD if patient else 1):
            round_, place = self._known.at(data, start) or (None, 0)
            if round_ is None or round_ in self._refused:
                continue
            start += round_.before_first(place)
            count = round_.count(data[start:], _FEW if start else None)
            if count < _FEW:
                continue
            if start:
                return Found(None, reach=start)
            many = count * len(round_.skeletons) >= _MANY
            if many or patient:
                self._patience = _PATIENCE if many else self._patience - 1
                return Found(round_, count)
        self._patience -= 1
        return Found(None, reach=_PROBE if patient else None)


def _starts(data: NDArray[np.uint8], count: int) -> Iterator[int]:
    """Where the next records start, as their headers say, which are not verified."""
    start = 0
    for _ in range(count):
        if start + HEADER_SIZE > len(data):
            return
        yield start
        start += _record_size(data, start)
