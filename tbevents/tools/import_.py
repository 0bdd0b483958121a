"""Import: writes the scalars of tables as runs."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import IO, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.files import StrPath, local_path, path_string, subfolder
from tbevents.format.scalar_layout import STEP_RANGE, ScalarForm
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.scalar_files import ScalarColumns, fits_float32, write_runs
from tbevents.tools.table_files import SparseColumn, read_table
from tbevents.tools.table_headers import KNOWN, known_header, tag_of_header

__all__ = ["Imported", "Precision", "import_table"]

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
    tag. Both may have the columns run (a folder below `out`) and wall_time (seconds since 1970, or dates, which are UTC
    unless they name a time zone). Headers may have capitals and blanks, as in the tables that TensorBoard's page
    exports: Wall time, Step, Value.

    Args:
        source: the file, or a text stream of CSV or JSON lines.
        out: the folder for the runs; or an event file, if the table has one run.
        format: "csv", "jsonl", "parquet" or "arrow"; by default what the file's ending says.
        tag: the tag of all points, for a long table without a tag column.
        precision: "float32" rounds values as `SummaryWriter.add_scalar` does; "float64" keeps them; "auto" uses float64
            only for tags with a value that float32 cannot hold.
        clock: returns the time for points without one, in seconds since 1970.
        progress: called with the bytes read, for CSV and JSON lines.

    Raises:
        ValueError: if a column is missing, if a cell is not a number (the message names its row), or if a run's name
            would lead out of `out`.
        FileExistsError: if a run exists already; nothing is written then.
        OSError: if a file cannot be read or written.
    """
    columns = _with_known_names(read_table(source, format, progress=progress))
    where = path_string(source, "source") if not hasattr(source, "read") else "stdin"
    if "step" not in columns:
        raise ValueError(f"{where}: there is no column step; the columns are: {', '.join(columns) or 'none'}")
    steps = _steps(columns["step"], where)
    now = clock()
    times = (
        _floats(columns["wall_time"], "wall_time", where, now) if "wall_time" in columns else np.full(len(steps), now)
    )
    if np.isnan(times).any():
        raise ValueError(f"{where}: row {int(np.isnan(times).argmax()) + 1}: wall_time is NaN")
    runs = list(map(_run_name, _names(columns.get("run", [None] * len(steps)), "run", where)))
    by_run: dict[str, list[ScalarColumns]] = {}
    for run, name, rows, values in _series(columns, runs, tag, where):
        form = (
            ScalarForm.DOUBLE
            if precision == "float64" or (precision == "auto" and not fits_float32(values))
            else ScalarForm.SIMPLE
        )
        by_run.setdefault(run, []).append(ScalarColumns(name, steps[rows], times[rows], values, form))
    folder = local_path(out, "the output")
    targets = {folder if run == "." else subfolder(folder, run, "run"): series for run, series in by_run.items()}
    files = dict(zip(by_run, write_runs(targets), strict=True))
    every = [series for several in by_run.values() for series in several]
    doubles = dict.fromkeys(series.tag for series in every if series.form is ScalarForm.DOUBLE)
    return Imported(
        files, len({series.tag for series in every}), sum(len(series.steps) for series in every), tuple(doubles)
    )


def _with_known_names(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Returns the columns, with the known ones under their standard names."""
    renamed = {title: known for title in columns if (known := known_header(title)) and known not in columns}
    return {renamed.get(title, title): column for title, column in columns.items()}


def _run_name(name: str) -> str:
    """Normalizes a run's name: ``./r`` and ``r/`` become ``r``. One that leads elsewhere is kept and refused later."""
    if name.startswith("/") or os.path.isabs(name):
        return name
    return "/".join(part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".")) or "."


