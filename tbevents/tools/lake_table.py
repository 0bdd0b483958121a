"""A Delta Lake table of scalars: what it holds of each run, and a commit that replaces some of them.

Rows have the columns of `SCALARS`. The last of them, ``state``, is the same in all rows of a run: it says which files,
and how they were read, the rows come from. So the rows of a run and what is known of it can't part: not in a crash, not
if the log is cleaned up, not if the table is copied or optimized. A run without scalars has one row, in which only
``run`` and ``state`` are not null.

So that they are found without reading the rows, the footer of each data file repeats the states of its runs. Files that
another program has written, such as ``optimize``, have no such footer: their rows are read.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tbevents.errors import MissingExtraError
from tbevents.remote import PARALLEL, is_url
from tbevents.tools.lake_writer import (
    BUFFERED_ROWS,
    CODED,
    MOST_ROWS,
    SCALARS,
    LakeWriter,
    column_types,
    milliseconds,
    states_of_footer,
    states_of_rows,
)

if TYPE_CHECKING:
    import pyarrow as pa

_FILES: Final = 256
"""Number of files that hold the table, unless they would be too small: a run that changes replaces its whole file."""

_LEAST_ROWS: Final = 1 << 13
"""The least rows of a file, unless there are fewer."""

_CRUMBS: Final = 16
"""Number of files with less than a quarter of their rows that are rewritten together."""

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
        MissingExtraError: if deltalake or pyarrow is not installed.
        FileExistsError: if there is a folder that is not empty, or a file, and it is no Delta table.
        ValueError: if the table has other columns, partitions, or features that need a newer reader.
        OSError: if it cannot be read or made.
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
                schema = pa.schema([(name, kind) for name, kind in column_types().items()])
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
            states = states_of_footer(file.metadata, path)
            if states is None:
                states = states_of_rows(file.read(columns=["run", "state"]))
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
        return min(max(rows // _FILES, _LEAST_ROWS), MOST_ROWS)

    def rows(self, file: LakeFile) -> Iterator[pa.Table]:
        """Yields the rows of a file in parts, as `LakeWriter` takes them, and with their state."""
        from pyarrow import Table, parquet

        source = parquet.ParquetFile(file.path, filesystem=self._filesystem, read_dictionary=list(CODED))
        with source:
            for batch in source.iter_batches(BUFFERED_ROWS):
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
            OSError: if the log cannot be written.
        """
        from deltalake import CommitProperties
        from deltalake.exceptions import CommitFailedError
        from deltalake.transaction import AddAction, RemoveAction

        now = milliseconds()
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
