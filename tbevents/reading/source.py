"""The files of a run: the one place that lists them, sees that they have changed, and reads on in them.

A reading is a transaction. What has been read of a run is a `Reading`, which never changes; reading on makes a new one,
which replaces it when it is complete. If a reading is cut short (damage in strict mode, an interrupt, no memory), the
earlier one stays, with its own offsets in the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from tbevents.errors import FileChangedError, RunNotFoundError
from tbevents.file_ref import FileRef
from tbevents.reading.event_file import EventFileReader
from tbevents.reading.options import ReadOptions
from tbevents.reading.problem import Problem
from tbevents.reading.run_builder import RecordSource, RunBuilder
from tbevents.remote_file import Requested
from tbevents.run_files import list_run_files

_TRIES: Final = 3
"""How often reading starts again from the beginning because a file changes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What has been read of a run.

    Attributes:
        builder: holds the run's data; it gets no more.
        readers: file name -> reader, in order; each stands where the next reading continues.
        files: the names of the files; empty if the events come from memory.
        unlisted: the problems with the folder, or with entries of it that could not be opened as event files.
        begun_anew: why earlier data was dropped; "" if it was not.
        is_cut: whether a file goes on, which was read in part because of `FileSource.most`.
        made: a cache of what was made from the builder's data on demand.
    """

    builder: RunBuilder
    readers: Mapping[str, RecordSource] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    unlisted: tuple[Problem, ...] = ()
    begun_anew: str = ""
    is_cut: bool = False
    made: dict[object, Any] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, file by file."""
        of_files = [problem for reader in self.readers.values() for problem in reader.problems]
        return (*self.unlisted, *of_files)

    def apart(self) -> Reading:
        """Returns a copy for another run, which reads on under a lock of its own: nothing is written for both."""
        readers = {
            name: reader.fork() if isinstance(reader, EventFileReader) else reader
            for name, reader in self.readers.items()
        }
        return replace(self, builder=self.builder.apart(), readers=readers, made={})

    def continues(self, before: Reading) -> bool:
        """Returns True if it has all values of another reading, or these and more after them; and its problems.

        Of graphs, of which only the last one is kept, that must be the same.
        """
        data, old_data = self.builder.data, before.builder.data
        if not all(name in data.tags and data.tags[name].continues(tag) for name, tag in old_data.tags.items()):
            return False
        for lines, old_lines in ((data.sessions, old_data.sessions), (data.log, old_data.log)):
            if lines[: len(old_lines)] != old_lines:
                return False
        if not old_data.kept_events.items() <= data.kept_events.items():
            return False
        return {each for each in before.problems if each.kind != "incomplete"} <= set(self.problems)


class _RewrittenError(FileChangedError):
    """A file was written again, perhaps with the same bytes."""


class Source(Protocol):
    """Where the events of a run come from."""

    @property
    def location(self) -> str:
        """The path, or a name for it in messages."""

    def read(self, before: Reading) -> Reading:
        """Returns what there is now: `before` with the new data after it, or `before` itself if nothing is new."""


