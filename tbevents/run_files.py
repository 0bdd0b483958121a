"""Event files: their names, and which of them make the runs below a folder or URL."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from tbevents import remote
from tbevents.errors import RunNotFoundError
from tbevents.file_ref import FileRef
from tbevents.files import StrPath, is_folder, path_string

OnUnreadable: TypeAlias = Callable[[str, OSError], object]
"""Called with a path and the reason: a folder that cannot be listed, or an event file's name that is not a file."""

_MARK: Final = "tfevents"
_TIMESTAMP: Final = re.compile(r"tfevents\.(\d+)")
_NUMBERS: Final = re.compile(r"(\d+)")


def event_file_name(seconds: float, hostname: str, pid: int, uid: int, suffix: str = "") -> str:
    """Returns the base name of a new event file, in the form that torch and TensorBoard use.

    `uid` is a number that differs between files that one process creates in one second.
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


def find_run_files(path: StrPath) -> list[str]:
    """Returns the paths or URLs of the event files of a run, in order: those of `list_run_files`."""
    return [file.url for file in list_run_files(path)]


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
        raise RunNotFoundError(text, f"this folder has no event file {_why_none(text)}")
    return _in_order(files)


def _why_none(folder: str) -> str:
    """Returns why a folder, which may be a URL, has no event file."""
    if not remote.is_url(folder):
        with contextlib.suppress(OSError):
            for name in sorted(filter(is_event_file, os.listdir(folder))):
                return f"({name!r} is not a regular file)"
    return "(a file with 'tfevents' in its name)"


def folders_above(name: str) -> list[str]:
    """Returns the names of the folders above a run, the nearest first; the last is ``.``, the logdir itself."""
    if name == ".":
        return []
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)] + ["."]


def name_some(names: Iterable[str]) -> str:
    """Returns the first three of some names for a message, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more


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
        raise RunNotFoundError(url, "no such file or folder") from error


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
    """Returns the event files among the entries of a folder. Links must not lead out of `within`.

    Calls `on_unreadable` for each entry that has an event file's name but is neither a file nor a folder, if there is
    no event file (a reader of the files reports such entries itself) or `also_beside_files` is True.
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
