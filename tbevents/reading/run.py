"""A run: the contents of the event files of one folder, as series by tag."""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tbevents.callers import callers_level
from tbevents.errors import DamageWarning, RunNotFoundError
from tbevents.file_ref import FileRef
from tbevents.files import StrPath, folder_name, parent, path_string
from tbevents.proto import Layout
from tbevents.reading.forks import renew_when_forked
from tbevents.reading.frames import Frame
from tbevents.reading.kinds.audio import AudioSeries
from tbevents.reading.kinds.graph import Graph, LoggedGraphSeries, RunStatistics
from tbevents.reading.kinds.histogram import HistogramSeries
from tbevents.reading.kinds.hparams import HParams, hparams_of
from tbevents.reading.kinds.image import ImageSeries
from tbevents.reading.kinds.kind import Kind, kind_named, kinds
from tbevents.reading.kinds.layout import Charts, charts, parse_layout
from tbevents.reading.kinds.mesh import MeshSeries
from tbevents.reading.kinds.metadata import TagMetadata, tag_metadata
from tbevents.reading.kinds.pr_curve import PrCurveSeries
from tbevents.reading.kinds.projector import Projector, read_projector
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.kinds.session import LogLine, SessionEvent
from tbevents.reading.kinds.tensor import TensorSeries
from tbevents.reading.kinds.text import TextSeries
from tbevents.reading.named_mapping import NamedMapping
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts, checked_choice
from tbevents.reading.payloads import PayloadReader, Payloads
from tbevents.reading.points import PointColumns
from tbevents.reading.problem import Problem, warn_about
from tbevents.reading.refs import RunRef
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.run_data import KeptEvent, RunData
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.selection import name_test, selected, tags_to_draw
from tbevents.reading.source import FileSource, Reading, Source
from tbevents.reading.tables import Table, TableBuilder
from tbevents.remote import is_url
from tbevents.remote_file import Requested
from tbevents.run_files import list_runs, name_some
from tbevents.views.chart import ChartStyle, XAxis, draw_charts
from tbevents.views.notebook import MOST_ROWS, TagRow, run_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Run", "Source", "open_run", "read_run"]

_NOT_MADE: Final = object()

T = TypeVar("T")


