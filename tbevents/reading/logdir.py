"""A logdir: the runs below a folder, each read when it is first used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from tbevents.files import StrPath, folder_name, path_string
from tbevents.reading.frames import Column, Frame
from tbevents.reading.hparams_table import (
    HParamsTable,
    grouped_runs,
    hparams_of_runs,
    hparams_table,
    session_facts,
)
from tbevents.reading.kinds.hparams import HParams
from tbevents.reading.listed_runs import ListedRuns, ScalarPart, megabytes
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.problem import OnProblem, Problem, tell_of
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run
from tbevents.reading.selection import name_test, selected, tags_to_draw
from tbevents.reading.series import plain_count
from tbevents.reading.tables import Table, TableBuilder
from tbevents.views.chart import ChartStyle, XAxis, draw_charts
from tbevents.views.groups import Band, Estimator, GroupBy
from tbevents.views.notebook import MOST_ROWS
from tbevents.views.notebook_values import RunRow, ShownTable, logdir_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        processes: the number of processes that read; None if there is no other process.
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
        self._begin(ListedRuns(path, ReadOptions() if options is None else options, threads, processes))
        self._listed.find()
        tell_of(self.problems, on_problem)

    def _begin(self, listed: ListedRuns) -> None:
        self.path: str = listed.path
        self.options: ReadOptions = listed.options
        self.threads: int = listed.threads or os.cpu_count() or 1
        self.processes: int | None = listed.processes
        self._listed = listed

    def __reduce__(self) -> tuple[Any, ...]:
        listed = self._listed
        state = (self.path, self.options, listed.threads, self.processes, listed.as_refs)
        return _unread_logdir, (*state, self.refs(), self.problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The folders that could not be listed, so that their runs are missing; empty if all were listed.

        Damage of a run is on the `problems` of that run.
        """
        return self._listed.problems

    def refs(self) -> tuple[RunRef, ...]:
        """References to the runs, sorted by name, as the last listing shows them: that of `read_logdir` or `reload`.

        Neither lists nor reads anything. The references are small, frozen and picklable: hand them to other processes,
        which read them with `read_run`.
        """
        return self._listed.refs()

    def reload(self) -> Logdir:
        """Finds new runs, forgets those that are gone, and reloads those that were read before.

        Returns:
            The logdir itself.

        Raises:
            RunNotFoundError, OSError: if the folder cannot be listed any more.
            DamagedFileError: if a file is damaged, and the logdir was read with ``strict=True``.
        """
        self._listed.reload()
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
            UnknownNameError: if a name without wildcards matches no tag or run (also a KeyError).
            ValueError: if an extra column is unknown.
            OSError: if a file cannot be read, and the runs are read with ``strict=True``.
        """
        names = selected("run", runs, self, self.path)
        wanted = set(names)
        builder = TableBuilder(name_test("tag", tags), extra_columns)
        parameters: dict[str, HParams | None] = {}
        for name, run in self.each(list(self) if hparams else names):
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
            OSError: if a file cannot be read, and the runs are read with ``strict=True``.
        """
        return hparams_table({name: session_facts(run) for name, run in self.each(list(self))})

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
            smooth: TensorBoard's smoothing, at least 0 (none) and less than 1; the raw line stays, faint.
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
            UnknownNameError: if a name or pattern matches no scalar tag, or a name no run (also a KeyError).
            ValueError: if there are no scalars, or more than 60 tags; or an argument has an invalid value.
            MissingExtraError: if matplotlib is not installed.
            OSError: if a file cannot be read, and the runs are read with ``strict=True``.
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
        names = selected("run", runs, self, self.path)
        wanted = {name: run.scalars for name, run in self._listed.each(names, keep=True)}
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
        return self._listed.each(names, on_problem)

    def scalar_parts(self, names: Sequence[str], on_problem: OnProblem | None = None) -> Iterator[ScalarPart]:
        """Yields the scalars of runs as `each` yields runs. Memory is that of one part.

        A run is one part. If its files are larger than 64 MiB, and neither `restarts` nor `duplicates` nor `strict`
        need the whole run, it comes in several parts of about 130,000 points, in the order of its files;
        each part has its points tag by tag.
        """
        return self._listed.scalar_parts(names, on_problem)

    def _columns(self) -> Mapping[str, Column]:
        return self.scalars()._columns()

    def __getitem__(self, name: str) -> Run:
        return self._listed.get(name)

    def __iter__(self) -> Iterator[str]:
        return self._listed.names_in_turn()

    def __contains__(self, name: object) -> bool:
        return name in self._listed.runs  # that of Mapping would read the run

    def __len__(self) -> int:
        return len(self._listed.runs)

    def __repr__(self) -> str:
        return f"<Logdir {self.path!r}: {plain_count(len(self), 'run')}>"

    def _repr_html_(self) -> str:
        return self._shown().html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows in a terminal."""
        printer.text(repr(self) if cycle or not self else self._shown().text())

    def _shown(self) -> ShownTable:
        """A table of the first runs. Those that take little time are read, as `__getitem__` reads them, and kept."""
        names = list(islice(self, MOST_ROWS))
        notes = self._listed.read_cheap(names)
        rows = [_row_of(name, self._listed.runs.get(name), notes.get(name, "not read yet")) for name in names]
        unread = [name for name, row in zip(names, rows, strict=True) if row.kinds is None]
        sizes = {ref.name: ref.size for ref in self.refs()}
        size = sum(sizes.get(name, 0) for name in unread)
        said = f"{plain_count(len(unread), 'run')} ({megabytes(size)}) not read: using a run reads it" if unread else ""
        return logdir_table(self.path, rows, len(self), said)


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
            of threads; None or 1 reads in this process. They pay for hundreds of megabytes, if there is a core for
            each. What they read comes back through shared memory, and is the same. The processes are started as
            `multiprocessing` starts them: unless that is by fork, a script needs the guard
            ``if __name__ == "__main__":``. They end with the last run, with the logdir, and when reading is interrupted
            (Ctrl-C).

    Returns:
        A mapping of run names to runs; empty if the folder holds none.

    Raises:
        RunNotFoundError: if `path` does not exist (also a FileNotFoundError).
        OSError: if `path` cannot be listed, or, if `strict`, a folder below it.
        ValueError, TypeError: if an option has an invalid value.
        WorkerError: if the process that reads a run is killed; raised when the run is asked for. Asking again starts
            others.
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
    as_refs: bool,
    refs: Sequence[RunRef],
    problems: tuple[Problem, ...],
) -> Logdir:
    """A logdir of which nothing has been read, from its pickled state."""
    logdir = Logdir.__new__(Logdir)
    logdir._begin(ListedRuns(path, options, threads, processes, as_refs=as_refs))
    logdir._listed.take_listing(refs, problems)
    return logdir


def logdir_of_refs(refs: Sequence[RunRef], options: ReadOptions, *, as_refs: bool = True) -> Logdir:
    """Returns the runs of references, which have different names, as a logdir; nothing is listed.

    If `as_refs`, the runs have the files of their references; otherwise a local folder is listed when it is read.
    """
    return _unread_logdir(refs[0].url if refs else "no references", options, None, None, as_refs, refs, ())


def _row_of(name: str, run: Run | None, note: str) -> RunRow:
    """What a notebook shows of a run; one that was not read yet is not read now."""
    if run is None:
        return RunRow(name, note=note)
    counts = run.counts()
    values = sum(sum(tags.values()) for tags in counts.values())
    kinds = {kind: len(tags) for kind, tags in counts.items()}
    return RunRow(name, kinds, values, len(run.problems), run.scalars)
