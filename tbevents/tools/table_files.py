"""Reads and writes tables as CSV, JSON lines, Parquet and Arrow files."""

from __future__ import annotations

import csv
import itertools
import json
import marshal
import os
import re
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from io import BytesIO, TextIOWrapper
from typing import IO, Any, Final, Literal, TypeAlias, get_args, overload

from tbevents.errors import MissingExtraError, checked_choice
from tbevents.files import StrPath, path_string, read_bytes
from tbevents.reading.frames import Column, Frame, cells_of, dated, length_of, storable_columns
from tbevents.remote import is_url
from tbevents.tools import arrow_files
from tbevents.tools.json_text import json_number
from tbevents.tools.new_files import NewFile
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.table_headers import known_header
from tbevents.tools.temporary_files import temporary_files_named
from tbevents.views.safe_text import counted, printable

TableFormat: TypeAlias = Literal["csv", "jsonl", "parquet", "arrow"]

_ENDINGS: Final[dict[str, TableFormat]] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
_ROWS: Final = 65_536
"""Number of rows converted to text at a time."""

_READ_ROWS: Final = 1 << 14
"""Maximum number of rows in a part of a table that is read."""

_READ_CHARACTERS: Final = 1 << 23
"""A part of JSON lines ends after so many characters, too: lines may have thousands of cells."""

_SPOOLED: Final = 1 << 20
"""Bytes of JSON lines that are kept in memory; more go to a temporary file."""

_JsonPart: TypeAlias = tuple[int, dict[str, tuple[list[int], list[Any]]]]
"""Some rows: their number, and by header which of them have a cell, and these cells."""


def table_format(path: StrPath, format: str | None = None) -> TableFormat:  # noqa: A002  # what users call it
    """Returns the format of a table's file.

    Args:
        path: the file, whose suffix selects the format.
        format: the format; None uses the suffix.

    Raises:
        ValueError: if the format or the suffix is unknown.
    """
    if format is not None:
        return checked_choice("format", format, get_args(TableFormat))
    ending = os.path.splitext(path_string(path, "path"))[1].lower()
    if ending not in _ENDINGS:
        known = ", ".join(_ENDINGS)
        raise ValueError(
            f"{os.fspath(path)}: unknown table format; the file must end in {known}, or give the format (--format)"
        )
    return _ENDINGS[ending]


def is_table(path: StrPath) -> bool:
    """Returns True if a path has the suffix of a table."""
    return os.path.splitext(path_string(path, "path"))[1].lower() in _ENDINGS


def looks_like_file(path: StrPath) -> bool:
    """Returns True if an output folder is named like a file, such as ``runs.xls``, and does not exist.

    A separator at the end marks it as a folder.
    """
    text = path_string(path, "path")
    named = is_table(text) or re.search(r"\.[A-Za-z]{2,5}$", os.path.basename(text)) is not None
    return named and not os.path.isdir(text)


def write_table(
    frame: Frame,
    out: StrPath | IO[str],
    format: str | None = None,  # noqa: A002
    *,
    safe_cells: bool = False,
    times: bool = False,
    progress: Progress = no_progress,
) -> int:
    """Writes a table. Numbers read back exactly.

    In CSV, missing cells are empty and NaN is ``nan``. In JSON lines, missing cells are left out, and NaN and
    infinities are the strings "NaN", "Infinity" and "-Infinity". Folder names that are not UTF-8 are shown as in data
    frames; JSON lines keep them as they are, for `import_table`.

    Args:
        frame: the table.
        out: the file, which appears when it is complete and replaces an existing one; or a text stream for CSV and JSON
            lines.
        format: "csv", "jsonl", "parquet" or "arrow"; by default what the file's ending says.
        safe_cells: if True, make texts in CSV harmless for spreadsheets and terminals: texts that begin with ``=``,
            ``+``, ``-``, ``@`` (also in their wide forms), a tab or a carriage return get an apostrophe in front, and
            control characters except line feeds become visible escapes. Such texts do not read back as they were.
        times: if True, wall times are dates instead of seconds since 1970: ``2026-05-04T22:14:00.250000Z`` in CSV and
            JSON lines, else timestamps (UTC without a time zone).
        progress: called with the rows written, for CSV and JSON lines.

    Returns:
        The number of rows.

    Raises:
        ValueError: if the format is unknown, if it is binary and `out` is a stream, or if a text has a NUL, which CSV
            cannot hold before Python 3.11.
        MissingExtraError: if pyarrow is needed and not installed.
        OSError: if the file cannot be written.
    """
    return write_frames(iter([frame]), out, format, safe_cells=safe_cells, times=times, progress=progress)


