"""The queue of what is being read of a logdir: runs that are asked for one after the other are read ahead of their use.

Whoever reads them (the thread that asks, other threads, or other processes), they are read in groups, and a group is
handed over, fails and is interrupted in one way: see `ReadingQueue`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tbevents.reading.options import ReadOptions
from tbevents.reading.refs import RunRef
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.small_runs import FIRST, MOST, SMALL, TOGETHER, SmallRunReader
from tbevents.reading.source import FileSource, Reading
from tbevents.reading.worker_processes import WorkerProcesses
from tbevents.remote import PARALLEL, is_url
from tbevents.remote_file import Requested, fetch_ahead

_AHEAD_BYTES: Final = 2**23
"""The smallest run on a local disk, in bytes, that another thread reads. Smaller runs need only short numpy calls, in
which threads mostly wait for each other: two threads take longer than one."""

_AHEAD_MOST: Final = 2**28
"""The most bytes of runs that threads read ahead, including the run that is asked for; and each process."""

_GROUP_BYTES: Final = 2**23
"""The most bytes of runs that a process reads as one group; a larger run is one by itself."""

_AHEAD_PER_READER: Final = 2
"""Groups read ahead per thread or process: the next one is there when one is done."""

_REQUESTED_AHEAD: Final = 2 * PARALLEL
"""Remote runs whose files are requested ahead: all requests are busy while the first of them is read."""


class _RunGroup:
    """Runs that are read together.

    Threads may share it: the first one that asks for any of the runs reads them, or waits for who does.

    Args:
        names: of the runs.
        read: returns what was read of each, in this order; None for one that raised, and that is to be read again.
    """

    def __init__(self, names: Sequence[str], read: Callable[[], Sequence[Reading | None]]) -> None:
        self._names = names
        self._read = read
        self._lock = threading.RLock()
        self._readings: dict[str, Reading | None] | None = None

    def take(self, name: str) -> Reading | None:
        """Returns what was read of a run, once."""
        with self._lock:
            if self._readings is None:
                self._readings = dict(zip(self._names, self._read(), strict=True))
            return self._readings.pop(name, None)


class ReadingQueue:
    """What is being read of a logdir.

    `begin` has runs read that are asked for next; `take` hands over what was read of one, once. None means that nobody
    has read it, or that there is something to raise: whoever asks reads it then, and raises it.

    Whatever else goes wrong in a group (an interrupt, no memory, a process that was killed) is raised by `take`, and
    the whole queue is forgotten: processes end, and whoever asks next begins anew. Threads may share a queue; a group
    is read once, whoever waits for it. If one thread ends the processes, those that wait for them read for themselves.
    A forked process must make a queue of its own.

    Args:
        table: the skeletons, shared with other runs.
        options: how to read.
        as_listed: whether local runs have the files of their references, too; else they are listed when they are read.
        threads: how many threads read, the asking one among them; None means one per processor.
        processes: how many other processes read local runs, in place of threads; None or 1 means none.
    """

    def __init__(
        self,
        table: SkeletonTable,
        options: ReadOptions,
        *,
        as_listed: bool = False,
        threads: int | None = None,
        processes: int | None = None,
    ) -> None:
        self._table = table
        self._options = options
        self._as_listed = as_listed
        self._is_requesting = threads != 1  # the files of remote runs, ahead
        self._threads = threads or os.cpu_count() or 1
        self._workers = WorkerProcesses(processes) if processes is not None and processes > 1 else None
        self._lock = threading.RLock()  # held while groups are formed
        self._groups: dict[str, _RunGroup] = {}  # by the names of the runs that have not been taken
        self._requested: dict[str, dict[str, Requested]] = {}  # what was requested of the files of a run, by URL
        self._together = FIRST  # how many small runs are read together next
        self._small_lock = threading.RLock()  # held by the thread that reads some
        self._small_runs = SmallRunReader(table, options)

    def source(self, ref: RunRef) -> FileSource:
        """Returns the files of a run. Those of a reference are as it says, and may be gone, which is no error."""
        # A local folder may have changed since it was listed, and takes little time to list again.
        listed = ref.files if self._as_listed or is_url(ref.url) else None
        return FileSource(
            ref.url,
            self._options,
            named=not self._as_listed and ref.is_file,
            listed=listed,
            requested=self._requested.pop(ref.name, None),
        )

    def begin(self, names: Sequence[str], unread: Callable[[str], RunRef | None]) -> None:
        """Begins to read runs that are asked for one after the other.

        Args:
            names: of the runs, in this order; the first one is asked for now.
            unread: returns the run of a name; None if it is read or gone.

        Raises:
            WorkerError: if no process can be started.
        """
        with self._lock:
            first = unread(names[0])
            if first is None:
                return
            if self._workers is not None and not is_url(first.url):
                groups = _AHEAD_PER_READER * self._workers.count
                room = max(first.size, _AHEAD_MOST * self._workers.count)
                for sources in self._new_groups(_runs(names, unread), groups, _GROUP_BYTES, self._is_below, room):
                    try:
                        read = self._workers.submit(list(sources.values()), self._options, self._table)
                    except BaseException:
                        self.forget()
                        raise
                    self._add(sources, read)
                return
            most = _AHEAD_PER_READER * self._threads + 1
            if is_url(first.url) and self._is_requesting:
                most = max(most, _REQUESTED_AHEAD)
                self._request(_runs(names[:most], unread))
            if self._threads > 1:
                for sources in self._new_groups(_runs(names[:most], unread), most, 0, self._takes_long, _AHEAD_MOST):
                    reading = self._small_runs.read_each(list(sources.values()))
                    self._add(sources, _pool(self._threads, os.getpid()).submit(list, reading).result)
            if first.name not in self._groups and self._is_small(first):
                for sources in self._new_groups(_runs(names[: self._together], unread), 1, TOGETHER, self._is_small):
                    if len(sources) > 1:
                        self._together = min(2 * self._together, MOST)
                        self._add(sources, functools.partial(self._read_together, list(sources.values())))

    def take(self, name: str) -> Reading | None:
        """Returns what was read of a run, once, and waits for it if it is being read; None as said above.

        Raises:
            WorkerError: if the process that read it was killed.
        """
        group = self._groups.get(name)
        try:
            reading = None if group is None else group.take(name)
        except BaseException:  # KeyboardInterrupt, for instance
            self.forget()
            raise
        self._groups.pop(name, None)
        return reading

    def forget(self) -> None:
        """Forgets everything that is being read, and ends the processes. The next use begins anew."""
        self._groups.clear()
        self._requested.clear()
        if self._workers is not None:
            self._workers.end()

    def end_processes(self) -> None:
        """Ends the processes, if there are some and nothing that they were to read is waited for."""
        if self._workers is not None:
            self.forget()

    def _new_groups(
        self,
        runs: Iterator[RunRef],
        most: int,
        group_bytes: int,
        fits: Callable[[RunRef], bool],
        most_bytes: int = sys.maxsize,
    ) -> Iterator[dict[str, FileSource]]:
        """Yields groups of the runs that are in none, so that these runs have `most` groups in all, or fewer.

        Args:
            runs: that are asked for next, in this order.
            most: see above.
            group_bytes: the most bytes of a group; a larger run is one by itself.
            fits: whether a run may be in a group.
            most_bytes: the runs behind so many bytes are left for later.
        """
        known: set[_RunGroup] = set()
        new: dict[str, FileSource] = {}
        size = count = 0
        for ref in runs:
            most_bytes -= ref.size
            if most_bytes < 0:
                break
            group = self._groups.get(ref.name)
            if group is not None:
                known.add(group)
            elif fits(ref):
                if new and size + ref.size > group_bytes:
                    yield new
                    count, size, new = count + 1, 0, {}
                if len(known) + count >= most:
                    break
                new[ref.name] = self.source(ref)
                size += ref.size
        if new:
            yield new

    def _add(self, sources: dict[str, FileSource], read: Callable[[], Sequence[Reading | None]]) -> None:
        group = _RunGroup(list(sources), read)
        for name in sources:
            self._groups[name] = group

    def _read_together(self, sources: Sequence[FileSource]) -> list[Reading | None]:
        with self._small_lock:
            return list(self._small_runs.read_each(sources))

    def _request(self, runs: Iterator[RunRef]) -> None:
        """Requests the small files of remote runs, so that they are there when the runs are read."""
        room = _AHEAD_MOST
        for ref in runs:
            room -= ref.size
            if room < 0:
                return
            if ref.name in self._requested or ref.name in self._groups:
                continue
            requested = self._requested[ref.name] = {}
            for file in ref.files:
                with contextlib.suppress(Exception):  # raised again when the run is read
                    if (request := fetch_ahead(file)) is not None:
                        requested[file.url] = request

    def _is_below(self, ref: RunRef) -> bool:
        """Whether a run was found below a local folder, by the logdir or for a reference; the caller named no file."""
        return not is_url(ref.url) and (self._as_listed or not ref.is_file)

    def _is_small(self, ref: RunRef) -> bool:
        return 0 < ref.size <= SMALL and self._is_below(ref)

    def _takes_long(self, ref: RunRef) -> bool:
        """Whether a run is worth a thread: it has a lot to read, or to wait for."""
        if is_url(ref.url):
            return len(self._requested.get(ref.name, ())) < len(ref.files)
        return ref.size >= _AHEAD_BYTES


def _runs(names: Sequence[str], unread: Callable[[str], RunRef | None]) -> Iterator[RunRef]:
    return filter(None, map(unread, names))


@functools.cache
def _pool(threads: int, pid: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a forked process has none of the threads
    """The threads that read; kept for the process, since starting some takes as long as reading a small run."""
    return ThreadPoolExecutor(threads, "tbevents-reader")
