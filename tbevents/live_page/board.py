"""A board: follows the runs below some logdirs, reads them when they change, and says what changed since."""

from __future__ import annotations

import dataclasses
import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from tbevents.errors import TBEventsError, UnknownNameError
from tbevents.file_ref import FileRef
from tbevents.files import folder_name, is_within, join
from tbevents.live_page.entries import arrange
from tbevents.live_page.followed_run import FollowedRun, RunSummary, weight
from tbevents.live_page.known_tags import KnownTags
from tbevents.live_page.names import checked_logdirs, run_name, title_of
from tbevents.live_page.run_opener import RunOpener
from tbevents.reading.hparams_table import SessionFacts
from tbevents.reading.options import ReadOptions
from tbevents.reading.run import Run
from tbevents.remote import is_url
from tbevents.run_files import list_runs
from tbevents.tools.kept_runs import KeptRuns
from tbevents.tools.names import natural_key

_INTERVAL: Final = 0.5
"""Seconds between two listings of the logdirs, while a page is open."""

_SHARE: Final = 5
"""A listing that takes long is followed by a pause of this many times its duration."""

_SHARE_READING: Final = 20
"""The same while runs are read, which a listing would slow."""

_READERS: Final = 2
_URL_READERS: Final = 8
"""Threads that read runs; those that read from URLs mostly wait."""


