"""Reads the runs of a board: small ones together, large ones a part at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from tbevents.file_ref import total_size
from tbevents.live_page.followed_run import PART, FollowedRun
from tbevents.reading.options import ReadOptions
from tbevents.reading.run import Run, open_run
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.small_runs import FIRST, MOST, SMALL, SmallRunReader
from tbevents.reading.source import FileSource
from tbevents.remote import is_url

_TOGETHER: Final = 1 << 21
"""The most bytes of small runs that are read together: reading them takes several times as much memory for a moment."""

_LARGE: Final = 1 << 26
"""A run of more bytes is read a part at a time, so that its curves are seen before all of it was read."""


class RunOpener:
    """Reads runs. Threads may share it; `take` is called under a lock of the caller's.

    Args:
        options: how to read.
    """

    def __init__(self, options: ReadOptions) -> None:
        self._options = options
        self._table = SkeletonTable(verify=options.verify)
        self._together = FIRST
        self._small_runs = SmallRunReader(self._table, options)
        self._small_lock = threading.Lock()  # one thread at a time reads small runs: each reader has a large buffer

    def take(self, waiting: deque[FollowedRun]) -> list[FollowedRun]:
        """Takes the first run off a queue; if it is small and not in memory, also such ones that follow it."""
        chosen = [waiting.popleft()]
        size = _small_size(chosen[0])
        if size:
            while waiting and len(chosen) < self._together:
                more = _small_size(waiting[0])
                if not more or size + more > _TOGETHER:
                    break
                size += more
                chosen.append(waiting.popleft())
            self._together = min(2 * self._together, MOST)
        return chosen

    def open_together(self, chosen: Sequence[FollowedRun]) -> Iterator[tuple[FollowedRun, Run | None]]:
        """Yields runs that were read together, as `take` has them; None in place of one that must be read alone."""
        left = list(chosen)
        while left:
            sources = [FileSource(each.url, self._options, named=False, listed=each.files) for each in left]
            with self._small_lock:
                readings = self._small_runs.read(sources)
            for followed, source, reading in zip(left, sources, readings, strict=False):
                run = None
                if reading is not None:
                    run = Run(source, name=followed.name, options=self._options, warn=False, reading=reading)
                yield followed, run
            del left[: len(readings)]

    def open(self, followed: FollowedRun) -> Run:
        """Reads a run; of a large one of which nothing was seen, the first part.

        Raises:
            TBEventsError, OSError: if it cannot be read.
        """
        followed.part = PART
        # One that was let go of is read whole: nobody is to see less of it than before.
        is_seen = followed.summary is not None and bool(followed.summary.counts)
        large = not is_seen and total_size(followed.files) > _LARGE
        return open_run(
            followed.url,
            followed.name,
            self._options,
            self._table,
            warn=False,
            named=False,
            files=followed.files,
            most=PART if large and not is_url(followed.url) else None,
        )

    def read_on(self, followed: FollowedRun, run: Run, *, whole: bool = False) -> str:
        """Reads what was appended, or the next part, or all that is left; returns why the run was read anew, or "".

        Raises:
            TBEventsError, OSError: if it cannot be read.
        """
        if whole or not run.is_cut:
            return run.reload_quietly()
        followed.part *= 2
        return run.reload_quietly(followed.part)


def _small_size(followed: FollowedRun) -> int:
    """The bytes of a small run below a local folder that is not in memory; 0 if it is another one."""
    if followed.run is not None or is_url(followed.url) or [file.url for file in followed.files] == [followed.url]:
        return 0
    size = total_size(followed.files)
    return size if size <= SMALL else 0
