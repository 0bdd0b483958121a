"""The data of a run, by tag and kind: filled by the run's builder, event by event; read by the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TensorError
from tbevents.proto import Event, Summary, SummaryMetadata
from tbevents.reading.column_memory import ColumnMemory
from tbevents.reading.compact_scalars import CompactScalars
from tbevents.reading.kinds.hparams import parse_hparams
from tbevents.reading.kinds.recognition import kind_of, scalar_of_tensor
from tbevents.reading.kinds.session import LogLine, SessionEvent, log_line, session_event
from tbevents.reading.options import ReadOptions
from tbevents.reading.payloads import KEPT_BYTES, Payload, PayloadLocation
from tbevents.reading.points import Point, PointColumns
from tbevents.reading.restarts import History, overwritten, places_kept
from tbevents.reading.tag_data import SharedSteps, TagData, TagValues

BadContent: TypeAlias = TensorError | PayloadError
"""What is wrong with a value that is decoded when it is read."""


class KeptEvent(NamedTuple):
    """An event that is no summary.

    Attributes:
        step: of the event.
        wall_time: seconds since 1970.
        payload: the event, or where it is.
    """

    step: int
    wall_time: float
    payload: Payload


class RunData:
    """What a run holds.

    Args:
        options: what is wanted.

    Attributes:
        options: as given.
        left_out: names of tags that were not asked for.
        history: what happened between the points; None unless the option `restarts` is "tensorboard".
        sessions: what session_log events say, in order.
        log: what log_message events say, in order.
        kept_events: the last graph_def event, the last meta_graph_def event, and the last tagged_run_metadata event of
            each tag: by field and tag, which is "" for graphs.
        first_wall_time: of the first event, seconds since 1970; None before there is one.
    """

    def __init__(self, options: ReadOptions) -> None:
        self.options = options
        self._own: set[int] = set()  # numbers of the tags that no other RunData shares
        self._tags: tuple[dict[str, TagData], list[TagData]] | None = {}, []  # by name, by number
        self._compact: CompactScalars | None = None  # what they are made of when they are asked for
        self.left_out: set[str] = set()
        self._memory = ColumnMemory()
        self.history: History | None = History() if options.restarts == "tensorboard" else None
        self.sessions: list[SessionEvent] = []
        self.log: list[LogLine] = []
        self.kept_events: dict[tuple[str, str], KeptEvent] = {}
        self.first_wall_time: float | None = None

    @classmethod
    def of_compact(cls, options: ReadOptions, scalars: CompactScalars, first_wall_time: float | None) -> RunData:
        """The data of a run whose only values are these scalars; `fork` it to add more."""
        data = cls(options)
        data._tags, data._compact = None, scalars
        data.left_out, data.first_wall_time = set(scalars.layout.left_out), first_wall_time
        return data

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets: scalars as columns of all tags, if nothing else has to go with them."""
        state = vars(self) | {"_own": set()}
        if self._tags is not None and not (self.sessions or self.log or self.kept_events):
            compact = CompactScalars.of(self._tags[1], self.left_out)
            if compact is not None:
                state |= {"_tags": None, "_compact": compact}
        return state

    @property
    def tags(self) -> dict[str, TagData]:
        """The tags by name, in the order of their first appearance; those that were not asked for are not there."""
        return (self._tags or self._unpack())[0]

    @property
    def by_number(self) -> list[TagData]:
        """The same tags, by their number."""
        return (self._tags or self._unpack())[1]

    def _unpack(self) -> tuple[dict[str, TagData], list[TagData]]:
        """Makes the tags of the compact scalars. Threads may do so at once: what one of them has made counts."""
        compact, made = self._compact, self._tags
        if made is None:
            assert compact is not None
            made = self._tags = compact.tag_data(self._memory)
            self._compact = None
        return made

    def fork(self) -> RunData:
        """A copy that takes more and leaves this one unchanged: others read this one, or the reading fails.

        A tag is only copied when it gets something; its columns are shared even then.
        """
        other = RunData.__new__(RunData)
        vars(other).update(vars(self))
        other._own = set()
        other.history = None if self.history is None else self.history.fork()
        tags, by_number = self._tags or self._unpack()
        other._tags, other._compact = (tags.copy(), by_number.copy()), None
        other.left_out = set(self.left_out)
        other.sessions, other.log = self.sessions.copy(), self.log.copy()
        other.kept_events = self.kept_events.copy()
        return other

    def apart(self) -> RunData:
        """A copy that may be forked while others fork this one: it has the same values, but no room for more."""
        other = RunData.__new__(RunData)
        vars(other).update(vars(self))
        other._memory = ColumnMemory()
        made = self._tags
        if made is not None:  # compact scalars have no room
            steps: dict[int, SharedSteps] = {}
            by_number = [tag.apart(steps, other._memory) for tag in made[1]]
            other._tags, other._compact = ({tag.name: tag for tag in by_number}, by_number), None
        return other

    def tag_of(self, value: Summary.Value) -> TagData | None:
        """The tag of a value, made with this value's metadata where it is new; None where it was not asked for."""
        name = value.tag
        tag = self.tags.get(name)
        if tag is not None:
            return tag if tag.number in self._own else self._fork_tag(tag)
        if name in self.left_out:
            return None
        if not self.options.wants_tag(name):
            self.left_out.add(name)
            return None
        tag = self.tags[name] = TagData(name, len(self.by_number), value.metadata, self._memory)
        self._own.add(tag.number)
        self.by_number.append(tag)
        return tag

    def _fork_tag(self, tag: TagData) -> TagData:
        fork = self.tags[tag.name] = self.by_number[tag.number] = tag.fork()
        self._own.add(tag.number)
        return fork

    def add_columns(self, number: int, columns: PointColumns, done: float) -> None:
        """Adds scalar points to the tag of a number, as `TagData.add_columns`."""
        tag = self.by_number[number]
        if number not in self._own:
            tag = self._fork_tag(tag)
        tag.add_columns(columns, done, self.by_number[number - 1] if number else None)

    def add_event(
        self, event: Event, record: int, place: PayloadLocation | None, points: list[Point]
    ) -> list[tuple[str, BadContent]]:
        """Takes an event.

        Args:
            event: the event.
            record: its number in the run.
            place: where it can be read again; None keeps the bytes of its values.
            points: its scalars are added to these; giving them to their tags is the caller's.

        Returns:
            The scalars and hyperparameters that contradict themselves: tag and what is wrong.
        """
        form = event.WhichOneof("what")
        if self.history is not None:
            self.history.add(event, record)
        if self.first_wall_time is None:
            self.first_wall_time = event.wall_time
        if form == "summary":
            return self._add_summary(event, record, place, points)
        if form == "session_log":
            self.sessions.append(session_event(event))
        elif form == "log_message":
            self.log.append(log_line(event))
        elif form in ("graph_def", "meta_graph_def", "tagged_run_metadata") and self.options.wants_kind("graphs"):
            kept = KeptEvent(event.step, event.wall_time, event.SerializeToString() if place is None else place)
            self.kept_events[form, event.tagged_run_metadata.tag] = kept
        return []

    def _add_summary(
        self, event: Event, record: int, place: PayloadLocation | None, points: list[Point]
    ) -> list[tuple[str, BadContent]]:
        bad: list[tuple[str, BadContent]] = []
        several = len(event.summary.value) > 1
        for number, value in enumerate(event.summary.value):
            tag = self.tag_of(value)
            if tag is None:
                continue
            kind = kind_of(value, tag.plugin)
            if kind is None:
                tag.bare = True
            elif not self.options.wants_kind(kind):
                continue
            elif kind == "scalars":
                try:
                    scalar, double = _scalar_of(value)
                except TensorError as error:
                    bad.append((value.tag, error))
                    continue
                tag.double |= double
                points.append(Point(record, tag.number, event.step, event.wall_time, scalar, double))
            else:
                if kind == "hparams" and (wrong := _wrong_hparams(value)) is not None:
                    bad.append((value.tag, wrong))
                values = tag.values.get(kind)
                if values is None:
                    values = tag.values[kind] = TagValues()
                values.add(event.step, event.wall_time, record, _payload_of(value, number, place, several=several))
        return bad

    def names(self) -> tuple[str, ...]:
        """The tags that have values, or came without one, in the order of their first appearance."""
        compact = self._compact
        if compact is not None:
            return tuple(compact.counts())
        return tuple(name for name, tag in self.tags.items() if tag.bare or tag.kinds)

    @property
    def is_compact(self) -> bool:
        """Whether there are the scalars of one file, and nothing else."""
        return self._compact is not None

    def having(self, kind: str) -> Mapping[str, object]:
        """A mapping whose keys are the tags that have values of a kind, in the order of their first appearance."""
        compact = self._compact
        if compact is not None and kind == "scalars" and compact.is_full:
            return compact.layout.numbers
        return {tag: None for tag, of_kind, _ in self.counts() if of_kind == kind}

    def of_kind(self, kind: str) -> dict[str, TagData]:
        """The tags that have values of a kind other than scalars."""
        if self._compact is not None:
            return {}
        return {name: tag for name, tag in self.tags.items() if kind in tag.values}

    def metadata(self, name: str) -> SummaryMetadata:
        """The metadata of a tag: those of its first event, which are the ones that count."""
        compact = self._compact
        if compact is not None:
            return compact.layout.metadata[compact.layout.numbers[name]]
        return self.tags[name].metadata

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """Each tag's kinds: (tag, kind, how many values were read)."""
        compact = self._compact
        if compact is not None:
            for name, count in compact.counts().items():
                yield name, "scalars", count
            return
        for name, tag in self.tags.items():
            if tag.scalar_count:
                yield name, "scalars", tag.scalar_count
            for kind, values in tag.values.items():
                yield name, kind, len(values)

    def has_scalars(self, name: str) -> bool:
        """Whether a tag has scalar points."""
        compact = self._compact
        if compact is not None:
            return compact.count(name) > 0
        tag = self.tags.get(name)
        return tag is not None and tag.scalar_count > 0

    def scalar_columns(self, name: str) -> PointColumns:
        """The scalars of a tag that has some: those that the options for restarts and duplicates leave."""
        keep = self.options.restarts == self.options.duplicates == "keep"
        compact = self._compact
        if compact is not None and keep:
            return compact.columns(compact.layout.numbers[name])
        tag = self.tags[name]
        columns = tag.columns()
        if keep:
            return columns
        places = self._places(tag, "scalars", columns.steps)
        return columns if places is None else columns.take(places)

    def counts_by_kind(self) -> dict[str, dict[str, int]]:
        """`counts` as a mapping: kind -> tag -> number of values read."""
        found: dict[str, dict[str, int]] = {}
        for tag, kind, count in self.counts():
            found.setdefault(kind, {})[tag] = count
        return found

    def last_scalars(self) -> dict[str, tuple[int, float]]:
        """Each scalar tag, how many points `scalar_columns` has of it, and the last value; none without points."""
        compact = self._compact
        if compact is not None and self.options.restarts == self.options.duplicates == "keep":
            return compact.last()
        found: dict[str, tuple[int, float]] = {}
        for name, kind, _ in self.counts():
            if kind == "scalars":
                columns = self.scalar_columns(name)
                last = len(columns.values) - 1
                if last >= 0:
                    value = float(columns.values[last])
                    found[name] = last + 1, (columns.integers or {}).get(last, value)
        return found

    def starts(self) -> int:
        """How many times the run was begun: once, and again in each file that repeats steps of the same scalar.

        The scalar that did so most often counts. Files of one start may have different tags, as hyperparameters have a
        file of their own beside the curves, so two files that go back in different tags may be of one start.
        """
        most = 0
        for tag in self.by_number:
            of_file: dict[int, tuple[int, int]] = {}  # the least and the greatest step
            for number, steps in tag.steps_of_files():
                low, high = int(steps.min()), int(steps.max())
                known = of_file.get(number, (low, high))
                of_file[number] = min(low, known[0]), max(high, known[1])
            again, last = 0, None
            for _, (low, high) in sorted(of_file.items()):
                again += last is not None and low <= last
                last = high if last is None else max(last, high)
            most = max(most, again)
        return 1 + most

    def scalar_files(self, name: str) -> NDArray[np.int32]:
        """The number of the file of each of these points, as the builder counts them."""
        tag = self.tags[name]
        places = self._places(tag, "scalars", tag.columns().steps)
        return tag.files() if places is None else tag.files()[places]

    def values(self, name: str, kind: str) -> tuple[NDArray[np.int64], NDArray[np.float64], list[Payload]]:
        """Steps, wall times and payloads of a tag's values, of a kind that it has: those that the options leave."""
        tag = self.tags[name]
        values = tag.values[kind]
        steps, wall_times = np.array(values.steps, np.int64), np.array(values.wall_times, np.float64)
        places = self._places(tag, kind, steps)
        if places is None:
            return steps, wall_times, list(values.payloads)
        return steps[places], wall_times[places], [values.payloads[place] for place in places.tolist()]

    def _places(self, tag: TagData, kind: str, steps: NDArray[np.int64]) -> NDArray[np.intp] | None:
        """The places of a tag's values that restarts and duplicates leave; None means all."""
        removed = None
        if self.options.restarts == "overwrite":
            removed = overwritten(steps)
        elif self.history is not None:
            start = 0
            for before in tag.kinds[: tag.kinds.index(kind)]:
                start += tag.scalar_count if before == "scalars" else len(tag.values[before])
            removed = self.history.removed(*tag.records_and_steps())[start : start + len(steps)]
        return places_kept(steps, removed, self.options.duplicates)


def _scalar_of(value: Summary.Value) -> tuple[float, bool]:
    """Returns a scalar and whether it is stored as a double.

    Raises:
        TensorError: if its tensor contradicts itself.
    """
    return scalar_of_tensor(value.tensor) if value.HasField("tensor") else (value.simple_value, False)


def _payload_of(value: Summary.Value, number: int, place: PayloadLocation | None, *, several: bool) -> Payload:
    """Returns the bytes of a value, or where it is: the value of this number in the event at `place`.

    A small one among several is kept, so that reading it does not read the others.
    """
    if place is None or (several and value.ByteSize() <= KEPT_BYTES):
        return value.SerializeToString()
    return place._replace(number=number)


def _wrong_hparams(value: Summary.Value) -> PayloadError | None:
    """Returns what is wrong with hyperparameters; None if nothing is."""
    try:
        if value.HasField("metadata"):
            parse_hparams(value.tag, value.metadata.plugin_data.content)
    except PayloadError as error:
        return error
    return None
