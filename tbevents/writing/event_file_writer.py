"""Writes one event file: buffers events in call order, and writes them in batches of complete records."""

from __future__ import annotations

import errno
import functools
import itertools
import operator
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tbevents import files, remote
from tbevents.callers import warn_caller
from tbevents.errors import WriterWarning
from tbevents.format.record import MAX_LENGTH, encode_record
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.values import as_float
from tbevents.proto import Event, SourceMetadata
from tbevents.summary.builders import checked_tag
from tbevents.writing import flusher
from tbevents.writing.checked_points import about, as_points, as_step, as_wall_time, parse_message
from tbevents.writing.default_metadata import TakesDefaultMetadata
from tbevents.writing.encoder import ITEMS, OTHER, Block, Columns, Encoder, Item, SeriesKey, count_events
from tbevents.writing.failures import Failures, OnError
from tbevents.writing.record_file import DisturbedFileError, RecordFile
from tbevents.writing.sink import Message
from tbevents.writing.untraced import graph_break, untraced, untraced_methods

if TYPE_CHECKING:
    from tbevents.writing.uploader import Upload

__all__ = ["DEFAULT_FLUSH_SECS", "DEFAULT_UPLOAD_SECS", "FILE_VERSION", "EventFileWriter"]

DEFAULT_FLUSH_SECS: Final = 2.0
"""Seconds until a logged event is passed to the operating system: short enough for a live TensorBoard."""

DEFAULT_UPLOAD_SECS: Final = 30.0
"""Seconds between two uploads in the background, if the folder is a URL."""

BATCH: Final = 4096
"""Scalars per batch: enough to make numpy's fixed costs negligible, few enough to encode in a few milliseconds."""

BATCH_BYTES: Final = 1 << 20
"""Bytes of other events per batch, so that images do not pile up in memory."""

_CHUNK: Final = 1 << 13
"""Points of `add_scalar_columns` per batch: few enough for intermediate results to stay in the cache."""

UNWRITTEN_BYTES: Final = 64 << 20
"""Bytes of records that are kept for a retry while the file cannot be written. Further events are dropped, and the
error reports their number."""

FILE_VERSION: Final = "brain.Event:2"
WRITER_NAME: Final = "tbevents.writing.event_file"

_SIMPLE: Final = ScalarForm.SIMPLE  # an attribute lookup on the class would dominate the time of some calls
_uids: Final = itertools.count()


