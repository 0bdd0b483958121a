"""Default step and time of a writer's calls: `use_metadata`, as in tensorboardX."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from tbevents.writing.checked_points import as_step, as_wall_time
from tbevents.writing.untraced import untraced_methods

W = TypeVar("W", bound="TakesDefaultMetadata")


@untraced_methods
class TakesDefaultMetadata(ABC):
    """A writer with a default step and time for its calls."""

    _default_metadata: Mapping[str, Any]

    @property
    def default_metadata(self) -> Mapping[str, Any]:
        """The defaults that `use_metadata` set: "global_step", "walltime"; empty outside its ``with`` block."""
        return self._default_metadata

    @default_metadata.setter
    def default_metadata(self, metadata: Mapping[str, Any]) -> None:
        self._set_defaults(metadata)

    @abstractmethod
    def _set_defaults(self, metadata: Mapping[str, Any]) -> None:
        """Sets `_default_metadata`, and what depends on it."""

    @contextlib.contextmanager
    def use_metadata(self: W, *, global_step: Any = None, walltime: float | None = None) -> Iterator[W]:
        """Sets the default step and time of the calls inside a ``with`` block.

        ::

            with writer.use_metadata(global_step=10):
                writer.add_scalar("loss", 3.0)

        Blocks can be nested; the inner one wins. The defaults belong to the writer: they also apply to calls from other
        threads, and in children forked inside the block.

        Args:
            global_step: as in `add_scalar`.
            walltime: seconds since 1970.

        Raises:
            ValueError: if neither is given, or one is out of range.
            TypeError: if one is not a number.
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
