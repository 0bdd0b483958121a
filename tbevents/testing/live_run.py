"""`LiveRun`: a run that always shows what has been logged so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tbevents.files import StrPath, path_string
from tbevents.reading.run import Run
from tbevents.reading.source import FileSource, Source
from tbevents.writing import flusher

_FIXED: Final = {"name", "path", "options", "reload"}
"""Attributes that do not change when the run is read again, and `reload`, which reads it."""


class LiveRun(Run):
    """A run that reloads itself whenever one of its attributes is used; made by `live_run`.

    Series and mappings taken from it do not change later. Damage is listed in `problems`; no warning is issued.
    For threads, forked processes and interrupts, it promises what `Run` promises.

    Args:
        source: as of a `Run`.
        name: as of a `Run`.
        before: called before each reload.
    """

    def __init__(self, source: Source, *, name: str = ".", before: Callable[[], object] = lambda: None) -> None:
        self._before = before
        before()
        super().__init__(source, name=name, warn=False)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in _FIXED:
            return super().__getattribute__(name)
        self._read()
        return getattr(self._still(), name)  # an attribute may use others, which must be of the same state

    def _read(self, *, warn: bool = False, most: int | None = None) -> None:
        self._before()
        super()._read(warn=warn, most=most)


def live_run(path: StrPath, *, name: str = ".") -> LiveRun:
    """Returns the run in a folder; the folder may be empty or not exist yet.

    Writers of tbevents in this process are flushed before each reload; flush or close those of torch and tensorboardX
    yourself. A folder that was emptied and filled again is read from the beginning.

    Args:
        path: the folder.
        name: the name of the run.

    Raises:
        TypeError: if `path` is not a path.
    """
    return LiveRun(FileSource(path_string(path, "path"), expected=True), name=name, before=flusher.drain_all)
