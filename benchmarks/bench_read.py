"""What reading scalars costs, beside the other readers: CPU and wall time, and peak memory.

    python benchmarks/bench_read.py [CASE...]

Each measurement is the first read of a fresh process; imports are not counted, the start of TensorBoard's data server
is (some milliseconds). Every reader gets all scalars, nothing sampled, but for the data server, which keeps 1,000 a
tag. The files are made once, below the folder that the environment variable TBEVENTS_BENCH names, or the temporary
one.
"""

import itertools
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import main, medians, once, peak, table, worker

FOLDER = Path(os.environ.get("TBEVENTS_BENCH", tempfile.gettempdir())) / "tbevents-bench"

# name -> (runs, events a run, tags, form); a loop logs all tags at each step, unless the name says otherwise
CASES = {
    "10k": (1, 10_000, 10, "simple"),
    "100k": (1, 100_000, 10, "simple"),
    "1M": (1, 1_000_000, 10, "simple"),
    "5M": (1, 5_000_000, 10, "simple"),
    "1M-200tags": (1, 1_000_000, 200, "simple"),
    "1M-5000tags": (1, 1_000_000, 5_000, "simple"),
    "1M-tf2": (1, 1_000_000, 10, "tf2"),
    "1M-epochs": (1, 1_000_000, 10, "simple"),  # three more tags after every hundredth step
    "1M-random": (1, 1_000_000, 10, "simple"),  # one of the tags at a time
    "tree": (200, 5_000, 10, "simple"),
}
SLOW = {"EventAccumulator": "EventAccumulator", "tbparse": "tbparse", "protobuf loop": "protobuf"}
REPEATED = {"10k": 5, "100k": 3}  # how often those are measured; the others once


def files(case):
    """The logdir of a case; written where it is not there yet."""
    runs, events, tags, form = CASES[case]
    logdir = FOLDER / case
    if not (logdir / "done").exists():
        for run in range(runs):
            write(logdir / f"run{run:03}" if runs > 1 else logdir, events, tags, form, case.rpartition("-")[2])
        (logdir / "done").touch()
    return logdir