def _series(
    columns: Mapping[str, Sequence[Any]], runs: Sequence[str], tag: str | None, where: str
) -> Iterator[tuple[str, str, NDArray[np.intp], NDArray[np.float64]]]:
    """Yields (run, tag, rows, values) of each series, in the order of their first points."""
    if "value" in columns:
        if "tag" not in columns and tag is None:
            raise ValueError(f"{where}: there is no column tag; give the tag of all points (--tag)")
        tags = _names(columns["tag"] if "tag" in columns else [tag] * len(runs), "tag", where)
        values = _floats(columns["value"], "value", where, math.nan)
        for (run, name), rows in _groups(zip(runs, tags, strict=True)):
            yield run, name, rows, values[rows]
        return
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(run, len(numbers)) for run in runs], np.intp)
    names = list(numbers)
    for title, cells in columns.items():
        if title in KNOWN:
            continue
        rows, present = _present(cells)
        values = _floats(present, title, where, math.nan, rows)
        (name,) = _names([tag_of_header(title)], "header", where)
        order = np.argsort(codes[rows], kind="stable")
        starts = np.flatnonzero(np.diff(codes[rows][order], prepend=-1))
        for of_run in np.split(order, starts[1:]) if len(order) else []:
            yield names[codes[rows[of_run[0]]]], name, rows[of_run], values[of_run]


def _present(cells: Sequence[Any]) -> tuple[NDArray[np.intp], list[Any]]:
    """Returns the indices of the rows that have a cell in a column, and these cells."""
    pairs = zip(cells.rows, cells.cells, strict=True) if isinstance(cells, SparseColumn) else enumerate(cells)
    there = [(row, cell) for row, cell in pairs if cell is not None and cell != ""]
    return np.array([row for row, _ in there], np.intp), [cell for _, cell in there]


def _groups(keys: Iterator[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], NDArray[np.intp]]]:
    """Yields the rows of each key, in the order of their first rows."""
    numbers: dict[tuple[str, str], int] = {}
    codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.intp)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(numbers)))
    yield from zip(numbers, np.split(order, ends[:-1]) if len(numbers) else [], strict=True)


def _names(cells: Sequence[Any], column: str, where: str) -> list[str]:
    """Returns the names of runs or tags; a missing name is empty."""
    names = []
    encode = os.fsencode if column == "run" else str.encode  # a folder's name need not be UTF-8
    for row, cell in enumerate(cells, 1):
        if isinstance(cell, (list, dict)):
            raise ValueError(f"{where}: row {row}: {column} {cell!r} is not a name")
        name = "" if cell is None else str(cell)
        if not name.isascii():
            try:
                encode(name)
            except UnicodeEncodeError:
                place = f"{where}: " + (f"row {row}: " if len(cells) > 1 or column in KNOWN else "")
                raise ValueError(f"{place}{column} {name!r} is not valid text: it has half a surrogate pair") from None
        names.append(name)
    return names


def _steps(cells: Sequence[Any], where: str) -> NDArray[np.int64]:
    found = []
    for row, cell in enumerate(cells, 1):
        try:
            step = int(cell)
            if (
                isinstance(cell, bool)
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
        number = math.nan if isinstance(cell, bool) else float(cell)
        if number.is_integer() and int(number) in STEP_RANGE:
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{where}: row {row}: step {cell!r} is not a 64-bit integer")


def _floats(
    cells: Sequence[Any], column: str, where: str, missing: float, rows: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Converts cells to numbers; missing or empty ones become `missing`. `rows` are their rows, if not all."""
    found = []
    for place, cell in enumerate(cells):
        try:
            if column == "wall_time" and isinstance(cell, (str, datetime)) and (date := _date(cell)) is not None:
                cell = date.timestamp()
            found.append(missing if cell is None or cell == "" else float(cell))
        except (TypeError, ValueError, OverflowError):
            row = 1 + (place if rows is None else int(rows[place]))
            raise ValueError(f"{where}: row {row}: {column} {_brief(cell)} is not a 64-bit number") from None
    return np.array(found, np.float64)


def _date(cell: str | datetime) -> datetime | None:
    """Returns the date that a cell holds, UTC unless it names a time zone; None if it holds something else."""
    if isinstance(cell, str):
        if "-" not in cell[1:] or ":" not in cell:  # a number, which most cells are
            return None
        try:
            cell = datetime.fromisoformat(cell.strip().removesuffix("Z"))
        except ValueError:
            return None
    return cell if cell.tzinfo is not None else cell.replace(tzinfo=timezone.utc)


def _brief(cell: Any) -> str:
    text = ascii(cell) if not isinstance(cell, int) else f"of {cell.bit_length()} bits"
    return text if len(text) <= 80 else f"{text[:77]}..."
