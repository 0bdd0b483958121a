"""Protocols: a sink is what a `SummaryWriter` writes to; a message is any library's protobuf message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tbevents.format.scalar_layout import ScalarForm
from tbevents.writing.latest_event import LatestEvent


class Message(Protocol):
    """A protobuf message of any library: tbevents, TensorBoard, tensorboardX."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """Returns the serialised message."""


class Sink(Protocol):
    """Accepts events in the order of the calls: an event file, or a replacement for one."""

    default_metadata: Mapping[str, Any]
    """The default step and time of calls."""

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        form: ScalarForm = ScalarForm.SIMPLE,
    ) -> None:
        """Adds one scalar."""

    def add_scalar_columns(
        self, tag: str, steps: Any, values: Any, wall_times: Any = None, form: ScalarForm = ScalarForm.SIMPLE
    ) -> None:
        """Adds many scalars of one series."""

    def add_summary(self, summary: Message | bytes, global_step: Any = None, walltime: Any = None) -> None:
        """Adds an Event with a Summary."""

    def add_latest_summary(self, summary: Message, earlier: LatestEvent | None) -> LatestEvent | None:
        """Adds an Event with a Summary in place of an earlier one, which is not written if it is still pending."""

    def add_event(self, event: Message, step: Any = None, walltime: Any = None) -> None:
        """Adds an Event."""

    def get_logdir(self) -> str:
        """Returns the folder that the events are written to."""

    def flush(self, sync: bool = False) -> None:
        """Writes all added events; with `sync`, also waits until they are on disk."""

    def close(self) -> None:
        """Flushes and closes the sink."""
