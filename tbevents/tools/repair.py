"""Repair: an event file's intact records and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbevents.files import StrPath
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, encode_record
from tbevents.reading.problem import Problem
from tbevents.tools.record_copy import Progress, RecordReader, no_progress
from tbevents.tools.rewrite_plan import FilePlan, plan_rewrite

__all__ = ["Repaired", "repair"]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair has done to one file.

    Attributes:
        source: the file that was read.
        target: the file that was written; None where there is no intact record in the source, or where it was to be
            replaced and is intact.
        backup: the other name of the source as it was, where it was replaced.
        records: how many records were kept.
        dropped: what was left out, in the order of the file.
        rewritten: how many of the records kept got another checksum.
    """

    source: str
    target: str | None
    backup: str | None
    records: int
    dropped: tuple[Problem, ...]
    rewritten: int = 0

    @property
    def dropped_bytes(self) -> int:
        """How many bytes were left out."""
        return sum(problem.skipped for problem in self.dropped)


def repair(
    source: StrPath,
    out: StrPath | None = None,
    *,
    in_place: bool = False,
    runs: Sequence[str] | None = None,
    keep_undecodable: bool = False,
    rewrite_checksums: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> list[Repaired]:
    """Writes the intact records of event files, byte for byte but for checksums that are to be rewritten.

    Args:
        source: an event file; or a run, or a folder of runs, whose files are all repaired.
        out: where to: a file, where its name is an event file's; else a folder that gets the runs with their names.
        in_place: replace the damaged files instead; each stays as a backup beside, under a name without ``tfevents``.
        runs: patterns of the runs that are wanted; all, where None.
        keep_undecodable: keep records whose checksums hold and that are no Event all the same. Most readers stop there.
        rewrite_checksums: also keep events whose data checksum does not hold, and store the right one: for files of
            writers that store a constant there (SageMaker Debugger). Damage within such an event goes unnoticed, now
            and later.
        overwrite: whether existing files may be replaced.
        progress: gets bytes, of all files.

    Returns:
        One report for each file.

    Raises:
        ValueError: neither `out` nor `in_place`, or both; or `out` is a file, and there are several.
        RunNotFoundError: there is no such path, or no event file below it.
        FileExistsError: a file is there already, and must not be replaced. None was written then.
        NotAnEventFileError: `source` is a file of another sort.
        OSError: a file cannot be read or written; or it is to be replaced, and is being written. It was not replaced.
    """
    plans = plan_rewrite(source, out, in_place=in_place, runs=runs, overwrite=overwrite)
    files = [plan for each in plans.values() for plan in each]
    sources = [plan.source for plan in files]
    reader = RecordReader(
        sources,
        progress,
        sole=len(files) == 1,
        keep_undecodable=keep_undecodable,
        verify=not rewrite_checksums,
    )
    return [_repair_file(reader, plan, overwrite) for plan in files]


def _repair_file(reader: RecordReader, plan: FilePlan, overwrite: bool) -> Repaired:
    known = len(reader.problems)
    kept = rewritten = 0
    with plan.open(overwrite=overwrite) as new:
        for record in reader.read(plan.source):
            raw = encode_record(record.raw[HEADER_SIZE:-FOOTER_SIZE])  # the same bytes, where the checksum holds
            new.file.write(raw)
            kept += 1
            rewritten += raw != record.raw
        dropped = reader.problems[known:]
        written = kept > 0 and not (plan.in_place and not dropped and not rewritten)
        if not written:
            new.discard()
    return Repaired(plan.source, plan.target if written else None, new.backup, kept, tuple(dropped), rewritten)
