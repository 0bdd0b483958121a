"""`ServedLogdir`: the runs of a logdir for a reader that must not leave it, by names that are safe to show."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from tbevents.errors import RunNotFoundError, UnknownNameError
from tbevents.file_ref import FileRef, total_size
from tbevents.files import StrPath, is_folder, join, path_string
from tbevents.mcp_server.shown_text import shown_names
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run, open_run
from tbevents.reading.run_builder import RecordSource
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.source import FileSource
from tbevents.remote import is_url, path_of_file_url
from tbevents.run_files import leads_out, list_run_files, list_runs
from tbevents.tools.kept_runs import KeptRuns
from tbevents.tools.names import natural_key, without_damage_warnings

_KEPT_RUNS: Final = 256
_KEPT_BYTES: Final = 2**29
"""The runs, and the bytes of their event files, that are kept in memory between calls."""


class _Contained(FileSource):
    """The event files of a run, without those that are links out of the logdir."""

    def __init__(self, path: str, within: str | None, options: ReadOptions, *, listed: Sequence[FileRef]) -> None:
        super().__init__(path, options, named=False, listed=listed)
        self._within = within

    def find(self, known: Mapping[str, RecordSource]) -> tuple[list[FileRef], tuple[Problem, ...]]:
        """Returns the files and what cannot be read, as `FileSource.find` does."""
        if self.listed is not None or self._within is None:
            return super().find(known)
        problems: list[Problem] = []

        def unreadable(path: str, error: OSError) -> None:
            problems.append(Problem.unreadable(path, error))

        try:
            if leads_out(self.location, self._within):
                return [], ()
            return list_run_files(self.location, unreadable, within=self._within), tuple(problems)
        except OSError as error:
            unreadable(self.location, error)
            return [], tuple(problems)


class ServedLogdir:
    """The runs below a folder, or one event file, for a reader that must not leave it.

    Links are followed inside the logdir only; others are `problems`. Runs are listed again, and read on, at each
    `call`. Files are looked at when they are listed and once more after they were read, so that a file that is
    replaced by a link in between is not shown.

    Threads may share it: one `call` is made at a time, and others wait. An interrupt leaves the runs as they were. A
    forked child must make its own.

    Args:
        path: the folder or file; a local path, or a URL that fsspec understands. A link itself is followed.
        checksums: "skip" also reads records with a wrong data checksum, as in `read_run`.

    Attributes:
        path: the absolute path, or the URL.
        problems: what could not be listed at the last call.

    Raises:
        RunNotFoundError: if the path does not exist.
        NotAnEventFileError: if it is a file of another type.
        OSError: if it cannot be read.
        MissingExtraError: if it is a URL and fsspec is not installed.
    """

    def __init__(self, path: StrPath, *, checksums: Checksums = "verify") -> None:
        text = path_string(path, "logdir")
        text = path_of_file_url(text) or text  # as a path, so that links out of the logdir are found
        if "::" in text and ("file://" in text or "local://" in text):
            raise ValueError(f"{text}: a chain of URLs over local files is not served, since its links are not seen")
        self.path: str = text if is_url(text) else os.path.abspath(text)
        self.problems: tuple[Problem, ...] = ()
        self._options = ReadOptions(checksums=checksums)
        self._within = self.path if not is_url(text) else None
        self._table = SkeletonTable(verify=self._options.verify)
        self._lock = threading.RLock()
        self._found: dict[str, str] = {}
        self._files: dict[str, list[FileRef]] = {}
        self._runs: dict[str, tuple[Run, _Contained]] = {}
        self._kept = KeptRuns[str](_KEPT_BYTES, _KEPT_RUNS)
        self._fresh: set[str] = set()
        if not is_folder(text):
            open_run(text, ".", self._options, warn=False)  # raises if it is no event file
        with self.call():
            pass

    @contextmanager
    def call(self) -> Iterator[None]:
        """Lists the runs again, and lets this thread alone use them.

        Raises:
            RunNotFoundError, OSError: if the logdir cannot be listed any more.
        """
        with self._lock, without_damage_warnings():
            problems: list[Problem] = []

            def unlisted(path: str, error: OSError) -> None:
                problems.append(Problem.unreadable(path, error))

            files = list_runs(self.path, unlisted, within=self._within)
            self._files = files
            self._found = shown_names(sorted(files, key=natural_key))
            self.problems = tuple(problems)
            self._fresh = set()
            for gone in self._runs.keys() - files.keys():
                self._forget(gone)
            yield

    def names(self, patterns: Sequence[str] | None = None) -> list[str]:
        """Returns the names of runs, as they are shown.

        Args:
            patterns: names or globs; None or empty means all.

        Raises:
            UnknownNameError: if one of them matches no run; the message names the nearest.
        """
        wanted = NameFilter(patterns, noun="run")
        names = [name for name in self._found if wanted(name)]
        wanted.check("")
        return names

    def run(self, name: str) -> Run:
        """Returns a run as its files are now; what cannot be read is on its `problems`.

        Args:
            name: the name as it is shown.

        Raises:
            UnknownNameError: if there is no such run; the message names the nearest.
            RunNotFoundError: if it was removed meanwhile, or replaced by a link that leads out of the logdir.
        """
        real = self._found.get(name)
        if real is None:
            raise UnknownNameError("run", name, self._found)
        kept = self._runs.get(real)
        if kept is None:
            where = self.path if real == "." else join(self.path, real)
            source = _Contained(where, self._within, self._options, listed=self._files[real])
            run = Run(source, name=real, table=self._table, options=self._options, warn=False)
            kept = run, source
        elif real not in self._fresh:
            kept[1].listed = self._files[real]
            kept[0].reload()
        run = kept[0]
        if self._within is not None and any(leads_out(file, self._within) for file in run.files):
            self._forget(real)
            raise RunNotFoundError(f"run {name!r}", "its files were replaced by links that lead out of the logdir")
        self._runs[real] = kept
        self._fresh.add(real)
        for name in self._kept.keep(real, total_size(self._files[real])):
            del self._runs[name]
        return run

    def size(self, name: str) -> int | None:
        """Returns the bytes in the event files of a run, as they are listed; None if the listing does not tell."""
        sizes = [file.size for file in self._files[self._found[name]]]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def without_path(self, text: str) -> str:
        """Returns a message with paths relative to the logdir."""
        roots = [self.path] if self._within is None else [self.path, os.path.realpath(self.path)]
        for root in dict.fromkeys(roots):
            below = f"{root.rstrip('/')}/" if self._within is None else os.path.join(root, "")
            text = text.replace(below, "").replace(root, "the logdir")
        return text

    def _forget(self, real: str) -> None:
        self._runs.pop(real, None)
        self._kept.forget(real)
