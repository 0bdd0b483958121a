"""Series whose values are decoded when they are asked for: steps and times are there, payloads come on demand."""

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
from tbevents.views.notebook import series_html

__all__ = ["LazySeries", "as_number", "counted", "place_of", "place_of_step", "read_only"]

P_co = TypeVar("P_co", covariant=True)
S = TypeVar("S", bound="LazySeries[Any]")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazySeries(Generic[P_co]):
    """The points of one tag in one run, in the order they were written, decoded one by one when asked for.

    Indexing and iterating give points, a slice a shorter series; nothing decoded is kept, so that going through a
    series takes the memory of one point. What is large is read again from its file.

    Attributes:
        tag: the series' name.
        steps: int64, shape (n,), read-only; n is at least 1 in a run's series.
        wall_times: float64 seconds since 1970, shape (n,), read-only.
        display_name: what TensorBoard shows in the tag's place; the tag, where the file says nothing.
        description: Markdown text shown beside it; mostly empty.
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
        """The point that a value means.

        Raises:
            PayloadError, TensorError: it contradicts itself, or is no such thing.
        """
        raise NotImplementedError

    def _verify(self, point: Any) -> None:
        """Raises PayloadError if what is encoded in a point is damaged; most kinds encode nothing."""

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, index: int) -> P_co: ...

    @overload
    def __getitem__(self: S, index: slice) -> S: ...

    def __getitem__(self, index: int | slice) -> Any:
        """The point at a place, negative ones counted from the end; of a slice, a shorter series.

        Raises:
            IndexError: there is no such place.
            TypeError: the index is neither an integer nor a slice.
            PayloadError, TensorError: the value is no such thing; the message says which.
            FileChangedError: its file does not hold it any more.
        """
        if isinstance(index, slice):
            places = range(len(self.steps))[index]
            items = [self._payloads.items[place] for place in places]
            payloads = self._payloads._replace(items=items)
            return replace(self, steps=self.steps[index], wall_times=self.wall_times[index], _payloads=payloads)
        return self._point(index, verify=False)

    def verified(self, index: int) -> P_co:
        """The point at a place, after a look at what is encoded in it, as far as that needs no optional package.

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
        """The point of a step; the last one, where the step was logged several times.

        Raises:
            UnknownStepError: there is none (also a KeyError).
        """
        return self[place_of_step(self.tag, self.steps, step)]

    def copy(self: S) -> S:
        """The same points, with steps and times in arrays of their own; large values stay in their files."""
        return replace(self, steps=self.steps.copy(), wall_times=self.wall_times.copy())

    def __repr__(self) -> str:
        span = f", steps {self.steps[0]} to {self.steps[-1]}" if len(self) else ""
        return f"{type(self).__name__}({self.tag!r}, {counted(len(self), 'point')}{span})"

    def _repr_html_(self) -> str:
        return series_html(self)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The array, or where it can be written to, a view of it that cannot: the caller's own array stays as it is."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def counted(count: int, noun: str) -> str:
    """So many of something, in words that fit."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def as_number(name: str, value: Any) -> Any:
    """A caller's real number, as it is.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, (int, float, np.integer, np.floating)):
        return value
    try:
        return operator.index(value)  # an array of one integer
    except TypeError:
        raise TypeError(f"{name} must be a number, not {value!r}") from None


def place_of(tag: str, count: int, index: Any) -> int:
    """The place that an index of a series of so many points means.

    Raises:
        IndexError: there is no such place.
        TypeError: the index is no integer.
    """
    try:
        return range(count)[operator.index(index)]
    except TypeError:
        raise TypeError(f"{tag!r}: an index must be an integer or a slice, not {index!r}") from None
    except IndexError:
        raise IndexError(f"place {index} is out of range: {tag!r} has {counted(count, 'point')}") from None


def place_of_step(tag: str, steps: NDArray[np.int64], step: int) -> int:
    """The place of the last point of a step.

    Raises:
        UnknownStepError: there is none; the message names the nearest steps.
        TypeError: the step is no number.
    """
    step = as_number("step", step)
    places = np.flatnonzero(steps == step)
    if not len(places):
        near = steps[np.argsort(np.abs(steps.astype(np.float64) - step), kind="stable")[:3]]
        nearest = ", ".join(map(str, sorted(set(near.tolist()))))
        hint = f"the nearest steps are {nearest}" if nearest else "it has no points"
        raise UnknownStepError(f"{tag!r} has no point at step {step!r}; {hint}")
    return int(places[-1])
