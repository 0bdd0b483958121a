"""The runs of a logdir as its last listing shows them; each is read when it is first asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from tbevents.errors import TBEventsError, UnknownNameError
from tbevents.files import join
from tbevents.forks import renew_when_forked
from tbevents.format.values import whole
from tbevents.reading.options import ReadOptions
from tbevents.reading.points import PointColumns
from tbevents.reading.problem import OnProblem, Problem, tell_of, warn_about
from tbevents.reading.reading_queue import ReadingQueue
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run
from tbevents.reading.run_parts import can_be_parted, scalar_parts
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.small_runs import MOST
from tbevents.reading.source import Reading
from tbevents.remote import is_url
from tbevents.remote_file import fetched_ahead
from tbevents.run_files import list_runs

_PART_BYTES: Final = 2**26
"""A run whose files are larger, in bytes, comes in parts where it can."""

_SHOWN_BYTES: Final = 2**25
_SHOWN_SECONDS: Final = 1.0
"""The bounds within which runs are read to show a logdir."""


class _Slot:
    """The state of a run that may not have been read yet.

    Attributes:
        ref: the run, as the last listing of the logdir shows it.
        place: index of the run, from 0.
        lock: held by the thread that reads it.
        warned: the problems that were warned of, of which a later reading does not warn again.
    """

    __slots__ = ("lock", "place", "ref", "warned")

    def __init__(self, place: int, ref: RunRef) -> None:
        self.place = place
        self.ref = ref
        self.lock = threading.RLock()
        self.warned: tuple[Problem, ...] = ()


class ScalarPart(NamedTuple):
    """Scalars of a run.

    Attributes:
        name: of the run.
        series: points by tag.
        last: whether these are the last ones of the run.
        problems: those of the run, if `last`.
    """

    name: str
    series: Iterable[tuple[str, PointColumns]]
    last: bool
    problems: Sequence[Problem] = ()


class ListedRuns:
    """The runs of a logdir, by name; each is read when it is first asked for.

    For threads, forks and interrupts, see `Logdir`: this is its only state.

    Args:
        path: the folder, or the one event file; for messages only, if the runs are those of references.
        options: how the runs are read.
        threads: the number of threads that read; None means one per processor.
        processes: the number of processes that read; None means no other process.
        as_refs: whether the runs are those of references, and are read as these say.

    Attributes:
        path, options, threads, processes, as_refs: as given.
        runs: by name; None for a run that has not been read.
        problems: the folders that could not be listed.
    """

    def __init__(
        self,
        path: str,
        options: ReadOptions,
        threads: int | None = None,
        processes: int | None = None,
        *,
        as_refs: bool = False,
    ) -> None:
        self.path = path
        self.options = options
        self.threads = _checked("threads", threads)
        self.processes = _checked("processes", processes)
        self.as_refs = as_refs
        self.runs: dict[str, Run | None] = {}
        self.problems: tuple[Problem, ...] = ()
        self._table = SkeletonTable(verify=options.verify)
        self._slots: dict[str, _Slot] = {}
        self._names: list[str] = []
        self._next = -1  # place of the run that an iteration asks for next
        self._renew_locks()
        renew_when_forked(self)

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()  # held while runs are found, and while `runs` is changed
        self._queue = ReadingQueue(
            self._table, self.options, as_listed=self.as_refs, threads=self.threads, processes=self.processes
        )
        for slot in self._slots.values():
            slot.lock = threading.RLock()

    def find(self) -> None:
        """Lists the runs, and keeps what was read of those that were known.

        Raises:
            RunNotFoundError, OSError: if the folder cannot be listed, or, if strict, one below it.
        """
        problems: list[Problem] = []

        def unlisted(folder: str, error: OSError) -> None:
            if self.options.strict:
                raise error
            problems.append(Problem.unreadable(folder, error))

        with self._lock:
            found = list_runs(self.path, unlisted)
            urls = {name: self.path if name == "." else join(self.path, name) for name in found}
            self.take_listing((RunRef(name, urls[name], tuple(files)) for name, files in found.items()), problems)

    def take_listing(self, refs: Iterable[RunRef], problems: Sequence[Problem]) -> None:
        """Takes what a listing shows, and keeps what was read of the runs that were known."""
        slots: dict[str, _Slot] = {}
        for place, ref in enumerate(refs):
            slot = slots[ref.name] = self._slots.get(ref.name) or _Slot(place, ref)
            slot.place, slot.ref = place, ref
        names, runs, found = list(slots), {name: self.runs.get(name) for name in slots}, tuple(problems)
        self._slots, self._names, self.runs, self.problems = slots, names, runs, found

    def refs(self) -> tuple[RunRef, ...]:
        """As `Logdir.refs`."""
        return tuple(slot.ref for slot in self._slots.values())

    def reload(self) -> None:
        """As `Logdir.reload`."""
        known = set(self.problems)
        self._queue.forget()  # first: what is begun from here on is new enough
        self.find()
        warn_about([problem for problem in self.problems if problem not in known])
        slots = self._slots
        read = [(run, slots[name].ref.files) for name, run in self.runs.items() if run is not None and name in slots]
        if is_url(self.path):
            behind = [run.behind(files) for run, files in read]
            for (run, files), requested in zip(read, fetched_ahead(behind), strict=True):
                run.reload_as_listed(files, requested)
        else:
            for run, _ in read:
                run.reload()

    def get(self, name: str) -> Run:
        """As `Logdir.__getitem__`; if the runs are asked for one after the other, the next ones are read ahead."""
        slot = self._slots.get(name) if isinstance(name, str) else None
        if slot is None:
            raise UnknownNameError("run", name, self._slots, self.path)
        place = slot.place
        one_by_one, self._next = place == self._next, place + 1
        return self._run(name, self._names[place : place + MOST] if one_by_one else ())

    def names_in_turn(self) -> Iterator[str]:
        """As `Logdir.__iter__`: whoever iterates asks for the runs one after the other, as a rule."""
        names = iter(self.runs)
        for first in names:
            self._next = 0  # whoever asks for this run meanwhile is iterating over the others, too
            try:
                yield first
            finally:
                if self._next == 0:
                    self._next = -1
            yield from names

    def each(
        self, names: Sequence[str], on_problem: OnProblem | None = None, *, keep: bool = False
    ) -> Iterator[tuple[str, Run]]:
        """As `Logdir.each`; `keep` keeps the runs for whoever asks for them next."""
        ended = False
        try:
            for place, name in enumerate(names):
                run = self._run(name, names[place : place + MOST], keep=keep, warn=on_problem is None)
                if on_problem is not None:
                    tell_of(run.problems, on_problem)
                yield name, run
                del run  # it is let go before the next one is read
            ended = True
        finally:
            if not ended:
                self._queue.forget()  # of what was read ahead, a later pass would get the state of now

    def scalar_parts(self, names: Sequence[str], on_problem: OnProblem | None = None) -> Iterator[ScalarPart]:
        """As `Logdir.scalar_parts`."""
        options = replace(self.options, kinds=[kind for kind in ("scalars",) if self.options.wants_kind(kind)])
        large = {name for name in names if self._is_large(name)} if can_be_parted(options) else set[str]()
        at = 0
        while at < len(names):
            name = names[at]
            if name in large:
                damage: list[Problem] = []
                for part in scalar_parts(
                    self._queue.source(self._slots[name].ref), options, self._table, damage.append
                ):
                    yield ScalarPart(name, part, last=False)
                self._tell_of(name, damage, on_problem)
                yield ScalarPart(name, (), last=True, problems=damage)
                at += 1
                continue
            end = next((place for place in range(at, len(names)) if names[place] in large), len(names))
            for each, run in self.each(names[at:end], on_problem):
                yield ScalarPart(each, run.scalar_columns(), last=True, problems=run.problems)
            at = end

    def read_cheap(self, names: Sequence[str]) -> dict[str, str]:
        """Reads runs within a bound of bytes and time, and keeps them. Returns why those are not read that are not."""
        notes: dict[str, str] = {}
        if is_url(self.path):
            return dict.fromkeys(names, "not read: remote")
        room = _SHOWN_BYTES
        chosen: list[str] = []
        for name in names:
            ref = self._unread(name)
            if ref is None:
                continue
            if ref.size > room:
                notes[name] = f"not read: {megabytes(ref.size)}"
                continue
            room -= ref.size
            chosen.append(name)
        end = time.monotonic() + _SHOWN_SECONDS
        for place, name in enumerate(chosen):
            if time.monotonic() > end:
                break
            try:  # other processes would take longer to start
                self._run(name, chosen[place : place + MOST] if self.processes in (None, 1) else ())
            except (TBEventsError, OSError) as error:  # what is shown must not raise
                notes[name] = f"cannot be read: {error}"
        return notes

    def _is_large(self, name: str) -> bool:
        slot = self._slots.get(name)  # None if a reload has found it gone: `_run` raises that
        return slot is not None and self.runs.get(name) is None and slot.ref.size > _PART_BYTES

    def _run(self, name: str, wanted: Sequence[str] = (), *, keep: bool = True, warn: bool = True) -> Run:
        """Returns a run, which is read if needed; the runs `wanted`, of which it is the first, begin to be read.

        Args:
            name: of the run.
            wanted: the runs that are asked for next.
            keep: whether the run is kept for whoever asks for it next.
            warn: whether to warn of its problems, if it is read now.
        """
        run = self.runs.get(name)
        if run is not None:
            return run
        slot = self._slots.get(name)
        if slot is None:
            raise UnknownNameError("run", name, self._slots, self.path)
        if len(wanted) > 1:
            self._queue.begin(wanted, self._unread)
        with slot.lock:
            problems: Sequence[Problem] = ()
            run = self.runs.get(name)
            if run is None:
                listing = self._names
                run = self._open(slot.ref, self._queue.take(name))
                if listing is not self._names and self._slots.get(name) is slot:
                    run.reload()  # reading it began before another thread's `reload` of the logdir
                problems = run.problems if warn else ()
                with self._lock:
                    if keep and self._slots.get(name) is slot:  # it may be gone since
                        self.runs[name] = run
        if self._names[-1:] == [name]:
            self._queue.end_processes()  # they are of no use any more, as a rule
        self._tell_of(name, problems, None)
        return run

    def _unread(self, name: str) -> RunRef | None:
        """A run that is not read; None if it is, or is gone."""
        slot = self._slots.get(name)
        return None if slot is None or self.runs.get(name) is not None else slot.ref

    def _tell_of(self, name: str, problems: Sequence[Problem], on_problem: OnProblem | None) -> None:
        """Tells of problems of a run that was read; does not warn again of those that were warned of before."""
        slot = self._slots.get(name)  # None if a reload has found it gone
        if on_problem is None and problems and slot is not None:
            known, slot.warned = slot.warned, tuple(problems)
            problems = [problem for problem in problems if problem not in known]
        tell_of(problems, on_problem)

    def _open(self, ref: RunRef, reading: Reading | None = None) -> Run:
        """A run: what was read of it, or read now."""
        source = self._queue.source(ref)
        if reading is not None:
            source.listed = None  # that was for the first reading
        return Run(source, name=ref.name, table=self._table, options=self.options, warn=False, reading=reading)


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:.1f} MB"


def _checked(argument: str, count: int | None) -> int | None:
    """Checks the number of threads or processes."""
    return None if count is None else whole(argument, count, least=1)
