"""URLs: the file systems of fsspec, listings of their folders, and objects written to them.

Only this module, `remote_file` and `remote_put` use fsspec.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, Final

from tbevents.errors import MissingExtraError, did_you_mean
from tbevents.file_ref import FileRef

PARALLEL: Final = 32
"""Number of requests in flight. A request is mostly waiting, so the number of processors does not matter."""

_CHAIN: Final = "::"
"""Separates the URLs of a chain, such as ``zip://runs/a::https://host/runs.zip``. The first URL that has a scheme holds
the path inside the outermost file system."""

_SCHEME: Final = r"[A-Za-z][\w+.-]" + ("+" if os.name == "nt" else "*")  # on Windows, one letter is a drive
_URL: Final = re.compile(rf"(?:\w+{_CHAIN})*{_SCHEME}://")


def is_url(path: str) -> bool:
    """Returns True if a path is an fsspec URL such as ``s3://bucket/runs``, not a local path.

    A URL begins with its scheme, or with the names of a chain, as in ``simplecache::s3://bucket/runs``.
    """
    return "://" in path and _URL.match(path) is not None


def path_of_file_url(url: str) -> str | None:
    """Returns the local path that a ``file://`` URL names; None if it is none, or a chain."""
    if not url.startswith(("file://", "local://")) or _CHAIN in url:
        return None
    path: str = filesystem(url)[1]
    return path


def join(url: str, name: str) -> str:
    """Returns the URL of a name below a folder; the name may have slashes."""
    links, outermost = _links_of(url)
    link = links[outermost]
    links[outermost] = link + name if link.endswith("/") else f"{link}/{name}"
    return _CHAIN.join(links)


def parent(url: str) -> str:
    """Returns the URL of the folder that contains a URL."""
    links, outermost = _links_of(url)
    scheme, mark, path = links[outermost].partition("://")
    links[outermost] = scheme + mark + path.rstrip("/").rpartition("/")[0]
    return _CHAIN.join(links)


def _links_of(url: str) -> tuple[list[str], int]:
    """Returns the URLs of a chain, and the index of the one that holds the path."""
    links = url.split(_CHAIN)
    return links, next((index for index, link in enumerate(links) if "://" in link), 0)


def is_folder(url: str) -> bool:
    """Returns True if a URL is a folder. Clears fsspec's cache of listings, since files may have been added.

    Raises:
        FileNotFoundError: if the URL does not exist.
        OSError: if the URL cannot be looked up.
        MissingExtraError: if fsspec is not installed.
    """
    fs, path = filesystem(url)
    with as_os_errors(url):
        fs.invalidate_cache()
        return _is_folder(fs.info(path), path)


def list_files(
    url: str,
    wanted: Callable[[str], bool],
    on_unreadable: Callable[[str, OSError], object] | None = None,
    *,
    below: bool,
) -> FileRef | dict[str, FileRef]:
    """Lists the files in a folder as they are now: clears fsspec's cache of listings before and after.

    An object store lists all files below a folder, with one request for every 1,000 files. Other file systems need one
    request for each folder.

    Args:
        url: the folder.
        wanted: returns True for the relative path of each file to keep. If it returns True for the path of the URL
            itself, the URL is first looked up as a file.
        on_unreadable: called for each subfolder that cannot be listed, if the file system reports it.
        below: if True, also list the files in subfolders.

    Returns:
        The files by relative path, in any order; or the file itself if the URL is a file.

    Raises:
        FileNotFoundError: if the URL does not exist.
        OSError: if the URL cannot be looked up, or the folder cannot be listed.
        MissingExtraError: if fsspec is not installed.
    """
    fs, path = filesystem(url)
    root = path.strip("/")
    found: dict[str, FileRef] = {}

    def unlisted(folder: str, error: OSError) -> None:
        if on_unreadable is not None:
            on_unreadable(join(url, folder.strip("/")[len(root) :].lstrip("/")), error)

    with as_os_errors(url):
        fs.invalidate_cache()
        try:
            if wanted(root) or not is_object_store(fs):
                info = fs.info(path)
                if not _is_folder(info, path):
                    return file_ref(url, info)
            for entry in _entries(fs, path, unlisted, below=below):
                name = entry["name"].lstrip("/")
                if entry["type"] != "directory" and name.startswith(root):
                    if name == root:
                        return file_ref(url, entry)
                    relative = name[len(root) :].lstrip("/")
                    if wanted(relative):
                        found[relative] = file_ref(join(url, relative), entry)
        finally:
            fs.invalidate_cache()
    return found


def _entries(
    fs: Any, path: str, on_unreadable: Callable[[str, OSError], object], *, below: bool
) -> Iterable[dict[str, Any]]:
    """Returns fsspec's entries in a folder, or below it; raises FileNotFoundError if the path does not exist."""
    if not below:
        entries: Iterable[dict[str, Any]] = fs.ls(path, detail=True)
        return entries
    if not _finds_itself(fs):
        return _walk(fs, path, on_unreadable)
    found: dict[str, dict[str, Any]] = fs.find(path, detail=True)
    if not found:
        fs.info(path)
    return found.values()


def is_object_store(fs: Any) -> bool:
    """Returns True for an object store. It has no folders: looking one up takes as many requests as listing it."""
    from fsspec.asyn import AsyncFileSystem

    return isinstance(fs, AsyncFileSystem) and type(fs)._find is not AsyncFileSystem._find