class FileSource:
    """The event files of a folder, or one of them.

    Args:
        path: the folder or the file.
        options: how to read; by default as `ReadOptions` are.
        named: if True, the caller named the path, so reading raises if nothing of it can be read.
        expected: if True, the folder may be missing or empty: the run is to come.
        listed: the files as a listing has just shown them, for the next reading; None lists them then.
        requested: what was requested of remote files, by URL, for the next reading.
        most: roughly the most bytes of a file that one reading reads, or None for all. `Reading.is_cut` says whether
            there is more, which the next reading goes on with.

    Attributes:
        location: the path.
        named, listed, requested, most: as given. The last three may be set before each reading; the next one uses up
            `listed` and what it opens of `requested`.
    """

    def __init__(
        self,
        path: str,
        options: ReadOptions | None = None,
        *,
        named: bool = True,
        expected: bool = False,
        listed: Sequence[FileRef] | None = None,
        requested: dict[str, Requested] | None = None,
        most: int | None = None,
    ) -> None:
        self.location = path
        self._options = ReadOptions() if options is None else options
        self.named = named
        self._expected = expected
        self.listed = listed
        self.requested: dict[str, Requested] = {} if requested is None else requested
        self.most = most

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"requested": {}, "most": None}

    def find(self, known: Mapping[str, RecordSource]) -> tuple[list[FileRef], tuple[Problem, ...]]:
        """Returns the files in order, or the known ones if the folder cannot be listed; and what cannot be read.

        Raises:
            RunNotFoundError: if there are none, the caller named the path, and none are expected later.
            OSError: if the folder cannot be listed, and the caller named it or is strict.
        """
        listed, self.listed = self.listed, None
        if listed is not None:
            return list(listed), ()
        problems: list[Problem] = []

        def unreadable(path: str, error: OSError) -> None:
            if self._options.strict:
                raise error
            problems.append(Problem.unreadable(path, error))

        files: list[FileRef] = []
        try:
            files = list_run_files(self.location, unreadable, suggest=self.named and not self._expected)
        except RunNotFoundError as error:
            if not self._expected:
                if self.named or self._options.strict:
                    raise
                problems.append(Problem(self.location, 0, "unreadable", 0, 0, f"cannot be read: {error.detail}"))
        except OSError as error:
            if self.named or self._options.strict:
                raise
            files = [FileRef(file) for file in known]
            unreadable(self.location, error)
        return files, tuple(problems)

    def open(self, file: FileRef, *, patient: bool) -> EventFileReader:
        """Returns a reader of one of the files, at its start."""
        sole = self.named and file.url == self.location
        strict, verify = self._options.strict, self._options.verify
        reader = EventFileReader(file.url, strict=strict, sole=sole, patient=patient, verify=verify)
        reader.listed = file
        return reader

    def read(self, before: Reading) -> Reading:
        """As in `Source`; reads everything again if a file is not the one that was read before.

        Raises:
            RunNotFoundError, OSError: if the path cannot be read, and the caller named it or is strict.
            DamagedFileError: at the first damage in strict mode. An incomplete last record does not count if
                something was read before: the rest may still come.
        """
        start, begun_anew, is_sure = before, "", True
        for tries_left in reversed(range(_TRIES)):
            files, unlisted = self.find(start.readers)
            there = {file.url for file in files}
            try:
                gone = next(
                    (name for name, reader in start.readers.items() if name not in there and reader.done()), None
                )
                if gone is not None:
                    raise FileChangedError(f"{gone}: was removed")
                found = self._read_on(start, files, unlisted, begun_anew, patient=bool(before.readers))
                if not is_sure and found.continues(before):
                    found = replace(found, begun_anew="")
                return found
            except FileChangedError as error:
                if not tries_left and (self.named or self._options.strict):
                    raise
                if not tries_left:
                    return Reading(
                        before.builder.anew(), {}, (), (Problem.unreadable(self.location, error),), str(error)
                    )
                begun_anew = str(error) if before.readers else ""
                is_sure = is_sure and not isinstance(error, _RewrittenError)
                start = Reading(before.builder.anew())
            except FileNotFoundError as error:
                if isinstance(error, RunNotFoundError):
                    raise
                raise RunNotFoundError(error.filename, "no such file; it was removed meanwhile") from error
        raise AssertionError("the last try returns or raises")

    def _read_on(
        self, before: Reading, files: list[FileRef], unlisted: tuple[Problem, ...], begun_anew: str, *, patient: bool
    ) -> Reading:
        builder = before.builder.fork()
        readers: dict[str, EventFileReader] = {}
        errors: list[OSError] = []
        names = tuple(file.url for file in files)
        news = bool(begun_anew) or unlisted != before.unlisted or names != before.files
        cut = False
        for file in files:
            known: Any = before.readers.get(file.url)
            if cut and known is None:  # it comes after all of the file before it
                continue
            if known is not None and known.is_up_to_date(file):
                readers[file.url] = known
                continue
            if known is not None and known.may_be_rewritten(file):
                known.check_known()
                raise _RewrittenError(f"{file.url}: was written again")
            reader = readers[file.url] = self.open(file, patient=patient) if known is None else known.fork()
            reader.patient, reader.most = patient, self.most
            reader.listed, reader.requested = file, self.requested.pop(file.url, None)
            builder.add_file(reader)
            cut = cut or reader.is_cut
            errors += [] if reader.error is None or reader.offset else [reader.error]
            news = news or reader.offset != known.offset or reader.problems != known.problems
        if self.named and not before.readers and files and len(errors) == len(files):
            raise errors[0]  # the caller named the path, and none of its files can be read
        if news:
            return Reading(builder, readers, tuple(readers) if cut else names, unlisted, begun_anew, is_cut=cut)
        for name, known in before.readers.items():
            known.listed = readers[name].listed
        return before
