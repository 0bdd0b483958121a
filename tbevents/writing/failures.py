"""What a writer does when something cannot be written: it raises the error, or warns and goes on."""

from __future__ import annotations

import threading
import warnings
from typing import Final, Literal, TypeAlias

from tbevents.callers import callers_level
from tbevents.errors import WriterWarning

__all__ = ["Failures", "OnError"]

OnError: TypeAlias = Literal["raise", "warn"]

_CHOICES: Final = ("raise", "warn")


class Failures:
    """Warns of errors, where they are not to be raised, and counts what was lost. A `SummaryWriter`'s files share one.

    Threads may share it. A forked child calls `forget` and counts for itself.

    Args:
        on_error: ``"raise"``: the writer raises each error; ``"warn"``: the first of each cause is warned of.

    Attributes:
        on_error: as given.
        lost: how many events were dropped.

    Raises:
        ValueError: `on_error` is neither.
    """

    def __init__(self, on_error: OnError) -> None:
        if on_error not in _CHOICES:
            raise ValueError(f'on_error must be "raise" or "warn", not {on_error!r}')
        self.on_error = on_error
        self.forget()

    def forget(self) -> None:
        """Begins anew: nothing lost, nothing told."""
        self.lost = 0
        self._told: set[object] = set()  # causes
        self._lock = threading.RLock()  # re-entrant: a signal handler may come in between

    def lose(self, count: int) -> None:
        """Counts events that were dropped."""
        with self._lock:
            self.lost += count

    def warn_of(self, error: Exception) -> None:
        """Warns of an error, unless its cause has been told of."""
        cause = error.errno if isinstance(error, OSError) else type(error)
        with self._lock:
            if cause in self._told:
                return
            self._told.add(cause)
        text = f"could not be written: {error}; logging goes on, and further errors of this kind are not told"
        warnings.warn(text, WriterWarning, callers_level())
