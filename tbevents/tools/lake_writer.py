"""Data files of a Delta table of scalars, while they are written.

The footer of each repeats the states of its runs; `lake_table` says what for.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
import uuid
import zlib
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tbevents.reading.arrow_arrays import codes_of

if TYPE_CHECKING:
    import pyarrow as pa

SCALARS: Final = {
    "run": "string",
    "tag": "string",
    "step": "int64",
    "wall_time": "float64",
    "value": "float64",
    "state": "string",
}
"""The columns of the table, with their types."""

CODED: Final = ("run", "tag", "state")
"""The columns of few different strings, stored as dictionaries."""

BUFFERED_ROWS: Final = 1 << 18
"""The most rows of a run that are in memory. A run with more gets files of its own."""

MOST_ROWS: Final = 1 << 22
"""The most rows of a file: runs are put into it until it has so many, or as many as the writer was told."""

_FOOTER: Final = "tbevents.states"
"""The key under which the footer of a data file has the states of its runs."""


class LakeWriter:
    """Writes data files of runs: runs are put into a file until it has enough rows.

    A context manager: files that were written are deleted if it ends with an exception, and by `discard`.

    Args:
        filesystem: pyarrow's, with the table at its root.
        rows: of a file.

    Attributes:
        added: the files that are complete, as the arguments of deltalake's ``AddAction``.
    """

    def __init__(self, filesystem: Any, rows: int) -> None:
        self._filesystem = filesystem
        self._rows = rows
        self._file: _DataFile | None = None  # the one that gets the next runs
        self._own: list[_DataFile] = []  # of the run that is being added, if it is large
        self._buffer: list[pa.Table] = []
        self._buffered = 0
        self.added: list[dict[str, Any]] = []

    def __enter__(self) -> LakeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()

    def add(self, rows: pa.Table) -> None:
        """Adds rows of a run, with their state; they count once `end_run` was called."""
        self._buffer.append(rows)
        self._buffered += rows.num_rows
        if self._buffered > BUFFERED_ROWS:
            if not self._own or self._own[-1].rows >= MOST_ROWS:
                self._own.append(_DataFile(self._filesystem))
            self._flush(self._own[-1])

    def end_run(self, *, keep: bool) -> None:
        """Ends a run, whose rows since the last call are kept or forgotten."""
        if not keep:
            for file in self._own:
                file.delete()
            self._buffer, self._buffered = [], 0
        elif self._own:
            self._flush(self._own[-1])
            self.added += [file.close() for file in self._own]
        else:
            self._file = self._file or _DataFile(self._filesystem)
            self._flush(self._file)
            if self._file.rows >= self._rows:
                self.finish()
        self._own = []

    def _flush(self, file: _DataFile) -> None:
        buffer, self._buffer, self._buffered = self._buffer, [], 0
        for table in buffer:
            file.write(table)

    def finish(self) -> None:
        """Completes the last file."""
        if self._file is not None and self._file.rows:
            self.added.append(self._file.close())
        self._file = None  # only now: `discard` deletes one that could not be closed

    def discard(self) -> None:
        """Deletes all files, complete or not, as far as the file system lets it: nothing refers to them."""
        for file in (*self._own, *filter(None, [self._file])):
            file.delete()
        for action in self.added:
            with contextlib.suppress(OSError):
                self._filesystem.delete_file(action["path"])
        self._own, self._file, self.added = [], None, []


class _DataFile:
    """A Parquet file that is being written."""

    def __init__(self, filesystem: Any) -> None:
        from pyarrow import parquet

        self.path = f"scalars-{uuid.uuid4().hex}.parquet"
        self.rows = 0
        self._states: dict[str, str] = {}
        self._filesystem = filesystem
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._writer = parquet.ParquetWriter(
            self.path,
            _schema(),
            filesystem=filesystem,
            # Values and times rarely repeat: a dictionary of them costs time. Values that were float32 have bytes of
            # zeros, which compress if they are put side by side: half the time, and three quarters of the room.
            use_dictionary=[name for name in SCALARS if name not in ("value", "wall_time")],
            column_encoding={"value": "BYTE_STREAM_SPLIT"},
            write_statistics=[name for name in SCALARS if name not in ("value", "state")],  # `_statistics` says why
            store_schema=False,  # which says that strings are dictionaries, while the table says that they are strings
        )

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self.rows += table.num_rows
        if self._waiting_rows >= BUFFERED_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa

        waiting, self._waiting, self._waiting_rows = self._waiting, [], 0
        if waiting:
            table = pa.concat_tables(waiting).unify_dictionaries()
            self._states.update(states_of_rows(table))
            self._writer.write_table(table, BUFFERED_ROWS * 2)

    def close(self) -> dict[str, Any]:
        """Completes the file; returns the arguments of its ``AddAction``."""
        from pyarrow import parquet

        self._write_group()
        self._writer.add_key_value_metadata({_FOOTER: _footer(self.path, self._states)})
        self._writer.close()
        size = self._filesystem.get_file_info(self.path).size
        with parquet.ParquetFile(self.path, filesystem=self._filesystem) as file:
            stats = _statistics(file.metadata)
        return {
            "path": self.path,
            "size": size,
            "partition_values": {},
            "modification_time": milliseconds(),
            "data_change": True,
            "stats": json.dumps(stats),
        }

    def delete(self) -> None:
        with contextlib.suppress(Exception):  # an object store may not finish what is incomplete
            self._writer.close()
        with contextlib.suppress(OSError):
            self._filesystem.delete_file(self.path)


def states_of_rows(table: pa.Table) -> dict[str, str]:
    """Returns the state of each run in a table: that of its first row, as they are all the same."""
    runs, states = (table[name].unify_dictionaries().combine_chunks() for name in ("run", "state"))
    names, texts = runs.dictionary.to_pylist(), states.dictionary.to_pylist()
    codes = codes_of(runs)
    firsts = np.flatnonzero(np.diff(codes, prepend=-1))
    pairs = zip(codes[firsts].tolist(), codes_of(states)[firsts].tolist(), strict=True)
    return {names[run]: texts[state] for run, state in pairs}


def _footer(path: str, states: Mapping[str, str]) -> str:
    """Returns what a footer says of the states; with the file's name, as a program may copy it into another file."""
    return base64.b64encode(zlib.compress(json.dumps({"file": path, "states": states}).encode(), 1)).decode()


