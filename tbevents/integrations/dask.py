"""A Dask DataFrame of the scalars of many runs.

::

    from tbevents.integrations.dask import read_logdir

    frame = read_logdir("s3://bucket/runs", tags="loss")
    frame.groupby("run").value.min().compute()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tbevents.errors import MissingExtraError
from tbevents.files import StrPath, path_string
from tbevents.format.values import whole
from tbevents.reading.batches import iter_batches, scalar_schema
from tbevents.reading.logdir import Logdir
from tbevents.reading.options import Checksums, Duplicates, Names, ReadOptions, Restarts
from tbevents.reading.refs import RunRef
from tbevents.reading.selection import selected

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["partitions_of", "read_logdir"]

PARTITION_BYTES: Final = 1 << 25
"""Bytes of event files in a partition: about 700,000 points, which take 30 MiB."""

_UNKNOWN_BYTES: Final = 1 << 20
"""As large as this is a run whose size the listing does not tell."""


def read_logdir(
    path: StrPath,
    *,
    tags: Names | None = None,
    runs: Names | None = None,
    restarts: Restarts = "keep",
    duplicates: Duplicates = "keep",
    checksums: Checksums = "verify",
    strict: bool = False,
    times: bool = False,
    partition_bytes: int = PARTITION_BYTES,
) -> Any:
    """Returns the scalars of the runs below a folder as a Dask DataFrame: run, tag, step, wall_time, value.

    The folder is listed once, now; the workers get references, and read the files. Each partition has whole runs, which
    are next to each other by name, and about as many bytes of event files as the others. Workers must reach the files
    by the same path or URL. What a worker cannot read is a `DamageWarning` there, and does not stop the rest.

    Args:
        path: a folder of runs, a run or an event file; a local path or a URL.
        tags: only these tags, as in `tbevents.read_run`.
        runs: only these runs: names, or patterns with ``*``.
        restarts: as in `tbevents.read_run`.
        duplicates: likewise.
        checksums: likewise.
        strict: whether damage is raised, by the computation.
        times: as in `tbevents.iter_batches`.
        partition_bytes: bytes of event files of a partition. A larger run is a partition of its own.

    Returns:
        A dask.dataframe.DataFrame; ``run`` and ``tag`` are strings.

    Raises:
        RunNotFoundError: if `path` does not exist.
        UnknownNameError: if a name in `runs` without wildcards matches no run.
        OSError: if `path` cannot be listed.
        ValueError, TypeError: if an option has an invalid value.
        MissingExtraError: if dask, pandas or pyarrow is not installed.
    """
    try:
        import dask.dataframe as dd  # which needs pandas and pyarrow
    except ImportError as error:
        raise MissingExtraError("dask[dataframe]", "dask", "a Dask DataFrame") from error
    partition_bytes = whole("partition_bytes", partition_bytes, least=1)
    how: dict[str, Any] = {"restarts": restarts, "duplicates": duplicates, "checksums": checksums, "strict": strict}
    tags = tags if tags is None or isinstance(tags, str) else tuple(tags)
    text = path_string(path, "path")
    logdir = Logdir(text, ReadOptions(tags=tags, kinds=("scalars",), **how))
    chosen = set(selected("run", runs, logdir, text))
    refs = [ref for ref in logdir.refs() if ref.name in chosen]
    parts = list(partitions_of(refs, partition_bytes)) or [()]
    from_map: Any = dd.from_map
    how |= {"times": times}
    meta = _frame(scalar_schema(times=times).empty_table())
    return from_map(_read, parts, tags=tags, how=how, meta=meta, label="tbevents-scalars", enforce_metadata=False)


def partitions_of(refs: Sequence[RunRef], size: int) -> Iterator[tuple[RunRef, ...]]:
    """Yields references in groups of about equal size, in order.

    Args:
        refs: the references.
        size: bytes of files in a group. A larger run is a group of its own.
    """
    sizes = [ref.size or _UNKNOWN_BYTES for ref in refs]
    count = max(1, -(-sum(sizes) // size))
    share = sum(sizes) / count  # so that the last group is not a small rest
    group: list[RunRef] = []
    room = share
    for ref, own in zip(refs, sizes, strict=True):
        if group and own / 2 > room:  # more of it would be outside than inside
            yield tuple(group)
            group, room = [], share
        group.append(ref)
        room -= own
    if group:
        yield tuple(group)


def _read(refs: Sequence[RunRef], *, tags: Names | None, how: dict[str, Any]) -> pd.DataFrame:
    """Reads a partition, in a worker."""
    import pyarrow as pa

    table = pa.Table.from_batches(iter_batches(refs, tags=tags, **how), scalar_schema(times=how["times"]))
    return _frame(table)


def _frame(table: Any) -> pd.DataFrame:
    """Returns a table as pandas has it: runs and tags are strings of Arrow, as they are everywhere in Dask."""
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype({"run": "string[pyarrow]", "tag": "string[pyarrow]"})
