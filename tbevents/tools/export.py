"""Export: writes runs as tables, images and audio files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, Literal, TypeAlias, get_args

import numpy as np

from tbevents.errors import PayloadError, TensorError, checked_choice
from tbevents.files import StrPath, join, path_string
from tbevents.reading.frames import Column, Frame
from tbevents.reading.hparams_table import HParamsTable, hparams_table, session_facts, sessions_among
from tbevents.reading.logdir import Logdir, read_logdir
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, Duplicates, Names, Restarts
from tbevents.reading.problem import OnProblem, Problem
from tbevents.reading.run import Run
from tbevents.reading.table_stream import stream_tables
from tbevents.reading.tables import Table, TableBuilder
from tbevents.tools.media_names import MediaNames, ending_of
from tbevents.tools.names import iter_runs, unreadable_among, without_damage_warnings
from tbevents.tools.new_files import NewFile, refuse_output
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.table_files import table_format, write_frames
from tbevents.tools.temporary_files import temporary_files_named
from tbevents.tools.wide_frames import wide_frames

OnRun: TypeAlias = Callable[[str], object]
"""Called with the name of each run that is read."""

TableKind: TypeAlias = Literal["scalars", "texts", "hparams"]


@dataclass(frozen=True, slots=True)
class Exported:
    """Result of an export.

    Attributes:
        out: the file or folder that was written.
        rows: number of rows of the table; None for images and audio.
        runs: number of runs that were read.
        files: image and audio files that were written, relative to the folder.
        problems: descriptions of values that could not be decoded and of damage in the event files.
        unreadable: those of the problems that are files and folders that could not be read.
    """

    out: str
    rows: int | None = None
    runs: int = 0
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unreadable: tuple[Problem, ...] = ()


def export_table(
    logdir: StrPath,
    out: StrPath | IO[str],
    *,
    format: str | None = None,  # noqa: A002  # what users call it
    kind: TableKind = "scalars",
    wide: bool = False,
    tags: Names | None = None,
    runs: Names | None = None,
    restarts: Restarts = "keep",
    duplicates: Duplicates = "keep",
    checksums: Checksums = "verify",
    safe_cells: bool = False,
    times: bool = False,
    progress: Progress = no_progress,
) -> Exported:
    """Writes the scalars, texts or hyperparameters of runs as one table.

    Args:
        logdir: a folder of runs, a run, or an event file.
        out: the file, which is replaced if it exists; or a text stream for CSV and JSON lines.
        format: "csv", "jsonl", "parquet" or "arrow"; by default what the file's ending says.
        kind: "scalars": run, tag, step, wall_time, value. "texts": run, tag, step, wall_time, text. "hparams": a row
            for each run that has hyperparameters, with its parameters and metrics.
        wide: for scalars, write a row for each step of each run and a column for each tag.
        tags: names or globs of the tags to export; None means all. Hyperparameters are always exported whole.
        runs: names or globs of the runs to export; None means all.
        restarts: which points to remove at a restart, as in `read_run`.
        duplicates: which points of one step to keep, as in `read_run`.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.
        safe_cells: if True, make names and texts in CSV harmless for spreadsheets and terminals, as in `write_table`;
            they may then differ from those logged.
        times: if True, wall times are dates instead of seconds since 1970, as in `write_table`. A wide table has none.
        progress: called with how much of the reading and writing is done.

    Raises:
        ValueError: if the format or the kind is unknown.
        RunNotFoundError: if the path does not exist.
        UnknownNameError: if a pattern matches no tag or run; nothing is written then.
        MissingExtraError: if pyarrow is needed and not installed.
        FileExistsError: if `out` is an event file.
        OSError: if a file cannot be read or written.
    """
    checked_choice("kind", kind, get_args(TableKind))
    is_path = isinstance(out, (str, os.PathLike))
    if is_path:
        table_format(out, format)  # type: ignore[arg-type]  # refuse a wrong format before anything is read
        refuse_output(os.fspath(out))  # type: ignore[arg-type]  # a path
    with without_damage_warnings():
        found = read_logdir(
            logdir, restarts=restarts, duplicates=duplicates, checksums=checksums, kinds=_KINDS_NEEDED[kind]
        )
    wanted_runs, wanted_tags = NameFilter(runs, noun="run"), NameFilter(tags, noun="tag")
    names = [name for name in found if wanted_runs(name)]
    wanted_runs.check(found.path)
    problems = list(found.problems)
    reading = _Halfway(progress, len(names))
    frames: Iterator[Frame]
    if kind == "hparams":
        frames = iter([sessions_among(set(names), _all_hparams(found, reading, names, problems.append))])
    elif kind == "texts":
        frames = _text_frames(found.each(names, problems.append), wanted_tags, reading.took)
    else:
        tables = stream_tables(
            found, names, wanted=wanted_tags, whole_runs=wide, on_run=reading.took, on_problem=problems.append
        )
        frames = wide_frames(tables) if wide else _scalar_frames(tables)
    target: Any = out
    with ExitStack() as stack:
        if wanted_tags and kind != "hparams":
            if not is_path:
                target = stack.enter_context(_HeldBack(target))
            frames = _with_names_checked(frames, wanted_tags, found.path, target)
        rows = write_frames(frames, target, format, safe_cells=safe_cells, times=times)
    reading.finished()
    where = os.fspath(out) if is_path else "-"  # type: ignore[arg-type]  # a path
    return Exported(where, rows, len(names), problems=tuple(map(str, problems)), unreadable=unreadable_among(problems))


class _Halfway:
    """Reports a run as half done when it has been read, since it is written after that.

    Args:
        progress: called with what is done.
        total: number of runs.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def took(self, _name: str) -> None:
        """One more run was read."""
        self._done += 1
        self._progress(2 * self._done - 1, 2 * self._total)

    def finished(self) -> None:
        """Everything was written."""
        self._progress(2 * max(1, self._total), 2 * max(1, self._total))