def states_of_footer(metadata: Any, path: str) -> dict[str, str] | None:
    """Returns the states of the runs in a file as its footer has them; None if it has none of this file."""
    text = (metadata.metadata or {}).get(_FOOTER.encode())
    found = {} if text is None else json.loads(zlib.decompress(base64.b64decode(text)))
    return found["states"] if found.get("file") == path else None


def _statistics(metadata: Any) -> dict[str, Any]:
    """Returns what Delta's log says of a file, so that readers of some runs or tags open no other files.

    Values are left out: Parquet's least and greatest ones ignore NaN, which Delta's readers count as the greatest.
    """
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for place, name in enumerate(SCALARS):
        if name in ("value", "state"):
            continue
        groups = [metadata.row_group(group).column(place).statistics for group in range(metadata.num_row_groups)]
        if any(group is None for group in groups):
            continue
        if all(group.has_null_count for group in groups):
            nulls[name] = sum(group.null_count for group in groups)
        known = [group for group in groups if group.has_min_max]
        if name != "wall_time" and len(known) == len(groups):
            least[name] = min(group.min for group in known)
            greatest[name] = max(group.max for group in known)
    return {"numRecords": metadata.num_rows, "minValues": least, "maxValues": greatest, "nullCount": nulls}


def column_types() -> dict[str, Any]:
    """Returns the columns with pyarrow's types."""
    import pyarrow as pa

    types = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    return {name: types[text] for name, text in SCALARS.items()}


def _schema() -> pa.Schema:
    """Returns the schema of the rows in memory: strings are dictionaries."""
    import pyarrow as pa

    words = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(name, words if name in CODED else kind) for name, kind in column_types().items()])


def milliseconds() -> int:
    """Returns the time, as Delta's log has it."""
    return time.time_ns() // 1_000_000
