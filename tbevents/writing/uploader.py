"""One background thread per process, which puts the objects of all writers in storage, one after the other.

Writers never hold a lock while they wait for it, and it never takes a writer's lock: a signal handler may flush a
writer during a flush of the same writer.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, Protocol

from tbevents.forks import renew_when_forked
from tbevents.writing import flusher

_FIRST_DELAY: Final = 10.0
_LONGEST_DELAY: Final = 600.0
"""Seconds until a client of a closed writer is tried again; doubled after each failure."""


class Uploadable(Protocol):
    """Has objects to be put in storage: an `ObjectFile`."""

    def put(self) -> None:
        """Puts what has been written but not put yet. Called by one thread at a time.

        Raises:
            OSError: if an object cannot be put. It is put again by the next call.
        """


class Upload:
    """One call of a client's `put`.

    Attributes:
        client: whose call it is; None once it has ended.
        done: set when the call has ended.
        error: what the call raised, or None.
    """

    def __init__(self, client: Uploadable) -> None:
        self.client: Uploadable | None = client
        self.done: threading.Event = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Calls `put`."""
        client, self.client = self.client, None
        try:
            if client is not None:
                client.put()
        except Exception as error:  # any error: the thread must continue to serve the other writers
            self.error = error
        finally:
            self.done.set()


class _Retry(NamedTuple):
    """When a client may be tried again, and the seconds to wait after that if it fails."""

    due: float
    delay: float


class Uploader:
    """The uploads of a process, and the thread that does them.

    The client of a closed writer may be unfinished, that is, not complete in storage. It is tried again after another
    client's successful upload, if no upload waits, and when the process ends. After each failure it is left alone for
    10 seconds, 20 and so on up to 10 minutes: a bucket that is gone must not delay the writers of others.

    Any thread and any signal handler may submit uploads. A forked child starts its own thread, and leaves the parent's
    uploads to the parent.

    Args:
        clock: returns seconds since any fixed point.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._renew_locks()
        renew_when_forked(self)

    def _renew_locks(self) -> None:
        """Sets the state of a process without a thread."""
        self._unfinished: dict[Uploadable, _Retry] = {}
        self._lock = threading.RLock()  # re-entrant: a signal handler may run while it is held
        self._running = threading.RLock()  # held during an upload
        self._queue: queue.SimpleQueue[Upload] = queue.SimpleQueue()  # a signal handler may put during a put
        self._thread: threading.Thread | None = None
        self._first_errors: dict[Uploadable, Exception] | None = None

    def submit(self, client: Uploadable) -> Upload:
        """Starts an upload in the background; or does it here, if the system cannot start a thread."""
        upload = Upload(client)
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="tbevents-uploader", daemon=True)
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._thread = thread
        # The garbage collector may close a writer in the thread itself, which then must not wait for itself.
        if self._thread is None or self._thread is threading.current_thread():
            self._do(upload)
        else:
            self._queue.put(upload)
        return upload

    def add_unfinished(self, client: Uploadable) -> None:
        """Has a client tried again until `remove_unfinished` is called."""
        self._unfinished[client] = _Retry(self._clock(), _FIRST_DELAY)

    def remove_unfinished(self, client: Uploadable) -> None:
        """Ends the retries of a client, if there are any."""
        self._unfinished.pop(client, None)

    def finish(self) -> list[Exception]:
        """Called when the process ends: tries what is unfinished once more. Returns the errors."""
        return flusher.errors_of([partial(self._try_again, client) for client in self._unfinished])

    def keep_first_errors(self) -> None:
        """Called when threads end: if an upload fails and another one of the client has failed since, the first counts.

        The later one may say only that there are no threads.
        """
        self._first_errors = {}

    def _run(self) -> None:
        while True:
            upload = self._queue.get()
            self._do(upload)
            succeeded = upload.error is None
            del upload  # otherwise the thread would keep its client alive while it waits
            if succeeded:
                self._try_unfinished()

    def _try_unfinished(self) -> None:
        """Tries the unfinished clients that are due, as long as no upload waits."""
        for client, retry in list(self._unfinished.items()):
            if not self._queue.empty():
                return
            if retry.due <= self._clock():
                try:
                    self._try_again(client)
                except Exception:  # reported when the writer was closed
                    if client in self._unfinished:
                        later = _Retry(self._clock() + retry.delay, min(2 * retry.delay, _LONGEST_DELAY))
                        self._unfinished[client] = later

    def _do(self, upload: Upload) -> None:
        with self._running:
            client = upload.client
            upload.run()
        if client is not None and upload.error is not None and self._first_errors is not None:
            upload.error = self._first_errors.setdefault(client, upload.error)

    def _try_again(self, client: Uploadable) -> None:
        upload = Upload(client)
        self._do(upload)
        if upload.error is not None:
            raise upload.error


def finish_before_threads_end() -> None:
    """Writes and uploads everything early when the process ends, while other threads still work. Called once is enough.

    At exit, `concurrent.futures` stops its threads before the functions of `atexit` run. File systems of asyncio need
    these threads to find hosts by name, so an upload in `atexit` would fail.
    """
    global _registered  # noqa: PLW0603  # the interpreter has one list of such functions
    register = getattr(threading, "_register_atexit", None)
    if register is None or _registered:
        return
    _registered = True
    import concurrent.futures.thread  # noqa: F401  # it registers first, and so runs later

    with contextlib.suppress(RuntimeError):  # the process is ending
        register(_finish_early)


def _finish_early() -> None:
    uploader.keep_first_errors()
    flusher.finish()  # what fails is tried again, and printed, by `atexit`
    uploader.finish()


_registered = False
uploader: Final = Uploader()
atexit.register(flusher.print_errors, uploader.finish)
