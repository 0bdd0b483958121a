"""Loops: the scalar events that a training loop writes at every step, one for each tag, again and again.

Most of an event file is the repeats of such a loop: the same records in the same order, in which only wall times,
steps, values and checksums differ. Once a loop is known, its repeats need no search for headers and no look-up of tags:
the file's bytes, taken as a matrix with one repeat a row, are compared with the loop's constant bytes, and each record
of the loop is a few columns of that matrix. Any other difference ends the repeats; what follows is read as other
records are.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE
from tbevents.format.scalar_fields import WORD, FieldReader, Rows
from tbevents.format.scalar_layout import FieldOffsets, Skeleton, find_offsets
from tbevents.reading.points import PointColumns

_TILE: Final = 1 << 15
"""Bytes that are compared at a time: what is computed on the way stays in the processor's nearer caches."""

_FIRST_TILE: Final = 1 << 12
"""Bytes that are compared first."""


class _RecordPattern(NamedTuple):
    """What the records of a skeleton have in common.

    Attributes:
        places: the places of the variable bytes in their payloads.
        length: the length of their payloads.
        crc: the CRC32C of their payloads with the variable bytes zero, not masked.
        mask: the constant bits of a whole record.
        constant: the constant bits, as a mask and as their values: little-endian numbers.
    """

    places: FieldOffsets
    length: int
    crc: int
    mask: bytes
    constant: tuple[int, int]

    @classmethod
    def of(cls, record: bytes) -> _RecordPattern:
        payload = record[HEADER_SIZE:-FOOTER_SIZE]
        places = find_offsets(payload)
        assert places is not None, "it has a skeleton"
        mask = b"\xff" * HEADER_SIZE + places.constant_bits(len(payload)) + bytes(FOOTER_SIZE)
        bits = int.from_bytes(mask, "little")
        constant = bits, int.from_bytes(record, "little") & bits
        return cls(places, len(payload), Skeleton.of_payload(payload, places).crc, mask, constant)


class _Group(NamedTuple):
    """The records of a loop that have the same fields, of the same sizes.

    Attributes:
        form: reads them, with one row for each record.
        members: the numbers of the records in the loop.
        starts: the places of their payloads in the loop.
        even: ranges of rows that are copied at once, with the distance of their payloads.
        crcs: uint32, shape (len(members), 1): CRC32C of the payloads with the variable bytes zero, not masked.
    """

    form: FieldReader
    members: list[int]
    starts: list[int]
    even: list[tuple[int, int, int]]
    crcs: NDArray[np.uint32]


