"""The runs below labelled logdirs, for a report of what a board shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from tbevents.errors import UnknownNameError
from tbevents.live_page.names import checked_logdirs, run_name, title_of
from tbevents.reading.logdir import Logdir, read_logdir
from tbevents.reading.options import Checksums
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.tools.names import natural_key, without_damage_warnings


class LabelledRuns(Mapping[str, Run]):
    """The runs below logdirs, under the names and in the order of a board; each is read when it is asked for.

    Threads and forked children may use it as they may use a `Logdir`.

    Args:
        logdirs: label -> folder, event file or URL, as of a `Board`.
        checksums: "skip" also reads records with a wrong data checksum, as in `read_run`.

    Attributes:
        path: the logdir; the names of the logdirs if there are several, or if it has a label.
        problems: the folders that could not be listed.

    Raises:
        RunNotFoundError, OSError: if a logdir does not exist, or cannot be listed.
        TypeError, ValueError: as `Board`, of labels.
    """

    def __init__(self, logdirs: Mapping[str, str], *, checksums: Checksums = "verify") -> None:
        logdirs = checked_logdirs(logdirs)
        with without_damage_warnings():  # the problems have them
            found = {label: read_logdir(path, checksums=checksums) for label, path in logdirs.items()}
        self.path: str = logdirs[""] if list(logdirs) == [""] else title_of(logdirs)
        self.problems: tuple[Problem, ...] = tuple(itertools.chain(*(logdir.problems for logdir in found.values())))
        self._runs: dict[str, tuple[Logdir, str]] = {
            run_name(label, name): (logdir, name)
            for label, logdir in found.items()
            for name in sorted(logdir, key=natural_key)
        }

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __getitem__(self, name: str) -> Run:
        if name not in self._runs:
            raise UnknownNameError("run", name, self._runs, self.path)
        logdir, own = self._runs[name]
        return logdir[own]

    def each(self, names: Sequence[str]) -> Iterator[tuple[str, Run]]:
        """Yields runs by name, in this order, as `Logdir.each` does: they are not kept."""
        for _, group in itertools.groupby(names, lambda name: id(self._runs[name][0])):
            some = list(group)
            logdir = self._runs[some[0]][0]
            runs = logdir.each([self._runs[name][1] for name in some])
            for name, (_, run) in zip(some, runs, strict=True):
                yield name, run
                del run  # it is let go before the next one is read
