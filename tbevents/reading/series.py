"""Series whose values are decoded when they are asked for: steps and times are there, payloads come on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TensorError, UnknownStepError
from tbevents.proto import Summary
from tbevents.reading.payloads import Payloads

__all__ = ["LazySeries", "place_of_step"]

P_co = TypeVar("P_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazySeries(Generic[P_co]):
    """The points of one tag in one run, in the order they were written, decoded one by one when asked for.

    Indexing and iterating give points; nothing decoded is kept, so that going through a series takes the memory of one
    point. What is large is read again from its file.

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
        self.steps.setflags(write=False)
        self.wall_times.setflags(write=False)

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> P_co:
        """The point that a value means.

        Raises:
            PayloadError, TensorError: it contradicts itself, or is no such thing.
        """
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> P_co:
        """The point at a place; negative places count from the end.

        Raises:
            PayloadError, TensorError: the value is no such thing; the message says which.
            FileChangedError: its file does not hold it any more.
        """
        index = range(len(self.steps))[index]  # numpy's own error would name an axis
        step = int(self.steps[index])
        value = self._payloads.load(index)
        try:
            return self._decode(value, step, float(self.wall_times[index]))
        except (PayloadError, TensorError) as error:
            raise type(error)(f"{self._payloads.where}: tag {self.tag!r}, step {step}: {error}") from error

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

    def __repr__(self) -> str:
        points = "1 point" if len(self) == 1 else f"{len(self)} points"
        span = f", steps {self.steps[0]} to {self.steps[-1]}" if len(self) else ""
        return f"{type(self).__name__}({self.tag!r}, {points}{span})"


def place_of_step(tag: str, steps: NDArray[np.int64], step: int) -> int:
    """The place of the last point of a step.

    Raises:
        UnknownStepError: there is none; the message names the nearest steps.
    """
    places = np.flatnonzero(steps == step)
    if not len(places):
        near = steps[np.argsort(np.abs(steps.astype(np.float64) - step), kind="stable")[:3]]
        nearest = ", ".join(map(str, sorted(set(near.tolist()))))
        hint = f"the nearest steps are {nearest}" if nearest else "it has no points"
        raise UnknownStepError(f"{tag!r} has no point at step {step!r}; {hint}")
    return int(places[-1])
