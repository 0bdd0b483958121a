"""Finds intact records after damage, in time proportional to the bytes searched.

A record may start wherever there is a header; it is intact if its payload's checksum is right. A file that is damaged
everywhere, or was made to be slow, must not take longer. So each byte is searched for headers only once. Payloads may
overlap: they are hashed one by one only while that is cheap; after that, `RangeChecksums` computes their checksums.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c import mask, masked_crc32c
from tbevents.format.crc32c_ranges import ROW, RangeChecksums
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE

_TILE: Final = 1 << 16
"""Bytes that are searched for headers at a time: after most damage, the next record is near."""

_CHEAP: Final = 8
"""Payload bytes that may be hashed one payload at a time, per byte of the file that was searched."""

_CHEAP_AT_FIRST: Final = 1 << 22
"""Payload bytes that may be hashed one payload at a time before anything was searched."""

assert HEADER_SIZE >= ROW, "RangeChecksums needs this many bytes before a payload"


class Next(NamedTuple):
    """The result of a search.

    Attributes:
        offset: the position of the next record in the file; if none was found, the position to search on from.
        found: True if a record was found.
        needed: if none was found, the number of bytes from `offset` on that the next search needs.
    """

    offset: int
    found: bool
    needed: int = 0


class RecordSearch:
    """Finds intact records in a damaged file. Each call must be about a position at or after that of the last call.

    Args:
        finder: finds the headers.
        max_length: the longest payload that is accepted, in bytes.
        verify: if True, a payload's checksum must be right; otherwise an intact header suffices.
    """

    def __init__(self, finder: HeaderFinder, max_length: int, *, verify: bool) -> None:
        self._finder = finder
        self._max_length = max_length
        self._verify = verify
        self._searched = 0  # position in the file up to which headers were searched
        # The headers in the last tile; `_next` is the index of the next one.
        self._offsets: list[int] = []
        self._lengths: list[int] = []
        self._next = 0
        self._checksums: dict[int, int] = {}  # of payloads, masked, by the header's index in the tile
        self._ranges: RangeChecksums | None = None
        self._origin = -1  # position in the file of the first payload that was hashed
        self._hashed = 0  # payload bytes that were hashed one payload at a time

    def next(self, block: NDArray[np.uint8], base: int, start: int, *, size: int | None, at_end: bool) -> Next:
        """Returns the first intact record at or after a position.

        Args:
            block: uint8, shape (n,): the bytes at hand.
            base: the position of the block's first byte in the file.
            start: the position in the file to search from; it must be in the block.
            size: the size of the file in bytes, if it is known: records that would end after it are skipped.
            at_end: True if no more bytes follow the block.
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
        """Returns the payload's length by the header at a position in the file; None if there is no header."""
        if self._has_header(block, base, offset) and self._offsets[self._next] == offset:
            return self._lengths[self._next]
        return None

    def checksum(self, block: NDArray[np.uint8], base: int, offset: int, length: int) -> int:
        """Returns the masked checksum of a payload that is at hand; `offset` is the position of its header."""
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
        """Returns True if there is a header at or after a position; `_next` is then its index in the tile."""
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
        """Hashes the payloads of the tile's headers, from the next one on, that are at hand."""
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
    return int.from_bytes(block[end - FOOTER_SIZE : end].tobytes(), "little")
