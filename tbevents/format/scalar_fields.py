"""The fields of many scalar events of one form, read as columns: wall times, steps, values, and whether checksums hold.

The events stand at places that the caller knows; here it is only said what the bytes at those places mean. CRC32C is
linear, so the checksum of a payload is that of its constant part, xor what each variable byte adds to it: a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c_columns import contributions, mask_array
from tbevents.format.scalar_layout import FieldOffsets

WORD: Final = 8
"""Bytes that are read at once, also of a step that has fewer: so many must be there."""

_MOST_KNOWN: Final = 64
"""How many bytes' parts in a checksum are remembered, for a number in a form."""

Rows: TypeAlias = tuple[int, ...]
"""A place in the payloads: of all of them, or one for each row of events, where those are of several forms."""

Column: TypeAlias = Callable[[str, Rows], NDArray[Any]]
"""Gives the numbers of a dtype that start at a place of all the payloads, in an array of their own, contiguous: shape
(events,), or (rows, events) where those of a column were logged together."""


class ScalarFields(NamedTuple):
    """The fields of scalar events, as arrays of the same shape.

    Attributes:
        wall_times: float64, seconds since 1970.
        steps: int64; a single row if all rows are the same.
        values: float32 or float64, as the form stores them.
        hold: whether the payloads' checksums are right; None if they were not verified.
    """

    wall_times: NDArray[np.float64]
    steps: NDArray[np.int64]
    values: NDArray[np.float32] | NDArray[np.float64]
    hold: NDArray[np.bool_] | None


class NumberField:
    """A number of up to eight bytes in payloads: its place, and what each of its bytes adds to their checksums.

    Args:
        places: the places of its first byte.
        lengths: the lengths of the payloads.
        dtype: the dtype that it is read as.
        count: the number of its bytes.
        vary: if True, all of its bytes are assumed to differ from event to event, as those of values do.

    Attributes:
        places, dtype, count: as given.
    """

    def __init__(self, places: Rows, lengths: Rows, dtype: str, count: int, *, vary: bool = False) -> None:
        self.places = places
        self.dtype = dtype
        self.count = count
        self._vary = vary
        behind = [length - place for place, length in zip(places, lengths, strict=True)]
        tables = contributions(max(behind))
        # Of each byte: the table, and where in it the part for each row starts; the shorter that index, the faster.
        self._known: dict[tuple[int, int], Any] = {}  # as `_of_same` gives it
        self._tables: list[tuple[NDArray[np.uint32], NDArray[Any] | None]] = []
        if len(set(behind)) == 1:
            self._tables += [(tables[behind[0] - 1 - k], None) for k in range(count)]
        else:
            short = np.uint16 if tables.size <= 1 << 16 else np.int32
            starts = 256 * (np.array(behind) - np.arange(1, count + 1)[:, np.newaxis])
            self._tables += [(tables.ravel(), row) for row in starts.astype(short)[:, :, np.newaxis]]

    def add_to(self, crcs: NDArray[np.uint32], numbers: NDArray[Any]) -> None:
        """Adds (by xor) what these numbers, which are little-endian, contribute to the checksums of their payloads."""
        by_byte = numbers.view(np.uint8).reshape(*numbers.shape, numbers.itemsize)
        varying = -1
        if not self._vary:
            bits = numbers.view("<u8")
            first = int(bits.flat[0])
            varying = _whole_bytes(int(np.bitwise_or.reduce(bits ^ np.uint64(first), axis=None)))
            np.bitwise_xor(crcs, self._of_same(first & ~varying, varying), out=crcs)
        for k, (table, starts) in enumerate(self._tables):
            if varying >> 8 * k & 1:
                places = by_byte[..., k] if starts is None else by_byte[..., k] + starts
                part = np.empty(places.shape, np.uint32)
                # All indices are within the table; any mode but the default writes straight into `out`.
                table.take(places, out=part, mode="wrap")
                np.bitwise_xor(crcs, part, out=crcs)

    def _of_same(self, first: int, varying: int) -> Any:
        """Returns what the bytes that do not vary contribute to the checksums; for each row, if rows differ.

        Most bytes of the wall time are the same in all events, since an hour changes only the lower ones; so are
        those of the step.
        """
        part = self._known.get((first, varying))
        if part is None:
            part = np.uint32(0)
            for k, (table, starts) in enumerate(self._tables):
                if not varying >> 8 * k & 1:
                    byte = first >> 8 * k & 0xFF
                    part = part ^ (table[byte] if starts is None else table[starts + starts.dtype.type(byte)])
            if len(self._known) >= _MOST_KNOWN:  # more, if threads add at once
                self._known.clear()
            self._known[first, varying] = part
        return part


