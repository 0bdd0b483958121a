"""Rules about event files: what `check` says is damaged, and files of several starts in one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from tbevents.lint.rule import Hit, Options, Rule, register, unusual
from tbevents.lint.run_view import RunView
from tbevents.reading.problem import Problem
from tbevents.testing.finding import ROWS, FindingTable

_ROW_HEADER: Final = ("file", "byte", "skipped", "detail")


def _damage(view: RunView, _: Options) -> Iterator[Hit]:
    problems, bad_values = view.damage
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.kind not in ("incomplete", "unreadable"):
            by_file.setdefault(problem.file, []).append(problem)
    for file, found in by_file.items():
        rows = [[os.path.basename(file), str(each.offset), str(each.skipped), each.detail] for each in found[:ROWS]]
        several = "" if len(found) == 1 else f", the first of {len(found):,}"
        summary = f"{os.path.basename(file)} is damaged at byte {found[0].offset}{several}: {found[0].detail}"
        skipped = sum(each.skipped for each in found)
        yield Hit(None, summary, None, skipped, 0, FindingTable.of(_ROW_HEADER, rows, len(found)))
    if bad_values:
        count = "a value" if len(bad_values) == 1 else f"{len(bad_values):,} values"
        first = bad_values[0].removeprefix(f"{view.run.path}: ")
        table = FindingTable.of(("value",), [[each] for each in bad_values[:ROWS]], len(bad_values))
        yield Hit(None, f"{count} cannot be decoded: {first}", None, len(bad_values), 0, table)


def _damaged_tail(view: RunView, _: Options) -> Iterator[Hit]:
    for problem in view.damage[0]:
        if problem.kind == "incomplete":
            name = os.path.basename(problem.file)
            summary = f"{name} ends within a record, at byte {problem.offset}: {problem.detail}"
            yield Hit(None, summary, None, problem.skipped, 0)


def _unreadable(view: RunView, _: Options) -> Iterator[Hit]:
    return (Hit(None, str(problem)) for problem in view.damage[0] if problem.kind == "unreadable")


def _written_again(view: RunView, _: Options) -> Iterator[Hit]:
    starts = view.run.starts
    if starts > 1:
        summary = (
            f"files of {starts} starts are in one folder, and steps repeat: charts show a zigzag; give each start a "
            "folder, or read the latest point of each step with duplicates='last'"
        )
        yield Hit(None, summary, None, starts, 1)


def _empty_file(view: RunView, _: Options) -> Iterator[Hit]:
    damaged = set(view.damage[0])
    for problem in view.run.problems:
        if problem not in damaged:
            yield Hit(
                None, f"{os.path.basename(problem.file)} is empty: nothing was written to it, or not yet", None, 0
            )


register(
    Rule(
        "TB501",
        "damage",
        "error",
        "Records or values of an event file are damaged.",
        check=_damage,
        screen=unusual,
    )
)
register(
    Rule(
        "TB502",
        "damaged-tail",
        "error",
        "An event file ends within a record.",
        check=_damaged_tail,
        screen=unusual,
    )
)
register(
    Rule(
        "TB503",
        "written-again",
        "warning",
        "Files of several starts of the run are in one folder.",
        check=_written_again,
        screen=unusual,
    )
)
UNREADABLE: Final = register(
    Rule(
        "TB504",
        "unreadable",
        "error",
        "A file or folder cannot be read.",
        check=_unreadable,
        screen=unusual,
    )
)
register(
    Rule(
        "TB505",
        "empty-file",
        "info",
        "An event file is empty.",
        check=_empty_file,
        screen=unusual,
    )
)
