"""Event files at a URL: found, read in ranges and written through fsspec. No other module uses fsspec.

Files are read by `cat_file` with exact ranges, without fsspec's read-ahead, so no byte is transferred twice.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, Final

from tbevents.errors import MissingExtraError
from tbevents.file_ref import FileRef

__all__ = ["RemoteFile", "is_folder", "is_url", "join", "list_files", "parent", "read_range", "write_bytes"]

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
        return _is_folder(fs.info(path), path)


def list_files(
    url: str,
    wanted: Callable[[str], bool],
    on_unreadable: Callable[[str, OSError], object] | None = None,
    *,
    below: bool,
) -> FileRef | dict[str, FileRef]:
    """Lists the files in a folder as they are now: fsspec's cache of listings is cleared before and after.

    Object stores list a folder, with all that is below it, in pages of 1,000 files, a request each. For other file
    systems each folder is a request.

    Args:
        url: the folder.
        wanted: returns whether to keep a file, by its path relative to the folder. If it is True of the URL itself, the
            URL is looked up as a file before it is listed.
        on_unreadable: called for each subfolder that cannot be listed, if the file system reports it.
        below: whether to list the files in subfolders, too.

    Returns:
        The files by their relative paths, in any order; or the file itself if the URL is a file.

    Raises:
        FileNotFoundError: if the URL does not exist.
        OSError: if the URL cannot be looked up, or the folder cannot be listed.
        MissingExtraError: if fsspec is not installed.
    """
    fs, path = _filesystem(url)
    root = path.strip("/")
    found: dict[str, FileRef] = {}
    with _as_os_errors(url):
        fs.invalidate_cache()
        try:
            if wanted(root) or not _is_flat(fs):
                info = fs.info(path)
                if not _is_folder(info, path):
                    return _ref(url, info)
            for entry in _entries(fs, path, on_unreadable, below=below):
                name = entry["name"].lstrip("/")
                if entry["type"] != "directory" and name.startswith(root):
                    if name == root:
                        return _ref(url, entry)
                    relative = name[len(root) :].lstrip("/")
                    if wanted(relative):
                        found[relative] = _ref(join(url, relative), entry)
        finally:
            fs.invalidate_cache()
    return found


def _entries(
    fs: Any, path: str, on_unreadable: Callable[[str, OSError], object] | None, *, below: bool
) -> Iterable[dict[str, Any]]:
    """Returns what is in a folder, or below it.

    Raises:
        FileNotFoundError: if there is no such path.
    """
    if not below:
        entries: Iterable[dict[str, Any]] = fs.ls(path, detail=True)
        return entries
    if not _finds_itself(fs):
        return _walk(fs, path, on_unreadable or (lambda _path, _error: None))
    found: dict[str, dict[str, Any]] = fs.find(path, detail=True)
    if not found:
        fs.info(path)
    return found.values()


def _is_flat(fs: Any) -> bool:
    """Returns True for an object store: it has no folders, and to look one up takes as many requests as to list it."""
    from fsspec.asyn import AsyncFileSystem

    return isinstance(fs, AsyncFileSystem) and type(fs)._find is not AsyncFileSystem._find


def _finds_itself(fs: Any) -> bool:
    """Returns True if a file system has its own `find`. That of fsspec skips folders that it cannot list."""
    from fsspec import AbstractFileSystem

    return _is_flat(fs) or type(fs).find is not AbstractFileSystem.find


def _is_folder(info: dict[str, Any], path: str) -> bool:
    # A web server has no folders: it serves an HTML page that lists the files.
    return info["type"] == "directory" or path.endswith("/") or info.get("mimetype") == "text/html"


def _ref(url: str, info: dict[str, Any]) -> FileRef:
    """Returns the reference of a file from what fsspec tells of it; file systems differ in the names they use."""
    size = info.get("size")
    tag = info.get("ETag") or info.get("etag")
    if tag:
        return FileRef(url, size, str(tag))
    for key in ("mtime", "last_modified", "LastModified", "modified", "updated", "created"):
        time = info.get(key)
        if isinstance(time, datetime):
            time = (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()
        if isinstance(time, (int, float)):
            return FileRef(url, size, float(time))
    return FileRef(url, size)


def _walk(fs: Any, top: str, on_unreadable: Callable[[str, OSError], object]) -> Iterator[dict[str, Any]]:
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
                yield entry
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
