"""`SummaryWriter`, with the API of the classes of this name in torch and tensorboardX."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import methodcaller
from typing import Any, Final, NamedTuple, ParamSpec

from tbevents import files
from tbevents.forks import renew_when_forked
from tbevents.format.event import FILE_VERSION
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.values import as_float, checked_text
from tbevents.proto import Event, SessionLog, Summary
from tbevents.summary import scalar
from tbevents.summary.builders import Format, checked_format
from tbevents.summary.layouts import Charts
from tbevents.writing.batch_writer import ClosedWriterError
from tbevents.writing.checked_points import about, as_step, as_wall_time
from tbevents.writing.closing_sinks import ClosingSinks
from tbevents.writing.default_metadata import TakesDefaultMetadata
from tbevents.writing.event_file_writer import (
    DEFAULT_FLUSH_SECS,
    DEFAULT_UPLOAD_SECS,
    EventFileWriter,
)
from tbevents.writing.failures import Failures, OnError
from tbevents.writing.latest_event import LatestEvent
from tbevents.writing.logged_scalars import logged_scalars
from tbevents.writing.null_sink import NullSink
from tbevents.writing.run_methods import RunMethods
from tbevents.writing.sink import Sink
from tbevents.writing.untraced import graph_break, leave_to_python, untraced, untraced_methods

P = ParamSpec("P")

_FORMS: Final[dict[Format, ScalarForm]] = {"tf1": ScalarForm.SIMPLE, "tf2": ScalarForm.TF2}


class _Series(NamedTuple):
    """A series of `add_scalars`, and the sink that its points are written to."""

    add_scalar: Callable[..., None]  # the sink's method
    tag: str
    sink: Sink


@untraced_methods
class SummaryWriter(RunMethods, TakesDefaultMetadata):
    """Writes event files for TensorBoard; a drop-in for the `SummaryWriter` of torch and of tensorboardX.

    Calls are cheap (less than a microsecond): they validate, convert and append to a list. Events are passed to the
    operating system at most `flush_secs` later, on `flush` and on `close`. A script that ends without either loses
    nothing.

    Threads may share a writer; the points of each thread stay in order. What a thread logs while another calls `close`
    is in the closed file or in a new one. A forked child writes to its own files, and so does a copy or a pickled
    writer. An interrupt (Ctrl-C) during a call neither loses nor repeats logged events: `flush` and `close` may be
    called again, and do what is left to do. A second `flush` writes the events logged since the first; a second
    `close` does nothing. After `close`, even an interrupted one, the next call that logs continues in a new file.
    Signal handlers may log, flush and close, too.

    If something else removed, renamed, truncated, replaced or appended to an event file, or removed its folder,
    logging continues in a new file in the same folder, with all events since the last successful write. A
    `WriterWarning` names the old file, whatever `on_error` is.

    If `log_dir` is a URL such as ``s3://bucket/runs/demo``, events are written to a temporary local folder, and another
    thread uploads them: every `upload_secs`, and on `flush` and `close`, which wait until everything is there. An
    upload that fails is tried again by the next one, and no event is dropped. An interrupt ends the wait, not the
    upload. If `close` fails, or the process ends without it, the upload is tried again at the end of the process; the
    error names the local folder, which is then kept.

    ::

        with SummaryWriter("runs/demo") as writer:
            for step in range(100):
                writer.add_scalar("loss", 1 / (step + 1), step)

    In every method, `tag` is the name of the series and is written unchanged, except that `add_text` appends
    ``/text_summary`` in the TF1 form. `global_step` is converted by int(); None leaves it out, which is read as step 0.
    `walltime` is in seconds since 1970; None means now. Arrays may be numpy or JAX arrays, torch tensors (also on a
    GPU, with a gradient, or of bfloat16), or nested lists. A wrong argument raises a TypeError or ValueError that names
    the tag and the argument, and nothing is logged. If an earlier call could not be written, OSError is raised. If an
    extra must be installed, MissingExtraError names it.

    Args:
        log_dir: the run's folder: a str or Path, or a URL of any file system of fsspec (extra `remote`). By default
            ``runs/<month><day>_<time>_<hostname><comment>`` with the local time, for example
            ``runs/May04_22-14-54_laptop``.
        comment: appended to the default folder; has no effect with `log_dir`.
        purge_step: for a run that continues after a crash: TensorBoard hides points logged earlier from this step on.
        max_queue: only kept as an attribute, for code that reads it. A batch holds 4,096 scalars or 1 MiB.
        flush_secs: seconds, at least 0, until an event is passed to the operating system. The default is 2, so that a
            live TensorBoard is up to date; in torch and tensorboardX it is 120.
        filename_suffix: appended to the name of each event file.
        write_to_disk: if False, every method that logs returns at once, whatever its arguments, and no file is touched:
            for a dry run, or for all but one of several processes.
        logdir: tensorboardX's name for `log_dir`.
        format: ``"tf1"`` writes what torch and tensorboardX write. ``"tf2"`` writes scalars, histograms, images, audio
            and texts like tf.summary and Keras. TensorBoard shows both.
        scalars_in_one_run: if True, `add_scalars` keeps its series in this run, with the tags ``main_tag/key``, and
            TensorBoard's Custom Scalars page draws them together. If False, each series is a separate run.
        clock: returns the seconds since 1970.
        on_error: what to do if a write fails, or a file or folder cannot be created, for example because the disk is
            full. ``"raise"`` raises OSError, at the call or at the next one. ``"warn"`` never raises it, so that
            logging does not end a training of several days: the writer issues one `WriterWarning` for each cause, keeps
            what it can (64 MiB per file), retries, and counts the rest in `lost`. Wrong arguments are errors in both
            cases.
        upload_secs: for a URL: seconds, at least 0, between two uploads in the background. They follow `flush_secs`.

    Attributes:
        log_dir: the run's folder; `logdir` is the same.
        file_writer: the `EventFileWriter` of the run's own file; None after `close`.
        all_writers: folder -> `EventFileWriter`, including those of `add_scalars`; None after `close`.
        default_metadata: the default "global_step" and "walltime", set by `use_metadata`.
        default_bins: the edges of the bins of `add_histogram`.
        lost: the number of logged events (and embeddings) that were dropped because they could not be written, in all
            files of this writer, including closed ones.

    Raises:
        OSError: if the folder or file cannot be created and `on_error` is ``"raise"``; for a URL, it is an UploadError.
        MissingExtraError: if `log_dir` is a URL and fsspec, or the file system, is not installed.
        TypeError, ValueError: if an argument has the wrong type or value; the message names it.
    """

    def __init__(
        self,
        log_dir: files.StrPath | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = DEFAULT_FLUSH_SECS,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        *,
        logdir: files.StrPath | None = None,
        format: Format = "tf1",  # noqa: A002  # what users call it
        scalars_in_one_run: bool = False,
        clock: Callable[[], float] = time.time,
        on_error: OnError = "raise",
        upload_secs: float = DEFAULT_UPLOAD_SECS,
    ) -> None:
        if log_dir is not None and logdir is not None:
            raise ValueError(f"log_dir and logdir are the same argument, but both are given: {log_dir!r}, {logdir!r}")
        folder = log_dir if log_dir is not None else logdir
        # An empty log_dir means the default, as in torch.
        text = "" if folder is None else files.path_string(folder, "log_dir")
        if not text:
            if not isinstance(comment, str):
                raise TypeError(f"comment must be a str, not {type(comment).__name__}: {comment!r}")
            stamp = datetime.fromtimestamp(clock()).strftime("%b%d_%H-%M-%S")  # noqa: DTZ006  # local, as torch's
            text = files.subfolder("runs", f"{stamp}_{socket.gethostname()}{comment}", "comment")
        self.log_dir = text
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.write_to_disk = write_to_disk
        self.format: Format = checked_format(format)
        self.scalars_in_one_run = scalars_in_one_run
        self._form = _FORMS[self.format]
        self._directory = os.getcwd()  # a relative `log_dir` is relative to this
        self._clock = clock
        self.on_error = on_error
        self.upload_secs = upload_secs
        self._start()
        self._get_file_writer()

    def _start(self) -> None:
        """Sets the state of a writer without open files."""
        self.file_writer: Sink | None = None
        self.all_writers: dict[str, Sink] | None = None
        self._closing = ClosingSinks()
        self._lock = threading.RLock()  # for opening and closing, not for logging
        self._series: dict[str, dict[str, _Series]] = {}  # main_tag of add_scalars -> key -> series
        self._default_metadata: Mapping[str, Any] = {}
        self._charts: Charts = {}  # the charts of the Custom Scalars page
        self._layout: LatestEvent | None = None  # the event with these charts
        self._failures = Failures(self.on_error)
        renew_when_forked(self)
        leave_to_python()

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()
        self._failures.forget()

    @graph_break
    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
        *,
        display_name: str = "",
        summary_description: str = "",
    ) -> None:
        """Logs a number.

        Args:
            tag: the name of the series, written unchanged. TensorBoard groups tags by the part before the first ``/``.
            scalar_value: a number, or an array or tensor of one element (a torch tensor may be on a GPU, require a
                gradient or be bfloat16). NaN and infinities are allowed. Stored as float32; larger values become inf.
            global_step: converted by int(), which truncates a float. None leaves it out, which is read as step 0.
            walltime: seconds since 1970; None means now.
            new_style: if True, write a tensor of the `scalars` plugin instead of a `simple_value`. Has no effect with
                ``format="tf2"``.
            double_precision: if True and `new_style` is True, store float64. As in torch, it has no effect without
                `new_style`. TensorBoard's default loader (in Rust) does not show such points; its Python loader
                (``--load_fast=false``) does.
            display_name: shown instead of the tag. TensorBoard's default loader shows it, and the description, only
                with `new_style` or ``format="tf2"``.
            summary_description: shown beside the chart, as Markdown.

        Raises:
            TypeError, ValueError: if an argument has the wrong type or value; the message names it. Nothing was logged.
            OSError: if an earlier batch could not be written.
        """
        writer = self.file_writer or self._get_file_writer()
        if not (new_style or display_name or summary_description):
            try:
                writer.add_scalar(tag, scalar_value, global_step, walltime, self._form)
            except ClosedWriterError:
                if writer is self.file_writer:
                    raise
                # A lambda would make every call slower: the arguments would become cells.
                self._with_file_writer(methodcaller("add_scalar", tag, scalar_value, global_step, walltime, self._form))
        elif isinstance(new_style, str) and self.write_to_disk:
            raise TypeError(f"new_style must be a bool, not {new_style!r}; display_name must be given by keyword")
        else:
            self._log(
                global_step,
                walltime,
                scalar,
                tag,
                scalar_value,
                new_style=new_style,
                double_precision=double_precision,
                display_name=display_name,
                summary_description=summary_description,
                format=self.format,
            )

    @graph_break
    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs several numbers for one chart.

        As in torch, each key is a separate run in the folder ``<log_dir>/<main_tag>_<key>``, with one series of the tag
        `main_tag`. In the folder's name, slashes of `main_tag` become underscores; a slash in a key makes a subfolder.

        Args:
            main_tag: the tag of all series.
            tag_scalar_dict: key -> number, as in `add_scalar`.
            global_step: as in `add_scalar`.
            walltime: seconds since 1970, for all points; None means now.

        Raises:
            TypeError, ValueError: as in `add_scalar`, and if the folder of a key would be outside `log_dir`. If any key
                or value is wrong, nothing was logged.
            OSError: if an earlier batch could not be written, or a folder cannot be created.
        """
        if not self.write_to_disk:
            return
        try:
            if type(tag_scalar_dict) is not dict and not isinstance(tag_scalar_dict, Mapping):
                raise TypeError(f"tag_scalar_dict must be a mapping, not {type(tag_scalar_dict).__name__}")
            values = [
                value if type(value) is float else as_float(value, name=f"tag_scalar_dict[{key!r}]", text=True)
                for key, value in tag_scalar_dict.items()
            ]
            if self._default_metadata:
                global_step = self._step_of(global_step)
                walltime = self._default_metadata.get("walltime") if walltime is None else walltime
            walltime = self._clock() if walltime is None else as_wall_time(walltime)
            step = global_step if type(global_step) is int else as_step(global_step)
            series = self._series.get(main_tag) if type(main_tag) is str else None
            if series is None or not tag_scalar_dict.keys() <= series.keys():
                series = self._add_series(checked_text(main_tag, "main_tag"), tag_scalar_dict)
        except (TypeError, ValueError) as error:
            raise about(main_tag, error) from None
        form = self._form
        for key, value in zip(tag_scalar_dict, values, strict=True):
            while True:
                add_scalar, tag, sink = series[key]
                try:
                    add_scalar(tag, value, step, walltime, form)
                    break
                except ClosedWriterError:  # as in `_with_file_writer`
                    series = self._add_series(main_tag, tag_scalar_dict)
                    if series[key].sink is sink:
                        raise

    def add_scalar_columns(self, tag: str, steps: Any, values: Any, wall_times: Any = None) -> None:
        """Logs many points of one series at once, far faster than one call for each point.

        ::

            writer.add_scalar_columns("loss", np.arange(1_000_000), losses)

        Args:
            tag: the name of the series.
            steps: integers, shape (n,); floats are truncated.
            values: numbers, shape (n,); stored as float32.
            wall_times: seconds since 1970, shape (n,), or one number for all points; None means now.

        Raises:
            TypeError, ValueError: if an argument has the wrong type or value; the message names it. Nothing was logged.
            OSError: if a batch could not be written.
        """
        points = steps, values, wall_times

        def add(sink: Sink) -> None:
            nonlocal points
            try:
                sink.add_scalar_columns(tag, *points, self._form)
            except ClosedWriterError as error:
                if error.rest is not None:
                    points = error.rest.steps, error.rest.values, error.rest.wall_times
                raise

        self._with_file_writer(add)

    def export_scalars_to_json(self, path: files.StrPath) -> None:
        """Writes all points that `add_scalars` has logged since the writer was made or last closed to a JSON file.

        The file holds a mapping of ``<log_dir>/<main_tag>/<key>`` to a list of ``[walltime, step, value]``. NaN and
        infinities are written as ``NaN`` and ``Infinity``, as by tensorboardX, which Python's `json` reads and strict
        readers of JSON refuse.

        The values are read back from the current event files, so they are float32. If something else has changed or
        removed an event file, this raises an error, and writes no JSON.

        Args:
            path: the file; it is replaced if it exists.

        Raises:
            OSError: if a file cannot be written or read.
            DamagedFileError: if something else has changed an event file.
        """
        if not self.write_to_disk:
            return
        series = {
            f"{self.log_dir}/{main_tag}/{key}": (sink, tag)
            for main_tag, of_tag in dict(self._series).items()
            for key, (_, tag, sink) in of_tag.items()
            if isinstance(sink, EventFileWriter)
        }
        points = logged_scalars(series)
        with open(files.local_path(path, "path"), "w", encoding="utf-8") as file:
            json.dump(points, file)

    def flush(self, sync: bool = False) -> None:
        """Writes all logged events to their files; with `sync`, also waits until they are on disk.

        For a URL, waits until they are uploaded.

        Raises:
            OSError: if a write fails. The events are kept, and retried with the next batch. All other files are
                flushed. If an upload fails, it is an UploadError.
        """
        with self._lock:
            writers = list((self.all_writers or {}).values())
        with contextlib.ExitStack() as stack:  # flushes every writer, even if others raise
            stack.callback(self._closing.close)
            for writer in writers:
                # Some scripts put writers of other libraries here, which have no `sync`.
                stack.callback(writer.flush, *([sync] if hasattr(writer, "add_scalar_columns") else []))

    def close(self) -> None:
        """Flushes and closes all files. The next call that logs continues in new files; closing again does nothing.

        Raises:
            OSError: if a write fails. All files are closed nevertheless. If an upload fails, it is an UploadError; it
                names the local folder that keeps the events.
        """
        with self._lock:
            # No call, so that no interrupt and no signal handler comes in between.
            self._closing.groups += ({**(self.all_writers or {})},)
            self.file_writer = self.all_writers = None
            self._series = {}
        self._closing.close()

    def get_logdir(self) -> str:
        """Returns the run's folder."""
        return self.log_dir

    @property
    def lost(self) -> int:
        """The number of logged events (and embeddings) that were dropped because they could not be written."""
        return self._failures.lost

    @property
    def logdir(self) -> str:
        """The run's folder: tensorboardX's name for `log_dir`."""
        return self.log_dir

    def _set_defaults(self, metadata: Mapping[str, Any]) -> None:
        with self._lock:
            self._default_metadata = metadata
            for writer in list((self.all_writers or {}).values()):
                writer.default_metadata = metadata

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SummaryWriter({self.log_dir!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Returns the configuration only: a copy, for example in another process, opens its own file."""
        return {name: value for name, value in vars(self).items() if name not in _STATE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()

    def _log(self, step: Any, walltime: Any, build: Callable[P, Summary], /, *args: P.args, **kwargs: P.kwargs) -> None:
        if self.write_to_disk:
            message = build(*args, **kwargs)
            try:
                self._with_file_writer(lambda sink: sink.add_summary(message, step, walltime))
            except (TypeError, ValueError) as error:
                raise about(args[0], error) from None  # the tag

    def _with_file_writer(self, add: Callable[[Sink], None]) -> None:
        """Calls `add` with the writer of the run's own file, and again with the next one if that was closed meanwhile.

        Another thread, or a signal handler, may call `close` at any moment. No lock is held during `add`.

        Raises:
            ClosedWriterError: if a script has closed the `file_writer` itself.
        """
        while True:
            sink = self._get_file_writer()
            try:
                add(sink)
                return
            except ClosedWriterError:
                if sink is self.file_writer:
                    raise

    @untraced
    def _get_file_writer(self) -> Sink:
        """Returns the writer of the run's own file, and opens it if needed. Other libraries call this method, too."""
        with self._lock:
            while self.file_writer is None or self.all_writers is None:
                self._writer_in(self.log_dir)
                # No call, so that nothing comes in between: a signal handler may have closed it.
                if self.all_writers is not None and self.log_dir in self.all_writers:
                    self.file_writer, self.purge_step = self.all_writers[self.log_dir], None
            return self.file_writer

    def _writer_in(self, folder: str) -> Sink:
        """Returns the writer of the file in a folder."""
        with self._lock:
            if folder != self.log_dir:
                self._get_file_writer()
            while (writer := (self.all_writers or {}).get(folder)) is None:
                opened = self._open(folder) if folder != self.log_dir else self._open_own()
                opened.default_metadata = self._default_metadata
                # No call, so that nothing comes in between: a signal handler may have closed all, or opened this one.
                if self.all_writers is None:
                    self.all_writers = {}
                if folder not in self.all_writers:
                    self.all_writers[folder] = opened
            return writer

    def _open_own(self) -> Sink:
        """Opens the run's own file, which begins with the step from which on TensorBoard hides earlier points."""
        step = None if self.purge_step is None else as_step(self.purge_step, "purge_step")
        sink = self._open(self.log_dir)
        if step is not None:
            sink.add_event(Event(step=step, file_version=FILE_VERSION))
            sink.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))
        return sink

    def _open(self, folder: str) -> Sink:
        """Opens an event file in a folder, or a null sink if the writer is disabled."""
        if not self.write_to_disk:
            return NullSink(folder)
        anchored = self._anchored(folder)
        return EventFileWriter(
            anchored,
            self.max_queue,
            self.flush_secs,
            self.filename_suffix,
            clock=self._clock,
            on_error=self._failures,
            upload_secs=self.upload_secs,
        )

    def _anchored(self, folder: str) -> str:
        return files.anchored(folder, self._directory)

    @untraced
    def _add_series(self, main_tag: str, keys: Iterable[str]) -> dict[str, _Series]:
        """Adds series of `add_scalars`; returns all series of the tag."""
        with self._lock:
            while True:
                all_series = self._series  # if a signal handler closes the files, these are no longer the writer's
                known = all_series.get(main_tag, {})
                added = [checked_text(key, "a key of tag_scalar_dict") for key in keys if key not in known]
                if self.scalars_in_one_run:
                    found = self._keep_together(main_tag, known, added)
                else:
                    prefix = f"{main_tag.replace('/', '_')}_"
                    folders = [files.subfolder(self.log_dir, prefix + key, "tag_scalar_dict") for key in added]
                    files.refuse_same_folders([*(self.all_writers or ()), *folders], "tag_scalar_dict")
                    found = [_Series(sink.add_scalar, main_tag, sink) for sink in map(self._writer_in, folders)]
                series = {**known, **dict(zip(added, found, strict=True))}
                # No call, so that nothing comes in between: a signal handler may have added series.
                if main_tag not in all_series or all_series[main_tag] is known:
                    all_series[main_tag] = series
                    return series

    def _keep_together(self, main_tag: str, series: Iterable[str], added: Sequence[str]) -> list[_Series]:
        """Adds series to this run, and a chart of all series of the tag."""
        patterns = [re.escape(f"{main_tag}/{key}") + "$" for key in (*series, *added)]
        self.add_custom_scalars({main_tag.partition("/")[0]: {main_tag: ["Multiline", patterns]}})
        sink = self._get_file_writer()
        return [_Series(sink.add_scalar, f"{main_tag}/{key}", sink) for key in added]


_STATE: Final = frozenset(
    {
        "file_writer",
        "all_writers",
        "_closing",
        "_lock",
        "_series",
        "_charts",
        "_layout",
        "_default_metadata",
        "_failures",
        "_write_embedding",
    }
)
"""The attributes that `_start` sets, and what `testing.capture` adds; they are not pickled."""
