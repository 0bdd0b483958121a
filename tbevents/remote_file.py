"""Files at a URL: small ones are read whole, larger ones in ranges, several at a time.

Ranges are read with fsspec's `cat_file`, without its read-ahead, so that no byte is transferred twice.
"""

from __future__ import annotations

import functools
import io
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tbevents import remote
from tbevents.errors import FileChangedError
from tbevents.file_ref import FileRef

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

SMALL: Final = 8 << 20
"""Maximum size in bytes of a file that one request reads. Larger files are read in ranges."""

_RANGE: Final = 4 << 20
"""Size in bytes of a range that is requested ahead."""

_RANGES_AHEAD: Final = 8
"""Number of ranges requested ahead for one file: 32 MiB."""

_MOST_AHEAD: Final = 1 << 28
"""Maximum bytes of small files that are requested ahead."""

_TRIES: Final = 3
"""Number of attempts to fetch a file that is replaced meanwhile."""


class Requested(NamedTuple):
    """The end of a file, requested ahead.

    Attributes:
        start: the offset of the first byte.
        content: the bytes from `start` to the end of the file.
    """

    start: int
    content: Future[bytes]


class RemoteFile(io.RawIOBase):
    """A file at a URL, as it was when its size was looked up.

    If at most `SMALL` bytes are left at the first read, one request fetches all of them. Otherwise each read requests
    exactly its bytes; if a read continues where the last one ended, the next ranges are requested ahead.

    One thread at a time may use it.

    Args:
        url: the file.
        listed: the file in a listing made just before, so that its size need not be looked up.
        requested: what `fetch_ahead` returned for the file.

    Raises:
        MissingExtraError: if fsspec is not installed.
    """

    def __init__(self, url: str, listed: FileRef | None = None, requested: Requested | None = None) -> None:
        self._url = url
        self._fs, self._path = remote.filesystem(url)
        self._at = 0
        self._size = None if listed is None else listed.size  # None until it is needed
        self._is_listed = self._size is not None
        self._requested = requested
        self._held: tuple[int, bytes] | None = None  # offset, and all that follows there
        self._ahead: deque[tuple[int, int, Future[bytes]]] = deque()  # start, stop and content of the next ranges
        self._requests = 0
        self._followed = -1  # where the last read ended

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to an offset from the start, the current position or the end; returns the new position.

        Raises:
            FileNotFoundError: if the offset is from the end and the file does not exist.
            OSError: if the offset is from the end and the size is not available.
        """
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (self._find_size() if base is None else base)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Reads bytes until the buffer is full or the file ends; returns the number of bytes read.

        Raises:
            FileChangedError: if the file is smaller than a listing has shown it, or is replaced again and again.
            OSError: if the file cannot be read.
        """
        view = memoryview(buffer).cast("B")
        size = self._find_size()
        stop = min(self._at + len(view), size)
        if stop <= self._at:
            return 0
        if self._held is None and not self._requests and size - self._at <= SMALL:
            self._hold_rest(size)
            stop = min(self._at + len(view), self._find_size())
        data = self._held_range(stop) or self._range(stop)
        view[: len(data)] = data
        self._at += len(data)
        self._followed = self._at
        return len(data)

    def check(self, listed: FileRef | None) -> None:
        """Checks that all ranges were read from one version of the file.

        This needs an ETag. Without one, a file is taken to have only grown, so that the ranges fit together.

        Raises:
            FileChangedError: if the file was replaced since it was listed.
            OSError: if it cannot be looked up.
        """
        if self._requests < 2 or listed is None or not isinstance(listed.modified, str):
            return
        with remote.as_os_errors(self._url):
            self._fs.invalidate_cache()
            now = remote.file_ref(self._url, self._fs.info(self._path))
        if now.modified != listed.modified:
            raise FileChangedError(f"{self._url}: was replaced while it was read")

    def close(self) -> None:
        """Cancels what was requested ahead."""
        self._drop_ahead()
        super().close()

    def _hold_rest(self, size: int) -> None:
        """Fetches the rest of the file, and sets the size by it: the listed size may be outdated."""
        self._requests += 1
        if self._requested is not None and self._requested.start <= self._at:
            data = self._requested.content.result()[self._at - self._requested.start :]
        elif self._is_listed:
            data = _fetch_rest(self._fs, self._url, self._path, self._at, size)
        else:
            with remote.as_os_errors(self._url):
                data, whole = _fetch(self._fs, self._path, self._at, size)
            if whole is not None:
                self._held = (0, whole)
                return
        self._held = (self._at, data)
        self._size = self._at + len(data)

    def _held_range(self, stop: int) -> bytes | memoryview:
        if self._held is None or self._at < self._held[0]:
            return b""
        start, data = self._held
        return memoryview(data)[self._at - start : stop - start]

    def _range(self, stop: int) -> bytes:
        """Returns the bytes up to `stop`, or fewer; at least one, unless the file has become shorter."""
        while self._ahead:
            start, end, future = self._ahead[0]
            if not start <= self._at < end:
                self._drop_ahead()
                break
            data = future.result()[self._at - start : stop - start]
            if stop >= end:
                self._ahead.popleft()
            self._request_ahead(end)
            return data
        self._requests += 1
        with remote.as_os_errors(self._url):
            data, whole = _fetch(self._fs, self._path, self._at, stop)
        if whole is not None:
            self._held = (0, whole)
        elif self._followed == self._at:
            self._request_ahead(stop)
        return data

    def _request_ahead(self, start: int) -> None:
        """Requests further ranges, up to `_RANGES_AHEAD` in all; from `start` on if none is requested yet."""
        size = self._find_size()
        while len(self._ahead) < _RANGES_AHEAD:
            start = self._ahead[-1][1] if self._ahead else start
            stop = min(start + _RANGE, size)
            if stop <= start:
                return
            self._requests += 1
            self._ahead.append((start, stop, _pool(os.getpid()).submit(self._fetch_range, start, stop)))

    def _fetch_range(self, start: int, stop: int) -> bytes:
        with remote.as_os_errors(self._url):
            return _fetch(self._fs, self._path, start, stop)[0]

    def _drop_ahead(self) -> None:
        while self._ahead:
            self._ahead.pop()[2].cancel()

    def _find_size(self) -> int:
        if self._size is None:
            with remote.as_os_errors(self._url):
                self._size = self._fs.info(self._path)["size"]
                if self._size is None:  # the server does not report it
                    self._held = (0, bytes(self._fs.cat_file(self._path)))
                    self._size = len(self._held[1])
        return self._size


