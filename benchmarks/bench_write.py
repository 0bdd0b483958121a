"""What logging costs: CPU time per call, all that is done in the background and on close included, and memory.

    python benchmarks/bench_write.py [--quick]

Beside tbevents: tensorboardX, TensorBoard's EventFileWriter with a plain Summary, and torch, where installed. Checksums
are crcmod's, also where google-crc32c is installed.
"""

import importlib.util
import sys
import tempfile

from harness import main, medians, once, table, worker

sys.modules["google_crc32c"] = None  # what is measured is what every installation has; the peers do not use it


@worker
def tbevents(calls, tags):
    from tbevents import SummaryWriter

    return scalars(SummaryWriter(tempfile.mkdtemp()), int(calls), int(tags))


@worker
def tbevents_scalars(calls, tags):
    from tbevents import SummaryWriter

    return groups(SummaryWriter(tempfile.mkdtemp()), int(calls), int(tags))


@worker
def tensorboardX(calls, tags):  # noqa: N802
    from tensorboardX import SummaryWriter

    return scalars(SummaryWriter(tempfile.mkdtemp()), int(calls), int(tags))


@worker
def torch(calls, tags):
    from torch.utils.tensorboard import SummaryWriter

    return scalars(SummaryWriter(tempfile.mkdtemp()), int(calls), int(tags))


@worker
def torch_scalars(calls, tags):
    from torch.utils.tensorboard import SummaryWriter

    return groups(SummaryWriter(tempfile.mkdtemp()), int(calls), int(tags))


@worker
def tensorboard(calls, tags):
    import time

    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(tempfile.mkdtemp())
    names = [f"tag/{k}" for k in range(int(tags))]

    def work():
        for step in range(int(calls) // len(names)):
            for name in names:
                summary = Summary(value=[Summary.Value(tag=name, simple_value=0.5)])
                writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
        writer.close()

    return int(calls), work


@worker
def tbevents_columns(points, tags):
    """Whole series at once, in ten calls of each."""
    import numpy as np

    from tbevents import SummaryWriter

    writer = SummaryWriter(tempfile.mkdtemp())
    size = int(points) // int(tags) // 10
    steps, values = np.arange(size), np.random.default_rng(1).normal(size=size)

    def work():
        for part in range(10):
            for tag in range(int(tags)):
                writer.add_scalar_columns(f"tag/{tag}", steps + part * size, values)
        writer.close()

    return size * 10 * int(tags), work


@worker
def tbevents_histogram(values):
    from tbevents import SummaryWriter

    return histograms(SummaryWriter(tempfile.mkdtemp()), int(values))


@worker
def torch_histogram(values):
    from torch.utils.tensorboard import SummaryWriter

    return histograms(SummaryWriter(tempfile.mkdtemp()), int(values))


def histograms(writer, size):
    import numpy as np

    values = np.random.default_rng(1).normal(size=size).astype(np.float32)

    def work():
        for step in range(5):
            writer.add_histogram("weights", values, step)
        writer.close()

    return 5, work


def scalars(writer, calls, tags):
    names = [f"tag/{k}" for k in range(tags)]

    def work():
        for step in range(calls // len(names)):
            for name in names:
                writer.add_scalar(name, 0.5, step)
        writer.close()

    return calls, work


def groups(writer, calls, keys):
    values = {f"key{k}": 0.5 for k in range(keys)}

    def work():
        for step in range(calls):
            writer.add_scalars("group", values, step)
        writer.close()

    return calls, work


def benchmark():
    quick = "--quick" in sys.argv
    ours, theirs, repetitions = (50_000, 2_000, 3) if quick else (500_000, 20_000, 7)
    has_torch = importlib.util.find_spec("torch") is not None
    per_call(ours, theirs, repetitions, has_torch)
    points = [10**6] if quick else [10**6, 10**7]
    rows = []
    for count in points:
        one = medians({"": lambda count=count: once("tbevents_columns", count, 10)}, repetitions)[""]
        rows.append([f"{count:,}", f"{one['count'] / one['cpu'] / 1e6:.1f}", f"{one['peak'] / 1e6:,.0f}"])
    table(["add_scalar_columns, ten tags: points", "million a CPU second", "peak MB"], rows)
    rows = []
    for count in [10**5] if quick else [10**6, 10**7]:
        one = once("tbevents", count, 10)
        rows.append([f"{count:,}", f"{one['peak'] / 1e6:,.0f}"])
    table(["add_scalar, ten tags: calls", "peak MB"], rows)
    peers = ["torch_histogram"] if has_torch else []
    found = medians({who: lambda who=who: once(who, 10**6) for who in ["tbevents_histogram", *peers]}, repetitions)
    table(
        ["add_histogram of a million float32", "CPU ms a call"],
        [[who, one["cpu"] / one["count"] * 1e3] for who, one in found.items()],
    )


def per_call(ours, theirs, repetitions, has_torch):
    for title, name, tags, peers in (
        ("add_scalar, one tag", "tbevents", 1, ["tensorboardX", "tensorboard", "torch"]),
        ("add_scalar, ten tags in turn", "tbevents", 10, ["tensorboardX", "tensorboard", "torch"]),
        ("add_scalars of three keys", "tbevents_scalars", 3, ["torch_scalars"]),
    ):
        peers = [peer for peer in peers if has_torch or not peer.startswith("torch")]
        cases = {
            name: lambda name=name, tags=tags: (
                once(name, ours // tags, tags) if "scalars" in name else once(name, ours, tags)
            )
        }
        for peer in peers:
            cases[peer] = lambda peer=peer, tags=tags: once(peer, theirs, tags)
        found = medians(cases, repetitions)
        cost_of = {who: one["cpu"] / one["count"] * 1e6 for who, one in found.items()}
        table(
            [title, "CPU us a call", "times tbevents"],
            [[who, cost, f"{cost / cost_of[name]:.1f}"] for who, cost in cost_of.items()],
        )


if __name__ == "__main__":
    main(benchmark)
