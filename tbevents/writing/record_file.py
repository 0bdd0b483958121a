"""A file that grows by complete records, and the blocks that are not written yet."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tbevents import files
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE
from tbevents.run_files import event_file_name
from tbevents.writing.encoder import Block

if TYPE_CHECKING:
    from tbevents.writing.uploader import Upload

_FLAGS: Final = os.O_RDWR | getattr(os, "O_BINARY", 0)  # binary: Windows only

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ELOOP, errno.ESTALE})
"""Errors of `os.open` if the file no longer exists; ENXIO means that a FIFO or socket has replaced it."""

_TAIL: Final = 64
"""The number of bytes at the file's end that are compared: enough for a scalar's time, value and checksum."""

_LENGTH: Final = struct.Struct("<Q")


class DisturbedFileError(OSError):
    """Something else removed, replaced or changed the file, so nothing may be appended to it."""


class RecordFile:
    """A file of records, and the blocks that are not written to it yet.

    The file is opened for each `write` and closed afterwards, so that no descriptor is held. Each `write` checks that
    the file's size and last bytes are unchanged. (Inode numbers cannot be compared: on some network file systems they
    change, and others reuse them.)

    Only one thread may use it at a time. Signal handlers are safe: a handler may raise, or write this file, during a
    write. CPython runs handlers only after calls and at the end of loops, so a statement without either is atomic; all
    changes of state are such statements. Each block has a fixed offset in the file, so writing it twice is harmless.

    Attributes:
        path: the path of the file; None before `create`.
        blocks: the encoded blocks that are not written yet, in order.
        failure: why an upload in the background failed; None for all local files.
        lost: the number of written events that were lost before they were uploaded; 0 for all local files.
    """

    failure: Exception | None = None
    lost: int = 0

    def __init__(self) -> None:
        self.path: str | None = None
        self.blocks: tuple[Block, ...] = ()
        self._size = 0  # the size of the written records
        self._tail = b""  # the last bytes of the written records
        self._events = 0  # the number of the written records, without the first one

    @property
    def location(self) -> str | None:
        """The path or URL that readers find the file at; None before `create`."""
        return self.path

    @property
    def full(self) -> bool:
        """True if the next blocks belong in a new file."""
        return False

    def name(self, seconds: float, hostname: str, pid: int, uid: int, suffix: str) -> str:
        """Returns the base name of a new file; see `event_file_name`."""
        return event_file_name(seconds, hostname, pid, uid, suffix)

    def create(self, folder: str, new_name: Callable[[], str], record: bytes) -> None:
        """Creates the file.

        Args:
            folder: the folder; created if it does not exist.
            new_name: returns a new name at each call; called until a name is free.
            record: the first record of the file.

        Raises:
            OSError: if the file cannot be created. No file is left behind.
        """
        files.make_folder(folder)
        while True:
            path = os.path.join(folder, new_name())
            try:
                with open(path, "xb", buffering=0) as file:  # not os.open: an interrupt at its end loses the descriptor
                    _write_all(file.fileno(), record)
                self.path, self._size, self._tail, self._events = path, len(record), record[-_TAIL:], 0
                return
            except FileExistsError:
                continue
            except BaseException as error:
                _remove_begun(path, record)
                if isinstance(error, OSError):
                    error.filename = path
                raise

    def unwritten_bytes(self) -> int:
        """Returns the number of bytes in the blocks."""
        return sum(len(block.records) for block in self.blocks)

    def unwritten_events(self) -> int:
        """Returns the number of events in the blocks."""
        return sum(block.events for block in self.blocks)

    def write(self, sync: bool = False) -> None:
        """Writes the blocks. On an error, records that were written completely stay, and the others are kept.

        Args:
            sync: if True, wait until the file is on disk.

        Raises:
            DisturbedFileError: if something else changed the file. Nothing was written.
            OSError: if the file could not be written.
        """
        assert self.path is not None
        path = self.path
        before = self._size, self._tail, self._events
        written: tuple[Block, ...] = ()
        opened: list[int] = []
        try:
            try:
                _open_existing(path, opened)
                fd = opened[0]
                self._check(fd, path)
                while self.blocks and self.path == path:  # a signal handler may have changed to another file
                    written += self._write_blocks(fd)
                if sync:
                    os.fsync(fd)
                    _sync_folder(os.path.dirname(path))
            finally:
                if opened:
                    os.close(opened[0])
        except DisturbedFileError:
            raise
        except OSError:
            # The system may accept bytes and report only at fsync or close that the disk is full.
            if not self.blocks and self._size == before[0] + sum(len(block.records) for block in written):
                self._size, self._tail, self._events, self.blocks = *before, written
            raise

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yields the bytes of the file in chunks of a size."""
        if self.path is not None:
            with open(self.path, "rb") as file:
                while chunk := file.read(size):
                    yield chunk

    # A local file is where readers find it: there is nothing to upload. `ObjectFile` is another matter.

    def upload(self) -> Upload | None:
        """Starts an upload of what was written; returns None if there is nothing to upload."""
        return None

    def upload_if_due(self) -> None:
        """Starts an upload in the background, if it is time."""

    def finish(self, closing: bool = True) -> Upload | None:  # noqa: ARG002
        """Starts the last upload of the file; returns None if there is nothing to upload.

        Args:
            closing: if True, an upload that fails is tried again without the writer.
        """
        return None

    def discard(self) -> None:
        """Removes the file if the writer could not be made."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
            self.path = None

    def _check(self, fd: int, path: str) -> None:
        """Raises DisturbedFileError if something else changed the file.

        After the known end, there may be the beginning of the blocks, from a write that failed.
        """
        expected, tail, blocks = self._size, self._tail, self.blocks  # read before a signal handler can write more
        status = os.fstat(fd)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            raise DisturbedFileError(errno.EINVAL, "it was replaced by something that is not a regular file", path)
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
        """Writes the current blocks; returns those written, which are none if a signal handler has written them."""
        start, blocks, events = self._size, self.blocks, self._events
        count = size = 0
        try:
            os.lseek(fd, start, os.SEEK_SET)
            # Checked before each write: a signal handler may have written the blocks, or this may be a forked child.
            while count < len(blocks) and self.blocks and self.blocks[0] is blocks[0]:
                _write_all(fd, blocks[count].records)
                size += len(blocks[count].records)
                events += blocks[count].events
                count += 1
        except BaseException as error:
            if isinstance(error, OSError):
                self._keep(blocks, os.lseek(fd, 0, os.SEEK_CUR) - start)
            with contextlib.suppress(OSError):  # if that fails, too, the next attempt overwrites these bytes
                os.ftruncate(fd, self._size)
            raise
        tail = _tail_of(self._tail, blocks[:count])
        if self.blocks and self.blocks[0] is blocks[0]:  # no signal handler has written them
            self._size, self._tail, self._events, self.blocks = start + size, tail, events, self.blocks[count:]
            return blocks[:count]
        return ()

    def _keep(self, blocks: tuple[Block, ...], size: int) -> None:
        """Marks the complete records in the first `size` bytes of the blocks as written."""
        start, before, whole, count = self._size, self._events, 0, 0
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
        written = before + sum(block.events for block in done)
        if self.blocks and self.blocks[0] is blocks[0]:  # no signal handler has written them
            following = rest + self.blocks[count:]
            self._size, self._tail, self._events, self.blocks = start + whole, tail, written, following


def _open_existing(path: str, opened: list[int]) -> None:
    """Opens the file for reading and writing; appends the descriptor to a list.

    The flags lack O_CREAT: a file that was removed must not be created again without its header.
    """
    try:
        files.open_into(opened, path, _FLAGS)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        missing = error.errno == errno.ENOENT
        detail = "it was removed or renamed" if missing else f"it no longer exists: {error.strerror}"
        raise DisturbedFileError(error.errno, detail, path) from error


def _remove_begun(path: str, record: bytes) -> None:
    """Removes a file that was being created; not one of something else, which an interrupt may find at the path."""
    with contextlib.suppress(OSError):
        with open(path, "rb") as file:
            begun = record.startswith(file.read(len(record) + 1))
        if begun:
            os.unlink(path)


def _tail_of(tail: bytes, blocks: Sequence[Block]) -> bytes:
    """Returns the last bytes of a file that ended in `tail` after the blocks are appended."""
    for block in blocks[-_TAIL:]:  # each block has at least one byte
        tail = (tail + bytes(block.records[-_TAIL:]))[-_TAIL:]
    return tail


def _whole_records(records: bytes | bytearray, size: int) -> tuple[int, int]:
    """Returns the end of the last complete record in the first `size` bytes, and the number of complete records."""
    end = count = 0
    while end + HEADER_SIZE <= size:
        following = end + HEADER_SIZE + _LENGTH.unpack_from(records, end)[0] + FOOTER_SIZE
        if following > size:
            break
        end, count = following, count + 1
    return end, count


def _read_all(fd: int, size: int) -> bytes:
    """Reads up to `size` bytes from the descriptor's position."""
    parts = []
    while size and (part := os.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write_all(fd: int, data: bytes | bytearray) -> None:
    """Writes all bytes at the descriptor's position; the system may accept them in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _sync_folder(path: str) -> None:
    """Syncs a folder's entries to disk. Windows and some file systems do not support this, so errors are ignored."""
    opened: list[int] = []
    with contextlib.suppress(OSError):
        try:
            files.open_into(opened, path, os.O_RDONLY)
            os.fsync(opened[0])
        finally:
            if opened:
                os.close(opened[0])
