"""Merge: the records of several event files, or of a run that was resumed, in one file."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tbevents.files import StrPath, is_event_file
from tbevents.reading.problem import Problem
from tbevents.tools.names import files_of_run
from tbevents.tools.new_files import NewFile, event_file_in, output_path
from tbevents.tools.record_copy import Progress, RawRecord, RecordReader, no_progress, part_of
from tbevents.tools.record_editor import Editor

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has done.

    Attributes:
        sources: the files that were read, in the order of their records.
        target: the file that was written.
        records: how many records it holds.
        purged: how many values were left out because later ones overwrite them.
        problems: what could not be read.
    """

    sources: tuple[str, ...]
    target: str
    records: int
    purged: int
    problems: tuple[Problem, ...]


def merge(
    sources: Iterable[StrPath],
    out: StrPath,
    *,
    by_time: bool = False,
    purge: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Merged:
    """Writes the records of several event files into one, each byte for byte.

    Read back, the file gives what the sources give one after the other. Only file versions that say again what
    is in force are left out.

    Args:
        sources: event files, and folders whose own event files are taken in their order.
        out: the event file to write; where its name is not an event file's, the folder of a new run.
        by_time: interleave the files by the time of their records, as for two that were written at once. Records of one
            file stay in their order.
        purge: leave out values that a later one of their tag overwrites: one of the same step or an earlier one, as
            a resumed run writes them.
        overwrite: whether `out` may replace a file.
        progress: gets bytes.

    Raises:
        RunNotFoundError: a source is missing, or a folder without event files.
        FileExistsError: `out` is there already.
        ValueError: a file stands among the sources twice, or there is nothing in them.
        OSError: a file cannot be read or written.
    """
    files = [file for source in sources for file in files_of_run(source)]
    if len({os.path.realpath(file) for file in files}) < len(files):
        raise ValueError("a file stands among the sources twice")
    target = _target(out, files)
    if os.path.realpath(target) in map(os.path.realpath, files):
        raise ValueError(f"{target} is one of the sources")
    editor = Editor(purge=True) if purge else None
    if editor is not None:
        editor.study(_in_order(RecordReader(files, part_of(progress, 0, 2)), files, by_time))
        progress = part_of(progress, 1, 2)
    reader = RecordReader(files, progress, sole=len(files) == 1)
    kept = 0
    with NewFile(target, overwrite=overwrite) as new:
        for record in _without_repeated_versions(_in_order(reader, files, by_time)):
            raw = record.raw if editor is None else editor.apply(record)
            if raw is not None:
                new.file.write(raw)
                kept += 1
        if not kept:
            raise ValueError("there is no record to merge")
    return Merged(tuple(files), target, kept, editor.dropped if editor else 0, tuple(reader.problems))


def _target(out: StrPath, files: list[str]) -> str:
    target = output_path(out, "")
    return target if is_event_file(target) else event_file_in(target, _first_time(files))


def _first_time(files: list[str]) -> float:
    """The time of the first event there is; NaN where there is none."""
    return next((record.event.wall_time for record in RecordReader(files)), math.nan)


def _in_order(reader: RecordReader, files: list[str], by_time: bool) -> Iterator[RawRecord]:
    if not by_time:
        return iter(reader)
    timed = [_with_time(reader.read(file)) for file in files]
    return (record for _, record in heapq.merge(*timed, key=lambda pair: pair[0]))


def _with_time(records: Iterator[RawRecord]) -> Iterator[tuple[float, RawRecord]]:
    """Records with the latest time so far in their file, so that they keep their order."""
    latest = -math.inf
    for record in records:
        if record.event.wall_time > latest:  # not where it is NaN
            latest = record.event.wall_time
        yield latest, record


def _without_repeated_versions(records: Iterator[RawRecord]) -> Iterator[RawRecord]:
    """All records, but those that say only the file version that is in force already."""
    version = ""
    for record in records:
        event = record.event
        if event.file_version:
            repeated = event.file_version == version and not event.step
            version = event.file_version
            if repeated:
                continue
        yield record
