"""Files that appear under their names when they are complete, and the backups of those that are replaced."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import signal
import socket
import sys
from types import TracebackType
from typing import IO, Any

from tbevents.errors import RunNotFoundError
from tbevents.files import StrPath, event_file_name, find_run_files, is_event_file, make_folder, open_file, path_string

__all__ = [
    "NewFile",
    "event_file_in",
    "missing_folders",
    "output_path",
    "refuse_existing",
    "refuse_folder",
    "refuse_run",
    "unwritten_status",
]


class NewFile:
    r"""A file being written, that gets its name when all of it is there; nothing is left of it otherwise.

    ::

        with NewFile("out.csv", text=True) as new:
            new.file.write("step,value\n")

    Args:
        path: the name it gets; its folder is made where it is missing.
        overwrite: whether it may replace a file.
        backup: whether the file that it replaces stays, under another name; nobody may write to it meanwhile.
        since: the status of that file before it was read; now, where None.
        text: whether str is written, as UTF-8 with line ends kept; else bytes.

    Attributes:
        path: the name.
        file: what to write to.
        backup: the other name of the file that was replaced; None where there is none.

    Raises:
        FileExistsError: there is such a file, and it must not be replaced.
        IsADirectoryError: there is a folder of that name.
        OSError: it cannot be written; or the file to replace was written to meanwhile, or is open for writing, and was
            not replaced.
    """

    def __init__(
        self,
        path: str,
        *,
        overwrite: bool = True,
        backup: bool = False,
        since: os.stat_result | None = None,
        text: bool = False,
    ) -> None:
        self.path = path
        self.backup: str | None = None
        self._overwrite = overwrite
        self._replaces = (since or unwritten_status(path)) if backup else None
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
                self._replace(self._replaces)
                return
        refuse_folder(self.path)
        try:
            os.replace(self._unfinished, self.path)
        except OSError as error:
            error.filename, error.filename2 = self.path, None  # the other name says nothing to anyone
            raise

    def _replace(self, since: os.stat_result) -> None:
        """Puts the file in place of one that stays as a backup.

        Whoever opened that one in time may write to what has become the backup: then it is put back.
        """
        _refuse_written(self.path, self.path, since)
        backup = _make_backup(self.path)
        try:
            os.replace(self._unfinished, self.path)
            _refuse_written(backup, self.path, since)
        except BaseException:
            os.replace(backup, self.path)
            with contextlib.suppress(FileNotFoundError):  # two names of one file both stay
                os.unlink(backup)
            raise
        self.backup = backup


def unwritten_status(path: str) -> os.stat_result:
    """The status of a file that is to be replaced.

    Raises:
        OSError: it is open for writing, or is no file.
    """
    if _is_open_for_writing(path):
        raise OSError(errno.EBUSY, "is being written by another program, and is not replaced", path)
    return os.stat(path)


def _refuse_written(path: str, name: str, since: os.stat_result) -> None:
    """Raises OSError where the file at a path, to be called by a name, was or is being written."""
    now = os.stat(path)
    if (now.st_size, now.st_mtime_ns) != (since.st_size, since.st_mtime_ns) or _is_open_for_writing(path):
        raise OSError(errno.EBUSY, "was written to meanwhile, and was not replaced", name)


def _is_open_for_writing(path: str) -> bool:
    """Whether some program has the file open for writing: the writers of torch and TensorFlow have, while they live.

    Only Linux tells, by refusing a read lease, and only of files of this user's on a local file system; else no.
    """
    with open_file(path) as file:
        if sys.platform == "linux":
            import fcntl

            try:
                fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # the usual SIGIO ends a process
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)  # and given up when the file is closed
            except BlockingIOError:
                return True
            except OSError:
                pass
    return False


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

    On a file system without hard links, it gets that name instead of its own.

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
            os.rename(path, target)
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
