"""An event file in object storage: a local spool, and the objects that are put from it.

An object cannot be appended to. What was logged is written to a file in the spool, and the whole file is put again
when it has grown. So that little is put twice, the next object begins when the puts of one sum up to about twice its
size, but not below 64 KiB, where the request costs more than the bytes; and always at 8 MiB.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tbevents import files, remote
from tbevents.errors import UploadError
from tbevents.run_files import event_file_name
from tbevents.writing.failures import Failures
from tbevents.writing.record_file import RecordFile
from tbevents.writing.uploader import Upload, finish_before_threads_end, uploader

SMALL: Final = 64 << 10
"""Bytes of an object that is put again whatever it costs."""

LARGEST: Final = 8 << 20
"""Bytes at which the next object begins."""

_MOST_PUT: Final = 1.75
"""The sum of an object's puts, as a multiple of its size, at which the next object begins. Three equal parts put
6/3 = 2 times the size, two only 3/2."""

_DESTINATION: Final = "url.txt"
"""The file in the spool that names the folder its event files belong in."""

_TOKEN: Final = secrets.token_hex(3)
"""Part of each object's name: in containers, host names and process ids repeat, and a put would replace an object."""


class _Amount(NamedTuple):
    """How much of an object there is."""

    size: int = 0  # bytes of complete records
    events: int = 0


class _Object:
    """An object and its file in the spool. The holder of the writer's lock sets `written`, the uploader the rest."""

    def __init__(self, path: str, url: str) -> None:
        self.path = path
        self.url = url
        self.written = _Amount()  # in the spool
        self.stored = _Amount()  # in storage
        self.put_bytes = 0  # the sum of its puts


