"""The search for records behind damage, in time that is linear in what is searched.

Every place at which a header stands may start a record; it does where the payload's checksum holds. Two things could
make that cost more than the bytes are worth, in a file that is damaged everywhere or was made to be slow: to look for
headers anew behind each damage, and to hash the same bytes for many headers whose payloads overlap. So each byte is
searched for headers once, and payloads are hashed one by one only while that is cheap; from then on their checksums
come from `RangeChecksums`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c import mask, masked_crc32c
from tbevents.format.crc32c_ranges import ROW, RangeChecksums
from tbevents.format.header import FOOTER_SIZE, HEADER_SIZE
from tbevents.format.header_search import HeaderFinder

__all__ = ["Next", "RecordSearch"]

_TILE: Final = 1 << 16
"""Bytes that are searched for headers at a time: behind most damage, the next record is near."""

_CHEAP: Final = 8
"""Payload bytes that are hashed one payload after the other, for each byte of the file that was searched."""

_CHEAP_AT_FIRST: Final = 1 << 22
"""Payload bytes that are hashed so before anything was searched."""

assert HEADER_SIZE >= ROW, "before a payload there are as many bytes at hand as RangeChecksums needs"


class Next(NamedTuple):
    """What comes behind damage.

    Attributes:
        offset: the position in the file of the next record; where there is none yet, the one from which on to search.
        found: whether a record starts there.
        needed: where none was found: how many bytes from there on are needed to go on.
    """

    offset: int
    found: bool
    needed: int = 0


class RecordSearch:
    """Finds the records in a file that is damaged. The places that it is asked about only move forward.

    Args:
        finder: of the headers.
        max_length: the longest payload that is believed, in bytes.
        verify: whether a payload's checksum must hold; else a header's is enough.
    """

    def __init__(self, finder: HeaderFinder, max_length: int, *, verify: bool = True) -> None:
        self._finder = finder
        self._max_length = max_length
        self._verify = verify
        self._searched = 0  # position in the file up to which headers were looked for
        # The headers in the tile that was searched last; `_next` is the first one that was not passed.
        self._offsets: list[int] = []
        self._lengths: list[int] = []
        self._next = 0
        self._checksums: dict[int, int] = {}  # masked ones of payloads, by the header's number in the tile
        self._ranges: RangeChecksums | None = None
        self._origin = -1  # position in the file of the first payload that was hashed
        self._hashed = 0  # payload bytes that were hashed one payload after the other

    def next(self, block: NDArray[np.uint8], base: int, start: int, *, size: int | None, at_end: bool) -> Next:
        """The first whole record that starts at a place or behind it.

        Args:
            block: uint8, shape (n,): the bytes at hand.
            base: the position in the file of the block's first byte.
            start: the position in the file to search from, in the block.
            size: of the file in bytes, where it is known: records that would reach over it are passed over.
            at_end: whether no more bytes follow the block.
        """
        have = base + len(block)
        while self._has_header(block, base, start):
            offset, length = self._offsets[self._next], self._lengths[self._next]
            end = offset + HEADER_SIZE + length + FOOTER_SIZE
            if size is not None and end > size:
                pass
            elif end > have:
                if not at_end:
                    return Next(offset, found=False, needed=end - offset)
            elif not self._verify or self.checksum(block, base, offset, length) == _stored(block, end - base):
                return Next(offset, found=True)
            self._next += 1
        return Next(max(start, have - HEADER_SIZE + 1), found=False, needed=HEADER_SIZE)

    def length_at(self, block: NDArray[np.uint8], base: int, offset: int) -> int | None:
        """The payload's length by the header at a position in the file; None where none stands there."""
        if self._has_header(block, base, offset) and self._offsets[self._next] == offset:
            return self._lengths[self._next]
        return None

    def checksum(self, block: NDArray[np.uint8], base: int, offset: int, length: int) -> int:
        """The masked checksum of a payload that is at hand, by the position in the file of its header."""
        if self._origin < 0:
            self._origin = offset
        self._hashed += length
        if self._hashed <= _CHEAP * (offset - self._origin) + _CHEAP_AT_FIRST:
            at = offset + HEADER_SIZE - base
            return masked_crc32c(block[at : at + length].tobytes())
        if self._has_header(block, base, offset) and self._offsets[self._next] == offset:
            if self._next not in self._checksums:
                self._hash_all(block, base)
            return self._checksums[self._next]
        return self._of_ranges(block, base, np.array([offset]), np.array([length]))[0]

    def _has_header(self, block: NDArray[np.uint8], base: int, start: int) -> bool:
        """Whether a header stands at a position in the file or behind it; `_next` is its number in the tile then."""
        offsets = self._offsets
        while True:
            if self._next < len(offsets) and offsets[self._next] < start:
                self._next = bisect_left(offsets, start, self._next)
            if self._next < len(offsets):
                return True
            first = max(self._searched, start) - base
            tile = block[first : first + _TILE + HEADER_SIZE - 1]
            if len(tile) < HEADER_SIZE:
                return False
            places, lengths = self._finder.find(tile, max_length=self._max_length)
            self._searched = base + first + len(tile) - HEADER_SIZE + 1
            self._offsets, self._lengths = offsets, _ = (places + (base + first)).tolist(), lengths.tolist()
            self._next = 0
            self._checksums = {}

    def _hash_all(self, block: NDArray[np.uint8], base: int) -> None:
        """Hashes the payloads behind all the headers of the tile, from the next one on, that are at hand."""
        offsets, lengths = np.array(self._offsets[self._next :]), np.array(self._lengths[self._next :])
        (at_hand,) = (offsets + lengths + (HEADER_SIZE + FOOTER_SIZE) <= base + len(block)).nonzero()
        checksums = self._of_ranges(block, base, offsets[at_hand], lengths[at_hand])
        self._checksums.update(zip((at_hand + self._next).tolist(), checksums, strict=True))

    def _of_ranges(
        self, block: NDArray[np.uint8], base: int, offsets: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> list[int]:
        starts = offsets + HEADER_SIZE
        if self._ranges is None:
            self._ranges = RangeChecksums(int(starts[0]))
        return list(map(mask, self._ranges.of(block, base, starts, starts + lengths).tolist()))


def _stored(block: NDArray[np.uint8], end: int) -> int:
    """The checksum that a record stores which ends at this place of a block."""
    return int.from_bytes(block[end - FOOTER_SIZE : end].tobytes(), "little")
