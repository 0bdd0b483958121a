"""Measures in fresh processes, interleaved, and prints tables: what all the benchmarks share.

A benchmark is a script with workers: functions that do one thing and are measured alone, each in a process of its own.
`worker` marks them; `main` either runs the one that the command line names, in which case it prints the measurement as
JSON, or the whole benchmark.
"""

import importlib.metadata
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

_workers = {}


def worker(function):
    """Marks what is measured. It gets strings, and returns (count, work): how many things `work` does when called.

    What the function does itself, imports for instance, is not measured.
    """
    _workers[function.__name__] = function
    return function


def main(benchmark):
    """Runs a worker, where the command line says ``--worker NAME ARGUMENTS...``, or else the benchmark.

    With ``--help``, prints what the script says of itself.
    """
    if sys.argv[1:2] == ["--worker"]:
        count, work = _workers[sys.argv[2]](*sys.argv[3:])
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"count": count, "cpu": cpu, "wall": wall, "peak": peak, **(result or {})}))
    elif {"-h", "--help"} & {*sys.argv[1:]}:
        print(sys.modules["__main__"].__doc__)
    else:
        print(machine() + "\n")
        # What benchmark and workers write to temporary folders goes with this one; what TBEVENTS_BENCH names is kept.
        os.environ.setdefault("TBEVENTS_BENCH", tempfile.gettempdir())
        with tempfile.TemporaryDirectory(prefix="tbevents-bench-", ignore_cleanup_errors=True) as folder:
            os.environ["TMPDIR"] = tempfile.tempdir = folder
            benchmark()


def environment():
    """The environment of a process that keeps compiled modules, as an installed package does."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def peak(pid="self"):
    """The most memory that a process has had, in bytes; on systems without /proc, that of this process.

    `getrusage` would count what the parent had when the process began.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        if pid != "self":
            raise
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def browser(width, height):
    """Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking", "no-first-run"):
        options.add_argument(f"--{argument}")
    options.add_argument("--disable-dev-shm-usage")
    options.add_argument(f"--window-size={width},{height}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def board_client(url):
    """A client that has the cookie of a board, and the URL of the board without the token."""
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    client.open(url).read()
    return client, url.partition("?")[0]


def once(name, *arguments):
    """One measurement of a worker in a fresh process: dict with count, cpu and wall in seconds, peak in bytes."""
    command = [sys.executable, sys.argv[0], "--worker", name, *map(str, arguments)]
    # Without the threads that numpy's OpenBLAS starts when it is imported: they spin for some milliseconds in vain.
    env = {**environment(), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def medians(cases, repetitions):
    """Measures several things in turn, again and again, so that a busy moment of the machine meets all alike.

    Args:
        cases: name -> function that takes one measurement.
        repetitions: how often each is measured.

    Returns:
        name -> measurement, the median of each figure.
    """
    taken = {name: [] for name in cases}
    for _ in range(repetitions):
        for name, measure in cases.items():
            taken[name].append(measure())
    return {
        name: {figure: statistics.median(one[figure] for one in all_) for figure in all_[0]}
        for name, all_ in taken.items()
    }


def table(header, rows):
    """Prints a Markdown table; what is no string is right-aligned."""
    cells = [[cell if isinstance(cell, str) else f"{cell:,.3g}" for cell in row] for row in [header, *rows]]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    for number, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print()


def machine():
    """One line on what the figures were taken on."""
    packages = []
    for name in ("numpy", "protobuf", "crcmod", "google-crc32c", "torch", "tensorboardX", "tensorboard"):
        try:
            packages.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            packages.append(f"no {name}")
    try:
        with open("/proc/cpuinfo") as file:
            cpu = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    python = f"Python {platform.python_version()}"
    return f"{time.strftime('%Y-%m-%d')}, {cpu}, {os.cpu_count()} cores, {python}; {', '.join(packages)}"
