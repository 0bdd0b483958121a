"""Plans which file each event file becomes when runs are rewritten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tbevents.files import StrPath, folder_name, local_path, parent
from tbevents.reading.problem import OnProblem, Problem, tell_of
from tbevents.run_files import find_run_files, is_event_file
from tbevents.tools.names import readable_files, runs_below
from tbevents.tools.new_files import NewFile, output_path, refuse_existing, refuse_run, unwritten_status

ONE_OUTPUT: Final = "give an output (--out), or change the files themselves (--in-place), but not both"


@dataclass(frozen=True, slots=True)
class FilePlan:
    """The plan for one event file.

    Attributes:
        source: the file to read.
        target: the file to write; the source itself if it is replaced.
        since: the status of a file to replace before it was read; None otherwise.
    """

    source: str
    target: str
    since: os.stat_result | None = None

    @property
    def in_place(self) -> bool:
        """True if the source is replaced."""
        return self.target == self.source

    def open(self, *, overwrite: bool) -> NewFile:
        """Opens the file to write; a file that is replaced is kept as a backup."""
        replaces = overwrite or self.in_place
        return NewFile(self.target, overwrite=replaces, keep_old=self.in_place, since=self.since, events=True)


def plan_rewrite(
    source: StrPath,
    out: StrPath | None,
    *,
    in_place: bool,
    runs: Sequence[str] | None,
    overwrite: bool,
    on_problem: OnProblem | None,
) -> dict[str, list[FilePlan]]:
    """Returns the plans of all event files of a source, by run. Arguments and errors are those of `repair`."""
    if in_place == (out is not None):
        raise ValueError(ONE_OUTPUT)
    if in_place:
        local_path(source, "a run that is rewritten in place")
    unreadable: list[Problem] = []
    plans = {
        name: [
            FilePlan(file, file, unwritten_status(file)) if out is None else FilePlan(file, _target(out, name, file))
            for file in readable_files(path, unreadable.append)
        ]
        for name, path in runs_below(source, runs, on_problem=unreadable.append).items()
    }
    tell_of(unreadable, on_problem)
    if not plans:
        find_run_files(source)  # raises if there is none
    targets = [os.path.realpath(plan.target) for each in plans.values() for plan in each]
    if len(set(targets)) < len(targets):
        if out is None:
            raise ValueError(
                f"{source}: a file is there twice, by a link; it cannot be rewritten in place (--in-place)"
            )
        raise ValueError(f"{out} is one file, but there are {len(targets)} to write: give a folder")
    if not in_place and {os.path.realpath(plan.source) for each in plans.values() for plan in each} & set(targets):
        raise ValueError(
            f"{out} is also the source: give another output, or in-place (--in-place), which keeps a backup"
        )
    if not (overwrite or in_place):
        for each in plans.values():
            for plan in each:
                refuse_existing(plan.target)
    if out is not None and not is_event_file(output_path(out, "")):
        for each in plans.values():
            for folder in {parent(plan.target) for plan in each}:
                refuse_run(folder, besides=[folder_name(plan.target) for plan in each])
    return plans


def _target(out: StrPath, run: str, file: str) -> str:
    parts = () if run == "." else run.split("/")
    return output_path(out, "/".join((*parts, folder_name(file))))
