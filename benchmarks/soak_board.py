"""Whether a board's memory stays flat while runs train: an hour of many live runs, told in minutes.

    python benchmarks/soak_board.py [--runs 50] [--points 3600] [--minutes 5] [--memory 64]

A writer appends to all runs in turn, `points` points of each of three tags in all, flushed as often as a training that
lasts an hour would flush in that time. Some runs are removed and begin again meanwhile. A client follows the stream,
and fetches the curves that have changed, as an open page does. The memory is that of the server's process, each tenth
of the time; what the points themselves take is beside it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness import board_client, machine, table

from tbevents import SummaryWriter

TAGS = ("loss", "accuracy", "lr")
AGAIN = 5  # runs that are removed and begin again, at a half of the time


def write(folder, options, done):
    writers = [SummaryWriter(folder / f"run{number:03}", flush_secs=3600) for number in range(options.runs)]
    rounds = 60
    each = options.points // rounds
    began = time.monotonic()
    for number in range(rounds):
        if number == rounds // 2:
            for place in range(AGAIN):
                writers[place].close()
                shutil.rmtree(folder / f"run{place:03}")
                writers[place] = SummaryWriter(folder / f"run{place:03}", flush_secs=3600)
        for writer in writers:
            for step in range(number * each, (number + 1) * each):
                for tag in TAGS:
                    writer.add_scalar(tag, 1 / (step + 1), step)
            writer.flush()
        time.sleep(max(0, began + (number + 1) * options.minutes * 60 / rounds - time.monotonic()))
    for writer in writers:
        writer.close()
    done.set()


def follow(url, options, seen):
    """What an open page does: the stream, and each changed tag of all runs."""
    client, base = board_client(url)
    tags = {}
    with client.open(f"{base}api/events") as stream:
        for line in stream:
            if not line.startswith(b"data: "):
                continue
            told = json.loads(line[6:])
            tags.update({each["tag"]: each["number"] for each in told["tags"]})
            for run in told["runs"]:
                for _, count in run.get("kinds", {}).get("scalars", ()):
                    seen[run["number"]] = count
            for number in tags.values():
                client.open(f"{base}api/scalars?tag={number}&runs=0-{options.runs + AGAIN}&points=600").read()


def resident(pid):
    """Megabytes."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--points", type=int, default=3600)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--memory", type=int, default=512)
    options = parser.parse_args()
    print(machine() + "\n")
    folder = Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "tbevents.cli", "board", str(folder), "--quiet", "--no-open", "--port", "0"]
    process = subprocess.Popen([*command, "--memory", str(options.memory)], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        done, seen, rows = threading.Event(), {}, []
        threading.Thread(target=follow, args=(url, options, seen), daemon=True).start()
        threading.Thread(target=write, args=(folder, options, done), daemon=True).start()
        for part in range(1, 13):  # a little longer than the writing
            time.sleep(options.minutes * 6)
            points = sum(seen.values()) * len(TAGS)
            descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
            rows.append([f"{part / 10:.1f}", f"{points:,}", resident(process.pid), 20 * points / 2**20, descriptors])
            print(*rows[-1], flush=True)
        assert done.wait(60)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)
    print()
    table(["of the time", "points seen", "server MB", "of these, columns of points MB", "open files"], rows)


if __name__ == "__main__":
    main()
