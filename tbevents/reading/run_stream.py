"""Runs one after the other, for those who need each only once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tbevents.reading.options import ReadOptions
from tbevents.reading.run import Run, open_quietly
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.small_runs import FIRST, MOST, SmallRunReader
from tbevents.reading.source import FileSource


def open_runs(paths: Mapping[str, str], options: ReadOptions) -> Iterator[Run]:
    """Yields runs, opened one after the other by name and path; a few megabytes of small ones are read ahead.

    No warning is issued: what cannot be read is on the problems of the runs.

    Raises:
        DamagedFileError, OSError: as `read_run`, at the run in question.
    """
    table = SkeletonTable(verify=options.verify)
    reader = SmallRunReader(table, options)
    names, at, count = list(paths), 0, FIRST
    while at < len(names):
        sources = {name: FileSource(paths[name], options, named=False) for name in names[at : at + count]}
        readings = reader.read(list(sources.values())) if len(sources) > 1 else [None]
        at, count = at + len(readings), min(2 * count, MOST)
        readings.reverse()
        for name, source in sources.items():
            if not readings:
                break
            reading = readings.pop()  # the caller alone keeps the run
            if reading is not None:
                yield Run(source, name=name, options=options, warn=False, reading=reading)
            else:
                yield open_quietly(paths[name], name, options, table)
