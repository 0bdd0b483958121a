"""Finds the names of tags within a time limit."""

from __future__ import annotations

import threading
import time
from typing import Final

from tbevents.files import StrPath, path_string
from tbevents.reading.iterate import iter_events
from tbevents.reading.logdir import read_logdir
from tbevents.tools.names import without_damage_warnings

_WHOLE: Final = 2**24
"""Maximum size in bytes of a run that is read whole; of a larger run, only the first events are read."""

_EVENTS: Final = 20_000
"""Maximum number of events that are read of a large run."""


def known_tags(path: StrPath, *, seconds: float = 1.0) -> list[str]:
    """Returns the tags below a folder that are found within a time limit, in order of appearance.

    The thread that reads is not stopped, so use this only in a process that ends soon, such as a shell completion.

    Args:
        path: a folder of runs, a run, or an event file.
        seconds: the time limit.
    """
    text = path_string(path, "path")
    found: dict[str, None] = {}
    reader = threading.Thread(target=_find, args=(text, found, time.monotonic() + seconds), daemon=True)
    reader.start()
    reader.join(seconds)
    return list(found.copy())


def _find(path: str, found: dict[str, None], end: float) -> None:
    try:
        with without_damage_warnings():
            logdir = read_logdir(path, threads=1)
            for ref in logdir.refs():
                if time.monotonic() > end:
                    return
                if ref.size <= _WHOLE:
                    for _, run in logdir.each([ref.name]):
                        found.update(dict.fromkeys(run.tags))
                    continue
                for number, event in enumerate(iter_events(ref.files[0].url)):
                    found.update(dict.fromkeys(value.tag for value in event.summary.value))
                    if number >= _EVENTS or time.monotonic() > end:
                        break
    except Exception:  # a completion shows the tags found so far, and no error
        return