def _whole_bytes(bits: int) -> int:
    """Returns a 64-bit number with all bits set in each byte that has any bit set."""
    for shift, low in ((4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555)):
        bits |= bits >> shift & low
    return (bits & 0x0101010101010101) * 0xFF


class FieldReader:
    """Reads scalar events that have the same fields, of the same sizes.

    Args:
        places: the places of the variable bytes in the payloads; for each row of events, if they differ.
        lengths: the lengths of the payloads, likewise.
    """

    def __init__(self, places: Sequence[FieldOffsets], lengths: Sequence[int]) -> None:
        one = places[0]
        self._lengths = tuple(lengths)
        self._value = NumberField(tuple(p.value for p in places), self._lengths, f"<f{one.size}", one.size, vary=True)
        self._wall = None
        if one.wall is not None:
            self._wall = NumberField(tuple(p.wall or 0 for p in places), self._lengths, "<f8", WORD)
        self._step = [
            NumberField(tuple((p.step or 0) + part for p in places), self._lengths, "<u8", min(WORD, one.width - part))
            for part in range(0, one.width, WORD)
        ]

    def read(self, column: Column, crcs: NDArray[np.uint32] | None) -> ScalarFields:
        """Returns the fields.

        Args:
            column: returns the numbers at a place.
            crcs: the CRC32C of each payload with its variable bytes zero, not masked, in a shape that broadcasts to
                that of the columns; None if checksums are not verified.
        """
        values = column(self._value.dtype, self._value.places)
        wall = self._wall
        wall_times = np.zeros(values.shape, np.float64) if wall is None else column(wall.dtype, wall.places)
        words = [column(number.dtype, number.places) for number in self._step]
        for word, number in zip(words, self._step, strict=True):
            word &= np.uint64((1 << 8 * number.count) - 1)
        if values.ndim == 2 and all((word == word[:1]).all() for word in words):  # as a loop logs: all at one step
            words = [word[:1] for word in words]
        steps = np.zeros((1,) * (values.ndim - 1) + values.shape[-1:], np.uint64)
        for part, (word, number) in enumerate(zip(words, self._step, strict=True)):
            bits = _varint_bits(word, number.count)
            steps = bits if part == 0 else steps | bits << np.uint64(7 * WORD * part)
        hold = None
        if crcs is not None:
            changed = np.empty(values.shape, np.uint32)
            changed[...] = crcs
            self._value.add_to(changed, values)
            if wall is not None:
                wall.add_to(changed, wall_times)
            for word, number in zip(words, self._step, strict=True):
                number.add_to(changed, word)
            hold = mask_array(changed) == column("<u4", self._lengths)
        native = values.dtype.newbyteorder("=")
        times = wall_times.astype(np.float64, copy=False)
        return ScalarFields(times, steps.view(np.int64), values.astype(native, copy=False), hold)


_LANES: Final = ((1, 0x007F007F007F007F), (2, 0x00003FFF00003FFF), (4, 0x000000000FFFFFFF))
"""How varints are packed together: seven bits a byte to 14 in each two bytes, these to 28, those to 56."""


def _varint_bits(words: NDArray[np.uint64], count: int) -> NDArray[np.uint64]:
    """Returns the numbers in varints of `count` bytes, at most eight."""
    bits: NDArray[np.uint64] = words & np.uint64(0x7F7F7F7F7F7F7F7F)
    for shift, low in _LANES:
        if count <= shift:
            break
        upper = bits & np.uint64(low << 8 * shift)
        bits = (bits & np.uint64(low)) | (upper >> np.uint64(shift))
    return bits
