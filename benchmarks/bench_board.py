"""What the board costs: from the command to all tags served, beside TensorBoard where it is installed.

    python benchmarks/bench_board.py [--quick] [--tensorboard]

A client asks for what a page asks for: the list of runs, then every tag of every run, each once. Times are wall time
since the command was started; CPU time and peak memory are those of the server's process. With ``--tensorboard``, the
same is asked of TensorBoard's API, with its default loader.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import numpy as np
from harness import main, table

from tbevents import SummaryWriter

CASES = {
    "200 runs x 10 tags x 1,000 points": (200, 10, 1_000),
    "2,000 runs x 20 tags x 50 points": (2_000, 20, 50),
    "1 run x 1 tag x 10M points": (1, 1, 10_000_000),
}


def write(folder, runs, tags, points):
    rng = np.random.default_rng(0)
    steps = np.arange(points)
    values = rng.normal(size=points)
    for run in range(runs):
        with SummaryWriter(folder / f"run{run:05}") as writer:
            for tag in range(tags):
                writer.add_scalar_columns(f"metric{tag}", steps, values + run, 1.7e9 + steps)


def used(pid):
    """CPU seconds, and peak memory in megabytes, of a process with its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    (peak,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return cpu, int(peak.split()[1]) / 1024


def board(folder, tags):
    """(seconds to the list of runs, to points of each run, to all tags served, CPU seconds, MB)."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tbevents.cli", "board", str(folder), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    base = url.partition("?")[0]
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    client.open(url).read()
    known, runs, listed, begun, parts = {}, 0, None, None, {}
    with client.open(f"{base}api/events") as stream:
        for line in stream:
            if not line.startswith(b"data: "):
                continue
            told = json.loads(line[6:])
            listed = listed or time.perf_counter() - began
            known.update({each["tag"]: each["number"] for each in told["tags"]})
            runs = max([runs, *(run["number"] + 1 for run in told["runs"])])
            parts.update({run["number"]: run.get("part", False) for run in told["runs"]})
            if not told["unread"]:
                begun = begun or time.perf_counter() - began
                if not any(parts.values()):
                    break
    for number in known.values():
        client.open(f"{base}api/scalars?tag={number}&runs=0-{runs - 1}&points=1800").read()
    served = time.perf_counter() - began
    assert len(known) == tags
    result = (listed, begun, served, *used(process.pid))
    process.terminate()
    process.wait(20)
    return result


def tensorboard(folder, runs, tags):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}/data/plugin/scalars"
    listed, found = None, {}
    while sum(map(len, found.values())) < runs * tags:
        time.sleep(0.05)
        try:
            found = json.load(urllib.request.urlopen(f"{base}/tags"))
        except (urllib.error.URLError, ConnectionError):
            continue
        if found and listed is None:
            listed = time.perf_counter() - began
        if time.perf_counter() - began > 60:
            break
    for tag in range(tags):
        body = "&".join([f"tag=metric{tag}", *(f"runs=run{run:05}" for run in range(runs))]).encode()
        asked = urllib.request.Request(f"{base}/scalars_multirun", data=body)
        urllib.request.urlopen(asked).read()
    served = time.perf_counter() - began
    result = (listed or served, served, served, *used(process.pid))
    process.terminate()
    process.wait(20)
    return result


def benchmark():
    rows = []
    for name, shape in list(CASES.items())[: 1 if "--quick" in sys.argv else None]:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), *shape)
            rows.append([name, "tbevents", *(f"{each:.2f}" for each in board(folder, shape[1]))])
            if "--tensorboard" in sys.argv:
                rows.append([name, "TensorBoard", *(f"{each:.2f}" for each in tensorboard(folder, *shape[:2]))])
    table(
        ["runs", "server", "runs listed after s", "points of each after s", "all served after s", "CPU s", "peak MB"],
        rows,
    )


if __name__ == "__main__":
    main(benchmark)
