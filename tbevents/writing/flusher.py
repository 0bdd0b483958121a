"""One background thread per process that hands what was logged to the operating system in time.

It also closes what is still open when the interpreter exits, and makes a forked child forget what its parent
had in hand. It knows its clients by three methods only, and keeps none of them alive.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from typing import Final, Protocol

__all__ = ["Client", "watch"]


class Client(Protocol):
    """What the flusher looks after."""

    flush_secs: float

    def drain_in_background(self) -> None:
        """Hands what is pending to the operating system; keeps an error for the caller's next call."""

    def close(self) -> None:
        """Drains and closes."""

    def forget(self) -> None:
        """In a forked child: drops what the parent has pending and leaves the parent's file alone."""


class _Flusher:
    """The clients of this process, and the thread that serves them."""

    def __init__(self) -> None:
        self._clients: dict[int, weakref.ref[Client]] = {}
        self._due: dict[int, float] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, client: Client) -> None:
        """Looks after a client from now on, until it is collected."""
        key = id(client)
        self._clients[key] = weakref.ref(client, lambda _: self._clients.pop(key, None))
        self._due[key] = time.monotonic() + client.flush_secs
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="tbevents-flusher", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter is ending: `close_all` does it
                self._thread.start()
        self._wake.set()  # the new client may be due before the next waking

    def close_all(self) -> None:
        """Closes every client that is left."""
        for client in self.clients():
            with contextlib.suppress(OSError):  # nobody is left to tell, and the others must be closed too
                client.close()

    def clients(self) -> list[Client]:
        """The clients that are alive."""
        return [client for ref in list(self._clients.values()) if (client := ref()) is not None]

    def after_fork_in_child(self) -> None:
        """Threads do not survive a fork: starts anew, and makes the clients forget what the parent writes."""
        self._thread = None
        self._wake = threading.Event()
        for client in self.clients():
            client.forget()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            now = time.monotonic()
            soonest = now + 3600.0
            for key, ref in list(self._clients.items()):
                client = ref()
                if client is None:
                    self._due.pop(key, None)
                    continue
                due = self._due.get(key, now)
                if due <= now:
                    client.drain_in_background()
                    due = self._due[key] = time.monotonic() + client.flush_secs
                soonest = min(soonest, due)
                del client  # or this thread would keep the last one alive while it sleeps
            self._wake.wait(max(0.0, soonest - time.monotonic()))


_flusher: Final = _Flusher()
watch = _flusher.watch
atexit.register(_flusher.close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_flusher.after_fork_in_child)
