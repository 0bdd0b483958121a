"""Repair: copies the intact records of damaged event files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbevents.files import StrPath
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, encode_record
from tbevents.reading.problem import OnProblem, Problem
from tbevents.tools.record_copy import Progress, RecordReader, no_progress
from tbevents.tools.rewrite_plan import FilePlan, plan_rewrite


@dataclass(frozen=True, slots=True)
class Repaired:
    """Result of a repair of one file.

    Attributes:
        source: the file that was read.
        target: the file that was written; None if the source has no intact record, or if it was repaired in place and
            is intact.
        backup: the path at which the source is kept if it was replaced.
        records: number of records that were kept.
        dropped: the damage that was left out, in the order of the file.
        rewritten: number of kept records whose checksum was corrected.
    """

    source: str
    target: str | None
    backup: str | None
    records: int
    dropped: tuple[Problem, ...]
    rewritten: int = 0

    @property
    def dropped_bytes(self) -> int:
        """Number of bytes that were left out."""
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
    on_problem: OnProblem | None = None,
) -> list[Repaired]:
    """Copies the intact records of event files byte for byte, except for checksums that are rewritten.

    Args:
        source: an event file, a run, or a folder of runs, all of whose files are repaired.
        out: the output: a file if its name is an event file's, else a folder in which each run keeps its name.
        in_place: if True, replace the damaged files. Each is kept beside as a backup, under a name without
            ``tfevents``. The file behind a link is replaced, and the link stays.
        runs: patterns of the runs to repair; None means all.
        keep_undecodable: if True, keep records whose checksums are right but whose payload is not an Event. Most
            readers stop at one.
        rewrite_checksums: if True, also keep events whose data checksum is wrong, and write the right one: for files of
            writers that store a constant (SageMaker Debugger). Damage in such an event can no longer be detected.
        overwrite: if True, replace existing files. A folder with other files of a run is refused nevertheless.
        progress: called with the bytes read of all files.
        on_problem: called with each file or folder that cannot be read; None issues warnings instead.

    Returns:
        One report for each file.

    Raises:
        ValueError: if not exactly one of `out` and `in_place` is given, or if `out` is a file and there are several to
            write.
        RunNotFoundError: if the path does not exist, or there is no event file below it.
        FileExistsError: if an output exists and `overwrite` is False, or a folder to write to has an event file that is
            not replaced; nothing is written then.
        NotAnEventFileError: if `source` is a file, but not an event file.
        OSError: if a file cannot be read or written, or a file to replace is being written; it is not replaced then.
    """
    plans = plan_rewrite(source, out, in_place=in_place, runs=runs, overwrite=overwrite, on_problem=on_problem)
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
            raw = encode_record(record.raw[HEADER_SIZE:-FOOTER_SIZE])  # the same bytes if the checksum was right
            new.file.write(raw)
            kept += 1
            rewritten += raw != record.raw
        dropped = reader.problems[known:]
        written = kept > 0 and not (plan.in_place and not dropped and not rewritten)
        if not written:
            new.discard()
    return Repaired(plan.source, plan.target if written else None, new.backup, kept, tuple(dropped), rewritten)
