"""What is remembered of a file that was read, to see whether a file of its name still holds the same."""

from __future__ import annotations

import io
import zlib
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import FileChangedError
from tbevents.file_ref import FileRef
from tbevents.format.record import HEADER_SIZE, Records, split_footer
from tbevents.remote import is_url

REMEMBERED: Final = 256
"""Bytes by which a file is recognised: they hold checksums of records, and mostly their times."""

_READ: Final = 1 << 16
"""Bytes of the rest of a file that are read at a time."""


class FileIdentity(NamedTuple):
    """What is remembered of a file. It never changes: reading on makes another one.

    Attributes:
        first: the first bytes of the file.
        known: some of the last bytes that were read.
        known_at: the offset of `known`.
        unfinished: the start and end of a record that the end of the file cut, if others were found behind its header;
            else None. Once it is complete, they are part of its payload.
    """

    first: bytes = b""
    known: bytes = b""
    known_at: int = 0
    unfinished: tuple[int, int] | None = None

    @classmethod
    def of_whole(cls, data: NDArray[np.uint8]) -> FileIdentity:
        """Returns that of a file of these bytes, which are complete records."""
        known = data[-REMEMBERED:].tobytes()
        return cls(data[:REMEMBERED].tobytes(), known, len(data) - len(known))

    def after(self, records: Records) -> FileIdentity:
        """Returns that of the file once these records were read."""
        first = self.first
        if not first and records.base + int(records.offsets[0]) == 0:
            first = records.block[: min(records.end, REMEMBERED)].tobytes()
        known = records.block[: records.end][-REMEMBERED:].tobytes()
        return FileIdentity(first, known, records.base + records.end - len(known), self.unfinished)

    def check(self, file: io.RawIOBase, path: str, size: int, offset: int) -> None:
        """Checks that a file still holds what was read of it.

        Args:
            file: the file, opened.
            path: its path or URL; of a URL, the first bytes are not requested again.
            size: its size.
            offset: up to where it was read.

        Raises:
            FileChangedError: if it does not.
        """
        changed = size < offset
        for at, known in ((self.known_at, self.known), (0, b"" if is_url(path) else self.first)):
            if known and not changed:
                file.seek(at)
                changed = _read_all(file, len(known)) != known
        if changed:
            raise FileChangedError(f"{path}: was truncated or replaced")


def checksums_of_cut(file: io.RawIOBase, path: str, start: int, end: int) -> tuple[int, int]:
    """Returns the stored and the computed checksum of the data of a record that was cut, now that its place is filled.

    Raises:
        FileChangedError: if the record is complete, so that what was found behind its header is part of it.
    """
    file.seek(start)
    record = _read_all(file, end - start)
    _, stored, computed = split_footer(record[HEADER_SIZE:])
    if len(record) == end - start and stored == computed:
        raise FileChangedError(f"{path}: the record at byte {start}, which was incomplete, is complete")
    return stored, computed


def checksum_of_rest(file: io.RawIOBase, offset: int, size: int) -> int:
    """Returns the CRC-32 of a file from an offset up to `size`."""
    file.seek(offset)
    crc, left = 0, size - offset
    while left > 0 and (data := file.read(min(left, _READ))):
        crc, left = zlib.crc32(data, crc), left - len(data)
    return crc


def is_touched(before: FileRef | None, now: FileRef, size: int) -> bool:
    """Returns True if a listing shows another time for a file, and the same size as the one before, which was read."""
    if before is None or before.size is None or not size == before.size == now.size:
        return False
    return None not in (before.modified, now.modified) and before.modified != now.modified


def _read_all(file: io.RawIOBase, size: int) -> bytes:
    """Returns `size` bytes, or fewer at the end of the file."""
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
