"""The first run: log a few curves, read them back, compare every value, and look at them.

    python examples/first_run.py [FOLDER]

Writes 100 steps of ``y=2x``, ``y=pow(2, x)`` and a group of three curves below FOLDER (``runs`` by default), each time
into a new run, reads the runs back and checks that nothing differs from what was logged.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

import numpy as np

import tbevents
from tbevents import SummaryWriter

STEPS = 100


def curves(x):
    """Returns the values to log at a step, by tag."""
    return {
        "y=2x": x * 2,
        "y=pow(2, x)": 2**x,
        "data/scalar_group": {"xsinx": x * np.sin(x), "xcosx": x * np.cos(x), "arctanx": np.arctan(x)},
    }


def write(folder):
    with SummaryWriter(folder) as writer:
        for x in range(STEPS):
            for tag, value in curves(x).items():
                if isinstance(value, dict):
                    writer.add_scalars(tag, value, x)
                else:
                    writer.add_scalar(tag, value, x)


def expected():
    """Returns the expected values, as float32, by run (relative to the folder) and tag."""
    series = {}
    for x in range(STEPS):
        for tag, value in curves(x).items():
            group = value if isinstance(value, dict) else {None: value}
            for key, number in group.items():
                # add_scalars writes a run for each key; TensorBoard draws all runs of a tag in one chart.
                run = "." if key is None else f"{tag.replace('/', '_')}_{key}"
                series.setdefault((run, tag), []).append(np.float32(number))
    return series


def compare(folder):
    """Prints a line for each series; returns how many differ from what was logged."""
    logdir = tbevents.read_logdir(folder)
    print(f"{'run':<28} {'tag':<18} {'points':>6} {'first':>10} {'last':>12}")
    wrong = 0
    for (run, tag), values in expected().items():
        series = logdir[run].scalars[tag]
        same = np.array_equal(series.values, values) and np.array_equal(series.steps, np.arange(STEPS))
        first, last = series.first.value, series.last.value
        print(f"{run:<28} {tag:<18} {len(series):>6} {first:>10.4g} {last:>12.5g}{'' if same else '  DIFFERS'}")
        wrong += not same
    return wrong


def main():
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        sys.exit(__doc__)
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    folder = parent / f"first_run_{datetime.now():%b%d_%H-%M-%S-%f}"  # a new run each time
    write(folder)
    wrong = compare(folder)
    if wrong:
        sys.exit(f"{wrong} series differ from what was logged")
    print("\nEvery value is what was logged. To look at the curves, in TensorBoard or on a page:\n")
    print(f"    tensorboard --logdir {parent}")
    # `uv run --no-project` uses a temporary environment.
    python = "uv run --no-project --with . python" if "UV_RUN_RECURSION_DEPTH" in os.environ else sys.executable
    write_page = f"from tbevents.tools.report import report; report({str(parent)!r}, 'report.html')"
    print(f'    {python} -c "{write_page}"')


if __name__ == "__main__":
    main()
