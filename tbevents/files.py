"""Event files by name: made, recognised, ordered, found, opened; and folder names that stay where they belong.

Here it is decided whether a path is this machine's or a URL, which `remote` reads; nobody else asks.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from tbevents import remote
from tbevents.errors import RunNotFoundError

__all__ = [
    "OnUnreadable",
    "StrPath",
    "event_file_name",
    "find_run_files",
    "find_runs",
    "folder_name",
    "is_event_file",
    "is_folder",
    "join",
    "local_path",
    "make_folder",
    "open_file",
    "order_key",
    "parent",
    "path_string",
    "read_bytes",
    "subfolder",
]

StrPath: TypeAlias = str | os.PathLike[str]

OnUnreadable: TypeAlias = Callable[[str, OSError], object]
"""Gets a folder that cannot be listed, or what has an event file's name and is no file, and why."""

_MARK: Final = "tfevents"
_TIMESTAMP: Final = re.compile(r"tfevents\.(\d+)")
_NUMBERS: Final = re.compile(r"(\d+)")

_LONGEST_NAME: Final = 255
"""Bytes in one folder name: the limit of the common file systems."""

_WINDOWS: Final = os.name == "nt"
_DEVICES: Final = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{d}{n}" for d in ("COM", "LPT") for n in range(10)
}
"""Names that mean a device in every folder on Windows, with and without an extension."""


def path_string(path: object, argument: str) -> str:
    """The path as a str.

    Raises:
        TypeError: it is neither a str nor path-like, or it is bytes.
        ValueError: it has a NUL byte.
    """
    try:
        text = os.fspath(path)  # type: ignore[call-overload]  # it is the check
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(f"{argument} must be a path (str or os.PathLike), not {type(path).__name__}: {path!r}")
    if "\0" in text:
        raise ValueError(f"{argument} has a NUL byte: {text!r}")
    return text


def local_path(path: object, argument: str) -> str:
    """The path as a str, where it is to be written.

    Raises:
        TypeError: as `path_string`.
        ValueError: as `path_string`, or it is a URL.
    """
    text = path_string(path, argument)
    if remote.is_url(text):
        raise ValueError(f"{argument} must be a local path: event files are read from URLs, but not written: {text!r}")
    return text


def join(folder: str, name: str) -> str:
    """The path of something below a folder; slashes in the name nest, and an absolute one stands for itself."""
    if remote.is_url(name):
        return name
    return remote.join(folder, name) if remote.is_url(folder) else os.path.join(folder, name.replace("/", os.sep))


def parent(path: str) -> str:
    """The folder that something is in."""
    return remote.parent(path) if remote.is_url(path) else os.path.dirname(path)


def folder_name(path: str) -> str:
    """The last part of a path."""
    if remote.is_url(path):
        return path.rstrip("/").rpartition("/")[2]
    return os.path.basename(os.path.abspath(path))


def is_folder(path: str) -> bool:
    """Whether a path is a folder; else it is a file.

    Raises:
        RunNotFoundError: there is neither.
        OSError: it cannot be looked up.
        MissingExtraError: it is a URL, and fsspec is not installed.
    """
    if remote.is_url(path):
        try:
            return remote.is_folder(path)
        except FileNotFoundError as error:
            raise RunNotFoundError(f"{path}: no such file or folder") from error
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunNotFoundError(f"{path}: no such file or folder") from error


def open_file(path: str) -> io.RawIOBase:
    """Opens a file for reading, without a buffer; its end, by `seek`, is its size. Never waits, as for a named pipe.

    Raises:
        OSError: it cannot be opened, or is no file: a FIFO, which would have nothing to read until someone writes to
            it, or a device. A URL's file may say so later.
        MissingExtraError: it is a URL, and fsspec is not installed.
    """
    if remote.is_url(path):
        return remote.RemoteFile(path)
    file = open(path, "rb", buffering=0, opener=_open_without_waiting)  # noqa: SIM115  # the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is no file, but a pipe, socket or device", path)
    return file


