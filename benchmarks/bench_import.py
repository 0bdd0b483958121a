"""What importing costs: CPU time beyond numpy and protobuf, in a fresh process.

python benchmarks/bench_import.py
"""

import importlib

from harness import main, medians, once, table, worker


def theirs():
    """Imports what every use of the format needs, ours or not."""
    for name in ("descriptor_pool", "internal.builder", "message", "struct_pb2"):
        importlib.import_module(f"google.protobuf.{name}")
    importlib.import_module("numpy")


@worker
def package():
    """``import tbevents`` alone."""
    theirs()

    def work():
        import tbevents  # noqa: F401

    return 1, work


@worker
def writer():
    """``from tbevents import SummaryWriter``."""
    theirs()

    def work():
        from tbevents import SummaryWriter  # noqa: F401

    return 1, work


@worker
def reader():
    """``from tbevents import read_run``."""
    theirs()

    def work():
        from tbevents import read_run  # noqa: F401

    return 1, work


def benchmark():
    found = medians({name: lambda name=name: once(name) for name in ("package", "writer", "reader")}, 15)
    names = {"package": "import tbevents", "writer": "SummaryWriter", "reader": "read_run"}
    table(["imported", "CPU ms"], [[names[name], one["cpu"] * 1e3] for name, one in found.items()])


if __name__ == "__main__":
    main(benchmark)
