"""`SummaryWriter`: the API of torch's and tensorboardX's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, ParamSpec

from tbevents import files
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.values import as_float
from tbevents.proto import Event, SessionLog, Summary
from tbevents.summary import scalar
from tbevents.summary.layouts import Charts
from tbevents.summary.message import Format, checked_format, checked_tag
from tbevents.writing.default_metadata import TakesDefaultMetadata
from tbevents.writing.event_file_writer import DEFAULT_FLUSH_SECS, FILE_VERSION, EventFileWriter
from tbevents.writing.failures import Failures, OnError
from tbevents.writing.logged_scalars import Point, logged_scalars
from tbevents.writing.null_sink import NullSink
from tbevents.writing.points import as_step, as_wall_time
from tbevents.writing.run_methods import RunMethods
from tbevents.writing.sink import Sink
from tbevents.writing.untraced import graph_break, leave_to_python, untraced, untraced_methods

__all__ = ["SummaryWriter"]

P = ParamSpec("P")

_FORMS: Final[dict[Format, ScalarForm]] = {"tf1": ScalarForm.SIMPLE, "tf2": ScalarForm.TF2}


class _Series(NamedTuple):
    """Where the points of one series of `add_scalars` go."""

    add_scalar: Callable[..., None]  # of the sink
    tag: str
    sink: Sink


@untraced_methods
class SummaryWriter(RunMethods, TakesDefaultMetadata):
    """Writes event files for TensorBoard; a drop-in for torch's and tensorboardX's class of this name.

    Calls are cheap (less than a microsecond): they validate, convert and append. What was logged is with the operating
    system at most `flush_secs` later, on `flush` and on `close`; a script that ends without either loses nothing.

    Threads may share a writer; each thread's points stay in its order. A forked child goes on in files of its own, and
    so does a copy or a pickled writer. An interrupt (Ctrl-C) amid a call loses and repeats nothing that was logged:
    `flush` and `close` may be called again. A second `flush` writes what was logged since the first; a second `close`
    does nothing. After `close`, the next call that logs goes on in a new file.

    Where something else removed, renamed, truncated, replaced or appended to an event file, or removed its folder, a
    `WriterWarning` names the file, whatever `on_error` is, and logging goes on in a new file of the same folder. What
    was logged after the last successful write goes there.

    ::

        with SummaryWriter("runs/demo") as writer:
            for step in range(100):
                writer.add_scalar("loss", 1 / (step + 1), step)

    In every method, `tag` is the series' name, kept verbatim; `global_step` is converted by int() and, where None, left
    out, which reads as step 0; `walltime` is in seconds since 1970, and now, where None. Arrays may be numpy's, torch's
    (on a GPU, requiring a gradient or bfloat16 too), JAX's, or nested lists. A wrong argument is a TypeError or
    ValueError that names the tag and the argument, and nothing is logged; what an earlier call could not write is an
    OSError. MissingExtraError names the extra to install, where one is needed.

    Args:
        log_dir: the run's folder, a str or Path. By default ``runs/<month><day>_<time>_<hostname><comment>``, with the
            local time, for instance ``runs/May04_22-14-54_laptop``.
        comment: added to the default folder; no effect with `log_dir`.
        purge_step: where a run that crashed goes on: says to TensorBoard that points from this step on, logged
            before, are to be hidden.
        max_queue: kept as an attribute, for code that reads it. A batch here holds 4,096 scalars or 1 MiB.
        flush_secs: seconds, at least 0, after which what was logged is with the operating system. torch and
            tensorboardX say 120; here it is 2, so that a live TensorBoard shows what is going on.
        filename_suffix: added to the name of each event file.
        write_to_disk: False makes every method return at once, whatever its arguments, and touches no file: for all but
            one of many processes, or a dry run.
        logdir: tensorboardX's name for `log_dir`.
        format: ``"tf1"`` writes what torch and tensorboardX do; ``"tf2"`` scalars, histograms, images, audio and texts
            as tf.summary and Keras do. TensorBoard shows both.
        scalars_in_one_run: makes `add_scalars` keep its series in this run, as the tags ``main_tag/key``, drawn
            together on TensorBoard's Custom Scalars page, instead of making each a run of its own.
        clock: gives the seconds since 1970.
        on_error: what happens when something cannot be written, or a file or folder cannot be made: a full disk, for
            instance. ``"raise"`` raises OSError, at the call or at the next one. ``"warn"`` never raises for that,
            so that a training of days is not ended by a log line: one `WriterWarning` is issued for each cause, the
            writer keeps what it can (64 MiB for each file) and tries again, and `lost` counts the rest. Wrong
            arguments are errors in both.

    Attributes:
        log_dir: the run's folder; `logdir` is the same.
        file_writer: the `EventFileWriter` of the run's own file; None after `close`.
        all_writers: folder -> `EventFileWriter`, those of `add_scalars` included; None after `close`.
        default_metadata: "global_step" and "walltime" of calls that name none: what `use_metadata` set.
        default_bins: the edges of the bins of `add_histogram`.
        lost: how many events (and embeddings) were logged and then dropped, because they could not be written; those
            of all files of this writer, closed ones included.

    Raises:
        OSError: the folder or file cannot be made, and `on_error` is ``"raise"``.
        TypeError, ValueError: an argument is impossible; the message names it.
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
    ) -> None:
        if log_dir is not None and logdir is not None:
            raise ValueError(f"log_dir and logdir are two names of one argument: {log_dir!r}, {logdir!r}")
        folder = log_dir if log_dir is not None else logdir
        # An empty log_dir means the default, as in torch.
        text = "" if folder is None else files.local_path(folder, "log_dir")
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
        self.format = checked_format(format)
        self.scalars_in_one_run = scalars_in_one_run
        self._form = _FORMS[self.format]
        self._directory = os.getcwd()  # what a relative `log_dir` means
        self._clock = clock
        self.on_error = on_error
        self._start()
        self._get_file_writer()

    def _start(self) -> None:
        """The state of a writer that has opened nothing."""
        self.file_writer: Sink | None = None
        self.all_writers: dict[str, Sink] | None = None
        self._lock = threading.RLock()  # for opening and closing, not for logging
        self._series: dict[str, dict[str, _Series]] = {}  # main_tag of add_scalars -> key -> series
        self._default_metadata: Mapping[str, Any] = {}
        self._charts: Charts = {}  # what the Custom Scalars page shows
        self._failures = Failures(self.on_error)
        _writers.add(self)
        leave_to_python()

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
            tag: the series' name, kept verbatim; TensorBoard groups by what stands before the first ``/``.
            scalar_value: a number, or an array or tensor of one element (torch's may be on a GPU, require a gradient or
                be bfloat16). NaN and infinities are legal. Stored as float32; beyond that is inf.
            global_step: converted by int(), so that a float is truncated. None leaves it out, which reads as step 0.
            walltime: seconds since 1970; now, where None.
            new_style: write a tensor of plugin `scalars` instead of `simple_value`. No effect with ``format="tf2"``.
            double_precision: with `new_style`, store float64; no effect without, as in torch. TensorBoard's default
                loader, the one in Rust, shows no such points; the one in Python (``--load_fast=false``) does.
            display_name: shown in place of the tag. TensorBoard's default loader shows it, and the description, with
                `new_style` or ``format="tf2"`` only.
            summary_description: shown beside the chart, as Markdown.

        Raises:
            TypeError, ValueError: an argument is no such thing; the message names it. Nothing was logged.
            OSError: an earlier batch could not be written.
        """
        writer = self.file_writer or self._get_file_writer()
        if not (new_style or display_name or summary_description):
            writer.add_scalar(tag, scalar_value, global_step, walltime, self._form)
        elif isinstance(new_style, str):
            raise TypeError(f"new_style must be a bool, not {new_style!r}; display_name is a keyword")
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
        """Logs several numbers that belong into one chart.

        Each key is a run of its own, as in torch: the folder ``<log_dir>/<main_tag>_<key>``, with the slashes of
        `main_tag` as underscores, holding one series with the tag `main_tag`. A slash in a key nests.

        Args:
            main_tag: the tag of all the series.
            tag_scalar_dict: key -> number, as in `add_scalar`.
            global_step: as in `add_scalar`.
            walltime: seconds since 1970, for all the points; now, where None.

        Raises:
            TypeError, ValueError: as in `add_scalar`, or a key would make a folder outside `log_dir`. Where a key or a
                value is wrong, nothing of the call was logged.
            OSError: an earlier batch could not be written, or a folder cannot be made.
        """
        if not self.write_to_disk:
            return
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
            series = self._add_series(checked_tag(main_tag, "main_tag"), tag_scalar_dict)
        form = self._form
        for key, value in zip(tag_scalar_dict, values, strict=True):
            add_scalar, tag, _ = series[key]
            add_scalar(tag, value, step, walltime, form)

    def add_scalar_columns(self, tag: str, steps: Any, values: Any, wall_times: Any = None) -> None:
        """Logs a whole series at once, at a fraction of the cost of a call for each point.

        ::

            writer.add_scalar_columns("loss", np.arange(1_000_000), losses)

        Args:
            tag: the series' name.
            steps: integers, shape (n,); floats are truncated.
            values: numbers, shape (n,); stored as float32.
            wall_times: seconds since 1970, shape (n,), or one number for all; now, where None.

        Raises:
            TypeError, ValueError: an argument is no such thing; the message names it. Nothing was logged.
            OSError: a batch could not be written.
        """
        self._get_file_writer().add_scalar_columns(tag, steps, values, wall_times, self._form)

    def export_scalars_to_json(self, path: files.StrPath) -> None:
        """Writes what `add_scalars` has logged since the writer was made, or last closed, to a JSON file.

        It is a mapping of ``<log_dir>/<main_tag>/<key>`` to a list of ``[walltime, step, value]``. The values are read
        back from the event files, so they are float32.

        Args:
            path: the file, which is replaced.

        Raises:
            OSError: a file cannot be written or read.
        """
        if not self.write_to_disk:
            return
        tags: dict[Sink, list[str]] = {}
        for series in (dict(self._series)).values():
            for _, tag, sink in series.values():
                tags.setdefault(sink, []).append(tag)
        logged = {sink: logged_scalars(sink, tags[sink]) for sink in tags if isinstance(sink, EventFileWriter)}
        points: dict[str, list[Point]] = {
            f"{self.log_dir}/{main_tag}/{key}": logged[sink][tag]
            for main_tag, series in self._series.items()
            for key, (_, tag, sink) in series.items()
            if isinstance(sink, EventFileWriter)
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(points, file)

    def flush(self, sync: bool = False) -> None:
        """Returns when all that was logged is with the operating system; with `sync`, when it is on disk.

        Raises:
            OSError: something could not be written. It is kept, and tried again with the next batch. All other files
                are flushed all the same.
        """
        with self._lock:
            writers = list((self.all_writers or {}).values())
        with contextlib.ExitStack() as stack:  # flushes each, whatever the others raise
            for writer in writers:
                # Other libraries' writers, which some scripts put there, know no `sync`.
                stack.callback(writer.flush, *([sync] if hasattr(writer, "add_scalar_columns") else []))

    def close(self) -> None:
        """Flushes and closes all files. The next call that logs goes on in new ones; closing again does nothing.

        Raises:
            OSError: something could not be written. All files are closed all the same.
        """
        with self._lock:
            writers, self.file_writer, self.all_writers = self.all_writers or {}, None, None
            self._series = {}
        with contextlib.ExitStack() as stack:  # closes each, whatever the others raise
            for writer in writers.values():
                stack.callback(writer.close)

    def get_logdir(self) -> str:
        """The run's folder."""
        return self.log_dir

    @property
    def lost(self) -> int:
        """How many events (and embeddings) were logged and then dropped, because they could not be written."""
        return self._failures.lost

    @property
    def logdir(self) -> str:
        """The run's folder: tensorboardX's name for `log_dir`."""
        return self.log_dir

    @property
    def default_metadata(self) -> Mapping[str, Any]:
        """What `use_metadata` set: "global_step", "walltime"; empty outside of it."""
        return self._default_metadata

    @default_metadata.setter
    def default_metadata(self, metadata: Mapping[str, Any]) -> None:
        with self._lock:
            self._default_metadata = metadata
            for writer in (self.all_writers or {}).values():
                writer.default_metadata = metadata

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SummaryWriter({self.log_dir!r})"

    def __getstate__(self) -> dict[str, Any]:
        """The configuration: a copy, in another process for instance, opens a file of its own."""
        return {name: value for name, value in vars(self).items() if name not in _STATE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()

    def _log(self, step: Any, walltime: Any, build: Callable[P, Summary], /, *args: P.args, **kwargs: P.kwargs) -> None:
        if self.write_to_disk:
            message = build(*args, **kwargs)
            self._get_file_writer().add_summary(message, step, walltime)

    @untraced
    def _get_file_writer(self) -> Sink:
        """The writer of the run's own file, opened where it is not (other libraries call this, as torch's)."""
        with self._lock:
            if self.file_writer is None or self.all_writers is None:
                step = None if self.purge_step is None else as_step(self.purge_step, "purge_step")
                self.all_writers = {}
                self.file_writer = self._writer_in(self.log_dir)
                if step is not None:
                    self.file_writer.add_event(Event(step=step, file_version=FILE_VERSION))
                    self.file_writer.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))
                    self.purge_step = None
            return self.file_writer

    def _writer_in(self, folder: str) -> Sink:
        """The writer of the file in a folder."""
        with self._lock:
            if self.all_writers is None:
                self._get_file_writer()
            assert self.all_writers is not None
            writer = self.all_writers.get(folder)
            if writer is None:
                writer = self.all_writers[folder] = self._open(folder)
                writer.default_metadata = self._default_metadata
            return writer

    def _open(self, folder: str) -> Sink:
        """Opens a file in a folder, or what stands in for one."""
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
        )

    def _anchored(self, folder: str) -> str:
        return os.path.join(self._directory, folder)

    @untraced
    def _add_series(self, main_tag: str, keys: Iterable[str]) -> dict[str, _Series]:
        """Finds a place for series of `add_scalars`; returns all series that the tag has."""
        with self._lock:
            series = self._series.get(main_tag, {})
            added = [checked_tag(key, "a key of tag_scalar_dict") for key in keys if key not in series]
            if self.scalars_in_one_run:
                found = self._keep_together(main_tag, series, added)
            else:
                prefix = f"{main_tag.replace('/', '_')}_"
                folders = [files.subfolder(self.log_dir, prefix + key, "tag_scalar_dict") for key in added]
                found = [_Series(sink.add_scalar, main_tag, sink) for sink in map(self._writer_in, folders)]
            series = self._series[main_tag] = {**series, **dict(zip(added, found, strict=True))}
            return series

    def _keep_together(self, main_tag: str, series: Iterable[str], added: Sequence[str]) -> list[_Series]:
        """Keeps further series in this run, and has them drawn in one chart with those that the tag has."""
        patterns = [re.escape(f"{main_tag}/{key}") + "$" for key in (*series, *added)]
        self.add_custom_scalars({main_tag.partition("/")[0]: {main_tag: ["Multiline", patterns]}})
        sink = self._get_file_writer()
        return [_Series(sink.add_scalar, f"{main_tag}/{key}", sink) for key in added]


_writers: Final[weakref.WeakSet[SummaryWriter]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    """Gives each writer a lock of its own: a thread that is not in the child may hold the parent's."""
    for writer in list(_writers):
        writer._lock = threading.RLock()
        writer._failures.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

_STATE: Final = frozenset(
    {"file_writer", "all_writers", "_lock", "_series", "_charts", "_default_metadata", "_failures"}
)
"""The attributes that `_start` sets."""