class Run(Frame):
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

    @property
    def _builder(self) -> RunBuilder:
        return self._reading.builder

    @property
    def _data(self) -> RunData:
        return self._reading.builder.data

    @property
    def _made(self) -> dict[object, Any]:
        return self._reading.made

    def _still(self) -> Run:
        """A copy that no reload changes, for code that asks the run for more than one thing."""
        _ = self._reading  # reads an unpickled run, once for both
        still = Run.__new__(Run)
        vars(still).update(vars(self))
        return still

    @property
    def scalars(self) -> NamedMapping[ScalarSeries]:
        """The scalar series by tag, in the order of their first appearance: every point, in the order written."""
        return self.series("scalars")

    @property
    def histograms(self) -> NamedMapping[HistogramSeries]:
        """The histograms by tag."""
        return self.series("histograms")

    @property
    def images(self) -> NamedMapping[ImageSeries]:
        """The images by tag; videos are among them, as animations."""
        return self.series("images")

    @property
    def audio(self) -> NamedMapping[AudioSeries]:
        """The sounds by tag."""
        return self.series("audio")

    @property
    def texts(self) -> NamedMapping[TextSeries]:
        """The texts by tag; torch's add_text adds ``/text_summary`` to the tag."""
        return self.series("texts")

    @property
    def tensors(self) -> NamedMapping[TensorSeries]:
        """The tensors of no other kind, by tag."""
        return self.series("tensors")

    @property
    def pr_curves(self) -> NamedMapping[PrCurveSeries]:
        """The precision-recall curves by tag."""
        return self.series("pr_curves")

    @property
    def graphs(self) -> NamedMapping[LoggedGraphSeries]:
        """The graphs that TF2 logged under tags. torch and TF1 log theirs without a tag: see `graph`."""
        return self.series("graphs")

    @property
    def meshes(self) -> NamedMapping[MeshSeries]:
        """The meshes by the name they were logged under; the file has a tag for each part of a mesh."""
        return self.series("meshes")

    @property
    def hparams(self) -> HParams | None:
        """Hyperparameters, metrics and status of the run; None if it has none of these.

        torch's add_hparams writes them to a separate run, in a folder below the run's.

        Raises:
            PayloadError: the hyperparameters cannot be parsed.
        """
        return self._once("own hparams", lambda run: run._hparams(lenient=False))

    def readable_hparams(self) -> HParams | None:
        """`hparams` without the tags that cannot be parsed, which are on `problems`; for tables of many runs."""
        return self._once("readable hparams", lambda run: run._hparams(lenient=True))

    def _hparams(self, *, lenient: bool) -> HParams | None:
        tags = self._data.of_kind("hparams")
        if not tags:
            return None
        contents = {name: tag.metadata.plugin_data.content for name, tag in tags.items()}
        return hparams_of(contents, self.scalars, self.path, lenient=lenient)

    @property
    def layout(self) -> Layout | None:
        """The Custom Scalars page's layout, the last one written; None if there is none.

        Raises:
            PayloadError, TensorError: it cannot be parsed.
        """
        return self._once("layout", Run._last_layout)

    def _last_layout(self) -> Layout | None:
        found = [tag.values["custom_scalars"] for tag in self._data.of_kind("custom_scalars").values()]
        if not found:
            return None
        last = max(found, key=lambda values: values.records[-1])
        return parse_layout(self._reader.value(last.payloads[-1]), self.path)

    @property
    def custom_scalars(self) -> Charts:
        """The layout in the form that `SummaryWriter.add_custom_scalars` takes; empty if there is none."""
        layout = self.layout
        return {} if layout is None else charts(layout)

    @property
    def graph(self) -> Graph | None:
        """The model's graph, the last one written; None if there is none."""
        graphs = self._data.graphs
        return Graph(*graphs[-1], self._reader, self.path) if graphs else None

    @property
    def meta_graph_def(self) -> bytes | None:
        """TensorFlow 1's serialized MetaGraphDef, the last one written; None if there is none."""
        kept = self._data.meta_graphs
        return self._reader.event(kept[-1].payload).meta_graph_def if kept else None

    @property
    def run_metadata(self) -> NamedMapping[RunStatistics]:
        """The statistics of runs of the graph, by tag; the last one written counts."""
        kept = self._data.run_metadata

        def make(tag: str) -> RunStatistics:
            last: KeptEvent = kept[tag][-1]
            return RunStatistics(tag, *last, self._reader, self.path)

        return NamedMapping("run metadata tag", self.path, kept, make)

    @property
    def session_log(self) -> tuple[SessionEvent, ...]:
        """Starts, stops and checkpoints of the session, in the order written."""
        return tuple(self._data.sessions)

    @property
    def log_messages(self) -> tuple[LogLine, ...]:
        """Lines of a log, in the order written."""
        return tuple(self._data.log)

    @property
    def projector(self) -> Projector | None:
        """The embeddings listed in ``projector_config.pbtxt`` beside the event files; None if there is no such file.

        Raises:
            PayloadError: the file is not a projector configuration.
            OSError: the file cannot be read.
        """
        folder = parent(self.path) if self.path in self.files else self.path
        return self._once("projector", lambda _: read_projector(folder))

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags, of every kind, in the order of their first appearance; `metadata` says more of each."""
        return self._data.names()

    @property
    def metadata(self) -> NamedMapping[TagMetadata]:
        """By tag: plugin, display name, description, data class."""
        run = self._still()
        tags = run._data.tags

        def make(name: str) -> TagMetadata:
            return tag_metadata(name, tags[name].metadata, next(iter(tags[name].kinds), None))

        return NamedMapping("tag", self.path, dict.fromkeys(run.tags), make, lambda name: run._hint("", name))

    def series(self, kind: str) -> NamedMapping[Any]:
        """The mapping of a kind by its name: ``run.series("images")`` is ``run.images``.

        Raises:
            ValueError: there is no such kind, or none that has series ("hparams" and "custom_scalars" have none).
        """
        return self._once(kind, lambda run: run._mapping(kind))

    def counts(self) -> dict[str, dict[str, int]]:
        """How many values were read: kind ("scalars", "images", ...) -> tag -> number.

        Values that `restarts` and `duplicates` leave out are counted, too.
        """
        found: dict[str, dict[str, int]] = {}
        for tag, kind, count in self._data.counts():
            found.setdefault(kind, {})[tag] = count
        return found

    @property
    def first_wall_time(self) -> float | None:
        """When the first event was written, in seconds since 1970; None in a run without events."""
        return self._data.first_wall_time

    @property
    def starts(self) -> int:
        """How many times the run was started: 1, plus 1 for each file that repeats steps of earlier files.

        More than 1 means that several trainings, or one that was resumed, share the folder. The option `restarts` of
        `read_run` says which points to keep.
        """
        return self._once("starts", lambda run: run._data.starts()) if len(self.files) > 1 else 1

    @property
    def files(self) -> tuple[str, ...]:
        """The event files, in the order in which they were read."""
        return self._reading.files

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, file by file; empty if everything is intact."""
        return self._reading.problems

    def reload(self) -> Run:
        """Reads what was appended since, including new files; takes time in proportion to that.

        If a file was truncated, replaced or removed, the run is read again from the start, with a `DamageWarning`. An
        incomplete record at the end of a file is not damage: it is read once it is complete. Points are in the order
        in which they were read, also if several files grow at once.

        Returns:
            The run itself. Series taken from it before do not change.

        Raises:
            OSError: the path that the caller named cannot be read any more; if the run was read with
                ``strict=True``, any of its files.
            DamagedFileError: a file is damaged, and the run was read with ``strict=True``. Every later call raises
                it, too, until the file is replaced.

        If it raises or is interrupted, the run shows what it showed before, and a later call reads the rest.
        """
        self._read()
        return self

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
            UnknownNameError: a name without wildcards matches no tag (also a KeyError).
            ValueError: an extra column is unknown.
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
            smooth: TensorBoard's smoothing, from 0 (none) to below 1; the raw line stays, faint.
            log_x: whether the horizontal axis is logarithmic.
            log_y: whether the vertical axis is logarithmic.
            outliers: whether the vertical axis reaches all points. By default it leaves out extreme ones, as
                TensorBoard does (5th to 95th percentile, and what is near), and marks them at its edge.
            title: text above the charts.
            size: width and height of the figure in inches; by default chosen by the number of tags.

        Returns:
            The figure. Notebooks show it, and pyplot does not keep it; save it with ``figure.savefig(...)``.

        Raises:
            UnknownNameError: a name or pattern matches no scalar tag (also a KeyError).
            ValueError: the run has no scalars, or there are more than 60 tags; or an option has an invalid value.
            MissingExtraError: matplotlib is not installed.
        """
        style = ChartStyle(x=x, smooth=smooth, log_x=log_x, log_y=log_y, outliers=outliers, title=title, size=size)
        runs = {self.name: self.scalars}
        return draw_charts(runs, tags_to_draw(runs, tags, self.path), style)

    def _columns(self) -> Any:
        return self.table()._columns()

    def scalar_columns(self) -> Iterator[tuple[str, PointColumns]]:
        """Yields each scalar tag and its points, as `scalars` has them; for tables, which need no series."""
        data = self._data
        for tag, kind, _ in data.counts():
            if kind == "scalars":
                yield tag, data.scalar_columns(tag)

    def last_scalars(self) -> dict[str, tuple[int, float]]:
        """By scalar tag that has points: how many, and the last value, as the series has it. Makes no series."""
        return dict(self._data.last_scalars())

    def scalar_files(self, tag: str) -> tuple[list[str], Any]:
        """Which file each point of a series came from: the files, and an int32 array of indices into that list.

        Raises:
            UnknownNameError: the run has no scalar tag of that name.
        """
        still = self._still()
        still.scalars[tag]
        return still._builder.files, still._data.scalar_files(tag)

    def hparams_records(self, tag: str) -> list[bytes]:
        """The contents of the records of an hparams tag, in order: serialized HParamsPluginData. The first one counts.

        Raises:
            FileChangedError: a file was changed, and does not hold a record any more.
        """
        values = (self._reader.value(payload) for payload in self._data.values(tag, "hparams")[2])
        return [value.metadata.plugin_data.content for value in values]

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

    def _once(self, key: object, make: Callable[[Run], T]) -> T:
        """Makes a value on demand and keeps it until the next reading; all threads get the same."""
        found: Any = self._reading.made.get(key, _NOT_MADE)
        if found is _NOT_MADE:
            run = self._still()
            found = run._reading.made.setdefault(key, make(run))
        made: T = found
        return made

    def _mapping(self, name: str) -> NamedMapping[Any]:
        having_series = {kind.name: kind for kind in kinds() if kind.series is not None}
        checked_choice("kind", name, having_series)
        kind = having_series[name]
        known: Mapping[str, Any] = {tag: None for tag, of_kind, _ in self._data.counts() if of_kind == name}
        if kind.grouping is not None:
            tags = self._data.tags
            known = kind.grouping.groups((tag, tags[tag].metadata.plugin_data.content) for tag in known)
        reading_made = self._made

        def make(key: str) -> Any:  # as `_once`, whose fixed cost is that of several short series
            found = reading_made.get((name, key), _NOT_MADE)
            if found is _NOT_MADE:
                found = reading_made.setdefault((name, key), self._one_series(kind, key, known[key]))
            return found

        return NamedMapping(kind.noun, self.path, known, make, lambda key: self._hint(name, key))

    def _one_series(self, kind: Kind, name: str, members: Any) -> Any:
        if kind.name == "scalars":
            return self._scalar_series(name)
        if kind.grouping is not None:
            return kind.grouping.join(name, members, lambda tag: self._lazy_series(kind, tag))
        return self._lazy_series(kind, name)

    def _hint(self, kind: str, name: str) -> str:
        """What to say of a name that is not a tag of a kind; "" if nothing is known of it."""
        tag = self._data.tags.get(name)
        if tag is not None and tag.kinds:
            return "it is of another kind: see run." + " and run.".join(tag.kinds)
        if name in self._data.left_out:
            return "the run was read without it, see `tags`"
        if tag is not None and not tag.bare:
            return "the run was read without its kind, see `kinds`"
        if kind == "texts" and f"{name}/text_summary" in self._data.tags:
            return f"did you mean {name + '/text_summary'!r}?"
        return ""

    def _scalar_series(self, tag: str) -> ScalarSeries:
        columns = self._data.scalar_columns(tag)
        metadata = self._data.metadata(tag)
        return ScalarSeries(
            tag,
            columns.steps,
            columns.wall_times,
            columns.values,
            display_name=metadata.display_name,
            description=metadata.summary_description,
            _integers=columns.integers or {},
        )

    def _lazy_series(self, kind: Kind, tag: str) -> Any:
        assert kind.series is not None
        steps, wall_times, payloads = self._data.values(tag, kind.name)
        metadata = self._data.metadata(tag)
        return kind.series(
            tag,
            steps,
            wall_times,
            metadata.display_name or tag,
            metadata.summary_description,
            Payloads(payloads, self._reader, self.path),
        )

    def __repr__(self) -> str:
        kinds = ", ".join(f"{len(tags)} {kind}" for kind, tags in self.counts().items()) or "empty"
        problems = f", {len(self.problems)} problems" if self.problems else ""
        starts = f", {self.starts} starts" if self.starts > 1 else ""
        return f"<Run {self.name!r} at {self.path!r}: {kinds}{starts}{problems}>"

    def _repr_html_(self) -> str:
        counted = [(tag, kind, count) for kind, counts in self.counts().items() for tag, count in counts.items()]
        order = {tag: at for at, tag in enumerate(self.tags)}
        counted.sort(key=lambda row: order[row[0]])
        rows = [self._row_of(*row) for row in counted[:MOST_ROWS]]
        return run_html(self.name, self.path, rows, len(counted), self.problems)

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
        RunNotFoundError: `path` does not exist, or the folder holds no event file (also a FileNotFoundError).
        NotAnEventFileError: `path` is a file of another type.
        DamagedFileError: a file is damaged, and `strict`.
        OSError: no file can be read, or, if `strict`, one of the files cannot. Otherwise that is a problem of the run.
        MissingExtraError: `path` is a URL, and fsspec is not installed.
        ValueError, TypeError: an option has an invalid value.
    """
    options = ReadOptions(strict, tags, kinds, restarts, duplicates, checksums)
    if isinstance(path, RunRef):
        return open_run(path.url, path.name if name is None else name, options, files=path.files)
    text = path_string(path, "path")
    try:
        return open_run(text, name, options)
    except RunNotFoundError as error:
        raise RunNotFoundError(f"{error}{_runs_below(text)}") from None


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
    requested: dict[str, Requested] | None = None,
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
        requested: as of a `FileSource`.
        most: likewise.
    """
    name = folder_name(path) if name is None else name
    source = FileSource(
        path, strict=options.strict, verify=options.verify, named=named, listed=files, requested=requested
    )
    source.most = most
    return Run(source, name=name, table=table, options=options, warn=warn)


def _unread_run(source: FileSource, name: str, options: ReadOptions) -> Run:
    """A run that is read when it is first used, from its pickled state."""
    run = Run.__new__(Run)
    run._begin(source, name, options)
    return run
