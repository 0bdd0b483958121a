"""CPU time and memory of 2,000 and 10,000 small runs, and of one large run, to Arrow and Parquet.

    python benchmarks/bench_export.py            # 2,000 runs, and 6 million points
    python benchmarks/bench_export.py --quick    # 100 runs, and 300,000 points
    python benchmarks/bench_export.py --full     # also 10,000 runs, and 30 million points: some minutes, 2 GB of disk

Peaks are those above what the imports take. The rows of "to Arrow" are let go, as those of a stream are.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import main, once, peak, worker

HOME = Path(os.environ.get("TBEVENTS_BENCH", tempfile.gettempdir())) / "tbevents-bench-export"
TAGS, POINTS = 20, 50


def write(folder, runs, tags, points):
    """Runs of scalars; those that are there already are left as they are."""
    from tbevents.tools.scalar_files import ScalarColumns, write_scalars

    steps = np.arange(points)
    rng = np.random.default_rng(0)
    for run in range(runs):
        target = folder / f"exp{run // 100:03}" / f"run{run:05}"
        if not target.is_dir():
            times = 1.7e9 + 100 * run + steps / 2
            series = [ScalarColumns(f"metrics/{tag:02}", steps, times, rng.random(points)) for tag in range(tags)]
            write_scalars(target, series)


@worker
def batches(folder):
    import pyarrow as pa  # noqa: F401

    import tbevents

    tbevents.iter_batches  # noqa: B018  # imports it
    base = peak()

    def work():
        rows = sum(batch.num_rows for batch in tbevents.iter_batches(folder))
        return {"rows": rows, "above": peak() - base}

    return 1, work


@worker
def export(folder, out):
    import pyarrow.feather
    import pyarrow.parquet  # noqa: F401

    from tbevents.tools.export import export_table

    base = peak()

    def work():
        rows = export_table(folder, out).rows
        return {"rows": rows, "above": peak() - base}

    return 1, work


def benchmark():
    quick, full = "--quick" in sys.argv, "--full" in sys.argv
    cases = [(100 if quick else 2000, TAGS, POINTS), (1, 10, 30_000 if quick else 600_000)]
    if full:
        cases[1:1] = [(10_000, TAGS, POINTS)]
        cases.append((1, 10, 3_000_000))
    print("| runs x tags x points | to | CPU, s | peak above the imports, MiB |\n|---|---|---|---|")
    for case in cases:
        folder = HOME / "x".join(map(str, case))
        write(folder, *case)
        for name, arguments in (
            ("Arrow batches", ("batches", folder)),
            (".arrow", ("export", folder, HOME / "out.arrow")),
            (".parquet", ("export", folder, HOME / "out.parquet")),
        ):
            found = once(*arguments)
            assert found["rows"] == case[0] * case[1] * case[2]
            size = " x ".join(f"{number:,}" for number in case)
            print(f"| {size} | {name} | {found['cpu']:.1f} | {found['above'] / 2**20:.0f} |")


if __name__ == "__main__":
    main(benchmark)
