"""`SummaryWriter`: the API of torch's and tensorboardX's."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tbevents import files
from tbevents.proto import Event, SessionLog
from tbevents.scalar_event import Form
from tbevents.tensors import as_float
from tbevents.writing.event_file import DEFAULT_FLUSH_SECS, FILE_VERSION, EventFileWriter, as_step

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Writes event files for TensorBoard; a drop-in for torch's and tensorboardX's class of this name.

    Calls are cheap (about a microsecond): they validate, convert and append. What was logged is with the operating
    system at most `flush_secs` later, on `flush` and on `close`; a script that ends without either loses nothing.
    After `close`, the next call goes on in a new file. Safe to use from many threads and in forked children.

    ::

        with SummaryWriter("runs/demo") as writer:
            for step in range(100):
                writer.add_scalar("loss", 1 / (step + 1), step)

    Args:
        log_dir: the run's folder, a str or Path. By default ``runs/<month><day>_<time>_<hostname><comment>``, with the
            local time, for instance ``runs/May04_22-14-54_laptop``.
        comment: added to the default folder; no effect with `log_dir`.
        purge_step: where a run that crashed goes on: says to TensorBoard that points from this step on, logged
            before, are to be hidden.
        max_queue: kept as an attribute, for code that reads it. A batch here holds 1,024 scalars or 1 MiB.
        flush_secs: seconds, at least 0, after which what was logged is with the operating system. torch and
            tensorboardX say 120; here it is 2, so that a live TensorBoard shows what is going on.
        filename_suffix: added to the name of each event file.
        logdir: tensorboardX's name for `log_dir`.

    Attributes:
        log_dir: the run's folder.
        file_writer: the `EventFileWriter` of the run's own file; None after `close`.
        all_writers: folder -> `EventFileWriter`, those of `add_scalars` included; None after `close`.

    Raises:
        OSError: the folder or file cannot be made.
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
        *,
        logdir: files.StrPath | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if log_dir is not None and logdir is not None:
            raise ValueError(f"log_dir and logdir are two names of one argument: {log_dir!r}, {logdir!r}")
        folder = log_dir if log_dir is not None else logdir
        # An empty log_dir means the default, as in torch.
        text = "" if folder is None else files.path_string(folder, "log_dir")
        if not text:
            stamp = datetime.fromtimestamp(clock()).strftime("%b%d_%H-%M-%S")  # noqa: DTZ006  # local, as torch's
            text = files.subfolder("runs", f"{stamp}_{socket.gethostname()}{comment}", "comment")
        self.log_dir = text
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.file_writer: EventFileWriter | None = None
        self.all_writers: dict[str, EventFileWriter] | None = None
        self._clock = clock
        self._lock = threading.RLock()  # for opening and closing, not for logging
        self._series_folders: dict[tuple[str, str], str] = {}  # (main_tag, key) of add_scalars -> folder
        self._get_file_writer()

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Logs a number.

        Args:
            tag: the series' name, kept verbatim; TensorBoard groups by what stands before the first ``/``.
            scalar_value: a number, or an array or tensor of one element (torch's may be on a GPU, require a gradient or
                be bfloat16). NaN and infinities are legal. Stored as float32; beyond that is inf.
            global_step: converted by int(), so that a float is truncated. None leaves it out, which reads as step 0.
            walltime: seconds since 1970; now, where None.
            new_style: write a tensor of plugin `scalars` instead of `simple_value`.
            double_precision: with `new_style`, store float64; no effect without, as in torch. TensorBoard's default
                loader, the one in Rust, shows no such points; the one in Python (``--load_fast=false``) does.

        Raises:
            TypeError, ValueError: an argument is no such thing; the message names it. Nothing was logged.
            OSError: an earlier batch could not be written.
        """
        writer = self.file_writer or self._get_file_writer()
        if new_style:
            form = Form.DOUBLE if double_precision else Form.FLOAT
            writer.add_scalar(tag, scalar_value, global_step, walltime, form)
        else:
            writer.add_scalar(tag, scalar_value, global_step, walltime)

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
        if not isinstance(main_tag, str):
            raise TypeError(f"main_tag must be a str, not {type(main_tag).__name__}: {main_tag!r}")
        if not isinstance(tag_scalar_dict, Mapping):
            raise TypeError(f"tag_scalar_dict must be a mapping, not {type(tag_scalar_dict).__name__}")
        walltime = self._clock() if walltime is None else walltime
        step = as_step(global_step)
        points = [
            (self._series_folder(main_tag, key), as_float(value, name=f"tag_scalar_dict[{key!r}]"))
            for key, value in tag_scalar_dict.items()
        ]
        for folder, value in points:
            self._writer_in(folder).add_scalar(main_tag, value, step, walltime)

    def flush(self, sync: bool = False) -> None:
        """Returns when all that was logged is with the operating system; with `sync`, when it is on disk.

        Raises:
            OSError: something could not be written. It is kept, and tried again with the next batch.
        """
        for writer in (self.all_writers or {}).values():
            writer.flush(sync)

    def close(self) -> None:
        """Flushes and closes all files. The next call that logs goes on in new ones; closing again does nothing.

        Raises:
            OSError: something could not be written. All files are closed all the same.
        """
        writers, self.file_writer, self.all_writers = self.all_writers or {}, None, None
        with contextlib.ExitStack() as stack:  # closes each, whatever the others raise
            for writer in writers.values():
                stack.callback(writer.close)

    def get_logdir(self) -> str:
        """The run's folder."""
        return self.log_dir

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SummaryWriter({self.log_dir!r})"

    def _get_file_writer(self) -> EventFileWriter:
        """The writer of the run's own file, opened where it is not (other libraries call this, as torch's)."""
        with self._lock:
            if self.file_writer is None or self.all_writers is None:
                self.all_writers = {}
                self.file_writer = self._writer_in(self.log_dir)
                if self.purge_step is not None:
                    step, self.purge_step = self.purge_step, None
                    self.file_writer.add_event(Event(step=step, file_version=FILE_VERSION))
                    self.file_writer.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))
            return self.file_writer

    def _writer_in(self, folder: str) -> EventFileWriter:
        """The writer of the file in a folder."""
        with self._lock:
            if self.all_writers is None:
                self._get_file_writer()
            assert self.all_writers is not None
            writer = self.all_writers.get(folder)
            if writer is None:
                writer = self.all_writers[folder] = EventFileWriter(
                    folder, self.max_queue, self.flush_secs, self.filename_suffix, clock=self._clock
                )
            return writer

    def _series_folder(self, main_tag: str, key: str) -> str:
        """The folder of one series of `add_scalars`."""
        folder = self._series_folders.get((main_tag, key))
        if folder is None:
            if not isinstance(key, str):
                raise TypeError(f"a key of tag_scalar_dict must be a str, not {type(key).__name__}: {key!r}")
            name = f"{main_tag.replace('/', '_')}_{key}"
            folder = files.subfolder(self.log_dir, name, "tag_scalar_dict")
            self._series_folders[main_tag, key] = folder
        return folder