def _finds_itself(fs: Any) -> bool:
    """Returns True if a file system has its own `find`; the default one skips folders that it cannot list."""
    from fsspec import AbstractFileSystem

    return is_object_store(fs) or type(fs).find is not AbstractFileSystem.find


def _is_folder(info: dict[str, Any], path: str) -> bool:
    # A web server has no folders: it serves an HTML page that lists the files.
    return info["type"] == "directory" or path.endswith("/") or info.get("mimetype") == "text/html"


def file_ref(url: str, info: dict[str, Any]) -> FileRef:
    """Returns the reference of a file from fsspec's `info`; file systems use different keys for the same facts."""
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
            continue  # it was removed meanwhile
        except OSError as error:
            if folder == top:
                raise
            on_unreadable(folder, error)
            continue
        for entry in entries:
            if entry["type"] != "directory":
                yield entry
            elif entry["name"].rstrip("/") != folder.rstrip("/"):
                folders.append(entry["name"])


def write_bytes(url: str, data: bytes, given: str | None = None) -> None:
    """Writes a whole file, and replaces an earlier one. Creates its folder, but never a bucket.

    Args:
        url: the URL of the file.
        data: its bytes.
        given: the URL that the caller gave; errors about the URL itself name it. None means `url`.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if the protocol is unknown, or the URL names no bucket.
        MissingExtraError: if fsspec, or the file system, is not installed.
    """
    fs, path = filesystem(url, "writing", given)
    if is_object_store(fs) and "/" not in path.strip("/"):
        raise ValueError(f"{given or url}: a bucket is missing in the URL")
    with as_os_errors(url, "cannot be written"):
        try:
            fs.pipe_file(path, data)
        except FileNotFoundError:
            if fs.async_impl:  # an object store, which has no folders: `makedirs` would create the missing bucket
                raise
            fs.makedirs(fs._parent(path), exist_ok=True)
            fs.pipe_file(path, data)


def filesystem(url: str, purpose: str = "reading", given: str | None = None) -> tuple[Any, str]:
    """Returns the file system of a URL, and the path in it. Storage options come from fsspec's configuration.

    Args:
        url: the URL.
        purpose: "reading" or "writing", for errors.
        given: the URL that errors name; None means `url`.

    Raises:
        MissingExtraError: if fsspec, or the package that it needs for the URL, is not installed.
        ValueError: if the protocol is unknown, or the URL or its storage options are invalid.
    """
    given = given or url
    try:
        from fsspec.config import conf
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations, registry
    except ImportError:
        raise MissingExtraError("fsspec", "remote", f"{purpose} {given}") from None
    known = {*known_implementations, *registry}
    for link in url.split(_CHAIN):
        protocol, mark, _ = link.partition("://")
        if protocol not in known and (mark or re.fullmatch("[a-z]+", link)):
            # fsspec would take a protocol of one letter for a drive, on any system
            near = difflib.get_close_matches(protocol, known, cutoff=0.7)  # words this short look alike by chance
            raise ValueError(f"{given}: fsspec knows no protocol {protocol!r}{did_you_mean(protocol, near)}")
    options: dict[str, Any] = {}
    if "s3://" in url:  # botocore's default of 10 connections would make the other requests wait
        connections = {"max_pool_connections": PARALLEL, **conf.get("s3", {}).get("config_kwargs", {})}
        options = {"s3": {"config_kwargs": connections}}
    try:
        fs, path = url_to_fs(url, **options)
    except ImportError as error:  # fsspec imports s3fs, gcsfs and others at their first use
        package = "a file system that is not part of fsspec"
        raise MissingExtraError(package, "remote", f"{purpose} {given}", hint=str(error)) from error
    except (TypeError, ValueError) as error:  # a TypeError: an option is missing, which fsspec's configuration may give
        raise ValueError(f"{given}: its file system cannot be opened: {error}") from error
    return fs, str(path)


@contextlib.contextmanager
def as_os_errors(url: str, what: str = "cannot be read") -> Iterator[None]:
    """Raises an OSError in place of the exceptions that a file system defines itself.

    Raises:
        FileNotFoundError: only if the server says that the file does not exist.
        OSError: for any other failure.
    """
    try:
        yield
    except FileNotFoundError as error:
        # fsspec's file system for HTTP raises this for every failure.
        cause = error.__cause__
        if not _is_failed_http_request(cause) or getattr(cause, "status", None) in (404, 410):
            raise
        reason = f"{type(cause).__name__}: {cause}"
        raise os_error(OSError, errno.EIO, what, reason, url) from cause
    except (OSError, MissingExtraError):
        raise
    except Exception as error:
        raise os_error(OSError, errno.EIO, what, f"{type(error).__name__}: {error}", url) from error


def _is_failed_http_request(error: BaseException | None) -> bool:
    return isinstance(error, TimeoutError | asyncio.TimeoutError) or type(error).__module__.startswith("aiohttp.")


def os_error(kind: type[OSError], number: int, what: str, reason: str, url: str) -> OSError:
    """Returns an error that says what cannot be done and why; `reason_of` returns the reason alone."""
    error = kind(number, f"{what}: {reason}", url)
    vars(error)["reason"] = reason
    return error


def reason_of(error: OSError) -> str:
    """Returns why a file or folder cannot be read or written, without saying which of both."""
    return str(getattr(error, "reason", "") or error.strerror or str(error) or type(error).__name__)
