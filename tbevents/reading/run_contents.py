"""What a run holds, as series and messages: the part of `Run` that shows one reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from tbevents.errors import checked_choice
from tbevents.files import parent
from tbevents.proto import Layout
from tbevents.reading.frames import Frame
from tbevents.reading.kinds.audio import AudioSeries
from tbevents.reading.kinds.graph import Graph, LoggedGraphSeries, RunStatistics
from tbevents.reading.kinds.histogram import HistogramSeries
from tbevents.reading.kinds.hparams import HParams, hparams_of
from tbevents.reading.kinds.image import ImageSeries
from tbevents.reading.kinds.kind import Kind, kind_named, kinds
from tbevents.reading.kinds.layout import StoredCharts, charts, parse_layout
from tbevents.reading.kinds.mesh import MeshSeries
from tbevents.reading.kinds.metadata import TagMetadata, tag_metadata
from tbevents.reading.kinds.pr_curve import PrCurveSeries
from tbevents.reading.kinds.projector import Projector, read_projector
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.kinds.session import LogLine, SessionEvent
from tbevents.reading.kinds.tensor import TensorSeries
from tbevents.reading.kinds.text import TextSeries
from tbevents.reading.named_mapping import NamedMapping
from tbevents.reading.payloads import PayloadReader, Payloads
from tbevents.reading.points import PointColumns
from tbevents.reading.problem import Problem
from tbevents.reading.run_data import RunData
from tbevents.reading.source import Reading

_NOT_MADE: Final = object()

T = TypeVar("T")


class RunContents(Frame):
    """What was read of a run, by kind and tag. `Run` reads it, and promises what is said there."""

    path: str
    _reader: PayloadReader
    _reading: Reading

    def _still(self) -> RunContents:
        """Returns a copy that no reload changes, for code that asks the run for more than one thing."""
        raise NotImplementedError

    @property
    def _data(self) -> RunData:
        return self._reading.builder.data

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
            PayloadError: if the hyperparameters cannot be parsed.
        """
        return self._once("own hparams", lambda run: run._hparams(lenient=False))

    def readable_hparams(self) -> HParams | None:
        """`hparams` without the tags that cannot be parsed, which are on `problems`; for tables of many runs."""
        if self._data.is_compact:  # as most of many runs
            return None
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
            PayloadError, TensorError: if it cannot be parsed.
        """
        return self._once("layout", RunContents._last_layout)

    def _last_layout(self) -> Layout | None:
        found = [tag.values["custom_scalars"] for tag in self._data.of_kind("custom_scalars").values()]
        if not found:
            return None
        last = max(found, key=lambda values: values.records[-1])
        return parse_layout(self._reader.value(last.payloads[-1]), self.path)

    @property
    def custom_scalars(self) -> StoredCharts:
        """The layout in the form that `SummaryWriter.add_custom_scalars` takes; empty if there is none."""
        layout = self.layout
        return {} if layout is None else charts(layout)

    @property
    def graph(self) -> Graph | None:
        """The model's graph, the last one written; None if there is none."""
        kept = self._data.kept_events.get(("graph_def", ""))
        return None if kept is None else Graph(*kept, self._reader, self.path)

    @property
    def meta_graph_def(self) -> bytes | None:
        """TensorFlow 1's serialized MetaGraphDef, the last one written; None if there is none."""
        kept = self._data.kept_events.get(("meta_graph_def", ""))
        return None if kept is None else self._reader.event(kept.payload).meta_graph_def

    @property
    def run_metadata(self) -> NamedMapping[RunStatistics]:
        """The statistics of runs of the graph, by tag; the last one written counts."""
        found = self._data.kept_events.items()
        kept = {tag: event for (field, tag), event in found if field == "tagged_run_metadata"}
        return NamedMapping(
            "run metadata tag", self.path, kept, lambda tag: RunStatistics(tag, *kept[tag], self._reader, self.path)
        )

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
            PayloadError: if the file is not a projector configuration.
            OSError: if the file cannot be read.
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
        return self._once("metadata", RunContents._metadata)

    def _metadata(self) -> NamedMapping[TagMetadata]:
        tags = self._data.tags

        def make(name: str) -> TagMetadata:
            return tag_metadata(name, tags[name].metadata, next(iter(tags[name].kinds), None))

        return NamedMapping("tag", self.path, dict.fromkeys(self.tags), make, lambda name: self._hint("", name))

    def series(self, kind: str) -> NamedMapping[Any]:
        """The mapping of a kind by its name: ``run.series("images")`` is ``run.images``.

        Raises:
            ValueError: if there is no such kind, or none that has series ("hparams" and "custom_scalars" have none).
        """
        return self._once(kind, lambda run: run._mapping(kind))

    def counts(self) -> dict[str, dict[str, int]]:
        """How many values were read: kind ("scalars", "images", ...) -> tag -> number.

        Values that `restarts` and `duplicates` leave out are counted, too.
        """
        return self._data.counts_by_kind()

    def tag_counts(self) -> list[tuple[str, str, int]]:
        """`counts` as rows: tag, kind and number, in the order of the tags' first appearance."""
        return list(self._data.counts())

    @property
    def first_wall_time(self) -> float | None:
        """When the first event was written, in seconds since 1970; None in a run without events."""
        return self._data.first_wall_time

    @property
    def starts(self) -> int:
        """How many times the run was started: 1, plus 1 for each file that repeats steps of a tag of earlier files.

        The tag that was repeated most often counts, since one start may write several files, as `add_hparams` does.
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

    def scalar_columns(self) -> Iterator[tuple[str, PointColumns]]:
        """Yields each scalar tag and its points, as `scalars` has them; for tables, which need no series."""
        data = self._data
        for tag, kind, _ in data.counts():
            if kind == "scalars":
                yield tag, data.scalar_columns(tag)

    def scalar_points(self, tag: str) -> PointColumns | None:
        """Returns the points of one of `scalars`, in the same memory; None if there is no such tag. Makes no series."""
        data = self._data
        return data.scalar_columns(tag) if data.has_scalars(tag) else None

    def last_scalars(self) -> dict[str, tuple[int, float]]:
        """By scalar tag that has points: how many, and the last value, as the series has it. Makes no series."""
        return self._data.last_scalars()

    def scalar_files(self, tag: str) -> tuple[list[str], Any]:
        """Which file each point of a series came from: the files, and an int32 array of indices into that list.

        Raises:
            UnknownNameError: if the run has no scalar tag of that name.
        """
        still = self._still()
        still.scalars[tag]
        return still._reading.builder.files, still._data.scalar_files(tag)

    def hparams_records(self, tag: str) -> list[bytes]:
        """The contents of the records of an hparams tag, in order: serialized HParamsPluginData. The first one counts.

        Raises:
            FileChangedError: if a file was changed, and does not hold a record any more.
        """
        values = (self._reader.value(payload) for payload in self._data.values(tag, "hparams")[2])
        return [value.metadata.plugin_data.content for value in values]

    def _once(self, key: object, make: Callable[[RunContents], T]) -> T:
        """Makes a value on demand and keeps it until the next reading; all threads get the same."""
        found: Any = self._reading.made.get(key, _NOT_MADE)
        if found is _NOT_MADE:
            run = self._still()
            found = run._reading.made.setdefault(key, make(run))
        made: T = found
        return made

    def _mapping(self, name: str) -> NamedMapping[Any]:
        checked_choice("kind", name, [kind.name for kind in kinds() if kind.series is not None])
        kind = kind_named(name)
        known: Mapping[str, Any] = self._data.having(name)
        if kind.grouping is not None:
            tags = self._data.tags
            known = kind.grouping.groups((tag, tags[tag].metadata.plugin_data.content) for tag in known)
        made = self._reading.made
        make_one = self._scalar_series if name == "scalars" else lambda key: self._one_series(kind, key, known[key])

        def make(key: str) -> Any:  # as `_once`, whose fixed cost is that of several short series
            found = made.get((name, key))
            return made.setdefault((name, key), make_one(key)) if found is None else found

        return NamedMapping(kind.noun, self.path, known, make, lambda key: self._hint(name, key))

    def _one_series(self, kind: Kind, name: str, members: Any) -> Any:
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
        data = self._data
        metadata = data.metadata(tag)
        columns = data.scalar_columns(tag)
        if not data.is_compact:  # else they are read-only
            columns = columns.read_only()
        return ScalarSeries.of_columns(tag, columns, metadata.display_name, metadata.summary_description)

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
