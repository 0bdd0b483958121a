"""A run that shows at any moment what has been logged so far."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

from tbevents.errors import DamageWarning, RunNotFoundError
from tbevents.files import StrPath, find_run_files, path_string
from tbevents.reading.collector import Collector
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.run import Run
from tbevents.reading.values import Problem
from tbevents.writing import flusher

__all__ = ["LiveRun", "live_run"]

_FIXED: Final = {"name", "path", "options"}
"""The attributes that no reading changes."""


class LiveRun(Run):
    """A run that is read on, as by `reload`, whenever something of it is asked for; made by `live_run`.

    Series that were taken from it stay as they were. No warning is given of damage; `problems` says it.
    """

    _reading = False

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in _FIXED or self._reading:
            return super().__getattribute__(name)
        self._reading = True  # what is asked for may ask for more: that is to be of the same state
        try:
            self._read()
            return super().__getattribute__(name)
        finally:
            self._reading = False

    def _read(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamageWarning)
            super()._read()


class _Folder:
    """The event files of a folder that may be empty, or not be there yet."""

    def __init__(self, path: str, before: Callable[[], object]) -> None:
        self.location = path
        self._before = before
        self._readers: dict[str, EventFileReader] = {}

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self._readers)

    @property
    def problems(self) -> list[Problem]:
        return [problem for reader in self._readers.values() for problem in reader.problems]

    def read(self, collector: Collector) -> None:
        self._before()
        try:
            files = find_run_files(self.location)
        except RunNotFoundError:
            return
        for file in files:
            if file not in self._readers:
                self._readers[file] = EventFileReader(file)
            collector.add_file(self._readers[file])


def live_run(path: StrPath, *, name: str = ".") -> LiveRun:
    """The run in a folder that may be empty, or not be there yet.

    What this process's tbevents writers have logged is flushed before each reading; torch's and tensorboardX's writers
    are to be flushed or closed first.

    Args:
        path: the folder.
        name: what to call the run.

    Raises:
        TypeError: `path` is no path.
    """
    return LiveRun(_Folder(path_string(path, "path"), flusher.drain_all), name=name)
