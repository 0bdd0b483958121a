"""A file that grows by whole records, and what is still to be written to it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Callable, Sequence
from typing import Final

from tbevents import files
from tbevents.format.header import HEADER_SIZE
from tbevents.format.record import FOOTER_SIZE
from tbevents.writing.encoder import Block

__all__ = ["DisturbedFileError", "RecordFile"]

_FLAGS: Final = os.O_RDWR | getattr(os, "O_BINARY", 0)  # binary: Windows only

_O_NONBLOCK: Final = getattr(os, "O_NONBLOCK", 0)
"""With it, `os.open` does not wait for the other end of a FIFO that has taken the file's place."""

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ELOOP, errno.ESTALE})
"""What `os.open` says when the file is no longer there; ENXIO is a FIFO or socket in its place."""

_TAIL: Final = 64
"""Bytes at the file's end that are compared: no less than a scalar's time, value and checksum."""

_LENGTH: Final = struct.Struct("<Q")


class DisturbedFileError(OSError):
    """Something else removed, replaced or changed the file: nothing may be appended to it."""


class RecordFile:
    """A file of records, and the blocks that wait to be written to it.

    It is opened for each `write` and closed behind it, so that no descriptor is held. Each time it must end as it was
    left: its size is known, and so are its last bytes. (Inode numbers are no help: those of some network file systems
    change, and others are used again.)

    Not for several threads at once, but safe in signal handlers: one may raise, or write this file, amid a write.
    CPython runs handlers after calls and at the ends of loops only, so statements without either stay together: that is
    how the state changes here. What is written has its place in the file, so writing it twice changes nothing.

    Attributes:
        path: None until `create`.
        blocks: encoded and not yet written, in order.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self.blocks: tuple[Block, ...] = ()
        self._size = 0  # of the records that are written
        self._tail = b""  # the last of them

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
                fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                continue
            break
        try:
            try:
                _write_all(fd, record)
            finally:
                os.close(fd)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(path)
            if isinstance(error, OSError):
                error.filename = path
            raise
        self.path, self._size, self._tail = path, len(record), record[-_TAIL:]

    def unwritten_bytes(self) -> int:
        """Of the blocks."""
        return sum(len(block.records) for block in self.blocks)

    def unwritten_events(self) -> int:
        """In the blocks."""
        return sum(block.events for block in self.blocks)

    def write(self, sync: bool = False) -> None:
        """Writes the blocks. On failure the whole records that could be written stay, and the others are kept.

        Args:
            sync: return when the file is on disk.

        Raises:
            DisturbedFileError: the file is not what it was left as. Nothing was written.
            OSError: it could not be written.
        """
        assert self.path is not None
        path = self.path
        fd = _open_existing(path)
        before = self._size, self._tail
        written: tuple[Block, ...] = ()
        try:
            try:
                self._check(fd, path)
                while self.blocks and self.path == path:  # a handler may have moved on to another file
                    written += self._write_blocks(fd)
                if sync:
                    os.fsync(fd)
                    _sync_folder(os.path.dirname(path))
            finally:
                os.close(fd)
        except DisturbedFileError:
            raise
        except OSError:
            # The system may take bytes and say later, to fsync or close, that they found no room.
            if not self.blocks and self._size == before[0] + sum(len(block.records) for block in written):
                self._size, self._tail, self.blocks = *before, written
            raise

    def _check(self, fd: int, path: str) -> None:
        """Raises DisturbedFileError unless the file ends as it was left.

        Behind that may stand the beginning of the blocks, from an attempt that failed.
        """
        expected, tail, blocks = self._size, self._tail, self.blocks  # before a handler may write more
        status = os.fstat(fd)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            raise DisturbedFileError(errno.EINVAL, "something that is no file has taken its place", path)
        if size < expected:
            raise DisturbedFileError(errno.EIO, f"it was truncated to {size} bytes of {expected}", path)
        os.lseek(fd, expected - len(tail), os.SEEK_SET)
        found = os.read(fd, len(tail))
        if found != tail:
            raise DisturbedFileError(errno.EIO, "it was changed or replaced", path)
        if size > expected:
            more = size - expected
            pending = b"".join(block.records for block in blocks)
            if more > len(pending) or not pending.startswith(_read_all(fd, more)):
                raise DisturbedFileError(errno.EIO, f"something else appended {more} bytes to it", path)

    def _write_blocks(self, fd: int) -> tuple[Block, ...]:
        """Writes the blocks that there are; returns those it has written, none where a signal handler has."""
        start, blocks = self._size, self.blocks
        count = size = 0
        try:
            os.lseek(fd, start, os.SEEK_SET)
            # Compared before each write: a handler may have written the blocks, or have forked, and this is the child.
            while count < len(blocks) and self.blocks and self.blocks[0] is blocks[0]:
                _write_all(fd, blocks[count].records)
                size += len(blocks[count].records)
                count += 1
        except BaseException as error:
            if isinstance(error, OSError):
                self._keep(blocks, os.lseek(fd, 0, os.SEEK_CUR) - start)
            with contextlib.suppress(OSError):  # where even that fails, the next attempt writes over it
                os.ftruncate(fd, self._size)
            raise
        tail = _tail_of(self._tail, blocks[:count])
        if self.blocks and self.blocks[0] is blocks[0]:  # no handler has written them
            self._size, self._tail, self.blocks = start + size, tail, self.blocks[count:]
            return blocks[:count]
        return ()

    def _keep(self, blocks: tuple[Block, ...], size: int) -> None:
        """Takes as written what is whole in so many bytes of the blocks."""
        start, whole, count = self._size, 0, 0
        while count < len(blocks) and whole + len(blocks[count].records) <= size:
            whole += len(blocks[count].records)
            count += 1
        done, rest = blocks[:count], blocks[count:]
        if rest:
            records, events = rest[0]
            end, kept = _whole_records(records, size - whole)
            whole += end
            done += (Block(records[:end], kept),)
            rest = (Block(records[end:], events - kept), *rest[1:])
        tail, count = _tail_of(self._tail, done), len(blocks)
        if self.blocks and self.blocks[0] is blocks[0]:  # no handler has written them
            self._size, self._tail, self.blocks = start + whole, tail, rest + self.blocks[count:]


def _open_existing(path: str) -> int:
    """A descriptor of the file, for reading and writing.

    Without O_CREAT: a file that was removed must not come back without its beginning.
    """
    try:
        try:
            return os.open(path, _FLAGS | _O_NONBLOCK)
        except BlockingIOError:  # a lease that someone has on the file, and now has to give up
            return os.open(path, _FLAGS)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        detail = "it was removed or renamed" if error.errno == errno.ENOENT else f"it is gone: {error.strerror}"
        raise DisturbedFileError(error.errno, detail, path) from error


def _tail_of(tail: bytes, blocks: Sequence[Block]) -> bytes:
    """The last bytes of a file that ended in `tail`, with the blocks behind."""
    for block in blocks[-_TAIL:]:  # each has a byte at least
        tail = (tail + bytes(block.records[-_TAIL:]))[-_TAIL:]
    return tail


def _whole_records(records: bytes | bytearray, size: int) -> tuple[int, int]:
    """Where the last record ends that lies within so many bytes of these, and how many do."""
    end = count = 0
    while end + HEADER_SIZE <= size:
        following = end + HEADER_SIZE + _LENGTH.unpack_from(records, end)[0] + FOOTER_SIZE
        if following > size:
            break
        end, count = following, count + 1
    return end, count


def _read_all(fd: int, size: int) -> bytes:
    """So many bytes from the descriptor's position on, or as many as there are."""
    parts = []
    while size and (part := os.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


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