class Loop:
    """Records that a file repeats. It never changes, so threads may share it.

    A file may be anywhere in a loop: `place` is the number of the next record.

    Args:
        records: the whole records.
        skeletons: the number of the skeleton of each.

    Attributes:
        size: the number of bytes of all records.
        skeletons: as given; int32, shape (records,).
        constants: the constant bits of each record, as a mask and as their values: little-endian numbers.
    """

    def __init__(self, records: Sequence[bytes], skeletons: Sequence[int]) -> None:
        of_skeleton: dict[int, _RecordPattern] = {}
        for record, skeleton in zip(records, skeletons, strict=True):
            if skeleton not in of_skeleton:
                of_skeleton[skeleton] = _RecordPattern.of(record)
        patterns = [of_skeleton[skeleton] for skeleton in skeletons]
        self.size: int
        *self._starts, self.size = itertools.accumulate(map(len, records), initial=0)
        self.skeletons: NDArray[np.int32] = np.array(skeletons, np.int32)
        self.constants: list[tuple[int, int]] = [pattern.constant for pattern in patterns]
        groups: dict[tuple[object, ...], list[int]] = {}
        for number, pattern in enumerate(patterns):
            groups.setdefault((pattern.places.wall is None, pattern.places.width, pattern.places.size), []).append(
                number
            )
        self._groups: list[_Group] = []
        for members in groups.values():
            members.sort(key=lambda number: patterns[number].length)  # those of one length side by side
            places, lengths = (
                [patterns[number].places for number in members],
                [patterns[number].length for number in members],
            )
            starts = [self._starts[number] + HEADER_SIZE for number in members]
            even = _even_distances(starts, list(zip(places, lengths, strict=True)))
            crcs = np.array([patterns[number].crc for number in members], np.uint32)[:, np.newaxis]
            self._groups.append(_Group(FieldReader(places, lengths), members, starts, even, crcs))
        # Steps are read as whole words: those of the last record may reach beyond the loop.
        last = patterns[-1].places
        end = 0 if last.step is None else self._starts[-1] + HEADER_SIZE + last.step - (-last.width // WORD) * WORD
        self._overhang = max(0, end - self.size)
        self._per_tile = max(1, _TILE // self.size)
        self._mask = np.frombuffer(b"".join(pattern.mask for pattern in patterns) * self._per_tile, np.uint8)
        self._constant = np.frombuffer(b"".join(records) * self._per_tile, np.uint8) & self._mask

    def before_first(self, place: int) -> int:
        """Returns the number of bytes from a place to the beginning of the next repeat."""
        return -self._starts[place] % self.size

    def count(self, data: NDArray[np.uint8], most: int | None = None) -> int:
        """Returns the number of repeats, at most `most`, that bytes begin with, by their constant bytes alone."""
        total = max(0, len(data) - self._overhang) // self.size
        total = total if most is None else min(total, most)
        size = self.size
        scratch = np.zeros(min(total, self._per_tile) * size + WORD, np.uint8)
        count, tile = 0, max(1, _FIRST_TILE // size)  # small at first: there may be none
        while count < total:
            stop = min(total, count + tile)
            part = data[count * size : stop * size]
            differs = scratch[: len(part)]
            np.bitwise_and(part, self._mask[: len(part)], out=differs)
            np.bitwise_xor(differs, self._constant[: len(part)], out=differs)
            # What is behind them in the last word is zero from before.
            if scratch[: -(-len(part) // WORD) * WORD].view(np.uint64).max():
                return count + int((differs != 0).argmax()) // size
            count, tile = stop, min(4 * tile, self._per_tile)
        return total

    def columns(self, data: NDArray[np.uint8], count: int, *, verify: bool) -> list[PointColumns]:
        """Returns the points of each record of the loop, one for each repeat.

        If `verify`, only the repeats before the first wrong checksum are returned; the list is empty if there are none.

        Args:
            data: begins with the repeats.
            count: the number of repeats, from `count`.
            verify: if True, verify checksums.
        """
        fields = []
        for group in self._groups:
            of_group = group.form.read(
                functools.partial(self._column, data, count, group), group.crcs if verify else None
            )
            if of_group.hold is not None and not of_group.hold.all():
                count = int((~of_group.hold).any(axis=0).argmax())
                if count == 0:
                    return []
            fields.append(of_group)
        taken: dict[int, PointColumns] = {}
        for group, (wall_times, steps, values, _) in zip(self._groups, fields, strict=True):
            # Steps that are the same for all records are one array.
            own = steps[:, :count] if len(steps) == len(values) else [steps[0, :count]] * len(values)
            columns = map(PointColumns, own, wall_times[:, :count], values[:, :count])
            taken.update(zip(group.members, columns, strict=True))
        return [taken[number] for number in range(len(self._starts))]

    def _column(self, data: NDArray[np.uint8], count: int, group: _Group, dtype: str, places: Rows) -> NDArray[Any]:
        """Returns the numbers at places of the payloads of a group, shape (members, count)."""
        column = np.empty((len(group.members), count), dtype)
        for first, stop, distance in group.even:
            at = group.starts[first] + places[first]
            column[first:stop] = np.ndarray((stop - first, count), dtype, data, at, (distance, self.size))
        return column


class Repeats(NamedTuple):
    """Repeats of a loop in a file.

    Attributes:
        loop: the loop.
        points: the points of each record of the loop, one for each repeat; their checksums are verified.
        done: the fraction of the file that was read, including these repeats.
    """

    loop: Loop
    points: list[PointColumns]
    done: float

    @property
    def times(self) -> int:
        """The number of repeats."""
        return len(self.points[0].steps)


def _even_distances(starts: Sequence[int], alike: Sequence[object]) -> list[tuple[int, int, int]]:
    """Returns ranges of equal things at even distances: first, stop, distance."""
    stretches: list[tuple[int, int, int]] = []
    for number, start in enumerate(starts):
        if stretches and alike[number] == alike[number - 1]:
            first, stop, distance = stretches[-1]
            if start - starts[number - 1] == distance or stop - first == 1:
                stretches[-1] = (first, number + 1, start - starts[number - 1])
                continue
        stretches.append((number, number + 1, 0))
    return stretches
