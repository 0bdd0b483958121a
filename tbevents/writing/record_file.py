"""A file that grows by whole records, and what is still to be written to it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from typing import Final

from tbevents import files
from tbevents.writing.encoder import Block

__all__ = ["RecordFile"]

_O_BINARY: Final = getattr(os, "O_BINARY", 0)  # Windows only


class RecordFile:
    """A file of records, and the blocks that wait to be written to it.

    It is opened for each `write` and closed behind it, so that no descriptor is held, and a file or folder that was
    removed is an error rather than a loss. Not for several threads at once, but safe in signal handlers: one may raise,
    or write this file, amid a write. CPython runs handlers after calls and at the ends of loops only, so statements
    without either stay together: that is how the state changes here.

    Attributes:
        path: None until `create`.
        blocks: encoded and not yet written, in order.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self.blocks: tuple[Block, ...] = ()
        self._size = 0  # whole records only
        self._torn = False  # whether a part of the first block may stand behind them

    def create(self, folder: str, new_name: Callable[[], str], record: bytes) -> None:
        """Makes the file.

        Args:
            folder: where; made where it is missing.
            new_name: gives names until one is free.
            record: what the file begins with.

        Raises:
            OSError: it cannot be made, and is not there.
        """
        files.make_folder(folder)
        while True:
            path = os.path.join(folder, new_name())
            try:
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY, 0o666)
            except FileExistsError:
                continue
            break
        try:
            _write_all(fd, record)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(path)
            if isinstance(error, OSError):
                error.filename = path
            raise
        finally:
            os.close(fd)
        self.path, self._size, self._torn = path, len(record), False

    def unwritten_bytes(self) -> int:
        """Of the blocks."""
        return sum(len(block.records) for block in self.blocks)

    def unwritten_events(self) -> int:
        """In the blocks."""
        return sum(block.events for block in self.blocks)

    def write(self, sync: bool = False) -> None:
        """Writes the blocks; on failure takes back what was written of one, and keeps it.

        Args:
            sync: return when the file is on disk.

        Raises:
            OSError: it could not be written, or is not what it was left as.
        """
        assert self.path is not None
        # No O_CREAT: a file that was removed must not come back without its beginning.
        fd = os.open(self.path, os.O_WRONLY | _O_BINARY)
        try:
            expected, torn = self._size, self._torn
            size = os.fstat(fd).st_size
            if size < expected or (size > expected and not torn):
                raise OSError(errno.EIO, f"changed by someone else: {size} bytes instead of {expected}", self.path)
            while self.blocks:
                block = self.blocks[0]
                end = self._size + len(block.records)
                self._torn = True
                try:
                    os.lseek(fd, self._size, os.SEEK_SET)  # over what an earlier attempt may have left of it
                    _write_all(fd, block.records)
                except BaseException:
                    with contextlib.suppress(OSError):
                        os.ftruncate(fd, self._size)
                        self._torn = False
                    raise
                if self.blocks and self.blocks[0] is block:  # no handler has written it
                    self._size, self.blocks, self._torn = end, self.blocks[1:], False
            if sync:
                os.fsync(fd)
                _sync_folder(os.path.dirname(self.path))
        finally:
            os.close(fd)


def _write_all(fd: int, data: bytes | bytearray) -> None:
    """Writes bytes at the descriptor's position; the system may take them in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _sync_folder(path: str) -> None:
    """Makes the names in a folder durable, where the system can: Windows cannot, nor can every file system."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
