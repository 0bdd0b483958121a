"""What the board costs: from the command to all tags served, beside TensorBoard where it is installed.

    python benchmarks/bench_board.py [--quick] [--large] [--tensorboard] [--repeat N]

A client asks for what a page asks for: the list of runs, then every tag of every run, each once. Times are wall time
since the command was started; CPU time and peak memory are those of the server's process, of TensorBoard also those of
its loader. Each figure is the median of N runs, which take turns. With ``--tensorboard``, the same is asked of
TensorBoard's API, with the loader that it chooses itself (the Rust one, where `tensorboard-data-server` is installed)
and with ``--load_fast=false``.

Then a point is flushed, again and again, at moments that have nothing to do with the board's own: how long until a
client without a browser has the server-sent event that tells of it?
"""

import json
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from harness import board_client, environment, main, peak, table

from tbevents import SummaryWriter

CASES = {
    "200 runs x 10 tags x 1,000 points": (200, 10, 1_000),
    "2,000 runs x 20 tags x 50 points": (2_000, 20, 50),
    "1 run x 1 tag x 10M points": (1, 1, 10_000_000),
}
LARGE = {"10,000 runs x 20 tags x 50 points": (10_000, 20, 50)}  # which takes minutes to write


def write(folder, runs, tags, points):
    rng = np.random.default_rng(0)
    steps = np.arange(points)
    values = rng.normal(size=points)
    for run in range(runs):
        with SummaryWriter(folder / f"run{run:05}") as writer:
            for tag in range(tags):
                writer.add_scalar_columns(f"metric{tag}", steps, values + run, 1.7e9 + steps)


def used(pid):
    """CPU seconds, and peak memory in megabytes, of a process and its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    below = [used(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return cpu + sum(child[0] for child in below), peak(pid) / 2**20 + sum(child[1] for child in below)


def started(command, **options):
    """The process of a command."""
    return subprocess.Popen(command, env=environment(), **options)


def start_board(folder):
    """The process of a board, a client that has its cookie, and its URL without the token."""
    command = [sys.executable, "-m", "tbevents.cli", "board", str(folder), "--quiet", "--no-open", "--port", "0"]
    process = started(command, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    return process, *board_client(url)


def messages(stream):
    """The messages of a stream of server-sent events."""
    return (json.loads(line[6:]) for line in stream if line.startswith(b"data: "))


def end(process):
    process.terminate()
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


def board(folder, tags):
    """(seconds to the list of runs, to points of each run, to all tags served, CPU seconds, MB)."""
    began = time.perf_counter()
    process, client, base = start_board(folder)
    known, runs, listed, begun, parts = {}, 0, None, None, {}
    with client.open(f"{base}api/events") as stream:
        for told in messages(stream):
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
    end(process)
    return result


def tensorboard(folder, runs, tags, *more):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", str(port), *more]
    process = started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
    end(process)
    return result


def seen(runs, repetitions):
    """Seconds from each flush of a point to the event that tells of it, while other runs are there and rest."""
    rng = np.random.default_rng(0)
    taken, told = [], queue.Queue()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), runs, 3, 1_000)
        with SummaryWriter(Path(folder) / "live", flush_secs=3600) as writer:
            writer.add_scalar("loss", 1.0, 0)
            writer.flush()
            process, client, base = start_board(folder)
            stream = client.open(f"{base}api/events")

            def listen():
                for message in messages(stream):
                    now = time.perf_counter()
                    for run in message["runs"]:
                        if run["name"] == "live" and "kinds" in run:
                            told.put((now, run["kinds"]["scalars"][0][1]))

            threading.Thread(target=listen, daemon=True).start()
            count = told.get(timeout=60)[1]
            for step in range(1, repetitions + 1):
                time.sleep(rng.uniform(0.5, 1.5))
                writer.add_scalar("loss", 1.0 / step, step)
                flushed = time.perf_counter()
                writer.flush()
                while count <= step:
                    now, count = told.get(timeout=60)
                taken.append(now - flushed)
            end(process)  # which ends the stream, too
    return taken


def benchmark():
    quick = "--quick" in sys.argv
    repetitions = int(sys.argv[sys.argv.index("--repeat") + 1]) if "--repeat" in sys.argv else 1
    rows = []
    cases = CASES | (LARGE if "--large" in sys.argv else {})
    for name, shape in list(cases.items())[: 1 if quick else None]:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), *shape)
            servers = {"tbevents": lambda folder=folder, shape=shape: board(folder, shape[1])}
            if "--tensorboard" in sys.argv:
                for more in ((), ("--load_fast=false",)):
                    called = " ".join(("TensorBoard", *more))
                    servers[called] = lambda folder=folder, shape=shape, more=more: tensorboard(
                        folder, *shape[:2], *more
                    )
            taken = {server: [] for server in servers}
            for _ in range(repetitions):
                for server, measure in servers.items():
                    taken[server].append(measure())
            for server, figures in taken.items():
                rows.append([name, server, *(f"{statistics.median(each):.2f}" for each in zip(*figures, strict=True))])
    table(
        ["runs", "server", "runs listed after s", "points of each after s", "all served after s", "CPU s", "peak MB"],
        rows,
    )
    rows = []
    for runs in (10,) if quick else (10, 1_000):
        taken = seen(runs, 5 if quick else 20)
        rows.append([f"{runs:,}", str(len(taken)), f"{statistics.median(taken):.2f}", f"{max(taken):.2f}"])
    table(["other runs", "points", "flushed, then told after s: median", "worst"], rows)


if __name__ == "__main__":
    main(benchmark)
