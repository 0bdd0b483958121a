"""Event files behind a URL: found, sized and read in ranges through fsspec, of which nothing else here knows.

A file is read by `cat_file` with the range that was asked for, past fsspec's own read-ahead, so no byte travels twice.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

from tbevents.errors import MissingExtraError

__all__ = ["RemoteFile", "files_below", "files_in", "is_folder", "is_url", "join", "parent", "read_range"]

_CHAIN: Final = "::"
"""Between the URLs of a chain, such as ``zip://runs/a::https://host/runs.zip``; the path within is that of the first
one that has any."""


def is_url(path: str) -> bool:
    """Whether a path is a URL: fsspec's, such as ``s3://bucket/runs``, and not this machine's own."""
    return "://" in path


def join(url: str, name: str) -> str:
    """The URL of something below a folder; slashes in the name nest."""
    links = url.split(_CHAIN)
    place = next((place for place, link in enumerate(links) if "://" in link), 0)
    link = links[place]
    links[place] = link + name if link.endswith("/") else f"{link}/{name}"
    return _CHAIN.join(links)


def parent(url: str) -> str:
    """The URL of the folder that something is in."""
    links = url.split(_CHAIN)
    place = next((place for place, link in enumerate(links) if "://" in link), 0)
    scheme, mark, path = links[place].partition("://")
    links[place] = scheme + mark + path.rstrip("/").rpartition("/")[0]
    return _CHAIN.join(links)


def is_folder(url: str) -> bool:
    """Whether a URL is a folder's. What was listed before is forgotten: more may be there by now.

    Raises:
        FileNotFoundError: there is no such thing.
        OSError: it cannot be known.
        MissingExtraError: fsspec is not installed.
    """
    fs, path = _filesystem(url)
    with _as_os_errors(url):
        fs.invalidate_cache()
        info = fs.info(path)
    # A web server knows no folders: it shows a page that lists one.
    return info["type"] == "directory" or path.endswith("/") or info.get("mimetype") == "text/html"


def files_in(url: str) -> list[str]:
    """The names of the files directly in a folder, in any order."""
    fs, path = _filesystem(url)
    with _as_os_errors(url):
        entries = fs.ls(path, detail=True)
    return [entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file"]


def files_below(url: str, on_unreadable: Callable[[str, OSError], object]) -> list[str]:
    """The files in a folder and the folders below, each relative to it, in any order.

    Args:
        url: the folder.
        on_unreadable: gets each folder below it that cannot be listed, where the filesystem tells.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    from fsspec import AbstractFileSystem

    fs, path = _filesystem(url)
    root = path.rstrip("/")
    lists_folders = type(fs).find is AbstractFileSystem.find  # and passes over those that it cannot list
    with _as_os_errors(url):
        names = list(_walk(fs, path, on_unreadable)) if lists_folders else fs.find(path)
    return [name[len(root) :].lstrip("/") for name in names if name.startswith(root)]


def _walk(fs: Any, top: str, on_unreadable: Callable[[str, OSError], object]) -> Iterator[str]:
    """The files in a folder and the folders below.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            entries = fs.ls(folder, detail=True)
        except FileNotFoundError:
            if folder == top:
                raise
            continue  # gone by now
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
    """So many bytes of a file from a place on, or as many as there are.

    Args:
        url: the file.
        start: the first byte.
        size: how many; None means all.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
    """
    fs, path = _filesystem(url)
    with _as_os_errors(url):
        if size is None:
            return bytes(fs.cat_file(path))[start:]
        return _fetch(fs, path, start, start + size)[0]


class RemoteFile(io.RawIOBase):
    """A file behind a URL, read in ranges: each read is one request for just its bytes. Nothing is kept of them.

    Args:
        url: the file.

    Raises:
        MissingExtraError: fsspec is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._fs, self._path = _filesystem(url)
        self._at = 0
        self._size: int | None = None  # None until it is asked for
        self._whole: bytes | None = None  # the contents, where the server has no ranges: one download is enough

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Goes to a place, counted from the start, from here or from the end; returns it, counted from the start.

        Raises:
            FileNotFoundError: there is no such file, where counted from the end.
            OSError: the size cannot be known.
        """
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (self._find_size() if base is None else base)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Reads bytes into a buffer until that is full or the file ends; returns how many.

        Raises:
            OSError: the file cannot be read.
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
                if self._size is None:  # a server that does not tell
                    self._whole = bytes(self._fs.cat_file(self._path))
                    self._size = len(self._whole)
        return self._size


def _fetch(fs: Any, path: str, start: int, stop: int) -> tuple[bytes, bytes | None]:
    """A range of a file, shorter where the file ends before; and the whole file where it came, too, unasked for."""
    from fsspec import AbstractFileSystem

    # Filesystems without a `cat_file` of their own open the file, and would read ahead.
    plain = not fs.async_impl and type(fs).cat_file is AbstractFileSystem.cat_file
    try:
        data = bytes(fs.cat_file(path, start=start, end=stop, **({"cache_type": "none"} if plain else {})))
    except FileNotFoundError:
        raise
    except Exception:
        size = fs.info(path)["size"]
        if size is not None and size <= start:  # for which web servers have an error
            return b"", None
        raise
    if len(data) > stop - start:  # a web server that has no ranges
        return data[start:stop], data
    return data, None


def _filesystem(url: str) -> tuple[Any, str]:
    """The filesystem of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError("fsspec", "remote", f"reading {url}") from error
    fs, path = url_to_fs(url)
    return fs, str(path)


@contextlib.contextmanager
def _as_os_errors(url: str) -> Iterator[None]:
    """Raises OSError instead of what each filesystem has for errors of its own."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, f"cannot be read: {type(error).__name__}: {error}", url) from error
