"""Paths and URLs of files and folders, and reading from them.

URLs are passed on to `remote` and `remote_file`.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import time
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Final, TypeAlias

from tbevents import remote, remote_file
from tbevents.errors import RunNotFoundError, nearest

StrPath: TypeAlias = str | os.PathLike[str]

_SHORTENED_URL: Final = re.compile(r"[A-Za-z][\w+.-]+:/(?!/)")
"""A URL that pathlib has taken a slash from: ``Path("s3://bucket")`` is ``s3:/bucket``."""

_LONGEST_NAME: Final = 255
"""The longest folder name in bytes, on common file systems."""

_WINDOWS: Final = os.name == "nt"
_DEVICES: Final = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{d}{n}" for d in ("COM", "LPT") for n in range(10)
}
"""Names of devices, which Windows reserves in every folder, with and without an extension."""


def path_string(path: object, argument: str) -> str:
    """Returns a path as a str, with ``~`` at its start replaced by the home folder.

    Raises:
        TypeError: if the path is neither a str nor path-like, or is bytes.
        ValueError: if the path has a NUL byte, or is a URL in a pathlib.Path.
    """
    try:
        text = os.fspath(path)  # type: ignore[call-overload]  # this is the check
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(f"{argument} must be a path (str or os.PathLike), not {type(path).__name__}: {path!r}")
    if "\0" in text:
        raise ValueError(f"{argument} has a NUL byte: {text!r}")
    if isinstance(path, PurePath) and _SHORTENED_URL.match(text) and not os.path.isdir(text.partition("/")[0]):
        raise ValueError(f"{argument} is a URL in a pathlib.Path, which removes a slash; pass it as a str: {text!r}")
    return os.path.expanduser(text) if text.startswith("~") else text


def local_path(path: object, argument: str) -> str:
    """Returns a path that will be written to, as a str.

    Raises:
        TypeError: as `path_string` does.
        ValueError: as `path_string` does, and if the path is a URL.
    """
    text = path_string(path, argument)
    if remote.is_url(text):
        raise ValueError(f"{argument} must be a local path: URLs can be read, but not written to here: {text!r}")
    return text


def join(folder: str, name: str) -> str:
    """Returns the path of a name below a folder. The name may have slashes; an absolute name is returned as it is."""
    if remote.is_url(name):
        return name
    return remote.join(folder, name) if remote.is_url(folder) else os.path.join(folder, name.replace("/", os.sep))


def anchored(path: str, folder: str) -> str:
    """Returns a path that is relative to a folder; URLs and absolute paths are returned as they are."""
    return path if remote.is_url(path) else os.path.join(folder, path)


def parent(path: str) -> str:
    """Returns the folder that contains a path."""
    return remote.parent(path) if remote.is_url(path) else os.path.dirname(path)


def is_within(path: str, folder: str) -> bool:
    """Returns whether a path is a folder or below it, going by the names alone."""
    path, folder = (each if remote.is_url(each) else each.replace(os.sep, "/") for each in (path, folder))
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def folder_name(path: str) -> str:
    """Returns the last part of a path."""
    if remote.is_url(path):
        return path.rstrip("/").rpartition("/")[2]
    return os.path.basename(os.path.abspath(path))


def is_folder(path: str, *, suggest: bool = False) -> bool:
    """Returns True if a path is a folder, False if it is a file.

    Args:
        path: a local path or a URL.
        suggest: whether the message for a local path that does not exist names a similar one beside it. Only for paths
            that the user gave.

    Raises:
        RunNotFoundError: if the path does not exist.
        OSError: if the path cannot be looked up.
        MissingExtraError: if the path is a URL and fsspec is not installed.
    """
    if remote.is_url(path):
        try:
            return remote.is_folder(path)
        except FileNotFoundError as error:
            raise RunNotFoundError(path, "no such file or folder") from error
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        detail = f"no such file or folder{_similar_beside(path) if suggest else ''}" if path else "the path is empty"
        raise RunNotFoundError(path, detail) from None


def _similar_beside(path: str) -> str:
    """Returns the end of a message that a local path does not exist.

    It names the link in the path that leads nowhere; otherwise a path in which the first missing part is replaced by
    a similar name from the same folder.
    """
    missing = Path(path)
    while not missing.is_symlink() and not os.path.exists(missing.parent):
        missing = missing.parent
    if missing.is_symlink():
        what = "it" if missing == Path(path) else repr(str(missing))
        return f"; {what} is a symbolic link to {os.readlink(missing)!r}, which does not exist"
    try:
        with os.scandir(missing.parent) as entries:  # of the files, only those that readers look for
            beside = [entry.name for entry in entries if entry.is_dir() or "tfevents" in entry.name]
    except OSError:
        return ""
    # Hidden folders are hardly meant by a name that is not hidden.
    hidden = missing.name.startswith(".")
    near = nearest(missing.name, [each for each in beside if hidden or not each.startswith(".")])
    if not near:
        return ""
    found = missing.parent / near
    whole = found / Path(path).relative_to(missing)
    return f"; did you mean {str(whole if whole.exists() else found)!r}?"  # whole: to be copied


def open_file(path: str) -> io.RawIOBase:
    """Opens a file for reading, without a buffer. It never blocks; seeking to the end returns the size.

    Raises:
        OSError: if the file cannot be opened, or is not a regular file but, for example, a FIFO (on which opening or
            reading would block) or a device. For a URL, this may be raised by a later read.
        MissingExtraError: if the path is a URL and fsspec is not installed.
    """
    if remote.is_url(path):
        return remote_file.RemoteFile(path)
    file = open(path, "rb", buffering=0, opener=open_without_waiting)  # noqa: SIM115  # the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is not a regular file, but a pipe, socket or device", path)
    return file


def open_without_waiting(path: str, flags: int) -> int:
    """Returns a descriptor, as os.open does, but does not block if the path is a FIFO."""
    opened: list[int] = []
    open_into(opened, path, flags)
    return opened[0]


def open_into(opened: list[int], path: str, flags: int) -> None:
    """Appends the descriptor that `open_without_waiting` would return to a list.

    An interrupt that comes as os.open returns would lose a descriptor. Here no Python code runs before it is in the
    list.
    """
    try:
        opened.extend(map(os.open, (path,), (flags | getattr(os, "O_NONBLOCK", 0),)))
    except BlockingIOError:  # another process has a lease on the file, and must now give it up
        opened.extend(map(os.open, (path,), (flags,)))


def read_bytes(path: str, start: int = 0, size: int | None = None) -> bytes:
    """Returns up to `size` bytes of a file from offset `start`; None means all.

    Raises:
        OSError: if the file cannot be read.
    """
    if remote.is_url(path):
        return remote_file.read_range(path, start, size)
    with io.BufferedReader(open_file(path)) as file:
        file.seek(start)
        return file.read(-1 if size is None else size)


def subfolder(parent: str, name: str, argument: str) -> str:
    """Returns the path of a subfolder whose name comes from data; slashes in the name create nested folders.

    Raises:
        ValueError: if the path would be outside `parent`, or is not a valid name on this system. It names the argument.
    """
    parts = name.replace(os.sep, "/").split("/")
    problem: str | None
    if name.startswith("/") or os.path.isabs(name):
        problem = "an absolute path"
    else:
        problem = next(filter(None, map(_problem_of_part, parts)), None)
    if problem is None:
        kept = [part for part in parts if part not in ("", ".")]
        return join(parent, "/".join(kept)) if kept else parent
    raise ValueError(f"{argument} is not a valid folder name inside {parent!r}: it has {problem}: {_shortened(name)}")


def _problem_of_part(part: str) -> str | None:
    """Returns why one part of a relative path is invalid or unsafe on this system; None if it is fine."""
    if part == "..":
        return "a '..'"
    if "\0" in part:
        return "a NUL byte"
    try:
        if len(os.fsencode(part)) > _LONGEST_NAME:
            return f"a part of more than {_LONGEST_NAME} bytes"
    except UnicodeEncodeError:
        return "a character that no file name can hold"
    if _WINDOWS and part != ".":
        if part.endswith((".", " ")):
            return "a part that ends in a dot or space"  # Windows drops these: '.. ' means '..'
        if set(part) & set('<>:"|?*'):
            return "a character that Windows does not allow"  # a colon would name a drive or a stream
        if part.split(".")[0].rstrip().upper() in _DEVICES:
            return "the name of a device"
    return None


def _shortened(text: str) -> str:
    return repr(text) if len(text) <= 200 else repr(text[:200]) + "..."


def refuse_same_folders(paths: Iterable[str], argument: str) -> None:
    """Raises ValueError, which names the argument, if two of the paths are one folder because Windows ignores case.

    A path may be repeated.
    """
    spelled: dict[str, str] = {}
    for path in paths if _WINDOWS else ():
        other = spelled.setdefault(path.casefold(), path)
        if other != path:
            raise ValueError(f"{argument}: {other!r} and {path!r} would be one folder on this system, and so one run")


def replace(source: str, target: str) -> None:
    """Gives a file the name of another, which it replaces, as os.replace does.

    On Windows, a file that another program has open cannot be replaced, and a virus scanner or an indexer may have it
    open for a moment. There this tries again for about a second.

    Raises:
        OSError: if it cannot be replaced.
    """
    wait = 0.01
    while True:
        try:
            os.replace(source, target)
        except PermissionError:
            if not _WINDOWS or wait > 0.5:
                raise
        else:
            return
        time.sleep(wait)
        wait *= 2


def make_folder(path: str) -> None:
    """Creates a folder and its parents; does nothing if it exists.

    Raises:
        FileExistsError, NotADirectoryError: if the path or a part of it is a file; the message names that file.
        OSError: if the folder cannot be created.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        for part in (Path(path), *Path(path).parents):
            if part.exists() and not part.is_dir():
                what = "this" if part == Path(path) else str(part)
                raise type(error)(error.errno, f"{what} is a file, and a folder is needed here", path) from error
        raise
