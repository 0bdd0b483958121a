"""Objects on their way from one process to another: a pickle, and behind it a file that holds the arrays.

The file is in memory (in ``/dev/shm``; else in the folder for temporary files). The process that takes the objects maps
the file, so that it copies no array that is large, and removes its name at once; the memory is freed with the last
array in it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import mmap
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakSet

_MAPPED: Final = 1 << 16
"""The arrays of an object are mapped if they have at least so many bytes; else copied."""

_LINE: Final = 64
"""Arrays start at multiples of this: at a line of the processor's cache."""

_MOST_MAPS: Final = 256
"""How many parts of files are mapped at a time where each takes a file descriptor; the others are copied."""

_maps: WeakSet[mmap.mmap] = WeakSet()


class _SentObject(NamedTuple):
    """An object of a block.

    Attributes:
        pickled: the object without its arrays.
        start: where the first array is in the file.
        sizes: of the arrays, in bytes; each starts at the next multiple of `_LINE`.
        content: their bytes, if they are not in the file.
    """

    pickled: bytes
    start: int
    sizes: list[int]
    content: bytes | None


SharedBlock: TypeAlias = list[_SentObject]
"""Some objects, for `take_block`."""


class BlockWriter:
    """Makes a block. Belongs to one thread; if a call is interrupted, the file is to be removed.

    Args:
        path: of the file, which must not exist; it is only made if there are arrays with bytes.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._end = 0
        self._parts: list[_SentObject] = []

    def add(self, value: object) -> None:
        """Adds an object: its arrays are written now, while the processor's cache holds them, and not kept."""
        buffers: list[memoryview] = []
        pickled = pickle.dumps(value, 5, buffer_callback=lambda one: buffers.append(one.raw()))
        sizes = [buffer.nbytes for buffer in buffers]
        places = _places(sizes)
        start = self._end
        if places[-1] >= _MAPPED:
            start += -start % mmap.ALLOCATIONGRANULARITY
        content = None
        if self._write(buffers, start, places):
            self._end = start + places[-1]
        else:
            content = b"".join(bytes(one) + bytes(-len(one) % _LINE) for one in buffers)
        self._parts.append(_SentObject(pickled, start, sizes, content))

    def block(self) -> SharedBlock:
        """Returns the block of all that was added."""
        if self._file >= 0:
            os.close(self._file)
        return self._parts

    def _write(self, buffers: Sequence[memoryview], start: int, places: Sequence[int]) -> bool:
        """Writes the arrays to the file; returns False if it has no room for them, or cannot be shared."""
        if not hasattr(os, "pwrite"):  # Windows cannot remove a file that is mapped
            return False
        try:
            if self._file < 0 and places[-1]:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            for place, buffer in zip(places, buffers, strict=False):
                at, rest = start + place, buffer
                while len(rest):
                    written = os.pwrite(self._file, rest, at)
                    at, rest = at + written, rest[written:]
        except OSError:
            return False
        return True


def block_folder() -> str:
    """Where files of blocks are made: in memory if possible."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()


def take_block(block: SharedBlock, path: str) -> list[Any]:
    """Returns the objects of a block, and removes its file; their arrays are read-only.

    Raises:
        OSError: if the file cannot be read.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(remove_block, path)
        file = None
        if any(any(part.sizes) and part.content is None for part in block):
            file = stack.enter_context(open(path, "rb", buffering=0))
        return [pickle.loads(part.pickled, buffers=_buffers(part, file)) for part in block]


def remove_block(path: str) -> None:
    """Removes the file of a block, if it is there."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _buffers(part: _SentObject, file: io.FileIO | None) -> Iterator[memoryview]:
    """Yields the bytes of the arrays of an object; together they have memory of their own."""
    places = _places(part.sizes)
    content: Any = part.content
    if content is None and file is not None and any(part.sizes):
        # Arrays without bytes may be the last ones: nothing was written where they start.
        end = max(place + size for place, size in zip(places, part.sizes, strict=False) if size)
        content = _content(file, part.start, end)
    for place, size in zip(places, part.sizes, strict=False):
        yield memoryview(content or b"")[place : place + size].toreadonly()


def _content(file: io.FileIO, start: int, size: int) -> Any:
    """The bytes of a part of a file, mapped if they are many."""
    if size >= _MAPPED and sys.version_info >= (3, 13):
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ, offset=start, trackfd=False)
    if size >= _MAPPED and len(_maps) < _MOST_MAPS:
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ, offset=start)
        _maps.add(mapped)
        return mapped
    content = bytearray(size)
    view = memoryview(content)
    file.seek(start)
    while len(view) and (count := file.readinto(view)):
        view = view[count:]
    if len(view):
        raise OSError(errno.EIO, f"it ends {len(view)} bytes too early", file.name)
    return content


def _places(sizes: Sequence[int]) -> list[int]:
    """Where arrays of these sizes start, and last where the next one would."""
    return [*itertools.accumulate((size + -size % _LINE for size in sizes), initial=0)]
