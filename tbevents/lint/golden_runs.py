"""`GoldenRuns`: the runs that an expectation `same_as` compares with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tbevents.errors import PayloadError, RunNotFoundError
from tbevents.lint.expectations import Expectation
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.testing import golden
from tbevents.tools.names import read_telling, runs_below


class GoldenRuns:
    """The golden runs at a path, each read when it is compared.

    Attributes:
        path: a run, a folder of runs, or what `tb_regression` stores.
        names: the names of the runs.
        used: the names of those that were compared.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.used: set[str] = set()
        self.names: list[str]
        self._read: Callable[[str], Run]
        for suffix in golden.SUFFIXES:
            if path.endswith(suffix):
                stored = golden.load(path.removesuffix(suffix), {})
                if stored is None:
                    raise RunNotFoundError(path, "no such golden run")
                self.names = list(stored)
                self._read = stored.__getitem__
                return
        below = runs_below(path)
        if not below:
            raise RunNotFoundError(path, "there is no run to compare with")
        self.names = list(below)
        self._read = lambda name: read_telling(below[name], name, on_problem=_ignore)

    def of(self, run: str, known_as: Sequence[str]) -> dict[str, Run]:
        """Returns the run to compare with, by the name of the other: the only one, or that of the same name.

        Args:
            run: the name of the other.
            known_as: the names that it may have here; the first that there is counts.
        """
        same = self.names if len(self.names) == 1 else [name for name in known_as if name in self.names]
        if not same:
            return {}
        self.used.add(same[0])
        return {run: self._read(same[0])}


def _ignore(_: Problem) -> None:
    """The findings list the problems."""


def golden_runs_of(expectation: Expectation) -> GoldenRuns | None:
    """Returns the golden runs of an expectation; None if it has none.

    Raises:
        RunNotFoundError, OSError: if they do not exist or cannot be read; the message names the expectation.
        PayloadError: if a file is not a golden run, likewise.
    """
    if expectation.same_as is None:
        return None
    where = f"{expectation.where}: same_as"
    try:
        return GoldenRuns(expectation.same_as.path)
    except RunNotFoundError as error:
        raise RunNotFoundError(f"{where}: {error.path}", error.detail) from error
    except PayloadError as error:
        raise PayloadError(f"{where}: {error}") from error
    except OSError as error:
        if error.strerror is None:
            raise
        raise type(error)(error.errno, f"{where}: {error.strerror}", error.filename) from error
