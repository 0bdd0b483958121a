"""A run: the contents of the event files of one folder, as series by tag."""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tbevents.callers import callers_level
from tbevents.errors import DamageWarning, RunNotFoundError
from tbevents.file_ref import FileRef
from tbevents.files import StrPath, folder_name, path_string
from tbevents.forks import renew_when_forked
from tbevents.reading.kinds.kind import kind_named
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.payloads import PayloadReader
from tbevents.reading.problem import warn_about
from tbevents.reading.refs import RunRef
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.run_contents import RunContents
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.selection import name_test, selected, tags_to_draw
from tbevents.reading.series import plain_count
from tbevents.reading.source import FileSource, Reading, Source
from tbevents.reading.tables import Table, TableBuilder
from tbevents.remote import is_url
from tbevents.remote_file import Requested
from tbevents.run_files import list_runs, name_some
from tbevents.views.chart import ChartStyle, XAxis, draw_charts
from tbevents.views.notebook import MOST_ROWS, TagRow, run_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Run(RunContents):
    """Everything that a training run logged, as series by tag.

    Made by `read_run` and `read_logdir`. Series are frozen; `reload` adds what was appended since.

    Each kind of value is a mapping from tag to series: `scalars`, `histograms`, `images`, `audio`, `texts`, `tensors`,
    `pr_curves`, `meshes` and `graphs`. Large values stay in their files until they are asked for.

    A run always shows one reading of its files; series and mappings taken from it do not change. `reload` takes the
    next reading as a whole or not at all: after an interrupt (Ctrl-C) or an exception the run shows what it showed
    before, and the next `reload` reads the rest. Threads may share a run and reload it: one thread reads at a time,
    and the others see the previous reading. A process may fork at any time; the child has a run of its own.

    Pickled and cloudpickled, a run is its name, options and list of files, not what was read. The copy reads the files
    when it is first used, so its problems and warnings appear again there. The paths or URLs must lead to the same
    files. A run in memory, as those of `tbevents.testing`, cannot be pickled.

    Attributes:
        name: as TensorBoard shows it: the folder relative to the logdir; ``.`` for the logdir itself.
        path: the folder or file that was read.
        options: how it was read.
    """

    def __init__(
        self,
        source: Source,
        *,
        name: str = ".",
        table: SkeletonTable | None = None,
        options: ReadOptions | None = None,
        warn: bool = True,
        reading: Reading | None = None,
    ) -> None:
        self._begin(source, name, ReadOptions() if options is None else options)
        # Everything that a reading changes is in one attribute, so that a run always shows one reading.
        self._reading = self._first_reading(table) if reading is None else reading
        if warn:
            warn_about(self._reading.problems)

    def _begin(self, source: Source, name: str, options: ReadOptions) -> None:
        """Sets everything but the reading."""
        self.name = name
        self.path: str = source.location
        self.options = options
        self._source = source
        self._reader = PayloadReader()
        self._renew_locks()
        renew_when_forked(self)

    def _first_reading(self, table: SkeletonTable | None = None) -> Reading:
        table = SkeletonTable(verify=self.options.verify) if table is None else table
        return self._source.read(Reading(RunBuilder(table, self.options)))

    if not TYPE_CHECKING:  # it would give a type to every misspelt name

        def __getattr__(self, name: str) -> Any:
            """Reads an unpickled run when its reading is first needed."""
            if name != "_reading":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            with self._lock:
                if "_reading" not in vars(self):
                    self._reading = self._first_reading()
                    warn_about(self._reading.problems)
                return self._reading

    def __reduce__(self) -> tuple[Any, ...]:
        if not isinstance(self._source, FileSource):
            raise TypeError(f"a run in memory cannot be pickled: {self.path!r}")
        reading = vars(self).get("_reading")
        source = copy.copy(self._source)
        if reading is not None:
            source.listed = [reader.listed for reader in reading.readers.values()]
        return _unread_run, (source, self.name, self.options)

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()  # held while reading

    def _still(self) -> Run:
        _ = self._reading  # reads an unpickled run, once for both
        still = Run.__new__(Run)
        vars(still).update(vars(self))
        return still

    def named(self, name: str) -> Run:
        """Returns the run as it is now under a name; the run itself if it has that name."""
        if name == self.name:
            return self
        other = self._still()
        other.name = name
        return other

    def reload(self) -> Run:
        """Reads what was appended since, including new files; takes time in proportion to that.

        If a file was truncated, replaced or removed, the run is read again from the start, with a `DamageWarning`; also
        if its size is the same but its time is not, without a warning if its points are the same. An incomplete record
        at the end of a file is not damage: it is read once it is complete. Points are in the order in which they were
        read, also if several files grow at once.

        Returns:
            The run itself. Series taken from it before do not change.

        Raises:
            OSError: if the path that the caller named cannot be read any more; if the run was read with
                ``strict=True``, any of its files.
            DamagedFileError: if a file is damaged, and the run was read with ``strict=True``. Every later call raises
                it, too, until the file is replaced.

        If it raises or is interrupted, the run shows what it showed before, and a later call reads the rest.
        """
        self._read()
        return self

    @property
    def in_memory(self) -> bool:
        """Whether the events are in memory, and not in files that could be read again."""
        return not isinstance(self._source, FileSource)

    @property
    def is_compact(self) -> bool:
        """Whether the run takes little more memory than its points do, as small runs that were read together."""
        return self._data.is_compact

    @property
    def is_cut(self) -> bool:
        """Whether the files go on: a reading was asked for no more than a part, and `reload` reads the rest."""
        return self._reading.is_cut

    def reload_quietly(self, most: int | None = None) -> str:
        """`reload` without warnings, for those who show `problems` themselves.

        Args:
            most: roughly the most bytes of a file to read now; None for all. See `is_cut`.

        Returns:
            Why the run was read again from the start; "" if it was not.

        Raises:
            OSError, DamagedFileError: as `reload` does.
        """
        with self._lock:
            before = self._reading
            self._read(warn=False, most=most)
            return "" if self._reading is before else self._reading.begun_anew

    def table(
        self,
        tags: Names | None = None,
        *,
        extra_columns: Sequence[str] = (),
        hparams: bool = False,
        times: bool = False,
    ) -> Table:
        """The scalars as one long table: run, tag, step, wall_time, value.

        Args:
            tags: names of tags, or patterns with ``*``; by default all.
            extra_columns: ``"dir_name"`` (the run's path below the logdir) and ``"file_name"`` (of the event file).
            hparams: whether to add a column for each hyperparameter.
            times: whether the column of wall times holds dates (datetime64[us], UTC) instead of seconds since 1970.

        Raises:
            UnknownNameError: if a name without wildcards matches no tag (also a KeyError).
            ValueError: if an extra column is unknown.
        """
        run = self._still()
        builder = TableBuilder(name_test("tag", tags), extra_columns)
        builder.add(self.name, run)
        selected("tag", tags, builder.known, self.path)
        return builder.build({self.name: run.readable_hparams()} if hparams else {}, times=times)

    def plot(
        self,
        tags: Names | None = None,
        *,
        x: XAxis = "step",
        smooth: float = 0.0,
        log_x: bool = False,
        log_y: bool = False,
        outliers: bool = False,
        title: str = "",
        size: tuple[float, float] | None = None,
    ) -> Figure:
        """Draws scalars, through matplotlib: a chart for each tag.

        Args:
            tags: names, or patterns with ``*``; by default all scalars.
            x: the horizontal axis: "step", "order" (index of the point), "relative" (hours since the run's first
                point of the tag) or "wall" (the time). If all steps are 0, "step" is drawn as "order".
            smooth: TensorBoard's smoothing, at least 0 (none) and less than 1; the raw line stays, faint.
            log_x: whether the horizontal axis is logarithmic.
            log_y: whether the vertical axis is logarithmic.
            outliers: whether the vertical axis reaches all points. By default it leaves out extreme ones, as
                TensorBoard does (5th to 95th percentile, and what is near), and marks them at its edge.
            title: text above the charts.
            size: width and height of the figure in inches; by default chosen by the number of tags.

        Returns:
            The figure. Notebooks show it, and pyplot does not keep it; save it with ``figure.savefig(...)``.

        Raises:
            UnknownNameError: if a name or pattern matches no scalar tag (also a KeyError).
            ValueError: if the run has no scalars, or there are more than 60 tags; or an argument has an invalid value.
            MissingExtraError: if matplotlib is not installed.
        """
        style = ChartStyle(x=x, smooth=smooth, log_x=log_x, log_y=log_y, outliers=outliers, title=title, size=size)
        runs = {self.name: self.scalars}
        return draw_charts(runs, tags_to_draw(runs, tags, self.path), style)

    def _columns(self) -> Any:
        return self.table()._columns()

    def behind(self, files: Sequence[FileRef]) -> dict[FileRef, int]:
        """Returns the remote files that are not read as a listing shows them, and from which offset to read each on."""
        readers: Mapping[str, Any] = self._reading.readers
        return {
            file: readers[file.url].resumes_at if file.url in readers else 0
            for file in files
            if file.url not in readers or not readers[file.url].is_up_to_date(file)
        }

    def reload_as_listed(self, files: Sequence[FileRef], requested: dict[str, Requested]) -> None:
        """`reload`, with its files as a listing has just shown them, and what was requested of them."""
        with self._lock:
            assert isinstance(self._source, FileSource)
            self._source.listed, self._source.requested = files, requested
            self._read()

    def _read(self, *, warn: bool = True, most: int | None = None) -> None:
        with self._lock:
            before = self._reading
            if isinstance(self._source, FileSource):
                self._source.most = most
            reading = self._source.read(before)
            self._reading = reading
        reading.made.pop("projector", None)  # its file is not an event file
        if reading is not before:
            before.made.clear()  # it refers to itself
        if warn and reading is not before:
            if reading.begun_anew:
                warnings.warn(f"{reading.begun_anew}; reading the run again", DamageWarning, callers_level())
            known = set(before.problems)
            # An incomplete record at the end is still being written.
            warn_about([each for each in reading.problems if each not in known and each.kind != "incomplete"])

    def __repr__(self) -> str:
        tags = (
            ", ".join(plain_count(len(tags), kind_named(kind).noun) for kind, tags in self.counts().items()) or "empty"
        )
        problems = f", {plain_count(len(self.problems), 'problem')}" if self.problems else ""
        starts = f", {self.starts} starts" if self.starts > 1 else ""
        return f"<Run {self.name!r} at {self.path!r}: {tags}{starts}{problems}>"

    def _repr_html_(self) -> str:
        counts = self.tag_counts()
        rows = [self._row_of(*row) for row in counts[:MOST_ROWS]]
        return run_html(self.name, self.path, rows, len(counts), self.problems)

    def _row_of(self, tag: str, kind: str, count: int) -> TagRow:
        found = self.series(kind) if kind_named(kind).by_tag else {}
        if tag not in found:
            return TagRow(tag, kind, count)
        series = found[tag]
        return TagRow(tag, kind, count, series.steps, series.values if kind == "scalars" else None)


