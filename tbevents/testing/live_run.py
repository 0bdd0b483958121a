"""A run that shows at any moment what has been logged so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tbevents.files import StrPath, path_string
from tbevents.reading.run import Run
from tbevents.reading.source import FileSource, Source
from tbevents.writing import flusher

__all__ = ["LiveRun", "live_run"]

_FIXED: Final = {"name", "path", "options", "reload"}
"""The attributes that no reading changes, and the one that reads itself."""


class LiveRun(Run):
    """A run that is read on, as by `reload`, whenever something of it is asked for; made by `live_run`.

    Series and mappings that were taken from it stay as they were. No warning is given of damage; `problems` says it.
    Threads, forked processes and interrupts may do what they may to a `Run`.

    Args:
        source: as of a `Run`.
        name: as of a `Run`.
        before: is called before each reading.
    """

    def __init__(self, source: Source, *, name: str = ".", before: Callable[[], object] = lambda: None) -> None:
        self._before = before
        before()
        super().__init__(source, name=name, warn=False)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in _FIXED:
            return super().__getattribute__(name)
        self._read()
        return getattr(self._still(), name)  # what is asked for may ask for more: that is to be of the same state

    def _read(self, *, warn: bool = False) -> None:
        self._before()
        super()._read(warn=warn)


def live_run(path: StrPath, *, name: str = ".") -> LiveRun:
    """The run in a folder that may be empty, or not be there yet.

    What this process's tbevents writers have logged is flushed before each reading; torch's and tensorboardX's writers
    are to be flushed or closed first. A folder that was emptied and filled anew is read anew.

    Args:
        path: the folder.
        name: what to call the run.

    Raises:
        TypeError: `path` is no path.
    """
    return LiveRun(FileSource(path_string(path, "path"), expected=True), name=name, before=flusher.drain_all)
