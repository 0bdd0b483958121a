"""What many runs cost: small ones beside TensorBoard's data server, `tbevents ls`, processes, and one tag of all runs.

    python benchmarks/bench_many.py [CASE...]

The cases are the keys of CASES below. As in bench_read.py: each measurement is the first read of a fresh process,
imports are not counted, the data server verifies no checksums, and the files are made once.
"""

import os
import resource
import sys

import bench_read
from bench_read import files
from harness import main, medians, once, table, worker

bench_read.CASES |= {
    "500-small": (500, 1_000, 20, "simple"),
    "1000-small": (1_000, 1_000, 20, "simple"),
    "2000-small": (2_000, 1_000, 20, "simple"),
    "200-large": (200, 50_000, 10, "simple"),
}


@worker
def ls(logdir):
    """`tbevents ls`, with its imports."""

    def work():
        from tbevents.cli import main

        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # until the process ends
        try:
            main(["ls", logdir])
        except SystemExit:
            pass
        finally:
            sys.stdout = sys.__stdout__

    return 1, work


@worker
def in_processes(logdir, processes):
    """All scalars, read by so many processes; the CPU time is that of all of them, without the imports."""
    import concurrent.futures.process  # noqa: F401
    import multiprocessing.connection  # noqa: F401

    import tbevents

    tbevents.read_logdir, tbevents.Run  # noqa: B018  # imports them
    imports = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])

    def work():
        for run in tbevents.read_logdir(logdir, threads=1, processes=int(processes)).values():
            for series in run.scalars.values():
                series.values  # noqa: B018
        own, others = (sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return {"own": own - imports, "cpu": own - imports + others}

    return 1, work


@worker
def one_tag(logdir):
    """One tag of all runs, kept; the memory above that of the imports."""
    import tbevents

    tbevents.read_logdir, tbevents.Run  # noqa: B018

    def work():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = tbevents.read_logdir(logdir, tags="train/metric_1", threads=1)
        kept = [run.scalars["train/metric_1"] for run in found.values()]
        points = sum(map(len, kept))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"above": (after - before) * 1024, "points": points}

    return 1, work


def small():
    rows = []
    for case in ("500-small", "1000-small", "2000-small"):
        logdir = files(case)
        found = medians(
            {
                "tbevents": lambda logdir=logdir: once("tbevents", logdir),
                "server": lambda logdir=logdir: once("data_server", logdir),
            },
            5,
        )
        ours, theirs = found["tbevents"], found["server"]
        rows.append(
            [
                case,
                ours["cpu"],
                theirs["cpu"],
                f"{theirs['cpu'] / ours['cpu']:.2f}",
                *(f["peak"] / 1e6 for f in (ours, theirs)),
            ]
        )
    table(["runs of 20 tags x 50 points", "CPU s", "data server, CPU s", "times as fast", "peak MB", "server's"], rows)


def tree():
    logdir = files("tree")
    found = medians(
        {
            "tbevents": lambda: once("tbevents", logdir),
            "tbevents, all threads": lambda: once("tbevents", logdir, "all"),
            "data server (Rust)": lambda: once("data_server", logdir),
        },
        7,
    )
    base = found["data server (Rust)"]
    table(
        ["200 runs of 5,000 points", "wall s", "times as fast", "CPU s", "times as fast"],
        [
            [w, f["wall"], f"{base['wall'] / f['wall']:.2f}", f["cpu"], f"{base['cpu'] / f['cpu']:.2f}"]
            for w, f in found.items()
        ],
    )


def listing():
    logdir = files("2000-small")
    found = medians({"tbevents ls": lambda: once("ls", logdir)}, 3)
    table(
        ["2,000 runs", "CPU s", "wall s", "peak MB"],
        [[w, f["cpu"], f["wall"], f["peak"] / 1e6] for w, f in found.items()],
    )


def processes():
    logdir = files("200-large")
    found = medians({n: lambda n=n: once("in_processes", logdir, n) for n in ("1", "2")}, 5)
    one = found["1"]
    rows = []
    for n, f in found.items():
        free = max(f["own"], f["cpu"] / int(n))  # if each process had a core, and shared nothing else
        rows.append([n, f["wall"], f"{one['wall'] / f['wall']:.2f}", f["cpu"], f["own"], f"{one['cpu'] / free:.2f}"])
    header = ["processes", "wall s", "times as fast", "CPU s, all", "CPU s, asking", "times as fast by CPU time"]
    table(header, rows)
    print(f"load average: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n")


def tag():
    found = medians({"one tag": lambda: once("one_tag", files("2000-small"))}, 3)["one tag"]
    table(
        ["one tag of 2,000 runs", "MiB above the imports"], [[f"{found['points']:,.0f} points", found["above"] / 2**20]]
    )


def first():
    found = medians({who: lambda who=who: once(who, files("10k")) for who in ("tbevents", "protobuf")}, 7)
    ours, plain = found["tbevents"]["cpu"], found["protobuf"]["cpu"]
    table(
        ["first read of a process", "CPU ms", "a plain protobuf loop", "times as fast"],
        [["10,000 events, 10 tags", ours * 1e3, plain * 1e3, f"{plain / ours:.2f}"]],
    )


CASES = {"small": small, "tree": tree, "ls": listing, "processes": processes, "tag": tag, "first": first}


def benchmark():
    for case in sys.argv[1:] or list(CASES):
        CASES[case]()


if __name__ == "__main__":
    main(benchmark)
