"""Files that appear under their names when they are complete, and the backups of those that are replaced."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import socket
from types import TracebackType
from typing import IO, Any

from tbevents.errors import RunNotFoundError
from tbevents.files import StrPath, event_file_name, find_run_files, is_event_file, make_folder, path_string

__all__ = [
    "NewFile",
    "event_file_in",
    "missing_folders",
    "output_path",
    "refuse_existing",
    "refuse_folder",
    "refuse_run",
]


class NewFile:
    r"""A file being written, that gets its name when all of it is there; nothing is left of it otherwise.

    ::

        with NewFile("out.csv", text=True) as new:
            new.file.write("step,value\n")

    Args:
        path: the name it gets; its folder is made where it is missing.
        overwrite: whether it may replace a file.
        backup: whether the file that it replaces stays, under another name; it must not change meanwhile.
        text: whether str is written, as UTF-8 with line ends kept; else bytes.

    Attributes:
        path: the name.
        file: what to write to.
        backup: the other name of the file that was replaced; None where there is none.

    Raises:
        FileExistsError: there is such a file, and it must not be replaced.
        IsADirectoryError: there is a folder of that name.
        OSError: it cannot be written; or the file to replace was written to meanwhile.
    """

    def __init__(self, path: str, *, overwrite: bool = True, backup: bool = False, text: bool = False) -> None:
        self.path = path
        self.backup: str | None = None
        self._overwrite = overwrite
        self._replaces = os.stat(path) if backup else None
        self._wanted = True
        refuse_folder(path)
        if not overwrite:
            refuse_existing(path)
        folder = os.path.dirname(path)
        self._made = _make_folders(folder)
        # Readers take a name with "tfevents" for an event file's: this one has none, whatever it becomes.
        self._unfinished = os.path.join(folder, f".{secrets.token_hex(8)}.unfinished")
        how: dict[str, Any] = {"mode": "x", "encoding": "utf-8", "newline": ""} if text else {"mode": "xb"}
        try:
            self.file: IO[Any] = open(self._unfinished, **how)  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            error.filename = path
            self._remove_folders()
            raise

    def discard(self) -> None:
        """Says that the file is not wanted after all."""
        self._wanted = False

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.file.close()
            if kind is None and self._wanted:
                self._put_in_place()
        finally:
            with contextlib.suppress(FileNotFoundError):  # the usual: it has its name now
                os.unlink(self._unfinished)
                self._remove_folders()

    def _remove_folders(self) -> None:
        """Removes the folders that were made for a file that did not come."""
        for folder in self._made:
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # not one that has something in it by now

    def _put_in_place(self) -> None:
        if not self._overwrite:
            refuse_existing(self.path)
        if os.path.exists(self.path):
            shutil.copymode(self.path, self._unfinished)
            if self._replaces is not None:
                now = os.stat(self.path)
                if (now.st_size, now.st_mtime_ns) != (self._replaces.st_size, self._replaces.st_mtime_ns):
                    raise OSError(errno.EBUSY, "was written to meanwhile, and was not replaced", self.path)
                self.backup = _make_backup(self.path)
        refuse_folder(self.path)
        try:
            os.replace(self._unfinished, self.path)
        except OSError as error:
            error.filename, error.filename2 = self.path, None  # the other name says nothing to anyone
            raise


def _make_folders(path: str) -> list[str]:
    """Makes a folder and its parents; answers with those that were not there, the innermost first."""
    missing = missing_folders(path)
    make_folder(path or ".")
    return missing


def missing_folders(path: str) -> list[str]:
    """A folder and its parents, as far as they are not there, the innermost first."""
    missing = []
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    return missing


def refuse_existing(path: str) -> None:
    """Raises FileExistsError where there is such a file."""
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, "exists already", path)


def refuse_run(folder: str) -> None:
    """Raises FileExistsError where a folder holds an event file."""
    with contextlib.suppress(RunNotFoundError):
        existing = find_run_files(folder)[0]
        raise FileExistsError(errno.EEXIST, "there is a run already", existing)


def refuse_folder(path: str) -> None:
    """Raises IsADirectoryError where a folder stands in the place of a file."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "is a folder", path)


def _make_backup(path: str) -> str:
    """Gives a file a second name beside its own, that no reader takes for an event file's.

    Returns:
        The name: the file's with ``tfevents`` as ``backup``, and a number where there is such a file.
    """
    folder, name = os.path.split(path)
    plain = name.replace("tfevents", "backup") if is_event_file(name) else f"{name}.backup"
    for number in itertools.count():
        target = os.path.join(folder, f"{plain}.{number}" if number else plain)
        if os.path.lexists(target):
            continue
        try:
            os.link(path, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links
            shutil.copy2(path, target)
        return target
    raise AssertionError("the numbers never end")


def event_file_in(folder: str, seconds: float) -> str:
    """The path of the first event file in a run's folder, which need not be there.

    Args:
        folder: the run's.
        seconds: of the file's first event, since 1970: readers order a run's files by it.

    Raises:
        FileExistsError: the folder holds an event file already.
    """
    refuse_run(folder)
    known = 0 <= seconds < 1e10  # NaN is not
    return os.path.join(folder, event_file_name(seconds if known else 0, socket.gethostname(), os.getpid(), 0))


def output_path(out: StrPath, name: str) -> str:
    """The event file that an output argument means: itself, where its name is one's; else one in that folder.

    Args:
        out: the argument.
        name: the base name, or relative path, that the file gets in a folder.
    """
    text = path_string(out, "out")
    if is_event_file(text) and not os.path.isdir(text):
        return text
    return os.path.join(text, name)
