"""Names of event files, the search for event files and runs, and reading files from a path or a URL.

Only this module decides whether a path is local or a URL; URLs are passed on to `remote`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from typing import Final, TypeAlias

from tbevents import remote, remote_file
from tbevents.errors import RunNotFoundError, nearest
from tbevents.file_ref import FileRef

__all__ = [
    "OnUnreadable",
    "StrPath",
    "anchored",
    "event_file_name",
    "find_run_files",
    "find_runs",
    "folder_name",
    "is_event_file",
    "is_folder",
    "join",
    "list_run_files",
    "list_runs",
    "local_path",
    "make_folder",
    "name_some",
    "open_file",
    "order_key",
    "parent",
    "path_string",
    "read_bytes",
    "subfolder",
]

StrPath: TypeAlias = str | os.PathLike[str]

OnUnreadable: TypeAlias = Callable[[str, OSError], object]
"""Called with a path and the reason: a folder that cannot be listed, or an event file's name that is not a file."""

_MARK: Final = "tfevents"
_TIMESTAMP: Final = re.compile(r"tfevents\.(\d+)")
_NUMBERS: Final = re.compile(r"(\d+)")

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
            raise RunNotFoundError(f"{path}: no such file or folder") from error
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunNotFoundError(f"{path}: no such file or folder{_similar(path) if suggest else ''}") from error


def _similar(path: str) -> str:
    """Returns the end of a message that a local path does not exist: what is beside it and has a similar name."""
    folder, name = os.path.split(path.rstrip(os.sep))
    try:
        near = nearest(name, os.listdir(folder or "."))
    except OSError:
        return ""
    return f"; did you mean {os.path.join(folder, near)!r}?" if near else ""


def open_file(path: str) -> io.RawIOBase:
    """Opens a file for reading, without a buffer. It never blocks; seeking to the end returns the size.

    Raises:
        OSError: if the file cannot be opened, or is not a regular file but, for example, a FIFO (on which opening or
            reading would block) or a device. For a URL, this may be raised by a later read.
        MissingExtraError: if the path is a URL and fsspec is not installed.
    """
    if remote.is_url(path):
        return remote_file.RemoteFile(path)
    file = open(path, "rb", buffering=0, opener=_open_without_waiting)  # noqa: SIM115  # the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is not a regular file, but a pipe, socket or device", path)
    return file


def _open_without_waiting(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except BlockingIOError:  # another process has a lease on the file, and must now give it up
        return os.open(path, flags)


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


def event_file_name(seconds: float, hostname: str, pid: int, uid: int, suffix: str = "") -> str:
    """Returns the base name of a new event file, in the form that torch and TensorBoard use.

    Args:
        seconds: the time in seconds since 1970.
        hostname: the name of this machine.
        pid: the id of this process.
        uid: a number that differs between files that one process creates in one second.
        suffix: appended unchanged.
    """
    host = re.sub(r"[^\w.-]", "_", hostname)
    return f"events.out.{_MARK}.{int(seconds):010d}.{host}.{pid}.{uid}{suffix}"


def is_event_file(name: str) -> bool:
    """Returns True if a path names an event file: its base name contains `tfevents`, as TensorBoard requires."""
    return _MARK in os.path.basename(name)


def order_key(name: str) -> tuple[int, list[tuple[int, int, str]], str]:
    """Returns the sort key of an event file: the time in its name, then the rest in natural order (9 before 10).

    Names without a time come first.
    """
    base = os.path.basename(name)
    time = _TIMESTAMP.search(base)
    natural = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _NUMBERS.split(base)]
    return (int(time[1]) if time else -1, natural, name)


def find_run_files(path: StrPath, on_unreadable: OnUnreadable | None = None) -> list[str]:
    """Returns the paths or URLs of the event files of a run, in order: those of `list_run_files`."""
    return [file.url for file in list_run_files(path, on_unreadable)]


