"""Finds every record header in a block of bytes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c import crc32c
from tbevents.format.crc32c_columns import contributions, mask_array
from tbevents.format.record import HEADER_SIZE, MAX_LENGTH, SHORT

_TILE: Final = 1 << 17
"""Bytes that are searched for zeros at a time, so that intermediate results stay in the processor's L1 or L2 cache."""


class HeaderFinder:
    """Finds every header in a block whose checksum is right.

    The header of a payload below 4 GiB has four zero bytes, below 64 KiB six. Only places with these are checked, all
    at once. The chance that other bytes look like a header is 1 in 2**32 for each place.

    A finder must be used by one thread at a time: it keeps its scratch memory, since allocating costs more than the
    search.
    """

    def __init__(self) -> None:
        self._scratch = np.empty((2, _TILE + HEADER_SIZE - 1), np.uint8)
        self._result = np.empty(0, np.uint8)

    def find(
        self, block: NDArray[np.uint8], *, max_length: int = MAX_LENGTH
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the headers in a block.

        Args:
            block: uint8 array of shape (n,), contiguous. A header that its end cuts is not found.
            max_length: the longest payload to look for, in bytes; below 4 GiB.

        Returns:
            (offsets, lengths): int64 arrays of the same shape; offsets ascend and are relative to the block.
        """
        n = len(block) - HEADER_SIZE + 1
        if n <= 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        size = 2 if max_length <= SHORT else 4  # bytes of the length that may be non-zero
        words = self._zeros_after(block, size, n)
        (at,) = (words != 0).nonzero()  # twice as fast as words.nonzero()
        left = words[at].byteswap()  # the last place of a word is now its lowest byte
        found = []
        while len(at):
            # The last place first: if the length is under 256, the place before a header looks like a header too.
            last = left & (~left + np.uint64(1))
            # The product with 1 << 8k moves the byte 7 - k up to the top.
            places = at * 8 + ((last * np.uint64(0x0706050403020100)) >> np.uint64(56)).view(np.int64)
            lengths = np.ndarray((n,), f"<u{size}", block, strides=(1,))[places]
            stored = np.ndarray((n,), "<u4", block, offset=8, strides=(1,))[places]
            holds = _masked_crcs(lengths) == stored
            left ^= last
            (more,) = ((left != 0) & ~holds).nonzero()  # two headers are too far apart to share a word
            holds &= lengths <= max_length
            if holds.any():
                found.append((places[holds], lengths[holds].astype(np.int64)))
            at, left = at[more], left[more]
        if len(found) == 1:
            return found[0]
        offsets = np.concatenate([np.empty(0, np.int64), *(places for places, _ in found)])
        lengths = np.concatenate([np.empty(0, np.int64), *(lengths for _, lengths in found)])
        order = np.argsort(offsets, kind="stable")
        return offsets[order], lengths[order]

    def _zeros_after(self, block: NDArray[np.uint8], size: int, n: int) -> NDArray[np.uint64]:
        """Returns for each of the first n places whether a header may start there, with eight places in a word.

        Bytes `size` to 7 of a header must be zero, and its checksum must not be zero: otherwise each byte of a long run
        of zeros, in images and in preallocated files, would be checked.
        """
        room = n + -n % 8  # whole words
        if room > len(self._result):
            self._result = np.empty(room + room // 8, np.uint8)  # the next block may be a little longer
        result = self._result[:room]
        result[n:] = 0
        for start in range(0, n, _TILE):
            self._mark(block[start : start + _TILE + HEADER_SIZE - 1], size, result[start : min(start + _TILE, n)])
        words: NDArray[np.uint64] = result.view("<u8")
        return words

    def _mark(self, block: NDArray[np.uint8], size: int, result: NDArray[np.uint8]) -> None:
        """Sets each byte of `result` to 1 if a header may start at its place, otherwise to 0."""
        n = len(result)
        # Ones and zeros as bytes, and bit operations: the loops for bools of numpy 1.24 store other bytes for True.
        zero, pairs = self._scratch[0, : len(block)], self._scratch[1, : len(block) - 1]
        np.equal(block, 0, out=zero.view(np.bool_))
        np.bitwise_and(zero[:-1], zero[1:], out=pairs)
        fours = np.bitwise_and(pairs[:-2], pairs[2:], out=zero[:-3])  # at k: whether bytes k to k + 3 are zero
        found = fours[4 : 4 + n]
        if size == 2:
            found = np.bitwise_and(fours[2 : 2 + n], pairs[6 : 6 + n], out=result)
        both = np.bitwise_and(found, fours[8 : 8 + n], out=pairs[:n])
        np.bitwise_xor(found, both, out=result)  # found, and not fours[8:]


def _masked_crcs(lengths: NDArray[Any]) -> NDArray[np.uint32]:
    """Returns the checksums of headers that declare these lengths (uint16 or uint32, shape (n,))."""
    tables = contributions(8)
    crcs = np.full(len(lengths), crc32c(bytes(8)), np.uint32)
    by_byte = lengths.view(np.uint8).reshape(len(lengths), lengths.itemsize)
    for place in range(lengths.itemsize):
        crcs ^= tables[7 - place].take(by_byte[:, place])
    return mask_array(crcs)
