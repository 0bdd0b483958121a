"""Runs read by other processes: what they have read comes back through shared memory, as numpy's own bytes.

A group of runs is a task. Its worker pickles what was read of them; the arrays, which are nearly all of it, are not in
the pickle but behind it in one block: a file in memory (in ``/dev/shm``; else in the folder for temporary files), whose
name the asking process has chosen, so that it can remove the block also if the worker is killed. It maps the file and
removes its name at once; the memory is freed with the last array in it.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import mmap
import multiprocessing
import os
import pickle
import secrets
import signal
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Final, NamedTuple

from tbevents.errors import TBEventsError, WorkerError
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.options import ReadOptions
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.run_data import RunData
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.small_runs import SmallRunReader
from tbevents.reading.source import FileSource, Reading

__all__ = ["RunGroup", "WorkerProcesses"]

_IN_PIPE: Final = 1 << 16
"""Bytes that are not worth a block of their own."""

_SMALL: Final = 1 << 16
"""Arrays of fewer bytes get memory of their own, so that they don't keep the whole block."""

_LINE: Final = 64
"""Arrays in a block start at multiples of this: at a line of the processor's cache."""

_PATIENCE: Final = 5.0
"""Seconds to wait for a process that was told to end."""


class _SentReading(NamedTuple):
    """What was read of a run, without what its process alone needs.

    Attributes:
        data: of the run.
        records: how many have been read.
        readers: of its files, in order.
        rest: the other fields of its `Reading`.
    """

    data: RunData
    records: int
    readers: tuple[EventFileReader, ...]
    rest: tuple[object, ...]


class _Block(NamedTuple):
    """A pickle, and the arrays that are not in it.

    Attributes:
        content: their bytes; None if they are in a file.
        sizes: of the parts: the pickle, and each array.
    """

    content: bytes | None
    sizes: list[int]


class WorkerProcesses:
    """Some processes that read runs.

    They are started by the first task, as `multiprocessing` starts processes on this system, or as
    `multiprocessing.set_start_method` says; scripts need the guard ``if __name__ == "__main__"`` where that is not
    fork. They ignore Ctrl-C: the asking process ends them when it is interrupted, and they end when it does.

    Threads may share it. A forked process must not use it.

    Args:
        count: how many processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._pending: set[str] = set()  # the files that tasks may have made
        self._forget: weakref.finalize[..., WorkerProcesses] | None = None

    def submit(self, sources: Sequence[FileSource], options: ReadOptions) -> RunGroup:
        """Has a process read some runs.

        Raises:
            WorkerError: no process can be started.
        """
        name = os.path.join(_folder(), f"tbevents_{secrets.token_hex(8)}")
        with self._lock:
            if self._executor is None:
                self._executor = ProcessPoolExecutor(self.count, initializer=_begin)
                self._forget = weakref.finalize(self, _end, self._executor, self._pending, os.getpid())
            try:
                future = self._executor.submit(_read_group, name, list(sources), options)
            except (BrokenProcessPool, OSError) as error:
                raise WorkerError(f"no process can be started to read runs: {error}") from error
            self._pending.add(name)
        return RunGroup(self, name, future, [source.location for source in sources])

    def end(self) -> None:
        """Ends the processes and removes what they have left in shared memory; the next task starts others."""
        with self._lock:
            self._executor = None
            if self._forget is not None:
                self._forget()
            self._pending = set()

    def done(self, name: str) -> None:
        """Notes that a block has been taken, and removed."""
        self._pending.discard(name)


class RunGroup:
    """Runs that another process reads.

    Threads may share it.

    Args:
        workers: the processes.
        name: of the block of shared memory.
        future: of the task.
        locations: of the runs, for messages.

    Attributes:
        is_lost: whether the processes have ended before they had read the runs.
    """

    def __init__(self, workers: WorkerProcesses, name: str, future: Future[_Block], locations: list[str]) -> None:
        self._workers = workers
        self._name = name
        self._future: Future[_Block] = future
        self._locations = locations
        self._lock = threading.Lock()
        self._taken: list[_SentReading | None] | None = None
        self.is_lost = False

    def reading(self, place: int, table: SkeletonTable) -> Reading | None:
        """What was read of one of the runs; None if this process must read it, because there is something to raise.

        Raises:
            WorkerError: the process that read it was killed, or could not be started.
        """
        with self._lock:
            if self._taken is None:
                self._taken = self._take()
            read, self._taken[place] = self._taken[place], None
        if read is None:
            return None
        files, unlisted, begun_anew = read.rest
        builder = RunBuilder.of_files(table, read.data, [reader.path for reader in read.readers], read.records)
        readers = {reader.path: reader for reader in read.readers}
        return Reading(builder, readers, files, unlisted, begun_anew)  # type: ignore[arg-type]  # as they were sent

    def _take(self) -> list[_SentReading | None]:
        """Takes what was read of all the runs, and removes it from the shared memory."""
        try:
            block = self._future.result()
        except BaseException as error:  # KeyboardInterrupt, for instance
            self.is_lost = True
            self._workers.end()
            if isinstance(error, (BrokenProcessPool, CancelledError, OSError)):
                raise WorkerError(
                    f"{self._locations[0]}: a process that was reading runs ended before it had finished; it may have "
                    f"been killed, for want of memory for instance ({type(error).__name__})"
                ) from error
            raise
        content = memoryview(_mapped(self._name)) if block.content is None else memoryview(block.content)
        self._workers.done(self._name)
        return _unpickled(content, block.sizes)


def _end(executor: ProcessPoolExecutor, pending: set[str], pid: int) -> None:
    """Ends the processes that a process has started, and removes the blocks that they may have left."""
    if pid != os.getpid():
        return  # in a fork of it
    processes = list((getattr(executor, "_processes", None) or {}).values())  # there is no other way to end busy ones
    manager = getattr(executor, "_executor_manager_thread", None)
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()  # what it was making is removed below; a handler of SIGTERM that it inherited could wait
    for process in processes:
        process.join(_PATIENCE)
    if manager is not None and manager is not threading.current_thread():
        manager.join(_PATIENCE)  # otherwise Python may meet it half ended when it exits, and print a traceback
    for name in pending:
        with contextlib.suppress(OSError):
            os.unlink(name)


def _folder() -> str:
    """Where blocks are made: in memory if possible."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()


