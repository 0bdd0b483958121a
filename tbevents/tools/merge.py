"""Merge: joins several event files, or the parts of a resumed run, into one file."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tbevents.files import StrPath
from tbevents.reading.problem import Problem
from tbevents.remote import is_url
from tbevents.run_files import is_event_file
from tbevents.tools.names import files_of_run
from tbevents.tools.new_files import NewFile, event_file_in, output_path
from tbevents.tools.record_copy import Progress, RawRecord, RecordReader, no_progress, part_of
from tbevents.tools.record_editor import Editor

_HELD: Final = 1 << 24
"""Bytes of all files together that are held at a time if they are read at once."""

_HELD_OF_A_FILE: Final = 1 << 12
"""Bytes of each of them that are held at least."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Result of a merge.

    Attributes:
        sources: the files that were read, in the order of their records.
        target: the file that was written.
        records: number of records in it.
        purged: number of values left out because later ones overwrite them.
        problems: damage in the sources, and their files that cannot be read.
    """

    sources: tuple[str, ...]
    target: str
    records: int
    purged: int
    problems: tuple[Problem, ...]


def merge(
    sources: StrPath | Iterable[StrPath],
    out: StrPath,
    *,
    by_time: bool = False,
    purge: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Merged:
    """Copies the records of several event files into one, byte for byte.

    Reading the file gives the same as reading the sources one after the other. Only file version records that repeat
    the current version are left out. Records are written as they are read, whatever the number of files; only `purge`
    keeps the steps of all values, 8 bytes each.

    Args:
        sources: event files, and folders whose event files are read in order; or one of these.
        out: the event file to write; if its name is not an event file's, the folder of a new run.
        by_time: if True, interleave the files by the wall times of their records, as for two files written at the same
            time. Records of one file stay in order.
        purge: if True, leave out values that a later value of the tag overwrites, one at the same or a lower step, as a
            resumed run writes them.
        overwrite: if True, replace `out` if it is an event file. A folder with a run is refused nevertheless.
        progress: called with the bytes read.

    Raises:
        RunNotFoundError: if a source does not exist, or is a folder without event files.
        FileExistsError: if `out` is a file and `overwrite` is False, or a folder with an event file.
        ValueError: if a file is among the sources twice, or there is no record.
        OSError: if a file cannot be read or written.
    """
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    unreadable: list[Problem] = []
    files = [file for source in sources for file in files_of_run(source, unreadable.append)]
    if len({os.path.realpath(file) for file in files}) < len(files):
        raise ValueError("a file is among the sources twice")
    target = _target(out, files)
    if os.path.realpath(target) in map(os.path.realpath, files):
        raise ValueError(f"{target} is one of the sources")
    editor = Editor(purge=True) if purge else None
    if editor is not None:
        editor.study(_in_order(RecordReader(files, part_of(progress, 0, 2)), files, by_time))
        progress = part_of(progress, 1, 2)
    reader = RecordReader(files, progress, sole=len(files) == 1)
    kept = 0
    first_of_run = not is_event_file(output_path(out, ""))
    with NewFile(target, overwrite=overwrite and not first_of_run, events=True, first_of_run=first_of_run) as new:
        for record in _without_repeated_versions(_in_order(reader, files, by_time)):
            raw = record.raw if editor is None else editor.apply(record)
            if raw is not None:
                new.file.write(raw)
                kept += 1
        if not kept:
            raise ValueError("there is no record to merge")
    return Merged(tuple(files), target, kept, editor.dropped if editor else 0, (*unreadable, *reader.problems))


def _target(out: StrPath, files: list[str]) -> str:
    target = output_path(out, "")
    return target if is_event_file(target) else event_file_in(target, _first_time(files))


def _first_time(files: list[str]) -> float:
    """Returns the wall time of the first event; NaN if there is none."""
    return next((record.event.wall_time for record in RecordReader(files)), math.nan)


def _in_order(reader: RecordReader, files: list[str], by_time: bool) -> Iterator[RawRecord]:
    if not by_time:
        return iter(reader)
    most = max(_HELD // max(1, len(files)), _HELD_OF_A_FILE)
    # Each part of a remote file would be a request of its own.
    timed = [_with_time(reader.read(file, None if len(files) == 1 or is_url(file) else most)) for file in files]
    return (record for _, record in heapq.merge(*timed, key=lambda pair: pair[0]))


def _with_time(records: Iterator[RawRecord]) -> Iterator[tuple[float, RawRecord]]:
    """Yields each record with the latest time so far in its file, so that sorting keeps their order."""
    latest = -math.inf
    for record in records:
        if record.event.wall_time > latest:  # False for NaN
            latest = record.event.wall_time
        yield latest, record


def _without_repeated_versions(records: Iterator[RawRecord]) -> Iterator[RawRecord]:
    """Yields all records except those that only repeat the current file version."""
    version = ""
    for record in records:
        event = record.event
        if event.file_version:
            repeated = event.file_version == version and not event.step
            version = event.file_version
            if repeated:
                continue
        yield record
