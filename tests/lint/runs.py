"""Runs for the tests of lint: in memory, of columns that are listed."""

import numpy as np

from tbevents.lint import run
from tbevents.proto import SummaryMetadata
from tbevents.reading.compact_scalars import CompactScalars, TagLayout
from tbevents.reading.options import ReadOptions
from tbevents.reading.run import Run
from tbevents.reading.run_builder import RunBuilder
from tbevents.reading.run_data import RunData
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.source import FileSource, Reading
from tbevents.testing import MemoryWriter

N = 60
FALLING = 2.0 * np.exp(-np.arange(N) / 15) + 0.1
"""A loss as it should be."""


def noisy(values, share=0.03, seed=0):
    return np.asarray(values) * np.exp(share * np.random.default_rng(seed).standard_normal(len(values)))


def memory_run(**columns):
    """A run of scalar series: values at steps 0, 1 ..., or (steps, values), or (steps, values, wall times).

    ``__`` in a name stands for a slash.
    """
    writer = MemoryWriter()
    for name, column in columns.items():
        steps, values, *times = column if isinstance(column, tuple) else (np.arange(len(column)), column)
        wall_times = times[0] if times else 1e9 + 60.0 * np.arange(len(steps))
        writer.add_scalar_columns(name.replace("__", "/"), np.asarray(steps), np.asarray(values), wall_times)
    return writer.run


def found(subject, *codes, **config):
    """What the rules of these codes find; everything, where none is named."""
    return [each for each in run(subject, config) if not codes or each.code in codes]


def codes(subject, **config):
    return [each.code for each in run(subject, config)]


def compact_run(name, columns, shared=False):
    """A run of any columns, also those that no writer takes: by tag, steps, values and wall times.

    Args:
        name: of the run.
        columns: by tag.
        shared: whether all tags have the steps of the first.
    """
    steps, values, times = zip(*columns.values(), strict=True) if columns else ((), (), ())
    double = any(each.dtype == np.float64 for each in values)
    layout = TagLayout(
        {tag: number for number, tag in enumerate(columns)},
        tuple(SummaryMetadata() for _ in columns),
        tuple(each.dtype == np.float64 for each in values),
        frozenset(),
    )
    scalars = CompactScalars(
        layout,
        tuple(np.cumsum([len(each) for each in values]).tolist()),
        steps[0].copy() if shared else joined(steps, np.int64),
        joined(times, np.float64),
        joined(values, np.float64 if double else np.float32),
    )
    data = RunData.of_compact(ReadOptions(), scalars, 1e9)
    builder = RunBuilder.of_files(SkeletonTable(), data, ["file"], len(scalars._values))
    return Run(FileSource("nowhere"), name=name, warn=False, reading=Reading(builder, {}, ("file",)))


def joined(arrays, dtype):
    return np.concatenate(arrays, dtype=dtype) if arrays else np.empty(0, dtype)