@untraced_methods
class EventFileWriter(TakesDefaultMetadata):
    """Writes one event file.

    Each call validates and converts its arguments and appends the event to a list. A batch is encoded, and written with
    one system call, when it is full, on `flush`, and by a background thread at most `flush_secs` after the call. The
    file is opened for each batch and closed afterwards, so a writer holds no file descriptor.

    Threads may share a writer; the events of each thread stay in order. Signal handlers may use it, too. After a fork,
    the child writes to its own file. So does a copy or a pickled writer: both carry only the configuration.
    An interrupt (Ctrl-C) during a call neither loses nor repeats logged events: `flush` may be called again, and an
    interrupted `close` leaves the writer open. The event of the interrupted call itself may or may not be logged. A
    second `flush` writes the events logged since the first; a second `close` does nothing.

    The file always consists of complete records. If the disk is full, the records that fit are written. Records that
    could not be written are kept, up to 64 MiB, and retried with the next batch; further events are dropped and counted
    in `lost`. The next call reports an error from the background thread.

    If something else removed, renamed, truncated, replaced or appended to the file, or removed its folder, logging
    continues in a new file in the same folder, with all events since the last successful write. A `WriterWarning`
    names the old file, whatever `on_error` is.

    If `logdir` is a URL, the file is a sequence of objects. Events are written to a temporary local folder, and
    uploaded by another thread: on `flush` and `close`, which wait until everything is there, and every `upload_secs`.
    An upload that fails is tried again by the next one. An interrupt ends the wait, not the upload. After a failed or
    interrupted `close`, the upload is tried again with those of other writers, and when the process ends; each error
    names the local folder. A forked child uploads objects of its own.

    Args:
        logdir: the folder, or its URL (needs the extra `remote`); created if it does not exist. A bucket must exist.
        max_queue: only kept as an attribute, for code that reads it. A batch holds 4,096 scalars or 1 MiB.
        flush_secs: seconds, at least 0, until an event is passed to the operating system. Below 0.01, each call writes.
        filename_suffix: appended to the file's name.
        clock: returns the seconds since 1970, for the file's name and for events without a time.
        hostname: the host name in the file's name; this machine's by default.
        on_error: what to do if a write fails, or a file or folder cannot be created. ``"raise"`` raises OSError, here
            or at the next call. ``"warn"`` never raises it: the writer issues one `WriterWarning` for each cause, keeps
            what it can, and counts the rest in `lost`. Wrong arguments are errors in both cases.
        log_dir: torch's name for `logdir`.
        upload_secs: for a URL: seconds, at least 0, between two uploads in the background.

    Attributes:
        closed: True after `close`.
        lost: the number of logged events that were dropped because they could not be written.

    Raises:
        OSError: if the folder or file cannot be created and `on_error` is ``"raise"``; for a URL, it is an UploadError.
        MissingExtraError: if `logdir` is a URL and fsspec, or the file system, is not installed.
        TypeError, ValueError: if an argument has the wrong type or value.
    """

    def __init__(
        self,
        logdir: files.StrPath | None = None,
        max_queue: int = 10,
        flush_secs: float = DEFAULT_FLUSH_SECS,
        filename_suffix: str = "",
        *,
        clock: Callable[[], float] = time.time,
        hostname: str | None = None,
        on_error: OnError | Failures = "raise",
        log_dir: files.StrPath | None = None,
        upload_secs: float = DEFAULT_UPLOAD_SECS,
    ) -> None:
        folder = log_dir if logdir is None else logdir
        if folder is None or None not in (log_dir, logdir):
            raise TypeError(f"EventFileWriter needs either logdir or log_dir, not {logdir!r} and {log_dir!r}")
        self._logdir = files.path_string(folder, "logdir")
        self.flush_secs: float = _as_seconds(flush_secs, "flush_secs")
        self.upload_secs: float = _as_seconds(upload_secs, "upload_secs")
        if not isinstance(filename_suffix, str) or {"/", "\0", os.sep} & set(filename_suffix):
            raise ValueError(f"filename_suffix must be a str without path separators, not {filename_suffix!r}")
        self._folder = files.anchored(self._logdir, os.getcwd())  # a script may change its working directory
        self.max_queue = max_queue
        self.filename_suffix = filename_suffix
        self._clock = clock
        self._hostname = hostname
        self._failures = on_error if isinstance(on_error, Failures) else Failures(on_error)
        self.on_error: OnError = self._failures.on_error
        self.default_metadata = {}
        self._start()
        self._open_or_report()

    def _new_file(self) -> RecordFile:
        if not remote.is_url(self._folder):
            return RecordFile()
        from tbevents.writing.object_file import ObjectFile  # here: it costs some milliseconds

        return ObjectFile(self._folder, self.upload_secs)

    def _start(self) -> None:
        """Sets the state of a writer without events and without a file."""
        self.closed: bool = False
        self._ended = False  # True if the process is ending: nothing runs in the background any more
        # Logged events, in the layout of `encoder`. Extended without the lock; only the holder of the lock removes
        # items, from the front. Both operations are atomic in CPython.
        self._pending: list[Item] = []
        self._batch = object()  # replaced whenever items are removed
        self._series: dict[SeriesKey, int] = {}  # key -> number. A tag alone means ScalarForm.SIMPLE: the hot path.
        self._keys: list[SeriesKey] = []  # by number; only ever appended to
        self._encoder: Encoder | None = None  # None while in use, so that an interrupted one is not used again
        self._file = self._new_file()
        self.lost: int = 0
        self._unreported = 0  # dropped events that no error has reported yet
        self._disturbed: list[tuple[str, str]] = []  # abandoned files and why, without a warning yet
        self._error: Exception | None = None  # an error of the background thread, for the next call
        self._bytes = 0  # size of the pending events that are not scalars; an estimate, since it is not locked
        self._at_once = True  # if True, each call writes
        self._threshold = 1  # the number of pending items at which a call runs `_after_add`; set by `_rearm`
        self._lock = threading.RLock()  # re-entrant: a signal handler may flush or close during a flush

    @property
    def path(self) -> str | None:
        """The absolute path, or the URL of the current object.

        None if creating the file failed, and before a forked child's or a copy's first call.
        """
        return self._file.location

    # The FileWriter of torch and tensorboardX has the writer of the file, and its name, under these names.

    @property
    def event_writer(self) -> EventFileWriter:
        """This writer."""
        return self

    _ev_writer = event_writer

    @property
    def _file_name(self) -> str | None:
        return self.path

    @property
    def default_metadata(self) -> Mapping[str, Any]:
        """The defaults that `use_metadata` set: "global_step", "walltime"; empty outside its ``with`` block."""
        return self._default_metadata

    @default_metadata.setter
    def default_metadata(self, metadata: Mapping[str, Any]) -> None:
        self._default_metadata = metadata
        self._default_step = metadata.get("global_step")  # for calls without a step
        walltime = metadata.get("walltime")
        self._now = self._clock if walltime is None else functools.partial(float, walltime)

    # -- adding events -------------------------------------------------------------------------------------------

    @graph_break
    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: Any = None, form: ScalarForm = _SIMPLE
    ) -> None:
        """Adds one scalar.

        Args:
            tag: written unchanged.
            scalar_value: a number, or an array or tensor of one element. NaN and infinities are allowed.
            global_step: converted by int(), which truncates a float. None leaves the field out, which is read as 0.
            walltime: seconds since 1970; None means now.
            form: how the value is written.

        Raises:
            TypeError, ValueError: if an argument has the wrong type or value; the message names it. Nothing was added.
            OSError: if an earlier batch could not be written. This event was added.
        """
        series = self._series.get(tag if form is _SIMPLE else (tag, form._value_)) if type(tag) is str else None
        try:
            event = (
                self._add_series(tag, form) if series is None else series,
                global_step
                if type(global_step) is int and -0x8000000000000000 <= global_step <= 0x7FFFFFFFFFFFFFFF
                else as_step(self._default_step if global_step is None else global_step),
                self._now() if walltime is None else as_wall_time(walltime),
                scalar_value if type(scalar_value) is float else as_float(scalar_value, text=True),
            )
        except (TypeError, ValueError) as error:
            raise about(tag, error) from None
        self._pending.extend(event)
        if len(self._pending) >= self._threshold:
            self._after_add(event)

    def add_scalar_columns(
        self, tag: str, steps: Any, values: Any, wall_times: Any = None, form: ScalarForm = _SIMPLE
    ) -> None:
        """Adds many points of one series, far faster than one by one.

        Args:
            tag: written unchanged.
            steps: integers, shape (n,); floats are truncated.
            values: numbers, shape (n,).
            wall_times: seconds since 1970, shape (n,), or one number for all points; None means now.
            form: how the values are written.

        Raises:
            TypeError, ValueError: if an argument has the wrong type or value; the message names it. Nothing was added.
            OSError: if a batch could not be written. These points were added.
        """
        try:
            series = self._add_series(tag, form)
            points = as_points(steps, values, wall_times, self._now())
        except (TypeError, ValueError) as error:
            raise about(tag, error) from None
        for start in range(0, len(points.steps), _CHUNK):
            self._add_other(Columns(series, points.part(start, start + _CHUNK)), BATCH_BYTES)  # each is one batch

    def add_summary(self, summary: Message | bytes, global_step: Any = None, walltime: Any = None) -> None:
        """Adds an Event with a Summary.

        Args:
            summary: a Summary message of any library, or its serialised bytes.
            global_step: as in `add_scalar`.
            walltime: as in `add_scalar`.

        Raises:
            TypeError, ValueError, OSError: as `add_scalar` does.
        """
        message = Event()
        message.summary.SetInParent()
        parse_message(message.summary, summary, "summary")
        self._add_message(message, as_step(self._default_step if global_step is None else global_step), walltime)

    def add_event(self, event: Message | bytes, step: Any = None, walltime: Any = None) -> None:
        """Adds an Event.

        Args:
            event: an Event message of any library, or its serialised bytes. It is not changed.
            step: replaces the event's step, unless None.
            walltime: seconds since 1970; replaces the event's time. If None, an event without a time gets the current
                time.

        Raises:
            TypeError, ValueError, OSError: as `add_scalar` does.
        """
        message = Event()
        parse_message(message, event, "event")
        step = self._default_step if step is None else step
        self._add_message(message, message.step if step is None else as_step(step, "step"), walltime)

    def _add_message(self, message: Event, step: int, walltime: Any) -> None:
        message.step = step
        if walltime is not None:
            message.wall_time = as_wall_time(walltime)
        elif not message.wall_time:
            message.wall_time = self._now()
        payload = message.SerializeToString()
        if len(payload) > MAX_LENGTH:
            raise ValueError(f"event is too large for the format: {len(payload)} bytes, but the limit is {MAX_LENGTH}")
        self._add_other(payload, len(payload))

    def _add_other(self, other: bytes | Columns, size: int) -> None:
        event = (OTHER, other, None, None)
        self._pending.extend(event)
        self._bytes += size
        if len(self._pending) >= self._threshold or self._bytes >= BATCH_BYTES:
            self._after_add(event)

    def get_logdir(self) -> str:
        """Returns the folder, as it was given."""
        return self._logdir

    @untraced
    def _add_series(self, tag: str, form: ScalarForm) -> int:
        """Returns the number of a series; a new series gets the next number.

        This needs no lock, with or without a global interpreter lock, and a signal handler may run in between: each
        step is atomic, and a number always means the key at that index. Two threads that add the same new key at the
        same time may give it two numbers.
        """
        tag = checked_tag(tag)
        key: SeriesKey = tag if form is ScalarForm.SIMPLE else (tag, form.value)
        if (known := self._series.get(key)) is not None:
            return known
        start = len(self._keys)
        self._keys.append(key)
        return self._series.setdefault(key, self._keys.index(key, start))

    @untraced
    def _after_add(self, event: tuple[Item, ...]) -> None:
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
                if all(map(operator.is_, self._pending[at : at + ITEMS], event)):
                    del self._pending[at : at + ITEMS]
                    raise ValueError(f"{self!r} accepts no more events; make a new one, or call reopen()")
            # The event was added before the end of `close`, which has written it.

    # -- writing -------------------------------------------------------------------------------------------------

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
            if self.closed:
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

    def __enter__(self) -> EventFileWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EventFileWriter({self.path or self._logdir!r}{', closed' if self.closed else ''})"

    def __del__(self) -> None:
        # A writer that was never closed: its events are written, and the interpreter prints an error. (`closed` is
        # missing if the constructor failed; then there is nothing to do.)
        # An upload goes on in the background: the garbage collector may run in a thread that it needs.
        if getattr(self, "closed", True) is False:
            self._close()

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _CONFIGURATION}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._failures = Failures(self.on_error)
        self.default_metadata = {}
        self._start()

    # -- for the flusher -----------------------------------------------------------------------------------------

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
                lost = self._file.unwritten_events() + count_events(self._pending)
                self._file.blocks = ()
                self._pending.clear()
                self.lost += lost
                self._unreported += lost
                self._failures.lose(lost)
            self._complete(error)
            if not warns:
                raise  # here: raised from another function, it would form a cycle that keeps the writer alive
            self._failures.warn_of(error)
        finally:
            earlier = None  # this would form a cycle, too
            self._rearm()
            self._warn_of_disturbed()

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
                self.lost += lost
                self._unreported += lost
            else:
                self._file.blocks += (block,)
            del self._pending[:count]
            self._batch = next_batch
            self._bytes = 0
            self._failures.lose(lost)

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
        source = SourceMetadata(writer=WRITER_NAME)
        header = Event(wall_time=self._clock(), file_version=FILE_VERSION, source_metadata=source)
        self._file.create(self._folder, self._new_name, encode_record(header.SerializeToString()))

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


def _as_seconds(seconds: Any, name: str) -> float:
    number = as_float(seconds, name=name)
    if not number >= 0:
        raise ValueError(f"{name} must be a number of seconds, 0 or more, not {seconds!r}")
    return number


_CONFIGURATION: Final = (
    "_logdir",
    "_folder",
    "max_queue",
    "flush_secs",
    "filename_suffix",
    "_clock",
    "_hostname",
    "on_error",
    "upload_secs",
)
"""The attributes that are copied and pickled."""
