"""The sink of a disabled writer, which discards all events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tbevents.format.scalar_layout import ScalarForm
from tbevents.writing.sink import Message

__all__ = ["NullSink"]


class NullSink:
    """Discards events, for a `SummaryWriter` with ``write_to_disk=False``.

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

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        form: ScalarForm = ScalarForm.SIMPLE,
    ) -> None:
        """Does nothing."""

    def add_scalar_columns(
        self, tag: str, steps: Any, values: Any, wall_times: Any = None, form: ScalarForm = ScalarForm.SIMPLE
    ) -> None:
        """Does nothing."""

    def add_summary(self, summary: Message | bytes, global_step: Any = None, walltime: Any = None) -> None:
        """Does nothing."""

    def add_event(self, event: Message, step: Any = None, walltime: Any = None) -> None:
        """Does nothing."""

    def get_logdir(self) -> str:
        """Returns the folder."""
        return self._logdir

    def flush(self, sync: bool = False) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def reopen(self) -> None:
        """Does nothing."""

    def __repr__(self) -> str:
        return f"NullSink({self._logdir!r})"
