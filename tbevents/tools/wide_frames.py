"""The wide table of many runs, a part at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.reading.frames import Categories, Column, Frame
from tbevents.reading.tables import Table, TableBuilder, WideTable
from tbevents.tools.table_headers import header_of_tag
from tbevents.tools.temporary_files import temporary_files_named

_KINDS: Final = (np.dtype(np.int32), np.dtype(np.int32), np.dtype(np.int64))
"""Codes of runs, codes of tags, and steps in the temporary file; values keep their type."""


@dataclass(frozen=True, slots=True, eq=False)
class _Wide(Frame):
    """A wide table whose headers `import_table` understands."""

    table: WideTable

    _time_columns: ClassVar[tuple[str, ...]] = ()

    def _columns(self) -> Mapping[str, Column]:
        tags = {header_of_tag(tag): cells for tag, cells in self.table.columns.items()}
        return {"run": Categories(self.table.run_codes, self.table.runs), "step": self.table.steps, **tags}


def wide_frames(tables: Iterable[Table]) -> Iterator[Frame]:
    """Yields wide tables, each with a column for every tag of all runs; an empty one if there are no rows.

    The tags are known when the last table has come. Until then, the rows are in a temporary file, 24 bytes a point.

    Args:
        tables: each holds whole runs.

    Raises:
        OSError: if the temporary file cannot be written.
    """
    tags: dict[str, int] = {}
    parts: list[tuple[tuple[str, ...], int, np.dtype[Any]]] = []  # names of runs, rows, type of the values
    dtype = np.dtype(np.float32)
    with temporary_files_named(), tempfile.TemporaryFile() as spool:
        for table in tables:
            codes = np.array([tags.setdefault(tag, len(tags)) for tag in table.tags], np.int32)
            columns = (table.run_codes, codes[table.tag_codes], table.steps, table.values)
            kind = table.values.dtype
            for column, dtype_of in zip(columns, (*_KINDS, kind), strict=True):
                spool.write(column.astype(dtype_of, copy=False).tobytes())
            parts.append((table.runs, len(table), kind))
            dtype = np.result_type(dtype, table.values)
            del table
        spool.seek(0)
        for names, rows, kind in parts:
            read: list[NDArray[Any]] = [
                np.frombuffer(spool.read(rows * each.itemsize), each) for each in (*_KINDS, kind)
            ]
            run_codes, tag_codes, steps, values = read
            no_times = np.broadcast_to(np.float64(0), steps.shape)  # a wide table has none
            table = Table(names, tuple(tags), run_codes, tag_codes, steps, no_times, values.astype(dtype, copy=False))
            yield _Wide(table.pivot())
    if not parts:
        yield _Wide(TableBuilder().build().pivot())