def read_run(
    path: StrPath | RunRef,
    *,
    tags: Names | None = None,
    kinds: Names | None = None,
    restarts: Restarts = "keep",
    duplicates: Duplicates = "keep",
    checksums: Checksums = "verify",
    strict: bool = False,
    name: str | None = None,
) -> Run:
    """Reads a run: all its event files, every point.

    Args:
        path: a folder that directly holds event files, or one event file; a local path, or a URL that fsspec
            understands (``s3://...``, ``https://...``), of which only what is needed is fetched. Or a `RunRef`, whose
            files are read without listing the folder again; `Run.reload` lists it.
        tags: only these tags: names, or patterns with ``*``, ``?`` and ``[...]``; ``*`` matches slashes, too. The tags
            of hyperparameters and custom scalars are always read.
        kinds: only these kinds of values: "scalars", "histograms", "images", "audio", "texts", "pr_curves", "meshes",
            "hparams", "custom_scalars", "graphs", "tensors".
        restarts: ``"keep"``: every point. ``"tensorboard"``: without the points that TensorBoard's EventAccumulator
            drops when a job was restarted: points written before a START event whose step is that of the event or
            later; in files before version 2, points superseded by a step that goes back. ``"overwrite"``: a point
            removes earlier points of its tag that have its step or a later one, as TensorBoard's data server does.
        duplicates: which points to keep if a tag has several of one step: ``"keep"`` (all), ``"first"`` or
            ``"last"`` (by order of writing); applied after `restarts`.
        checksums: ``"verify"``: a record with a wrong checksum is damage. ``"skip"``: only the checksums of the
            records' lengths are verified, and long records (64 KiB and more: images, sounds, graphs) are not read
            until their values are asked for. Faster, but a flipped bit in a number goes unnoticed.
        strict: whether damage is raised. By default it is skipped with a `DamageWarning` and listed in the run's
            `problems`, and the rest of the file is read.
        name: what to call the run; by default the last part of the path, or the name of the reference.

    Raises:
        RunNotFoundError: if `path` does not exist, or the folder holds no event file (also a FileNotFoundError).
        NotAnEventFileError: if `path` is a file of another type.
        DamagedFileError: if a file is damaged, and `strict`.
        OSError: if no file can be read, or, if `strict`, one of the files. Otherwise that is a problem of the run.
        MissingExtraError: if `path` is a URL, and fsspec is not installed.
        ValueError, TypeError: if an option has an invalid value.
    """
    options = ReadOptions(strict, tags, kinds, restarts, duplicates, checksums)
    if isinstance(path, RunRef):
        return open_run(path.url, path.name if name is None else name, options, files=path.files)
    text = path_string(path, "path")
    try:
        return open_run(text, name, options)
    except RunNotFoundError as error:
        raise RunNotFoundError(error.path, f"{error.detail}{_runs_below(text)}") from None