def write(folder, events, tags, form, order):
    from tbevents import EventFileWriter
    from tbevents.format.record import encode_record
    from tbevents.proto import Event, Summary, SummaryMetadata, TensorProto

    names = [f"{'train' if k % 2 else 'validation'}/metric_{k}" for k in range(tags)]
    with EventFileWriter(folder) as writer:
        if form == "simple":
            logged = random_tags(names, events) if order == "random" else loop(names, events, order == "epochs")
            for step, name in logged:
                writer.add_scalar(name, step / 10, step, 1.7e9 + step / 50)
            return
    # As tf.summary.scalar writes it: a tensor with its bytes in tensor_content, and the metadata in every event.
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"), data_class=1)
    with open(writer.path, "ab") as file:
        for step in range(events // tags):
            for name in names:
                tensor = TensorProto(dtype=1, tensor_content=struct.pack("<f", step / 10))
                tensor.tensor_shape.SetInParent()
                value = Summary.Value(tag=name, tensor=tensor, metadata=metadata)
                event = Event(wall_time=1.7e9 + step / 50, step=step, summary=Summary(value=[value]))
                file.write(encode_record(event.SerializeToString()))


def loop(names, events, epochs):
    """Step and tag of each event of a training loop; with `epochs`, of a validation every hundred steps, too."""
    validation = [f"validation/metric_{k}" for k in (1, 3, 5)] if epochs else []
    steps = ((step, name) for step in itertools.count() for name in names + (validation if step % 100 == 99 else []))
    return itertools.islice(steps, events)


def random_tags(names, events):
    """Step and tag of each of some events in no order."""
    rng = random.Random(1)
    return ((event // len(names), rng.choice(names)) for event in range(events))


@worker
def tbevents(logdir, threads="1"):
    import tbevents

    tbevents.read_logdir, tbevents.Run  # noqa: B018  # imports them

    def work():
        for run in tbevents.read_logdir(logdir, threads=None if threads == "all" else int(threads)).values():
            for series in run.scalars.values():
                series.values  # noqa: B018  # all that was put off

    return 1, work


@worker
def EventAccumulator(logdir):  # noqa: N802
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def work():
        for folder in run_folders(logdir):
            EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0}).Reload()

    return 1, work


@worker
def tbparse(logdir):
    from tbparse import SummaryReader

    return 1, lambda: SummaryReader(logdir, event_types={"scalars", "tensors"}).scalars.size and None


@worker
def protobuf(logdir):
    """The plain loop: unframe, verify, parse, append."""
    import crcmod.predefined

    from tbevents.proto import Event

    try:
        from google_crc32c import value as crc32c
    except ImportError:
        crc32c = crcmod.predefined.mkPredefinedCrcFun("crc-32c")

    def work():
        for folder in run_folders(logdir):
            (path,) = Path(folder).glob("*tfevents*")
            data, at, series = path.read_bytes(), 0, {}
            while at < len(data):
                (length,) = struct.unpack_from("<Q", data, at)
                payload = data[at + 12 : at + 12 + length]
                crc = crc32c(payload)
                stored = struct.unpack_from("<I", data, at + 12 + length)[0]
                if stored != ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF:
                    raise SystemExit("checksum")
                event = Event.FromString(payload)
                for value in event.summary.value:
                    number = value.simple_value
                    if value.HasField("tensor"):
                        (number,) = struct.unpack("<f", value.tensor.tensor_content)
                    series.setdefault(value.tag, []).append((event.step, event.wall_time, number))
                at += 16 + length

    return 1, work


@worker
def data_server(logdir):
    """TensorBoard's own server, in Rust, checksums off, which is its default."""
    from tensorboard_data_server import server_binary

    def work():
        command = [server_binary(), "--logdir", logdir, "--reload", "once", "--port", "0", "-v"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
            wall = next(found for line in server.stderr if (found := re.search(r"Finished load cycle \((.*?)\)", line)))
            stat = Path(f"/proc/{server.pid}/stat").read_text().split()
            most = peak(server.pid)
            server.kill()
        ticks = os.sysconf("SC_CLK_TCK")
        return {
            "cpu": (int(stat[13]) + int(stat[14])) / ticks,
            "wall": seconds(wall[1]),
            "peak": most,
        }

    return 1, work


def seconds(text):
    """A duration as Rust prints it, for instance 884.09ms."""
    number, unit = re.fullmatch(r"([\d.]+)(\D+)", text).groups()
    return float(number) * {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]


def run_folders(logdir):
    return sorted({str(path.parent) for path in Path(logdir).rglob("*tfevents*")})


def benchmark():
    chosen = sys.argv[1:] or list(CASES)
    for case in chosen:
        runs, events, tags, _ = CASES[case]
        total = runs * events
        logdir = files(case)
        cases = {"tbevents": lambda logdir=logdir: once("tbevents", logdir)}
        if runs > 1:
            cases["tbevents, all threads"] = lambda logdir=logdir: once("tbevents", logdir, "all")
        cases["data server (Rust)"] = lambda logdir=logdir: once("data_server", logdir)
        found = medians(cases, 7)
        slow = {who: lambda name=name, logdir=logdir: once(name, logdir) for who, name in SLOW.items()}
        found |= medians(slow, REPEATED.get(case, 1))
        base = found["tbevents"]["cpu"]
        columns = f"{case}: {runs} x {events:,} events, {tags} tags"
        table(
            [columns, "CPU us an event", "times tbevents", "wall s", "peak MB"],
            [
                [who, one["cpu"] / total * 1e6, f"{one['cpu'] / base:.1f}", one["wall"], f"{one['peak'] / 1e6:,.0f}"]
                for who, one in found.items()
            ],
        )


if __name__ == "__main__":
    main(benchmark)
