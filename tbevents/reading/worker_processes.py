"""Other processes that read runs. A group of runs is a task; what was read comes back as a block (`shared_blocks`)."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import secrets
import signal
import threading
import weakref
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Final, NamedTuple

from tbevents.errors import WorkerError
from tbevents.reading.column_memory import keep_freed_memory
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.options import ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.run_data import RunData
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.shared_blocks import BlockWriter, SharedBlock, block_folder, remove_block, take_block
from tbevents.reading.small_runs import SmallRunReader
from tbevents.reading.source import FileSource, Reading

_PATIENCE: Final = 5.0
"""Seconds to wait for a process that was told to end."""


class _SentReading(NamedTuple):
    """A `Reading` without what its process alone needs.

    Attributes:
        data: of the run.
        records: how many have been read.
        readers: of its files, in order.
        files: as of the reading, and so the next two.
        unlisted: the problems with the folder.
        begun_anew: why earlier data was dropped.
    """

    data: RunData
    records: int
    readers: tuple[EventFileReader, ...]
    files: tuple[str, ...]
    unlisted: tuple[Problem, ...]
    begun_anew: str

    @classmethod
    def of(cls, reading: Reading | None) -> _SentReading | None:
        """What is sent of a reading; None if the asking process must read the run, which may raise something."""
        readers = [] if reading is None else list(reading.readers.values())
        known = [reader for reader in readers if isinstance(reader, EventFileReader) and not reader.is_unusable]
        if reading is None or len(known) < len(readers):
            return None
        builder = reading.builder
        return cls(builder.data, builder.records, tuple(known), reading.files, reading.unlisted, reading.begun_anew)

    def reading(self, table: SkeletonTable) -> Reading:
        """The reading, in the asking process, whose skeletons are in a table."""
        readers = {reader.path: reader for reader in self.readers}
        builder = RunBuilder.of_files(table, self.data, list(readers), self.records)
        return Reading(builder, readers, self.files, self.unlisted, self.begun_anew)


class _Pool(NamedTuple):
    """Some processes, from their start to their end.

    Attributes:
        executor: has them.
        pending: the files that tasks may have made.
        ended: set when they were told to end.
    """

    executor: ProcessPoolExecutor
    pending: set[str]
    ended: threading.Event


class WorkerProcesses:
    """Some processes that read runs.

    They are started by the first task, as `multiprocessing` starts processes on this system, or as
    `multiprocessing.set_start_method` says; scripts need the guard ``if __name__ == "__main__"`` where that is not
    fork. They ignore Ctrl-C: the asking process ends them when it is interrupted, and they end when it does, however
    it ends; nothing is left in shared memory.

    Threads may share it. A forked process must not use it. After `end`, the next task starts other processes.

    Args:
        count: how many processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._lock = threading.RLock()
        self._pool: _Pool | None = None
        self._end: weakref.finalize[..., WorkerProcesses] | None = None

    def submit(
        self, sources: Sequence[FileSource], options: ReadOptions, table: SkeletonTable
    ) -> Callable[[], list[Reading | None]]:
        """Has a process read some runs.

        Args:
            sources: of the runs, one at least.
            options: how to read.
            table: of the skeletons of this process.

        Returns:
            A function that waits for it, and returns what was read of each run, once; None for a run that this process
            must read, because there is something to raise, or because `end` was called meanwhile. It raises WorkerError
            if the process was killed, or cannot hand over what it has read.

        Raises:
            WorkerError: if no process can be started.
        """
        name = os.path.join(block_folder(), f"tbevents_{os.getpid()}_{secrets.token_hex(8)}")
        with self._lock:
            if self._pool is None:
                executor = ProcessPoolExecutor(self.count, initializer=_begin)
                self._pool = _Pool(executor, set(), threading.Event())
                self._end = weakref.finalize(self, _end, self._pool, os.getpid())
            pool = self._pool
            pool.pending.add(name)  # first: an interrupt may come when the task is queued already
            try:
                future = pool.executor.submit(_read_group, name, list(sources), options)
            except (BrokenProcessPool, OSError) as error:
                raise WorkerError(f"no process can be started to read runs: {error}") from error
        locations = [source.location for source in sources]
        return functools.partial(_taken, pool, name, future, locations, table)

    def end(self) -> None:
        """Ends the processes and removes what they have left in shared memory."""
        with self._lock:
            self._pool = None
            if self._end is not None:
                self._end()


def _taken(
    pool: _Pool, name: str, future: Future[SharedBlock], locations: Sequence[str], table: SkeletonTable
) -> list[Reading | None]:
    """Waits for a task, and takes what was read from its block, which is removed."""
    try:
        sent: list[_SentReading | None] = take_block(future.result(), name)
    except (BrokenProcessPool, CancelledError, OSError) as error:
        if pool.ended.is_set():
            return [None] * len(locations)
        raise WorkerError(
            f"{locations[0]}: a process that was reading runs ended before it had finished; it may have "
            f"been killed, for want of memory for instance ({type(error).__name__})"
        ) from error
    pool.pending.discard(name)
    return [None if one is None else one.reading(table) for one in sent]


def _end(pool: _Pool, pid: int) -> None:
    """Ends the processes that a process has started, and removes the blocks that they may have left."""
    if pid != os.getpid():
        return  # in a fork of it
    pool.ended.set()
    executor = pool.executor
    processes = list((getattr(executor, "_processes", None) or {}).values())  # there is no other way to end busy ones
    manager = getattr(executor, "_executor_manager_thread", None)
    results = getattr(executor, "_result_queue", None)
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()  # what it was making is removed below; a handler of SIGTERM that it inherited could wait
    for process in processes:
        process.join(_PATIENCE)
    writer = getattr(results, "_writer", None)
    if writer is not None:  # a killed process may have sent half a result, whose rest the manager would wait for
        with contextlib.suppress(OSError):
            writer.close()
    if manager is not None and manager is not threading.current_thread():
        manager.join(_PATIENCE)  # otherwise Python may meet it half ended when it exits, and print a traceback
    _remove(pool.pending)


def _begin() -> None:
    """Begins a process that reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()  # that of one run serves for the next
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Ends this process when another one has ended: nobody waits for it any more."""
    connection.wait([sentinel])
    _remove(_made)
    os._exit(1)


def _remove(paths: Collection[str]) -> None:
    """Removes the files of blocks that have not been taken."""
    for path in list(paths):
        remove_block(path)


@functools.cache
def _table(verify: bool) -> SkeletonTable:
    """The skeletons that this process has met."""
    return SkeletonTable(verify=verify)


_made: deque[str] = deque(maxlen=64)  # the files that this process has made last


def _read_group(name: str, sources: Sequence[FileSource], options: ReadOptions) -> SharedBlock:
    """Reads runs, in a process of its own."""
    _made.append(name)
    block = BlockWriter(name)
    for reading in SmallRunReader(_table(options.verify), options).read_each(sources):
        block.add(_SentReading.of(reading))
    return block.block()
