"""`KeptRuns`: which runs stay in memory, where there is no room for all."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")


class KeptRuns(Generic[Key]):
    """The runs that are in memory, by any key, with the bytes that they take.

    It says which of them to let go; the caller, who has the runs, does so, and calls it under a lock.

    Args:
        memory: bytes of all runs together. The run that was used last is kept in any case.
        most: number of runs; None means any.

    Attributes:
        memory: may be changed, and holds from the next call of `keep` on.
    """

    def __init__(self, memory: int, most: int | None = None) -> None:
        self.memory: int = memory
        self._most = most
        self._sizes: OrderedDict[Key, int] = OrderedDict()  # the least recently used first
        self._total = 0

    def use(self, key: Key) -> None:
        """Notes that a run is used, if it is in memory."""
        if key in self._sizes:
            self._sizes.move_to_end(key)

    def keep(self, key: Key, size: int) -> list[Key]:
        """Notes that a run is in memory, is used, and takes so many bytes; returns the runs to let go."""
        self.forget(key)
        self._sizes[key] = size
        self._total += size
        left: list[Key] = []
        while len(self._sizes) > 1 and (
            self._total > self.memory or (self._most is not None and len(self._sizes) > self._most)
        ):
            least, freed = self._sizes.popitem(last=False)
            self._total -= freed
            left.append(least)
        return left

    def forget(self, key: Key) -> None:
        """Notes that a run is not in memory any more."""
        self._total -= self._sizes.pop(key, 0)
