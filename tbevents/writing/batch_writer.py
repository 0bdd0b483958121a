"""Batches of events: those that wait for their file, and how they are encoded and written."""

from __future__ import annotations

import errno
import itertools
import operator
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from tbevents import remote
from tbevents.callers import warn_caller
from tbevents.errors import TBEventsError, WriterWarning
from tbevents.format.event import header_record
from tbevents.writing import flusher
from tbevents.writing.checked_points import CheckedPoints
from tbevents.writing.encoder import ITEMS, OTHER, Block, Columns, Encoder, Item, SeriesKey, count_events
from tbevents.writing.failures import Failures, OnError
from tbevents.writing.latest_event import LatestEvent
from tbevents.writing.record_file import DisturbedFileError, RecordFile
from tbevents.writing.untraced import untraced, untraced_methods

if TYPE_CHECKING:
    from tbevents.writing.uploader import Upload

BATCH: Final = 4096
"""Scalars per batch: enough to make numpy's fixed costs negligible, few enough to encode in a few milliseconds."""

BATCH_BYTES: Final = 1 << 20
"""Bytes of other events per batch, so that images do not pile up in memory."""

UNWRITTEN_BYTES: Final = 64 << 20
"""Bytes of records that are kept for a retry while the file cannot be written. Further events are dropped, and the
error reports their number."""

WRITER_NAME: Final = "tbevents.writing.event_file"

_uids: Final = itertools.count()


class ClosedWriterError(TBEventsError, ValueError):
    """An event was added to a closed writer. `SummaryWriter` catches it, and logs to its next file.

    Attributes:
        rest: the points of `add_scalar_columns` that were not added; None for other events.
    """

    rest: CheckedPoints | None = None


