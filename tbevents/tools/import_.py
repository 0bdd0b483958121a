"""Import: writes the scalars of tables as runs."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import IO, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.files import StrPath, local_path, path_string, subfolder
from tbevents.format.scalar_layout import STEP_RANGE, ScalarForm
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.scalar_files import ScalarColumns, fits_float32, write_runs
from tbevents.tools.table_files import SparseColumn, iter_table
from tbevents.tools.table_headers import KNOWN, known_header, tag_of_header

Precision: TypeAlias = Literal["auto", "float32", "float64"]


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of an import.

    Attributes:
        files: the event file that was written for each run.
        tags: number of different tags.
        points: number of points that were written.
        float64_tags: tags stored as float64, which TensorBoard's default loader does not show.
    """

    files: Mapping[str, str]
    tags: int
    points: int
    float64_tags: tuple[str, ...]


def import_table(
    source: StrPath | IO[str],
    out: StrPath,
    *,
    format: str | None = None,  # noqa: A002  # what users call it
    tag: str | None = None,
    precision: Precision = "auto",
    clock: Callable[[], float] = time.time,
    progress: Progress = no_progress,
) -> Imported:
    """Writes the scalars of a table as runs.

    A long table has the columns tag, step and value. A wide table has step, and every column without a known name is a
    tag. Both may have the columns run (a folder below `out`) and wall_time: seconds since 1970, or dates, which are UTC
    unless they name a time zone, and midnight without a time. Headers may have capitals and blanks, as in the tables
    that TensorBoard's page exports: Wall time, Step, Value.

    The table is read part by part, so memory is that of the numbers, some 70 bytes for each point. JSON lines wait in a
    temporary file, since the last line may add a column. A byte order mark is skipped.

    Args:
        source: the file, or a text stream of CSV or JSON lines.
        out: the folder for the runs; or an event file, if the table has one run.
        format: "csv", "jsonl", "parquet" or "arrow"; by default, the suffix of the file decides.
        tag: the tag of all points, for a long table without a tag column; a wide one has tags already.
        precision: "float32" rounds values as `SummaryWriter.add_scalar` does; "float64" keeps them; "auto" uses float64
            only for tags with a value that float32 cannot hold.
        clock: returns the time for points without one, in seconds since 1970.
        progress: called with the bytes read, for CSV and JSON lines.

    Raises:
        ValueError: if a column is missing, if `tag` is given for a wide table, if a cell is not a number (the message
            names its row), or if a run would be written outside `out`.
        FileExistsError: if a run exists already; nothing is written then.
        OSError: if a file cannot be read or written.
    """
    where = path_string(source, "source") if not hasattr(source, "read") else "stdin"
    points = _ImportedPoints(where, tag, clock())
    for columns in iter_table(source, format, progress=progress):
        points.add(_with_known_names(columns))
    folder = local_path(out, "the output")
    by_run: dict[str, list[_ImportedSeries]] = {}
    for each in points.series():
        by_run.setdefault(each.run, []).append(each)
    every = [each for several in by_run.values() for each in several]
    if precision == "auto":
        doubles = {each for each in every if not fits_float32(each.values)}
    else:
        doubles = set(every) if precision == "float64" else set()
    targets = {
        folder if run == "." else subfolder(folder, run, "run"): points.columns(several, doubles)
        for run, several in by_run.items()
    }
    files = dict(zip(by_run, write_runs(targets), strict=True))
    float64_tags = dict.fromkeys(each.tag for each in every if each in doubles)
    return Imported(
        files, len({each.tag for each in every}), sum(len(each.rows) for each in every), tuple(float64_tags)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _ImportedSeries:
    """The points of one tag of a run: their rows in the table, in order, and their values."""

    run: str
    tag: str
    rows: NDArray[np.intp]
    values: NDArray[np.float64]


class _ImportedPoints:
    """The points of a table, as arrays: 36 bytes for each point. No cells are kept.

    Args:
        where: the name of the table in messages.
        tag: the tag of all points, for a long table without a tag column.
        now: the wall time of points without one.
    """

    def __init__(self, where: str, tag: str | None, now: float) -> None:
        self._where = where
        self._tag = tag
        self._now = now
        self._count = 0
        self._keys = _Keys(where)
        # One array for each part of the table. Values are kept for each column, with the rows that have one.
        self._steps: list[NDArray[np.int64]] = []
        self._times: list[NDArray[np.float64]] = []
        self._codes: list[NDArray[np.int32]] = []
        self._values: dict[str, list[tuple[NDArray[np.intp], NDArray[np.float64]]]] = {}
        self._is_long = False

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Adds rows; all parts must have the same known columns, and may have any other ones.

        Raises:
            ValueError: if a column is missing, or a cell cannot be imported.
        """
        where, start = self._where, self._count
        if "step" not in columns:
            raise ValueError(f"{where}: there is no column step; the columns are: {', '.join(columns) or 'none'}")
        count = len(columns["step"])
        rows = np.arange(start, start + count)
        self._steps.append(_steps(columns["step"], where, start))
        times = np.full(count, self._now)
        if "wall_time" in columns:
            times = _floats(columns["wall_time"], "wall_time", where, self._now, rows)
        if np.isnan(times).any():
            raise ValueError(f"{where}: row {start + int(np.isnan(times).argmax()) + 1}: wall_time is NaN")
        self._times.append(times)
        self._is_long = "value" in columns
        if self._is_long and "tag" not in columns and self._tag is None:
            raise ValueError(f"{where}: there is no column tag; give the tag of all points (--tag)")
        if not self._is_long and "tag" in columns:
            titles = ", ".join(columns)
            raise ValueError(f"{where}: there is a column tag, but no column value; the columns are: {titles}")
        if not self._is_long and self._tag is not None:
            raise ValueError(f"{where}: no column value: the columns are tags, and a tag (--tag) has no effect")
        nameless = [""] * count
        tags = columns.get("tag", [self._tag] * count) if self._is_long else nameless
        self._codes.append(self._keys.numbers(columns.get("run", nameless), tags, start))
        for title in ("value",) if self._is_long else columns:
            if title not in KNOWN or self._is_long:
                _checked_name(tag_of_header(title), "header", where)
                there, cells = (rows, columns[title]) if self._is_long else _present(columns[title], rows)
                self._values.setdefault(title, []).append((there, _floats(cells, title, where, math.nan, there)))
        self._count += count

    def series(self) -> Iterator[_ImportedSeries]:
        """Yields the series, column by column. Call it after the last `add`."""
        self._steps = [np.concatenate(self._steps)]  # one by one, which frees the parts in between
        self._times = [np.concatenate(self._times)]
        codes, self._codes = np.concatenate(self._codes), []
        names = list(self._keys.names)
        for title in list(self._values):
            rows, values = map(np.concatenate, zip(*self._values.pop(title), strict=True))
            of_rows = codes[rows]
            if (np.diff(of_rows) < 0).any():
                order = np.argsort(of_rows, kind="stable")
                rows, values, of_rows = rows[order], values[order], of_rows[order]
            edges = [*np.flatnonzero(np.diff(of_rows, prepend=-1)).tolist(), len(rows)]
            for start, end in itertools.pairwise(edges):
                run, tag = names[of_rows[start]]
                yield _ImportedSeries(
                    run, tag if self._is_long else tag_of_header(title), rows[start:end], values[start:end]
                )

    def columns(
        self, several: Iterable[_ImportedSeries], doubles: Container[_ImportedSeries]
    ) -> Iterator[ScalarColumns]:
        """Yields the columns of the series, for `write_runs`."""
        (steps,), (times,) = self._steps, self._times
        for each in several:
            form = ScalarForm.DOUBLE if each in doubles else ScalarForm.SIMPLE
            yield ScalarColumns(each.tag, steps[each.rows], times[each.rows], each.values, form)


class _Keys(dict[tuple[str, str], int]):
    """Numbers the pairs of run and tag in the rows: maps the two cells to the number of the pair.

    Attributes:
        names: the runs and tags by number.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where
        self.names: dict[tuple[str, str], int] = {}

    def __missing__(self, cells: tuple[str, str]) -> int:
        run = _run_name(_checked_name(cells[0], "run", self._where))
        tag = _checked_name(cells[1], "tag", self._where)
        number = self[cells] = self.names.setdefault((run, tag), len(self.names))
        return number

    def numbers(self, runs: Sequence[Any], tags: Sequence[Any], start: int) -> NDArray[np.int32]:
        """Returns the number of each row; `start` is the index of the first row."""
        pairs = list(zip(_texts(runs), _texts(tags), strict=True))
        try:
            return np.array(list(map(self.__getitem__, pairs)), np.int32)
        except (TypeError, ValueError):  # a cell is not a name: the message must name the row
            for row, (run, tag) in enumerate(pairs, start + 1):
                _checked_name(run, "run", f"{self._where}: row {row}")
                _checked_name(tag, "tag", f"{self._where}: row {row}")
            raise


def _with_known_names(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Returns the columns, with the known ones under their standard names."""
    renamed: dict[str, str] = {}
    for title in columns:
        if (known := known_header(title)) and known not in columns and known not in renamed.values():
            renamed[title] = known
    return {renamed.get(title, title): column for title, column in columns.items()}


def _run_name(name: str) -> str:
    """Normalizes a run's name: ``./r`` and ``r/`` become ``r``. One that leads elsewhere is kept and refused later."""
    if name.startswith("/") or os.path.isabs(name):
        return name
    return "/".join(part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".")) or "."


def _present(cells: Sequence[Any], rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Sequence[Any]]:
    """Returns those of the rows that have a cell in a column, and the cells."""
    if isinstance(cells, list) and None not in cells and "" not in cells:
        return rows, cells
    pairs = zip(cells.rows, cells.cells, strict=True) if isinstance(cells, SparseColumn) else enumerate(cells)
    there = [(place, cell) for place, cell in pairs if cell is not None and cell != ""]
    return rows[np.array([place for place, _ in there], np.intp)], [cell for _, cell in there]


def _texts(cells: Sequence[Any]) -> Sequence[Any]:
    """Returns names as str; a missing name is empty. Lists and dicts, which cannot be names, are unchanged."""
    if set(map(type, cells)) <= {str}:
        return cells
    return [cell if isinstance(cell, (list, dict)) else "" if cell is None else str(cell) for cell in cells]


def _checked_name(name: Any, column: str, place: str) -> str:
    """Returns the name of a run or tag; raises ValueError if it cannot be one."""
    if isinstance(name, (list, dict)):
        raise ValueError(f"{place}: {column} {name!r} is not a name")
    try:
        # The name of a folder may be other bytes than UTF-8.
        _ = name.isascii() or (os.fsencode(name) if column == "run" else name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{place}: {column} {name!r} is not valid text: it has half a surrogate pair") from None
    return str(name)


def _steps(cells: Sequence[Any], where: str, start: int) -> NDArray[np.int64]:
    """Converts the steps of rows; `start` is the index of the first row."""
    if set(map(type, cells)) in ({int}, {str}) and not _any_underscore(cells):
        with contextlib.suppress(ValueError, OverflowError):  # the slow way names the row
            return np.array(list(map(int, cells)), np.int64)
    found = []
    for row, cell in enumerate(cells, start + 1):
        try:
            step = int(cell)
            if (
                isinstance(cell, bool)
                or _any_underscore([cell])
                or step != (cell if isinstance(cell, (int, float)) else step)
                or step not in STEP_RANGE
            ):
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            step = _whole(cell, row, where)
        found.append(step)
    return np.array(found, np.int64)


def _whole(cell: Any, row: int, where: str) -> int:
    """Converts a step written as a float, such as 3.0."""
    try:
        number = math.nan if isinstance(cell, bool) or _any_underscore([cell]) else float(cell)
        if number.is_integer() and int(number) in STEP_RANGE:
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{where}: row {row}: step {cell!r} is not a 64-bit integer")


def _any_underscore(cells: Sequence[Any]) -> bool:
    """Returns True if a text among the cells has an underscore, which `int` and `float` allow between digits."""
    kinds = set(map(type, cells))
    if kinds <= {int, float}:
        return False
    if kinds == {str}:
        return "_" in "".join(cells)
    return any("_" in str(cell) for cell in cells if isinstance(cell, (str, bytes)))


def _floats(
    cells: Sequence[Any], column: str, where: str, missing: float, rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Converts the cells of these rows to numbers; missing or empty cells become `missing`."""
    if not _any_underscore(cells):
        with contextlib.suppress(TypeError, ValueError, OverflowError):  # the slow way names the row
            return np.array(list(map(float, cells)), np.float64)
    found = []
    for row, cell in zip(rows.tolist(), cells, strict=True):
        try:
            if column == "wall_time" and isinstance(cell, (str, date)) and (moment := _moment(cell)) is not None:
                cell = moment.timestamp()
            if _any_underscore([cell]):
                raise ValueError
            found.append(missing if cell is None or cell == "" else float(cell))
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{where}: row {row + 1}: {column} {_brief(cell)} is not a 64-bit number") from None
    return np.array(found, np.float64)


def _moment(cell: str | date) -> datetime | None:
    """Returns the date in a cell, in UTC unless it names a time zone; None if the cell is not a date.

    Without a time, it is midnight.
    """
    if isinstance(cell, str):
        if "-" not in cell[1:]:  # a number, which most cells are
            return None
        try:
            cell = datetime.fromisoformat(cell.strip().removesuffix("Z"))
        except ValueError:
            return None
    moment = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  # as below
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


def _brief(cell: Any) -> str:
    text = ascii(cell) if not isinstance(cell, int) else f"of {cell.bit_length()} bits"
    return text if len(text) <= 80 else f"{text[:77]}..."
