"""Split: distributes the records of a run over several event files, by size or by step."""

from __future__ import annotations

import bisect
import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tbevents.files import StrPath, local_path
from tbevents.format.values import whole
from tbevents.proto import Event
from tbevents.reading.problem import Problem
from tbevents.tools.names import files_of_run
from tbevents.tools.new_files import NewFile, refuse_run
from tbevents.tools.record_copy import Progress, RawRecord, RecordReader, no_progress, part_of
from tbevents.tools.record_editor import is_stepless

_MOST: Final = 200
"""Maximum number of parts: each stays open until the last is complete."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the files of a split.

    Attributes:
        path: the path of the file.
        records: number of records.
        size: size in bytes.
    """

    path: str
    records: int
    size: int


@dataclass(frozen=True, slots=True)
class Split:
    """Result of a split.

    Attributes:
        parts: the files that were written, in order.
        problems: damage in the source, and its files that cannot be read.
    """

    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _OpenPart:
    """A part that is being written: its file, and the number and bytes of its records."""

    new: NewFile
    records: int = 0
    size: int = 0


class _PartWriter:
    """Writes the parts. A part is opened for its first record, and starts with the file version.

    Args:
        stack: the context that completes the files.
        folder: the folder of the files.
        name: the name of the files, without the number.
    """

    def __init__(self, stack: contextlib.ExitStack, folder: str, name: str) -> None:
        self.version: RawRecord | None = None  # the record with the file version
        self._stack = stack
        self._path = os.path.join(folder, name)
        self._parts: dict[int, _OpenPart] = {}

    def add(self, part: int, record: RawRecord) -> None:
        """Writes a record to a part."""
        if part not in self._parts:
            if len(self._parts) == _MOST:
                raise ValueError(f"there would be more than {_MOST} parts")
            new = self._stack.enter_context(NewFile(f"{self._path}.{part:03d}", overwrite=False, events=True))
            self._parts[part] = _OpenPart(new)
            if self.version is not None and self.version is not record:
                self.add(part, self.version)
        opened = self._parts[part]
        opened.new.file.write(record.raw)
        opened.records += 1
        opened.size += len(record.raw)

    def full(self, part: int, record: RawRecord, size: int) -> bool:
        """Returns True if a part has no room for a record; a part with only the file version always has room."""
        opened = self._parts.get(part)
        if opened is None or opened.records <= (self.version is not None):
            return False
        return opened.size + len(record.raw) > size

    def finish(self) -> tuple[Part, ...]:
        """Returns the parts, in order. No record is added after that."""
        for opened in list(self._parts.values())[-1:]:
            opened.new.first_of_run = True  # the stack completes the one first that was opened last
        return tuple(Part(each.new.path, each.records, each.size) for _, each in sorted(self._parts.items()))


def split(
    source: StrPath,
    out: StrPath,
    *,
    size: int | None = None,
    every: int | None = None,
    at: Sequence[int] = (),
    progress: Progress = no_progress,
) -> Split:
    """Copies the records of a run into several event files, byte for byte.

    The files form one run. Split by size, reading them gives the same as the source; by step, the same points in the
    order of the ranges of steps. Each starts with the source's file version.

    Args:
        source: an event file or the folder of a run.
        out: the folder for the files, which must not hold an event file; they have the source's name and a number.
        size: the maximum bytes of a file. A larger record gets its own file.
        every: the number of steps in each file, counted from step 0.
        at: the steps at which new files start, ascending.
        progress: called with the bytes read.

    Raises:
        TypeError: if one of these is not a whole number.
        ValueError: unless exactly one of `size`, `every` and `at` is given; if one is not positive or not ascending; or
            if there would be more than 200 parts.
        RunNotFoundError: if the run does not exist.
        FileExistsError: if `out` holds an event file already.
        OSError: if a file cannot be read or written.
    """
    if (size is not None) + (every is not None) + bool(at) != 1:
        raise ValueError("say where to split: give one of size, every and at (--size, --every, --at)")
    for name, value in (("size", size), ("every", every)):
        if value is not None:
            whole(name, value, least=1)
    at = [whole("at", step) for step in at]
    if any(first >= second for first, second in pairwise(at)):
        raise ValueError(f"the steps to split at must ascend: {', '.join(map(str, at))}")
    folder = local_path(out, "the output")
    refuse_run(folder)
    unreadable: list[Problem] = []
    files = files_of_run(source, unreadable.append)
    starts = at
    if every is not None:
        starts = _starts(RecordReader(files, part_of(progress, 0, 2)), every)
        progress = part_of(progress, 1, 2)
    reader = RecordReader(files, progress, sole=len(files) == 1)
    part = 0
    with contextlib.ExitStack() as stack:
        writer = _PartWriter(stack, folder, os.path.basename(files[0]))
        for record in reader:
            event = record.event
            if writer.version is None and event.file_version:
                writer.version = record
            if size is None:
                step = _step(event)
                part = 0 if step is None else bisect.bisect_right(starts, step)
            elif writer.full(part, record, size):
                part += 1
            writer.add(part, record)
        parts = writer.finish()
        if not parts:
            raise ValueError(f"{source}: there is no record to split")
    return Split(parts, (*unreadable, *reader.problems))


def _starts(records: Iterable[RawRecord], every: int) -> list[int]:
    """Returns the steps at which the second and later parts start, for parts of `every` steps without empty ones."""
    steps = (_step(record.event) for record in records)
    parts = sorted({step // every for step in steps if step is not None})
    return [part * every for part in parts[1:]]


def _step(event: Event) -> int | None:
    """Returns the step of an event; None if it is about the whole run."""
    if not (event.HasField("summary") or event.HasField("session_log")):
        return None
    return None if event.HasField("summary") and all(map(is_stepless, event.summary.value)) else event.step
