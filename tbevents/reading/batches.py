"""The scalars of many runs as a stream of Arrow record batches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from tbevents.errors import MissingExtraError, checked_choice
from tbevents.files import StrPath, path_string
from tbevents.format.values import whole
from tbevents.reading.arrow_arrays import numbers, words
from tbevents.reading.logdir import Logdir, logdir_of_refs
from tbevents.reading.name_patterns import patterns
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.problem import OnProblem, tell_of
from tbevents.reading.refs import RunRef
from tbevents.reading.run import Run, open_run
from tbevents.reading.selection import name_test, selected
from tbevents.reading.table_stream import STREAM_ROWS, stream_tables
from tbevents.reading.tables import Table, TableBuilder
from tbevents.views.safe_text import storable

if TYPE_CHECKING:
    import pyarrow as pa

SCALAR_COLUMNS: Final = {
    "run": "dictionary<int32, string>",
    "tag": "dictionary<int32, string>",
    "step": "int64",
    "wall_time": "float64",
    "value": "float64",
}
"""The columns of scalars in Arrow, with their types. No cell is null.

``run`` is the run's name in its logdir, ``wall_time`` seconds since 1970. Values that were stored as float32 are
widened, which changes none of them.
"""


def scalar_schema(*, times: bool = False) -> pa.Schema:
    """Returns `SCALAR_COLUMNS` as a pyarrow Schema.

    Args:
        times: whether wall times are dates: timestamp[us], UTC without a time zone, null where a time is no date.

    Raises:
        MissingExtraError: if pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("pyarrow", "arrow", "iter_batches") from None
    types = {"dictionary<int32, string>": pa.dictionary(pa.int32(), pa.string())}
    types |= {"int64": pa.int64(), "float64": pa.float64()}
    schema = pa.schema([pa.field(name, types[text]) for name, text in SCALAR_COLUMNS.items()])
    place = schema.get_field_index("wall_time")
    return schema.set(place, pa.field("wall_time", pa.timestamp("us"))) if times else schema


def iter_batches(
    source: StrPath | Logdir | Run | RunRef | Iterable[RunRef],
    *,
    tags: Names | None = None,
    runs: Names | None = None,
    kinds: Literal["scalars"] = "scalars",
    restarts: Restarts | None = None,
    duplicates: Duplicates | None = None,
    checksums: Checksums | None = None,
    strict: bool | None = None,
    times: bool = False,
    batch_rows: int = STREAM_ROWS,
    on_problem: OnProblem | None = None,
) -> pa.RecordBatchReader:
    """Yields the scalars of many runs as Arrow record batches, in memory that does not grow with their number.

    The columns are `SCALAR_COLUMNS`, whatever the runs hold: run, tag, step, wall_time, value. Rows are run by run, and
    in a run tag by tag, in the order written. A run is let go once its rows are out. A run of more than 64 MiB comes in
    parts of about 130,000 rows, each tag by tag, in the order of its files: not if `restarts`,
    `duplicates` or `strict` need the whole run first.

    ::

        for batch in tbevents.iter_batches("runs", tags="loss"):
            ...
        duckdb.from_arrow(tbevents.iter_batches("s3://bucket/runs"))

    Args:
        source: a folder of runs, a run or an event file, local or a URL; or what `read_logdir` or `read_run` returned:
            runs that were read already are not read again, as long as the options are theirs. Or references
            (`Logdir.refs`), in the order of the rows; files that are gone meanwhile are problems.
        tags: only these tags: names, or patterns with ``*``, ``?`` and ``[...]``. A pattern may match nothing.
        runs: only these runs, likewise; a name without wildcards must be there.
        kinds: "scalars", the only kind with this schema.
        restarts: as in `read_run`; None is that of a logdir or run that was given, otherwise ``"keep"``.
        duplicates: likewise.
        checksums: likewise; otherwise ``"verify"``.
        strict: likewise; otherwise False.
        times: whether the column of wall times holds dates (timestamp[us], UTC without a time zone; null where a time
            is no date) instead of seconds since 1970.
        batch_rows: the most rows of a batch. Runs with fewer rows share batches.
        on_problem: called with each `Problem` of the runs, and of folders that cannot be listed. By default there are
            warnings (`DamageWarning`), as in `read_logdir`. Neither stops the other runs.

    Returns:
        A pyarrow RecordBatchReader: an iterator of batches, which also has their ``schema``, and which polars, DuckDB
        and others take as a stream. Each batch has dictionaries of its own. The runs are read while it is iterated
        over, by one thread at a time.

    Raises:
        RunNotFoundError: if `source` does not exist (also a FileNotFoundError).
        UnknownNameError: if a name in `runs` without wildcards matches no run (also a KeyError).
        OSError: if `source` cannot be listed.
        ValueError, TypeError: if an option has an invalid value.
        MissingExtraError: if pyarrow is not installed.
        DamagedFileError: if a file is damaged, and `strict`. As an OSError of a file, this is raised by the iteration.
    """
    schema = scalar_schema(times=times)
    import pyarrow as pa

    checked_choice("kinds", kinds, ("scalars",))
    batch_rows = whole("batch_rows", batch_rows, least=1)
    given = {"restarts": restarts, "duplicates": duplicates, "checksums": checksums, "strict": strict}
    changes = {name: value for name, value in given.items() if value is not None}
    if tags is not None:
        tags = patterns("tags", tags)
    tables = _tables(source, tags, runs, changes, min(batch_rows, STREAM_ROWS), on_problem)
    return pa.RecordBatchReader.from_batches(schema, _split(tables, batch_rows, times))