class Board:
    """The runs below some logdirs. Nothing is written.

    The runs are listed when the board is made. They are read on threads of the board, and again when a listing shows
    that their files changed; the logdirs are listed only while somebody watches. Runs that have not been used for the
    longest time are let go of once all take more than `memory` bytes, and are read again when they are asked for.

    Any thread may call any method. A forked child must not use the board: its threads stay in the parent. `close` ends
    the threads; a second call does nothing.

    Args:
        logdirs: label -> folder, event file or URL. A label is put before the names of the runs, with a slash, and has
            none itself. A single logdir may have the label "", which leaves the names as they are.
        memory: bytes of runs in memory, roughly. The run in use is kept in any case.
        options: how the runs are read.

    Attributes:
        key: a random text, different for each board.

    Raises:
        RunNotFoundError, OSError: if a logdir does not exist, or cannot be listed.
        TypeError, ValueError: if a label has the wrong type, has a slash, or is empty beside others.
    """

    def __init__(
        self, logdirs: Mapping[str, str], *, memory: int = 512 * 2**20, options: ReadOptions | None = None
    ) -> None:
        self.logdirs: dict[str, str] = checked_logdirs(logdirs)
        self.key: str = secrets.token_hex(8)
        self._opener = RunOpener(ReadOptions() if options is None else options)
        self._lock = threading.Condition()
        self._version = 1
        self._runs: list[FollowedRun] = []
        self._by_name: dict[tuple[str, str], FollowedRun] = {}
        self._tags = KnownTags()
        self._runs_changed = False  # whether there are more or fewer runs than the last response knew
        self._sessions = False  # whether there are hyperparameters
        self._arranged = 0  # the version for which it was last seen what runs are on the page
        self._problems: tuple[str, ...] = ()
        self._problems_version = 0
        self._kept = KeptRuns[int](memory)  # by number
        self._waiting: deque[FollowedRun] = deque()  # those to be read, and read again
        self._watchers: set[Callable[[], object]] = set()
        self._closed = False
        self._next_look = 0.0  # when the logdirs are to be listed again, by the monotonic clock
        self._jobs = 0  # threads that read, or begin to
        remote = any(map(is_url, self.logdirs.values()))
        self._readers = _URL_READERS if remote else _READERS
        self._pool = ThreadPoolExecutor(self._readers, "tbevents-board-read")
        # Whoever asks for runs has one thread read them: each thread that reads keeps the memory that it needed.
        self._asked = ThreadPoolExecutor(_URL_READERS if remote else 1, "tbevents-board-asked")
        try:
            self.look(first=True)
        except BaseException:
            self._pool.shutdown(wait=False)
            self._asked.shutdown(wait=False)
            raise
        self._follower = threading.Thread(target=self._follow, name="tbevents-board-follow", daemon=True)
        self._follower.start()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def is_reading(self) -> bool:
        """Whether runs are being read, or wait for it."""
        return self._jobs > 0

    @property
    def title(self) -> str:
        """The names of the logdirs."""
        return title_of(self.logdirs)

    def close(self) -> None:
        """Ends the board: no run is read any more, and all watchers are called."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            watchers = list(self._watchers)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._asked.shutdown(wait=False, cancel_futures=True)
        for call in watchers:
            call()

    @contextmanager
    def watching(self, call: Callable[[], object]) -> Iterator[None]:
        """Follows the logdirs meanwhile, and calls a function on some thread whenever something has changed."""
        with self._lock:
            self._watchers.add(call)
            self._lock.notify_all()
        try:
            yield
        finally:
            with self._lock:
                self._watchers.discard(call)

    def names(self) -> dict[int, str]:
        """Returns the names of the runs that are there, by their numbers."""
        with self._lock:
            return {run.number: run.name for run in self._runs if not run.gone}

    def tag(self, number: int) -> tuple[str, str]:
        """Returns kind and name of a tag.

        Raises:
            UnknownNameError: if there is no such tag.
        """
        with self._lock:
            return self._tags.named(number)

    def states(self, spans: Iterable[tuple[int, int]], kind: str, tag: str) -> list[tuple[int, int, int]]:
        """Returns number, epoch and count of each run that has the series; they change whenever it does. Reads nothing.

        Args:
            spans: the first and the last number of the runs asked for; a run is named once, however often they have it.
            kind: kind of the series.
            tag: its name.
        """
        with self._lock:
            numbers = itertools.chain.from_iterable(
                range(first, min(last, len(self._runs) - 1) + 1) for first, last in spans
            )
            runs = [self._runs[number] for number in dict.fromkeys(numbers)]
            return [run.state(kind, tag) for run in runs if not run.gone and run.count(kind, tag)]

    def run(self, number: int, *, whole: bool = False) -> Run:
        """Returns a run, which is read if it is not in memory; `whole` also reads the rest of a large one.

        Raises:
            UnknownNameError: if there is no such run, or it is gone.
            RuntimeError: if the run is not in memory, and the board is closed.
            TBEventsError, OSError: if the run cannot be read.
        """
        with self._lock:
            if not 0 <= number < len(self._runs) or self._runs[number].gone:
                raise UnknownNameError("run", number, None)
            followed = self._runs[number]
            run = followed.run
            if run is not None:
                self._kept.use(number)
                if not (whole and run.is_cut):
                    return run
        return self._asked.submit(self._read, followed, whole=whole).result()

    def runs(self, numbers: Iterable[int], *, whole: bool = False) -> Iterator[tuple[int, Run]]:
        """Yields the runs that are there and can be read; those that are not in memory are read some at a time.

        Args:
            numbers: of the runs.
            whole: whether the rest of large runs is read, too.
        """
        asked = deque(numbers)
        while asked:
            with self._lock:
                unread = deque(self._runs[number] for number in itertools.takewhile(self._is_unread, asked))
                chosen = self._opener.take(unread) if unread else []
            if chosen:
                self._asked.submit(self._read_together, chosen).result()
            for _ in range(max(1, len(chosen))):
                number = asked.popleft()
                try:
                    yield number, self.run(number, whole=whole)
                except (TBEventsError, OSError):
                    continue

    def _is_unread(self, number: int) -> bool:
        return 0 <= number < len(self._runs) and self._runs[number].run is None and not self._runs[number].gone

    def facts(self) -> tuple[dict[str, int], dict[str, SessionFacts]]:
        """Returns, of the runs that have been read, the numbers and what a table of hyperparameters needs, by name."""
        with self._lock:
            runs = [run for run in self._runs if not run.gone]
            facts = {run.name: run.summary.facts for run in runs if run.summary is not None}
            return {run.name: run.number for run in runs}, facts

    def changes(self, since: int) -> dict[str, Any] | None:
        """Returns what changed after a version, as plain data for the page; None if nothing did.

        Args:
            since: the version of an earlier response; 0 for everything.
        """
        with self._lock:
            self._tags.find_rates(self._step)
            if self._arranged != self._version and (self._sessions or self._runs_changed):
                self._runs_changed = False
                root = folder_name(next(iter(self.logdirs.values()))) if len(self.logdirs) == 1 else ""
                for run in arrange([run for run in self._runs if not run.gone], root):
                    run.version = self._step()
                self._arranged = self._version
            version = self._version
            if since >= version:
                return None
            numbered = self._tags.numbering()
            told: dict[str, Any] = {
                "version": version,
                "tags": self._tags.since(since),
                "runs": [run.as_json(numbered) for run in self._runs if run.version > since],
                "there": sum(not run.gone for run in self._runs),
                "unread": sum(run.summary is None and not run.gone for run in self._runs),
            }
            if self._problems_version > since:
                told["problems"] = list(self._problems)
            rates = self._tags.rates_since(since)
            if rates is not None:
                told["rates"] = rates
            return told

    # -- listing -----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Lists the logdirs again and again, while somebody watches."""
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._closed or self._watchers)
                # Since the last listing, which may be that of the start.
                if self._lock.wait_for(lambda: self._closed, self._next_look - time.monotonic()):
                    return
            self.look()

    def look(self, *, first: bool = False) -> None:
        """Lists the logdirs: finds new runs, those that are gone, and those whose files changed.

        Args:
            first: if True, a logdir that cannot be listed is an error; else it is a problem.

        Raises:
            OSError, TBEventsError: if a logdir cannot be listed, and `first` is True.
        """
        began = time.monotonic()
        found: dict[tuple[str, str], Sequence[FileRef]] = {}
        problems: list[str] = []
        unlisted: list[tuple[str, str]] = []  # labels, and folders that could not be listed: the runs there stay
        for label, path in self.logdirs.items():

            def cannot_list(folder: str, error: Exception, label: str = label) -> None:
                problems.append(
                    f"{folder}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
                )
                unlisted.append((label, folder))

            try:
                listed = list_runs(path, cannot_list)
            except FileNotFoundError as error:
                if first:
                    raise
                problems.append(str(error))
                continue
            except (OSError, TBEventsError) as error:
                if first:
                    raise
                cannot_list(path, error)
                continue
            found.update({(label, name): listed[name] for name in sorted(listed, key=natural_key)})
        with self._lock:
            if self._closed:
                return
            ended = time.monotonic()
            share = _SHARE_READING if self._jobs else _SHARE
            self._next_look = ended + max(_INTERVAL, share * (ended - began))
            changed = self._take(found, unlisted)
            if tuple(problems) != self._problems:
                self._problems = tuple(problems)
                self._problems_version = self._step()
                changed = True
        if changed and not first:
            self._tell()

    def _take(self, found: Mapping[tuple[str, str], Sequence[FileRef]], unlisted: Sequence[tuple[str, str]]) -> bool:
        """Takes a listing; returns whether anything is to be told now. Readings tell of themselves when they end."""
        changed = False
        for key, files in found.items():
            run = self._by_name.get(key)
            if run is None:
                label, name = key
                path = self.logdirs[label]
                url = path if name == "." else join(path, name)
                run = self._by_name[key] = FollowedRun(len(self._runs), run_name(label, name), url, tuple(files))
                self._runs.append(run)
            elif run.gone:
                run.gone, run.files = False, tuple(files)
                run.epoch += 1
            elif run.files != tuple(files):
                run.files = tuple(files)
                self._queue(run)
                continue
            else:
                continue
            changed = self._runs_changed = True
            run.version = self._step()
            self._queue(run)
        for key, run in self._by_name.items():
            may_be_there = any(key[0] == label and is_within(run.url, folder) for label, folder in unlisted)
            if key not in found and not run.gone and not may_be_there:
                self._tags.note(run.summary.counts if run.summary else None, None)
                run.gone, run.run, run.summary, run.news, run.failure = True, None, None, "", ""
                self._kept.forget(run.number)
                run.version = self._step()
                changed = self._runs_changed = True
        return changed

    def _step(self) -> int:
        self._version += 1
        return self._version

    def _tell(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for call in watchers:
            call()

    # -- reading -----------------------------------------------------------------------------------------------------

    def _queue(self, run: FollowedRun) -> None:
        if not run.queued:
            run.queued = True
            self._waiting.append(run)
            if self._jobs < self._readers:
                self._jobs += 1
                self._pool.submit(self._read_waiting)

    def _read_waiting(self) -> None:
        """Reads waiting runs, or what was appended to them, until none is left; the longest waiting first."""
        while True:
            with self._lock:
                if self._closed or not self._waiting:
                    self._jobs -= 1
                    break
                chosen = self._opener.take(self._waiting)
                for followed in chosen:
                    followed.queued = False
            for followed in self._read_together(chosen):
                self._read_quietly(followed)
            self._tell()
        self._tell()  # once more: `is_reading` may be False only now, and a stream ends its pause then

    def _read_quietly(self, followed: FollowedRun) -> None:
        """Reads a run, or what was appended to it. What cannot be read is a problem of the run."""
        if self._closed:
            return
        try:
            run = self._read(followed, again=True)
        except Exception as error:  # one bad run must not end the thread
            with self._lock:
                if not followed.gone:
                    summary = followed.summary or RunSummary({}, (), SessionFacts(None, {}, False))
                    followed.summary = dataclasses.replace(summary, is_cut=False)  # nobody reads on
                    followed.failure = str(error)
                    followed.version = self._step()
        else:
            if run.is_cut:
                with self._lock:
                    if not (self._closed or followed.gone):
                        self._queue(followed)

    def _read_together(self, chosen: Sequence[FollowedRun]) -> list[FollowedRun]:
        """Reads small runs that are not in memory; returns the runs that are to be read one by one."""
        if len(chosen) < 2:
            return list(chosen)
        held = [followed for followed in chosen if followed.reading.acquire(blocking=False)]
        left = {followed.number: followed for followed in chosen}
        try:
            for followed, run in self._opener.open_together([each for each in held if each.run is None]):
                if run is not None:
                    self._take_run(followed, run)
                    del left[followed.number]
        except Exception:  # one by one, it turns out which of them raises
            pass
        finally:
            for followed in held:
                followed.reading.release()
        return list(left.values())

    def _read(self, followed: FollowedRun, *, again: bool = False, whole: bool = False) -> Run:
        """Reads a run that is not in memory.

        `again` also reads what was appended to another one, or its next part; `whole`, also the rest of a large one.
        """
        with followed.reading:
            run, anew = followed.run, ""
            if run is None:
                run = self._opener.open(followed)
            elif again:
                anew = self._opener.read_on(followed, run)
            elif not (whole and run.is_cut):
                return run  # another thread has read it meanwhile
            if whole and run.is_cut:
                anew = self._opener.read_on(followed, run, whole=True) or anew
            self._take_run(followed, run, anew)
        return run

    def _take_run(self, followed: FollowedRun, run: Run, anew: str = "") -> None:
        """Takes a run that was read just now, under its lock `reading`."""
        summary = RunSummary.of(run)
        with self._lock:
            if followed.gone or self._closed:
                return
            before = followed.summary
            recovered, followed.failure = bool(followed.failure), ""
            if anew or (before is not None and _shrunk(before, summary)):
                followed.epoch += 1
                followed.news = f"{anew or 'a file was truncated, replaced or removed'}; the run was read again"
            followed.run = run
            self._sessions = self._sessions or summary.facts.hparams is not None
            summary = dataclasses.replace(summary, counts=self._tags.take(run, summary.counts, self._step))
            if before is None or anew or recovered or before.differs(summary):
                self._tags.note(before.counts if before else None, summary.counts)
                followed.summary = summary
                followed.version = self._step()
            for number in self._kept.keep(followed.number, weight(run, summary.counts)):
                self._runs[number].run = None


def _shrunk(before: RunSummary, after: RunSummary) -> bool:
    """Whether a tag has fewer values than before, or is gone."""
    return any(
        after.counts.get(kind, {}).get(tag, 0) < count
        for kind, tags in before.counts.items()
        for tag, count in tags.items()
    )