class ObjectFile(RecordFile):
    """An event file in object storage.

    The names of its objects are in order, for readers that sort them as text. Each begins with a header record. The
    spool is a temporary folder; a file is removed when its object is complete in storage.

    The methods are called under the writer's lock, except `put`, which the uploader calls.

    Args:
        folder: the URL of the run.
        upload_secs: seconds between two uploads in the background.
        failures: counts the events that are lost.

    Attributes:
        failure: why the last upload in the background failed; the caller reports it and sets it to None.
        lost: the number of events whose file was removed from the spool before they were uploaded.
    """

    def __init__(self, folder: str, upload_secs: float, failures: Failures) -> None:
        super().__init__()
        self._failures = failures
        self._url = folder
        self._upload_secs = upload_secs
        self._due = time.monotonic() + upload_secs
        self._objects: list[_Object] = []  # those in the spool. The last one may grow, unless `path` is another file
        self._complete: list[str] = []  # the URLs of objects that are no longer in the spool
        self._spool: str | None = None
        self._last: str | None = None  # `path` at the time of `finish`
        self._header = 0  # the size of a file without events
        self._sealed: str | None = None  # the path of the file that must not grow
        self._finished = False  # True if the writer is closed
        self._background: Upload | None = None  # the last upload in the background
        self._numbers = itertools.count()
        self._seconds = 0.0  # the time in the last name
        self._uid: int | None = None  # the number in all names

    @property
    def location(self) -> str | None:
        """The URL of the current object, or of the last one after `finish`."""
        path = self.path or self._last
        return None if path is None else remote.join(self._url, os.path.basename(path))

    @property
    def full(self) -> bool:
        """True if the next blocks belong in a new object."""
        return self._size >= LARGEST or self._sealed == self.path

    def name(self, seconds: float, hostname: str, pid: int, uid: int, suffix: str) -> str:
        """Returns the name of the next object, which is greater than all before, also as text."""
        self._uid = uid if self._uid is None else self._uid
        self._seconds = max(self._seconds, seconds)
        number = f".{next(self._numbers):06d}"
        return event_file_name(self._seconds, f"{hostname}-{_TOKEN}", pid, self._uid, number + suffix)

    def create(self, folder: str, new_name: Callable[[], str], record: bytes) -> None:  # noqa: ARG002  # the URL is known
        """Creates the file of the next object in the spool. Nothing is put yet.

        Raises:
            OSError: if the file cannot be created.
        """
        finish_before_threads_end()
        self._note_size()
        if self._spool is None or not os.path.isdir(self._spool):
            self._spool = tempfile.mkdtemp(prefix="tbevents-")
            with open(os.path.join(self._spool, _DESTINATION), "w", encoding="utf-8") as file:
                file.write(self._url + "\n")
        if self._objects:
            self._due = 0.0  # the object before is complete, and may be large
        self._finished = False
        self._header = len(record)
        super().create(self._spool, new_name, record)
        self._note_size()

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yields the bytes of all objects, those that are no longer in the spool from storage."""
        spooled = list(self._objects)  # first: an object may be completed meanwhile
        for url in list(self._complete):
            if all(each.url != url for each in spooled):
                yield files.read_bytes(url)
        for each in spooled:
            try:
                with open(each.path, "rb") as file:
                    while chunk := file.read(size):
                        yield chunk
            except FileNotFoundError:
                yield files.read_bytes(each.url)

    def write(self, sync: bool = False) -> None:
        """Writes the blocks to the spool; see `RecordFile.write`."""
        try:
            super().write(sync)
        finally:
            self._note_size()

    def upload(self) -> Upload | None:
        """Starts to put what is not in storage yet; returns the upload, or None if everything is there.

        It reports its own error, so `failure` is reset.
        """
        self._background = self.failure = None
        return self._start_upload()

    def _start_upload(self) -> Upload | None:
        self._note_size()
        self._due = time.monotonic() + self._upload_secs
        if all(each.stored == each.written for each in self._objects) and not self._finished:
            return None
        self._seal()
        return uploader.submit(self)

    def upload_if_due(self) -> None:
        """Starts an upload if the last one was `upload_secs` ago. Sets `failure` if that one has failed."""
        if (last := self._background) is not None:
            if not last.done.is_set():
                return
            self._background = None
            self.failure = last.error
        if time.monotonic() >= self._due:
            self._background = self._start_upload()

    def finish(self, closing: bool = True) -> Upload | None:
        """Starts the last upload, after which the spool is removed. The next blocks belong in a new object.

        Args:
            closing: if True, and the upload fails, the uploader tries again later.
        """
        self._note_size()
        self._last, self.path = self.path or self._last, None
        if not self._objects:
            return None
        self._finished = True
        if closing:
            uploader.add_unfinished(self)
        return self.upload()

    def discard(self) -> None:
        """Removes the spool. Nothing more is put."""
        self.path, self._last, self._objects = None, None, []
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)

    def put(self) -> None:
        """Puts every object that has grown, in order.

        Raises:
            UploadError: if an object cannot be put.
        """
        for each in list(self._objects):
            if each.stored != each.written:
                self._put(each)
            if self._finished or each not in self._objects[-1:]:  # `discard` may have removed all
                self._drop(each)
        if self._finished and not self._objects:
            self._remove_spool()
            uploader.remove_unfinished(self)

    def _put(self, each: _Object) -> None:
        written = each.written
        try:
            with open(each.path, "rb") as file:
                data = file.read(written.size)
        except FileNotFoundError:
            data = b""
        if len(data) < written.size:
            if each not in self._objects:  # discarded in the meantime
                return
            self._objects.remove(each)
            lost = written.events - each.stored.events
            self.lost += lost
            self._failures.lose(lost)
            text = f"the file {each.path} was removed or truncated before it was uploaded; its events are lost ({lost})"
            raise UploadError(errno.ENOENT, text, each.url)
        try:
            remote.write_bytes(each.url, data, self._url)
        except OSError as error:
            cause = remote.reason_of(error)
            error_class = "" if type(error) is OSError else f"{type(error).__name__}: "
            spool = self._spool if written.size > self._header or len(self._objects) > 1 else None
            kept = "" if spool is None else f"; what was logged is kept in {spool}"
            text = f"could not be uploaded: {error_class}{cause}{kept}"
            raised = UploadError(error.errno or errno.EIO, text, each.url)
            raised.spool = spool
            raise raised from error
        each.put_bytes += written.size
        each.stored = written

    def _drop(self, each: _Object) -> None:
        """Removes the file of an object that is complete in storage."""
        if each.stored == each.written:
            with contextlib.suppress(OSError):
                os.unlink(each.path)
            self._complete.append(each.url)
            with contextlib.suppress(ValueError):  # discarded in the meantime
                self._objects.remove(each)

    def _note_size(self) -> None:
        """Sets the size of the current object, which may be new."""
        if self.path is not None:
            if not self._objects or self._objects[-1].path != self.path:
                self._objects.append(_Object(self.path, remote.join(self._url, os.path.basename(self.path))))
            self._objects[-1].written = _Amount(self._size, self._events)

    def _seal(self) -> None:
        """Ends the current object with the upload that is due, if it has been put often enough."""
        if self._objects and (last := self._objects[-1]).path == self.path:
            size = last.written.size
            if size >= SMALL and last.put_bytes + size >= _MOST_PUT * size:
                self._sealed = self.path

    def _remove_spool(self) -> None:
        """Removes the folder, unless the writer was opened again and has begun another object in it."""
        if self._spool is not None:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self._spool, _DESTINATION))
                os.rmdir(self._spool)
