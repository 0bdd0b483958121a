"""Checks of the tags and hyperparameters of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tbevents.errors import checked_choice, nearest
from tbevents.format.names import HParamValue
from tbevents.format.values import as_float
from tbevents.reading.kinds.hparams import HParams
from tbevents.reading.kinds.kind import kind_names
from tbevents.reading.run import Run
from tbevents.testing.finding import Finding, FindingTable, MissingArgumentError, finding
from tbevents.testing.point_comparison import COLUMNS, cells
from tbevents.testing.subjects import Subject, as_run, as_runs
from tbevents.testing.value_comparison import is_number
from tbevents.tools.diff import Tolerance
from tbevents.views.safe_text import counted


def check_tags(
    run: Subject,
    *,
    exactly: Iterable[str] | None = None,
    at_least: Iterable[str] | None = None,
    kind: str | None = None,
) -> list[Finding]:
    """Checks which tags a run has.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        exactly: all tags that the run must have; no others are allowed.
        at_least: tags that the run must have; others are allowed.
        kind: consider only tags of this kind: "scalars", "histograms", "images" ...; by default all.

    Raises:
        ValueError: unless exactly one of `exactly` and `at_least` is given, or if the kind is unknown.
        TypeError: if an argument has the wrong type.
    """
    if (exactly is None) == (at_least is None):
        raise MissingArgumentError("check_tags", "one of exactly and at_least")
    if kind is not None:
        checked_choice("kind", kind, kind_names())
    name, given = ("exactly", exactly) if at_least is None else ("at_least", at_least)
    wanted = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(isinstance(tag, str) for tag in wanted):
        raise TypeError(f"{name} must be an iterable of str, not {given!r}")
    run = as_run(run)
    tags = list(run.tags) if kind is None else list(run.counts().get(kind, {}))
    missing = [tag for tag in wanted if tag not in tags]
    others = [tag for tag in tags if tag not in wanted]
    unexpected = others if exactly is not None else []
    if not missing and not unexpected:
        return []
    rows = [[tag, "missing", nearest(tag, others)] for tag in missing]
    rows += [[tag, "not expected", nearest(tag, missing)] for tag in unexpected]
    noun = "" if kind is None else f" of {kind}"
    parts = [f"{counted(len(missing), 'tag')}{noun} missing"] if missing else []
    parts += [f"{counted(len(unexpected), 'tag')}{noun} not expected"] if unexpected else []
    summary = f"{', '.join(parts)} (it has {len(tags)})"
    return [finding(run, None, "tags", summary, FindingTable.of(("tag", "is", "nearest"), rows))]


def check_hparams(
    run: Subject,
    expected: Mapping[str, HParamValue],
    *,
    metrics: Mapping[str, float] | None = None,
    exactly: bool = False,
    rtol: float = 1e-6,
    atol: float = 0.0,
) -> list[Finding]:
    """Checks the hyperparameters of a run.

    torch's add_hparams writes them to a run below the writer's own. If the run itself has none and exactly one run
    below it has some, that run is checked.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        expected: hyperparameters by name: bools, numbers or str. A bool never equals a number, nor a number a str.
        metrics: the session's metrics by name: numbers.
        exactly: if True, no others are allowed.
        rtol: relative tolerance of numbers.
        atol: absolute tolerance of numbers.

    Raises:
        ValueError, TypeError: if an argument has a wrong type or value.
        PayloadError: if the hyperparameters cannot be parsed.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol)
    for name, given in (("expected", expected), ("metrics", metrics)):
        if not isinstance(given, Mapping) and (given is not None or name == "expected"):
            raise TypeError(f"{name} must be a mapping, not {given!r}")
        for key in given or ():
            if not isinstance(key, str):
                raise TypeError(f"the names in {name} must be str, not {key!r}")
    where, found, problem = _session(run)
    if found is None:
        return [finding(where, None, "missing", problem)]
    rows = hparam_rows(found.parameters, expected, tolerance, exactly=exactly)
    if metrics is not None:
        rows += hparam_rows(found.metrics, metrics, tolerance, exactly=exactly, prefix="metric ")
    if not rows:
        return []
    summary = counted(len(rows), "hyperparameter or metric differs", "hyperparameters or metrics differ")
    return [finding(where, None, "values", summary, FindingTable.of(("name", *COLUMNS), rows))]


def hparam_rows(
    obtained: Mapping[str, Any], expected: Mapping[str, Any], tolerance: Tolerance, *, exactly: bool, prefix: str = ""
) -> list[list[str]]:
    """Returns a row for each value that differs: its name, then the cells of `COLUMNS`."""
    rows = []
    for name, want in expected.items():
        label = prefix + name
        if name not in obtained:
            near = nearest(name, [other for other in obtained if other not in expected])
            rows.append([f"{label} (near {near})" if near else label, "missing", repr(want), "", ""])
        elif is_number(obtained[name]) and is_number(want):
            numbers = np.array([obtained[name]], np.float64), np.array([as_float(want, name=label)])
            if not tolerance.near(*numbers)[0]:
                rows.append([label, *cells(float(numbers[0][0]), float(numbers[1][0]), tolerance, np.float64)])
        elif _plain(obtained[name]) != _plain(want):
            rows.append([label, repr(obtained[name]), repr(want), "", ""])
    if exactly:
        rows += [
            [prefix + name, repr(got), "nothing", "", ""] for name, got in obtained.items() if name not in expected
        ]
    return rows


def _session(subject: Subject) -> tuple[Run, HParams | None, str]:
    """Returns the run that has the hyperparameters, and these; None and the reason if there are none."""
    run: Run | None
    if isinstance(subject, Run):
        run = subject
        runs = as_runs(subject.path if os.path.isdir(subject.path) else subject)
    else:
        runs = as_runs(subject)
        run = runs.get(".")
        if run is None and len(runs) == 1:
            (run,) = runs.values()
    if run is not None and (own := run.hparams) is not None and own.parameters:
        return run, own, ""
    below = {
        name: each for name, each in runs.items() if (found := each.readable_hparams()) is not None and found.parameters
    }
    if len(below) == 1:
        ((_, sole),) = below.items()
        return sole, sole.hparams, ""
    where = run if run is not None else as_run(subject)
    if not below:
        return where, None, "neither it nor the runs below it have hyperparameters"
    return where, None, f"several runs below it have hyperparameters: {', '.join(map(repr, sorted(below)))}"


def _plain(value: Any) -> tuple[type, Any]:
    """Returns a value with its type, so that True differs from 1."""
    plain = bool(value) if isinstance(value, np.bool_) else value
    return type(plain), plain
