"""A logdir: the runs below a folder, each read when it is first used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from tbevents.errors import RunNotFoundError, UnknownNameError
from tbevents.files import StrPath, find_runs, path_string
from tbevents.reading.run import Run, read_run

__all__ = ["Logdir", "read_logdir"]


class Logdir(Mapping[str, Run]):
    """The runs below a folder, by name; each is read when it is first used.

    Made by `read_logdir`. Names are those that TensorBoard shows, sorted.

    Attributes:
        path: the folder, or the one event file, that was given.
    """

    def __init__(self, path: str, *, strict: bool = False) -> None:
        self.path = path
        self._strict = strict
        self._runs: dict[str, Run | None] = {}
        self._find()

    def reload(self) -> Logdir:
        """Finds new runs, and reloads those that were read before.

        Returns:
            The logdir itself.
        """
        for run in self._runs.values():
            if run is not None:
                run.reload()
        self._find()
        return self

    def _find(self) -> None:
        names = find_runs(self.path) if os.path.isdir(self.path) else ["."]
        self._runs = {name: self._runs.get(name) for name in names}

    def __getitem__(self, name: str) -> Run:
        if not isinstance(name, str) or name not in self._runs:
            raise UnknownNameError("run", name, self._runs, self.path)
        run = self._runs[name]
        if run is None:
            path = self.path if name == "." else os.path.join(self.path, *name.split("/"))
            run = self._runs[name] = read_run(path, name=name, strict=self._strict)
        return run

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<Logdir {self.path!r}: {len(self)} run{'' if len(self) == 1 else 's'}>"


def read_logdir(path: StrPath, *, strict: bool = False) -> Logdir:
    """Finds the runs below a folder. Each is read when it is first used.

    Args:
        path: a folder; or a run folder or event file, which is then the only run, named ``.``.
        strict: as in `read_run`.

    Returns:
        A mapping of run names to runs; empty where the folder holds none.

    Raises:
        RunNotFoundError: there is no such path (also a FileNotFoundError).
    """
    text = path_string(path, "path")
    if not os.path.exists(text):
        raise RunNotFoundError(f"{text}: no such file or folder")
    return Logdir(text, strict=strict)