def _mapped(path: str) -> mmap.mmap:
    """The bytes of a block, whose name is removed."""
    with open(path, "rb", buffering=0) as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    os.unlink(path)
    return mapped


def _begin() -> None:
    """Begins a process that reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Ends this process when another one has ended: nobody waits for it any more."""
    connection.wait([sentinel])
    os._exit(1)


@functools.cache
def _table(verify: bool) -> SkeletonTable:
    """The skeletons that this process has met."""
    return SkeletonTable(verify=verify)


def _read_group(name: str, sources: Sequence[FileSource], options: ReadOptions) -> _Block:
    """Reads runs, in a process of its own."""
    return _pickled(name, [*_read(sources, options)])


def _read(sources: Sequence[FileSource], options: ReadOptions) -> Iterator[_SentReading | None]:
    table = _table(options.verify)
    together = SmallRunReader(table, options)
    at = 0
    while at < len(sources):
        several = together.read(sources[at:]) if len(sources) - at > 1 else [None]
        for source, found in zip(sources[at:], several, strict=False):
            reading = found
            try:
                reading = source.read(Reading(RunBuilder(table, options))) if reading is None else reading
            except (TBEventsError, OSError):
                yield None  # the asking process reads it, too, and raises it
                continue
            readers = tuple(reading.readers.values())
            if any(not isinstance(reader, EventFileReader) or reader.is_unusable for reader in readers):
                yield None
                continue
            rest = (reading.files, reading.unlisted, reading.begun_anew)
            yield _SentReading(reading.builder.data, reading.builder.records, readers, rest)  # type: ignore[arg-type]
        at += len(several)


def _pickled(name: str, reads: Sequence[_SentReading | None]) -> _Block:
    """Makes the block of what was read."""
    arrays: list[memoryview] = []
    pickled = io.BytesIO()
    pickler = pickle.Pickler(pickled, 5, buffer_callback=lambda buffer: arrays.append(buffer.raw()))
    pickler.dump(list(reads))
    parts = [pickled.getbuffer(), *arrays]
    sizes = [part.nbytes for part in parts]
    if sum(sizes) > _IN_PIPE and os.name != "nt":  # Windows cannot remove a file that is mapped
        try:
            _write(name, parts)
        except OSError:  # there is no room for it
            with contextlib.suppress(OSError):
                os.unlink(name)
        else:
            return _Block(None, sizes)
    return _Block(b"".join(_padded(parts)), sizes)


def _write(path: str, parts: Sequence[memoryview]) -> None:
    """Makes the file of a block."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for part in _padded(parts):
            rest = memoryview(part)
            while len(rest):
                rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)


def _padded(parts: Sequence[memoryview]) -> Iterator[memoryview | bytes]:
    """The parts of a block, and what stands between them."""
    for part in parts:
        yield part
        yield bytes(-part.nbytes % _LINE)


def _unpickled(content: memoryview, sizes: Sequence[int]) -> list[_SentReading | None]:
    """What was read, from the bytes of a block."""
    at = [*itertools.accumulate((size + -size % _LINE for size in sizes), initial=0)]

    def arrays() -> Iterator[memoryview | bytes]:
        for start, size in zip(at[1:], sizes[1:], strict=False):
            part = content[start : start + size]
            yield bytes(part) if size < _SMALL else part

    found: list[_SentReading | None] = pickle.loads(content[: sizes[0]], buffers=arrays())
    return found
