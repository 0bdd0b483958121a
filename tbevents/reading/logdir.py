"""A logdir: the runs below a folder, each read when it is first used."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tbevents.errors import TBEventsError, UnknownNameError, WorkerError
from tbevents.file_ref import FileRef
from tbevents.files import StrPath, folder_name, join, path_string
from tbevents.reading.forks import renew_when_forked
from tbevents.reading.frames import Column, Frame
from tbevents.reading.hparams_table import (
    HParamsTable,
    grouped_runs,
    hparams_of_runs,
    hparams_table,
    session_facts,
)
from tbevents.reading.kinds.hparams import HParams
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.points import PointColumns
from tbevents.reading.problem import OnProblem, Problem, tell_of, warn_about
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run
from tbevents.reading.run_parts import can_be_parted, scalar_parts
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.selection import name_test, selected, tags_to_draw
from tbevents.reading.series import counted
from tbevents.reading.small_runs import FIRST, MOST, SMALL, SmallRunReader, small_source
from tbevents.reading.source import FileSource
from tbevents.reading.tables import Table, TableBuilder
from tbevents.reading.worker_processes import RunGroup, WorkerProcesses
from tbevents.remote import PARALLEL, is_url
from tbevents.remote_file import Requested, fetch_ahead, fetched_ahead
from tbevents.run_files import list_runs
from tbevents.views.chart import ChartStyle, XAxis, draw_charts
from tbevents.views.groups import Band, Estimator, GroupBy
from tbevents.views.notebook import MOST_ROWS
from tbevents.views.notebook_values import RunRow, ShownTable, logdir_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Logdir", "ScalarPart", "logdir_of_refs", "read_logdir"]

_AHEAD_BYTES: Final = 2**23
"""The smallest run on a local disk, in bytes, that is read ahead. Smaller runs need only short numpy calls, in which
threads mostly wait for each other: two threads take longer than one."""

_AHEAD_MOST: Final = 2**28
"""The most bytes of runs that are read ahead, including the run that is asked for."""

_GROUP_BYTES: Final = 2**23
"""The most bytes of runs that a process reads as one task; a larger run is one by itself."""
_PART_BYTES: Final = 2**26
"""A run whose files are larger, in bytes, comes in parts where it can."""

_SHOWN_BYTES: Final = 2**25
_SHOWN_SECONDS: Final = 1.0
"""The bounds within which runs are read to show a logdir."""

_AHEAD_PER_THREAD: Final = 2
"""Runs read ahead per thread."""

_REQUESTED_AHEAD: Final = 2 * PARALLEL
"""Remote runs whose files are requested ahead: all requests are busy while the first of them is read."""


class _ReadTogether:
    """A run that was read together with others, in place of a future."""

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def result(self) -> Run:
        return self._run


class _InGroup:
    """A run that another process reads, in place of a future.

    Attributes:
        group: the runs that are read with it.
    """

    __slots__ = ("_make", "group")

    def __init__(self, group: RunGroup, make: Callable[[], Run]) -> None:
        self.group = group
        self._make = make

    def result(self) -> Run:
        return self._make()


class _Slot:
    """The state of a run that may not have been read yet.

    Attributes:
        files: the event files, as the last listing of the logdir shows them.
        place: index of the run, from 0.
        lock: held by the thread that reads it.
        ahead: the run that is being read ahead, or was; None if nobody reads ahead.
        requested: what was requested ahead of its files, by URL.
        url: of the run, if it is that of a reference; None if it is the name below the logdir.
        warned: the problems that were warned of, of which a later reading does not warn again.
    """

    __slots__ = ("ahead", "files", "lock", "place", "requested", "url", "warned")

    def __init__(self) -> None:
        self.files: Sequence[FileRef] = ()
        self.place = 0
        self.lock = threading.RLock()
        self.ahead: Future[Run] | _ReadTogether | _InGroup | None = None
        self.requested: dict[str, Requested] = {}
        self.url: str | None = None
        self.warned: tuple[Problem, ...] = ()


class ScalarPart(NamedTuple):
    """Scalars of a run.

    Attributes:
        name: of the run.
        series: points by tag.
        last: whether these are the last ones of the run.
        problems: those of the run, if `last`.
    """

    name: str
    series: Iterable[tuple[str, PointColumns]]
    last: bool
    problems: Sequence[Problem] = ()


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
        processes: the number of processes that read; None if it is this one alone.
    """

    def __init__(
        self,
        path: str,
        options: ReadOptions | None = None,
        *,
        threads: int | None = None,
        processes: int | None = None,
        on_problem: OnProblem | None = None,
    ) -> None:
        self._begin(path, options, threads, processes)
        self._find()
        tell_of(self._problems, on_problem)

    def _begin(self, path: str, options: ReadOptions | None, threads: int | None, processes: int | None) -> None:
        """Sets everything but the runs."""
        self.path = path
        self.options: ReadOptions = ReadOptions() if options is None else options
        self._threads_given = threads
        self.threads: int = _checked("threads", threads) or os.cpu_count() or 1
        self.processes: int | None = _checked("processes", processes)
        self._most_ahead = _AHEAD_PER_THREAD * self.threads + 1
        if is_url(path) and threads != 1:
            self._most_ahead = max(self._most_ahead, _REQUESTED_AHEAD)
        self._table = SkeletonTable(verify=self.options.verify)
        self._runs: dict[str, Run | None] = {}
        self._slots: dict[str, _Slot] = {}
        self._next = -1  # place of the run that an iteration asks for next
        self._problems: tuple[Problem, ...] = ()
        self._together = FIRST  # how many small runs are read together next
        self._renew_locks()
        renew_when_forked(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unread_logdir, (
            self.path,
            self.options,
            self._threads_given,
            self.processes,
            self.refs(),
            self._problems,
        )

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()  # held while runs are found, and while `_runs` is changed
        self._small_lock = threading.Lock()  # held while small runs are read together
        self._small_runs = SmallRunReader(self._table, self.options)
        self._workers = WorkerProcesses(self.processes) if self.processes is not None and self.processes > 1 else None
        for slot in self._slots.values():
            slot.lock, slot.ahead, slot.requested = threading.RLock(), None, {}

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
        self._forget_groups()
        for slot in self._slots.values():
            slot.ahead, slot.requested = None, {}
        slots = self._slots
        read = [(run, slots[name].files) for name, run in self._runs.items() if run is not None and name in slots]
        if is_url(self.path):
            behind = [run.behind(files) for run, files in read]
            for (run, files), requested in zip(read, fetched_ahead(behind), strict=True):
                run.reload_as_listed(files, requested)
        else:
            for run, _ in read:
                run.reload()
        return self

    def scalars(
        self,
        tags: Names | None = None,
        runs: Names | None = None,
        *,
        extra_columns: Sequence[str] = (),
        hparams: bool = False,
        times: bool = False,
    ) -> Table:
        """The scalars of the runs as one long table: run, tag, step, wall_time, value.

        Reads the selected runs that have not been read yet, one after the other, and keeps their rows only: memory is
        that of the table. `iter_batches` yields the same rows in parts, and `logdir[name]` keeps the run that it reads.

        Args:
            tags: names of tags, or patterns with ``*``; by default all.
            runs: names of runs, likewise.
            extra_columns: ``"dir_name"`` (the run's path below the logdir) and ``"file_name"`` (of the event file).
            hparams: whether to add a column for each hyperparameter. A run without hyperparameters gets those of the
                nearest folder above it, or else of the only folder below it that has some.
            times: whether the column of wall times holds dates (datetime64[us], UTC) instead of seconds since 1970.

        Raises:
            UnknownNameError: a name without wildcards matches no tag or run (also a KeyError).
            ValueError: an extra column is unknown.
            OSError: a file cannot be read, if the runs are read with ``strict=True``.
        """
        names = selected("run", runs, self._runs, self.path)
        wanted = set(names)
        builder = TableBuilder(name_test("tag", tags), extra_columns)
        parameters: dict[str, HParams | None] = {}
        for name, run in self.each(list(self._runs) if hparams else names):
            if hparams:
                parameters[name] = run.readable_hparams()
            if name in wanted:
                builder.add(name, run)
        selected("tag", tags, builder.known, self.path)
        return builder.build(hparams_of_runs(parameters), times=times)

    def hparams(self) -> HParamsTable:
        """The hyperparameters and metrics of all sessions: one row for each run that holds hyperparameters.

        Reads the runs that have not been read yet, and lets them go. Hyperparameters that cannot be parsed are left
        out, and are on the problems of their run.

        Raises:
            OSError: a file cannot be read, if the runs are read with ``strict=True``.
        """
        return hparams_table({name: session_facts(run) for name, run in self.each(list(self._runs))})

    def plot(
        self,
        tags: Names | None = None,
        runs: Names | None = None,
        *,
        x: XAxis = "step",
        smooth: float = 0.0,
        log_x: bool = False,
        log_y: bool = False,
        outliers: bool = False,
        group_by: GroupBy | None = None,
        estimator: Estimator = "mean",
        band: Band = "ci95",
        title: str = "",
        size: tuple[float, float] | None = None,
    ) -> Figure:
        """Draws scalars, through matplotlib: a chart for each tag, in which each run or group that has it is a line.

        Reads the selected runs that have not been read yet.

        Args:
            tags: names, or patterns with ``*``; by default all scalars.
            runs: names of runs, likewise.
            x: the horizontal axis, as in `Run.plot`, and so the others.
            smooth: TensorBoard's smoothing, from 0 (none) to below 1; the raw line stays, faint.
            log_x: whether the horizontal axis is logarithmic.
            log_y: whether the vertical axis is logarithmic.
            outliers: whether the vertical axis reaches all points. By default it leaves out extreme ones, as
                TensorBoard does (5th to 95th percentile, and what is near), and marks them at its edge.
            group_by: draws groups of runs as one curve each, over steps: "all" for one group, "folder" for the folder
                that a run is in, "hparam:NAME" for the value of a hyperparameter, a regular expression for the part of
                the name that it matches (or its first group), or a function from the name to that of the group.
            estimator: what is drawn of a group: "mean", or "iqm", the interquartile mean (Agarwal et al. 2021).
            band: what is shaded about it: "ci95" for the 95 % interval of a bootstrap over runs, "std" for one standard
                deviation, "minmax" for the least and greatest value, or "none".
            title: text above the charts.
            size: width and height of the figure in inches; by default chosen by the number of tags.

        Returns:
            The figure. Notebooks show it, and pyplot does not keep it; save it with ``figure.savefig(...)``.
            ``figure.caption`` says in words what was drawn, for a paper.

        Raises:
            UnknownNameError: a name or pattern matches no scalar tag, or a name no run (also a KeyError).
            ValueError: there are no scalars, or more than 60 tags; or an option has an invalid value.
            MissingExtraError: matplotlib is not installed.
            OSError: a file cannot be read, if the runs are read with ``strict=True``.
        """
        style = ChartStyle(
            x=x,
            smooth=smooth,
            log_x=log_x,
            log_y=log_y,
            outliers=outliers,
            estimator=estimator,
            band=band,
            title=title,
            size=size,
        )
        wanted = {name: run.scalars for name, run in self._selected(runs).items()}
        chosen = tags_to_draw(wanted, tags, self.path)
        groups = None
        if group_by is not None:
            drawn = [name for name, series in wanted.items() if any(tag in series for tag in chosen)]
            groups = grouped_runs(drawn, group_by, self)
        return draw_charts(wanted, chosen, style, groups=groups, root=folder_name(self.path))

    def each(self, names: Sequence[str], on_problem: OnProblem | None = None) -> Iterator[tuple[str, Run]]:
        """Yields runs by name, in this order. Runs that were not read before are not kept: for one pass over many.

        Args:
            names: of runs that there are.
            on_problem: called with each problem of these runs; None issues warnings of those that are read now.

        Raises:
            OSError, DamagedFileError: as reading a run.
        """
        for place, name in enumerate(names):
            run = self._run(name, names[place : place + MOST], keep=False, warn=on_problem is None)
            if on_problem is not None:
                tell_of(run.problems, on_problem)
            yield name, run
            del run  # it is let go before the next one is read

    def scalar_parts(self, names: Sequence[str], on_problem: OnProblem | None = None) -> Iterator[ScalarPart]:
        """Yields the scalars of runs as `each` yields runs. Memory is that of one part.

        A run is one part. If its files are larger than 64 MiB, and neither `restarts` nor `duplicates` nor `strict`
        need the whole run, it comes in several parts of about a quarter of a million points, in the order of its files;
        each part has its points tag by tag.
        """
        options = replace(self.options, kinds=[kind for kind in ("scalars",) if self.options.wants_kind(kind)])
        large = {name for name in names if self._is_large(name)} if can_be_parted(options) else set[str]()
        at = 0
        while at < len(names):
            name = names[at]
            if name in large:
                damage: list[Problem] = []
                for part in scalar_parts(self._source(name), options, self._table, damage.append):
                    yield ScalarPart(name, part, last=False)
                self._tell_of(name, damage, on_problem)
                yield ScalarPart(name, (), last=True, problems=damage)
                at += 1
                continue
            end = next((place for place in range(at, len(names)) if names[place] in large), len(names))
            for each, run in self.each(names[at:end], on_problem):
                yield ScalarPart(each, run.scalar_columns(), last=True, problems=run.problems)
            at = end

    def _is_large(self, name: str) -> bool:
        size = sum(file.size or 0 for file in self._slots[name].files)
        return self._runs.get(name) is None and size > _PART_BYTES

    def _columns(self) -> Mapping[str, Column]:
        return self.scalars()._columns()

    def _selected(self, runs: Names | None) -> dict[str, Run]:
        names = selected("run", runs, self._runs, self.path)
        return {name: self._run(name, names[place : place + MOST]) for place, name in enumerate(names)}

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
        return self._run(name, self._names[place : place + MOST] if one_by_one else ())

    def _run(self, name: str, wanted: Sequence[str] = (), *, keep: bool = True, warn: bool = True) -> Run:
        """Returns a run, which is read if needed; other threads begin to read `wanted`, of which it is the first.

        Args:
            name: of the run.
            wanted: the runs that are asked for next.
            keep: whether the run is kept for whoever asks for it next.
            warn: whether to warn of its problems, if it is read now.
        """
        run = self._runs.get(name)
        if run is not None:
            return run
        slot = self._slots.get(name)
        if slot is None:
            raise UnknownNameError("run", name, self._slots, self.path)
        if self._workers is not None and len(wanted) > 1 and not is_url(self.path):
            self._read_in_processes(self._workers, wanted)
        elif len(wanted) > 1 and self._threads_given != 1:
            self._read_ahead(wanted[: self._most_ahead])
        if slot.ahead is None and len(wanted) > 1:
            self._read_together(wanted)
        with slot.lock:
            ahead = slot.ahead
            problems: Sequence[Problem] = ()
            run = self._runs.get(name)
            if run is None:
                try:
                    run = self._open(name) if ahead is None else ahead.result()
                except BaseException as error:
                    if isinstance(ahead, _InGroup) and ahead.group.is_lost:
                        self._forget_groups()
                    elif isinstance(error, Exception):
                        slot.ahead, slot.requested = None, {}  # the next call tries again
                    raise
                problems = run.problems if warn else ()
                with self._lock:
                    if keep and self._slots.get(name) is slot:  # it may be gone since
                        self._runs[name] = run
            slot.ahead, slot.requested = None, {}
        if self._workers is not None and self._names[-1:] == [name]:
            self._forget_groups()  # the processes are of no use any more, as a rule
        self._tell_of(name, problems, None)
        return run

    def _tell_of(self, name: str, problems: Sequence[Problem], on_problem: OnProblem | None) -> None:
        """Tells of problems of a run that was read; does not warn again of those that were warned of before."""
        slot = self._slots.get(name)  # None if a reload has found it gone
        if on_problem is None and problems and slot is not None:
            known, slot.warned = slot.warned, tuple(problems)
            problems = [problem for problem in problems if problem not in known]
        tell_of(problems, on_problem)

    def _source(self, name: str) -> FileSource:
        """Returns the files of a run. Those of a reference are as it says, and may be gone, which is no error."""
        slot, path, options = self._slots[name], self._url(name), self.options
        named = slot.url is None and [file.url for file in slot.files] == [path]
        # A local folder may have changed since it was listed, and takes little time to list again.
        listed = slot.files if slot.url is not None or is_url(path) else None
        requested = slot.requested if is_url(path) else None
        return FileSource(
            path, strict=options.strict, verify=options.verify, named=named, listed=listed, requested=requested
        )

    def _open(self, name: str) -> Run:
        return Run(self._source(name), name=name, table=self._table, options=self.options, warn=False)

    def _read_together(self, names: Sequence[str]) -> None:
        """Reads runs that are asked for one after the other, as many as are small; the first is asked for now."""
        if not self._small_lock.acquire(blocking=False):
            return  # another thread is doing it
        try:
            chosen: dict[str, FileSource] = {}
            for name in names[: self._together]:
                slot = self._slots.get(name)
                if slot is None or slot.ahead is not None or self._runs.get(name) is not None:
                    continue
                if 0 < _bytes_of(slot.files) <= SMALL and self._is_found_below(name):
                    chosen[name] = self._source(name)
                elif name == names[0]:
                    return
            if len(chosen) > 1:
                self._together = min(2 * self._together, MOST)
                readings = self._small_runs.read(list(chosen.values()))
                for (name, source), reading in zip(chosen.items(), readings, strict=False):
                    slot = self._slots.get(name)  # None if a reload has found it gone
                    if reading is not None and slot is not None:
                        run = Run(source, name=name, options=self.options, warn=False, reading=reading)
                        slot.ahead = _ReadTogether(run)
        finally:
            self._small_lock.release()

    def _read_in_processes(self, workers: WorkerProcesses, names: Sequence[str]) -> None:
        """Has other processes read runs that are asked for next, in groups; each process gets two at most."""
        with self._lock:
            waiting = [self._slots[name].ahead for name in names if name in self._slots]
            groups = {id(ahead.group) for ahead in waiting if isinstance(ahead, _InGroup)}
            room = 2 * workers.count - len(groups)
            left = [name for name in names if self._is_unread(name)] if room > 0 else []
            at = 0
            while at < len(left) and room > 0:
                size, start = 0, at
                while at < len(left) and (at == start or size + _bytes_of(self._slots[left[at]].files) <= _GROUP_BYTES):
                    size += _bytes_of(self._slots[left[at]].files)
                    at += 1
                self._submit(workers, left[start:at])
                room -= 1

    def _submit(self, workers: WorkerProcesses, names: Sequence[str]) -> None:
        """Has a process read some runs."""
        sources = [small_source(self._url(name), self.options) for name in names]
        try:
            group = workers.submit(sources, self.options)
        except WorkerError:
            self._forget_groups()
            raise

        def make(name: str, place: int, source: FileSource) -> Run:
            reading = group.reading(place, self._table)
            if reading is None:
                return self._open(name)
            return Run(source, name=name, options=self.options, warn=False, reading=reading)

        for place, (name, source) in enumerate(zip(names, sources, strict=True)):
            self._slots[name].ahead = _InGroup(group, functools.partial(make, name, place, source))

    def _is_unread(self, name: str) -> bool:
        """Whether a run below the folder is neither read nor being read."""
        slot = self._slots.get(name)
        unread = slot is not None and slot.ahead is None and self._runs.get(name) is None
        return unread and self._is_found_below(name)

    def _is_found_below(self, name: str) -> bool:
        """Whether a run was found below a local folder, by the logdir or for a reference; the caller named no file."""
        slot, path = self._slots[name], self._url(name)
        return not is_url(path) and (slot.url is not None or [file.url for file in slot.files] != [path])

    def _forget_groups(self) -> None:
        """Ends other processes, and forgets the runs that they were to read. The next use asks for them again."""
        if self._workers is not None:
            self._workers.end()
        for slot in self._slots.values():
            if isinstance(slot.ahead, _InGroup):
                slot.ahead = None

    def _url(self, name: str) -> str:
        url = self._slots[name].url
        if url is not None:
            return url
        return self.path if name == "." else join(self.path, name)

    def _read_ahead(self, names: Sequence[str]) -> None:
        """Makes other threads begin to read runs, within the limit of memory for runs that nobody has asked for yet."""
        room = _AHEAD_MOST
        for name in names:
            slot = self._slots.get(name)
            if slot is None or self._runs.get(name) is not None:
                continue
            size = _bytes_of(slot.files)
            room -= size
            if room < 0:
                return
            if is_url(self.path):
                self._request(slot)
            if self.threads > 1 and slot.ahead is None and self._takes_long(slot, size):
                slot.ahead = _pool(self.threads, os.getpid()).submit(self._open, name)

    def _request(self, slot: _Slot) -> None:
        """Requests the small files of a run, so that they are there when it is read."""
        if slot.requested or slot.ahead is not None:
            return
        for file in slot.files:
            with contextlib.suppress(Exception):  # raised again when the run is read
                if (request := fetch_ahead(file)) is not None:
                    slot.requested[file.url] = request

    def _takes_long(self, slot: _Slot, size: int) -> bool:
        """Returns True if a run is worth a thread: it has a lot to read, or to wait for."""
        if is_url(self.path):
            return len(slot.requested) < len(slot.files)
        return size >= _AHEAD_BYTES

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
        return self._shown().html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows in a terminal."""
        printer.text(repr(self) if cycle or not self else self._shown().text())

    def _shown(self) -> ShownTable:
        """A table of the first runs. Those that take little time are read, as `__getitem__` reads them, and kept."""
        names = list(islice(self._runs, MOST_ROWS))
        notes = self._read_cheap(names)
        rows = [_row_of(name, self._runs.get(name), notes.get(name, "not read yet")) for name in names]
        unread = [name for name, row in zip(names, rows, strict=True) if row.kinds is None]
        size = sum(_bytes_of(self._slots[name].files) for name in unread if name in self._slots)
        said = f"{counted(len(unread), 'run')} ({_megabytes(size)}) not read: using a run reads it" if unread else ""
        return logdir_table(self.path, rows, len(self), said)

    def _read_cheap(self, names: Sequence[str]) -> dict[str, str]:
        """Reads runs within a bound of bytes and time. Returns why those are not read that are not."""
        notes: dict[str, str] = {}
        if is_url(self.path):
            return dict.fromkeys(names, "not read: remote")
        room = _SHOWN_BYTES
        chosen: list[str] = []
        for name in names:
            size = _bytes_of(self._slots[name].files) if name in self._slots else 0
            if self._runs.get(name) is not None or name not in self._slots:
                continue
            if size > room:
                notes[name] = f"not read: {_megabytes(size)}"
                continue
            room -= size
            chosen.append(name)
        end = time.monotonic() + _SHOWN_SECONDS
        for place, name in enumerate(chosen):
            if time.monotonic() > end:
                break
            try:
                if self._workers is None:
                    self._read_together(chosen[place : place + MOST])
                self._run(name)
            except (TBEventsError, OSError) as error:  # what is shown must not raise
                notes[name] = f"cannot be read: {error}"
        return notes


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
    processes: int | None = None,
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
            for. Threads help with large files; runs below 8 MiB on a local disk are read without them. Whatever the
            number, local runs below 1 MiB are read some at a time, up to 4 MiB: together they take a fraction of the
            time. Of a URL, files up to 8 MiB are requested ahead of their use, 32 at a time whatever the number of
            threads, unless it is 1.
        processes: the number of processes that read local runs while they are asked for one after the other, in place
            of threads; None or 1 reads in this process. On two cores they save little. What they read comes back
            through shared memory, and is the same. The processes are started as `multiprocessing` starts them:
            unless that is by fork, a script needs the guard ``if __name__ == "__main__":``. They end with the last run,
            with the logdir, and when reading is interrupted (Ctrl-C).

    Returns:
        A mapping of run names to runs; empty if the folder holds none.

    Raises:
        RunNotFoundError: `path` does not exist (also a FileNotFoundError).
        OSError: `path` cannot be listed, or, if `strict`, a folder below it.
        ValueError, TypeError: an option has an invalid value.
        WorkerError: when a run is asked for: the process that read it was killed. Asking again starts others.
    """
    text = path_string(path, "path")
    return Logdir(
        text, ReadOptions(strict, tags, kinds, restarts, duplicates, checksums), threads=threads, processes=processes
    )


def _unread_logdir(
    path: str,
    options: ReadOptions,
    threads: int | None,
    processes: int | None,
    refs: Sequence[RunRef],
    problems: tuple[Problem, ...],
) -> Logdir:
    """A logdir of which nothing has been read, from its pickled state."""
    logdir = Logdir.__new__(Logdir)
    logdir._begin(path, options, threads, processes)
    logdir._place({ref.name: ref.files for ref in refs})
    logdir._problems = problems
    return logdir


def logdir_of_refs(refs: Sequence[RunRef], options: ReadOptions) -> Logdir:
    """Returns the runs of references, which have different names, as a logdir; nothing is listed."""
    logdir = _unread_logdir(refs[0].url if refs else "no references", options, None, None, refs, ())
    for ref in refs:
        logdir._slots[ref.name].url = ref.url
    return logdir


def _row_of(name: str, run: Run | None, note: str) -> RunRow:
    """What a notebook shows of a run; one that was not read yet is not read now."""
    if run is None:
        return RunRow(name, note=note)
    counts = run.counts()
    values = sum(sum(tags.values()) for tags in counts.values())
    kinds = {kind: len(tags) for kind, tags in counts.items()}
    return RunRow(name, kinds, values, len(run.problems), run.scalars)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _bytes_of(files: Sequence[FileRef]) -> int:
    """Bytes in some files, as far as a listing tells."""
    return sum(file.size or 0 for file in files)


def _checked(argument: str, count: int | None) -> int | None:
    """Checks the number of threads or processes."""
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        default = "one a processor" if argument == "threads" else "this one alone"
        raise ValueError(f"{argument} must be a positive int, or None for {default}, not {count!r}")
    return count


@functools.cache
def _pool(threads: int, pid: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a forked process has none of the threads
    """The threads that read; kept for the process, since starting some takes as long as reading a small run."""
    return ThreadPoolExecutor(threads, "tbevents-reader")
