"""The step and the time of calls that name none: `use_metadata`, as tensorboardX has it."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from tbevents.writing.points import as_step, as_wall_time
from tbevents.writing.untraced import untraced_methods

__all__ = ["TakesDefaultMetadata"]

W = TypeVar("W", bound="TakesDefaultMetadata")


@untraced_methods
class TakesDefaultMetadata(ABC):
    """A writer whose calls can have a step and a time by default."""

    @property
    @abstractmethod
    def default_metadata(self) -> Mapping[str, Any]:
        """What `use_metadata` set: "global_step", "walltime"; empty outside of it."""

    @default_metadata.setter
    @abstractmethod
    def default_metadata(self, metadata: Mapping[str, Any]) -> None: ...

    @contextlib.contextmanager
    def use_metadata(self: W, *, global_step: Any = None, walltime: float | None = None) -> Iterator[W]:
        """Gives the calls inside a ``with`` block a step and a time, if they name none.

        ::

            with writer.use_metadata(global_step=10):
                writer.add_scalar("loss", 3.0)

        Blocks can be nested; the inner one wins. They belong to the writer, so calls from other threads meanwhile, and
        in children forked inside, get the same.

        Args:
            global_step: as in `add_scalar`.
            walltime: seconds since 1970.

        Raises:
            ValueError: neither is given, or one is impossible.
            TypeError: one is no number.
        """
        given: dict[str, Any] = {}
        if global_step is not None:
            given["global_step"] = as_step(global_step)
        if walltime is not None:
            given["walltime"] = as_wall_time(walltime)
        if not given:
            raise ValueError("use_metadata needs a global_step or a walltime")
        outer = self.default_metadata
        self.default_metadata = {**outer, **given}
        try:
            yield self
        finally:
            self.default_metadata = outer
