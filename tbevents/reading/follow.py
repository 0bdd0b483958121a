"""Following a run: its events as they are written."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator

from tbevents.errors import DamageWarning, FileChangedError
from tbevents.files import StrPath, path_string
from tbevents.proto import Event
from tbevents.reading.event_file import EventFileReader, warning
from tbevents.reading.source import FileSource
from tbevents.reading.values import Problem

__all__ = ["follow"]


def follow(
    path: StrPath,
    *,
    poll: float = 1.0,
    timeout: float | None = None,
    stop: threading.Event | None = None,
    strict: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] | None = None,
) -> Iterator[Event]:
    """Yields the events of a run: those there are, and from then on each one when it has been written.

    A record that is only half there, or a tail of zero bytes, is waited for. New event files of the run are taken up
    when they appear, and so is the run itself. A file that was truncated or replaced is read again from its start, with
    a `DamageWarning`; one that cannot be read is tried again at each look, with one `DamageWarning`.

    Each call begins at the start of the run, and remembers nothing of other calls. An interrupt or an exception ends
    the iteration, as it does any generator's: what was yielded stays, a new call yields it again. An iteration belongs
    to one thread at a time; another one ends it by setting `stop`. In a forked process it goes on by itself.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL. It need not exist yet.
        poll: seconds between looks at the files.
        timeout: seconds after which the iteration ends, however much is still being written; None for never.
        stop: an event that ends the iteration when it is set; what had been written by then is yielded first.
        strict: whether damage is raised; by default it is passed over with a `DamageWarning`.
        clock: seconds, for `timeout`.
        sleep: called with `poll`; by default waits so long, or until `stop` is set.

    Yields:
        Event messages, in file order, file by file.

    Raises:
        ValueError: `poll` is not positive.
        DamagedFileError: at the first damage, where `strict`; an incomplete record at the end is none.
        NotAnEventFileError: the file named holds no record at all.
        OSError: the path named cannot be read, or where `strict` any of its files; that there is none yet is fine.
    """
    text = path_string(path, "path")
    if not poll > 0:
        raise ValueError(f"poll must be a positive number of seconds, not {poll!r}")
    stop = threading.Event() if stop is None else stop
    return _follow(text, poll, timeout, stop, strict, clock, stop.wait if sleep is None else sleep)


def _follow(
    path: str,
    poll: float,
    timeout: float | None,
    stop: threading.Event,
    strict: bool,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Iterator[Event]:
    deadline = None if timeout is None else clock() + timeout
    source = FileSource(path, strict=strict, expected=True)
    readers: dict[str, EventFileReader] = {}
    warned: set[Problem] = set()
    while True:
        last_look = stop.is_set() or (deadline is not None and clock() >= deadline)
        for file in source.find(readers)[0]:
            while True:
                reader = readers.get(file)
                if reader is None:
                    reader = readers[file] = source.open(file, patient=True)
                try:
                    yield from warning(reader, reader.events(), warned)
                    break
                except FileChangedError as error:
                    del readers[file]
                    if reader.offset:
                        warnings.warn(f"{error}; reading it again", DamageWarning, stacklevel=3)
        if last_look:
            return
        sleep(poll)
