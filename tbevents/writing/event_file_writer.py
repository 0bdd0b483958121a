"""`EventFileWriter`: checks events and adds them to an event file."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from tbevents import files
from tbevents.format.record import MAX_LENGTH
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.values import as_float, checked_text
from tbevents.proto import Event
from tbevents.writing.batch_writer import BATCH_BYTES, BatchWriter, ClosedWriterError
from tbevents.writing.checked_points import about, as_points, as_step, as_wall_time, parse_message
from tbevents.writing.default_metadata import TakesDefaultMetadata
from tbevents.writing.encoder import Columns, SeriesKey
from tbevents.writing.failures import Failures, OnError
from tbevents.writing.latest_event import LatestEvent
from tbevents.writing.sink import Message
from tbevents.writing.untraced import graph_break, untraced, untraced_methods

DEFAULT_FLUSH_SECS: Final = 2.0
"""Seconds until a logged event is passed to the operating system: short enough for a live TensorBoard."""

DEFAULT_UPLOAD_SECS: Final = 30.0
"""Seconds between two uploads in the background, if the folder is a URL."""

_CHUNK: Final = 1 << 13
"""Points of `add_scalar_columns` per batch: few enough for intermediate results to stay in the cache."""

_SIMPLE: Final = ScalarForm.SIMPLE  # an attribute lookup on the class would dominate the time of some calls


@untraced_methods
class EventFileWriter(BatchWriter, TakesDefaultMetadata):
    """Writes one event file.

    Each call validates and converts its arguments and appends the event to a list. A batch is encoded, and written with
    one system call, when it is full, on `flush`, and by a background thread at most `flush_secs` after the call. The
    file is opened for each batch and closed afterwards, so a writer holds no file descriptor.

    Threads, forks, copies, interrupts, a file that something else changed, and a URL are handled as by `SummaryWriter`.
    Signal handlers may use the writer, too. The event of an interrupted call may or may not be logged; an interrupted
    `close` leaves the writer open.

    The file always consists of complete records. If the disk is full, the records that fit are written. Records that
    could not be written are kept, up to 64 MiB, and retried with the next batch; further events are dropped and counted
    in `lost`. The next call reports an error from the background thread.

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
        if not isinstance(filename_suffix, str) or {"/", "\0", os.sep} & set(filename_suffix):
            raise ValueError(f"filename_suffix must be a str without path separators, not {filename_suffix!r}")
        self.max_queue = max_queue
        super().__init__(
            files.anchored(self._logdir, os.getcwd()),  # a script may change its working directory
            flush_secs=_as_seconds(flush_secs, "flush_secs"),
            upload_secs=_as_seconds(upload_secs, "upload_secs"),
            filename_suffix=filename_suffix,
            clock=clock,
            hostname=hostname,
            failures=on_error if isinstance(on_error, Failures) else Failures(on_error),
        )
        self.default_metadata = {}
        self._open_or_report()

    # The FileWriter of torch and tensorboardX has the writer of the file, and its name, under these names.

    @property
    def event_writer(self) -> EventFileWriter:
        """This writer."""
        return self

    _ev_writer = event_writer

    @property
    def _file_name(self) -> str | None:
        return self.path

    def _set_defaults(self, metadata: Mapping[str, Any]) -> None:
        self._default_metadata = metadata
        self._default_step = metadata.get("global_step")  # for calls without a step
        walltime = metadata.get("walltime")
        self._now = self._clock if walltime is None else functools.partial(float, walltime)

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
        start, count = 0, len(points.steps)
        try:
            for start in range(0, count, _CHUNK):
                self._add(Columns(series, points.part(start, start + _CHUNK)), BATCH_BYTES)  # each is one batch
        except ClosedWriterError as error:
            error.rest = points.part(start, count)
            raise

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
        step = as_step(self._default_step if global_step is None else global_step)
        payload = self._payload(message, step, walltime)
        self._add(payload, len(payload))

    def add_latest_summary(self, summary: Message, earlier: LatestEvent | None) -> LatestEvent:
        """Adds an Event with a Summary that replaces an earlier one, which is then not written if it is still pending.

        Only one thread at a time may replace an event.

        Args:
            summary: a Summary message.
            earlier: what this method returned for the earlier one, of this writer or another; None if there is none.

        Returns:
            The event that is pending now.

        Raises:
            TypeError, ValueError, OSError: as `add_scalar` does.
        """
        message = Event()
        parse_message(message.summary, summary, "summary")
        payload, batch = self._payload(message, as_step(self._default_step), None), self._batch
        if earlier is not None:
            earlier.payload = payload
            if not earlier.taken and earlier.batch is self._batch:
                return earlier
        event = LatestEvent(payload, batch)
        self._add(event, len(payload))
        return event

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
        payload = self._payload(message, message.step if step is None else as_step(step, "step"), walltime)
        self._add(payload, len(payload))

    def _payload(self, message: Event, step: int, walltime: Any) -> bytes:
        """Returns a message with a step and time, serialised."""
        message.step = step
        if walltime is not None:
            message.wall_time = as_wall_time(walltime)
        elif not message.wall_time:
            message.wall_time = self._now()
        payload = message.SerializeToString()
        if len(payload) > MAX_LENGTH:
            raise ValueError(f"event is too large for the format: {len(payload)} bytes, but the limit is {MAX_LENGTH}")
        return payload

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
        tag = checked_text(tag)
        key: SeriesKey = tag if form is ScalarForm.SIMPLE else (tag, form.value)
        if (known := self._series.get(key)) is not None:
            return known
        start = len(self._keys)
        self._keys.append(key)
        return self._series.setdefault(key, self._keys.index(key, start))

    def __enter__(self) -> EventFileWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EventFileWriter({self.path or self._logdir!r}{', closed' if self.closed else ''})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _CONFIGURATION}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._failures = Failures(self.on_error)
        self.default_metadata = {}
        self._start()


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