def write_frames(
    frames: Iterator[Frame],
    out: StrPath | IO[str],
    format: str | None = None,  # noqa: A002
    *,
    safe_cells: bool = False,
    times: bool = False,
    progress: Progress = no_progress,
) -> int:
    """Writes frames of equal columns as one table, in memory that does not grow with their number.

    There is at least one frame, an empty one for a table without rows. If the iterator raises, no file is left. All
    else is as in `write_table`; `progress` is called with the rows written of each frame.
    """
    stream = out if not isinstance(out, (str, os.PathLike)) else None
    kind = table_format("out.csv" if stream is not None else out, format)  # type: ignore[arg-type]  # a path then
    if kind in ("parquet", "arrow"):
        if stream is not None:
            raise ValueError(f"{kind} is a binary format; give a file")
        try:
            import pyarrow as pa  # noqa: F401  # before a frame is read; the message speaks of the file
        except ImportError:
            raise MissingExtraError("pyarrow", "arrow", f"exporting to {kind}") from None
        write_arrow = arrow_files.write_parquet if kind == "parquet" else arrow_files.write_arrow
        first = next(frames)
        tables = itertools.chain([first.to_arrow(times=times)], (frame.to_arrow(times=times) for frame in frames))
        del first
        with NewFile(os.fspath(out)) as new:  # type: ignore[arg-type]  # a path
            return write_arrow(tables, new.file)
    columns = (
        storable_columns(frame, times=times) if kind == "csv" else dated(frame) if times else frame._columns()
        for frame in frames
    )
    write = _write_json if kind == "jsonl" else partial(_write_csv, cell=_safe) if safe_cells else _write_csv
    if stream is not None:
        return write(columns, stream, progress)
    with NewFile(os.fspath(out), text=True) as new:  # type: ignore[arg-type]  # a path
        return write(columns, new.file, progress)


class _LineFeeds:
    """Ends the lines of a csv writer with a line feed alone.

    The csv writer quotes the characters of its line end. If that were a line feed, Python before 3.13 would not quote
    a single carriage return in a tag, and readers would take it for the end of a row.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, line: str) -> None:
        self._file.write(line.removesuffix("\r\n") + "\n")


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet take a cell for a formula; the last four are the wide forms of the first."""


def _safe(cell: Any) -> Any:
    """Returns a cell that no spreadsheet evaluates and no terminal obeys; numbers do not change."""
    if not isinstance(cell, str):
        return cell
    text = "\n".join(map(printable, cell.split("\n")))
    return f"'{text}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else text


def _write_csv(
    frames: Iterator[Mapping[str, Column]],
    file: IO[str],
    progress: Progress,
    *,
    cell: Callable[[Any], Any] | None = None,
) -> int:
    writer = csv.writer(_LineFeeds(file), lineterminator="\r\n")
    rows = 0
    try:
        for number, columns in enumerate(frames):
            if not number:
                writer.writerow(columns if cell is None else map(cell, columns))
            for chunk in _chunks(list(columns.values()), progress):
                writer.writerows(chunk if cell is None else (map(cell, row) for row in chunk))
                rows += len(chunk)
    except csv.Error as error:
        raise ValueError(f"cannot write csv: {error}; a NUL needs Python 3.11, or jsonl (--format jsonl)") from None
    return rows


def _write_json(frames: Iterator[Mapping[str, Column]], file: IO[str], progress: Progress) -> int:
    rows = 0
    for columns in frames:
        names = list(columns)
        for chunk in _chunks(list(columns.values()), progress):
            for row in chunk:
                cells = {
                    name: json_number(cell) if isinstance(cell, float) else cell
                    for name, cell in zip(names, row, strict=True)
                    if cell is not None
                }
                file.write(json.dumps(cells, allow_nan=False) + "\n")
            rows += len(chunk)
    return rows


def _chunks(columns: Sequence[Column], progress: Progress) -> Iterator[list[tuple[Any, ...]]]:
    """Yields the rows in chunks; None is a missing cell."""
    total = length_of(columns[0]) if columns else 0
    for start in range(0, total, _ROWS):
        yield list(zip(*(cells_of(column, slice(start, start + _ROWS)) for column in columns), strict=True))
        progress(min(start + _ROWS, total), total)


