"""The examples that ask the table of a sync: equal answers, which a calculation by hand gives, too."""

import math
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from event_files import scalar_event, version_event, write_events

import tbevents

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

VALUES = {"a/seed0": (3.0, 1.0), "a/seed1": (4.0, 2.0), "a/seed2": (5.0, 2.5), "b/seed0": (0.5, math.nan)}


@pytest.fixture
def lake(tmp_path):
    pytest.importorskip("deltalake", reason="writes a Delta table")
    for run, values in {**VALUES, "alone": (6.0,)}.items():
        events = [scalar_event("loss", 10 * step, value, 100.0 + step) for step, value in enumerate(values)]
        again = scalar_event("loss", 0, values[0], 100.5)
        other = scalar_event("other", 0, -9.0)
        write_events(tmp_path / "runs" / run / "events.out.tfevents.1.h", [version_event(), *events, again, other])
    tbevents.sync(tmp_path / "runs", tmp_path / "lake")
    return tmp_path / "lake"


def interval(values):
    return f"{statistics.mean(values):.4g} +- {1.96 * statistics.stdev(values) / math.sqrt(len(values)):.4g}"


@pytest.mark.slow  # starts a process
@pytest.mark.parametrize("example", ["lake_duckdb", "lake_polars"])
def test_the_examples_answer_what_the_values_are(lake, example):
    pytest.importorskip(example.removeprefix("lake_"))
    command = [sys.executable, EXAMPLES / f"{example}.py", lake, "loss"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "last of a/seed0: 1",
        "last of a/seed1: 2",
        "last of a/seed2: 2.5",
        "last of alone: 6",
        "last of b/seed0: nan",
        "best: b/seed0, 0.5 at step 0",
        f"a, step 0: {interval([3, 4, 5])} over 3 seeds",
        f"a, step 10: {interval([1, 2, 2.5])} over 3 seeds",
        "alone, step 0: 6 over 1 seed",
        "b, step 0: 0.5 over 1 seed",
        "b, step 10: nan over 1 seed",
    ]
