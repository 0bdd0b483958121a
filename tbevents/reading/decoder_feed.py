"""Feeds a decoder with the bytes of a file, block by block."""

from __future__ import annotations

import io
from typing import Final

from tbevents.errors import FileChangedError
from tbevents.format.record import LongRecord
from tbevents.format.record_decoder import RecordDecoder

BLOCK: Final = 1 << 21
"""Bytes read at a time; half as many at first."""

_AFTER_LONG: Final = 1 << 14
"""Bytes read first after a long record that was skipped: another one may follow soon. Each read after it takes twice as
many, up to `BLOCK`."""


class DecoderFeed:
    """Feeds a decoder with the bytes of a file.

    Args:
        file: the file; its position is set to where the decoder's next bytes are.
        decoder: the decoder.
        size: the size of the file, or of the part to feed.

    Attributes:
        left: the number of bytes that were not fed yet.
    """

    def __init__(self, file: io.RawIOBase, decoder: RecordDecoder, size: int) -> None:
        self.left: int = size - file.seek(decoder.fed)
        self._file = file
        self._decoder = decoder
        self._size = size
        self._block = BLOCK // 2

    @property
    def is_scarce(self) -> bool:
        """True if the decoder has little of a block at hand, and no long records were skipped lately."""
        return self._block == BLOCK and 4 * len(self._decoder.at_hand) < BLOCK

    def more(self) -> None:
        """Feeds the next block.

        Raises:
            FileChangedError: if the file has become shorter.
        """
        room = self._decoder.room(min(self.left, max(self._block, self._decoder.missing)))
        size = self._file.readinto(room)
        if not size:
            raise FileChangedError(f"{self._decoder.path}: became shorter while it was read")
        self._decoder.filled(size)
        self.left = self._size - self._decoder.fed
        self._block = min(BLOCK, 2 * self._block)

    def skip(self, record: LongRecord) -> None:
        """Skips a long record."""
        self._decoder.skip_long(record)
        self._block = _AFTER_LONG
        self.left = max(0, self._size - self._file.seek(self._decoder.fed))
