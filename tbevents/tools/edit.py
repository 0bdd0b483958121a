"""Edit: renames and drops tags, cuts and shifts steps, purges overwritten points and thins series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbevents.files import StrPath, local_path
from tbevents.reading.problem import OnProblem, Problem
from tbevents.tools.record_copy import Progress, RecordReader, no_progress, part_of
from tbevents.tools.record_editor import Editor
from tbevents.tools.rewrite_plan import FilePlan, plan_rewrite
from tbevents.tools.tag_changes import TagChanges


@dataclass(frozen=True, slots=True)
class Edited:
    """Result of an edit of one file.

    Attributes:
        source: the file that was read.
        target: the file that was written; None if the source has no intact record, or if it was edited in place and
            nothing changed.
        backup: the path at which the source is kept if it was replaced.
        records: number of intact records.
        values: number of values.
        dropped: number of values that were left out.
        changed: number of records that were encoded again; the others were copied byte for byte.
        problems: damage in the source; damaged records are not in the new file.
    """

    source: str
    target: str | None
    backup: str | None
    records: int
    values: int
    dropped: int
    changed: int
    problems: tuple[Problem, ...]


def edit(
    source: StrPath,
    out: StrPath | None = None,
    *,
    in_place: bool = False,
    runs: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    rename: Sequence[tuple[str, str]] = (),
    merge_tags: bool = False,
    regex: bool = False,
    first_step: int | None = None,
    last_step: int | None = None,
    shift: int = 0,
    purge: bool = False,
    thin: int = 1,
    overwrite: bool = False,
    progress: Progress = no_progress,
    on_problem: OnProblem | None = None,
) -> list[Edited]:
    r"""Writes edited event files; records that do not change are copied byte for byte.

    The edits are applied in this order: choose tags, cut steps, purge overwritten points, thin series, shift steps,
    rename tags. Values about a whole run (hyperparameters, layouts) have no step, so they are neither cut nor shifted.
    The first remaining value of a tag gets the tag's metadata.

    Args:
        source: an event file, a run, or a folder of runs, all of whose files are edited.
        out: the output: a file if its name is an event file's, else a folder in which each run keeps its name.
        in_place: if True, replace the files. Each is kept beside as a backup, under a name without ``tfevents``.
            The file behind a link is replaced, and the link stays.
        runs: patterns of the runs to edit; None means all.
        keep: patterns of the tags to keep; empty means all.
        drop: patterns of the tags to drop.
        rename: pairs of a pattern and a new name. Each ``*`` in the new name stands for what the same ``*`` of the
            pattern matched; with `regex`, the new name replaces the match and may refer to groups as ``\1``. The first
            pattern that matches is used.
        merge_tags: if True, several tags of a run may be renamed to one, which merges their series.
        regex: if True, the patterns of tags are regular expressions that may match anywhere in a tag; else globs.
        first_step: drop values at lower steps.
        last_step: drop values at higher steps.
        shift: added to the steps.
        purge: if True, drop values that a later value of the tag overwrites, one at the same or a lower step, as a
            resumed run writes them; and values that a SessionLog START declares void.
        thin: keep the first of every `thin` values of a tag, and the last.
        overwrite: if True, replace existing files. A folder with other files of a run is refused nevertheless.
        progress: called with the bytes read of all files.
        on_problem: called with each file or folder that cannot be read; None issues warnings instead.

    Returns:
        One report for each file.

    Raises:
        ValueError: if two tags of a run would get one name; if not exactly one of `out` and `in_place` is given; if
            `out` is a file and there are several to write; if a pattern is not a regular expression; if `thin` is below
            1; if `first_step` is above `last_step`; or if a shifted step does not fit int64. Nothing is written then.
        TypeError: if `first_step`, `last_step`, `shift` or `thin` is not a whole number.
        UnknownNameError: if a pattern matches no tag.
        RunNotFoundError: if the path does not exist, or there is no event file below it.
        FileExistsError: if an output exists and `overwrite` is False, or a folder to write to has an event file that is
            not replaced; nothing is written then.
        OSError: if a file cannot be read or written, or a file to replace is being written; it is not replaced then.
    """
    if out is not None:
        local_path(out, "the output")
    plans = plan_rewrite(source, out, in_place=in_place, runs=runs, overwrite=overwrite, on_problem=on_problem)
    files = [plan.source for each in plans.values() for plan in each]
    tags = TagChanges(keep, drop, rename, regex=regex)
    editors = [
        Editor(tags, first_step=first_step, last_step=last_step, shift=shift, purge=purge, thin=thin) for _ in plans
    ]
    first, second = (RecordReader(files, part_of(progress, part, 2), sole=len(files) == 1) for part in range(2))
    for editor, run in zip(editors, plans.values(), strict=True):
        editor.study(record for plan in run for record in first.read(plan.source))
    tags.check(str(source))  # refuse patterns without a match before anything is written
    if not merge_tags:
        for editor in editors:
            editor.check_names()
    return [
        _edit_file(editor, second, plan, overwrite)
        for editor, run in zip(editors, plans.values(), strict=True)
        for plan in run
    ]


def _edit_file(editor: Editor, reader: RecordReader, plan: FilePlan, overwrite: bool) -> Edited:
    known = len(reader.problems)
    values, dropped, changed = editor.values, editor.dropped, editor.changed
    records = 0
    with plan.open(overwrite=overwrite) as new:
        for record in reader.read(plan.source):
            records += 1
            raw = editor.apply(record)
            if raw is not None:
                new.file.write(raw)
        values, dropped, changed = editor.values - values, editor.dropped - dropped, editor.changed - changed
        problems = tuple(reader.problems[known:])
        written = records > 0 and (not plan.in_place or bool(dropped or changed or problems))
        if not written:
            new.discard()
    target = plan.target if written else None
    return Edited(plan.source, target, new.backup, records, values, dropped, changed, problems)
