"""Series whose values are decoded on demand; steps and times are in memory."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TensorError, UnknownStepError
from tbevents.proto import Summary
from tbevents.reading.payloads import Payloads
from tbevents.reading.times import as_datetimes
from tbevents.views.notebook import series_html

__all__ = ["LazySeries", "as_number", "counted", "place_of", "place_of_step", "read_only"]

P_co = TypeVar("P_co", covariant=True)
S = TypeVar("S", bound="LazySeries[Any]")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazySeries(Generic[P_co]):
    """The points of one tag in one run, in the order they were written, decoded one by one when asked for.

    Indexing and iterating give points, and a slice gives a shorter series. Decoded points are not kept, so that going
    through a series takes the memory of one point. Large values are read again from their file.

    Attributes:
        tag: the series' name.
        steps: int64, shape (n,), read-only; n is at least 1 in a run's series.
        wall_times: float64 seconds since 1970, shape (n,), read-only.
        display_name: what TensorBoard shows in place of the tag; the tag, if the file says nothing.
        description: Markdown text shown beside the values; mostly empty.
    """

    tag: str
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    display_name: str
    description: str
    _payloads: Payloads

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", read_only(self.steps))
        object.__setattr__(self, "wall_times", read_only(self.wall_times))

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> P_co:
        """Returns the point that a value holds.

        Raises:
            PayloadError, TensorError: the value is inconsistent, or not of this kind.
        """
        raise NotImplementedError

    def _verify(self, point: Any) -> None:
        """Raises PayloadError if data encoded in a point (a WAV file, say) are damaged; most kinds encode nothing."""

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, index: int) -> P_co: ...

    @overload
    def __getitem__(self: S, index: slice) -> S: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Returns the point at an index, where negative ones count from the end; for a slice, a shorter series.

        Raises:
            IndexError: the index is out of range.
            TypeError: the index is neither an integer nor a slice.
            PayloadError, TensorError: the value cannot be decoded; the message names run, tag and step.
            FileChangedError: the file was changed, and does not hold the value any more.
        """
        if isinstance(index, slice):
            places = range(len(self.steps))[index]
            items = [self._payloads.items[place] for place in places]
            payloads = self._payloads._replace(items=items)
            return replace(self, steps=self.steps[index], wall_times=self.wall_times[index], _payloads=payloads)
        return self._point(index, verify=False)

    def verified(self, index: int) -> P_co:
        """Returns the point at an index, after checking the data encoded in it as far as no optional package is needed.

        Raises:
            IndexError, TypeError, PayloadError, TensorError, FileChangedError: as indexing.
        """
        return self._point(index, verify=True)

    def _point(self, index: int, *, verify: bool) -> P_co:
        index = place_of(self.tag, len(self.steps), index)
        step = int(self.steps[index])
        value = self._payloads.load(index)
        try:
            point = self._decode(value, step, float(self.wall_times[index]))
            if verify:
                self._verify(point)
        except (PayloadError, TensorError) as error:
            raise type(error)(f"{self._payloads.where}: tag {self.tag!r}, step {step}: {error}") from error
        return point

    def __iter__(self) -> Iterator[P_co]:
        return map(self.__getitem__, range(len(self.steps)))

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
            UnknownStepError: the series has no point at that step (also a KeyError).
        """
        return self[place_of_step(self.tag, self.steps, step)]

    @property
    def times(self) -> NDArray[np.datetime64]:
        """The wall times as UTC, datetime64[us], shape (n,); NaT where a time is not finite or beyond that type."""
        return as_datetimes(self.wall_times)

    def copy(self: S) -> S:
        """Returns the same points, with steps and times in separate arrays; large values stay in their files."""
        return replace(self, steps=self.steps.copy(), wall_times=self.wall_times.copy())

    def __repr__(self) -> str:
        span = f", steps {self.steps[0]} to {self.steps[-1]}" if len(self) else ""
        return f"{type(self).__name__}({self.tag!r}, {counted(len(self), 'point')}{span})"

    def _repr_html_(self) -> str:
        return series_html(self)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Returns the array, or a read-only view of it if it is writable: the caller's array stays writable."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def counted(count: int, noun: str) -> str:
    """A count and its noun, in the plural if needed."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def as_number(name: str, value: Any) -> Any:
    """Returns the value, which must be a real number.

    Raises:
        TypeError: the value is not a number.
    """
    if isinstance(value, (int, float, np.integer, np.floating)):
        return value
    try:
        return operator.index(value)  # an array of one integer
    except TypeError:
        raise TypeError(f"{name} must be a number, not {value!r}") from None


def place_of(tag: str, count: int, index: Any) -> int:
    """Returns an index of a series of `count` points, counted from 0.

    Raises:
        IndexError: the index is out of range.
        TypeError: the index is not an integer.
    """
    try:
        return range(count)[operator.index(index)]
    except TypeError:
        raise TypeError(f"{tag!r}: an index must be an integer or a slice, not {index!r}") from None
    except IndexError:
        raise IndexError(f"place {index} is out of range: {tag!r} has {counted(count, 'point')}") from None


def place_of_step(tag: str, steps: NDArray[np.int64], step: int) -> int:
    """Returns the index of the last point of a step.

    Raises:
        UnknownStepError: there is no such point; the message names the nearest steps.
        TypeError: the step is not a number.
    """
    step = as_number("step", step)
    places = np.flatnonzero(steps == step)
    if not len(places):
        near = steps[np.argsort(np.abs(steps.astype(np.float64) - step), kind="stable")[:3]]
        nearest = ", ".join(map(str, sorted(set(near.tolist()))))
        hint = f"the nearest steps are {nearest}" if nearest else "it has no points"
        raise UnknownStepError(f"{tag!r} has no point at step {step!r}; {hint}")
    return int(places[-1])
