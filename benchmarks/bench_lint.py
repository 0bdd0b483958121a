"""What linting many runs costs, beside reading them.

python benchmarks/bench_lint.py [RUNS]
"""

import shutil
import sys
import tempfile

import numpy as np
from harness import main, medians, once, table, worker

TAGS = ["train/loss", "val/loss", "accuracy", "lr", *(f"metrics/{number:02}" for number in range(16))]
POINTS = 50


def logged(folder, runs):
    """Writes runs of 20 tags, one of them with a NaN."""
    from tbevents import SummaryWriter

    rng = np.random.default_rng(0)
    for number in range(runs):
        with SummaryWriter(f"{folder}/{number % 20:02}/{number:04}") as writer:
            noise = 1 + 0.02 * rng.standard_normal((POINTS, len(TAGS)))
            for step in range(POINTS):
                for at, tag in enumerate(TAGS):
                    writer.add_scalar(tag, np.exp(-step / 20) * noise[step, at], step)
            if number == runs // 2:
                writer.add_scalar("train/loss", np.nan, POINTS)


@worker
def read(logdir):
    """Reading all, and taking every series."""
    import tbevents

    tbevents.read_logdir, tbevents.Run  # noqa: B018  # imports them

    def work():
        for run in tbevents.read_logdir(logdir).values():
            for series in run.scalars.values():
                series.values  # noqa: B018  # all that was put off

    return 1, work


@worker
def stream(logdir):
    """The same, with each run released before the next is read."""
    from tbevents.tools import iter_runs

    def work():
        for run in iter_runs(logdir):
            for series in run.scalars.values():
                series.values  # noqa: B018

    return 1, work


@worker
def lint(logdir):
    """All rules."""
    import tbevents.lint

    def work():
        (found,) = tbevents.lint.run(logdir)
        assert found.code == "TB101"

    return 1, work


def benchmark():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    folder = tempfile.mkdtemp()
    try:
        logged(folder, runs)
        cases = {
            "read_logdir, every series": lambda: once("read", folder),
            "iter_runs, every series": lambda: once("stream", folder),
            "lint.run": lambda: once("lint", folder),
        }
        found = medians(cases, 5)
    finally:
        shutil.rmtree(folder)
    least = found["read_logdir, every series"]["cpu"]
    rows = [
        [what, one["cpu"], one["cpu"] / runs * 1e3, f"{one['cpu'] / least:.2f}", one["peak"] / 1e6]
        for what, one in found.items()
    ]
    title = f"{runs:,} runs of {len(TAGS)} tags, {POINTS} points each"
    table([title, "CPU s", "ms a run", "of reading", "peak MB"], rows)


if __name__ == "__main__":
    main(benchmark)
