"""Which file each file of a tree of runs becomes, when it is rewritten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from tbevents.files import StrPath, find_run_files
from tbevents.tools.names import runs_below
from tbevents.tools.new_files import NewFile, output_path, refuse_existing, unwritten_status

__all__ = ["FilePlan", "plan_rewrite"]


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One event file that is to be rewritten.

    Attributes:
        source: the file.
        target: the file it becomes; the source itself, where it is replaced.
        since: where it is replaced, its status before it was read.
    """

    source: str
    target: str
    since: os.stat_result | None = None

    @property
    def in_place(self) -> bool:
        """Whether the source is replaced."""
        return self.target == self.source

    def open(self, *, overwrite: bool) -> NewFile:
        """The file to write; one that is replaced leaves a backup."""
        return NewFile(self.target, overwrite=overwrite or self.in_place, backup=self.in_place, since=self.since)


def plan_rewrite(
    source: StrPath, out: StrPath | None, *, in_place: bool, runs: Sequence[str] | None, overwrite: bool
) -> dict[str, list[FilePlan]]:
    """The files of a tree of runs, by run.

    Args:
        source: an event file, a run, or a folder of runs.
        out: where to: a file, where its name is an event file's; else a folder that gets the runs with their names.
        in_place: whether the files are replaced.
        runs: patterns of the runs that are wanted; all, where None.
        overwrite: whether existing files may be replaced.

    Raises:
        ValueError: neither `out` nor `in_place`, or both; or `out` is a file, and there are several.
        RunNotFoundError: there is no such path, or no event file below it.
        FileExistsError: a file is there already, and must not be replaced.
        OSError: a file is to be replaced, and some program has it open for writing, as far as the system tells.
    """
    if in_place == (out is not None):
        raise ValueError("either an output (--out) or in-place (--in-place) says where to: give one of them")
    plans = {
        name: [
            FilePlan(file, file, unwritten_status(file)) if out is None else FilePlan(file, _target(out, name, file))
            for file in find_run_files(path)
        ]
        for name, path in runs_below(source, runs).items()
    }
    if not plans:
        find_run_files(source)  # raises: there is none
    targets = [os.path.realpath(plan.target) for each in plans.values() for plan in each]
    if len(set(targets)) < len(targets):
        raise ValueError(f"{out} is one file, and {len(targets)} are to be written: give a folder")
    if not in_place and {os.path.realpath(plan.source) for each in plans.values() for plan in each} & set(targets):
        raise ValueError(f"{out} is what is read: give another output, or in-place (--in-place), which keeps a backup")
    if not (overwrite or in_place):
        for each in plans.values():
            for plan in each:
                refuse_existing(plan.target)
    return plans


def _target(out: StrPath, run: str, file: str) -> str:
    parts = () if run == "." else run.split("/")
    return output_path(out, os.path.join(*parts, os.path.basename(file)))
