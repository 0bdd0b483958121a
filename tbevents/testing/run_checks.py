"""Checks of whole runs: that two have the same contents, and that a run is intact."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping

from tbevents.errors import DamageWarning, RunNotFoundError
from tbevents.reading.kinds.kind import kinds
from tbevents.reading.name_patterns import NamePatterns, patterns
from tbevents.reading.options import Names
from tbevents.reading.run import Run
from tbevents.testing.finding import Finding, FindingTable, FirstRow, Quantity, finding
from tbevents.testing.point_comparison import COLUMNS, differing, point_table, series_points, some_differ, within
from tbevents.testing.subjects import Subject, as_runs
from tbevents.testing.tag_checks import hparam_rows
from tbevents.testing.value_comparison import differing_values
from tbevents.tools.check import Checked, check_run
from tbevents.tools.diff import Tolerance
from tbevents.views.safe_text import counted


def check_runs_close(
    run: Subject | Mapping[str, Run],
    expected: Subject | Mapping[str, Run],
    *,
    tags: Names | None = None,
    rtol: float = 1e-6,
    atol: float = 0.0,
    nan_ok: bool = True,
) -> list[Finding]:
    """Checks that two runs, or all runs of two folders, have the same tags, steps and values. Wall times are ignored.

    Every kind of value is compared: numbers within the tolerance, images by their pixels if Pillow is installed, all
    else by equality. Runs are paired by name; if each side has one run, these two are compared whatever their names.

    Args:
        run: a Run, the path of one or of a folder of runs, a mapping of names to runs, or a writer; a writer is flushed
            first.
        expected: the same for the expected contents.
        tags: names, or patterns with ``*``, of the tags to compare; by default all. A pattern that matches no tag on
            either side is a finding.
        rtol: relative tolerance, as in `check_scalars`.
        atol: absolute tolerance.
        nan_ok: if True, NaN equals NaN.

    Raises:
        ValueError, TypeError: if an argument has a wrong type or value.
        RunNotFoundError: if the path does not exist.
        PayloadError: if hyperparameters or a layout cannot be parsed.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol, nan_ok=nan_ok)
    wanted = wanted_tags(tags)
    got, want = dict(as_runs(run)), dict(as_runs(expected))
    if len(got) == len(want) == 1:
        want = dict(zip(got, want.values(), strict=True))
    if not got and not want:
        raise ValueError(f"there is no run on either side: {run!r}, {expected!r}")
    findings = _idle_patterns([*got.values(), *want.values()], wanted)
    for name in sorted({*got, *want}):
        if name not in want:
            findings.append(_of_run(got[name], name, "the run was not expected"))
        elif name not in got:
            findings.append(_of_run(want[name], name, "the run is missing"))
        else:
            findings += _compare(got[name], want[name], wanted, tolerance)
    return findings


def wanted_tags(tags: Names | None) -> NamePatterns | None:
    """Returns the patterns of the tags to compare; None means all.

    Raises:
        TypeError: if `tags` are not names.
        ValueError: if `tags` is empty, so that nothing would be compared.
    """
    if tags is None:
        return None
    if not (wanted := patterns("tags", tags)):
        raise ValueError("tags must name at least one tag, or be None for all")
    return NamePatterns(wanted)


