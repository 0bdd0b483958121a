"""Sync: keeps a Delta Lake table of the scalars of a logdir."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np

from tbevents.errors import SyncConflictError, checked_choice
from tbevents.files import StrPath, path_string
from tbevents.reading.arrow_arrays import codes_of, words
from tbevents.reading.batches import batch_of
from tbevents.reading.listed_runs import ScalarPart
from tbevents.reading.logdir import Logdir
from tbevents.reading.name_patterns import patterns
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.problem import OnProblem, Problem, tell_of
from tbevents.reading.refs import RunRef
from tbevents.reading.selection import name_test, selected
from tbevents.reading.tables import TableBuilder
from tbevents.tools.lake_table import LakeFile, LakeTable
from tbevents.tools.lake_writer import SCALARS, LakeWriter
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.views.safe_text import storable

if TYPE_CHECKING:
    import pyarrow as pa

Removed: TypeAlias = Literal["keep", "drop"]

_TRIES: Final = 5
"""How often a sync begins anew because another process has changed the table."""

_json: Final = json.JSONEncoder(separators=(",", ":")).encode

_BYTES_OF_A_POINT: Final = 50
"""About as many bytes of an event file make a row."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did.

    Attributes:
        version: of the table, which holds the runs as they were found.
        read: the runs whose rows were replaced or are new, in order.
        dropped: the runs whose rows were removed, since they are no longer there.
        unchanged: the number of runs that were not read, since the table holds them as they are.
        problems: damage of the runs that were read, and what could not be read.
    """

    version: int
    read: tuple[str, ...]
    dropped: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]


def sync(
    src: StrPath,
    dst: StrPath,
    *,
    tags: Names | None = None,
    runs: Names | None = None,
    restarts: Restarts = "keep",
    duplicates: Duplicates = "keep",
    checksums: Checksums = "verify",
    removed: Removed = "keep",
    storage_options: Mapping[str, str] | None = None,
    on_problem: OnProblem | None = None,
    progress: Progress = no_progress,
) -> Synced:
    """Makes a Delta Lake table hold all scalars of a logdir, and reads only the runs whose files have changed.

    The table has the columns run, tag, step, wall_time, value and state. Polars, DuckDB, Spark and others read it. The
    rows of a run are replaced when one of its files has another size or time than those in ``state``, or when it was
    read with other options. A run without scalars has one row, whose tag, step, wall_time and value are null.

    All changes are one commit, and none is made if nothing changed: readers see the table before or after it. A crash
    or an interrupt (Ctrl-C) before the commit leaves the table as it was; data files that were written until then are
    deleted, or, after a crash, by the next ``vacuum(full=True)``. Processes may sync into one table at once: the one
    that commits later finds out, and looks again at what is left to do.

    Args:
        src: a folder of runs, a run or an event file, local or a URL.
        dst: the table: a new or empty folder, or a URL that deltalake knows, such as ``s3://bucket/scalars``.
        tags: only these tags, as in `read_run`.
        runs: only these runs: names or patterns. The rows of others stay as they are.
        restarts: which points a restart removes, as in `read_run`.
        duplicates: which points of one step to keep, as in `read_run`.
        checksums: whether the checksums of payloads are verified, as in `read_run`.
        removed: what becomes of the rows of runs that are no longer there: ``"keep"`` or ``"drop"``. They are kept if
            a folder could not be listed, in which the run may be.
        storage_options: for deltalake, if `dst` is a URL: credentials, region, endpoint. By default they come from the
            environment (``AWS_ACCESS_KEY_ID`` ...).
        on_problem: called with each problem; None issues warnings. A run of which a file cannot be read keeps the rows
            that it has, and is tried again next time.
        progress: called with the number of runs read, and of all that are to be read.

    Returns:
        What was done.

    Raises:
        RunNotFoundError: if `src` does not exist.
        UnknownNameError: if a name in `runs` without wildcards matches no run.
        FileExistsError: if `dst` is a folder that is not empty and no Delta table.
        ValueError, TypeError: if an option has an invalid value, or the table has other columns.
        SyncConflictError: if other processes changed the table again and again.
        OSError: if `src` cannot be listed, or the table cannot be written.
        MissingExtraError: if deltalake or pyarrow is not installed.
    """
    checked_choice("removed", removed, get_args(Removed))
    source, target = path_string(src, "src"), path_string(dst, "dst")
    tags = None if tags is None else patterns("tags", tags)
    options = ReadOptions(tags=tags, kinds=("scalars",), restarts=restarts, duplicates=duplicates, checksums=checksums)
    unlisted: list[Problem] = []
    logdir = Logdir(source, options, on_problem=unlisted.append)
    tell_of(unlisted, on_problem)
    wanted = name_test("run", runs)
    for _ in range(_TRIES):
        table = LakeTable(target, storage_options)
        listed = _States(logdir, selected("run", runs, logdir, source))
        known = table.states()
        changed = [name for name, state in listed.complete.items() if known.get(storable(name)) != state]
        gone: list[str] = []
        if removed == "drop" and not unlisted:  # runs in a folder that was not listed may still be there
            there = set(map(storable, logdir))
            gone = [name for name in known if name not in there and wanted(name)]
        done = _Attempt(table, logdir, listed, known, on_problem, progress).run(changed, gone)
        if done is not None:
            return Synced(
                table.version, tuple(done.read), tuple(done.dropped), len(listed.complete) - len(changed),
                (*unlisted, *done.problems),
            )  # fmt: skip
        logdir.reload()
    raise SyncConflictError(f"{target}: other processes changed the table {_TRIES} times while this one read the runs")


class _States:
    """What the table should say of each run: its files, as they were listed before they are read, and the options.

    Attributes:
        complete: run -> state.
    """

    def __init__(self, logdir: Logdir, names: Sequence[str]) -> None:
        options = logdir.options
        how = {name: getattr(options, name) for name in ("tags", "restarts", "duplicates", "checksums")}
        self._how = {name: value for name, value in how.items() if value not in (None, "keep", "verify")}
        self.sizes: dict[str, int] = {}
        self.complete: dict[str, str] = {}
        wanted = set(names)
        for ref in logdir.refs():
            if ref.name in wanted:
                self.sizes[ref.name] = ref.size
                self.complete[ref.name] = self._text(ref)

    def _text(self, ref: RunRef) -> str:
        untold = any(None in file for file in ref.files)  # what the listing does not tell may have changed
        names = [(file.url.replace(os.sep, "/").rpartition("/")[2], *file[1:]) for file in ref.files]
        at = {"at": uuid.uuid4().hex} if untold else {}
        return _json({"files": names, **self._how, **at})

    def incomplete(self, name: str) -> str:
        """Returns the state of a run of which a file could not be read: it is none that makes it complete."""
        return _json({**json.loads(self.complete[name]), "unreadable": True})


class _Attempt:
    """One pass over what has changed: it ends in a commit, or finds that another process was faster.

    Attributes:
        read: the runs with new rows.
        dropped: the runs whose rows were removed.
        problems: of the runs that were read.
    """

    def __init__(
        self,
        table: LakeTable,
        logdir: Logdir,
        listed: _States,
        known: Mapping[str, str],
        on_problem: OnProblem | None,
        progress: Progress,
    ) -> None:
        self._table = table
        self._logdir = logdir
        self._listed = listed
        self._known = known
        self._on_problem = on_problem
        self._progress = progress
        self.read: list[str] = []
        self.dropped: list[str] = []
        self.problems: list[Problem] = []

    def run(self, changed: Sequence[str], gone: Sequence[str]) -> _Attempt | None:
        """Reads the changed runs and commits; returns itself, or None if the table was changed meanwhile."""
        more = sum(self._listed.sizes[name] for name in changed) // _BYTES_OF_A_POINT
        with self._table.writer(more) as writer:
            self._read(changed, writer)
            self.dropped = list(gone)
            replaced = {*map(storable, self.read), *gone}
            if not replaced:
                return self
            removed = [file for file in self._table.files if not replaced.isdisjoint(file.states)]
            removed += [file for file in self._table.crumbs() if file not in removed]
            for file in removed:
                self._copy(file, replaced, writer)
            writer.finish()
            added, writer.added = writer.added, []  # from here on, the log may refer to them, however it ends
            done = False
            try:
                done = self._table.commit(added, removed)
            finally:
                if not done and not self._table.may_have(added):
                    writer.added = added
                    writer.discard()
        return self if done else None

    def _read(self, names: Sequence[str], writer: LakeWriter) -> None:
        """Writes the rows of runs, of those that could be read."""
        done = rows = 0
        for part in self._logdir.scalar_parts(names, self._on_problem):
            name, state = part.name, self._listed.complete[part.name]
            unreadable = any(problem.kind == "unreadable" for problem in part.problems)
            if unreadable:
                state = self._listed.incomplete(name)
            rows_before = rows
            rows += _add_part(part, state, writer)
            if not part.last:
                continue
            self.problems += part.problems
            if not unreadable:
                keep = True
                if not rows:
                    writer.add(_row_without_points(name, state))
            else:
                keep = rows > 0 and self._is_news(name, state)
            if keep and unreadable and rows_before:  # its earlier parts have the state of a complete run
                writer.end_run(keep=False)
                keep = self._read_incomplete(name, state, writer)
            writer.end_run(keep=keep)
            self.read += [name] if keep else []
            done, rows = done + 1, 0
            self._progress(done, len(names))

    def _read_incomplete(self, name: str, state: str, writer: LakeWriter) -> bool:
        """Adds what can be read of a run, under the state of an incomplete one; returns whether that is anything."""
        return sum(_add_part(part, state, writer) for part in self._logdir.scalar_parts([name], _ignore)) > 0

    def _is_news(self, name: str, incomplete: str) -> bool:
        """Returns True if an incomplete run is to be written: the table has nothing of it, or other incomplete rows."""
        known = self._known.get(storable(name))
        return known is None or (known != incomplete and bool(json.loads(known).get("unreadable")))

    def _copy(self, file: LakeFile, without: set[str], writer: LakeWriter) -> None:
        """Writes the rows of a file again, but for some runs."""
        if without.issuperset(file.states):
            return
        for table in self._table.rows(file):
            runs = table["run"].combine_chunks()
            left = np.array([run in without for run in runs.dictionary.to_pylist()], np.bool_)
            bounds = np.flatnonzero(np.diff(left[codes_of(runs)], prepend=True, append=True)).tolist()
            for start, end in zip(bounds[::2], bounds[1::2], strict=True):
                writer.add(table.slice(start, end - start))
        writer.end_run(keep=True)


def _ignore(_problem: Problem) -> None:
    """Ignores a problem: the first reading of the run has reported it."""


def _add_part(part: ScalarPart, state: str, writer: LakeWriter) -> int:
    """Adds the rows of a part of a run, with a state; returns their number."""
    builder = TableBuilder()
    builder.add_columns(part.name, part.series)
    rows = builder.rows
    if rows:
        writer.add(_with_state(batch_of(builder.build()), state))
    return rows


def _with_state(batch: pa.RecordBatch, state: str) -> pa.Table:
    return _table([*batch.columns, _repeated(state, batch.num_rows)])


def _row_without_points(run: str, state: str) -> pa.Table:
    import pyarrow as pa

    nothing = [pa.nulls(1, pa.int64()), pa.nulls(1, pa.float64()), pa.nulls(1, pa.float64())]
    return _table([_repeated(run, 1), words(np.array([-1], np.int32), ()), *nothing, _repeated(state, 1)])


def _repeated(text: str, count: int) -> pa.DictionaryArray:
    return words(np.zeros(count, np.int32), [storable(text)])


def _table(columns: Sequence[Any]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_arrays(list(columns), names=list(SCALARS))
