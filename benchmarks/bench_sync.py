"""CPU time of a sync of which few runs changed, against the first one.

python benchmarks/bench_sync.py            # 2,000 runs of 20 tags x 50 points, of which 20 change
python benchmarks/bench_sync.py --quick    # 200 runs, of which 2 change
"""

import os
import shutil
import statistics
import sys

from bench_export import HOME, POINTS, TAGS, write
from harness import main, once, worker


@worker
def sync(folder, lake):
    import deltalake  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import tbevents

    function = tbevents.sync

    def work():
        return {"read": len(function(folder, lake).read)}

    return 1, work


def change(folder):
    """Gives a hundredth of the runs, here and there, another time."""
    for file in sorted(folder.glob("*/*/*tfevents*"))[::100]:
        status = file.stat()
        os.utime(file, (status.st_atime, status.st_mtime + 1))


def round_of(folder, lake, runs):
    """The CPU time of each sync, from the first on."""
    shutil.rmtree(lake, ignore_errors=True)
    found = {}
    for name, read in (
        ("first", runs),
        ("nothing changed", 0),
        ("changed", runs // 100),
        ("the same again", runs // 100),
    ):
        if name not in ("first", "nothing changed"):
            change(folder)
        done = once("sync", folder, lake)
        assert done["read"] == read
        found[name] = done["cpu"]
    return found


def benchmark():
    runs = 200 if "--quick" in sys.argv else 2000
    folder, lake = HOME / f"{runs}x{TAGS}x{POINTS}", HOME / "lake"
    write(folder, runs, TAGS, POINTS)
    rounds = [round_of(folder, lake, runs) for _ in range(3)]
    found = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    print(f"{runs:,} runs, of which {runs // 100} change\n")
    print("| sync | CPU, s | part of the first |\n|---|---|---|")
    for name, cpu in found.items():
        print(f"| {name} | {cpu:.2f} | 1/{found['first'] / cpu:.1f} |")


if __name__ == "__main__":
    main(benchmark)
