"""Scalar points of many runs, gathered by tag in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.points import PointColumns

_BUFFERED: Final = 1 << 23
"""Bytes of points that are kept in memory before they go to the temporary file."""

_ARRAYS: Final = 400
"""Bytes that the array objects of a series take, beside its points."""


class SpooledPoints(NamedTuple):
    """The points of one tag in several runs, ordered by step, and at equal steps by run.

    Attributes:
        steps: int64, shape (n,).
        runs: the numbers of their runs; int32, shape (n,).
        wall_times: float64, shape (n,).
        values: float64, shape (n,).
    """

    steps: NDArray[np.int64]
    runs: NDArray[np.int32]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, series: list[tuple[int, PointColumns]]) -> SpooledPoints:
        """Returns the points of runs, each with its number, in the order of the numbers."""
        steps = np.concatenate([points.steps for _, points in series])
        order = np.argsort(steps, kind="stable")
        lengths = [len(points.steps) for _, points in series]
        return cls(
            steps[order],
            np.repeat(np.array([run for run, _ in series], np.int32), lengths)[order],
            np.concatenate([points.wall_times for _, points in series])[order],
            np.concatenate([points.values for _, points in series])[order],
        )

    def part(self, start: int, end: int) -> SpooledPoints:
        """Returns the points from `start` to before `end`; the arrays are views."""
        some = slice(start, end)
        return SpooledPoints(self.steps[some], self.runs[some], self.wall_times[some], self.values[some])


class PointSpool:
    """The points of each tag in many runs. What is more than 8 MiB goes to a temporary file, 28 bytes a point.

    It is for one thread. The file has no name in any folder: it is gone after `close`, and after a crash.

    Raises:
        OSError: from any method: the temporary file cannot be written or read.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[int, PointColumns]]] = {}
        self._waiting_bytes = 0
        self._file: IO[bytes] | None = None
        self._written: dict[str, list[_WrittenPoints]] = {}

    def close(self) -> None:
        """Lets go of all points; a second call does nothing."""
        self._waiting.clear()
        if self._file is not None:
            self._file.close()

    def add(self, tag: str, run: int, points: PointColumns) -> None:
        """Adds the points of a tag in a run; their values are float64.

        Runs are added in ascending order of their numbers, and all of them before points are asked for.
        """
        self._waiting.setdefault(tag, []).append((run, points))
        self._waiting_bytes += _ARRAYS + points.steps.nbytes + points.wall_times.nbytes + points.values.nbytes
        if self._waiting_bytes >= _BUFFERED:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        for tag in list(self._waiting):
            points = SpooledPoints.of(self._waiting.pop(tag))
            self._written.setdefault(tag, []).append(_WrittenPoints(self._file, len(points.steps)))
            for column in points:
                self._file.write(column.tobytes())
        self._waiting_bytes = 0

    def steps(self, tag: str) -> NDArray[np.int64]:
        """Returns the steps that a tag has in any run: ascending and unique."""
        found: NDArray[np.int64] = np.empty(0, np.int64)
        for part in self._parts(tag):
            found = np.union1d(found, part.steps)
        return found

    def between(self, tag: str, bounds: NDArray[np.int64]) -> Iterator[list[SpooledPoints]]:
        """Yields the points of a tag from each bound to before the next one, and from the last one on.

        Args:
            tag: a tag.
            bounds: steps, ascending; int64, shape (n,). None of the tag's steps is below the first.
        """
        parts = self._parts(tag)
        places = [[*np.searchsorted(part.steps, bounds).tolist(), len(part.steps)] for part in parts]
        for number in range(len(bounds)):
            yield [part.part(*of_part[number : number + 2]) for part, of_part in zip(parts, places, strict=True)]

    def _parts(self, tag: str) -> list[SpooledPoints | _WrittenPoints]:
        waiting = [SpooledPoints.of(self._waiting[tag])] if tag in self._waiting else []
        return [*self._written.get(tag, ()), *waiting]


class _WrittenPoints:
    """Points in the temporary file, one column after the other; the caller writes them at its current end."""

    _KINDS: Final = tuple(map(np.dtype, (np.int64, np.int32, np.float64, np.float64)))

    def __init__(self, file: IO[bytes], count: int) -> None:
        self._file = file
        self._start = file.tell()
        self._count = count

    @property
    def steps(self) -> NDArray[np.int64]:
        return self._column(0, 0, self._count)

    def part(self, start: int, end: int) -> SpooledPoints:
        """Like `SpooledPoints.part`."""
        return SpooledPoints(*(self._column(place, start, end) for place in range(len(self._KINDS))))

    def _column(self, place: int, start: int, end: int) -> NDArray[Any]:
        kind = self._KINDS[place]
        before = sum(each.itemsize for each in self._KINDS[:place]) * self._count
        self._file.seek(self._start + before + start * kind.itemsize)
        return np.frombuffer(self._file.read((end - start) * kind.itemsize), kind)