def list_run_files(
    path: StrPath,
    on_unreadable: OnUnreadable | None = None,
    *,
    within: str | None = None,
    suggest: bool = True,
) -> list[FileRef]:
    """Lists the event files of a run, in order.

    Args:
        path: a folder that directly contains event files, or one event file of any name.
        on_unreadable: called for each entry of the folder that has an event file's name but is neither a file nor a
            folder, such as a broken link. By default these are skipped.
        within: a local folder that links must not lead out of. Event files that do are passed to `on_unreadable`. By
            default all links are followed.
        suggest: as in `is_folder`; not with `within`.

    Returns:
        The files. A single file's path is returned as it was given.

    Raises:
        RunNotFoundError: if the path does not exist, or the folder has no event file.
        OSError: if the path cannot be looked up.
        MissingExtraError: if the path is a URL and fsspec is not installed.
    """
    text = path_string(path, "path")
    if remote.is_url(text):
        found = _list_url(text, on_unreadable, below=False)
        if isinstance(found, FileRef):
            return [found]
        files = list(found.values())
    elif not is_folder(text, suggest=suggest and within is None):
        return [_local_ref(text)]
    else:
        with os.scandir(text) as entries:
            files = _files_among(entries, on_unreadable or _pass_over, also_beside_files=True, within=within)
    if not files:
        raise RunNotFoundError(f"{text}: this folder has no event file (a file with 'tfevents' in its name)")
    return _in_order(files)


