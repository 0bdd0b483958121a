"""A run: what the event files of one folder say, as series by tag."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Protocol

from tbevents.errors import DamageWarning
from tbevents.files import StrPath, find_run_files, path_string
from tbevents.reading.collector import Collector
from tbevents.reading.columns import SkeletonTable
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.values import NamedMapping, Problem, ScalarSeries

__all__ = ["Run", "Source", "read_run"]

_WARNED_EACH = 3
"""Problems of one reading that get a warning each; those behind get one together."""


class Source(Protocol):
    """Where the events of a run come from."""

    @property
    def location(self) -> str:
        """The path, or what stands for it in messages."""

    @property
    def files(self) -> Sequence[str]:
        """The event files read so far, in order; none where the events come from memory."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What could not be read."""

    def read(self, collector: Collector) -> None:
        """Gives the collector what is new."""


class _Files:
    """The event files of a folder, or one of them."""

    def __init__(self, path: str, strict: bool) -> None:
        self.location = path
        self._strict = strict
        self._readers: dict[str, EventFileReader] = {}

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self._readers)

    @property
    def problems(self) -> list[Problem]:
        return [problem for reader in self._readers.values() for problem in reader.problems]

    def read(self, collector: Collector) -> None:
        sole = not os.path.isdir(self.location)
        for file in find_run_files(self.location):
            if file not in self._readers:
                self._readers[file] = EventFileReader(file, strict=self._strict, sole=sole)
            collector.add_file(self._readers[file])


class Run:
    """What a training run logged, as its event files say it.

    Made by `read_run` and `read_logdir`. The series are frozen; `reload` makes the run show what was appended since.

    Attributes:
        name: as TensorBoard shows it: the folder relative to the logdir; ``.`` for the logdir itself.
        path: the folder or file that was read.
    """

    def __init__(self, source: Source, *, name: str = ".", table: SkeletonTable | None = None) -> None:
        self.name = name
        self.path = source.location
        self._source = source
        self._collector = Collector(SkeletonTable() if table is None else table)
        self._series: dict[str, ScalarSeries] = {}  # made so far
        self._read()

    @property
    def scalars(self) -> NamedMapping[ScalarSeries]:
        """The scalar series by tag, in the order of their first appearance: every point, in the order written."""
        return self._scalars

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags, of every kind, in the order of their first appearance."""
        return tuple(self._collector.tags)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many values there are: kind ("scalars", "images", ...) -> tag -> number."""
        found: dict[str, dict[str, int]] = {}
        for tag, kind, count in self._collector.counts():
            found.setdefault(kind, {})[tag] = count
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """The event files, in the order in which they were read."""
        return tuple(self._source.files)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, file by file; empty where all is intact."""
        return tuple(self._source.problems)

    def reload(self) -> Run:
        """Reads what was appended since, new files included; costs as much as that is.

        Returns:
            The run itself. Series that were taken from it before stay as they were.

        Raises:
            OSError: a file cannot be read any more.
            DamagedFileError: at the first damage, where the run was read with ``strict=True``.
        """
        self._read()
        return self

    def _read(self) -> None:
        known = set(self._source.problems)
        self._source.read(self._collector)
        self._series.clear()
        tags = {tag: None for tag, kind, _ in self._collector.counts() if kind == "scalars"}
        self._scalars = NamedMapping("scalar tag", self.path, tags, self._scalar_series)
        _warn([problem for problem in self._source.problems if problem not in known])

    def _scalar_series(self, tag: str) -> ScalarSeries:
        series = self._series.get(tag)
        if series is None:
            series = self._series[tag] = self._collector.scalar_series(tag)
        return series

    def __repr__(self) -> str:
        kinds = ", ".join(f"{len(tags)} {kind}" for kind, tags in self.counts().items()) or "empty"
        problems = f", {len(self.problems)} problems" if self.problems else ""
        return f"<Run {self.name!r} at {self.path!r}: {kinds}{problems}>"


def read_run(path: StrPath, *, strict: bool = False, name: str | None = None) -> Run:
    """Reads a run: all its event files, every point.

    Args:
        path: a folder that directly holds event files, or one event file.
        strict: whether damage is raised. By default it is passed over with a `DamageWarning`, is listed in the run's
            `problems`, and the rest of the file is read.
        name: what to call the run; by default the last part of the path.

    Raises:
        RunNotFoundError: there is no such path, or no event file in the folder (also a FileNotFoundError).
        NotAnEventFileError: `path` is a file of another sort.
        DamagedFileError: at the first damage, where `strict`.
        OSError: a file cannot be read.
    """
    text = path_string(path, "path")
    find_run_files(text)
    return Run(_Files(text, strict), name=os.path.basename(os.path.abspath(text)) if name is None else name)


def _warn(problems: list[Problem]) -> None:
    for problem in problems[:_WARNED_EACH]:
        warnings.warn(str(problem), DamageWarning, stacklevel=5)
    more = len(problems) - _WARNED_EACH
    if more > 0:
        warnings.warn(f"and {more} more damaged stretches: see the run's problems", DamageWarning, stacklevel=5)
