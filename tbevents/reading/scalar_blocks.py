"""Blocks of records to columns of scalar points, without a loop over the records.

Records of one length whose variable bytes stand in the same places make a *shape*. All the records of a shape in a
block are copied into the rows of one matrix; their constant bytes are hashed, column by column, and the hash looked up
among the *skeletons* known (a skeleton is one tag in one form, see `scalar_layout`). The checksum of a whole record is
then that of its skeleton, xor a table look-up for each variable byte, because CRC32C is linear; where it holds, wall
time, step and value are columns of the matrix. A record that matches nothing, or whose checksum does not hold, is left
to the general decoder. So a record is taken only if a 64-bit hash of all its constant bytes and its 32-bit checksum
both agree. Where checksums are skipped, its constant bytes themselves are compared instead: the hash alone would not
do, since tags that differ in the last bytes of two words have the same one too often (1 in 128 for a digit each).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import ChecksumError, UndecodableRecordError
from tbevents.forks import renew_when_forked
from tbevents.format.event import parse_event
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, Records
from tbevents.format.scalar_fields import WORD, FieldReader
from tbevents.format.scalar_layout import LINEAR_REACH, FieldOffsets, Skeleton, find_offsets
from tbevents.proto import Summary
from tbevents.reading.repeat_search import KnownLoops

Number = TypeVar("Number", bound=np.integer[Any])

_FEW: Final = 48
"""Fewer records than this are left to the general decoder: numpy's fixed cost would outweigh its speed."""

_LONGEST: Final = LINEAR_REACH
"""Payloads of this many bytes and more are left to the general decoder; a scalar's has so many only with a huge tag."""

_TRIES: Final = 8
"""How many records are looked at in search of another shape."""

_MOST_MET_ONCE: Final = 65_536
"""How many hashes met once are remembered, for a shape."""

_WEIGHTS: Final = np.frombuffer(os.urandom(_LONGEST + 8 * WORD), np.uint64) | np.uint64(1)
"""Odd multipliers of the hash; drawn anew in each process, so that no file can be made to collide."""


@dataclass(slots=True)
class ScalarBlock:
    """The scalar points in records. All arrays have one element per record, shape (n,).

    Attributes:
        records: the records.
        skeleton: int32 number of the skeleton in the table; -1 if the record is for the general decoder. The other
            columns are not valid there.
        steps: int64.
        wall_times: float64.
        values: float32.
        doubles: float64, the values of the skeletons that store 8 bytes; None if there are none.
    """

    records: Records
    skeleton: NDArray[np.int32]
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32]
    doubles: NDArray[np.float64] | None = None


