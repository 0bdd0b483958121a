"""Finds adjacent records, short records that follow each other in a buffer, by their headers."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, decode_header

_AFTER_LONG: Final = 1 << 14
"""Bytes that are searched first after a long record: the rest may be another long record."""

_WALKED: Final = 1 << 11
"""In at most this many bytes, headers are read one after the other."""


class _FoundRecords(NamedTuple):
    """The short records in a part of a buffer that ends at `stop`.

    `breaks` has the indices of the records after which no other follows immediately; the last is always one of them.
    """

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    breaks: NDArray[np.int64]
    stop: int


class AdjacentRecordFinder:
    """Finds adjacent records in a buffer, and remembers all that it found until the buffer changes.

    Args:
        finder: finds the headers.
        max_length: the longest payload of a short record, in bytes.
    """

    def __init__(self, finder: HeaderFinder, max_length: int) -> None:
        self._finder = finder
        self._max_length = max_length
        self._found: _FoundRecords | None = None
        self._reach = sys.maxsize  # bytes that are searched

    def forget(self) -> None:
        """Forgets the records found: the buffer has changed."""
        self._found = None

    def after_long(self) -> None:
        """Notes that a long record comes next: few bytes after it are searched, then four times as many each time."""
        self._reach = _AFTER_LONG

    def find(
        self, buffer: NDArray[np.uint8], at: int, within: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the adjacent records that begin at a place.

        Args:
            buffer: uint8, shape (n,).
            at: the place of a short record with an intact header.
            within: the number of bytes in which the records must start; by default all.

        Returns:
            (offsets, lengths): int64 arrays of the same shape; at least one record. The last may be incomplete.
        """
        within = sys.maxsize if within is None else within
        if within <= _WALKED:
            return self._walk(buffer, at, within)
        if self._found is None or at + HEADER_SIZE > self._found.stop:
            stop = min(len(buffer), at + min(self._reach, within))
            if within > self._reach:
                self._reach = min(4 * self._reach, sys.maxsize)
            offsets, lengths = self._finder.find(buffer[at:stop], max_length=self._max_length)
            offsets += at
            goes_on = offsets[1:] == (offsets + lengths + (HEADER_SIZE + FOOTER_SIZE))[:-1]
            self._found = _FoundRecords(offsets, lengths, np.flatnonzero(np.append(~goes_on, True)), stop)
        offsets, lengths, breaks, _ = self._found
        first = int(np.searchsorted(offsets, at))
        if first == len(offsets) or offsets[first] != at:
            return self._walk(buffer, at, 1)  # its header ends after the bytes that were searched
        stop = int(breaks[np.searchsorted(breaks, first)]) + 1
        return offsets[first:stop], lengths[first:stop]

    def _walk(self, buffer: NDArray[np.uint8], at: int, within: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As `find`, from header to header; the fastest way for few records."""
        offsets, lengths = [], []
        stop = at + within
        while at < stop and at + HEADER_SIZE <= len(buffer):
            length, holds = decode_header(buffer[at : at + HEADER_SIZE].tobytes())
            if not holds or length > self._max_length:
                break
            offsets.append(at)
            lengths.append(length)
            at += HEADER_SIZE + length + FOOTER_SIZE
        return np.array(offsets, np.int64), np.array(lengths, np.int64)
