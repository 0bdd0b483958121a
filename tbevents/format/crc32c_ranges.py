"""CRC32C of many overlapping byte ranges; each byte is hashed only once.

The checksum of two pieces end to end is that of the first, advanced over as many zero bytes as the second has, xor that
of the second. So the checksum of a range follows from the checksums of all bytes up to its start and up to its end.
Those are kept for the start of every row of `ROW` bytes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c import crc32c
from tbevents.format.crc32c_columns import contributions

ROW: Final = 8
"""Bytes in a row. To hash a range, the block must also hold up to this many bytes before its start."""

_ROWS: Final = 1 << 15
"""Rows that are hashed at a time, so that intermediate results stay in the processor's cache."""

_ALL: Final = np.uint32(0xFFFFFFFF)


class RangeChecksums:
    """Checksums of ranges of a file whose bytes come block by block. Not thread-safe.

    Args:
        origin: the file position at which the first range may start.
    """

    def __init__(self, origin: int) -> None:
        self._first = origin  # position in the file of the first row that is known
        self._crcs = np.zeros(1, np.uint32)  # of the bytes from the origin to the start of each row

    def of(
        self, block: NDArray[np.uint8], base: int, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.uint32]:
        """Returns the checksums of ranges.

        Args:
            block: uint8, shape (n,): bytes of the file. It must hold the ranges, and the `ROW` bytes before each that
                does not start at the origin. Blocks come in the order of the file, and may overlap.
            base: the position in the file of the block's first byte.
            starts: where the ranges start: positions in the file, int64, shape (m,).
            ends: where they end, likewise.

        Returns:
            uint32 array of shape (m,), not masked.
        """
        if base > self._first + ROW * (len(self._crcs) - 1):  # none of the known rows is needed any more
            self._first, self._crcs = base, np.zeros(1, np.uint32)
        self._forget_before(base)
        self._extend(block, base, int(ends.max()))
        before = _moved_on(self._up_to(block, base, starts), ends - starts)
        return self._up_to(block, base, ends) ^ before

    def _forget_before(self, position: int) -> None:
        """Drops the rows that end before a position, if they are more than half of the known rows."""
        rows = min((position - self._first) // ROW, len(self._crcs) - 1)
        if rows > len(self._crcs) // 2:
            self._crcs = self._crcs[rows:].copy()
            self._first += ROW * rows

    def _extend(self, block: NDArray[np.uint8], base: int, stop: int) -> None:
        """Hashes all rows up to a file position."""
        parts = [self._crcs]
        position = self._first + ROW * (len(self._crcs) - 1)
        last = self._crcs[-1:]
        while rows := min((stop - position) // ROW, _ROWS):
            at = position - base
            by_row = block[at : at + ROW * rows].reshape(rows, ROW)
            crcs = np.concatenate((last, _row_checksums(by_row)))
            reach = 1
            while reach <= rows:  # each checksum covers `reach` rows by now
                crcs[reach:] ^= _stepped(crcs[:-reach], _step((ROW * reach).bit_length() - 1))
                reach *= 2
            parts.append(crcs[1:])
            last = crcs[-1:]
            position += ROW * rows
        if len(parts) > 1:
            self._crcs = np.concatenate(parts)

    def _up_to(self, block: NDArray[np.uint8], base: int, positions: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Returns the checksums of the bytes from the origin up to each position."""
        rows = (positions - self._first) // ROW
        states: NDArray[np.uint32] = self._crcs[rows] ^ _ALL
        at = self._first + ROW * rows
        left = positions - at
        table = contributions(1)[0]
        for _ in range(ROW - 1):
            inside = left > 0
            if not inside.any():
                break
            byte = block[np.where(inside, at - base, 0)]
            after = table[(states ^ byte) & np.uint32(0xFF)] ^ (states >> np.uint32(8))
            states[inside] = after[inside]
            at += 1
            left -= 1
        states ^= _ALL
        return states


def _row_checksums(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Returns the checksum of each row."""
    tables = contributions(ROW)
    states: NDArray[np.uint32] = np.full(len(rows), crc32c(bytes(ROW)), np.uint32)
    for place in range(ROW):
        states ^= tables[ROW - 1 - place].take(rows[:, place])
    return states


_steps: list[NDArray[np.uint32]] = []
"""Item k: tables that advance a checksum over 2**k zero bytes, one for each byte of it; uint32, shape (4, 256)."""


def _step(power: int) -> NDArray[np.uint32]:
    """Returns the tables for 2**power zero bytes. Threads that make them at the same time make equal ones."""
    steps = list(_steps)
    while len(steps) <= power:
        if steps:
            steps.append(np.stack([_stepped(column, steps[-1]) for column in steps[-1]]))
        else:
            by_byte = np.arange(256, dtype=np.uint32)
            steps.append(np.stack([contributions(1)[0], by_byte, by_byte << np.uint32(8), by_byte << np.uint32(16)]))
    if len(steps) > len(_steps):
        _steps[:] = steps
    return steps[power]


def _stepped(crcs: NDArray[np.uint32], tables: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Returns checksums advanced by the tables of one step."""
    by_byte = crcs.astype("<u4").view(np.uint8).reshape(-1, 4)
    moved: NDArray[np.uint32] = tables[0].take(by_byte[:, 0])
    for place in range(1, 4):
        moved ^= tables[place].take(by_byte[:, place])
    return moved


def _moved_on(crcs: NDArray[np.uint32], zeros: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Returns checksums advanced, each over its own number of zero bytes."""
    for power in range(int(zeros.max()).bit_length()):
        set_ = (zeros >> power & 1).astype(np.bool_)
        crcs = np.where(set_, _stepped(crcs, _step(power)), crcs)
    return crcs