def read_table(
    path: StrPath | IO[str],
    format: str | None = None,  # noqa: A002
    *,
    progress: Progress = no_progress,
) -> dict[str, Sequence[Any]]:
    """Reads a table.

    Args:
        path: the file, or a text stream of CSV or JSON lines.
        format: "csv", "jsonl", "parquet" or "arrow"; by default what the file's ending says.
        progress: called with the bytes read, for CSV and JSON lines.

    Returns:
        The columns by name, all of one length: lists, or a `SparseColumn` for a name that few lines of a short JSON
        file have. Cells of CSV are str; None is a missing cell.

    Raises:
        ValueError: if the file is not of that format, or the format is unknown.
        MissingExtraError: if pyarrow is needed and not installed.
        OSError: if the file cannot be read.
    """
    parts = list(iter_table(path, format, progress=progress))
    if len(parts) == 1:
        return parts[0]
    nothing = [[None] * max(map(len, part.values()), default=0) for part in parts]
    titles = dict.fromkeys(name for part in parts for name in part)
    return {
        name: [cell for part, no in zip(parts, nothing, strict=True) for cell in part.get(name, no)] for name in titles
    }


def iter_table(
    path: StrPath | IO[str],
    format: str | None = None,  # noqa: A002
    *,
    progress: Progress = no_progress,
) -> Iterator[dict[str, Sequence[Any]]]:
    """Yields a table in parts of some rows each; see `read_table`.

    There is at least one part. All parts have the same columns, except those of JSON lines, where the last line may add
    a column: their parts lack columns that none of their rows has, unless `known_header` knows the header. They have
    at least one column if the table has one, and all have the order of the table's columns. The lines wait in a
    temporary file until the last one was read.
    """
    stream = path if not isinstance(path, (str, os.PathLike)) else None
    kind = table_format("in.csv" if stream is not None else path, format)  # type: ignore[arg-type]  # a path then
    name = "stdin" if stream is not None else os.fspath(path)  # type: ignore[arg-type]
    if kind in ("parquet", "arrow"):
        if stream is not None:
            raise ValueError(f"{kind} is a binary format; give a file")
        yield from _read_arrow(name, kind)
        return
    tell = progress if stream is None and not is_url(name) and os.path.isfile(name) else no_progress  # as of a pipe
    try:
        with _opened(name, stream) as file:
            if kind == "jsonl":
                yield from _read_json(file if tell is no_progress else _counted(file, name, tell), name)
                return
            for part in _read_csv(file, name):
                if tell is not no_progress:
                    tell(os.lseek(file.fileno(), 0, os.SEEK_CUR), os.path.getsize(name))
                yield part
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: not UTF-8 text: {error}") from None


def _opened(name: str, stream: Any) -> Any:
    """Opens a table of text: a stream that is left open, a path or a URL. A byte order mark at its start is skipped."""
    if stream is not None:
        return nullcontext(_without_mark(stream))
    if is_url(name):
        return TextIOWrapper(BytesIO(read_bytes(name)), encoding="utf-8-sig", newline="")
    return open(name, encoding="utf-8-sig", newline="")


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    lines = iter(lines)
    for first in lines:
        yield first.removeprefix("\ufeff")
        yield from lines


def _counted(file: TextIOWrapper, name: str, progress: Progress) -> Iterator[str]:
    """Yields the lines of a file and reports progress."""
    size = os.path.getsize(name)
    for number, line in enumerate(file):
        if not number % _ROWS:
            progress(os.lseek(file.fileno(), 0, os.SEEK_CUR), size)
        yield line


def _read_arrow(path: str, kind: TableFormat) -> Iterator[dict[str, Sequence[Any]]]:
    try:
        from pyarrow import ArrowInvalid, feather, parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "arrow", f"reading {kind}") from None
    try:
        source: Any = BytesIO(read_bytes(path)) if is_url(path) else path
        if kind == "parquet" and (is_url(path) or not os.path.isdir(path)):
            file = parquet.ParquetFile(source)
            schema, batches = file.schema_arrow, file.iter_batches(_READ_ROWS)
        else:
            table = parquet.read_table(source) if kind == "parquet" else feather.read_table(source)
            schema, batches = table.schema, table.to_batches(_READ_ROWS)
        _refuse_repeated(schema.names, path)
        empty = True
        for batch in batches:
            yield {name: column.to_pylist() for name, column in zip(schema.names, batch.columns, strict=True)}
            empty = False
        if empty:
            yield {name: [] for name in schema.names}
    except ArrowInvalid as error:
        raise ValueError(f"{path}: {error}") from None


