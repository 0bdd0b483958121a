"""One event file: takes events, keeps them in call order, hands them over in batches of whole records."""

from __future__ import annotations

import errno
import functools
import itertools
import operator
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tbevents import files
from tbevents.callers import callers_level
from tbevents.errors import WriterWarning
from tbevents.format.record import MAX_LENGTH, encode_record
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.values import as_float
from tbevents.proto import Event, SourceMetadata
from tbevents.summary.message import checked_tag
from tbevents.writing import flusher
from tbevents.writing.default_metadata import TakesDefaultMetadata
from tbevents.writing.encoder import ITEMS, OTHER, Block, Columns, Encoder, Item, SeriesKey, count_events
from tbevents.writing.failures import Failures, OnError
from tbevents.writing.points import about, as_points, as_step, as_wall_time, parse_message
from tbevents.writing.record_file import DisturbedFileError, RecordFile
from tbevents.writing.sink import Message
from tbevents.writing.untraced import graph_break, untraced, untraced_methods

__all__ = ["DEFAULT_FLUSH_SECS", "EventFileWriter"]

DEFAULT_FLUSH_SECS: Final = 2.0
"""Seconds after which what was logged is with the operating system: soon enough for a live TensorBoard."""

BATCH: Final = 4096
"""Scalars that make a batch: enough for numpy's fixed costs to vanish, few enough to encode in some milliseconds."""

BATCH_BYTES: Final = 1 << 20
"""Bytes of other events that make a batch, so that images do not pile up in memory."""

_CHUNK: Final = 1 << 13
"""Points of `add_scalar_columns` that make a batch: few enough for what is computed of them to stay in the cache."""

UNWRITTEN_BYTES: Final = 64 << 20
"""Bytes of records that are kept for another attempt while the file cannot be written; what comes after is dropped,
and the error says so."""

FILE_VERSION: Final = "brain.Event:2"
WRITER_NAME: Final = "tbevents.writing.event_file"

_SIMPLE: Final = ScalarForm.SIMPLE  # looking it up in its class takes longer than the rest of some calls
_uids: Final = itertools.count()


