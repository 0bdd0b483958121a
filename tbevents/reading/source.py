"""The files of a run: the one place that lists them, sees that they have changed, and reads on in them.

A reading is a transaction. What has been read of a run is a `Reading`, which never changes; reading on makes another
one beside it, that takes its place when it is complete. So whatever ends a reading before that (damage where the caller
is strict, an interrupt, no memory) leaves the one before, with the places in the files that belong to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tbevents.errors import FileChangedError, RunNotFoundError
from tbevents.file_ref import FileRef
from tbevents.files import list_run_files
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.problem import Problem
from tbevents.reading.run_builder import RecordSource, RunBuilder

__all__ = ["FileSource", "Reading", "Source"]

_TRIES: Final = 3
"""How often a run is begun anew because a file changes while it is read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What has been read of a run.

    Attributes:
        builder: has taken it, and is not given more.
        readers: of the files, in order, by name; they stand where reading goes on.
        files: their names; none where the events come from memory.
        unlisted: why the folder, or what stands in it as an event file, could not be read.
        begun_anew: why what had been read before was dropped; "" where it was not.
        made: what has been made on demand of what the builder has taken.
    """

    builder: RunBuilder
    readers: Mapping[str, RecordSource] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    unlisted: tuple[Problem, ...] = ()
    begun_anew: str = ""
    made: dict[object, Any] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, file by file."""
        of_files = [problem for reader in self.readers.values() for problem in reader.problems]
        return (*self.unlisted, *of_files)


class Source(Protocol):
    """Where the events of a run come from."""

    @property
    def location(self) -> str:
        """The path, or what stands for it in messages."""

    def read(self, before: Reading) -> Reading:
        """What there is now: with what is new behind what was read before; that itself, where nothing is new."""


class FileSource:
    """The event files of a folder, or one of them.

    Args:
        path: the folder or the file.
        strict: whether damage, and what cannot be read, is raised.
        verify: whether the checksums of payloads are verified.
        named: whether the caller named the path: that nothing of it can be read is then raised, too.
        expected: whether it is fine that there is no such folder, or that it is empty: the run is to come.
        listed: the files as a listing has just shown them, for the next reading; None lists them then.

    Attributes:
        listed: as given; set it to have the next reading use another listing, which is used once.
    """

    def __init__(
        self,
        path: str,
        *,
        strict: bool = False,
        verify: bool = True,
        named: bool = True,
        expected: bool = False,
        listed: Sequence[FileRef] | None = None,
    ) -> None:
        self.location = path
        self._strict = strict
        self._verify = verify
        self._named = named
        self._expected = expected
        self.listed = listed

    def __reduce__(self) -> tuple[Any, ...]:
        state = (self._strict, self._verify, self._named, self._expected, self.listed)
        return _restored, (self.location, *state)

    def find(self, known: Mapping[str, RecordSource]) -> tuple[list[FileRef], tuple[Problem, ...]]:
        """The files that there are, in order; those known where that cannot be told. And what cannot be read at all.

        Raises:
            RunNotFoundError: there are none, where the caller named the path and none are expected later.
            OSError: the folder cannot be listed, where the caller named it, or is strict.
        """
        listed, self.listed = self.listed, None
        if listed is not None:
            return list(listed), ()
        problems: list[Problem] = []

        def unreadable(path: str, error: OSError) -> None:
            if self._strict:
                raise error
            problems.append(Problem.unreadable(path, error))

        files: list[FileRef] = []
        try:
            files = list_run_files(self.location, unreadable)
        except RunNotFoundError as error:
            if not self._expected:
                if self._named or self._strict:
                    raise
                detail = f"cannot be read: {str(error).removeprefix(f'{self.location}: ')}"
                problems.append(Problem(self.location, 0, "unreadable", 0, 0, detail))
        except OSError as error:
            if self._named or self._strict:
                raise
            files = [FileRef(file) for file in known]
            unreadable(self.location, error)
        return files, tuple(problems)

    def open(self, file: FileRef, *, patient: bool) -> EventFileReader:
        """A reader of one of the files, from its start."""
        sole = self._named and file.url == self.location
        return EventFileReader(file.url, strict=self._strict, sole=sole, patient=patient, verify=self._verify)

    def read(self, before: Reading) -> Reading:
        """As in `Source`; everything, where a file is not the one that was read before.

        Raises:
            RunNotFoundError, OSError: the caller named the path, or is strict, and it cannot be read.
            DamagedFileError: at the first damage, where strict; an incomplete record at the end is none where
                something was read before: the rest may be to come.
        """
        start, begun_anew = before, ""
        for tries_left in reversed(range(_TRIES)):
            files, unlisted = self.find(start.readers)
            there = {file.url for file in files}
            try:
                gone = next(
                    (name for name, reader in start.readers.items() if name not in there and reader.done()), None
                )
                if gone is not None:
                    raise FileChangedError(f"{gone}: was removed")
                return self._read_on(start, files, unlisted, begun_anew, patient=bool(before.readers))
            except FileChangedError as error:
                if not tries_left and (self._named or self._strict):
                    raise
                if not tries_left:
                    return Reading(
                        before.builder.anew(), {}, (), (Problem.unreadable(self.location, error),), str(error)
                    )
                begun_anew = str(error) if before.readers else ""
                start = Reading(before.builder.anew())
            except FileNotFoundError as error:
                if isinstance(error, RunNotFoundError):
                    raise
                raise RunNotFoundError(f"{error.filename}: no such file; it was removed meanwhile") from error
        raise AssertionError("the last try returns or raises")

    def _read_on(
        self, before: Reading, files: list[FileRef], unlisted: tuple[Problem, ...], begun_anew: str, *, patient: bool
    ) -> Reading:
        builder = before.builder.fork()
        readers: dict[str, EventFileReader] = {}
        errors: list[OSError] = []
        names = tuple(file.url for file in files)
        news = bool(begun_anew) or unlisted != before.unlisted or names != before.files
        for file in files:
            known: Any = before.readers.get(file.url)
            reader = readers[file.url] = self.open(file, patient=patient) if known is None else known.fork()
            reader.patient = patient
            reader.listed = file
            builder.add_file(reader)
            errors += [] if reader.error is None or reader.offset else [reader.error]
            news = news or reader.offset != known.offset or reader.problems != known.problems
        if self._named and not before.readers and files and len(errors) == len(files):
            raise errors[0]  # nothing of what the caller named can be read
        return Reading(builder, readers, names, unlisted, begun_anew) if news else before


def _restored(
    path: str, strict: bool, verify: bool, named: bool, expected: bool, listed: Sequence[FileRef] | None
) -> FileSource:
    """A source from its pickled state."""
    return FileSource(path, strict=strict, verify=verify, named=named, expected=expected, listed=listed)