def _tables(
    source: object,
    tags: Names | None,
    runs: Names | None,
    changes: Mapping[str, Any],
    rows: int,
    on_problem: OnProblem | None,
) -> Iterator[Table]:
    """Returns the scalars of a source, as `stream_tables` yields them. Wrong arguments are raised at once."""
    if isinstance(source, Run):
        selected("run", runs, [source.name], source.path)
        options = replace(source.options, **changes)
        if options != source.options and source.in_memory:
            raise TypeError(f"a run in memory cannot be read with other options: {source.path!r}, {changes}")
        return _tables_of_run(source, tags, options, on_problem)
    options = ReadOptions(tags=tags, kinds=("scalars",), **changes)
    refs = _refs_of(source)
    if refs is not None:
        wanted = set(selected("run", runs, dict.fromkeys(ref.name for ref in refs), "the references"))
        return _tables_of_refs([ref for ref in refs if ref.name in wanted], tags, options, rows, on_problem)
    if isinstance(source, Logdir):
        options = replace(source.options, **changes)
        if options == source.options:
            logdir = source
            if on_problem is not None:
                tell_of(source.problems, on_problem)
        else:
            logdir = Logdir(source.path, options, threads=source.threads, on_problem=on_problem)
    else:
        logdir = Logdir(path_string(source, "source"), options, on_problem=on_problem)
    names = selected("run", runs, logdir, logdir.path)
    return stream_tables(logdir, names, wanted=name_test("tag", tags), rows=rows, on_problem=on_problem)


def _tables_of_run(run: Run, tags: Names | None, options: ReadOptions, on_problem: OnProblem | None) -> Iterator[Table]:
    if options != run.options:
        run = open_run(run.path, run.name, options, warn=on_problem is None)
    if on_problem is not None:
        tell_of(run.problems, on_problem)
    builder = TableBuilder(name_test("tag", tags))
    builder.add(run.name, run)
    if builder.rows:
        yield builder.build()


def _refs_of(source: object) -> list[RunRef] | None:
    """Returns the references, if the source is one or several of them."""
    if isinstance(source, RunRef):
        return [source]
    if isinstance(source, (str, os.PathLike, Logdir)) or not isinstance(source, Iterable):
        return None
    refs = list(source)
    for ref in refs:
        if not isinstance(ref, RunRef):
            raise TypeError(f"source must be a path, a Logdir, a Run, or RunRefs, not an iterable with {ref!r}")
    return refs


def _tables_of_refs(
    refs: list[RunRef], tags: Names | None, options: ReadOptions, rows: int, on_problem: OnProblem | None
) -> Iterator[Table]:
    start = 0
    while start < len(refs):
        # References of several logdirs may have the same names: the second of a name begins another logdir.
        some: dict[str, RunRef] = {}
        for ref in refs[start:]:
            if some.setdefault(ref.name, ref) is not ref:
                break
        logdir = logdir_of_refs(list(some.values()), options)
        yield from stream_tables(logdir, list(logdir), wanted=name_test("tag", tags), rows=rows, on_problem=on_problem)
        start += len(some)


def _split(tables: Iterator[Table], rows: int, times: bool) -> Iterator[pa.RecordBatch]:
    for table in tables:
        batch = batch_of(table, times=times)
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)
        del table, batch


def batch_of(table: Table, *, times: bool = False) -> pa.RecordBatch:
    """Returns a table as one batch of `scalar_schema`."""
    import pyarrow as pa

    columns = [
        words(table.run_codes, map(storable, table.runs)),
        words(table.tag_codes, map(storable, table.tags)),
        numbers(table.steps),
        numbers(table.times if times else table.wall_times),
        numbers(table.values.astype(np.float64, copy=False)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=scalar_schema(times=times))
