"""One background thread per process, which writes the pending events of all writers in time.

It also writes pending events when the interpreter exits, and makes a forked child drop those of its parent. It holds
only weak references to its clients.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from tbevents.forks import renew_when_forked

SHORTEST: Final = 0.01
"""The shortest interval in seconds. Clients with a shorter one write at each call, and are drained every `_RETRY`
seconds."""

_RETRY: Final = 2.0
_SOON: Final = 1 / 8  # a client due within this share of its interval, and within a second, is drained early
_LONGEST_SLEEP: Final = 3600.0


class Client(Protocol):
    """An object that the flusher drains: a writer."""

    flush_secs: float

    def drain_in_background(self) -> None:
        """Writes pending events; keeps an error for the caller's next call."""

    def finish(self) -> None:
        """Called when the process ends: writes pending events, and from now on at each call. May raise errors."""

    def forget(self) -> None:
        """Called in a forked child: drops the parent's pending events, and does not touch the parent's file."""


class Flusher:
    """The clients of a process, and the thread that drains them.

    Args:
        clock: returns seconds since any fixed point.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: weakref.WeakKeyDictionary[Client, float] = weakref.WeakKeyDictionary()
        self._ended = False
        self._anew()
        renew_when_forked(self)

    def _anew(self) -> None:
        """Sets the state of a process without a thread."""
        self._lock = threading.RLock()  # re-entrant: a signal handler or the garbage collector may run while it is held
        # Wakes the thread. An interrupted `set` of a threading.Event could keep its lock.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def watch(self, client: Client) -> bool:
        """Adds a client, until it is garbage collected.

        Returns:
            True if a thread drains it. False if the process is ending or the system cannot start a thread; the client
            must then write at each call.
        """
        self._due[client] = self._clock() + _interval(client)
        with self._lock:
            if self._thread is None and not self._ended:
                thread = threading.Thread(target=self._run, name="tbevents-flusher", daemon=True)
                self._thread = thread
                try:
                    thread.start()
                    self._finish_with_multiprocessing()
                except RuntimeError:
                    self._thread = None
                except BaseException:
                    self._thread = None
                    self._wake.put(None)  # the thread may run all the same, and ends then
                    raise
        self._wake.put(None)  # the new client may be due before the thread would wake up
        return self._thread is not None and not self._ended

    def serve(self) -> float:
        """Drains the clients that are due now or soon; otherwise each of thousands of clients would wake the thread.

        Returns:
            The seconds until the next client is due.
        """
        soonest = self._clock() + _LONGEST_SLEEP
        for ref in self._due.keyrefs():
            if (client := ref()) is None:
                continue
            now, interval = self._clock(), _interval(client)
            due = self._due.get(client, now)
            if due <= now + min(_SOON * interval, 1.0):
                client.drain_in_background()
                due = self._due[client] = now + interval
            soonest = min(soonest, due)
            del client  # otherwise the thread would keep the last client alive while it sleeps
        return max(0.0, soonest - self._clock())

    def drain_all(self) -> None:
        """Drains every client now."""
        for ref in self._due.keyrefs():
            if (client := ref()) is not None:
                client.drain_in_background()

    def finish(self) -> list[Exception]:
        """Called when the process ends: every client writes pending events, and from now on writes at each call.

        An error of one client does not affect the others. Returns the errors.
        """
        self._ended = True
        self._wake.put(None)
        return errors_of([client.finish for ref in self._due.keyrefs() if (client := ref()) is not None])

    def _renew_locks(self) -> None:
        """Resets the thread, which does not survive a fork, and makes the clients drop the parent's events."""
        self._anew()
        for ref in self._due.keyrefs():
            if (client := ref()) is not None:
                client.forget()

    def _run(self) -> None:
        while not self._ended and self._thread is threading.current_thread():
            with contextlib.suppress(queue.Empty):
                while True:  # one round for all that has come
                    self._wake.get_nowait()
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=self.serve())
        self._wake.put(None)  # if another thread has taken its place, what woke this one was meant for that

    def _finish_with_multiprocessing(self) -> None:
        """Registers the end as a late finalizer of multiprocessing, whose forked children do not run atexit."""
        finalize = getattr(sys.modules.get("multiprocessing.util"), "Finalize", None)
        if finalize is not None:
            finalize(None, self._finish_as_finalizer, exitpriority=-100)

    def _finish_as_finalizer(self) -> None:
        """Finishes, and prints errors in a child; elsewhere, `atexit` does."""
        if sys.modules["multiprocessing.process"].parent_process() is None:
            self.finish()
        else:
            print_errors(self.finish)


def _interval(client: Client) -> float:
    """Returns the seconds between two drains of a client."""
    return client.flush_secs if client.flush_secs >= SHORTEST else _RETRY


def errors_of(calls: Iterable[Callable[[], object]]) -> list[Exception]:
    """Makes each of some calls, the last one first, also if others fail; returns their errors."""
    errors: list[Exception] = []

    def make(call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            errors.append(error)

    with contextlib.ExitStack() as stack:  # so that Ctrl-C ends one call, and not all
        for call in calls:
            stack.callback(make, call)
    return errors


def print_errors(finish: Callable[[], list[Exception]]) -> None:
    """Called at exit: prints the errors that a function returns, each in a line."""
    for error in finish():
        if sys.stderr is not None:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")


_flusher: Final = Flusher()
watch: Final[Callable[[Client], bool]] = _flusher.watch
drain_all: Final[Callable[[], None]] = _flusher.drain_all
finish: Final[Callable[[], list[Exception]]] = _flusher.finish
atexit.register(print_errors, finish)
