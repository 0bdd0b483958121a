"""Report: runs as one HTML page that needs no server and no network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tbevents._version import __version__
from tbevents.files import StrPath, folder_name, path_string
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums
from tbevents.reading.problem import Problem
from tbevents.reading.run import Run
from tbevents.tools.names import natural_key, unreadable_among, without_damage_warnings
from tbevents.tools.new_files import NewFile, refuse_output
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.report.content import Content
from tbevents.tools.report.findings import findings_json
from tbevents.tools.report.limits import ReportLimits as ReportLimits
from tbevents.tools.report.page import pieces, render


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report holds.

    Attributes:
        out: the file.
        size: its size in bytes.
        runs: number of runs.
        points: number of scalar points.
        drawn: number of scalar points that are drawn.
        problems: texts about damage and values that could not be shown; the page lists them, too.
        unreadable: the problems of files and folders that could not be read.
        missing: what must be installed to show the pictures that were left out; "" if none were.
    """

    out: str
    size: int
    runs: int
    points: int
    drawn: int
    problems: tuple[str, ...]
    unreadable: tuple[Problem, ...] = ()
    missing: str = ""


def report(
    logdir: StrPath | Run | Mapping[str, Run],
    out: StrPath,
    *,
    tags: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    title: str | None = None,
    limits: ReportLimits | None = None,
    checksums: Checksums = "verify",
    findings: Iterable[Mapping[str, Any]] | None = None,
    progress: Progress = no_progress,
) -> Reported:
    """Writes runs as one HTML page, to open from disk, mail or archive.

    Scalars are interactive charts; learning rates stand beside the loss; hyperparameters are a table that sorts;
    images, texts and precision-recall curves have their steps on a slider. Content of event files is shown as text or
    pictures, and never runs. Pictures need Pillow; without it, the page and `Reported.missing` say so.

    Each run is read once, and let go: memory is that of what the page shows, thinned: about three times its size.

    Args:
        logdir: a folder of runs, a run's folder, or an event file; or runs that have been read, by name, in the order
            of the page. A mapping with a method `each`, as a `Logdir` has, is asked for runs that are then let go.
        out: the file to write; an existing one is replaced.
        tags: names or globs of tags; None means all.
        runs: names or globs of runs; None means all.
        title: title of the page; by default the name of the folder.
        limits: how much the page holds.
        checksums: "skip" also reads records with a wrong data checksum, as in `read_run`; ignored for runs that have
            been read.
        findings: what `tbevents.lint` found, as plain data with run, tag, step, severity, code, rule and summary: the
            page lists them, and marks their steps in the charts. None if nothing was linted.
        progress: called with the number of finished runs, and of all.

    Raises:
        RunNotFoundError, UnknownNameError: if the path does not exist, or no run or tag matches a name.
        ValueError: if there is nothing to show.
        FileExistsError: if `out` is an event file.
        OSError: if a file cannot be read or written.
    """
    from tbevents.reading.logdir import Logdir  # imports what starts processes; `page_of` does without it

    target = path_string(out, "out")
    refuse_output(target)
    with without_damage_warnings():  # the page says what was damaged
        found, where = _found(logdir, checksums)
        wanted_run, wanted_tag = NameFilter(runs, noun="run"), NameFilter(tags, noun="tag")
        names = sorted(found, key=natural_key) if isinstance(found, Logdir) else found
        chosen = [name for name in names if wanted_run(name)]
        wanted_run.check(where)
        if not chosen:
            raise ValueError(f"{where}: there are no runs to report")
        content = Content(limits or ReportLimits(), wanted_tag)
        damage: list[Problem] = []
        for done, (name, run) in enumerate(_each(found, chosen), 1):
            content.add(name, run)
            damage += run.problems
            progress(done, len(chosen))
        wanted_tag.check(where)
        title = (folder_name(where) if title is None else title) or where
        page = pieces(title, _page_data(content, title, folder_name(where), findings))
        with NewFile(target, text=True) as new:
            new.file.writelines(page)
            new.file.flush()
            size = os.fstat(new.file.fileno()).st_size
    unlisted: tuple[Problem, ...] = getattr(found, "problems", ())
    problems = (*map(str, unlisted), *(problem for each in content.problems.values() for problem in each))
    unreadable = unreadable_among([*unlisted, *damage])
    return Reported(target, size, len(chosen), content.points, content.drawn, problems, unreadable, content.missing)


def page_of(
    runs: Mapping[str, Run], title: str, *, wanted: Callable[[str], bool], limits: ReportLimits | None = None
) -> str:
    """Returns the page that `report` writes.

    Args:
        runs: the runs by name, in the order of the page; those of a mapping with a method `each` are let go.
        title: title of the page.
        wanted: returns whether to show a tag.
        limits: how much the page holds.
    """
    content = Content(limits or ReportLimits(), wanted)
    with without_damage_warnings():
        for name, run in _each(runs, list(runs)):
            content.add(name, run)
        return render(title, _page_data(content, title, title, None))


def _each(runs: Mapping[str, Run], names: Sequence[str]) -> Iterator[tuple[str, Run]]:
    """Yields runs by name; those that are not in memory yet are let go, if the mapping can do so."""
    each: Callable[[Sequence[str]], Iterator[tuple[str, Run]]] | None = getattr(runs, "each", None)
    yield from ((name, runs[name]) for name in names) if each is None else each(names)


def _page_data(content: Content, title: str, root: str, findings: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    shown = content.as_json(root)
    head = {"title": title, "made": made, "version": __version__}
    return {**head, **shown, **findings_json(findings, content.numbers)}


def _found(logdir: StrPath | Run | Mapping[str, Run], checksums: Checksums) -> tuple[Mapping[str, Run], str]:
    """The runs by name, and the path they come from."""
    if isinstance(logdir, Run):
        return {logdir.name: logdir}, logdir.path
    if isinstance(logdir, Mapping):
        return logdir, str(getattr(logdir, "path", "runs"))
    from tbevents.reading.logdir import read_logdir

    path = path_string(logdir, "logdir")
    return read_logdir(path, checksums=checksums), path
