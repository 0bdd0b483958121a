"""A logdir: the runs below a folder, each read when it is first used."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from tbevents.errors import UnknownNameError
from tbevents.files import StrPath, find_runs, is_folder, join, path_string
from tbevents.reading.columns import SkeletonTable
from tbevents.reading.drawing import ChartStyle, XAxis, draw_tags
from tbevents.reading.frames import Column, Frame
from tbevents.reading.hparams_table import HParamsTable, hparams_of_runs, hparams_table
from tbevents.reading.notebook import logdir_html
from tbevents.reading.notice import warn_of
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.run import Run, open_run
from tbevents.reading.tables import Table, selected, table_of
from tbevents.remote import is_url

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Logdir", "read_logdir"]

_AHEAD_BYTES: Final = 2**23
"""Of a run on a local disk that is read ahead. A smaller one is soon read, by calls of numpy so short that threads
mostly wait for each other: two of them take longer than one."""


class Logdir(Frame, Mapping[str, Run]):
    """The runs below a folder, by name; each is read when it is first used.

    Made by `read_logdir`. Names are those that TensorBoard shows, sorted.

    Attributes:
        path: the folder, or the one event file, that was given.
        options: how its runs are read.
        threads: how many threads read.
    """

    def __init__(self, path: str, options: ReadOptions | None = None, *, threads: int | None = None) -> None:
        self.path = path
        self.options = ReadOptions() if options is None else options
        self.threads = _checked_threads(threads)
        self._table = SkeletonTable(verify=self.options.verify)
        self._runs: dict[str, Run | None] = {}
        self._ahead: dict[str, Future[Run]] = {}  # runs that are being read, or were, and were not asked for yet
        self._next = 0  # the place of the run that an iteration asks for next
        self._find()

    def reload(self) -> Logdir:
        """Finds new runs, forgets those that are gone, and reloads those that were read before.

        Returns:
            The logdir itself.
        """
        self._ahead.clear()
        self._find()
        for run in self._runs.values():
            if run is not None:
                run.reload()
        return self

    def scalars(
        self,
        tags: Names | None = None,
        runs: Names | None = None,
        *,
        extra_columns: Sequence[str] = (),
        hparams: bool = False,
    ) -> Table:
        """The scalars of the runs as one long table: run, tag, step, wall_time, value.

        Reads the runs that are wanted, as far as they have not been read.

        Args:
            tags: names, or patterns with ``*``, of the tags that are wanted; by default all.
            runs: likewise, of runs.
            extra_columns: ``"dir_name"`` (the run's path below the logdir) and ``"file_name"`` (of the event file).
            hparams: whether each hyperparameter becomes a column: for each run its own, else those of the folder
                above it, else those of the one folder below it that has some.

        Raises:
            UnknownNameError: a tag or run without wildcards is not there (also a KeyError).
            ValueError: there is no such extra column.
            OSError: a file cannot be read.
        """
        wanted = {name: self[name] for name in selected("run", runs, self._runs, self.path)}
        parameters = hparams_of_runs(self) if hparams else {}
        return table_of(wanted, tags, extra_columns, parameters, self.path)

    def hparams(self) -> HParamsTable:
        """The hyperparameters and metrics of all sessions: one row for each run that holds hyperparameters.

        Reads all runs, as far as they have not been read. Hyperparameters that cannot be parsed are left out, and are
        on the problems of their run.

        Raises:
            OSError: a file cannot be read.
        """
        return hparams_table(self)

    def plot(
        self,
        tags: Names | None = None,
        runs: Names | None = None,
        *,
        x: XAxis = "step",
        smooth: float = 0.0,
        log_x: bool = False,
        log_y: bool = False,
        title: str = "",
        size: tuple[float, float] | None = None,
    ) -> Figure:
        """Draws scalars, through matplotlib: a chart for each tag, in which each run that has it is a line.

        Reads the runs that are wanted, as far as they have not been read.

        Args:
            tags: names, or patterns with ``*``; by default all scalars.
            runs: likewise, of runs.
            x: the horizontal axis: "step", "order" (the places of the points), "relative" (hours since the run's first
                point of the tag) or "wall" (the time). Where all steps are 0, "step" is drawn as "order".
            smooth: TensorBoard's smoothing, from 0 (none) to below 1; the raw line stays, faint.
            log_x: whether the horizontal axis is logarithmic.
            log_y: whether the vertical one is.
            title: above the charts.
            size: of the figure, inches: width and height; by default it follows from the number of tags.

        Returns:
            The figure, that a notebook shows and pyplot does not keep: ``figure.savefig(...)``.

        Raises:
            UnknownNameError: a name or pattern stands for no scalar tag, or a name for no run (also a KeyError).
            ValueError: there are no scalars, or more than 60 tags; or an option has no such value.
            MissingExtraError: matplotlib is not installed.
            OSError: a file cannot be read.
        """
        style = ChartStyle(x=x, smooth=smooth, log_x=log_x, log_y=log_y, title=title, size=size)
        wanted = {name: self[name].scalars for name in selected("run", runs, self._runs, self.path)}
        return draw_tags(wanted, tags, style, self.path)

    def _columns(self) -> Mapping[str, Column]:
        return self.scalars()._columns()

    def _find(self) -> None:
        self._files = find_runs(self.path) if is_folder(self.path) else {".": [self.path]}
        self._runs = {name: self._runs.get(name) for name in self._files}
        self._names = list(self._runs)
        self._places = {name: place for place, name in enumerate(self._names)}

    def __getitem__(self, name: str) -> Run:
        if not isinstance(name, str) or name not in self._runs:
            raise UnknownNameError("run", name, self._runs, self.path)
        run = self._runs[name]
        if run is None:
            run = self._runs[name] = self._read_ahead(name) if self.threads > 1 else self._open(name)
            warn_of(run.problems)
        return run

    def _open(self, name: str) -> Run:
        path = self.path if name == "." else join(self.path, name)
        return open_run(path, name, self.options, self._table, warn=False)

    def _read_ahead(self, name: str) -> Run:
        """Reads a run, while other threads begin with those that are asked for next if this is an iteration."""
        place = self._places[name]
        if place == self._next or name in self._ahead:  # one after the other
            for other in self._names[place : place + 2 * self.threads + 1]:
                if self._runs[other] is None and other not in self._ahead and _is_worth_a_thread(self._files[other]):
                    self._ahead[other] = _pool(self.threads, os.getpid()).submit(self._open, other)
        self._next = place + 1
        future = self._ahead.pop(name, None)
        return self._open(name) if future is None else future.result()

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<Logdir {self.path!r}: {len(self)} run{'' if len(self) == 1 else 's'}>"

    def _repr_html_(self) -> str:
        return logdir_html(self.path, self._runs)


def read_logdir(
    path: StrPath,
    *,
    tags: Names | None = None,
    kinds: Names | None = None,
    restarts: Restarts = "keep",
    duplicates: Duplicates = "keep",
    checksums: Checksums = "verify",
    strict: bool = False,
    threads: int | None = None,
) -> Logdir:
    """Finds the runs below a folder. Each is read when it is first used.

    Args:
        path: a folder; or a run folder or event file, which is then the only run, named ``.``; a local path or a URL.
        tags: as in `read_run`, and so the others.
        kinds: only these kinds of values.
        restarts: what a restart removes.
        duplicates: which of several points of one step stay.
        checksums: whether those of payloads are verified.
        strict: whether damage is raised.
        threads: how many threads read: while one run is looked at, those that come next are read ahead. None means as
            many as there are processors; 1 reads each run when it is asked for. Threads shorten the wait for files that
            come from far away, and for large ones; runs below half a megabyte on a local disk are read without them.

    Returns:
        A mapping of run names to runs; empty where the folder holds none.

    Raises:
        RunNotFoundError: there is no such path (also a FileNotFoundError).
        ValueError, TypeError: an option has no such value.
    """
    text = path_string(path, "path")
    return Logdir(text, ReadOptions(strict, tags, kinds, restarts, duplicates, checksums), threads=threads)


def _checked_threads(threads: int | None) -> int:
    if threads is None:
        return os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ValueError(f"threads must be a positive int, or None for one a processor, not {threads!r}")
    return threads


def _is_worth_a_thread(paths: list[str]) -> bool:
    """Whether reading some files in another thread saves more than it costs."""
    if is_url(paths[0]):
        return True
    with contextlib.suppress(OSError):  # whoever asks for the run is told
        return sum(map(os.path.getsize, paths)) >= _AHEAD_BYTES
    return False


@functools.cache
def _pool(threads: int, pid: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a forked process has none of the threads
    """The threads that read; kept for the process, since starting some takes as long as reading a small run."""
    return ThreadPoolExecutor(threads, "tbevents-reader")
