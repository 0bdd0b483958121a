"""The records and events of a run, one by one: those in its files, and those that are still being written."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from tbevents.callers import warn_caller
from tbevents.errors import DamageWarning, FileChangedError
from tbevents.files import StrPath, path_string
from tbevents.format.record import Record
from tbevents.format.values import as_float
from tbevents.proto import Event
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.options import ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.source import FileSource

T = TypeVar("T")
_END: Final[Any] = object()


def iter_records(path: StrPath, strict: bool = False) -> Iterator[Record]:
    """Iterates over the records of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL.
        strict: whether damage is raised. By default it is skipped with a `DamageWarning` for each damaged range, and
            reading continues at the next intact record.

    Returns:
        An iterator over records in file order: (offset, payload), checksums verified.

    Raises:
        RunNotFoundError: if `path` does not exist, or the folder holds no event file (also a FileNotFoundError).
        NotAnEventFileError: if `path` is a file without any record.
        DamagedFileError: if a file is damaged, and `strict`.
        OSError: if a file cannot be read; or, if `strict`, an entry with an event file's name cannot be opened, such as
            a broken link. By default there is a `DamageWarning` for such an entry.
    """
    readers = _readers(path, strict)
    return (record for reader in readers for _, record in warn_while_reading(reader, reader.records()))


def iter_events(path: StrPath, strict: bool = False) -> Iterator[Event]:
    """Iterates over the events of an event file, or of all the event files of a run.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL.
        strict: as in `iter_records`; a payload that is not an Event counts as damage.

    Returns:
        An iterator over Event messages in file order.

    Raises:
        RunNotFoundError, NotAnEventFileError, DamagedFileError, OSError: as `iter_records`.
    """
    readers = _readers(path, strict)
    return (event for reader in readers for event in warn_while_reading(reader, reader.events()))


def _readers(path: StrPath, strict: bool) -> list[EventFileReader]:
    source = FileSource(path_string(path, "path"), ReadOptions(strict=strict))
    files, problems = source.find({})
    _warn_of_new(problems, set())
    return [source.open(file, patient=False) for file in files]


def _warn_of_new(problems: Iterable[Problem], warned: set[Problem]) -> None:
    """Warns of the problems that are not in `warned`, and adds them to it."""
    for problem in problems:
        if problem not in warned:
            warned.add(problem)
            warn_caller(str(problem), DamageWarning)


def warn_while_reading(reader: EventFileReader, items: Iterator[T], warned: set[Problem] | None = None) -> Iterator[T]:
    """Yields the items, and warns of each problem of the reader as it appears, unless it is in `warned`.

    A patient reader waits for an incomplete record at the end, which is not warned of.
    """
    warned = set() if warned is None else warned
    told = 0
    for item in itertools.chain(items, [_END]):
        if len(reader.problems) < told:  # the problem of the tail was withdrawn, or all were merged into one
            told = 0
        for problem in reader.problems[told:]:
            if not (reader.patient and problem.kind == "incomplete"):
                _warn_of_new([problem], warned)
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
    """Yields the events of a run: first those in its files, then each new one once it has been written.

    An incomplete record, or a tail of zero bytes, is waited for. New event files are read when they appear; the run
    itself need not exist yet. A file that was truncated or replaced is read again from its start, with a
    `DamageWarning`; a file that cannot be read is tried again at each poll, with one `DamageWarning`. A file that was
    written again with the same size and the same bytes at its start and end is not noticed: `Run.reload` notices it.

    Each call begins at the start of the run, and shares nothing with other calls. An interrupt or an exception ends
    the iteration, as with any generator; a new call yields all events again. One thread at a time may use an iteration;
    another thread ends it by setting `stop`. In a forked process the iteration continues independently.

    Args:
        path: an event file, or a folder that holds event files; a local path or a URL. It need not exist yet.
        poll: seconds between two checks of the files.
        timeout: seconds after which the iteration ends, even if more is being written; None for never. With 0 or less
            it yields what is there now.
        stop: ends the iteration when it is set, after the events that had been written by then.
        strict: whether damage is raised; by default it is skipped with a `DamageWarning`.
        clock: returns seconds, for `timeout`.
        sleep: called with the seconds to wait: `poll`, or what is left until the timeout. By default waits that long,
            or until `stop` is set.

    Yields:
        Event messages, in file order, file by file.

    Raises:
        ValueError: if `poll` is not positive, or `timeout` is NaN.
        TypeError: if `poll` or `timeout` is not a number, or `strict` not a bool.
        DamagedFileError: if a file is damaged, and `strict`; an incomplete record at the end is not damage.
        NotAnEventFileError: if `path` is a file without any record.
        OSError: if `path` cannot be read, or, if `strict`, one of the files; a path that does not exist is waited for.
    """
    text = path_string(path, "path")
    options = ReadOptions(strict=strict)
    poll = as_float(poll, name="poll")
    if not poll > 0:
        raise ValueError(f"poll must be a positive number of seconds, not {poll!r}")
    if timeout is not None and math.isnan(timeout := as_float(timeout, name="timeout")):
        raise ValueError("timeout must be a number of seconds, not nan")
    ended = threading.Event() if stop is None else stop
    wait = (lambda seconds: ended.wait(min(seconds, threading.TIMEOUT_MAX))) if sleep is None else sleep

    def events() -> Iterator[Event]:
        deadline = None if timeout is None else clock() + timeout
        source = FileSource(text, options, expected=True)
        readers: dict[str, EventFileReader] = {}
        warned: set[Problem] = set()
        while True:
            last_look = ended.is_set() or (deadline is not None and clock() >= deadline)
            files, problems = source.find(readers)
            _warn_of_new(problems, warned)
            for file in files:
                while True:
                    reader = readers.get(file.url)
                    if reader is None:
                        reader = readers[file.url] = source.open(file, patient=True)
                    elif reader.is_up_to_date(file):
                        break
                    reader.listed = file
                    try:
                        yield from warn_while_reading(reader, reader.events(), warned)
                        break
                    except FileChangedError as error:
                        del readers[file.url]
                        if reader.offset:
                            warn_caller(f"{error}; reading it again", DamageWarning)
            if last_look:
                return
            wait(poll if deadline is None else min(poll, max(deadline - clock(), 0.0)))

    return events()
