"""What all series have in common, and the series whose values are decoded on demand."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TensorError, UnknownStepError
from tbevents.format.scalar_layout import STEP_RANGE
from tbevents.proto import Summary
from tbevents.reading.payloads import Payloads
from tbevents.reading.points import read_only
from tbevents.reading.times import as_datetimes
from tbevents.views.notebook import series_html

P_co = TypeVar("P_co", covariant=True)
S = TypeVar("S", bound="Series[Any]")
L = TypeVar("L", bound="LazySeries[Any]")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series(Generic[P_co]):
    """The points of one tag in one run, in the order they were written.

    Attributes:
        tag: the series' name.
        steps: int64, shape (n,), read-only.
        wall_times: float64 seconds since 1970, shape (n,), read-only.
    """

    tag: str
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]

    _arrays: ClassVar[tuple[str, ...]] = ("steps", "wall_times")
    """The attributes that are arrays with an element for each point."""

    def __post_init__(self) -> None:
        for name in self._arrays:
            array = getattr(self, name)
            if array.flags.writeable:
                object.__setattr__(self, name, read_only(array))

    def _with_arrays(self: S, change: Callable[[NDArray[Any]], NDArray[Any]], **others: Any) -> S:
        """Returns a series whose arrays were passed through a function."""
        changes: dict[str, Any] = {name: change(getattr(self, name)) for name in self._arrays}
        return replace(self, **changes, **others)

    def _point(self, place: int) -> P_co:
        """Returns the point at a place, which is not negative."""
        raise NotImplementedError

    def _part(self: S, places: slice | NDArray[np.bool_]) -> S:
        """Returns a series of some of the points."""
        raise NotImplementedError

    def copy(self: S) -> S:
        """Returns the same points in separate arrays, which keep no memory of the run's other series alive.

        Large values stay in their files.
        """
        return self._with_arrays(np.copy)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[P_co]:
        return map(self._point, range(len(self.steps)))

    @overload
    def __getitem__(self, index: int) -> P_co: ...

    @overload
    def __getitem__(self: S, index: slice) -> S: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Returns the point at an index, where negative ones count from the end; for a slice, a shorter series.

        Raises:
            IndexError: if the index is out of range.
            TypeError: if the index is neither an integer nor a slice.
            PayloadError, TensorError: if the value cannot be decoded; the message names run, tag and step.
            FileChangedError: if the file was changed and no longer holds the value.
        """
        return self._part(index) if isinstance(index, slice) else self._point(self._place_of(index))

    @property
    def first(self) -> P_co:
        """The point written first."""
        return self[0]

    @property
    def last(self) -> P_co:
        """The point written last."""
        return self[-1]

    def at(self, step: int) -> P_co:
        """Returns the point of a step; the last one, if the step was logged several times.

        Raises:
            UnknownStepError: if the series has no point at that step (also a KeyError).
            TypeError: if the step is not a number.
        """
        step = as_number("step", step)
        within = min(max(step, STEP_RANGE[0]), STEP_RANGE[-1])  # a larger int may not be a float, either
        places = np.flatnonzero(self.steps == within)
        if within == step and len(places):
            return self._point(int(places[-1]))
        steps = np.unique(self.steps)
        place = int(np.searchsorted(steps, within))
        around = steps[max(0, place - 3) : place + 3].tolist()
        near = sorted(sorted(around, key=lambda each: abs(each - within))[:3])
        hint = f"the nearest steps are {', '.join(map(str, near))}" if near else "it has no points"
        raise UnknownStepError(self.tag, step, hint)

    def between(self: S, first: int | None = None, last: int | None = None) -> S:
        """Returns the points with first <= step <= last.

        Args:
            first: the least step; None for no limit.
            last: the greatest step; None for no limit.

        Raises:
            TypeError: if an argument is not a number.
        """
        wanted = np.ones(len(self), np.bool_)
        if first is not None:
            wanted &= self.steps >= as_number("first", first)
        if last is not None:
            wanted &= self.steps <= as_number("last", last)
        return self._part(wanted)

    @property
    def times(self) -> NDArray[np.datetime64]:
        """The wall times as UTC, datetime64[us], shape (n,); NaT if a time is not finite or out of range."""
        return as_datetimes(self.wall_times)

    def _extent(self) -> str:
        """The number of points, and their steps from the least to the greatest."""
        if not len(self):
            return "no points"
        least, greatest = self.steps.min(), self.steps.max()
        steps = f"step {least}" if least == greatest else f"steps {least} to {greatest}"
        return f"{plain_count(len(self), 'point')}, {steps}"

    def _place_of(self, index: Any) -> int:
        """Returns an index counted from 0; raises IndexError or TypeError if it is out of range or no integer."""
        count = len(self.steps)
        try:
            return range(count)[operator.index(index)]
        except TypeError:
            given = f"an array of shape {index.shape}" if hasattr(index, "shape") else repr(index)
            raise TypeError(
                f"{self.tag!r}: an index must be an integer or a slice, not {given}; "
                "the arrays, such as `steps`, can be indexed with arrays"
            ) from None
        except IndexError:
            if not count:
                raise IndexError(f"{self.tag!r} has no points") from None
            raise IndexError(f"index {index} is out of range: {self.tag!r} has {plain_count(count, 'point')}") from None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazySeries(Series[P_co]):
    """The points of one tag in one run, in the order they were written, decoded one by one when asked for.

    Indexing and iterating give points, and a slice gives a shorter series. Decoded points are not kept, so that going
    through a series takes the memory of one point. Large values are read again from their file. A series is equal only
    to itself, and so are points that hold arrays or texts; `tbevents.testing` compares their contents.

    Attributes:
        tag: the series' name.
        steps: int64, shape (n,), read-only; n is at least 1 in a run's series.
        wall_times: float64 seconds since 1970, shape (n,), read-only.
        display_name: the name that TensorBoard shows; the tag if none is stored.
        description: Markdown text shown with the values; often empty.
    """

    display_name: str
    description: str
    _payloads: Payloads

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> P_co:
        """Returns the point that a value holds.

        Raises:
            PayloadError, TensorError: if the value is inconsistent, or not of this kind.
        """
        raise NotImplementedError

    def _verify(self, point: Any) -> None:
        """Raises PayloadError if data encoded in a point (a WAV file, say) are damaged; most kinds encode nothing."""

    def _part(self: L, places: slice | NDArray[np.bool_]) -> L:
        items = [self._payloads.items[place] for place in np.arange(len(self.steps))[places].tolist()]
        return self._with_arrays(lambda array: array[places], _payloads=self._payloads._replace(items=items))

    def _point(self, place: int) -> P_co:
        return self._decoded(place, verify=False)

    def verified(self, index: int) -> P_co:
        """Returns the point at an index, after checking the data encoded in it as far as no optional package is needed.

        Raises:
            IndexError, TypeError, PayloadError, TensorError, FileChangedError: as indexing.
        """
        return self._decoded(self._place_of(index), verify=True)

    def _decoded(self, place: int, *, verify: bool) -> P_co:
        step = int(self.steps[place])
        value = self._payloads.load(place)
        try:
            point = self._decode(value, step, float(self.wall_times[place]))
            if verify:
                self._verify(point)
        except (PayloadError, TensorError) as error:
            raise type(error)(f"{self._payloads.where}: tag {self.tag!r}, step {step}: {error}") from error
        return point

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.tag!r}, {self._extent()})"

    def _repr_html_(self) -> str:
        return series_html(self)


def sample_of(samples: Sequence[bytes], index: int, noun: str) -> bytes:
    """Returns one of the samples of a step.

    Raises:
        PayloadError: if there is none at that index.
    """
    try:
        return samples[index]
    except IndexError:
        raise PayloadError(f"there is no {noun} {index!r}: the step has {len(samples)}") from None


def plain_count(count: int, noun: str) -> str:
    """A count and its noun, in the plural if needed."""
    return f"{count} {noun}{'' if count == 1 else 'es' if noun.endswith('sh') else 's'}"


def as_number(name: str, value: Any) -> Any:
    """Returns the value, which must be a real number.

    Raises:
        TypeError: if the value is not a number.
    """
    if isinstance(value, (int, float, np.integer, np.floating)):
        return value
    try:
        return operator.index(value)  # an array of one integer
    except TypeError:
        raise TypeError(f"{name} must be a number, not {value!r}") from None
