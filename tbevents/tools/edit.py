"""Edit: event files with tags renamed or left out, steps cut or shifted, overwritten points purged, series thinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbevents.files import StrPath
from tbevents.reading.problem import Problem
from tbevents.tools.record_copy import Progress, RecordReader, no_progress, part_of
from tbevents.tools.record_editor import Editor
from tbevents.tools.rewrite_plan import FilePlan, plan_rewrite
from tbevents.tools.tag_changes import TagChanges

__all__ = ["Edited", "edit"]


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit has done to one file.

    Attributes:
        source: the file that was read.
        target: the file that was written; None where there is no intact record in the source, or where it was to be
            replaced and nothing in it changes.
        backup: the other name of the source as it was, where it was replaced.
        records: how many intact records there were.
        values: how many values there were.
        dropped: how many of them were left out.
        changed: how many records were encoded anew; the others were copied byte for byte.
        problems: what could not be read, and is not in the new file either.
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
) -> list[Edited]:
    r"""Writes event files anew with changes; records that do not change are copied byte for byte.

    The changes are made in this order: tags are chosen, steps are cut, overwritten points are purged, series are
    thinned, steps are shifted, tags are renamed. Values about a whole run (hyperparameters, layouts) have no step
    that could be cut or shifted. The first value that is left of a tag keeps the tag's metadata.

    Args:
        source: an event file; or a run, or a folder of runs, whose files are all edited.
        out: where to: a file, where its name is an event file's; else a folder that gets the runs with their names.
        in_place: replace the files instead; each stays as a backup beside, under a name without ``tfevents``.
        runs: patterns of the runs that are wanted; all, where None.
        keep: patterns of the tags that stay; all, where empty.
        drop: patterns of the tags that go.
        rename: pairs of a pattern and what its tags become. Each ``*`` of the new name stands for what the same
            ``*`` of the pattern matched; with `regex`, the new name replaces what matches, and may refer to groups as
            ``\1``. The first pattern that matches counts.
        merge_tags: whether several tags of a run may get one name, which makes one series of theirs.
        regex: whether the patterns of tags are regular expressions, that may match anywhere in a tag; else globs.
        first_step: values before it go.
        last_step: values behind it go.
        shift: is added to the steps.
        purge: values go that a later one of their tag overwrites: one of the same step or an earlier one, as a resumed
            run writes them; and those that a SessionLog START declares void.
        thin: of each tag, keep the first of each so many values, and the last one.
        overwrite: whether existing files may be replaced.
        progress: gets bytes, of all files.

    Returns:
        One report for each file.

    Raises:
        ValueError: two tags of a run would have one name; neither `out` nor `in_place`, or both; `out` is a file, and
            there are several; a pattern is no regular expression; `thin` is below 1; `first_step` is beyond
            `last_step`; or a step would leave 64 bits.
        UnknownNameError: a pattern matches no tag.
        RunNotFoundError: there is no such path, or no event file below it.
        FileExistsError: a file is there already, and must not be replaced. None was written then.
        OSError: a file cannot be read or written; or it is to be replaced, and is being written. It was not replaced.
    """
    plans = plan_rewrite(source, out, in_place=in_place, runs=runs, overwrite=overwrite)
    files = [plan.source for each in plans.values() for plan in each]
    tags = TagChanges(keep, drop, rename, regex=regex)
    editors = [
        Editor(tags, first_step=first_step, last_step=last_step, shift=shift, purge=purge, thin=thin) for _ in plans
    ]
    first, second = (RecordReader(files, part_of(progress, part, 2), sole=len(files) == 1) for part in range(2))
    for editor, run in zip(editors, plans.values(), strict=True):
        editor.study(record for plan in run for record in first.read(plan.source))
    tags.check(str(source))  # a pattern that matches nothing is a mistake, to be found before anything is written
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
