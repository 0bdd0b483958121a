"""Puts a complete local file at a URL, so that readers see all of it or nothing."""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Iterator
from typing import Any

from tbevents import remote
from tbevents.errors import TBEventsError


@contextlib.contextmanager
def as_writing(url: str) -> Iterator[tuple[Any, str]]:
    """Makes errors inside the block say that the URL cannot be written, even if it was only looked up.

    Yields:
        The file system, and the path in it.

    Raises:
        ValueError: if the protocol is unknown.
        MissingExtraError: if fsspec, or the package it needs for the URL, is not installed.
    """
    found = remote.filesystem(url, "writing")
    try:
        with remote.as_os_errors(url, "cannot be written"):
            yield found
    except OSError as error:
        if isinstance(error, (FileExistsError, IsADirectoryError, TBEventsError)):
            raise
        reason, number = remote.reason_of(error), error.errno or errno.EIO
        raise remote.os_error(type(error), number, "cannot be written", reason, url) from error


def refuse_existing(url: str) -> None:
    """Raises FileExistsError if there is a file or folder at a URL."""
    with as_writing(url) as (fs, path):
        fs.invalidate_cache()
        if fs.exists(path):
            raise FileExistsError(errno.EEXIST, "exists already", url)


def refuse_folder(url: str) -> None:
    """Checks that a file can be put at a URL.

    Raises:
        IsADirectoryError: if it is a folder.
        OSError: if it cannot be looked up.
        MissingExtraError: if fsspec, or the package it needs for the URL, is not installed.
    """
    with contextlib.suppress(FileNotFoundError), as_writing(url):
        if url.endswith("/") or remote.is_folder(url):
            raise IsADirectoryError(errno.EISDIR, "is a folder", url)


def put_file(source: str, url: str) -> None:
    """Puts a local file at a URL, and replaces a file that is there.

    An object store shows an object only when it is complete. On other file systems, the file is put beside the target
    under another name, and then renamed. If this fails, nothing is left behind.

    Raises:
        OSError: if it cannot be written.
    """
    with as_writing(url) as (fs, path):
        if remote.is_object_store(fs):
            fs.put_file(source, path)
            return
        folder, _, _ = path.rpartition("/")
        if folder:
            fs.makedirs(folder, exist_ok=True)
        # Readers take a file for an event file if its name contains "tfevents", so this name must not.
        unfinished = f"{folder}/.{secrets.token_hex(8)}.unfinished"
        try:
            fs.put_file(source, unfinished)
            fs.mv(unfinished, path)
        except BaseException:
            with contextlib.suppress(Exception):
                fs.rm(unfinished)
            raise


def remove(url: str) -> None:
    """Removes a file that was put at a URL."""
    with as_writing(url) as (fs, path):
        fs.rm_file(path)
