"""CPU time of a sync of which few runs changed, against the first one.

python benchmarks/bench_sync.py            # 2,000 runs of 20 tags x 50 points, of which 20 change
python benchmarks/bench_sync.py --quick    # 200 runs, of which 2 change
"""

import os
import shutil
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


def benchmark():
    runs = 200 if "--quick" in sys.argv else 2000
    folder, lake = HOME / f"{runs}x{TAGS}x{POINTS}", HOME / "lake"
    write(folder, runs, TAGS, POINTS)
    shutil.rmtree(lake, ignore_errors=True)
    first = once("sync", folder, lake)
    assert first["read"] == runs
    nothing = once("sync", folder, lake)
    assert nothing["read"] == 0
    for file in sorted(folder.glob("*/*/*tfevents*"))[::100]:
        status = file.stat()
        os.utime(file, (status.st_atime, status.st_mtime + 1))
    few = once("sync", folder, lake)
    assert few["read"] == runs // 100
    print("| sync | CPU, s | part of the first |\n|---|---|---|")
    cases = ((f"first, {runs:,} runs", first), (f"{runs // 100} changed", few), ("nothing changed", nothing))
    for name, found in cases:
        print(f"| {name} | {found['cpu']:.2f} | 1/{first['cpu'] / found['cpu']:.1f} |")


if __name__ == "__main__":
    main(benchmark)
