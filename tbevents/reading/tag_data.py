"""One tag of a run: its scalar points as columns, its other values as places to find them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.proto import SummaryMetadata
from tbevents.reading.column_memory import ColumnMemory, own
from tbevents.reading.payloads import Payload
from tbevents.reading.points import PointColumns

_NO_RECORDS: Final = np.empty(0, np.int64)
_NOTHING: Final = np.empty(0, np.float64)


class SharedSteps:
    """The steps of one tag, or of several that were logged together, which halves their memory."""

    __slots__ = ("_last", "_memory", "array", "count")

    def __init__(self, array: NDArray[np.int64], memory: ColumnMemory) -> None:
        self.array: NDArray[np.int64] = own(array)
        self.count: int = len(array)
        self._last = array, 0  # what was put last, and where: as a rule it is the same for the next tag
        self._memory = memory

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedSteps, (self.array[: self.count], self._memory)

    def apart(self, memory: ColumnMemory) -> SharedSteps:
        """Returns a copy that has these steps and no room for more."""
        return SharedSteps(self.array[: self.count], memory)

    def forget(self) -> None:
        """Releases the array that was added last."""
        self._last = self.array[:0], 0

    def has(self, start: int, steps: NDArray[np.int64]) -> bool:
        """Whether the steps from `start` on equal these, up to the shorter length."""
        if steps is self._last[0] and start == self._last[1]:
            return True
        here = self.array[start : min(self.count, start + len(steps))]
        return bool((here == steps[: len(here)]).all())

    def put(self, start: int, steps: NDArray[np.int64], room: int) -> SharedSteps:
        """Adds steps from `start` on; if memory must be allocated, for `room` steps.

        Returns:
            The object that has them: this one, or a copy if this one has other steps there.
        """
        if not self.has(start, steps):
            return SharedSteps(self.array[:start], self._memory).put(start, steps, room)
        end = start + len(steps)
        if end > self.count:
            if end > len(self.array):
                larger = self._memory.empty(room, np.int64)
                larger[: self.count] = self.array[: self.count]
                self.array = larger
            self.array[self.count : end] = steps[self.count - start :]
            self.count = end
            self._last = steps, start
        return self


class TagValues:
    """The values of one tag that are not scalars, in order."""

    __slots__ = ("payloads", "records", "steps", "wall_times")

    def __init__(self) -> None:
        self.steps: array[int] = array("q")
        self.wall_times: array[float] = array("d")
        self.records: array[int] = array("q")  # the number of each value's record in the run
        self.payloads: list[Payload] = []

    def __len__(self) -> int:
        return len(self.steps)

    def copy(self) -> TagValues:
        """Returns a copy, to which more can be added."""
        other = TagValues()
        other.steps, other.wall_times, other.records = self.steps[:], self.wall_times[:], self.records[:]
        other.payloads = self.payloads.copy()
        return other

    def continues(self, old: TagValues) -> bool:
        """Returns True if it has these values, or these and more after them."""
        n = len(old)
        return (
            self.steps[:n] == old.steps
            and self.wall_times[:n].tobytes() == old.wall_times.tobytes()
            and self.payloads[:n] == old.payloads
        )

    def add(self, step: int, wall_time: float, record: int, payload: Payload) -> None:
        """Appends a value."""
        self.steps.append(step)
        self.wall_times.append(wall_time)
        self.records.append(record)
        self.payloads.append(payload)


@dataclass(slots=True, eq=False, repr=False)
class TagData:
    """The data of a tag.

    Attributes:
        name: the tag.
        number: the number of the tag in its run, by first appearance.
        metadata: the metadata of its first event in the run, which counts; what is given is copied.
        plugin: the plugin that the metadata name; mostly empty.
        double: True if a point was stored as a double or an integer.
        bare: True if the tag came without a value.
        values: kind -> values, for the kinds other than scalars.
        scalar_count: the number of scalar points.
        shared_steps: begins with the steps of these; the same for tags that were logged together.
    """

    name: str
    number: int
    metadata: SummaryMetadata
    _memory: ColumnMemory  # allocates its columns
    plugin: str = field(init=False)
    double: bool = False
    bare: bool = False
    values: dict[str, TagValues] = field(default_factory=dict)
    scalar_count: int = 0
    # The scalar points so far, and room for more behind them.
    shared_steps: SharedSteps | None = None
    _wall_times: NDArray[np.float64] = field(default_factory=lambda: _NOTHING)
    _values: NDArray[Any] = field(default_factory=lambda: _NOTHING)
    _records: NDArray[np.int64] | None = None
    _integers: dict[int, int] = field(default_factory=dict)  # place -> the integer that float64 does not hold
    _ends: list[tuple[int, int]] = field(default_factory=list)  # number of a file, how many points there are at its end

    def __post_init__(self) -> None:
        metadata = SummaryMetadata()
        metadata.CopyFrom(self.metadata)  # a message that is part of another keeps all of that one in memory
        self.metadata, self.plugin = metadata, metadata.plugin_data.plugin_name

    @property
    def kinds(self) -> list[str]:
        """The kinds of its values."""
        return [*(["scalars"] if self.scalar_count else []), *self.values]

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Returns the columns without the room after them."""
        state = {name: getattr(self, name) for name in TagData.__slots__}
        for name in ("_wall_times", "_values", "_records"):
            if state[name] is not None:
                state[name] = state[name][: self.scalar_count]
        return None, state

    def fork(self) -> TagData:
        """Returns a copy, to which values can be added; this one does not change."""
        other = TagData.__new__(TagData)
        for name in TagData.__slots__:  # copy.copy takes five times as long
            setattr(other, name, getattr(self, name))
        other.values = {kind: values.copy() for kind, values in self.values.items()}
        other._ends, other._integers = self._ends.copy(), self._integers.copy()
        return other  # columns are shared: what is added stands behind the points of this one

    def apart(self, shared: dict[int, SharedSteps], memory: ColumnMemory) -> TagData:
        """Returns a copy without room for more, which would be written into for both.

        Args:
            shared: the copies of steps so far, by the id of what they are copies of.
            memory: allocates its columns.
        """
        other, count, steps = self.fork(), self.scalar_count, self.shared_steps
        other._memory = memory
        if steps is not None:
            if id(steps) not in shared:
                shared[id(steps)] = steps.apart(memory)
            other.shared_steps = shared[id(steps)]
        other._wall_times, other._values = self._wall_times[:count], self._values[:count]
        other._records = None if self._records is None else self._records[:count]
        return other

    def continues(self, old: TagData) -> bool:
        """Returns True if it has the values of another, or these and more after them."""
        if self.metadata != old.metadata or not all(
            kind in self.values and self.values[kind].continues(values) for kind, values in old.values.items()
        ):
            return False
        if not old.scalar_count:
            return True
        if self.scalar_count < old.scalar_count or not old._integers.items() <= self._integers.items():
            return False
        columns = zip(self.columns()[:3], old.columns()[:3], strict=True)
        return all(np.array_equal(new[: len(known)], known, equal_nan=True) for new, known in columns)

    def is_plain(self, file: int) -> bool:
        """Whether it has nothing but scalar points of one file, which three columns hold; perhaps none."""
        ends = [(file, self.scalar_count)] if self.scalar_count else []
        beyond = self.bare or self.values or self._integers or self._records is not None
        return not beyond and self._ends == ends

    def add_columns(self, columns: PointColumns, done: float, before: TagData | None) -> None:
        """Appends scalar points.

        Args:
            columns: the points.
            done: the fraction of the file that was read with them; the rest is expected to have as many points.
            before: the tag that appeared just before this one, and may have the same steps.
        """
        steps, wall_times, values, records, integers = columns
        start, end = self.scalar_count, self.scalar_count + len(steps)
        self.scalar_count = end
        if integers:
            self._integers.update({start + place: number for place, number in integers.items()})
        if self.shared_steps is None:
            near = None if before is None else before.shared_steps
            same = near is not None and near.count >= end and near.has(0, steps)
            self.shared_steps = near if same else SharedSteps(steps, self._memory)
            self._wall_times, self._values = own(wall_times), own(values)
            self._records = None if records is None else own(records)
            return
        # Memory that is never written to costs nothing, so there may be too much of it; but in bounds.
        room = min(max(end + end // 4, int(1.02 * end / done)), 8 * end)
        self.shared_steps = self.shared_steps.put(start, steps, room)
        if end > len(self._wall_times):
            self._wall_times = self._grown(self._wall_times, start, room)
            if self._records is not None:
                self._records = self._grown(self._records, start, room)
        if end > len(self._values) or self._values.dtype != self._dtype:
            self._values = self._grown(self._values, start, room, self._dtype)
        self._wall_times[start:end] = wall_times
        self._values[start:end] = values
        if self._records is not None and records is not None:
            self._records[start:end] = records

    def _grown(self, column: NDArray[Any], count: int, room: int, dtype: Any = None) -> NDArray[Any]:
        """Returns a column with room for more; the first `count` numbers are kept."""
        larger = self._memory.empty(max(room, len(column)), column.dtype if dtype is None else dtype)
        larger[:count] = column[:count]
        return larger

    @property
    def _dtype(self) -> Any:
        return np.float64 if self.double else np.float32

    def end_file(self, number: int) -> None:
        """Notes that the points added since the last call came from a file."""
        if self.shared_steps is not None:
            self.shared_steps.forget()
        last, end = self._ends[-1] if self._ends else (None, 0)
        if self.scalar_count > end:
            if last == number:
                self._ends.pop()
            self._ends.append((number, self.scalar_count))

    def files(self) -> NDArray[np.int32]:
        """Returns the number of the file of each scalar point, int32, shape (n,)."""
        files = [np.full(len(steps), number, np.int32) for number, steps in self.steps_of_files()]
        return np.concatenate(files)

    def steps_of_files(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yields the number of each file with scalar points, and their steps."""
        start = 0
        for number, end in self._ends:
            assert self.shared_steps is not None
            yield number, self.shared_steps.array[start:end]
            start = end

    def columns(self) -> PointColumns:
        """Returns all scalar points, of which there must be one; later points do not change these arrays."""
        assert self.shared_steps is not None
        if self._values.dtype != self._dtype:  # a double came late, or was read in one block with this tag
            self._values = self._values.astype(self._dtype)
        n = self.scalar_count
        records = None if self._records is None else self._records[:n]
        return PointColumns(
            self.shared_steps.array[:n], self._wall_times[:n], self._values[:n], records, dict(self._integers) or None
        )

    def release(self) -> PointColumns:
        """Returns all scalar points, of which there must be one, and forgets them."""
        columns = self.columns()
        self.scalar_count = 0
        self.shared_steps = None
        self._wall_times, self._values, self._records = _NOTHING, _NOTHING, None
        self._integers, self._ends = {}, []
        return columns

    def records_and_steps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the record and step of every value of every kind; ordered only within a kind."""
        records, steps = [_NO_RECORDS], [_NO_RECORDS]
        if self.scalar_count:
            columns = self.columns()
            records.append(_NO_RECORDS if columns.records is None else columns.records)
            steps.append(columns.steps)
        for values in self.values.values():
            records.append(np.array(values.records, np.int64))
            steps.append(np.array(values.steps, np.int64))
        return np.concatenate(records), np.concatenate(steps)