def check_intact(run: Subject | Mapping[str, Run]) -> list[Finding]:
    """Checks that no event file is damaged: all checksums are right, all records whole and all values decodable.

    An empty event file is not damage: its writer may not have begun, or was stopped early.

    Args:
        run: a Run, the path of one or of a folder of runs, a mapping of names to runs, or a writer; a writer is flushed
            first.

    Raises:
        RunNotFoundError: if the path does not exist or there is no run below it.
        TypeError: if `run` has the wrong type.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamageWarning)  # the findings list the damage
        checked = [(each, check_run(each)) for each in as_runs(run).values()]
    if not checked:
        raise RunNotFoundError(str(run), "there is no run below this folder")
    return [found for each, result in checked for found in _damage(each, result)]


def _idle_patterns(runs: list[Run], wanted: NamePatterns | None) -> list[Finding]:
    """Returns a finding for each pattern that matches no tag of any run, so that nothing would be compared."""
    idle, _ = idle_patterns(runs, wanted)
    return [finding(runs[0], None, "missing", f"no tag on either side matches {pattern!r}") for pattern in idle]


def idle_patterns(runs: Iterable[Run], wanted: NamePatterns | None) -> tuple[list[str], list[str]]:
    """Returns the patterns that match no tag of any run, and the tags of the runs, each once."""
    tags = dict.fromkeys(tag for run in runs for tag in _kinds(run, None))
    return [] if wanted is None else wanted.idle(tags), list(tags)


def _damage(run: Run, checked: Checked) -> Iterator[Finding]:
    problems = checked.problems
    if problems:
        rows = [
            [os.path.basename(problem.file), str(problem.offset), str(problem.skipped), problem.detail]
            for problem in problems
        ]
        summary = f"{counted(len(rows), 'stretch is', 'stretches are')} damaged"
        yield finding(run, None, "damage", summary, FindingTable.of(("file", "byte", "skipped", "detail"), rows))
    if checked.bad_values:
        rows = [[detail.removeprefix(f"{run.path}: ")] for detail in checked.bad_values]
        summary = f"{counted(len(rows), 'value')} cannot be decoded"
        yield finding(run, None, "undecodable", summary, FindingTable.of(("value",), rows))


def _of_run(run: Run, name: str, summary: str) -> Finding:
    return Finding("run", summary, name, None, run.path)


def _compare(got: Run, want: Run, wanted: NamePatterns | None, tolerance: Tolerance) -> Iterator[Finding]:
    obtained, expected = _kinds(got, wanted), _kinds(want, wanted)
    for tag, of_tag in {**obtained, **expected}.items():
        if obtained.get(tag) != expected.get(tag):
            yield finding(got, tag, "tags", _unlike(obtained.get(tag), expected.get(tag)))
            continue
        for kind in of_tag:
            yield from _compare_tag(got, want, kind, tag, tolerance)
    if wanted is None:
        yield from _compare_session(got, want, tolerance)


def _kinds(run: Run, wanted: NamePatterns | None) -> dict[str, list[str]]:
    """Returns the kinds of values of each wanted tag."""
    found: dict[str, list[str]] = {}
    for kind in kinds():
        for tag in run.series(kind.name) if kind.series is not None else ():
            if wanted is None or tag in wanted:
                found.setdefault(tag, []).append(kind.name)
    return found


def _unlike(got: list[str] | None, want: list[str] | None) -> str:
    if got is None:
        return f"the tag is missing; it should have {' and '.join(want or ())}"
    if want is None:
        return f"the tag was not expected; it has {' and '.join(got)}"
    return f"it has {' and '.join(got)}, not {' and '.join(want)}"


def _compare_tag(got: Run, want: Run, kind: str, tag: str, tolerance: Tolerance) -> Iterator[Finding]:
    obtained, expected = got.series(kind)[tag], want.series(kind)[tag]
    if kind == "scalars":
        points = series_points(obtained, expected, tolerance)
        if points:
            table = point_table(points, tolerance, obtained.values.dtype)
            yield finding(got, tag, "values", differing(points, len(obtained)) + within(tolerance), table, obtained)
        return
    rows, count = differing_values(obtained, expected, tolerance)
    if rows:
        summary = some_differ(count, len(obtained), kind) + within(tolerance)
        step, _, *compared = rows[0]
        first = FirstRow(int(step), *map(_quantity, compared[:2]))
        yield finding(got, tag, "values", summary, FindingTable.of(("step", "part", *COLUMNS), rows, first=first))


def _quantity(cell: str) -> Quantity:
    try:
        return float(cell)
    except ValueError:
        return cell


def _compare_session(got: Run, want: Run, tolerance: Tolerance) -> Iterator[Finding]:
    """Compares what is about the whole run: hyperparameters, the layout of charts, the graph."""
    ours, theirs = got.hparams, want.hparams
    rows = hparam_rows(
        ours.parameters if ours is not None else {},
        theirs.parameters if theirs is not None else {},
        tolerance,
        exactly=True,
    )
    if rows:
        summary = counted(len(rows), "hyperparameter differs", "hyperparameters differ")
        first = FirstRow(None, *map(_quantity, rows[0][1:3]))
        yield finding(got, None, "hparams", summary, FindingTable.of(("name", *COLUMNS), rows, first=first))
    if got.custom_scalars != want.custom_scalars:
        yield finding(got, None, "layout", "the layout of the custom scalars page differs")
    graphs = [run.graph.encoded if run.graph is not None else None for run in (got, want)]
    if graphs[0] != graphs[1]:
        yield finding(got, None, "graph", "the graph differs")