@untraced_methods
class BatchWriter:
    """The part of `EventFileWriter` that writes: it promises what that class promises.

    The subclass checks events, numbers their series, and adds them with `_add`. The flusher, or a call that fills a
    batch, has them encoded and written. (`EventFileWriter.add_scalar` does itself what `_add` does, to save a call.)

    Args:
        folder: the absolute path or the URL of the folder.
        flush_secs: seconds until an event is passed to the operating system.
        upload_secs: for a URL: seconds between two uploads in the background.
        filename_suffix: appended to the file's name.
        clock: returns the seconds since 1970.
        hostname: the host name in the file's name; None means this machine's.
        failures: what to do if a write fails.
    """

    closed: bool = True  # also if the constructor fails, before the end of `_start`

    def __init__(
        self,
        folder: str,
        *,
        flush_secs: float,
        upload_secs: float,
        filename_suffix: str,
        clock: Callable[[], float],
        hostname: str | None,
        failures: Failures,
    ) -> None:
        self._folder = folder
        self.flush_secs = flush_secs
        self.upload_secs = upload_secs
        self.filename_suffix = filename_suffix
        self._clock = clock
        self._hostname = hostname
        self._failures = failures
        self.on_error: OnError = failures.on_error
        self._start()

    def _new_file(self) -> RecordFile:
        if not remote.is_url(self._folder):
            return RecordFile()
        from tbevents.writing.object_file import ObjectFile  # here: it costs some milliseconds

        return ObjectFile(self._folder, self.upload_secs, self._failures)

    def _start(self) -> None:
        """Sets the state of a writer without events and without a file."""
        self._ended = False  # True if the process is ending: nothing runs in the background any more
        # Logged events, in the layout of `encoder`. Extended without the lock; only the holder of the lock removes
        # items, from the front. Both operations are atomic in CPython.
        self._pending: list[Item] = []
        self._batch = object()  # replaced whenever items are removed
        self._series: dict[SeriesKey, int] = {}  # key -> number. A tag alone means ScalarForm.SIMPLE: the hot path.
        self._keys: list[SeriesKey] = []  # by number; only ever appended to
        self._encoder: Encoder | None = None  # None while in use, so that an interrupted one is not used again
        self._file = self._new_file()
        self._lost = 0  # events dropped before they were written
        self._unreported = 0  # dropped events that no error has reported yet
        self._disturbed: list[tuple[str, str]] = []  # abandoned files and why, without a warning yet
        self._error: Exception | None = None  # an error of the background thread, for the next call
        self._bytes = 0  # size of the pending events that are not scalars; an estimate, since it is not locked
        self._at_once = True  # if True, each call writes
        self._threshold = 1  # the number of pending items at which a call runs `_after_add`; set by `_rearm`
        self._lock = threading.RLock()  # re-entrant: a signal handler may flush or close during a flush
        self.closed = False

    @property
    def path(self) -> str | None:
        """The absolute path, or the URL of the current object.

        None if creating the file failed, and before a forked child's or a copy's first call.
        """
        return self._file.location

    @property
    def lost(self) -> int:
        """The number of logged events that were dropped because they could not be written."""
        return self._lost + self._file.lost

    def flush(self, sync: bool = False) -> None:
        """Writes all added events to the file; with `sync`, also waits until they are on disk.

        For a URL, waits until they are uploaded.

        Raises:
            OSError: if a write fails, or events were lost since the last call. Events that could not be written are
                kept, and retried with the next batch. If an upload fails, it is an UploadError.
        """
        with self._lock:
            self._settle(sync)
            upload = self._file.upload()
        self._end_upload(upload)

    def close(self) -> None:
        """Flushes and closes the writer. Closing again does nothing.

        Raises:
            OSError: if the remaining events could not be written. They are lost, and the writer is closed. If an upload
                fails, it is an UploadError; the events are kept in the local folder that it names.
        """
        self._end_upload(self._close())

    def _close(self) -> Upload | None:
        """Closes the writer; returns the last upload, which may be running."""
        with self._lock:
            # A signal handler may close the writer while it is being closed, and end the process: it writes, too.
            if self.closed and not (self._pending or self._file.blocks):
                return None
            try:
                self.closed = True  # first, so that events added by other threads are either written or refused
                self._rearm()
                self._settle()
                return self._file.finish()
            except (OSError, Warning):  # every event is written or counted as lost
                self._file.finish()
                raise
            except BaseException:  # interrupted: the writer stays open, and nothing is lost
                self.closed = False
                self._rearm()
                raise

    def read_back(self) -> Iterator[bytes]:
        """Yields the bytes of the file in chunks, with all events added so far."""
        if not self.closed:
            self.flush()
        yield from self._file.chunks(BATCH_BYTES)

    def reopen(self) -> None:
        """Reopens a closed writer, which continues in a new file; does nothing if it is open."""
        with self._lock:
            if self.closed:
                self._file.path = None
                self.closed = False
                self._open_or_report()

    def __del__(self) -> None:
        # A writer that was never closed: its events are written, and the interpreter prints an error.
        # An upload goes on in the background: the garbage collector may run in a thread that it needs.
        try:
            if not self.closed:
                self._close()
        except Exception:
            raise
        except BaseException:  # interrupted: there is no later call that could write
            if not self.closed:
                self._close()
            raise

    def drain_in_background(self) -> None:
        """Writes the pending events, and starts an upload if it is time. The caller's next call reports an error."""
        with self._lock:
            if self.closed:
                return
            try:
                try:
                    self._drain()
                finally:
                    self._warn_of_disturbed()
                self._file.upload_if_due()
            except Exception as error:  # any error: the thread must continue to serve the other writers
                self._error = error
            if self._error is not None or self._file.failure is not None:
                self._rearm()

    def finish(self) -> None:
        """Called when the process ends: writes and uploads the pending events, and from now on at each call."""
        upload = None
        with self._lock:
            self._at_once = self._ended = True
            if not self.closed:
                self._settle()
                upload = self._file.finish(closing=False)
        self._end_upload(upload)

    def forget(self) -> None:
        """Called in a forked child: drops pending events, which the parent writes. The next call opens a new file."""
        closed = self.closed
        self._file.blocks = ()  # a signal handler may fork while they are being written
        self._failures.forget()
        self._start()
        self.closed = closed

    def _add(self, event: bytes | Columns | LatestEvent, size: int) -> None:
        """Adds an event that is not a single scalar; `size` is an estimate of its bytes."""
        items = (OTHER, event, None, None)
        self._pending.extend(items)
        self._bytes += size
        if len(self._pending) >= self._threshold or self._bytes >= BATCH_BYTES:
            self._after_add(items)

    @untraced
    def _after_add(self, items: tuple[Item, ...]) -> None:
        """Writes a batch after an addition, if it is time; refuses the event if the writer is closed."""
        with self._lock:
            if not self.closed:
                self._settle()
                if self._ended:
                    self._end_upload(self._file.finish(closing=False))
                elif self._file.failure is not None:
                    failure, self._file.failure = self._file.failure, None
                    self._rearm()
                    self._report(failure)
                return
            for at in range(0, len(self._pending), ITEMS):
                if all(map(operator.is_, self._pending[at : at + ITEMS], items)):
                    del self._pending[at : at + ITEMS]
                    raise ClosedWriterError(f"{self!r} accepts no more events; make a new one, or call reopen()")
            # The event was added before the end of `close`, which has written it.

    # -- with the lock held --------------------------------------------------------------------------------------

    def _rearm(self) -> None:
        """Sets the number of pending items at which a call runs `_after_add`."""
        if self.closed or self._error is not None or self._file.failure is not None:
            self._threshold = 0
        else:
            self._threshold = 1 if self._at_once else ITEMS * BATCH

    def _settle(self, sync: bool = False) -> None:
        """Writes the pending events, or reports the error with the file and the number of lost events."""
        warns = self.on_error == "warn"
        try:
            self._drain(sync)
            earlier, self._error = self._error, None
            if isinstance(earlier, Warning):  # the program turns warnings into errors
                raise earlier
            if self._unreported and not warns:
                raise OSError(errno.EIO, "could not be written for a while", self.path) from earlier
        except Exception as error:
            if isinstance(error, Warning) or not (warns or isinstance(error, OSError)):
                raise
            self._error = None
            if self.closed:
                self._drop_pending()
            self._complete(error)
            if not warns:
                raise  # here: raised from another function, it would form a cycle that keeps the writer alive
            self._failures.warn_of(error)
        finally:
            earlier = None  # this would form a cycle, too
            self._rearm()
            self._warn_of_disturbed()

    def _drop_pending(self) -> None:
        """Drops the events that are not written, and counts them: all of it, or none if it is interrupted."""
        blocks, items, batch, next_batch = self._file.blocks, self._pending[:], self._batch, object()
        count, lost = len(items), self._file.unwritten_events() + count_events(items)
        if self._batch is batch and self._file.blocks is blocks:  # no signal handler has written or dropped them
            self._file.blocks = ()
            del self._pending[:count]
            self._batch = next_batch
            self._lost += lost
            self._unreported += lost
            self._failures.losses += (lost,)

    def _complete(self, error: Exception) -> None:
        """Adds the file and the number of lost events to an error."""
        if isinstance(error, OSError):
            if error.filename is None:
                error.filename = self.path
            if self._unreported:
                error.strerror = f"{error.strerror} (events lost: {self._unreported})"
        self._unreported = 0

    def _end_upload(self, upload: Upload | None) -> None:
        """Waits for an upload, and reports its error. Without the lock: other threads may log meanwhile."""
        if upload is None:
            return
        upload.done.wait()
        error, upload = upload.error, None
        if error is not None:
            try:
                self._report(error)
            finally:
                del error  # this would form a cycle

    def _report(self, error: Exception) -> None:
        """Raises the error of an upload, or warns of it."""
        try:
            if self.on_error == "raise" or not isinstance(error, OSError):
                raise error
            if self.closed:  # the last word: it names the local folder, whatever there was a warning of before
                warn_caller(str(error), WriterWarning)
            else:
                self._failures.warn_of(error)
        finally:
            del error

    def _warn_of_disturbed(self) -> None:
        """Warns of each file that was abandoned since the last call."""
        while self._disturbed:
            path, reason = self._disturbed.pop(0)
            warn_caller(f"{path}: {reason}; logging continues in {self.path or 'a new file'}", WriterWarning)

    def _drain(self, sync: bool = False) -> None:
        """Encodes and writes all pending events."""
        try:
            self._write()  # first the blocks that an earlier attempt left, to make room
        except OSError:
            if len(self._pending) >= ITEMS * BATCH or self._bytes >= BATCH_BYTES:
                self._encode_pending()
            raise
        self._encode_pending()
        self._write(sync)

    def _encode_pending(self) -> None:
        """Encodes the pending events as a block, or drops them if too many blocks are unwritten.

        A signal handler may raise, or flush this writer, in between; `RecordFile` describes how the state changes.
        """
        items, batch, next_batch = self._pending[:], self._batch, object()
        if not items:
            return
        count = len(items)
        block: Block | None = None
        if self._file.unwritten_bytes() < UNWRITTEN_BYTES:
            encoder, self._encoder = self._encoder or Encoder(), None
            block = encoder.encode(items, self._keys[:])
            self._encoder = encoder
        lost = count_events(items) if block is None else 0
        if self._batch is batch:  # no signal handler has encoded them
            if block is None:
                self._lost += lost
                self._unreported += lost
                self._failures.losses += (lost,)
            else:
                self._file.blocks += (block,)
            del self._pending[:count]
            self._batch = next_batch
            self._bytes = 0

    def _write(self, sync: bool = False) -> None:
        """Writes the encoded blocks. Creates the file if there is none yet, or if the old one was disturbed."""
        if not (self._file.blocks or (sync and self.path)):
            return
        if self._file.path is None or (self._file.full and self._file.blocks):
            self._open()
        try:
            self._file.write(sync)
        except DisturbedFileError as error:
            if self._file.path == error.filename:  # no signal handler has created another file
                self._file.path = None
                self._disturbed.append((error.filename, str(error.strerror)))
            if self._file.path is None:
                self._open()
            self._file.write(sync)

    def _open(self) -> None:
        """Creates the file, with the header record of every event file."""
        # The flusher watches the writer even if the file cannot be created: a later attempt may succeed.
        self._at_once = not self._is_served() or self.flush_secs < flusher.SHORTEST
        self._rearm()
        self._file.create(self._folder, self._new_name, header_record(self._clock(), WRITER_NAME))

    def _open_or_report(self) -> None:
        try:
            self._open()
            self._end_upload(self._file.upload())  # a bucket that does not exist is reported now, not in 30 seconds
        except OSError as error:
            if self.on_error == "raise":
                self._file.discard()
                raise
            self._failures.warn_of(error)
        except BaseException:
            self._file.discard()
            raise

    def _is_served(self) -> bool:
        """Returns True if the background thread writes this writer's events in time."""
        # Not if closed: the garbage collector may close a writer in a place where no thread can be started.
        return not self.closed and flusher.watch(self)

    def _new_name(self) -> str:
        hostname = socket.gethostname() if self._hostname is None else self._hostname
        return self._file.name(self._clock(), hostname, os.getpid(), next(_uids), self.filename_suffix)
