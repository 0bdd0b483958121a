"""Runs for the tests of lint: in memory, of columns that are listed."""

import numpy as np

from tbevents.lint import run
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
