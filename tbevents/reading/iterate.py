"""The records and events of a run one by one: those that are there, and those still to come."""

from __future__ import annotations

import itertools
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from tbevents.errors import (
    DamageWarning,
    FileChangedError,
)
from tbevents.files import StrPath, find_run_files, path_string
from tbevents.format.record import (
    Record,
)
from tbevents.proto import Event
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.problem import Problem
from tbevents.reading.source import FileSource

__all__ = ["follow", "iter_events", "iter_records", "warning"]


T = TypeVar("T")
_END: Final[Any] = object()


def iter_records(path: StrPath, strict: bool = False) -> Iterator[Record]:
    """Iterates over the records of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL.
        strict: whether damage is raised. By default it is passed over, with a `DamageWarning` for each stretch, and
            reading goes on at the next intact record.

    Returns:
        An iterator over records in file order: (offset, payload), checksums verified.

    Raises:
        RunNotFoundError: there is no such path, or no event file in the folder (also a FileNotFoundError).
        NotAnEventFileError: the file named holds no record at all.
        DamagedFileError: at the first damage, where `strict`.
        OSError: a file cannot be read.
    """
    files = find_run_files(path)
    sole = files == [path_string(path, "path")]
    readers = [EventFileReader(file, strict=strict, sole=sole) for file in files]
    return (record for reader in readers for _, record in warning(reader, reader.records()))


def iter_events(path: StrPath, strict: bool = False) -> Iterator[Event]:
    """Iterates over the events of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL.
        strict: as in `iter_records`; a payload that is no Event counts as damage.

    Returns:
        An iterator over Event messages in file order.

    Raises:
        RunNotFoundError, NotAnEventFileError, DamagedFileError, OSError: as `iter_records`.
    """
    files = find_run_files(path)
    sole = files == [path_string(path, "path")]
    readers = [EventFileReader(file, strict=strict, sole=sole) for file in files]
    return (event for reader in readers for event in warning(reader, reader.events()))


def warning(reader: EventFileReader, items: Iterator[T], warned: set[Problem] | None = None) -> Iterator[T]:
    """The items, with a warning for each problem of the reader when it is met; those in `warned` are not told again.

    An incomplete record at the end is no reason for one where the reader is patient.
    """
    warned = set() if warned is None else warned
    told = 0
    for item in itertools.chain(items, [_END]):
        if len(reader.problems) < told:  # that of the tail was withdrawn, or all were made one
            told = 0
        for problem in reader.problems[told:]:
            if problem not in warned and not (reader.patient and problem.kind == "incomplete"):
                warned.add(problem)
                warnings.warn(str(problem), DamageWarning, stacklevel=3)
        told = len(reader.problems)
        if item is not _END:
            yield item


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