def _runs_below(path: str) -> str:
    """Names the first runs below a folder, for the message that the folder itself has no event files."""
    try:
        below = {} if is_url(path) else list_runs(path)  # a bucket may take long to list
    except (RunNotFoundError, OSError):
        return ""
    return f"; below it are the runs {name_some(below)}" if below else ""


def open_run(
    path: str,
    name: str | None,
    options: ReadOptions,
    table: SkeletonTable | None = None,
    *,
    warn: bool = True,
    named: bool = True,
    files: Sequence[FileRef] | None = None,
    most: int | None = None,
) -> Run:
    """`read_run`, with the options as one object.

    Args:
        path: the folder or file.
        name: what to call the run; by default the last part of the path.
        options: how to read it.
        table: skeletons shared with other runs.
        warn: whether to warn of problems.
        named: whether the caller named the path, so that an unreadable one is raised and not listed as a problem.
        files: its files, as a listing has shown them; None lists them.
        most: as of a `FileSource`.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a str, not {name!r}")
    source = FileSource(path, options, named=named, listed=files, most=most)
    name = folder_name(path) if name is None else name
    return Run(source, name=name, table=table, options=options, warn=warn)


def _unread_run(source: FileSource, name: str, options: ReadOptions) -> Run:
    """A run that is read when it is first used, from its pickled state."""
    run = Run.__new__(Run)
    run._begin(source, name, options)
    return run