def name_some(names: Iterable[str]) -> str:
    """Returns the first three of some names for a message, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more


def find_runs(logdir: StrPath, on_unreadable: OnUnreadable | None = None) -> dict[str, list[str]]:
    """Returns the runs below a folder, with the paths or URLs of their event files: those of `list_runs`.

    Raises:
        RunNotFoundError: as `list_runs` does, and if `logdir` is a file.
        OSError, MissingExtraError: as `list_runs` does.
    """
    text = path_string(logdir, "logdir")
    if remote.is_url(text) or os.path.isdir(text):
        found = list_runs(text, on_unreadable)
        if [file.url for file in found.get(".", ())] != [text]:  # it is not a file
            return {name: [file.url for file in files] for name, files in found.items()}
    else:
        with contextlib.suppress(RunNotFoundError):
            is_folder(text)  # raises if the path exists but cannot be reached
    raise RunNotFoundError(f"{text}: no such folder{_similar(text)}")


def list_runs(
    logdir: StrPath, on_unreadable: OnUnreadable | None = None, *, within: str | None = None
) -> dict[str, list[FileRef]]:
    """Lists the runs below a folder, with their event files in order.

    A run is a folder that directly contains an event file. As in TensorBoard, its name is its path relative to the
    logdir, with ``/`` between the parts; ``.`` is the logdir itself. Links to folders are followed, but each folder is
    only one run, under its own name if it is below the logdir.

    Args:
        logdir: the folder; or a file, which is then the only run, named ``.``.
        on_unreadable: called for each subfolder that cannot be listed. Also called for each entry that has an event
            file's name but is neither a file nor a folder, such as a broken link, if its folder has no event file. By
            default these are skipped.
        within: a local folder that links must not lead out of. Those that do are passed to `on_unreadable`, and
            nothing behind them is looked at. By default all links are followed.

    Returns:
        A mapping of run name to event files, sorted by name; empty if there are no runs.

    Raises:
        RunNotFoundError: if the path does not exist.
        OSError: if the folder cannot be listed.
        MissingExtraError: if the path is a URL and fsspec is not installed.
    """
    text = path_string(logdir, "logdir")
    on_unreadable = _pass_over if on_unreadable is None else on_unreadable
    found: dict[str, list[FileRef]] = {}
    if remote.is_url(text):
        listed = _list_url(text, on_unreadable, below=True)
        if isinstance(listed, FileRef):
            return {".": [listed]}
        for path, file in listed.items():
            found.setdefault(path.rpartition("/")[0] or ".", []).append(file)
    elif not is_folder(text, suggest=within is None):  # with `within`, what is outside is not shown
        return {".": [_local_ref(text)]}
    else:
        for folder, entries in _walk(text, on_unreadable, within):
            files = _files_among(entries, on_unreadable, within=within)
            if files:
                found[folder[len(text) :].replace(os.sep, "/").lstrip("/") or "."] = files
    return {name: _in_order(found[name]) for name in sorted(found)}


def _list_url(url: str, on_unreadable: OnUnreadable | None, *, below: bool) -> FileRef | dict[str, FileRef]:
    try:
        return remote.list_files(url, is_event_file, on_unreadable, below=below)
    except FileNotFoundError as error:
        raise RunNotFoundError(f"{url}: no such file or folder") from error


def _in_order(files: list[FileRef]) -> list[FileRef]:
    return sorted(files, key=lambda file: order_key(file.url)) if len(files) > 1 else files


def _local_ref(path: str, look_up: Callable[[], os.stat_result] | None = None) -> FileRef:
    """Returns the reference of a local file; without size and time if it cannot be looked up, as when it is gone."""
    try:
        status = os.stat(path) if look_up is None else look_up()
    except OSError:
        return FileRef(path)
    return FileRef(path, status.st_size, status.st_mtime)


def _pass_over(_path: str, _error: OSError) -> None:
    pass


def _files_among(
    entries: Iterable[os.DirEntry[str]],
    on_unreadable: OnUnreadable,
    *,
    also_beside_files: bool = False,
    within: str | None = None,
) -> list[FileRef]:
    """Returns the event files among the entries of a folder.

    Args:
        entries: the entries of the folder.
        on_unreadable: called for each entry that has an event file's name but is neither a file nor a folder.
        also_beside_files: if True, call `on_unreadable` even if the folder has event files. (A reader of those files
            reports such entries itself.)
        within: a folder that links must not lead out of; None follows all.
    """
    files, others = [], []
    for entry in entries:
        if is_event_file(entry.name):
            if within is not None and _is_link(entry) and leads_out(entry.path, within):
                if not _holds(entry.is_dir):  # `_walk` reports folders
                    on_unreadable(entry.path, _left(entry.path))
            elif _holds(entry.is_file):
                files.append(_local_ref(entry.path, entry.stat))
            elif not _holds(entry.is_dir):
                others.append(entry.path)
    for path in others if also_beside_files or not files else ():
        try:
            os.stat(path)
        except OSError as error:
            on_unreadable(path, error)
        else:
            on_unreadable(path, OSError(errno.EINVAL, "is not a regular file", path))
    return files


def leads_out(path: str, folder: str) -> bool:
    """Returns True if a local path, with its links followed, is not below a folder."""
    real, top = os.path.realpath(path), os.path.realpath(folder)
    return real != top and not real.startswith(os.path.join(top, ""))


def _left(path: str) -> OSError:
    return OSError(errno.EPERM, "it is a link that leads out of the logdir", path)


def _is_link(entry: os.DirEntry[str]) -> bool:
    # Windows junctions, since Python 3.12
    return entry.is_symlink() or bool(getattr(entry, "is_junction", bool)())


def _walk(
    top: str, on_unreadable: OnUnreadable, within: str | None = None
) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yields a folder and all folders below it, each once with its entries; links to folders come last.

    Folders that are removed during the walk are skipped. Links that lead out of `within` are passed to `on_unreadable`.

    Raises:
        OSError: if `top` cannot be listed. Folders below it are passed to `on_unreadable` instead.
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
            if _is_link(entry):
                if within is not None and leads_out(entry.path, within):
                    on_unreadable(entry.path, _left(entry.path))
                else:
                    links.append(entry.path)
            else:
                folders.append((entry.path, os.path.join(real, entry.name)))


def _holds(test: Callable[[], bool]) -> bool:
    """Returns the result of a test of an os.DirEntry; False if it fails, as for a link that points to itself."""
    try:
        return test()
    except OSError:
        return False


def subfolder(parent: str, name: str, argument: str) -> str:
    """Returns the path of a subfolder whose name comes from data; slashes in the name create nested folders.

    Args:
        parent: the folder that the path must stay in.
        name: a relative name, for example ``data_scalar_group_xsinx``.
        argument: the caller's name for `name`, for error messages.

    Raises:
        ValueError: if the path would be outside `parent`, or is not a valid name on this system.
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
    """Checks that no two different paths are the same folder because this system ignores case.

    Args:
        paths: the folders of a run; repeats of a path are fine.
        argument: the caller's name for what the folders are named after, for the error message.

    Raises:
        ValueError: if two paths differ in case only, on Windows.
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