class _HeldBack:
    """A text stream that is written to when `release` is called; until then, the text waits in a temporary file.

    A context manager: at its end, the temporary file is gone.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._waiting: Any = SpooledTemporaryFile(  # noqa: SIM115  # closed in __exit__
            _SPOOLED, "w+", encoding="utf-8", errors="surrogatepass", newline=""
        )
        self._released = False

    def __enter__(self) -> _HeldBack:
        return self

    def __exit__(self, *error: object) -> None:
        with temporary_files_named():
            self._waiting.close()

    def write(self, text: str) -> None:
        """Writes a text to the stream, or keeps it."""
        if self._released:
            self._stream.write(text)
            return
        with temporary_files_named():
            self._waiting.write(text)

    def release(self) -> None:
        """Writes what waits; a second call does nothing."""
        if not self._released:
            with temporary_files_named():
                self._waiting.seek(0)
            shutil.copyfileobj(self._waiting, self._stream)
            self._released = True


_SPOOLED: Final = 1 << 20
"""Bytes of text that wait in memory; more go to a temporary file."""


def _with_names_checked(
    frames: Iterator[Frame], wanted: NameFilter, where: str, target: StrPath | _HeldBack
) -> Iterator[Frame]:
    """Yields the frames, and releases the target when each pattern has matched a tag.

    Raises:
        UnknownNameError: at the end, if a pattern matched none.
    """
    for frame in frames:
        if isinstance(target, _HeldBack) and wanted.all_matched:
            target.release()
        yield frame
    wanted.check(where)
    if isinstance(target, _HeldBack):
        target.release()


def _scalar_frames(tables: Iterator[Table]) -> Iterator[Table]:
    """Yields the long table in parts; an empty one if there are no rows."""
    table = None
    for table in tables:
        # A later run may have values that are float64: they all are, so that the columns are the same.
        yield replace(table, values=table.values.astype(np.float64))
    if table is None:
        yield TableBuilder().build()


def _all_hparams(logdir: Logdir, reading: _Halfway, names: Sequence[str], on_problem: OnProblem) -> HParamsTable:
    """Returns the hyperparameters of all runs: metrics and experiments may be in those that are not exported."""
    facts = {}
    chosen = set(names)
    found: list[Problem] = []
    for name, run in logdir.each(list(logdir), found.append):
        facts[name] = session_facts(run)
        if name in chosen:
            reading.took(name)
            for problem in run.problems:
                on_problem(problem)
    return hparams_table(facts)


_KINDS_NEEDED: Final = {"scalars": ("scalars",), "texts": ("texts",), "hparams": ("scalars", "hparams")}


@dataclass(frozen=True, slots=True, eq=False)
class _Texts(Frame):
    """A table with one row for each text."""

    rows: Sequence[tuple[str, str, int, float, str]] = field(repr=False)

    def _columns(self) -> Mapping[str, Column]:
        runs, tags, steps, times, texts = zip(*self.rows, strict=True) if self.rows else ((),) * 5
        return {
            "run": runs,
            "tag": tags,
            "step": np.array(steps, np.int64),
            "wall_time": np.array(times, np.float64),
            "text": texts,
        }


_TEXT_CHARACTERS: Final = 1 << 22
"""Rows of texts are written when they have so many characters, and at least one row."""


def _text_frames(runs: Iterator[tuple[str, Run]], wanted: NameFilter, on_run: OnRun) -> Iterator[_Texts]:
    """Yields the table of texts in parts; an empty one if there are no rows."""
    rows: list[tuple[str, str, int, float, str]] = []
    size, empty = 0, True
    for name, run in runs:
        on_run(name)
        for tag, series in run.texts.items():
            for point in series if wanted(tag) else ():
                text = "\n".join(point.array.ravel().tolist())
                rows.append((name, tag, point.step, point.wall_time, text))
                size += len(text) + 100  # the row's other cells
                if size >= _TEXT_CHARACTERS:
                    yield _Texts(rows)
                    rows, size, empty = [], 0, False
    if rows or empty:
        yield _Texts(rows)


def export_media(
    logdir: StrPath,
    out: StrPath,
    *,
    kinds: Sequence[str] = ("images", "audio"),
    tags: Names | None = None,
    runs: Sequence[str] | None = None,
    checksums: Checksums = "verify",
    progress: Progress = no_progress,
) -> Exported:
    """Writes images and audio as the encoded files that were logged: ``<run>/<tag>/<step>.png``. Nothing is decoded.

    Slashes in runs and tags create folders. Characters that are unsafe in file names are written as ``%2e`` and the
    like. If a step has several pictures, a number is appended.

    Args:
        logdir: a folder of runs, a run, or an event file.
        out: the folder; existing files in it are replaced.
        kinds: "images", "audio" or both.
        tags: names or globs of the tags to export; None means all.
        runs: names or globs of the runs to export; None means all.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.
        progress: called with the number of files so far, twice, as their total is not known.

    Raises:
        ValueError: if a kind is unknown.
        RunNotFoundError, UnknownNameError: if the path does not exist, or a pattern matches no tag or run; the files of
            tags that other patterns match stay.
        OSError: if a file cannot be read or written.
    """
    unknown = set(kinds) - {"images", "audio"}
    if unknown:
        raise ValueError(f"cannot export {', '.join(sorted(unknown))} as files; the kinds are images and audio")
    folder = path_string(out, "the output")
    wanted = NameFilter(tags, noun="tag")
    written: list[str] = []
    problems: list[str] = []
    names = MediaNames()
    damage: list[Problem] = []
    read = 0
    for run in iter_runs(logdir, runs, checksums=checksums, on_problem=damage.append):
        read += 1
        damage += run.problems
        for kind in kinds:
            for tag, series in run.series(kind).items():
                if not wanted(tag):
                    continue
                base = names.folder(run.name, tag)
                for index in range(len(series)):
                    try:
                        samples = series.verified(index).samples
                    except (PayloadError, TensorError, OSError) as error:
                        problems.append(str(error))
                        continue
                    for sample in samples:
                        name = names.file(base, int(series.steps[index]), ending_of(sample))
                        with NewFile(join(folder, name)) as new:
                            new.file.write(sample)
                        written.append(name)
                        progress(len(written), len(written))
    wanted.check(os.fspath(logdir))
    told = (*map(str, damage), *problems)
    return Exported(folder, runs=read, files=tuple(written), problems=told, unreadable=unreadable_among(damage))
