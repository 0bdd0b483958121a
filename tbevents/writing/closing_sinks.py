"""`ClosingSinks`: the sinks that a `SummaryWriter` no longer uses, until they are closed."""

from __future__ import annotations

import contextlib
import threading

from tbevents.forks import renew_when_forked
from tbevents.writing.sink import Sink


class ClosingSinks:
    """Closes sinks. One whose `close` an interrupt has ended is kept, and closed by the next call.

    Threads and signal handlers may close the same sinks at once. A forked child closes its own copies.

    Attributes:
        groups: for each `close` of the writer, its sinks by folder. The writer adds to the list itself, where it gives
            up the sinks: nothing may come in between, and a method would be a call, which an interrupt may end at its
            start.
    """

    def __init__(self) -> None:
        self.groups: list[dict[str, Sink]] = []
        self._renew_locks()
        renew_when_forked(self)

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()  # for removing groups

    def close(self) -> None:
        """Closes every sink, also those that an interrupt has left open, even if others raise."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._drop_closed)
            for sinks in self.groups[:]:
                for folder, sink in list(sinks.items()):
                    stack.callback(_close_one, sinks, folder, sink)

    def _drop_closed(self) -> None:
        with self._lock:
            while self.groups and not self.groups[0]:
                del self.groups[0]  # no call between this and the test: a signal handler may drop groups, too


def _close_one(sinks: dict[str, Sink], folder: str, sink: Sink) -> None:
    """Closes a sink, and removes it from those to be closed unless an interrupt ends this."""
    try:
        sink.close()
    except Exception:
        sinks.pop(folder, None)
        raise
    sinks.pop(folder, None)