def _open_without_waiting(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except BlockingIOError:  # a lease that someone has on the file, and now has to give up
        return os.open(path, flags)


def read_bytes(path: str, start: int = 0, size: int | None = None) -> bytes:
    """So many bytes of a file from a place on, or as many as there are; None means all.

    Raises:
        OSError: it cannot be read.
    """
    if remote.is_url(path):
        return remote.read_range(path, start, size)
    with io.BufferedReader(open_file(path)) as file:
        file.seek(start)
        return file.read(-1 if size is None else size)


def event_file_name(seconds: float, hostname: str, pid: int, uid: int, suffix: str = "") -> str:
    """The base name of a new event file, as torch and TensorBoard make it.

    Args:
        seconds: the time, since 1970.
        hostname: of this machine.
        pid: of this process.
        uid: tells apart the files that one process makes in one second.
        suffix: added verbatim.
    """
    host = re.sub(r"[^\w.-]", "_", hostname)
    return f"events.out.{_MARK}.{int(seconds):010d}.{host}.{pid}.{uid}{suffix}"


def is_event_file(name: str) -> bool:
    """Whether a path is an event file's: its base name holds `tfevents`, which is TensorBoard's rule too."""
    return _MARK in os.path.basename(name)


def order_key(name: str) -> tuple[int, list[tuple[int, int, str]], str]:
    """Sorts the event files of a run: by the time in the name, then the rest in natural order (9 before 10).

    A name without a time comes first.
    """
    base = os.path.basename(name)
    time = _TIMESTAMP.search(base)
    natural = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _NUMBERS.split(base)]
    return (int(time[1]) if time else -1, natural, name)


def find_run_files(path: StrPath, on_unreadable: OnUnreadable | None = None) -> list[str]:
    """The event files of a run, in order.

    Args:
        path: a folder that directly holds event files, or one event file (whatever its name).
        on_unreadable: gets what has an event file's name in the folder and is neither a file nor a folder, such as a
            link that leads nowhere; by default it is passed over.

    Returns:
        Their paths, or URLs; of one file its path as it was given.

    Raises:
        RunNotFoundError: there is no such path, or no event file in the folder.
        OSError: it cannot be looked up.
        MissingExtraError: it is a URL, and fsspec is not installed.
    """
    text = path_string(path, "path")
    if not is_folder(text):
        return [text]
    if remote.is_url(text):
        files = [remote.join(text, name) for name in remote.files_in(text) if is_event_file(name)]
    else:
        with os.scandir(text) as entries:
            files = _files_among(entries, on_unreadable or _pass_over, also_beside_files=True)
    if not files:
        raise RunNotFoundError(f"{text}: no event file (a name with 'tfevents' in it) in this folder")
    return sorted(files, key=order_key)


def find_runs(logdir: StrPath, on_unreadable: OnUnreadable | None = None) -> dict[str, list[str]]:
    """The runs below a folder, with their event files in order.

    A run is any folder that directly holds an event file. Its name is its path relative to the logdir, with ``/``
    between the parts, and ``.`` for the logdir itself: TensorBoard's names. Links to folders are followed, but each
    folder is one run only, under its own name where that is below the logdir.

    Args:
        logdir: the folder.
        on_unreadable: gets each folder below it that cannot be listed, and what has an event file's name and is neither
            a file nor a folder (such as a link that leads nowhere), where its folder holds no file; by default these
            are passed over.

    Returns:
        Run name -> event files, sorted by name; empty where there are none.

    Raises:
        RunNotFoundError: there is no such folder.
        OSError: it cannot be listed.
        MissingExtraError: it is a URL, and fsspec is not installed.
    """
    text = path_string(logdir, "logdir")
    on_unreadable = _pass_over if on_unreadable is None else on_unreadable
    if remote.is_url(text):
        return _find_remote_runs(text, on_unreadable)
    if not os.path.isdir(text):
        with contextlib.suppress(RunNotFoundError):
            is_folder(text)  # raises: it is there, but out of reach
        raise RunNotFoundError(f"{text}: no such folder")
    found = {}
    for folder, entries in _walk(text, on_unreadable):
        files = _files_among(entries, on_unreadable)
        if files:
            name = os.path.relpath(folder, text).replace(os.sep, "/")
            found[name] = sorted(files, key=order_key)
    return dict(sorted(found.items()))


def _pass_over(_path: str, _error: OSError) -> None:
    pass


