"""One event file: takes events, keeps them in call order, writes them in batches of whole records."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Final

from tbevents import files
from tbevents.framing import MAX_LENGTH, encode_record
from tbevents.proto import Event, SourceMetadata, Summary
from tbevents.scalar_event import STEP_RANGE, Form, ScalarEncoder
from tbevents.tensors import as_float
from tbevents.writing import flusher
from tbevents.writing.sink import Message

__all__ = ["DEFAULT_FLUSH_SECS", "EventFileWriter"]

DEFAULT_FLUSH_SECS: Final = 2.0
"""Seconds after which what was logged is with the operating system: soon enough for a live TensorBoard."""

BATCH: Final = 1024
"""Scalars that make a batch: enough for numpy's fixed costs to vanish, few enough to encode in a millisecond."""

BATCH_BYTES: Final = 1 << 20
"""Bytes of other events that make a batch, so that images do not pile up in memory."""

FILE_VERSION: Final = "brain.Event:2"
WRITER_NAME: Final = "tbevents.writing.event_file"

_O_BINARY: Final = getattr(os, "O_BINARY", 0)  # Windows only
_uids: Final = itertools.count()


class EventFileWriter:
    """Writes one event file.

    A call validates, converts and appends to a list; a batch is encoded and written with one system call when
    it is full, on `flush`, and at most `flush_secs` after the call by a thread of the process. The file is
    opened for each batch and closed behind it, so a writer holds no descriptor, and a file or folder that was removed
    is an error rather than a loss. Safe to use from many threads. After a fork the child writes a file of its own.

    What fails in the background is raised, as OSError, by the next call. Only whole records are ever left on disk, and
    what could not be written is kept and tried again with the next batch.

    Args:
        logdir: the folder; made where it is missing.
        max_queue: kept as an attribute, for code that reads it. A batch here holds 1,024 scalars or 1 MiB.
        flush_secs: seconds, at least 0, after which what was taken is with the operating system; 0 writes at each call.
        filename_suffix: added to the file's name.
        clock: seconds since 1970, for the file's name and for events without a time of their own.
        hostname: for the file's name; this machine's by default.

    Attributes:
        path: the file.

    Raises:
        OSError: the folder or file cannot be made.
        ValueError: `flush_secs` or `filename_suffix` is impossible.
    """

    def __init__(
        self,
        logdir: files.StrPath,
        max_queue: int = 10,
        flush_secs: float = DEFAULT_FLUSH_SECS,
        filename_suffix: str = "",
        *,
        clock: Callable[[], float] = time.time,
        hostname: str | None = None,
    ) -> None:
        self._logdir = files.path_string(logdir, "logdir")
        if not isinstance(flush_secs, (int, float)) or not flush_secs >= 0:
            raise ValueError(f"flush_secs must be a number of seconds, 0 or more, not {flush_secs!r}")
        if not isinstance(filename_suffix, str) or {"/", "\0", os.sep} & set(filename_suffix):
            raise ValueError(f"filename_suffix must be a str without separators, not {filename_suffix!r}")
        self.max_queue = max_queue
        self.flush_secs = float(flush_secs)
        self.filename_suffix = filename_suffix
        self._clock = clock
        self._hostname = socket.gethostname() if hostname is None else hostname
        self._start()
        self._open()

    def _start(self) -> None:
        """The state of a writer that has taken nothing and opened nothing."""
        self.path: str | None = None
        self.closed = False
        # Appended to without a lock, drained from the front under it: both are atomic in CPython.
        # A scalar is a tuple (series, step, wall_time, value), any other event its serialised bytes.
        self._pending: list[tuple[int, int, float, float] | bytes] = []
        self._series: dict[tuple[str, Form] | str, int] = {}  # a tag alone stands for Form.SIMPLE: the hot path
        self._encoder = ScalarEncoder()
        self._unwritten = b""  # whole records that the last attempt could not write
        self._size = 0  # of the file: whole records only
        self._error: OSError | None = None
        self._bytes = 0  # of the pending events that are no scalars; an estimate, since it is not locked
        self._threshold = 1  # pending events that make a batch; 1 so that the first one after a fork opens the file
        self._lock = threading.RLock()  # re-entrant: a collected writer is closed by whoever runs at that moment

    # -- taking events -------------------------------------------------------------------------------------------

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: Any = None, form: Form = Form.SIMPLE
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
            OSError: an earlier batch could not be written.
        """
        series = self._series.get(tag if form is Form.SIMPLE else (tag, form)) if tag.__class__ is str else None
        self._pending.append(
            (
                self._add_series(tag, form) if series is None else series,
                global_step
                if global_step.__class__ is int and -0x8000000000000000 <= global_step <= 0x7FFFFFFFFFFFFFFF
                else as_step(global_step),
                self._clock() if walltime is None else as_wall_time(walltime),
                scalar_value if scalar_value.__class__ is float else as_float(scalar_value),
            )
        )
        if len(self._pending) >= self._threshold or self._error is not None or self.closed:
            self._after_add()

    def add_summary(self, summary: Message | bytes, global_step: Any = None, walltime: Any = None) -> None:
        """Takes a Summary (anyone's message, or its bytes), wrapped into an Event.

        Args:
            summary: anything with SerializeToString, or the serialised bytes.
            global_step: as in `add_scalar`.
            walltime: as in `add_scalar`.
        """
        serialised = summary if isinstance(summary, bytes) else summary.SerializeToString()
        event = Event(summary=Summary.FromString(serialised))
        self.add_event(event, global_step, walltime)

    def add_event(self, event: Message, step: Any = None, walltime: Any = None) -> None:
        """Takes an Event (anyone's message).

        Args:
            event: anything with SerializeToString. It is not changed.
            step: replaces the event's, where not None.
            walltime: seconds since 1970; replaces the event's time. Where None, an event without a time gets the
                present one.
        """
        message = Event.FromString(event.SerializeToString())
        if step is not None:
            message.step = as_step(step)
        if walltime is not None:
            message.wall_time = as_wall_time(walltime)
        elif not message.wall_time:
            message.wall_time = self._clock()
        payload = message.SerializeToString()
        if len(payload) > MAX_LENGTH:
            raise ValueError(f"event is too large for the format: {len(payload)} bytes, the limit is {MAX_LENGTH}")
        self._pending.append(payload)
        self._after_add(len(payload))

    def get_logdir(self) -> str:
        """The folder, as it was given."""
        return self._logdir

    # -- writing -------------------------------------------------------------------------------------------------

    def flush(self, sync: bool = False) -> None:
        """Returns when all that was taken is with the operating system; with `sync`, when it is on disk.

        Raises:
            OSError: it could not be written. It is kept, and tried again with the next batch.
        """
        with self._lock:
            self._drain(sync)

    def close(self) -> None:
        """Flushes, and takes nothing more. Closing again does nothing.

        Raises:
            OSError: the rest could not be written. The writer is closed all the same.
        """
        with self._lock:
            if self.closed:
                return
            try:
                if self.path is not None or self._pending:
                    self._drain()
            finally:
                self.closed = True

    def reopen(self) -> None:
        """After `close`: goes on, in a new file. Otherwise does nothing."""
        with self._lock:
            if self.closed:
                self._start()
                self._open()

    def __enter__(self) -> EventFileWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EventFileWriter({self.path or self._logdir!r}{', closed' if self.closed else ''})"

    def __del__(self) -> None:
        # A writer that its owner dropped: what it took is written all the same. (Not so where the constructor failed.)
        if getattr(self, "closed", True) is False:
            try:
                self.close()
            except OSError as error:
                warnings.warn(f"{self.path}: lost what was logged last: {error}", ResourceWarning, stacklevel=2)

    def drain_in_background(self) -> None:
        """For the flusher: writes what is pending; an error is kept for the caller's next call."""
        with self._lock:
            if (self._pending or self._unwritten) and not self.closed:
                try:
                    self._drain()
                except OSError as error:
                    self._error = error

    def forget(self) -> None:
        """For a forked child: what is pending is the parent's to write. The next call opens a file of this process."""
        closed = self.closed
        self._start()
        self.closed = closed

    def _add_series(self, tag: str, form: Form) -> int:
        if not isinstance(tag, str):
            raise TypeError(f"tag must be a str, not {type(tag).__name__}: {tag!r}")
        tag = str(tag)  # of a subclass, numpy's for instance
        try:
            tag.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"tag cannot be encoded as UTF-8: {tag!r} ({error.reason})") from None
        with self._lock:
            key = tag if form is Form.SIMPLE else (tag, form)
            if key not in self._series:
                self._series[key] = self._encoder.add_series(tag, form)
            return self._series[key]

    def _after_add(self, size: int = 0) -> None:
        """What an addition may have to do, besides appending."""
        if self.closed:
            self._pending.clear()
            raise ValueError(f"{self!r} takes nothing more; a new one, or reopen(), goes on in a new file")
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        self._bytes += size
        if len(self._pending) >= self._threshold or self._bytes >= BATCH_BYTES:
            with self._lock:
                self._drain()

    def _open(self) -> None:
        """Makes the file, with the record that every event file begins with. The lock is held."""
        files.make_folder(self._logdir)
        while True:
            name = files.event_file_name(self._clock(), self._hostname, os.getpid(), next(_uids), self.filename_suffix)
            path = os.path.join(self._logdir, name)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY, 0o666))
            except FileExistsError:
                continue
            break
        self.path = path
        header = Event(
            wall_time=self._clock(),
            file_version=FILE_VERSION,
            source_metadata=SourceMetadata(writer=WRITER_NAME),
        )
        self._unwritten = encode_record(header.SerializeToString())
        self._write(sync=False)
        self._threshold = BATCH if self.flush_secs else 1
        flusher.watch(self)

    def _drain(self, sync: bool = False) -> None:
        """Encodes and writes all that is pending. The lock is held."""
        if self.path is None:
            self._open()
        count = len(self._pending)
        batch = self._pending[:count]
        del self._pending[:count]  # others may have appended meanwhile, behind these
        self._bytes = 0
        parts: list[bytes | bytearray] = [self._unwritten]
        for kind, items in itertools.groupby(batch, type):
            if kind is tuple:
                parts.append(self._encoder.encode(list(items)))  # type: ignore[arg-type]  # all are tuples
            else:
                parts.extend(map(encode_record, items))  # type: ignore[arg-type]  # all are bytes
        self._unwritten = b"".join(parts)
        self._write(sync)

    def _write(self, sync: bool) -> None:
        """Writes the records at hand; on failure takes back what was written of them, and keeps them."""
        assert self.path is not None
        if not self._unwritten and not sync:
            return
        # No O_CREAT: a file that was removed must not come back without its beginning.
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | _O_BINARY)
        try:
            rest = memoryview(self._unwritten)
            try:
                while rest:
                    rest = rest[os.write(fd, rest) :]
                if sync:
                    os.fsync(fd)
            except OSError as error:
                os.ftruncate(fd, self._size)
                error.filename = self.path
                raise
        finally:
            os.close(fd)
        self._size += len(self._unwritten)
        self._unwritten = b""


def as_step(step: Any, argument: str = "global_step") -> int:
    """A step as the file's int64; None is 0, which the file leaves out.

    Raises:
        TypeError: it is no number.
        ValueError: it is not finite, or beyond int64.
    """
    if step is None:
        return 0
    if isinstance(step, (str, bytes, bytearray)):
        raise TypeError(f"{argument} must be a number, not {type(step).__name__}: {step!r}")
    try:
        number = int(step)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{argument} must be a finite number: {step!r} ({error})") from None
    except TypeError:
        raise TypeError(f"{argument} must be a number, not {type(step).__name__}: {step!r}") from None
    if number not in STEP_RANGE:
        raise ValueError(f"{argument} does not fit 64 bits: {step!r}")
    return number


def as_wall_time(walltime: Any, argument: str = "walltime") -> float:
    """A time as float64 seconds since 1970.

    Raises:
        TypeError: it is no number.
    """
    if isinstance(walltime, (str, bytes, bytearray)):
        raise TypeError(f"{argument} must be seconds since 1970, not {type(walltime).__name__}: {walltime!r}")
    try:
        return float(walltime)
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must be seconds since 1970, not {type(walltime).__name__}: {walltime!r}") from None
