"""What the pytest plugin costs those who do not use it: CPU time of collecting nothing, with the plugin and without.

    python benchmarks/bench_plugin.py [--quick]

It has to be installed, so that pytest finds it by its entry point; ``-p no:tbevents`` is the measurement without.
"""

import importlib.metadata
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import environment, main, table

LIMIT = 15.0
"""Milliseconds of CPU time that it may cost."""


def collect(folder, *options):
    """One session in a fresh process: its CPU and wall time in milliseconds."""
    command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *options]
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 5:  # pytest's word for no tests
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu * 1000, "wall": wall * 1000}


def benchmark():
    if not any(point.name == "tbevents" for point in importlib.metadata.entry_points(group="pytest11")):
        raise SystemExit("the plugin is not installed here: pip install tbevents")
    cases = {"with the plugin": (), "without it": ("-p", "no:tbevents")}
    taken = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        for options in cases.values():
            collect(folder, *options)  # the first session writes the cache of what it compiles
        for repetition in range(9 if "--quick" in sys.argv else 61):
            for name in list(cases) if repetition % 2 else list(cases)[::-1]:
                taken[name].append(collect(folder, *cases[name]))
    table(
        ["pytest --co -q, nothing to collect", "CPU ms", "wall ms"],
        [
            [name, *(f"{statistics.median(one[figure] for one in all_):.1f}" for figure in ("cpu", "wall"))]
            for name, all_ in taken.items()
        ],
    )
    # Of neighbours in time, since the machine's speed drifts by more than is measured.
    more = statistics.median(a["cpu"] - b["cpu"] for a, b in zip(*taken.values(), strict=True))
    print(f"The plugin costs {more:.1f} ms of CPU time, the median difference of neighbours; the limit is {LIMIT:.0f}.")
    if more > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main(benchmark)
