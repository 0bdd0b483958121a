"""One background thread per process that hands what was logged to the operating system in time.

It also sees to it that nothing is left when the interpreter exits, and makes a forked child forget what its parent
had in hand. It knows its clients by four names only, and keeps none of them alive.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["SHORTEST", "Client", "drain_all", "watch"]

SHORTEST: Final = 0.01
"""Seconds: clients that ask for less write at each call, and are looked after every `_RETRY` seconds only."""

_RETRY: Final = 2.0
_SOON: Final = 1 / 8  # of its interval, a second at most: what is due by then is drained along
_LONGEST_SLEEP: Final = 3600.0


class Client(Protocol):
    """What the flusher looks after."""

    flush_secs: float

    def drain_in_background(self) -> None:
        """Hands what is pending to the operating system; keeps an error for the caller's next call."""

    def finish(self) -> None:
        """The process is ending: drains, and from now on writes at each call. Raises what the drain does."""

    def forget(self) -> None:
        """In a forked child: drops what the parent has pending and leaves the parent's file alone."""


class Flusher:
    """The clients of a process, and the thread that serves them.

    Args:
        clock: seconds, from any fixed point.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: weakref.WeakKeyDictionary[Client, float] = weakref.WeakKeyDictionary()
        self._ended = False
        self._anew()

    def _anew(self) -> None:
        """The state of a process that has no thread yet."""
        self._lock = threading.RLock()  # re-entrant: a signal handler or the garbage collector may run in between
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, client: Client) -> bool:
        """Looks after a client from now on, until it is collected.

        Returns:
            Whether a thread serves it. There is none once the process is ending, or where the system refuses one; the
            client is then to write at each call.
        """
        self._due[client] = self._clock() + _interval(client)
        with self._lock:
            if self._thread is None and not self._ended:
                thread = threading.Thread(target=self._run, name="tbevents-flusher", daemon=True)
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._thread = thread
                    self._finish_with_multiprocessing()
        self._wake.set()  # the new client may be due before the next waking
        return self._thread is not None and not self._ended

    def serve(self) -> float:
        """Drains the clients that are due or will be soon, or thousands of them would each wake the thread.

        Returns:
            The seconds until the next one is.
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
            del client  # or this thread would keep the last one alive while it sleeps
        return max(0.0, soonest - self._clock())

    def drain_all(self) -> None:
        """Drains every client now, due or not."""
        for ref in self._due.keyrefs():
            if (client := ref()) is not None:
                client.drain_in_background()

    def finish(self) -> None:
        """The process is ending: every client drains, whatever the others raise, and writes at each call from now on.

        What they raise goes to the interpreter, which prints it.
        """
        self._ended = True
        self._wake.set()
        with contextlib.ExitStack() as stack:
            for ref in self._due.keyrefs():
                if (client := ref()) is not None:
                    stack.callback(client.finish)

    def after_fork_in_child(self) -> None:
        """Threads do not survive a fork: starts anew, and makes the clients forget what the parent writes."""
        self._anew()
        for ref in self._due.keyrefs():
            if (client := ref()) is not None:
                client.forget()

    def _run(self) -> None:
        while not self._ended:
            self._wake.clear()
            self._wake.wait(self.serve())

    def _finish_with_multiprocessing(self) -> None:
        """Its forked children end without atexit, after its own finalizers: makes ours one of those, a late one."""
        finalize = getattr(sys.modules.get("multiprocessing.util"), "Finalize", None)
        if finalize is not None:
            finalize(None, self.finish, exitpriority=-100)


def _interval(client: Client) -> float:
    """Seconds between two drains of a client."""
    return client.flush_secs if client.flush_secs >= SHORTEST else _RETRY


_flusher: Final = Flusher()
watch = _flusher.watch
drain_all = _flusher.drain_all
atexit.register(_flusher.finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_flusher.after_fork_in_child)
