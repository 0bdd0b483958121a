"""Runs of hostile tags and odd values, and whether they are the same."""

import math
import sys

import numpy as np
import pytest

import tbevents

HOSTILE = [
    "plain",
    'a "quoted", tag',
    "line\nbreak\r\n",
    "a lone\rreturn",
    "\x1b[31mred",
    "ünï/çode",
    "=1+1",
    " blank ",
    "",
    "NaN",
    "run",
    "step",
]
HOSTILE += ["tag", "value", "Value", "Wall time", "wall_time", "tag/step", "tag/tag/step", "tag/x"]
if sys.version_info >= (3, 11):  # before, Python's csv knows no NUL
    HOSTILE.append("nul\0")
VALUES = [0.1, math.nan, math.inf, -math.inf, -0.0, 1e-45, 3.4028234663852886e38, 2.0**24, 1 / 3]
STEPS = [0, 1, 2, 2, 1, -5, 2**62, -(2**63), 2**63 - 1]
FORMATS = ["csv", "jsonl", "parquet", "arrow"]


def bits(path):
    """Every point of every run, exactly."""
    return {
        (run, tag): (series.steps.tobytes(), series.wall_times.tobytes(), series.values.astype(np.float64).tobytes())
        for run, each in tbevents.read_logdir(path).items()
        for tag, series in each.scalars.items()
    }


def need(kind):
    if kind in ("parquet", "arrow"):
        pytest.importorskip("pyarrow", reason=f"{kind} needs pyarrow")
