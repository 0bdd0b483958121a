"""Writes a stream of Arrow tables as a Parquet or Arrow file, in memory that does not grow with their number."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from tbevents.reading.arrow_arrays import numbers, strings
from tbevents.tools.temporary_files import temporary_files_named

if TYPE_CHECKING:
    import pyarrow as pa

_ROW_GROUP: Final = 1 << 18
"""Rows of a row group in Parquet."""

_WAITING: Final = 1 << 25
"""Bytes of a row group at most: a wide table may have thousands of columns."""


def write_parquet(tables: Iterator[pa.Table], file: IO[bytes]) -> int:
    """Writes tables of one schema behind each other, in row groups of about a quarter of a million rows, or 32 MiB.

    Args:
        tables: at least one.
        file: a binary file.

    Returns:
        The number of rows.

    Raises:
        OSError: if the file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    first = next(tables)
    rows = 0
    # Values rarely repeat: a dictionary of them costs time, and room in the file.
    floating = {each.name for each in first.schema if pa.types.is_floating(each.type)} - {"wall_time"}
    repeating = [each.name for each in first.schema if each.name not in floating]
    with parquet.ParquetWriter(file, first.schema, use_dictionary=repeating) as writer:
        waiting: list[pa.Table] = []
        for table in chain([first], tables):
            waiting.append(table)
            rows += table.num_rows
            if sum(each.num_rows for each in waiting) >= _ROW_GROUP or sum(each.nbytes for each in waiting) >= _WAITING:
                writer.write_table(pa.concat_tables(waiting).unify_dictionaries(), _ROW_GROUP)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting).unify_dictionaries(), _ROW_GROUP)
    return rows


def write_arrow(tables: Iterator[pa.Table], file: IO[bytes]) -> int:
    """Writes tables of one schema behind each other, as an uncompressed Arrow file (Feather V2).

    An Arrow file has one dictionary for a column, which stands before the rows: it is known when the last table has
    come. Until then, rows of several tables are in a temporary file of the same size.

    Args:
        tables: at least one.
        file: a binary file.

    Returns:
        The number of rows.

    Raises:
        OSError: if a file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import ipc

    first = next(tables)
    second = next(tables, None)
    if second is None:
        with ipc.new_file(file, first.schema) as writer:
            writer.write_table(first)
        return int(first.num_rows)
    rows = 0
    names: list[dict[str, int]] = [{} for _ in first.schema]
    coded = pa.schema([pa.field(each.name, pa.int32() if _is_coded(each) else each.type) for each in first.schema])
    with tempfile.TemporaryFile() as spool:
        with temporary_files_named(), ipc.new_stream(spool, coded) as writer:
            for table in chain([first, second], tables):
                for batch in table.to_batches():
                    columns = [_codes(column, known) for column, known in zip(batch.columns, names, strict=True)]
                    writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=coded))
                rows += table.num_rows
        del first, second
        spool.seek(0)
        dictionaries = [strings(known) for known in names]
        with ipc.open_stream(spool) as reader, ipc.new_file(file, table.schema) as writer:
            for batch in reader:
                columns = [
                    pa.DictionaryArray.from_arrays(column, words) if _is_coded(field) else column
                    for column, words, field in zip(batch.columns, dictionaries, table.schema, strict=True)
                ]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=table.schema))
    return rows


def _is_coded(field: pa.Field) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(field.type))


def _codes(column: Any, known: dict[str, int]) -> Any:
    """Returns the codes of a dictionary column among all names so far; other columns as they are."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    places = np.array([known.setdefault(name, len(known)) for name in column.dictionary.to_pylist()], np.int32)
    return numbers(places).take(column.indices)  # a null stays null
