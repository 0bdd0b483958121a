"""A Delta Lake table of scalars: what it holds of each run, and a commit that replaces some of them.

Rows have the columns of `SCALARS`. The last of them, ``state``, is the same in all rows of a run: it says which files,
and how they were read, the rows come from. So the rows of a run and what is known of it can't part: not in a crash, not
if the log is cleaned up, not if the table is copied or optimized. A run without scalars has one row, in which only
``run`` and ``state`` are not null.

So that they are found without reading the rows, the footer of each data file repeats the states of its runs. Files that
another program has written, such as ``optimize``, have no such footer: their rows are read.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from tbevents.errors import MissingExtraError
from tbevents.reading.arrow_arrays import codes_of
from tbevents.remote import PARALLEL, is_url

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

_CODED: Final = ("run", "tag", "state")
"""The columns of few different strings, stored as dictionaries."""

_BUFFERED_ROWS: Final = 1 << 18
"""The most rows of a run that are in memory. A run with more gets files of its own."""

_FILES: Final = 256
"""Number of files that hold the table, unless they would be too small: a run that changes replaces its whole file."""

_LEAST_ROWS: Final = 1 << 13
_MOST_ROWS: Final = 1 << 22
"""Rows of a file, at least and at most: runs are put into it until it has so many."""

_CRUMBS: Final = 16
"""Number of files with less than a quarter of their rows that are rewritten together."""

_FOOTER: Final = "tbevents.states"
"""The key under which the footer of a data file has the states of its runs."""

_MOST_CHARACTERS: Final = 500
"""The most characters of an error of an object store that are repeated."""


class LakeFile(NamedTuple):
    """A data file of the table.

    Attributes:
        path: relative to the table.
        size: in bytes.
        rows: the number of rows.
        states: run -> state, of the runs in it. A large run is in several files.
    """

    path: str
    size: int
    rows: int
    states: Mapping[str, str]


class LakeTable:
    """A version of a Delta table of scalars.

    It belongs to one thread at a time. Processes may work on one table: the first commit wins, and `commit` of the
    others returns False.

    Args:
        url: where the table is; it is made if there is none.
        storage_options: of deltalake's object stores.

    Attributes:
        url: as given.
        version: the version that was opened.
        files: its data files.

    Raises:
        MissingExtraError: deltalake or pyarrow is not installed.
        FileExistsError: there is a folder that is not empty, or a file, and it is no Delta table.
        ValueError: the table has other columns, partitions, or features that need a newer reader.
        OSError: it cannot be read or made.
    """

    def __init__(self, url: str, storage_options: Mapping[str, str] | None = None) -> None:
        try:
            import pyarrow as pa
            from deltalake import DeltaTable
            from deltalake.exceptions import TableNotFoundError
            from deltalake.transaction import RemoveAction  # noqa: F401  # not in older versions
            from pyarrow.parquet import ParquetWriter

            if not hasattr(ParquetWriter, "add_key_value_metadata"):
                raise ImportError("pyarrow is too old")
        except ImportError as error:
            package = "pyarrow (21 or newer)" if "pyarrow" in str(error) else "deltalake (1.6.6 or newer)"
            raise MissingExtraError(package, "lake", "a Delta table") from None
        self.url = url
        options = dict(storage_options or {})
        self._options = options
        with _as_os_errors(url):
            if not is_url(url) and os.path.lexists(url) and not os.path.isdir(url):
                raise FileExistsError(f"{url}: this is a file, not a Delta table")
            try:
                self._table = DeltaTable(url, storage_options=options)
            except TableNotFoundError:
                _refuse_other_folder(url)
                about = "Scalars of TensorBoard runs, kept by tbevents sync"
                # Where another process has made it meanwhile, that is the table.
                schema = pa.schema([(name, kind) for name, kind in _types().items()])
                DeltaTable.create(url, schema, mode="ignore", description=about, storage_options=options)
                self._table = DeltaTable(url, storage_options=options)
            _refuse_other_layout(url, self._table)
            self._filesystem = _filesystem(url, options)
            self.version: int = self._table.version()
            self.files: list[LakeFile] = self._files()

    def _files(self) -> list[LakeFile]:
        actions = self._table.get_add_actions(flatten=True)
        paths, sizes = (actions[name].to_pylist() for name in ("path", "size_bytes"))
        if not is_url(self.url):
            return list(map(self._file, paths, sizes))
        with ThreadPoolExecutor(PARALLEL) as pool:  # most of it is waiting
            return list(pool.map(self._file, paths, sizes))

    def _file(self, path: str, size: int) -> LakeFile:
        from pyarrow import parquet

        with parquet.ParquetFile(path, filesystem=self._filesystem, read_dictionary=["run", "state"]) as file:
            states = _states_of_footer(file.metadata, path)
            if states is None:
                states = _states_of_rows(file.read(columns=["run", "state"]))
            return LakeFile(path, size, file.metadata.num_rows, states)

    def states(self) -> dict[str, str]:
        """Returns the state of each run in the table."""
        return {run: state for file in self.files for run, state in file.states.items()}

    def crumbs(self) -> list[LakeFile]:
        """Returns the files that are so small that they should be put together, if there are many of them."""
        few = self.rows_of_a_file() // 4
        small = [file for file in self.files if file.rows < few]
        return small if len(small) >= _CRUMBS else []

    def rows_of_a_file(self, more: int = 0) -> int:
        """Returns how many rows a file should have, if so many more rows are to come."""
        rows = sum(file.rows for file in self.files) + more
        return min(max(rows // _FILES, _LEAST_ROWS), _MOST_ROWS)

    def rows(self, file: LakeFile) -> Iterator[pa.Table]:
        """Yields the rows of a file in parts, as `LakeWriter` takes them, and with their state."""
        from pyarrow import Table, parquet

        source = parquet.ParquetFile(file.path, filesystem=self._filesystem, read_dictionary=list(_CODED))
        with source:
            for batch in source.iter_batches(_BUFFERED_ROWS):
                yield Table.from_batches([batch])

    def writer(self, more: int = 0) -> LakeWriter:
        """Returns a writer of new files, for about so many more rows. Nobody sees them before the commit."""
        return LakeWriter(self._filesystem, self.rows_of_a_file(more))

    def commit(self, added: list[dict[str, Any]], removed: list[LakeFile]) -> bool:
        """Replaces files of the table in one transaction.

        Args:
            added: what `LakeWriter.added` has.
            removed: files of this version.

        Returns:
            False if there is a newer version meanwhile; nothing was changed then.

        Raises:
            OSError: the log cannot be written.
        """
        from deltalake import CommitProperties
        from deltalake.exceptions import CommitFailedError
        from deltalake.transaction import AddAction, RemoveAction

        now = _milliseconds()
        removals = [
            RemoveAction(path=file.path, data_change=True, deletion_timestamp=now, size=file.size) for file in removed
        ]
        # Any other commit is a conflict, also one that only adds: it may have added the same runs.
        at_once = CommitProperties(max_commit_retries=0)
        with _as_os_errors(self.url):
            try:
                self._table.create_write_transaction(
                    [*(AddAction(**action) for action in added), *removals],
                    "append",
                    self._table.schema(),
                    commit_properties=at_once,
                )
            except CommitFailedError:
                return False
        self.version += 1
        return True

    def may_have(self, added: list[dict[str, Any]]) -> bool:
        """Returns whether a commit that raised, or was interrupted, may have been made.

        Args:
            added: the files of that commit.
        """
        from deltalake import DeltaTable

        try:
            latest = DeltaTable(self.url, storage_options=self._options)
            paths = set(latest.get_add_actions(flatten=True)["path"].to_pylist())
        except Exception:
            return True
        return any(action["path"] in paths for action in added)


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
        if self._buffered > _BUFFERED_ROWS:
            if not self._own or self._own[-1].rows >= _MOST_ROWS:
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
        if self._waiting_rows >= _BUFFERED_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa

        waiting, self._waiting, self._waiting_rows = self._waiting, [], 0
        if waiting:
            table = pa.concat_tables(waiting).unify_dictionaries()
            self._states.update(_states_of_rows(table))
            self._writer.write_table(table, _BUFFERED_ROWS * 2)

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
            "modification_time": _milliseconds(),
            "data_change": True,
            "stats": json.dumps(stats),
        }

    def delete(self) -> None:
        with contextlib.suppress(Exception):  # an object store may not finish what is incomplete
            self._writer.close()
        with contextlib.suppress(OSError):
            self._filesystem.delete_file(self.path)


def _states_of_rows(table: pa.Table) -> dict[str, str]:
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


def _states_of_footer(metadata: Any, path: str) -> dict[str, str] | None:
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


def _types() -> dict[str, Any]:
    import pyarrow as pa

    types = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    return {name: types[text] for name, text in SCALARS.items()}


def _schema() -> pa.Schema:
    """Returns the schema of the rows in memory: strings are dictionaries."""
    import pyarrow as pa

    words = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(name, words if name in _CODED else kind) for name, kind in _types().items()])


def _filesystem(url: str, options: dict[str, str]) -> Any:
    from pyarrow import fs

    if not is_url(url):
        return fs.SubTreeFileSystem(os.path.abspath(url), fs.LocalFileSystem())
    from deltalake.fs import DeltaStorageHandler

    return fs.PyFileSystem(DeltaStorageHandler(url, options))


def _refuse_other_folder(url: str) -> None:
    """Raises FileExistsError if there is a folder with something else where the table is to be."""
    if not is_url(url) and os.path.isdir(url) and set(os.listdir(url)) - {"_delta_log"}:
        raise FileExistsError(f"{url}: this folder is not empty, and no Delta table; give a new or an empty folder")


def _refuse_other_layout(url: str, table: Any) -> None:
    """Raises ValueError if a table is not as `LakeTable` makes it."""
    columns = {field.name: field.type for field in table.schema().fields}
    if list(columns) != list(SCALARS):
        raise ValueError(f"{url}: this Delta table has the columns {', '.join(columns)}, not {', '.join(SCALARS)}")
    for name, text in SCALARS.items():
        expected = {"int64": "long", "float64": "double"}.get(text, text)
        if getattr(columns[name], "type", None) != expected:
            raise ValueError(f"{url}: the column {name} of this Delta table is not of the type {expected}")
    if partitions := table.metadata().partition_columns:
        raise ValueError(f"{url}: this Delta table is partitioned by {', '.join(partitions)}, which sync cannot write")
    features = table.protocol().reader_features
    if features:
        raise ValueError(f"{url}: this Delta table has features that sync does not know: {', '.join(features)}")


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def _as_os_errors(url: str) -> Iterator[None]:
    """Raises an OSError that names the table in place of deltalake's own exceptions."""
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (DeltaError, OSError) as error:
        if isinstance(error, OSError) and (str(error).startswith(url) or (error.errno and url in str(error))):
            raise
        # What comes from object stores has colours, and several lines.
        text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
        hint = "; AWS_ALLOW_HTTP=true allows http://" if "URL scheme is not allowed" in text else ""
        raise OSError(f"{url}: {text[:_MOST_CHARACTERS]}{hint}") from error