def fetch_ahead(file: FileRef, start: int = 0) -> Requested | None:
    """Requests a file from an offset to its end, for a `RemoteFile`.

    Returns None if there are more than `SMALL` bytes, or the size is unknown. At most `remote.PARALLEL` requests of a
    process are in flight; others wait. A forked process has threads and requests of its own.
    """
    if file.size is None or not 0 < file.size - start <= SMALL:
        return None
    fs, path = remote.filesystem(file.url)  # here, so that all threads share one connection pool
    return Requested(start, _pool(os.getpid()).submit(_fetch_rest, fs, file.url, path, start, file.size))


def fetched_ahead(runs: Sequence[Mapping[FileRef, int]]) -> Iterator[dict[str, Requested]]:
    """Requests the small remote files of runs that will be read in this order, up to 256 MiB and 64 runs ahead.

    Each run maps its files to the offset at which reading starts. Yields what was requested for each run, by URL.
    """
    ahead: deque[tuple[int, dict[str, Requested]]] = deque()
    room, place = _MOST_AHEAD, 0
    for current in range(len(runs)):
        while place < len(runs) and len(ahead) < 2 * remote.PARALLEL:
            remote_files = {file: start for file, start in runs[place].items() if remote.is_url(file.url)}
            size = sum((file.size or 0) - start for file, start in remote_files.items())
            if place > current and size > room:
                break
            requested: dict[str, Requested] = {}
            for file, start in remote_files.items():
                if (request := fetch_ahead(file, start)) is not None:
                    requested[file.url] = request
            ahead.append((size, requested))
            room -= size
            place += 1
        size, requested = ahead.popleft()
        yield requested
        room += size


def read_range(url: str, start: int, size: int | None = None) -> bytes:
    """Returns up to `size` bytes of a file from offset `start`; None means all.

    Raises:
        FileNotFoundError: if the file does not exist.
        OSError: if the file cannot be read.
    """
    fs, path = remote.filesystem(url)
    with remote.as_os_errors(url):
        if size is None:
            return bytes(fs.cat_file(path))[start:]
        return _fetch(fs, path, start, start + size)[0]


def _fetch_rest(fs: Any, url: str, path: str, start: int, size: int) -> bytes:
    """Returns a file from an offset to its end, all of one version, even if the listed `size` is outdated.

    Raises:
        FileChangedError: if the file is replaced again and again.
        OSError: if the file cannot be read.
    """
    with remote.as_os_errors(url):
        for _ in range(_TRIES):
            # One byte more shows whether the file has grown. A file system that opens it would need another request.
            data, whole = _fetch(fs, path, start, size + (not _opens_to_read(fs)))
            if whole is not None:
                return whole[start:]
            if len(data) <= size - start:
                return data
            fs.invalidate_cache()
            size = fs.info(path)["size"]
    raise FileChangedError(f"{url}: is replaced again and again")


def _fetch(fs: Any, path: str, start: int, stop: int) -> tuple[bytes, bytes | None]:
    """Returns a range of a file, shorter if the file ends earlier; and the whole file, if the server sent all of it."""
    options = {"cache_type": "none"} if _opens_to_read(fs) else {}  # it would read ahead
    try:
        data = bytes(fs.cat_file(path, start=start, end=stop, **options))
    except FileNotFoundError:
        raise
    except Exception:
        size = fs.info(path)["size"]
        if size is not None and size <= start:  # web servers answer such a range with an error
            return b"", None
        raise
    if len(data) > stop - start:  # a web server without ranges
        return data[start:stop], data
    return data, None


def _opens_to_read(fs: Any) -> bool:
    """Returns True if a file system has no `cat_file` of its own, and opens a file to read a range of it."""
    from fsspec import AbstractFileSystem

    return not fs.async_impl and type(fs).cat_file is AbstractFileSystem.cat_file


@functools.cache
def _pool(pid: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a forked process has none of the threads
    """Returns the threads that wait for requests. They decode nothing, so many of them do not slow the readers."""
    from concurrent.futures import ThreadPoolExecutor  # here, since writers import this module too

    return ThreadPoolExecutor(remote.PARALLEL, "tbevents-fetch")
