"""Event files by name: made, recognised, ordered, found; and folder names that stay where they belong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from tbevents.errors import RunNotFoundError

__all__ = [
    "StrPath",
    "event_file_name",
    "find_run_files",
    "find_runs",
    "is_event_file",
    "order_key",
    "path_string",
    "subfolder",
]

StrPath: TypeAlias = str | os.PathLike[str]

_MARK: Final = "tfevents"
_TIMESTAMP: Final = re.compile(r"tfevents\.(\d+)")
_NUMBERS: Final = re.compile(r"(\d+)")

_LONGEST_NAME: Final = 255
"""Bytes in one folder name: the limit of the common file systems."""


def path_string(path: object, argument: str) -> str:
    """The path as a str.

    Raises:
        TypeError: it is neither a str nor path-like, or it is bytes.
    """
    try:
        text = os.fspath(path)  # type: ignore[call-overload]  # it is the check
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(f"{argument} must be a path (str or os.PathLike), not {type(path).__name__}: {path!r}")
    return text


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


def find_run_files(path: StrPath) -> list[str]:
    """The event files of a run, in order.

    Args:
        path: a folder that directly holds event files, or one event file (whatever its name).

    Raises:
        RunNotFoundError: there is no such path, or no event file in the folder.
    """
    text = path_string(path, "path")
    if os.path.isdir(text):
        files = [entry.path for entry in os.scandir(text) if is_event_file(entry.name) and entry.is_file()]
        if not files:
            raise RunNotFoundError(f"{text}: no event file (a name with 'tfevents' in it) in this folder")
        return sorted(files, key=order_key)
    if not os.path.exists(text):
        raise RunNotFoundError(f"{text}: no such file or folder")
    return [text]


def find_runs(logdir: StrPath) -> dict[str, list[str]]:
    """The runs below a folder, with their event files in order.

    A run is any folder that directly holds an event file. Its name is its path relative to the logdir, with ``/``
    between the parts, and ``.`` for the logdir itself: TensorBoard's names. Links to folders are followed, each real
    folder once.

    Returns:
        Run name -> event files, sorted by name; empty where there are none.

    Raises:
        RunNotFoundError: there is no such folder.
    """
    text = path_string(logdir, "logdir")
    if not os.path.isdir(text):
        raise RunNotFoundError(f"{text}: no such folder")
    found = {}
    for folder, names in _walk(text, set()):
        files = [os.path.join(folder, name) for name in names if is_event_file(name)]
        if files:
            name = os.path.relpath(folder, text).replace(os.sep, "/")
            found[name] = sorted(files, key=order_key)
    return dict(sorted(found.items()))


def _walk(folder: str, seen: set[str]) -> Iterator[tuple[str, list[str]]]:
    """Every folder below one and the names of its files; folders that may not be read are passed over, as ls does."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        return
    yield folder, [entry.name for entry in entries if entry.is_file()]
    for entry in entries:
        if entry.is_dir():
            yield from _walk(entry.path, seen)


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
    if "\0" in name:
        problem = "a NUL byte"
    elif ".." in parts:
        problem = "a '..'"
    elif any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts):
        problem = f"a part of more than {_LONGEST_NAME} bytes"
    elif name.startswith("/") or os.path.isabs(name):
        problem = "an absolute path"
    else:
        return os.path.join(parent, *(part for part in parts if part))
    raise ValueError(f"{argument} makes no folder name inside {parent!r}: it has {problem}: {_shortened(name)}")


def _shortened(text: str) -> str:
    return repr(text) if len(text) <= 200 else repr(text[:200]) + "..."


def make_folder(path: str) -> None:
    """Makes a folder and its parents; one that exists is fine."""
    Path(path).mkdir(parents=True, exist_ok=True)