@untraced_methods
class EventFileWriter(TakesDefaultMetadata):
    """Writes one event file.

    A call validates, converts and appends to a list; a batch is encoded and written with one system call when
    it is full, on `flush`, and at most `flush_secs` after the call by a thread of the process. The file is
    opened for each batch and closed behind it, so a writer holds no descriptor.

    Threads may share a writer; each thread's events stay in its order. Signal handlers may use it, too. After a fork
    the child writes a file of its own, and so does a copy or a pickled writer: they carry the configuration only.
    An interrupt (Ctrl-C) amid a call loses and repeats nothing that was taken: `flush` may be called again, and an
    interrupted `close` leaves the writer open. The event of an interrupted addition was taken or not. A second `flush`
    writes what was taken since the first; a second `close` does nothing.

    Only whole records are left on disk. Where a disk is full, those that fit are written. What could not be written is
    kept, up to 64 MiB, and tried again with the next batch; what comes beyond that is dropped and counted in `lost`.
    What fails in the background is reported by the next call.

    Where something else removed, renamed, truncated, replaced or appended to the file, or removed its folder, a
    `WriterWarning` names the file, whatever `on_error` is, and logging goes on in a new file of the same folder. What
    was taken after the last successful write goes there.

    Args:
        logdir: the folder; made where it is missing.
        max_queue: kept as an attribute, for code that reads it. A batch here holds 4,096 scalars or 1 MiB.
        flush_secs: seconds, at least 0, after which what was taken is with the operating system; below 0.01 each call
            writes.
        filename_suffix: added to the file's name.
        clock: seconds since 1970, for the file's name and for events without a time of their own.
        hostname: for the file's name; this machine's by default.
        on_error: what happens when something cannot be written, or a file or folder cannot be made. ``"raise"`` raises
            OSError, here or at the next call. ``"warn"`` never raises for that: one `WriterWarning` is issued for each
            cause, the writer keeps what it can, and `lost` counts the rest. Wrong arguments are errors in both.
        log_dir: torch's name for `logdir`.

    Attributes:
        closed: whether `close` was called.
        lost: how many events were taken and then dropped, because they could not be written.

    Raises:
        OSError: the folder or file cannot be made, and `on_error` is ``"raise"``.
        TypeError, ValueError: `logdir`, `flush_secs`, `filename_suffix` or `on_error` is impossible; a URL is no
            logdir.
    """

    _new_file = RecordFile

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
    ) -> None:
        folder = log_dir if logdir is None else logdir
        if folder is None or None not in (log_dir, logdir):
            raise TypeError(f"EventFileWriter needs one of logdir and log_dir, not {logdir!r} and {log_dir!r}")
        self._logdir = files.local_path(folder, "logdir")
        self.flush_secs = as_float(flush_secs, name="flush_secs")
        if not self.flush_secs >= 0:
            raise ValueError(f"flush_secs must be a number of seconds, 0 or more, not {flush_secs!r}")
        if not isinstance(filename_suffix, str) or {"/", "\0", os.sep} & set(filename_suffix):
            raise ValueError(f"filename_suffix must be a str without separators, not {filename_suffix!r}")
        self._folder = os.path.join(os.getcwd(), self._logdir)  # a script may change its working directory
        self.max_queue = max_queue
        self.filename_suffix = filename_suffix
        self._clock = clock
        self._hostname = hostname
        self._failures = on_error if isinstance(on_error, Failures) else Failures(on_error)
        self.on_error = self._failures.on_error
        self.default_metadata = {}
        self._start()
        self._open_or_report()

    def _start(self) -> None:
        """The state of a writer that has taken nothing and opened nothing."""
        self.closed = False
        # What was taken, as `encoder` says. Extended without a lock; cut off at the front by whoever holds the lock.
        # Both are atomic in CPython.
        self._pending: list[Item] = []
        self._batch = object()  # another one whenever the list is cut off
        self._series: dict[
            SeriesKey, int
        ] = {}  # key -> number. A tag alone stands for ScalarForm.SIMPLE: the hot path.
        self._keys: list[SeriesKey] = []  # by number; only ever appended to
        self._encoder: Encoder | None = None  # None while in use, so that one that was interrupted is not used again
        self._file = self._new_file()
        self.lost = 0
        self._untold = 0  # events that were dropped and that no error has told of yet
        self._disturbed: list[tuple[str, str]] = []  # files that were given up and why, to be warned of
        self._error: Exception | None = None  # of the background, for the next call
        self._bytes = 0  # of the pending events that are no scalars; an estimate, since it is not locked
        self._at_once = True  # whether each call writes
        self._threshold = 1  # pending items that make a call stop and look: `_rearm`
        self._lock = threading.RLock()  # re-entrant: a signal handler may flush or close amid a flush

    @property
    def path(self) -> str | None:
        """The file, absolute; None before the first call in a forked child or a copy, or while none can be made."""
        return self._file.path

    # torch's and tensorboardX's FileWriter keep the writer of the file, and its name, in these.

    @property
    def event_writer(self) -> EventFileWriter:
        """This writer itself."""
        return self

    _ev_writer = event_writer

    @property
    def _file_name(self) -> str | None:
        return self.path

    @property
    def default_metadata(self) -> Mapping[str, Any]:
        """What `use_metadata` set: "global_step", "walltime"; empty outside of it."""
        return self._default_metadata

    @default_metadata.setter
    def default_metadata(self, metadata: Mapping[str, Any]) -> None:
        self._default_metadata = metadata
        self._default_step = metadata.get("global_step")  # of calls without one
        walltime = metadata.get("walltime")
        self._now = self._clock if walltime is None else functools.partial(float, walltime)

    # -- taking events -------------------------------------------------------------------------------------------

    @graph_break
    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: Any = None, form: ScalarForm = _SIMPLE
    ) -> None:
        """Takes one scalar.

        Args:
            tag: kept verbatim.
            scalar_value: a number, or an array or tensor of one element. NaN and infinities are legal.
            global_step: converted by int(), so that a float is truncated; None leaves the field out, which reads as 0.
            walltime: seconds since 1970; now, where None.
            form: how the value is written.

        Raises:
            TypeError, ValueError: an argument is no such thing; the message names it. Nothing was taken.
            OSError: an earlier batch could not be written. This event was taken.
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
        """Takes many points of one series, far faster than one by one.

        Args:
            tag: kept verbatim.
            steps: integers, shape (n,); floats are truncated.
            values: numbers, shape (n,).
            wall_times: seconds since 1970, shape (n,), or one number for all; now, where None.
            form: how the values are written.

        Raises:
            TypeError, ValueError: an argument is no such thing; the message names it. Nothing was taken.
            OSError: a batch could not be written. These points were taken.
        """
        try:
            series = self._add_series(tag, form)
            points = as_points(steps, values, wall_times, self._now())
        except (TypeError, ValueError) as error:
            raise about(tag, error) from None
        for start in range(0, len(points.steps), _CHUNK):
            self._add_other(Columns(series, points.part(start, start + _CHUNK)), BATCH_BYTES)  # a batch of their own

    def add_summary(self, summary: Message | bytes, global_step: Any = None, walltime: Any = None) -> None:
        """Takes a Summary (anyone's message, or its bytes), wrapped into an Event.

        Args:
            summary: anything with SerializeToString, or the serialised bytes.
            global_step: as in `add_scalar`.
            walltime: as in `add_scalar`.

        Raises:
            TypeError, ValueError, OSError: as `add_scalar`.
        """
        message = Event()
        message.summary.SetInParent()
        parse_message(message.summary, summary, "summary")
        self._add_message(message, as_step(self._default_step if global_step is None else global_step), walltime)

    def add_event(self, event: Message | bytes, step: Any = None, walltime: Any = None) -> None:
        """Takes an Event (anyone's message, or its bytes).

        Args:
            event: anything with SerializeToString, or the serialised bytes. It is not changed.
            step: replaces the event's, where not None.
            walltime: seconds since 1970; replaces the event's time. Where None, an event without a time gets the
                present one.

        Raises:
            TypeError, ValueError, OSError: as `add_scalar`.
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
            raise ValueError(f"event is too large for the format: {len(payload)} bytes, the limit is {MAX_LENGTH}")
        self._add_other(payload, len(payload))

    def _add_other(self, other: bytes | Columns, size: int) -> None:
        event = (OTHER, other, None, None)
        self._pending.extend(event)
        self._bytes += size
        if len(self._pending) >= self._threshold or self._bytes >= BATCH_BYTES:
            self._after_add(event)

    def get_logdir(self) -> str:
        """The folder, as it was given."""
        return self._logdir

    @untraced
    def _add_series(self, tag: str, form: ScalarForm) -> int:
        """The number of a series, given now if it has none.

        Needs no lock, with or without a global interpreter lock, and a signal handler may come in between: each step is
        atomic, and a number means the key at its place. Threads that meet at a new key may give it two numbers.
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
        """What an addition may have to do, besides appending."""
        with self._lock:
            if not self.closed:
                self._settle()
                return
            for at in range(0, len(self._pending), ITEMS):
                if all(map(operator.is_, self._pending[at : at + ITEMS], event)):
                    del self._pending[at : at + ITEMS]
                    raise ValueError(f"{self!r} takes nothing more; a new one, or reopen(), goes on in a new file")
            # It was there in time: `close` has written it.

    # -- writing -------------------------------------------------------------------------------------------------

    def flush(self, sync: bool = False) -> None:
        """Returns when all that was taken is with the operating system; with `sync`, when it is on disk.

        Raises:
            OSError: it could not be written, or events were lost since the last call. What could not be written is
                kept, and tried again with the next batch.
        """
        with self._lock:
            self._settle(sync)

    def close(self) -> None:
        """Flushes, and takes nothing more. Closing again does nothing.

        Raises:
            OSError: the rest could not be written and is lost. The writer is closed all the same.
        """
        with self._lock:
            if self.closed:
                return
            try:
                self.closed = True  # first, so that what another thread adds meanwhile is either written or refused
                self._rearm()
                self._settle()
            except (OSError, Warning):  # all is written, or counted as lost
                raise
            except BaseException:  # interrupted: still open, nothing is lost
                self.closed = False
                self._rearm()
                raise

    def read_back(self) -> Iterator[bytes]:
        """The bytes of the file, in pieces, with all that was taken so far."""
        if not self.closed:
            self.flush()
        if self.path is not None:
            with open(self.path, "rb") as file:
                while chunk := file.read(BATCH_BYTES):
                    yield chunk

    def reopen(self) -> None:
        """After `close`: goes on, in a new file. Otherwise does nothing."""
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
        # A writer that its owner dropped: what it took is written all the same, and an error goes to the interpreter,
        # which prints it. (There is nothing to do where the constructor failed.)
        if getattr(self, "closed", True) is False:
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _CONFIGURATION}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._failures = Failures(self.on_error)
        self.default_metadata = {}
        self._start()

    # -- for the flusher -----------------------------------------------------------------------------------------

    def drain_in_background(self) -> None:
        """Writes what is pending; an error is kept for the caller's next call."""
        with self._lock:
            if self.closed:
                return
            try:
                try:
                    self._drain()
                finally:
                    self._warn_of_disturbed()
            except Exception as error:  # whatever it is, the thread goes on to serve the others
                self._error = error
                self._rearm()

    def finish(self) -> None:
        """Writes what is pending, and from now on at each call: the process is ending."""
        with self._lock:
            self._at_once = True
            if not self.closed:
                self._settle()

    def forget(self) -> None:
        """In a forked child: what is pending is the parent's to write. The next call opens a file of this process."""
        closed = self.closed
        self._file.blocks = ()  # whoever forks in a signal handler may be amid writing them
        self._failures.forget()
        self._start()
        self.closed = closed

    # -- with the lock held --------------------------------------------------------------------------------------

    def _rearm(self) -> None:
        """Sets how many pending events make a call stop and look."""
        if self.closed or self._error is not None:
            self._threshold = 0
        else:
            self._threshold = 1 if self._at_once else ITEMS * BATCH

    def _settle(self, sync: bool = False) -> None:
        """Writes what is pending, or reports why it could not be, in full: the file, and how many events are lost."""
        warns = self.on_error == "warn"
        try:
            self._drain(sync)
            earlier, self._error = self._error, None
            if isinstance(earlier, Warning):  # the program makes errors of warnings
                raise earlier
            if self._untold and not warns:
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
                self._untold += lost
                self._failures.lose(lost)
            self._complete(error)
            if not warns:
                raise  # here: a function that got it would make a cycle, and the writer would outlive its owner
            self._failures.warn_of(error)
        finally:
            earlier = None  # no cycle either
            self._rearm()
            self._warn_of_disturbed()

    def _complete(self, error: Exception) -> None:
        """Has an error name the file, and how many events are lost."""
        if isinstance(error, OSError):
            if error.filename is None:
                error.filename = self.path
            if self._untold:
                error.strerror = f"{error.strerror} (events lost: {self._untold})"
        self._untold = 0

    def _warn_of_disturbed(self) -> None:
        """Warns of each file that was given up since the last time."""
        while self._disturbed:
            path, reason = self._disturbed.pop(0)
            text = f"{path}: {reason}; logging goes on in {self.path or 'a new file'}"
            warnings.warn(text, WriterWarning, callers_level())

    def _drain(self, sync: bool = False) -> None:
        """Encodes and writes all that is pending."""
        try:
            self._write()  # what an earlier attempt left comes first, and makes room
        except OSError:
            if len(self._pending) >= ITEMS * BATCH or self._bytes >= BATCH_BYTES:
                self._encode_pending()
            raise
        self._encode_pending()
        self._write(sync)

    def _encode_pending(self) -> None:
        """Makes a block of all that is pending, or drops it where too much waits already.

        A signal handler may raise, or flush this writer, in between: see `RecordFile` on how the state changes.
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
        if self._batch is batch:  # no handler has taken them
            if block is None:
                self.lost += lost
                self._untold += lost
            else:
                self._file.blocks += (block,)
            del self._pending[:count]
            self._batch = next_batch
            self._bytes = 0
            self._failures.lose(lost)

    def _write(self, sync: bool = False) -> None:
        """Writes what is encoded; makes the file where there is none yet, or it is not as it was left."""
        if not (self._file.blocks or (sync and self.path)):
            return
        if self.path is None:
            self._open()
        try:
            self._file.write(sync)
        except DisturbedFileError as error:
            if self.path == error.filename:  # no signal handler has gone on in another
                self._file.path = None
                self._disturbed.append((error.filename, str(error.strerror)))
            if self.path is None:
                self._open()
            self._file.write(sync)

    def _open(self) -> None:
        """Makes the file, with the record that every event file begins with."""
        # Looked after also where it cannot be made: a later attempt may succeed.
        self._at_once = not self._is_served() or self.flush_secs < flusher.SHORTEST
        self._rearm()
        source = SourceMetadata(writer=WRITER_NAME)
        header = Event(wall_time=self._clock(), file_version=FILE_VERSION, source_metadata=source)
        self._file.create(self._folder, self._new_name, encode_record(header.SerializeToString()))

    def _open_or_report(self) -> None:
        try:
            self._open()
        except OSError as error:
            if self.on_error == "raise":
                raise
            self._failures.warn_of(error)

    def _is_served(self) -> bool:
        """Whether someone drains this writer in time."""
        # Not while closing: a collected writer may be closed anywhere, also where a thread cannot be started.
        return not self.closed and flusher.watch(self)

    def _new_name(self) -> str:
        hostname = socket.gethostname() if self._hostname is None else self._hostname
        return files.event_file_name(self._clock(), hostname, os.getpid(), next(_uids), self.filename_suffix)


_CONFIGURATION: Final = (
    "_logdir",
    "_folder",
    "max_queue",
    "flush_secs",
    "filename_suffix",
    "_clock",
    "_hostname",
    "on_error",
)
"""The attributes that copies and pickles carry."""
