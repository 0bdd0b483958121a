"""The scalars of a large run, a part at a time: memory is that of one part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tbevents.errors import FileChangedError
from tbevents.reading.options import ReadOptions
from tbevents.reading.points import PointColumns
from tbevents.reading.problem import OnProblem, Problem
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.source import FileSource

_PART_POINTS: Final = 1 << 17
"""Number of points of a part, of all tags together; it is more only if one block of the file holds more."""


def can_be_parted(options: ReadOptions) -> bool:
    """Returns True if points can be handed out before the whole run is read: later points remove none of them."""
    return options.restarts == options.duplicates == "keep" and not options.strict


def scalar_parts(
    source: FileSource, options: ReadOptions, table: SkeletonTable, on_problem: OnProblem
) -> Iterator[list[tuple[str, PointColumns]]]:
    """Yields the scalar points of a run in parts, in the order of the files; in each part, tag by tag.

    If a file is replaced or truncated meanwhile, that is a problem of the run: parts yielded before are not taken back.
    The options must be such that the run `can_be_parted`. Problems are passed to `on_problem` at the end of each file.

    Raises:
        OSError: if no file can be read, and the caller named the path.
    """
    files, unlisted = source.find({})
    for problem in unlisted:
        on_problem(problem)
    builder = RunBuilder(table, options)
    errors: list[OSError] = []
    for file in files:
        reader = source.open(file, patient=False)
        try:
            for _ in builder.add_stretches(reader):
                if builder.held_scalars() >= _PART_POINTS:
                    yield builder.release_scalars()
        except FileChangedError as error:
            on_problem(Problem.unreadable(file.url, error, reader.offset, reader.record))
        for problem in reader.problems:
            on_problem(problem)
        errors += [] if reader.error is None or reader.offset else [reader.error]
    if source.named and files and len(errors) == len(files):
        raise errors[0]  # nothing of what the caller named can be read
    if builder.held_scalars():
        yield builder.release_scalars()
