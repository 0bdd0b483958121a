"""What a writer does when a write fails: it raises the error, or it warns and continues."""

from __future__ import annotations

import threading
from typing import Final, Literal, TypeAlias, get_args

from tbevents.callers import warn_caller
from tbevents.errors import WriterWarning, checked_choice

OnError: TypeAlias = Literal["raise", "warn"]

_CHOICES: Final[tuple[OnError, ...]] = get_args(OnError)


class Failures:
    """Warns of failed writes if they are not raised, and counts lost events. All files of a `SummaryWriter` share one.

    Threads may share an instance. A forked child calls `forget` and counts its own losses.

    Args:
        on_error: ``"raise"``: the writer raises each error. ``"warn"``: the first error of each cause is a warning.

    Attributes:
        on_error: the argument.
        losses: the numbers of dropped events; `lost` is their sum. Where nothing may come between a loss and its
            count, the writer extends the list itself: `lose` is a call, which an interrupt may end at its start.

    Raises:
        ValueError: if `on_error` has another value.
    """

    def __init__(self, on_error: OnError) -> None:
        self.on_error = checked_choice("on_error", on_error, _CHOICES)
        self.forget()

    def forget(self) -> None:
        """Resets the count of lost events and the causes that were warned of."""
        self.losses: list[int] = []
        self._warned: set[object] = set()  # causes
        self._lock = threading.RLock()  # re-entrant: a signal handler may run while it is held

    @property
    def lost(self) -> int:
        """The number of events that were dropped."""
        return sum(self.losses)

    def lose(self, count: int) -> None:
        """Adds to the number of events that were dropped.

        This takes no lock: the uploader calls it, and a signal handler may wait for the uploader while its thread holds
        any lock of a writer.
        """
        if count:
            self.losses.append(count)

    def warn_of(self, error: Exception) -> None:
        """Warns of an error, unless there was a warning of the same cause."""
        cause = error.errno if isinstance(error, OSError) else type(error)
        with self._lock:
            if cause in self._warned:
                return
            self._warned.add(cause)
        text = f"could not be written: {error}; logging continues, without a warning for further errors of this kind"
        warn_caller(text, WriterWarning)