class SkeletonTable:
    """The skeletons found so far, shared by all files that are read together.

    Threads may share it; a forked process has its own copy.

    Args:
        verify: if True, records must have the checksum that they store; otherwise none is computed.

    Attributes:
        messages: a value of each skeleton, by number, with its tag, form and metadata.
        places: where the variable bytes of each are.
        loops: the loops of skeletons.
    """

    def __init__(self, *, verify: bool = True) -> None:
        self.messages: list[Summary.Value] = []
        self.places: list[FieldOffsets] = []
        self.loops: KnownLoops = KnownLoops()
        self._verify = verify
        # By the length of the payload; those first that were met last. Replaced, never changed.
        self._shapes: dict[int, tuple[_Shape, ...]] = {}
        self._renew_locks()
        renew_when_forked(self)

    def _renew_locks(self) -> None:
        self._lock = threading.Lock()

    def decode(self, records: Records) -> ScalarBlock | None:
        """Returns the scalar points in records; None if they are so few that the general decoder is faster."""
        n = len(records.offsets)
        if n < _FEW:
            return None
        block = ScalarBlock(
            records,
            np.full(n, -1, np.int32),
            np.zeros(n, np.int64),
            np.zeros(n, np.float64),
            np.zeros(n, np.float32),
        )
        lengths = records.lengths
        short = lengths if int(lengths.max()) < _LONGEST else lengths[lengths < _LONGEST]
        for length in (np.bincount(short.astype(np.intp, copy=False)) > 1).nonzero()[0].tolist():
            self._decode_length(block, length, (lengths == length).nonzero()[0])
        return block

    def _decode_length(self, block: ScalarBlock, length: int, chosen: NDArray[np.intp]) -> None:
        """Decodes the records of one length, whose places in the block are `chosen`."""
        tried: list[_Shape] = []
        while len(chosen):
            shapes = self._shapes.get(length, ())  # other threads may add to them
            shape = next((one for one in shapes if one not in tried), None)
            if shape is None and (shape := self._learn_shape(length, block.records, chosen, tried)) is None:
                return
            tried.append(shape)
            left = self._decode_shape(block, shape, chosen)
            if len(tried) > 1 and len(left) < len(chosen):
                # Steps grow in width: the next block's records are of this shape rather than of those before it.
                with self._lock:
                    self._shapes[length] = (shape, *(one for one in self._shapes[length] if one is not shape))
            chosen = left

    def _decode_shape(self, block: ScalarBlock, shape: _Shape, chosen: NDArray[np.intp]) -> NDArray[np.intp]:
        """Decodes the records of one shape; returns those that are left, in order."""
        rows = shape.rows(block.records, chosen)
        hashes = shape.hash(rows)
        skeletons = shape.skeletons
        which = skeletons.find(hashes)
        others = chosen[:0]
        if int(which.min()) < 0:
            (unknown,) = (which < 0).nonzero()
            unknown = unknown[shape.fits(rows[unknown])]
            if len(unknown):
                self._learn(shape, block.records, chosen, hashes, unknown)
                skeletons = shape.skeletons
                which = skeletons.find(hashes)
            known = which >= 0
            rows, which, chosen, others = rows[known], which[known], chosen[known], chosen[~known]
            if not len(chosen):
                return others
        wall_times, steps, values, good = shape.read(rows, skeletons, which, verify=self._verify)
        numbers = skeletons.numbers[which]
        if not good.all():
            others = np.concatenate((others, chosen[~good]))
            others.sort()
            chosen, numbers = chosen[good], numbers[good]
            wall_times, steps, values = wall_times[good], steps[good], values[good]
        target: Any = chosen if len(chosen) < len(block.skeleton) else slice(None)
        block.skeleton[target] = numbers
        block.wall_times[target] = wall_times
        block.steps[target] = steps
        if values.dtype == np.float32:
            block.values[target] = values
        else:
            if block.doubles is None:
                block.doubles = np.zeros(len(block.skeleton), np.float64)
            block.doubles[target] = values
        return others

    def _learn_shape(
        self, length: int, records: Records, chosen: NDArray[np.intp], tried: Sequence[_Shape]
    ) -> _Shape | None:
        """Returns the shape of the first of these records that is an intact scalar event, if one of the first few is.

        It must not be one that was tried: records of those shapes are left if they have no skeleton.
        """
        for index in chosen[:_TRIES].tolist():
            payload = self._intact_payload(records, index)
            places = None if payload is None else find_offsets(payload)
            if payload is None or places is None:
                continue
            with self._lock:  # another thread may have made it meanwhile
                shapes = self._shapes.get(length, ())
                shape = next((one for one in shapes if one.places == places), None)
                if shape is None:
                    shape = _Shape(payload, places)
                    self._shapes[length] = (*shapes, shape)
                if shape not in tried:
                    return shape
        return None

    def _learn(
        self,
        shape: _Shape,
        records: Records,
        chosen: NDArray[np.intp],
        hashes: NDArray[np.uint64],
        unknown: NDArray[np.intp],
    ) -> None:
        """Adds skeletons of records that match none; `unknown` are their places among those chosen.

        A hash is learned when it is met for the second time: otherwise a file whose events all have different tags
        would fill the table.
        """
        fresh, first, counts = unique(hashes[unknown])
        learned: list[_Known] = []
        with self._lock:
            known = {one.hash for one in shape.skeletons.known}  # another thread may have learned some meanwhile
            for value, place, count in zip(fresh.tolist(), unknown[first].tolist(), counts.tolist(), strict=True):
                if value in known:
                    continue
                if count == 1 and value not in shape.met_once:
                    if len(shape.met_once) == _MOST_MET_ONCE:
                        shape.met_once.clear()
                    shape.met_once.add(value)
                    continue
                payload = self._intact_payload(records, int(chosen[place]))
                if payload is None or find_offsets(payload) != shape.places:
                    continue
                try:
                    event = parse_event(payload)
                except UndecodableRecordError:
                    continue
                skeleton = Skeleton.of_payload(payload, shape.places)
                constants = () if self._verify else shape.constants(payload)
                learned.append(_Known(value, len(self.messages), skeleton.crc, constants))
                self.places.append(shape.places)
                self.messages.append(event.summary.value[0])
            if learned:
                shape.skeletons = _Skeletons([*shape.skeletons.known, *learned])

    def _intact_payload(self, records: Records, index: int) -> bytes | None:
        """Returns the payload of a record, or None if its checksum is wrong."""
        try:
            return records.payload(index, verify=self._verify)
        except ChecksumError:
            return None


