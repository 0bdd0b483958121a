"""What files cost that are damaged everywhere, or were made to be slow: CPU time against their size, at three sizes.

Each row should cost about the same for each byte at all its sizes. google-crc32c is left out where it is installed, so
that checksums are computed by crcmod alone: what hashes the same bytes again and again shows.

python benchmarks/bench_damage.py
"""

import contextlib
import json
import os
import random
import sys
import tempfile
import warnings

from harness import main, medians, once, table, worker

if sys.argv[1:2] == ["--worker"]:
    sys.modules["google_crc32c"] = None  # an import of it fails


def scalars(count):
    """The records of a run with one tag."""
    from tbevents.format.record import encode_record
    from tbevents.proto import Event, Summary

    for k in range(count):
        value = Summary.Value(tag="loss", simple_value=k)
        yield encode_record(Event(wall_time=1e9 + k, step=k, summary=Summary(value=[value])).SerializeToString())


def flipped(record, at):
    return record[:at] + bytes([record[at] ^ 1]) + record[at + 1 :]


def header(length):
    from tbevents.format.record import encode_header

    return encode_header(length)


def rubbish(count):
    rng = random.Random(1)
    return b"".join(record + rng.randbytes(rng.randint(1, 60)) for record in scalars(count))


def wrong_checksums(count):
    return b"".join(flipped(record, len(record) - 1) for record in scalars(count))


def claims_of_any_length(count):
    rng = random.Random(2)
    return b"".join(header(rng.randrange(12 * count)) for _ in range(count))


def records_and_claims(count):
    from tbevents.format.record import encode_record

    return (encode_record(b"") + header(14 * count)) * count


FILES = {
    "intact": lambda count: b"".join(scalars(count)),
    "one stray byte after each record": lambda count: b"".join(record + b"?" for record in scalars(count)),
    "up to 60 stray bytes after each record": rubbish,
    "zeros after each record": lambda count: b"".join(
        record + bytes(1 + k % 50) for k, record in enumerate(scalars(count))
    ),
    "every second header damaged": lambda count: b"".join(
        flipped(record, 9) if k % 2 else record for k, record in enumerate(scalars(count))
    ),
    "every header but the first damaged": lambda count: b"".join(
        flipped(record, 9) if k else record for k, record in enumerate(scalars(count))
    ),
    "every data checksum wrong": wrong_checksums,
    "every record truncated": lambda count: b"".join(record[:-5] for record in scalars(count)),
    "packed headers, each claiming half the file": lambda count: header(6 * count) * count,
    "packed headers, claiming any length": claims_of_any_length,
    "empty records, and claims of half the file": records_and_claims,
}
SIZES = (10_000, 30_000, 100_000)


@worker
def read(case, count):
    """Reading a file."""
    import tbevents
    from tbevents.format.crc32c import ENGINE

    assert ENGINE == "crcmod"
    warnings.simplefilter("ignore")
    folder = tempfile.mkdtemp()
    data = FILES[case](int(count))
    if case != "intact":
        data = next(scalars(1)) + data  # else it may be no event file
    with open(os.path.join(folder, "events.out.tfevents.1"), "wb") as file:
        file.write(data)
    tbevents.read_run, tbevents.Run  # noqa: B018  # imports them

    def work():
        run = tbevents.read_run(folder)
        return {"points": sum(map(len, run.scalars.values())), "problems": len(run.problems), "size": len(data)}

    return int(count), work


@worker
def tensor(plugin, elements):
    """Decoding a tensor that stores one element and declares many."""
    import tbevents
    from tbevents.format.record import encode_record
    from tbevents.proto import Event, Summary, TensorProto

    value = Summary.Value(tag="t", tensor=TensorProto(dtype=7 if plugin == "images" else 1))
    for size in {"images": [int(elements)], "histograms": [int(elements), 3], "pr_curves": [6, int(elements)]}[plugin]:
        value.tensor.tensor_shape.dim.add(size=size)
    if plugin == "images":
        value.tensor.string_val.append(b"7")
    else:
        value.tensor.float_val.append(1)
    value.metadata.plugin_data.plugin_name = plugin
    folder = tempfile.mkdtemp()
    data = encode_record(Event(summary=Summary(value=[value])).SerializeToString())
    with open(os.path.join(folder, "events.out.tfevents.1"), "wb") as file:
        file.write(data)
    run = tbevents.read_run(folder)

    def work():
        with contextlib.suppress(tbevents.TensorError):
            getattr(run, plugin)["t"][0]
        return {"size": len(data)}

    return 1, work


@worker
def lines(kind, count):
    """Importing JSON lines, each with a name of its own."""
    from tbevents.tools import import_table

    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "in.jsonl")
    with open(path, "w") as file:
        for k in range(int(count)):
            row = {"step": k, f"key{k}": k / 2} if kind == "keys" else {"step": k, "tag": f"key{k}", "value": k / 2}
            file.write(json.dumps(row) + "\n")

    def work():
        import_table(path, os.path.join(folder, "out"))
        return {"size": os.path.getsize(path)}

    return int(count), work


def benchmark():
    def row(name, cases):
        found = medians(cases, 1)
        cells = [f"{1e3 * one['cpu']:,.0f} ({1e9 * one['cpu'] / one['size']:,.0f})" for one in found.values()]
        last = list(found.values())[-1]
        return [name, *cells, f"{last['size'] / 1e6:.2g}", f"{last['peak'] / 1e6:,.0f}"]

    rows = [row(case, {n: lambda c=case, n=n: once("read", c, n) for n in SIZES}) for case in FILES]
    table(["CPU ms (ns a byte), of records", *(f"{n:,}" for n in SIZES), "MB at most", "peak MB"], rows)
    rows = [
        row(f"{plugin}, one stored", {n: lambda p=plugin, n=n: once("tensor", p, n) for n in (2**12, 2**20, 2**28)})
        for plugin in ("histograms", "images", "pr_curves")
    ]
    table(["CPU ms (ns a byte), of elements", "2**12", "2**20", "2**28", "MB at most", "peak MB"], rows)
    names = {"keys": "a column for each line", "tags": "a tag for each line"}
    sizes = (2_000, 6_000, 20_000)
    rows = [row(name, {n: lambda k=kind, n=n: once("lines", k, n) for n in sizes}) for kind, name in names.items()]
    table(["CPU ms (ns a byte), of JSON lines", *(f"{n:,}" for n in sizes), "MB at most", "peak MB"], rows)


if __name__ == "__main__":
    main(benchmark)