def _refuse_repeated(header: Sequence[str], path: str) -> None:
    if len(set(header)) < len(header):
        raise ValueError(f"{path}: two columns have the same header")


def _read_csv(lines: Iterable[str], path: str) -> Iterator[dict[str, Sequence[Any]]]:
    csv.field_size_limit(1 << 30)  # tags and texts may be long; the size of the file limits them
    reader = csv.reader(lines)
    try:
        header = next(reader, None)
        if header is None:
            raise ValueError(f"{path}: the file is empty")
        _refuse_repeated(header, path)
        rows: list[list[str]] = []
        empty = True
        for row in reader:
            if len(row) != len(header):
                if not row:
                    continue
                cells = counted(len(row), "cell")
                raise ValueError(f"{path}: line {reader.line_num}: {cells} under {counted(len(header), 'header')}")
            rows.append(row)
            if len(rows) == _READ_ROWS:
                yield _columns_of(header, rows)
                rows, empty = [], False
    except csv.Error as error:
        raise ValueError(f"{path}: line {reader.line_num}: {error}") from None
    if rows or empty:
        yield _columns_of(header, rows)


def _columns_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Sequence[Any]]:
    columns: Iterable[Iterable[str]] = zip(*rows, strict=True) if rows else ((),) * len(header)
    return {title: list(column) for title, column in zip(header, columns, strict=True)}


def _read_json(lines: Iterable[str], path: str) -> Iterator[dict[str, Sequence[Any]]]:
    """Yields the rows in parts. They wait in a temporary file, since any line may bring another column."""
    titles: dict[str, int] = {}  # in the order of the file, with their places in it
    sizes: list[int] = []
    with temporary_files_named(), tempfile.SpooledTemporaryFile(_SPOOLED) as spool:
        for part in _json_parts(lines, path):
            try:
                sizes.append(spool.write(marshal.dumps(part)))
            except ValueError:  # marshal allows fewer levels than some versions of json
                raise ValueError(f"{path}: the JSON is nested too deeply") from None
            for title in part[1]:
                titles.setdefault(title, len(titles))
        # In all parts; if none is known, another one, which tells how many rows a part without cells has.
        always = [title for title in titles if known_header(title)] or list(titles)[:1]
        spool.seek(0)
        for size in sizes:
            yield _columns_of_json(marshal.loads(spool.read(size)), always, titles)
        if not sizes:
            yield {}


def _json_parts(lines: Iterable[str], path: str) -> Iterator[_JsonPart]:
    found: dict[str, tuple[list[int], list[Any]]] = {}
    count = size = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{path}: line {number}: not JSON: {error}") from None
        except RecursionError:
            raise ValueError(f"{path}: line {number}: the JSON is nested too deeply") from None
        if not isinstance(row, dict):
            raise ValueError(f"{path}: line {number}: not a JSON object")
        for name, cell in row.items():
            rows, cells = found.setdefault(name, ([], []))
            rows.append(count)
            cells.append(cell)
        count += 1
        size += len(line)
        if count >= _READ_ROWS or size >= _READ_CHARACTERS:
            yield count, found
            found, count, size = {}, 0, 0
    if count:
        yield count, found


def _columns_of_json(part: _JsonPart, always: Iterable[str], titles: Mapping[str, int]) -> dict[str, Sequence[Any]]:
    """Returns the columns of a part, by their places in `titles`: those that its rows have, and those in `always`."""
    count, found = part
    nothing: tuple[list[int], list[Any]] = ([], [])
    found = {**dict.fromkeys(always, nothing), **found}
    columns = {name: SparseColumn(*found[name], count) for name in sorted(found, key=titles.__getitem__)}
    return {name: list(column) if 2 * len(column.cells) >= count else column for name, column in columns.items()}


class SparseColumn(Sequence[Any]):
    """A column with few cells; the missing ones are None.

    Attributes:
        rows: the indices of the rows that have a cell, ascending.
        cells: the cells of these rows.
    """

    def __init__(self, rows: list[int], cells: list[Any], count: int) -> None:
        self.rows = rows
        self.cells = cells
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(self._count))]
        row = range(self._count)[index]
        place = bisect_left(self.rows, row)
        return self.cells[place] if place < len(self.rows) and self.rows[place] == row else None

    def __iter__(self) -> Iterator[Any]:
        column = [None] * self._count
        for row, cell in zip(self.rows, self.cells, strict=True):
            column[row] = cell
        return iter(column)
