"""Files that get their name only when they are complete, and backups of the files they replace."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import IO, Any

from tbevents import remote_put
from tbevents.errors import RunNotFoundError
from tbevents.files import StrPath, folder_name, join, local_path, make_folder, open_file, parent, path_string, replace
from tbevents.format.record import HEADER_SIZE, decode_header
from tbevents.remote import is_url
from tbevents.remote_file import read_range
from tbevents.run_files import event_file_name, find_run_files, is_event_file


class NewFile:
    r"""A file that gets its name only when it is complete; if writing fails, nothing is left of it.

    ::

        with NewFile("out.csv", text=True) as new:
            new.file.write("step,value\n")

    Args:
        path: the path it gets; its folder is created if it does not exist. If it is a link, the file behind it is
            replaced. If it is a URL, the file is written to a temporary local file, and put
            there when it is complete; a device, a pipe or a descriptor (``/dev/stdout``) then gets the bytes.
        overwrite: if True, it may replace a file.
        keep_old: if True, a file that it replaces is kept as a backup beside it; no program may write to it meanwhile.
        since: the status of that file before it was read; None means now.
        events: if True, it is an event file; no other file may replace an event file.
        first_of_run: if True, it is the first event file of its folder. The folder is locked while this is checked and
            the file gets its name, so of several processes one succeeds; on Windows, and where folders cannot be
            locked, two that finish in the same instant may both succeed.
        text: if True, str is written as UTF-8 with line ends kept; else bytes.

    Attributes:
        path: the path it gets.
        file: the file object to write to.
        backup: the path at which the replaced file is kept; None if there is none.
        first_of_run: as given; it may be set until the file is complete.

    Raises:
        ValueError: if the path is a URL, and `keep_old` is True.
        MissingExtraError: if the path is a URL, and fsspec or what it needs is not installed.
        FileExistsError: if the file exists and `overwrite` is False; if it is an event file and `events` is False; or,
            when it is complete, if there is a run and `first_of_run` is True.
        IsADirectoryError: if the path is a folder.
        OSError: if the file cannot be written, or the file to replace was written to meanwhile or is open for writing;
            it is not replaced then.
    """

    def __init__(
        self,
        path: str,
        *,
        overwrite: bool = True,
        keep_old: bool = False,
        since: os.stat_result | None = None,
        events: bool = False,
        first_of_run: bool = False,
        text: bool = False,
    ) -> None:
        path = path_string(path, "the output")
        (refuse_folder if events else refuse_output)(path)
        self.path = path
        self.backup: str | None = None
        self.first_of_run = first_of_run
        self._overwrite = overwrite
        if keep_old:
            local_path(path, "a file that is replaced and kept as a backup")
        self._replaces = (since or unwritten_status(path)) if keep_old else None
        self._wanted = True
        if not overwrite:
            refuse_existing(path)
        self._is_stream = not is_url(path) and _is_stream(path)
        self._target = os.path.realpath(path) if os.path.islink(path) else path
        folder = tempfile.gettempdir() if is_url(path) or self._is_stream else os.path.dirname(self._target)
        self._made = missing_folders(folder)
        make_folder(folder or ".")
        # Readers take a file for an event file if its name contains "tfevents", so this name must not.
        self._unfinished = os.path.join(folder, f".{secrets.token_hex(8)}.unfinished")
        how: dict[str, Any] = {"mode": "x", "encoding": "utf-8", "newline": ""} if text else {"mode": "xb"}
        try:
            self.file: IO[Any] = open(self._unfinished, **how)  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            error.filename = path
            self._remove_folders()
            raise

    def discard(self) -> None:
        """Discards the file: it will not get its name."""
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
            with contextlib.suppress(FileNotFoundError):  # normally it has been renamed by now
                os.unlink(self._unfinished)
                self._remove_folders()

    def _remove_folders(self) -> None:
        """Removes the folders that were created for a file that was not completed."""
        for folder in self._made:
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # fails if the folder is not empty

    def _put_in_place(self) -> None:
        if self._is_stream:
            with open(self._unfinished, "rb") as complete, open(self.path, "ab") as stream:
                shutil.copyfileobj(complete, stream)
            return
        with contextlib.nullcontext() if self._overwrite or is_url(self.path) else _locked(self._target):
            if self.first_of_run:
                refuse_run(parent(self.path))
            if not self._overwrite:
                refuse_existing(self.path)
            self._give_name()

    def _give_name(self) -> None:
        if is_url(self.path):
            remote_put.put_file(self._unfinished, self.path)
            return
        if os.path.exists(self._target):
            shutil.copymode(self._target, self._unfinished)
            if self._replaces is not None:
                self._replace(self._replaces)
                return
        refuse_folder(self.path)
        try:
            replace(self._unfinished, self._target)
        except OSError as error:
            error.filename, error.filename2 = self.path, None  # the temporary name means nothing to the user
            raise

    def _replace(self, since: os.stat_result) -> None:
        """Replaces a file, which is kept as a backup.

        A program that opened the old file in time may write to what has become the backup; it is then put back.
        """
        _refuse_written(self._target, self.path, since)
        backup = _make_backup(self._target)
        try:
            replace(self._unfinished, self._target)
            _refuse_written(backup, self.path, since)
        except BaseException:
            replace(backup, self._target)
            with contextlib.suppress(FileNotFoundError):  # rename keeps both if they are links to one file
                os.unlink(backup)
            raise
        self.backup = backup


def _is_stream(path: str) -> bool:
    """Returns True if what is at a path takes bytes but cannot be replaced: a device, a pipe or an open descriptor."""
    if path in ("/dev/stdout", "/dev/stderr") or path.startswith(("/dev/fd/", "/proc/")):
        return True  # even if it leads to a regular file, to which the shell may have said to append
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False  # it does not exist, or writing says why


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Locks the folder of a path against other processes and threads that do the same, where the system can."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)  # which ends the lock


def unwritten_status(path: str) -> os.stat_result:
    """Returns the status of a file that is to be replaced.

    Raises:
        OSError: if it is open for writing or is not a file.
    """
    if _is_open_for_writing(path):
        raise OSError(errno.EBUSY, "is being written by another program, so it is not replaced", path)
    return os.stat(path)


def _refuse_written(path: str, name: str, since: os.stat_result) -> None:
    """Raises OSError, under the given name, if the file at a path was written to or is open for writing."""
    now = os.stat(path)
    if (now.st_size, now.st_mtime_ns) != (since.st_size, since.st_mtime_ns) or _is_open_for_writing(path):
        raise OSError(errno.EBUSY, "was written to meanwhile, so it was not replaced", name)


def _is_open_for_writing(path: str) -> bool:
    """Returns True if a program has the file open for writing, as the writers of torch and TensorFlow do until closed.

    Only Linux can tell, by refusing a read lease, and only for files of this user on a local file system; otherwise
    returns False.
    """
    with open_file(path) as file:
        if sys.platform == "linux":
            import fcntl

            try:
                fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # the default, SIGIO, would end the process
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)  # released when the file is closed
            except BlockingIOError:
                return True
            except OSError:
                pass
    return False


def missing_folders(path: str) -> list[str]:
    """Returns a folder and its parents as far as they do not exist, innermost first; none of a URL."""
    missing: list[str] = []
    if is_url(path):
        return missing
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    return missing


def refuse_existing(path: str) -> None:
    """Raises FileExistsError if the path or URL exists."""
    if is_url(path):
        remote_put.refuse_existing(path)
    elif os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, "exists already", path)


def refuse_run(folder: str, *, besides: Collection[str] = ()) -> None:
    """Checks that a run can be written to a folder.

    Args:
        folder: the folder, or its URL.
        besides: names of the files to write; they may exist.

    Raises:
        FileExistsError: if it holds another event file.
        NotADirectoryError: if it is a file.
    """
    if not is_url(folder) and os.path.isfile(folder):
        raise NotADirectoryError(errno.ENOTDIR, "is a file, and a folder is needed here", folder)
    with (
        contextlib.suppress(RunNotFoundError),
        remote_put.as_writing(folder) if is_url(folder) else contextlib.nullcontext(),
    ):
        for existing in find_run_files(folder):
            if folder_name(existing) not in besides:
                raise FileExistsError(errno.EEXIST, "a run exists already", existing)


def refuse_folder(path: str) -> None:
    """Checks that a file can be written at a path or URL.

    Raises:
        IsADirectoryError: if it is a folder.
    """
    if is_url(path):
        remote_put.refuse_folder(path)
    elif os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "is a folder", path)


def refuse_output(path: str) -> None:
    """Checks that a file that is no event file can be written at a path or URL.

    Raises:
        IsADirectoryError: if it is a folder.
        FileExistsError: if it is an event file, which only another event file may replace.
    """
    refuse_folder(path)
    if _has_events(path):
        raise FileExistsError(errno.EEXIST, "is an event file, which is not replaced", path)


def _has_events(path: str) -> bool:
    """Returns True if there is an event file, by its first bytes: those of a damaged one may be wrong in part."""
    try:
        if is_url(path):
            start = read_range(path, 0, HEADER_SIZE)
        elif os.path.isfile(path):
            with open_file(path) as file:
                start = file.read(HEADER_SIZE)
        else:
            return False
    except OSError:
        return False  # it does not exist, or writing says why
    if len(start) < HEADER_SIZE:
        return False
    length, intact = decode_header(start)
    return intact or (is_event_file(path) and length < 1 << 32)  # as text, these bytes would be a huge number


def _make_backup(path: str) -> str:
    """Gives a file a second name beside it, under which no reader takes it for an event file.

    On a file system without hard links, the file is renamed instead.

    Returns:
        The backup's path: ``tfevents`` becomes ``backup``, and a number is appended if that exists.
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


def remove_file(path: str) -> None:
    """Removes a file that was written before something else failed."""
    if is_url(path):
        remote_put.remove(path)
    else:
        os.unlink(path)


def event_file_in(folder: str, seconds: float) -> str:
    """Returns the path of a run's first event file; the folder need not exist.

    Args:
        folder: the folder of the run.
        seconds: wall time of the first event, in seconds since 1970; readers order a run's files by it.

    Raises:
        FileExistsError: if the folder holds an event file already.
    """
    refuse_run(folder)
    known = 0 <= seconds < 1e10  # False for NaN
    return join(folder, event_file_name(seconds if known else 0, socket.gethostname(), os.getpid(), 0))


def output_path(out: StrPath, name: str) -> str:
    """Returns the event file for an output: the output itself if its name is an event file's, else a file below it.

    Args:
        out: the argument.
        name: the base name or relative path of the file if `out` is a folder.
    """
    text = path_string(out, "the output")
    if is_event_file(text) and not os.path.isdir(text):
        return text
    return join(text, name.replace(os.sep, "/"))
