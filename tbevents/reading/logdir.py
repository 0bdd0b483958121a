"""A logdir: the runs below a folder, each read when it is first used."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from tbevents.errors import UnknownNameError
from tbevents.file_ref import FileRef
from tbevents.files import StrPath, join, list_runs, path_string
from tbevents.reading.forks import renew_when_forked
from tbevents.reading.frames import Column, Frame
from tbevents.reading.hparams_table import HParamsTable, hparams_of_runs, hparams_table
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.problem import Problem, warn_about
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run, open_run
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.selection import selected, tags_to_draw
from tbevents.reading.tables import Table, table_of
from tbevents.remote import is_url
from tbevents.views.chart import ChartStyle, XAxis, draw_charts
from tbevents.views.notebook import MOST_ROWS, RunRow, logdir_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Logdir", "read_logdir"]

_AHEAD_BYTES: Final = 2**23
"""The smallest run on a local disk, in bytes, that is read ahead. Smaller runs need only short numpy calls, in which
threads mostly wait for each other: two threads take longer than one."""

_AHEAD_MOST: Final = 2**28
"""The most bytes of runs that are read ahead, including the run that is asked for."""

_AHEAD_PER_THREAD: Final = 2
"""Runs read ahead per thread."""


class _Slot:
    """The state of a run that may not have been read yet.

    Attributes:
        files: the event files, as the last listing of the logdir shows them.
        place: index of the run, from 0.
        lock: held by the thread that reads it.
        ahead: the run that is being read ahead, or was; None if nobody reads ahead.
    """

    __slots__ = ("ahead", "files", "lock", "place")

    def __init__(self) -> None:
        self.files: Sequence[FileRef] = ()
        self.place = 0
        self.lock = threading.RLock()
        self.ahead: Future[Run] | None = None


class Logdir(Frame, Mapping[str, Run]):
    """The runs below a folder, by name; each is read when it is first used.

    Made by `read_logdir`. Names are those that TensorBoard shows, sorted.

    Files and folders that cannot be read do not stop the rest: they are on the `problems` of the logdir or of the run.
    With ``strict=True`` they are raised.

    Threads may share a logdir and reload it: each name has one `Run`, read by the first thread that asks for it, and
    other threads wait for that run only. A process may fork at any time; the child reads the remaining runs itself. An
    interrupt or an exception leaves the runs as they were; a run that was not read is read when it is asked for again.

    Pickled and cloudpickled, a logdir is its references (see `refs`), options and problems, not what was read: the copy
    has the same runs without listing the folder again, and reads each when it is first used, so that the problems of
    runs appear again. Paths and URLs must lead to the same files there.

    Attributes:
        path: the folder, or the one event file, that was given.
        options: how the runs are read.
        threads: the number of threads that read.
    """

    def __init__(self, path: str, options: ReadOptions | None = None, *, threads: int | None = None) -> None:
        self._begin(path, options, threads)
        self._find()
        warn_about(self._problems)

    def _begin(self, path: str, options: ReadOptions | None, threads: int | None) -> None:
        """Sets everything but the runs."""
        self.path = path
        self.options: ReadOptions = ReadOptions() if options is None else options
        self._threads_given = threads
        self.threads: int = _checked_threads(threads)
        self._most_ahead = _AHEAD_PER_THREAD * self.threads + 1
        self._table = SkeletonTable(verify=self.options.verify)
        self._runs: dict[str, Run | None] = {}
        self._slots: dict[str, _Slot] = {}
        self._next = -1  # place of the run that an iteration asks for next
        self._problems: tuple[Problem, ...] = ()
        self._renew_locks()
        renew_when_forked(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unread_logdir, (self.path, self.options, self._threads_given, self.refs(), self._problems)

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()  # held while runs are found, and while `_runs` is changed
        for slot in self._slots.values():
            slot.lock, slot.ahead = threading.RLock(), None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The folders that could not be listed, so that their runs are missing; empty if all were listed.

        Damage of a run is on the `problems` of that run.
        """
        return self._problems

    def refs(self) -> tuple[RunRef, ...]:
        """References to the runs, sorted by name, as the last listing shows them: that of `read_logdir` or `reload`.

        Neither lists nor reads anything. The references are small, frozen and picklable: hand them to other processes,
        which read them with `read_run`.
        """
        slots = self._slots
        return tuple(RunRef(name, self._url(name), tuple(slot.files)) for name, slot in slots.items())

    def reload(self) -> Logdir:
        """Finds new runs, forgets those that are gone, and reloads those that were read before.

        Returns:
            The logdir itself.

        Raises:
            RunNotFoundError, OSError: the folder cannot be listed any more.
            DamagedFileError: a file is damaged, and the logdir was read with ``strict=True``.
        """
        known = set(self._problems)
        self._find()
        warn_about([problem for problem in self._problems if problem not in known])
        for slot in self._slots.values():
            slot.ahead = None
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

        Reads the selected runs that have not been read yet.

        Args:
            tags: names of tags, or patterns with ``*``; by default all.
            runs: names of runs, likewise.
            extra_columns: ``"dir_name"`` (the run's path below the logdir) and ``"file_name"`` (of the event file).
            hparams: whether to add a column for each hyperparameter. A run without hyperparameters gets those of the
                nearest folder above it, or else of the only folder below it that has some.

        Raises:
            UnknownNameError: a name without wildcards matches no tag or run (also a KeyError).
            ValueError: an extra column is unknown.
            OSError: a file cannot be read, if the runs are read with ``strict=True``.
        """
        wanted = self._selected(runs)
        parameters = hparams_of_runs(self) if hparams else {}
        return table_of(wanted, tags, extra_columns, parameters, self.path)

    def hparams(self) -> HParamsTable:
        """The hyperparameters and metrics of all sessions: one row for each run that holds hyperparameters.

        Reads the runs that have not been read yet. Hyperparameters that cannot be parsed are left out, and are on the
        problems of their run.

        Raises:
            OSError: a file cannot be read, if the runs are read with ``strict=True``.
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

        Reads the selected runs that have not been read yet.

        Args:
            tags: names, or patterns with ``*``; by default all scalars.
            runs: names of runs, likewise.
            x: the horizontal axis, as in `Run.plot`, and so the others.
            smooth: TensorBoard's smoothing, from 0 (none) to below 1; the raw line stays, faint.
            log_x: whether the horizontal axis is logarithmic.
            log_y: whether the vertical axis is logarithmic.
            title: text above the charts.
            size: width and height of the figure in inches; by default chosen by the number of tags.

        Returns:
            The figure. Notebooks show it, and pyplot does not keep it; save it with ``figure.savefig(...)``.

        Raises:
            UnknownNameError: a name or pattern matches no scalar tag, or a name no run (also a KeyError).
            ValueError: there are no scalars, or more than 60 tags; or an option has an invalid value.
            MissingExtraError: matplotlib is not installed.
            OSError: a file cannot be read, if the runs are read with ``strict=True``.
        """
        style = ChartStyle(x=x, smooth=smooth, log_x=log_x, log_y=log_y, title=title, size=size)
        wanted = {name: run.scalars for name, run in self._selected(runs).items()}
        return draw_charts(wanted, tags_to_draw(wanted, tags, self.path), style)

    def _columns(self) -> Mapping[str, Column]:
        return self.scalars()._columns()

    def _selected(self, runs: Names | None) -> dict[str, Run]:
        names = selected("run", runs, self._runs, self.path)
        return {name: self._run(name, names[place : place + self._most_ahead]) for place, name in enumerate(names)}

    def _find(self) -> None:
        problems: list[Problem] = []

        def unlisted(folder: str, error: OSError) -> None:
            if self.options.strict:
                raise error
            problems.append(Problem.unreadable(folder, error))

        with self._lock:
            self._place(list_runs(self.path, unlisted))
            self._problems = tuple(problems)

    def _place(self, found: Mapping[str, Sequence[FileRef]]) -> None:
        """Takes these runs, and keeps what was read of those that were known."""
        slots = {name: self._slots.get(name) or _Slot() for name in found}
        for place, (name, slot) in enumerate(slots.items()):
            slot.place, slot.files = place, found[name]
        self._slots, self._names = slots, list(slots)
        self._runs = {name: self._runs.get(name) for name in slots}

    def __getitem__(self, name: str) -> Run:
        slot = self._slots.get(name) if isinstance(name, str) else None
        if slot is None:
            raise UnknownNameError("run", name, self._slots, self.path)
        place = slot.place
        one_by_one, self._next = place == self._next, place + 1
        return self._run(name, self._names[place : place + self._most_ahead] if one_by_one else ())

    def _run(self, name: str, wanted: Sequence[str] = ()) -> Run:
        """Returns a run, which is read if needed; other threads begin to read `wanted`, of which it is the first."""
        run = self._runs.get(name)
        if run is not None:
            return run
        slot = self._slots[name]
        if self.threads > 1:
            self._read_ahead(wanted)
        with slot.lock:
            ahead, problems = slot.ahead, tuple[Problem, ...]()
            run = self._runs.get(name)
            if run is None:
                try:
                    run = self._open(name) if ahead is None else ahead.result()
                except Exception:
                    slot.ahead = None  # the next call tries again
                    raise
                problems = run.problems
                with self._lock:
                    if self._slots.get(name) is slot:  # it may be gone since
                        self._runs[name] = run
            slot.ahead = None
        warn_about(problems)
        return run

    def _open(self, name: str) -> Run:
        path = self._url(name)
        named = [file.url for file in self._slots[name].files] == [path]
        return open_run(path, name, self.options, self._table, warn=False, named=named)

    def _url(self, name: str) -> str:
        return self.path if name == "." else join(self.path, name)

    def _read_ahead(self, names: Sequence[str]) -> None:
        """Makes other threads begin to read runs, within the limit of memory for runs that nobody has asked for yet."""
        room = _AHEAD_MOST
        for name in names:
            slot = self._slots.get(name)
            if slot is None or self._runs.get(name) is not None:
                continue
            size = _size(slot.files)
            room -= size
            if room < 0:
                return
            if size >= _AHEAD_BYTES and slot.ahead is None:
                slot.ahead = _pool(self.threads, os.getpid()).submit(self._open, name)

    def __iter__(self) -> Iterator[str]:
        names = iter(self._runs)
        for first in names:
            self._next = 0  # whoever asks for this run meanwhile is iterating over the others, too
            try:
                yield first
            finally:
                if self._next == 0:
                    self._next = -1
            yield from names

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<Logdir {self.path!r}: {len(self)} run{'' if len(self) == 1 else 's'}>"

    def _repr_html_(self) -> str:
        rows = [_row_of(name, run) for name, run in islice(self._runs.items(), MOST_ROWS)]
        return logdir_html(self.path, rows, len(self))


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
        restarts: which points a restart removes.
        duplicates: which points to keep if a tag has several of one step.
        checksums: whether the checksums of payloads are verified.
        strict: whether damage is raised.
        threads: the number of threads that read. While the runs are asked for one after the other, the next ones are
            read ahead, up to 256 MiB of files. None means one thread per processor; 1 reads each run when it is asked
            for. Threads help with remote files and large ones; runs below 8 MiB on a local disk are read without them.

    Returns:
        A mapping of run names to runs; empty if the folder holds none.

    Raises:
        RunNotFoundError: `path` does not exist (also a FileNotFoundError).
        OSError: `path` cannot be listed, or, if `strict`, a folder below it.
        ValueError, TypeError: an option has an invalid value.
    """
    text = path_string(path, "path")
    return Logdir(text, ReadOptions(strict, tags, kinds, restarts, duplicates, checksums), threads=threads)


def _unread_logdir(
    path: str, options: ReadOptions, threads: int | None, refs: Sequence[RunRef], problems: tuple[Problem, ...]
) -> Logdir:
    """A logdir of which nothing has been read, from its pickled state."""
    logdir = Logdir.__new__(Logdir)
    logdir._begin(path, options, threads)
    logdir._place({ref.name: ref.files for ref in refs})
    logdir._problems = problems
    return logdir


def _row_of(name: str, run: Run | None) -> RunRow:
    """What a notebook shows of a run; one that was not read yet is not read now."""
    if run is None:
        return RunRow(name)
    counts = run.counts()
    values = sum(sum(tags.values()) for tags in counts.values())
    return RunRow(name, {kind: len(tags) for kind, tags in counts.items()}, values, len(run.problems))


def _checked_threads(threads: int | None) -> int:
    if threads is None:
        return os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ValueError(f"threads must be a positive int, or None for one a processor, not {threads!r}")
    return threads


def _size(files: Sequence[FileRef]) -> int:
    """Bytes in some files; for remote files, the least that is read ahead."""
    if is_url(files[0].url):
        return _AHEAD_BYTES
    return sum(file.size or 0 for file in files)


@functools.cache
def _pool(threads: int, pid: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a forked process has none of the threads
    """The threads that read; kept for the process, since starting some takes as long as reading a small run."""
    return ThreadPoolExecutor(threads, "tbevents-reader")
