"""The sink of a disabled writer, which discards all events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

_DoNothing: TypeAlias = Callable[..., None]


class NullSink:
    """A `Sink` that discards events, for a `SummaryWriter` with ``write_to_disk=False``.

    Args:
        logdir: the folder of the file that is not written; it is not created.

    Attributes:
        lost: always 0.
    """

    path = None
    _file_name = None

    def __init__(self, logdir: str) -> None:
        self._logdir = logdir
        self.lost = 0
        self.default_metadata: Mapping[str, Any] = {}

    @property
    def event_writer(self) -> NullSink:
        """This sink."""
        return self

    _ev_writer = event_writer

    def get_logdir(self) -> str:
        """Returns the folder."""
        return self._logdir

    def _do_nothing(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing, whatever the arguments."""

    add_scalar: _DoNothing = _do_nothing
    add_scalar_columns: _DoNothing = _do_nothing
    add_summary: _DoNothing = _do_nothing
    add_latest_summary: _DoNothing = _do_nothing
    add_event: _DoNothing = _do_nothing
    flush: _DoNothing = _do_nothing
    close: _DoNothing = _do_nothing
    reopen: _DoNothing = _do_nothing

    def __repr__(self) -> str:
        return f"NullSink({self._logdir!r})"
