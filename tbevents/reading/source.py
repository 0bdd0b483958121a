"""Where the events of a run come from: event files, or whatever a collector can be fed from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Protocol

from tbevents.errors import DamageWarning
from tbevents.files import find_run_files
from tbevents.reading.collector import Collector
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.notice import callers_level
from tbevents.reading.values import Problem

__all__ = ["FileSource", "Source"]


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


class FileSource:
    """The event files of a folder, or one of them.

    Args:
        path: the folder or the file.
        strict: whether damage is raised.
        verify: whether the checksums of payloads are verified.
    """

    def __init__(self, path: str, strict: bool, *, verify: bool = True) -> None:
        self.location = path
        self._strict = strict
        self._verify = verify
        self._readers: dict[str, EventFileReader] = {}

    @property
    def files(self) -> tuple[str, ...]:
        """The event files read so far, in order."""
        return tuple(self._readers)

    @property
    def problems(self) -> list[Problem]:
        """What could not be read, file by file."""
        return [problem for reader in self._readers.values() for problem in reader.problems]

    def read(self, collector: Collector) -> None:
        """Gives the collector what is new; everything, where a file is not the one that was read before."""
        files = find_run_files(self.location)
        sole = files == [self.location]
        changed = next((file for file in files if file in self._readers and self._readers[file].changed()), None)
        if changed is not None:
            warnings.warn(
                f"{changed}: was truncated or replaced; reading the run again", DamageWarning, callers_level()
            )
            self._readers.clear()
            collector.restart()
        for file in files:
            if file not in self._readers:
                self._readers[file] = EventFileReader(file, strict=self._strict, sole=sole, verify=self._verify)
            collector.add_file(self._readers[file])