def _files_among(
    entries: Iterable[os.DirEntry[str]], on_unreadable: OnUnreadable, *, also_beside_files: bool = False
) -> list[str]:
    """The event files in a folder.

    Args:
        entries: what is in it.
        on_unreadable: gets what has an event file's name and is neither a file nor a folder.
        also_beside_files: whether also where there are files, which those who read them will say.
    """
    files, others = [], []
    for entry in entries:
        if is_event_file(entry.name):
            if _holds(entry.is_file):
                files.append(entry.path)
            elif not _holds(entry.is_dir):
                others.append(entry.path)
    for path in others if also_beside_files or not files else ():
        try:
            os.stat(path)
        except OSError as error:
            on_unreadable(path, error)
        else:
            on_unreadable(path, OSError(errno.EINVAL, "is no regular file", path))
    return files


def _find_remote_runs(url: str, on_unreadable: OnUnreadable) -> dict[str, list[str]]:
    if not is_folder(url):
        raise RunNotFoundError(f"{url}: no such folder")
    found: dict[str, list[str]] = {}
    for path in remote.files_below(url, on_unreadable):
        if is_event_file(path):
            found.setdefault(path.rpartition("/")[0] or ".", []).append(remote.join(url, path))
    return {name: sorted(files, key=order_key) for name, files in sorted(found.items())}


def _walk(top: str, on_unreadable: OnUnreadable) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Every folder from one down, once, and what is in it; links to folders come last.

    What is gone by now is passed over.

    Raises:
        OSError: the first folder cannot be listed; those below it go to `on_unreadable`.
    """
    seen: set[str] = set()
    folders, links = [(top, os.path.realpath(top))], list[str]()
    while folders or links:
        if folders:
            folder, real = folders.pop()
        else:
            folder = links.pop(0)
            real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        entries: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as listed:
                entries.extend(listed)
        except FileNotFoundError:
            pass
        except OSError as error:
            if folder == top:
                raise
            on_unreadable(folder, error)
        entries.sort(key=lambda entry: entry.name)
        yield folder, entries
        for entry in entries:
            try:
                if not entry.is_dir():
                    continue
            except OSError as error:  # a link
                if error.errno != errno.ELOOP and not is_event_file(entry.name):
                    on_unreadable(entry.path, error)
                continue
            if entry.is_symlink() or getattr(entry, "is_junction", bool)():  # Windows' other links; Python 3.12
                links.append(entry.path)
            else:
                folders.append((entry.path, os.path.join(real, entry.name)))


def _holds(test: Callable[[], bool]) -> bool:
    """The answer of a method of an os.DirEntry; no, where it fails, as for a link that leads to itself."""
    try:
        return test()
    except OSError:
        return False


def subfolder(parent: str, name: str, argument: str) -> str:
    """A folder below another, from a name that comes from data; slashes in it nest.

    Args:
        parent: the folder it must stay in.
        name: relative, for instance ``data_scalar_group_xsinx``.
        argument: what to call the name in an error message.

    Raises:
        ValueError: it would leave the parent, or is no possible name.
    """
    parts = name.replace(os.sep, "/").split("/")
    problem: str | None
    if name.startswith("/") or os.path.isabs(name):
        problem = "an absolute path"
    else:
        problem = next(filter(None, map(_problem_of_part, parts)), None)
    if problem is None:
        return os.path.join(parent, *(part for part in parts if part not in ("", ".")))
    raise ValueError(f"{argument} makes no folder name inside {parent!r}: it has {problem}: {_shortened(name)}")


def _problem_of_part(part: str) -> str | None:
    """What makes a part of a relative path impossible or lead elsewhere, on this system."""
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
            return "a part that ends in a dot or space"  # which Windows drops: '.. ' is '..' to it
        if set(part) & set('<>:"|?*'):
            return "a character that Windows does not allow"  # a colon names a drive or a stream
        if part.split(".")[0].rstrip().upper() in _DEVICES:
            return "the name of a device"
    return None


def _shortened(text: str) -> str:
    return repr(text) if len(text) <= 200 else repr(text[:200]) + "..."


def make_folder(path: str) -> None:
    """Makes a folder and its parents; one that exists is fine."""
    Path(path).mkdir(parents=True, exist_ok=True)
