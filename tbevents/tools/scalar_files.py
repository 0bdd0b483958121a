"""Writes scalar series as event files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.files import StrPath
from tbevents.format.event import header_record
from tbevents.format.scalar_encoder import ScalarEncoder
from tbevents.format.scalar_layout import ScalarForm
from tbevents.run_files import is_event_file
from tbevents.tools.new_files import NewFile, event_file_in, missing_folders, output_path, refuse_run, remove_file

_CHUNK = 65_536
"""Number of points encoded at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class ScalarColumns:
    """The points of one tag in order.

    Attributes:
        tag: the tag, written verbatim.
        steps: int64, shape (n,).
        wall_times: float64 seconds since 1970, shape (n,).
        values: shape (n,).
        form: the encoding of the values; SIMPLE rounds them to float32. None is SIMPLE, or DOUBLE if float32 would make
            a finite value infinite or another value 0. TensorBoard shows DOUBLE only with ``--load_fast=false``.
    """

    tag: str
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[Any]
    form: ScalarForm | None = None


def fits_float32(values: NDArray[Any]) -> bool:
    """Returns True if float32 holds all values exactly; NaN counts as exact."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    return bool(((rounded == values) | np.isnan(values)).all())


def in_range_of_float32(values: NDArray[Any]) -> bool:
    """Returns True if float32 keeps all finite values finite, and is 0 only for 0."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    return bool(((np.isfinite(rounded) == np.isfinite(values)) & ((rounded == 0) == (values == 0))).all())


def write_runs(runs: Mapping[str, Iterable[ScalarColumns]]) -> list[str]:
    """Writes several runs; if one exists already or cannot be written, none is kept.

    Args:
        runs: the series of each run, by its output as in `write_scalars`.

    Returns:
        The files' paths.

    Raises:
        FileExistsError: if a file or run exists already.
        OSError: if one cannot be written.
    """
    for out in runs:
        if not is_event_file(out):
            refuse_run(out)
    written: list[str] = []
    made: list[str] = []
    try:
        for out, series in runs.items():
            made += missing_folders(os.path.dirname(out) if is_event_file(out) else os.fspath(out))
            written.append(write_scalars(out, series))
    except BaseException:
        for path in written:
            remove_file(path)
        for folder in sorted(made, key=len, reverse=True):
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # fails if the folder is not empty
        raise
    return written


def write_scalars(out: StrPath, series: Iterable[ScalarColumns]) -> str:
    """Writes series into an event file, tag by tag.

    Args:
        out: the file if its name is an event file's, else the folder of a new run.
        series: the series to write.

    Returns:
        The file's path.

    Raises:
        FileExistsError: if the file exists, or the folder holds an event file.
        OSError: if it cannot be written.
    """
    several = list(series)
    first_times = [float(each.wall_times.min()) for each in several if len(each.wall_times)]
    start = min(first_times, default=0.0)
    path = output_path(out, "")
    first_of_run = not is_event_file(path)
    if first_of_run:
        path = event_file_in(path, start)
    encoder = ScalarEncoder()
    with NewFile(path, overwrite=False, events=True, first_of_run=first_of_run) as new:
        new.file.write(header_record(start, __name__))
        for each in several:
            form = each.form or (ScalarForm.SIMPLE if in_range_of_float32(each.values) else ScalarForm.DOUBLE)
            number = encoder.add_series(each.tag, form)
            for at in range(0, len(each.steps), _CHUNK):
                chunk = slice(at, at + _CHUNK)
                steps = each.steps[chunk]
                numbers = np.full(len(steps), number, np.intp)
                values = each.values[chunk].astype(np.float64)
                new.file.write(encoder.encode_columns(numbers, steps, each.wall_times[chunk], values))
    return path
