"""What it costs to reload a run to which 1,000 events were appended, on top of a million; beside reading it all.

python benchmarks/bench_reload.py
"""

import shutil
import tempfile
from pathlib import Path

from bench_read import files
from harness import main, medians, once, table, worker


def appended(logdir):
    """A copy of a run, and a function that appends 1,000 events to it."""
    from tbevents.format.record import encode_record
    from tbevents.proto import Event, Summary

    folder = Path(tempfile.mkdtemp()) / "run"
    shutil.copytree(logdir, folder)
    (path,) = folder.glob("*tfevents*")
    tags = [f"{'train' if k % 2 else 'validation'}/metric_{k}" for k in range(10)]

    def append():
        with open(path, "ab") as file:
            for step in range(100):
                for tag in tags:
                    value = Summary.Value(tag=tag, simple_value=step)
                    event = Event(wall_time=1.8e9, step=200_000 + step, summary=Summary(value=[value]))
                    file.write(encode_record(event.SerializeToString()))

    return folder, append


@worker
def reload(logdir, look, before="0"):
    """Reloading, after so many times before; with `look`, taking every series as well."""
    import tbevents

    folder, append = appended(logdir)
    run = tbevents.read_run(folder)
    for _ in range(int(before)):
        append()
        run.reload()
    points = sum(len(series) for series in run.scalars.values())
    append()

    def work():
        run.reload()
        if look == "yes":
            assert sum(len(series) for series in run.scalars.values()) == points + 1000

    return 1, work


@worker
def read(logdir):
    import tbevents

    tbevents.read_run, tbevents.Run  # noqa: B018  # imports them
    folder, append = appended(logdir)
    append()

    def work():
        run = tbevents.read_run(folder)
        for series in run.scalars.values():
            series.values  # noqa: B018  # all that was put off

    return 1, work


def benchmark():
    logdir = files("1M")
    cases = {
        "reading it all": lambda: once("read", logdir),
        "the first reload": lambda: once("reload", logdir, "no"),
        "the tenth": lambda: once("reload", logdir, "no", 9),
        "the tenth, and a look at every series": lambda: once("reload", logdir, "yes", 9),
    }
    found = medians(cases, 5)
    whole = found["reading it all"]["cpu"]
    rows = [[what, one["cpu"] * 1e3, f"1/{whole / one['cpu']:.0f}"] for what, one in found.items()]
    table(["1,000 events on top of 1M", "CPU ms", "of reading it all"], rows)


if __name__ == "__main__":
    main(benchmark)
