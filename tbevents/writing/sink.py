"""Where events go: what a `SummaryWriter` needs of an event file, or of anything that stands in for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tbevents.format.scalar_layout import ScalarForm

__all__ = ["Message", "Sink"]


class Message(Protocol):
    """A protobuf message of anyone's: ours, TensorBoard's, tensorboardX's."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The message's bytes."""


class Sink(Protocol):
    """Takes events in the order of the calls."""

    default_metadata: Mapping[str, Any]
    """The step and time of calls that name none."""

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        form: ScalarForm = ScalarForm.SIMPLE,
    ) -> None:
        """Takes one scalar."""

    def add_scalar_columns(
        self, tag: str, steps: Any, values: Any, wall_times: Any = None, form: ScalarForm = ScalarForm.SIMPLE
    ) -> None:
        """Takes many scalars of one series."""

    def add_summary(self, summary: Message | bytes, global_step: Any = None, walltime: Any = None) -> None:
        """Takes a Summary, wrapped into an Event."""

    def add_event(self, event: Message, step: Any = None, walltime: Any = None) -> None:
        """Takes an Event."""

    def get_logdir(self) -> str:
        """The folder the events go to."""

    def flush(self, sync: bool = False) -> None:
        """Returns when what was taken is with the operating system; with `sync`, when it is on disk."""

    def close(self) -> None:
        """Flushes, and takes nothing more."""
