"""What checks accept: a Run, a path or a writer; and how its series are looked up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from tbevents.errors import UnknownNameError, UnknownStepError
from tbevents.files import StrPath
from tbevents.format.values import checked_text, whole
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.logdir import Logdir, read_logdir
from tbevents.reading.name_patterns import names_of
from tbevents.reading.run import Run, read_run
from tbevents.testing.finding import Finding, finding


class _Recorder(Protocol):
    """An object that records runs, such as a `MemoryWriter` or a `Capture`."""

    @property
    def run(self) -> Run:
        """The run."""

    @property
    def runs(self) -> Mapping[str, Run]:
        """The run and the runs below it, by name."""


class _FolderWriter(Protocol):
    """A SummaryWriter of tbevents, torch or tensorboardX. It is flushed before its folder is read."""

    def flush(self) -> Any:
        """Hands what was logged to the operating system."""


Subject: TypeAlias = Run | StrPath | _Recorder | _FolderWriter
"""A run, its path, or a writer whose folder is read."""


def as_run(subject: Subject) -> Run:
    """Returns the run of a subject.

    Raises:
        RunNotFoundError: if the path does not exist, or the folder has no event file.
        TypeError: if `subject` is not a run, a path or a writer.
    """
    if isinstance(subject, Run):
        return subject
    path = _path_of(subject)
    if path is not None:
        return read_run(path)
    run = getattr(subject, "run", None)
    if isinstance(run, Run):
        return run
    raise _no_run(subject)


def as_runs(subject: Subject | Mapping[str, Run]) -> Mapping[str, Run]:
    """Returns the runs of a subject by name. A single run, or the event files directly in a folder, are named ``.``.

    The runs of a mapping have the names that it gives them, so that findings can be told apart.

    Raises:
        RunNotFoundError: if the path does not exist.
        TypeError: if `subject` is neither a mapping of runs nor what `as_run` accepts.
    """
    if isinstance(subject, Run):
        return {".": subject}
    if isinstance(subject, Logdir):
        return subject
    if isinstance(subject, Mapping):
        for run in subject.values():
            if not isinstance(run, Run):
                raise _no_run(run)
        return {name: run.named(name) for name, run in subject.items()}
    path = _path_of(subject)
    if path is not None:
        return read_logdir(path)
    runs = getattr(subject, "runs", None)
    if isinstance(runs, Mapping):
        return runs
    raise _no_run(subject)


def _path_of(subject: Any) -> StrPath | None:
    """Returns the path of a subject, None if it has none; flushes a writer first."""
    if isinstance(subject, (str, os.PathLike)):
        return subject
    if isinstance(getattr(type(subject), "run", None), property):  # it records runs itself
        return None
    folder = getattr(subject, "log_dir", None) or getattr(subject, "logdir", None)
    if isinstance(folder, (str, os.PathLike)) and callable(getattr(subject, "flush", None)):
        subject.flush()
        return folder
    return None


def _no_run(subject: object) -> TypeError:
    return TypeError(f"run must be a Run, a path or a writer, not {type(subject).__name__}: {subject!r}")


def single_series(run: Run, kind: str, tag: str) -> tuple[Any, list[Finding]]:
    """Returns the series of a tag and no findings; or None and a finding, if there is none or it is empty.

    Raises:
        TypeError: if the tag is not a str.
    """
    checked_text(tag)
    try:
        series = run.series(kind)[tag]
    except UnknownNameError as error:
        return None, [finding(run, tag, "missing", f"no such {error.noun}; {error.hint}")]
    if not len(series):
        return None, [finding(run, tag, "empty", "it has no points")]
    return series, []


def scalar_series(run: Run, tag: str | None) -> tuple[list[ScalarSeries], list[Finding]]:
    """Returns the scalar series that match a name or pattern (None matches all), and findings.

    There is a finding for each series without points, or if there are no series.

    Raises:
        TypeError: if the tag is not a str.
    """
    if tag is not None:
        checked_text(tag)
    names = list(run.scalars) if tag is None else names_of(tag, run.scalars)
    if tag is None and not names:
        return [], [finding(run, None, "missing", "the run has no scalars at all")]
    found: list[ScalarSeries] = []
    findings: list[Finding] = []
    for name in names or [tag or ""]:
        series, problems = single_series(run, "scalars", name)
        found += [] if series is None else [series]
        findings += problems
    return found, findings


def point_of(run: Run, kind: str, tag: str, step: int | None) -> tuple[Any, list[Finding]]:
    """Returns the value of a tag at a step, by default the last one written, and no findings; or None and a finding.

    Raises:
        PayloadError: if the value cannot be decoded as this kind.
        TypeError: if the tag is not a str, or the step not a whole number.
    """
    if step is not None:
        step = whole("step", step)
    series, findings = single_series(run, kind, tag)
    if series is None:
        return None, findings
    try:
        return (series.last if step is None else series.at(step)), []
    except UnknownStepError as error:
        return None, [finding(run, tag, "missing", f"it has no point at step {error.step}; {error.hint}")]
