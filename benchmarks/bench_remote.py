"""What 200 runs in a bucket cost: requests and time, with 50 ms a request; and reloading them with nothing new.

The bucket is a moto server on loopback, in a process of its own, that counts requests and delays each.

python benchmarks/bench_remote.py [--runs N]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from harness import main, once, table, worker

TAGS, POINTS, DELAY = 20, 50, 0.05
BUCKET = "bucket"

SERVER = """
import json, sys, threading, time
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
app, lock, state = server._server.app, threading.Lock(), {"requests": 0, "flying": 0, "most": 0}

def counted(environ, start):
    if environ["PATH_INFO"] == "/counts":
        start("200 OK", [])
        with lock:
            body = json.dumps(state).encode()
            state.update(requests=0, most=0)
        return [body]
    with lock:
        state["requests"] += 1
        state["flying"] += 1
        state["most"] = max(state["most"], state["flying"])
    try:
        time.sleep(float(sys.argv[1]) if environ["REQUEST_METHOD"] == "GET" else 0)
        return app(environ, start)
    finally:
        with lock:
            state["flying"] -= 1

server._server.app = counted
import logging
logging.getLogger("werkzeug").setLevel(logging.ERROR)
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


def connect(endpoint):
    """Has fsspec use the server."""
    import fsspec.config

    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    fsspec.config.conf["s3"] = {"endpoint_url": endpoint}


def counts(endpoint):
    """The requests since the last call, and the most that were in flight at once."""
    with urllib.request.urlopen(f"{endpoint}/counts") as answer:
        return json.loads(answer.read())


def warm():
    """Has s3fs load its client, which takes a second and has nothing to do with reading."""
    import fsspec

    fsspec.filesystem("s3", config_kwargs={"max_pool_connections": 32}).exists(f"{BUCKET}/none")


@worker
def read_all(endpoint):
    """Listing and reading all runs, all series."""
    import tbevents

    connect(endpoint)
    warm()
    counts(endpoint)

    def work():
        logdir = tbevents.read_logdir(f"s3://{BUCKET}/runs")
        points = sum(len(series) for run in logdir.values() for series in run.scalars.values())
        return {"points": points, **counts(endpoint)}

    return 1, work


@worker
def reload(endpoint):
    """Reloading them with nothing new."""
    import tbevents

    connect(endpoint)
    logdir = tbevents.read_logdir(f"s3://{BUCKET}/runs")
    list(logdir.values())
    counts(endpoint)

    def work():
        logdir.reload()
        return counts(endpoint)

    return 1, work


@worker
def one_run(endpoint):
    """Reading one run by its URL."""
    import tbevents

    connect(endpoint)
    warm()
    counts(endpoint)

    def work():
        tbevents.read_run(f"s3://{BUCKET}/runs/r00000")
        return counts(endpoint)

    return 1, work


def make(endpoint, runs):
    """Puts the runs into the bucket."""
    import fsspec

    import tbevents

    connect(endpoint)
    fs = fsspec.filesystem("s3")
    fs.mkdir(BUCKET)
    with tempfile.TemporaryDirectory() as folder:
        with tbevents.SummaryWriter(folder) as writer:
            for step in range(POINTS):
                for tag in range(TAGS):
                    writer.add_scalar(f"metric_{tag}", step / (tag + 1), step)
        (path,) = Path(folder).iterdir()
        data = path.read_bytes()
    fs.pipe({f"{BUCKET}/runs/r{number:05}/{path.name}": data for number in range(runs)})


def benchmark():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    command = [sys.executable, "-c", SERVER, str(DELAY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            endpoint = server.stdout.readline().strip()
            make(endpoint, runs)
            rows = []
            for title, name in (
                (f"{runs} runs x {TAGS} tags x {POINTS} points", "read_all"),
                ("reload, nothing new", "reload"),
                ("read_run of one", "one_run"),
            ):
                tries = [once(name, endpoint) for _ in range(3)]
                best = min(tries, key=lambda each: each["wall"])
                if name == "read_all":
                    assert best["points"] == runs * TAGS * POINTS
                rows.append((title, best["requests"], best["most"], f"{best['wall']:.2f}", f"{best['cpu']:.2f}"))
            table(("best of three", "requests", "in flight", "wall, s", "CPU, s"), rows)
        finally:
            server.stdin.close()


if __name__ == "__main__":
    main(benchmark)