def unique(numbers: NDArray[Number]) -> tuple[NDArray[Number], NDArray[np.intp], NDArray[np.intp]]:
    """Returns the different numbers, of which there must be one; the place of the first of each; and their counts.

    Like numpy.unique, which imports numpy.ma when it is first called: that takes longer than to read a small file.
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return ordered[starts], order[starts], np.diff(np.append(starts, len(numbers)))


class _Shape:
    """All scalar events of one length with their variable bytes at the same places.

    Attributes:
        places: these places in the payload.
        skeletons: the known events of this shape; replaced, never changed, when more are learned.
        met_once: hashes of events met once.
    """

    def __init__(self, example: bytes, places: FieldOffsets) -> None:
        self.length = length = len(example)
        self.places = places
        self._form = FieldReader([places], [length])
        after = [at + n for at, n in ((places.wall, 8), (places.step, places.width)) if at is not None]
        # The wire keys behind the wall time and the step tell most other shapes apart.
        self._keys = [(at, example[at]) for at in after if at < length and at not in (places.wall, places.step)]
        self.skeletons = _Skeletons([])
        self.met_once: set[int] = set()
        size = length + FOOTER_SIZE
        if places.step is not None:  # the step is read as two words
            size = max(size, places.step + 2 * WORD)
        self._width = -(-size // WORD)  # of a row, in words
        # In the machine's byte order, here and in `rows` and `constants`: a hash only has to be the same each time.
        words = enumerate(np.frombuffer(places.constant_bits(length).ljust(self._width * WORD, b"\0"), np.uint64))
        # (which word of a row, its constant bits, its weight in the hash)
        self._hashed = [(at, mask, weight) for (at, mask), weight in zip(words, _WEIGHTS, strict=False) if mask]

    def rows(self, records: Records, chosen: NDArray[np.intp]) -> NDArray[np.uint64]:
        """Returns the payloads of records and what follows, one in each row: uint64, shape (n, words)."""
        size = self._width * WORD
        starts = records.offsets if len(chosen) == len(records.offsets) else records.offsets[chosen]
        room = len(records.block) - HEADER_SIZE - size
        inside = int(starts.searchsorted(room, "right"))  # the rest would reach over the end of the block
        windows: NDArray[Any] = np.ndarray((max(0, room + 1),), f"V{size}", records.block, HEADER_SIZE, strides=(1,))
        rows: NDArray[np.uint64] = windows[starts[:inside]].view(np.uint64).reshape(inside, self._width)
        if inside < len(starts):
            ends = [records.block[at + HEADER_SIZE :].tobytes().ljust(size, b"\0") for at in starts[inside:].tolist()]
            rows = np.concatenate((rows, np.frombuffer(b"".join(ends), np.uint64).reshape(len(ends), self._width)))
        return rows

    def fits(self, rows: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Returns a quick check of whether the fields have the shape's places.

        At the step's place there must be a varint of the right width: each byte but the last has the top bit set.
        """
        fits = np.ones(len(rows), np.bool_)
        by_byte = rows.view(np.uint8)
        for at, key in self._keys:
            fits &= by_byte[:, at] == key
        if self.places.step is not None:
            width = self.places.width
            for part in range(0, width, WORD):
                tops = int.from_bytes(b"\x80" * min(WORD, width - part), "little")
                expected = tops >> 8 if part + WORD >= width else tops
                fits &= (self._column(rows, "<u8", self.places.step + part) & np.uint64(tops)) == np.uint64(expected)
        return fits

    def hash(self, rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Returns a hash of the constant bits of each row."""
        hashes = np.zeros(len(rows), np.uint64)
        word = np.empty_like(hashes)
        for at, mask, weight in self._hashed:
            np.bitwise_and(rows[:, at], mask, out=word)
            np.multiply(word, weight, out=word)
            np.add(hashes, word, out=hashes)
        return hashes

    def constants(self, payload: bytes) -> tuple[int, ...]:
        """Returns what is hashed of a payload: the constant bits of its words."""
        words = np.frombuffer(payload.ljust(self._width * WORD, b"\0"), np.uint64, self._width).tolist()
        return tuple(words[at] & int(mask) for at, mask, _ in self._hashed)

    def read(
        self, rows: NDArray[np.uint64], skeletons: _Skeletons, which: NDArray[np.intp], *, verify: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float32] | NDArray[np.float64], NDArray[np.bool_]]:
        """Returns the wall times, steps and values in rows, and which rows are intact.

        Args:
            rows: the rows, from `rows`.
            skeletons: the known skeletons.
            which: the place of each row's skeleton among these.
            verify: if True, checksums tell what is intact; otherwise the constant bytes do.
        """
        crcs = skeletons.crcs[which] if verify else None
        fields = self._form.read(lambda dtype, place: self._column(rows, dtype, *place), crcs)
        good = fields.hold
        if good is None:
            good = np.ones(len(rows), np.bool_)
            for (at, mask, _), constant in zip(self._hashed, skeletons.constants.T, strict=True):
                good &= (rows[:, at] & mask) == constant[which]
        return fields.wall_times, fields.steps, fields.values, good

    def _column(self, rows: NDArray[np.uint64], dtype: str, place: int) -> NDArray[Any]:
        """Returns the numbers at a place of the payloads, contiguous."""
        column: NDArray[Any] = np.ndarray((len(rows),), dtype, rows, offset=place, strides=(rows.strides[0],))
        return np.ascontiguousarray(column)


class _Known(NamedTuple):
    """A known skeleton of a shape.

    Attributes:
        hash: the hash of its constant bits.
        number: its number in the `SkeletonTable`.
        crc: the checksum of the payload with its variable bytes zero.
        constants: the constant bits, in words; none if checksums are verified.
    """

    hash: int
    number: int
    crc: int
    constants: tuple[int, ...]


class _Skeletons:
    """The hash table of the skeletons of one shape, for many look-ups at a time. It never changes.

    Attributes:
        known: the skeletons.
        numbers: int32, and the next two likewise: a column of these, and in the last place a 0 or -1 for none, which is
            found at -1.
        crcs: uint32.
        constants: uint64, shape (places, words).
    """

    def __init__(self, known: list[_Known]) -> None:
        self.known = known
        none = _Known(0, -1, 0, (0,) * (len(known[0].constants) if known else 0))
        _, numbers, crcs, constants = zip(*known, none, strict=True)
        self.numbers = np.array(numbers, np.int32)
        self.crcs = np.array(crcs, np.uint32)
        self.constants = np.array(constants, np.uint64).reshape(len(constants), len(none.constants))
        bits = max(6, (4 * len(known)).bit_length())  # at most a quarter full: few look-ups need a second slot
        self._shift = np.uint64(64 - bits)
        self._last_slot = (1 << bits) - 1
        keys = [0] * (1 << bits)
        places = [-1] * (1 << bits)  # -1: the slot is free
        for place, (value, *_) in enumerate(known):
            slot = value >> (64 - bits)
            while places[slot] >= 0:
                slot = (slot + 1) & self._last_slot
            keys[slot], places[slot] = value, place
        self._keys = np.array(keys, np.uint64)
        self._places = np.array(places, np.intp)

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Returns the place of each hash; -1 if it is unknown."""
        slots = (hashes >> self._shift).view(np.int64).astype(np.intp, copy=False)
        which: NDArray[np.intp] = self._places.take(slots)
        at = np.flatnonzero(self._keys.take(slots) != hashes)
        slot = slots[at]
        while len(at):
            found = self._places[slot]
            done = (found < 0) | (self._keys[slot] == hashes[at])
            which[at[done]] = found[done]
            at, slot = at[~done], (slot[~done] + 1) & self._last_slot
        return which
