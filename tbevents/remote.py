"""Event files at a URL: found, read in ranges and written through fsspec. No other module uses fsspec.

Files are read by `cat_file` with exact ranges, without fsspec's read-ahead, so no byte is transferred twice.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

from tbevents.errors import MissingExtraError

__all__ = [
    "RemoteFile",
    "files_below",
    "files_in",
    "is_folder",
    "is_url",
    "join",
    "parent",
    "read_range",
    "write_bytes",
]

_CHAIN: Final = "::"
"""Separates the URLs of a chain, such as ``zip://runs/a::https://host/runs.zip``. The path inside the outermost file
system is that of the first part with a scheme."""


def is_url(path: str) -> bool:
    """Returns True if a path is an fsspec URL such as ``s3://bucket/runs``, not a local path."""
    return "://" in path


def join(url: str, name: str) -> str:
    """Returns the URL of a name below a folder; the name may have slashes."""
    links = url.split(_CHAIN)
    place = next((place for place, link in enumerate(links) if "://" in link), 0)
    link = links[place]
    links[place] = link + name if link.endswith("/") else f"{link}/{name}"
    return _CHAIN.join(links)


def parent(url: str) -> str:
    """Returns the URL of the folder that contains a URL."""
    links = url.split(_CHAIN)
    place = next((place for place, link in enumerate(links) if "://" in link), 0)
    scheme, mark, path = links[place].partition("://")
    links[place] = scheme + mark + path.rstrip("/").rpartition("/")[0]
    return _CHAIN.join(links)


def is_folder(url: str) -> bool:
    """Returns True if a URL is a folder. Clears fsspec's cache of listings, since files may have been added.

    Raises:
        FileNotFoundError: if the URL does not exist.
        OSError: if the URL cannot be looked up.
        MissingExtraError: if fsspec is not installed.
    """
    fs, path = _filesystem(url)
    with _as_os_errors(url):
        fs.invalidate_cache()
        info = fs.info(path)
    # A web server has no folders: it serves an HTML page that lists the files.
    return info["type"] == "directory" or path.endswith("/") or info.get("mimetype") == "text/html"


def files_in(url: str) -> list[str]:
    """Returns the names of the files directly in a folder, in any order."""
    fs, path = _filesystem(url)
    with _as_os_errors(url):
        entries = fs.ls(path, detail=True)
    return [entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file"]


def files_below(url: str, on_unreadable: Callable[[str, OSError], object]) -> list[str]:
    """Returns the files in a folder and its subfolders, as paths relative to the folder, in any order.

    Args:
        url: the folder.
        on_unreadable: called for each subfolder that cannot be listed, if the file system reports it.

    Raises:
        OSError: if the folder itself cannot be listed.
    """
    from fsspec import AbstractFileSystem

    fs, path = _filesystem(url)
    root = path.rstrip("/")
    lists_folders = type(fs).find is AbstractFileSystem.find  # this one skips folders that it cannot list
    with _as_os_errors(url):
        names = list(_walk(fs, path, on_unreadable)) if lists_folders else fs.find(path)
    return [name[len(root) :].lstrip("/") for name in names if name.startswith(root)]


def _walk(fs: Any, top: str, on_unreadable: Callable[[str, OSError], object]) -> Iterator[str]:
    """Yields the files in a folder and its subfolders.

    Raises:
        OSError: if the folder itself cannot be listed.
    """
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            entries = fs.ls(folder, detail=True)
        except FileNotFoundError:
            if folder == top:
                raise
            continue  # removed in the meantime
        except OSError as error:
            if folder == top:
                raise
            on_unreadable(fs.unstrip_protocol(folder), error)
            continue
        for entry in entries:
            if entry["type"] != "directory":
                yield entry["name"]
            elif entry["name"].rstrip("/") != folder.rstrip("/"):
                folders.append(entry["name"])


def read_range(url: str, start: int, size: int | None = None) -> bytes:
    """Returns up to `size` bytes of a file from offset `start`.

    Args:
        url: the file.
        start: the offset of the first byte.
        size: the number of bytes; None means all.

    Raises:
        FileNotFoundError: if the file does not exist.
        OSError: if the file cannot be read.
    """
    fs, path = _filesystem(url)
    with _as_os_errors(url):
        if size is None:
            return bytes(fs.cat_file(path))[start:]
        return _fetch(fs, path, start, start + size)[0]


def write_bytes(url: str, data: bytes) -> None:
    """Writes a file as a whole; an earlier one is replaced. Creates its folder, but never a bucket.

    Raises:
        OSError: if the file cannot be written.
        MissingExtraError: if fsspec, or the file system, is not installed.
    """
    with _as_os_errors(url, "cannot be written"):
        fs, path = _filesystem(url, "writing")
        try:
            fs.pipe_file(path, data)
        except FileNotFoundError:
            if fs.async_impl:  # an object store, which has no folders: `makedirs` would create the missing bucket
                raise
            fs.makedirs(fs._parent(path), exist_ok=True)
            fs.pipe_file(path, data)


class RemoteFile(io.RawIOBase):
    """A file at a URL. Each read is one request for exactly its bytes; they are not cached.

    Args:
        url: the file.

    Raises:
        MissingExtraError: if fsspec is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._fs, self._path = _filesystem(url)
        self._at = 0
        self._size: int | None = None  # None until it is needed
        self._whole: bytes | None = None  # the whole file, if the server has no ranges: one download is enough

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
            OSError: if the file cannot be read.
        """
        view = memoryview(buffer).cast("B")
        stop = min(self._at + len(view), self._find_size())
        if stop <= self._at:
            return 0
        if self._whole is None:
            with _as_os_errors(self._url):
                data, self._whole = _fetch(self._fs, self._path, self._at, stop)
        else:
            data = self._whole[self._at : stop]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _find_size(self) -> int:
        if self._size is None:
            with _as_os_errors(self._url):
                self._size = self._fs.info(self._path)["size"]
                if self._size is None:  # the server does not report it
                    self._whole = bytes(self._fs.cat_file(self._path))
                    self._size = len(self._whole)
        return self._size


def _fetch(fs: Any, path: str, start: int, stop: int) -> tuple[bytes, bytes | None]:
    """Returns a range of a file, shorter if the file ends earlier; and the whole file, if the server sent all of it."""
    from fsspec import AbstractFileSystem

    # File systems without their own `cat_file` open the file, and would read ahead.
    plain = not fs.async_impl and type(fs).cat_file is AbstractFileSystem.cat_file
    try:
        data = bytes(fs.cat_file(path, start=start, end=stop, **({"cache_type": "none"} if plain else {})))
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


def _filesystem(url: str, purpose: str = "reading") -> tuple[Any, str]:
    """Returns the file system of a URL, and the path in it. `purpose` is for error messages."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError("fsspec", "remote", f"{purpose} {url}") from error
    try:
        fs, path = url_to_fs(url)
    except ImportError as error:  # fsspec loads s3fs, gcsfs and the like when they are first needed
        package = "a file system that fsspec does not bring along"
        raise MissingExtraError(package, "remote", f"{purpose} {url}", hint=str(error)) from error
    return fs, str(path)


@contextlib.contextmanager
def _as_os_errors(url: str, what: str = "cannot be read") -> Iterator[None]:
    """Raises an OSError in place of each file system's own exceptions."""
    try:
        yield
    except (OSError, MissingExtraError):
        raise
    except Exception as error:
        raise OSError(errno.EIO, f"{what}: {type(error).__name__}: {error}", url) from error
