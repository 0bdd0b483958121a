"""Each command, as a process, on 200 runs, on damaged and on hostile files: what it says and writes is true."""

import csv
import io
import json
import re
import unicodedata

import numpy as np
import pytest
from event_files import record, scalar_event, version_event, write_events

import tbevents

pytest.importorskip("click", reason="the command line needs click")
pytest.importorskip("rich", reason="the command line needs rich")

pytestmark = pytest.mark.slow  # each test starts processes

# -- a tree of 200 runs ----------------------------------------------------------------------------------------------

RUNS = {f"group-{number % 20:02}/run-{number:03}": number for number in range(200)}


def test_ls_of_200_runs(process, many):
    listed = json.loads(process("ls", many, "--json").out)
    assert [run["run"] for run in listed] == sorted(RUNS)
    assert {(run["points"], run["first_step"], run["last_step"], run["last_time"]) for run in listed} == {
        (3, 0, 2, 1002.0)
    }
    assert process("ls", many).err == f"200 runs, 600 points, {sum(run['size'] for run in listed) / 1000:.1f} kB\n"


def test_show_of_200_runs(process, many):
    shown = json.loads(process("show", many, "loss", "--json").out)
    assert {row["run"]: (row["first"], row["mean"], row["last"]) for row in shown} == {
        run: (number, number + 1, number + 2) for run, number in RUNS.items()
    }
    points = process("show", many, "--points").out.splitlines()
    assert points[0] == "run\ttag\tstep\twall_time\tvalue"
    assert len(points) == 601
    assert "group-07/run-107\tloss\t1\t1001.0\t108.0" in points


def test_tail_of_200_runs(process, many):
    lines = process("tail", many, "--for", "0").out.splitlines()
    assert sorted(lines) == sorted(f"{run}\tloss\t2\t{number + 2.0}" for run, number in RUNS.items())


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_export_and_import_of_200_runs(process, many, tmp_path, ending):
    if ending in ("parquet", "arrow"):
        pytest.importorskip("pyarrow", reason=f"{ending} needs pyarrow")
    assert process("export", many, tmp_path / f"x.{ending}").err == f"{tmp_path}/x.{ending}: 600 rows\n"
    result = process("import", tmp_path / f"x.{ending}", "-o", tmp_path / "in")
    assert result.out == f"{tmp_path}/in: 600 points, 1 tag, 200 runs\n"
    assert process("diff", many, tmp_path / "in", "--wall-time", "0") == (0, "", "equal\n")
    if ending == "csv":
        rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
        assert {(row["run"], int(row["step"]), float(row["value"])) for row in rows} == {
            (run, step, float(number + step)) for run, number in RUNS.items() for step in range(3)
        }


def test_plot_of_groups_prints_a_caption(process, many, tmp_path):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    out = tmp_path / "x.svg"
    plot = ["plot", many, "loss", "-o", out]
    result = process(*plot, "--group-by", r"\d$", "--estimator", "iqm", "--caption")
    assert result.err == f"{out}: 1 chart\n"
    assert result.out.startswith(
        "Interquartile mean over runs at each step; the shaded band is the 95 % percentile boot"
    )
    assert "20 in group " in result.out
    assert (
        "Mean over runs at each step; the shaded band is one standard" in process(*plot, "--band=std", "--caption").out
    )
    assert process(*plot, "--group-by", "hparam:x").status == 2
    assert process(*plot, "--outliers", "--caption").out == "Curves of 200 runs, one line each.\n"


def test_plot_of_200_runs(process, many, tmp_path):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    assert process("plot", many, "loss", "-o", tmp_path / "x.svg").err == f"{tmp_path}/x.svg: 1 chart\n"
    colors = re.findall(r"stroke: (#\w+); stroke-width: 1.5; stroke-linecap", (tmp_path / "x.svg").read_text())
    assert len(colors) == 200
    assert len(set(colors)) > 150


def test_check_and_repair_of_200_runs(process, many, tmp_path):
    checked = process("check", many, "--strict")
    assert checked.status == 0
    assert ": intact (200 runs, 200 files, 600 values, " in checked.out
    repaired = process("repair", many, "-o", tmp_path / "out").out.splitlines()
    assert len(repaired) == 200
    for run in RUNS:
        (file,) = (many / run).iterdir()
        assert (tmp_path / "out" / run / file.name).read_bytes() == file.read_bytes()
        assert f"{file}: intact, 4 records, copied to {tmp_path / 'out' / run / file.name}" in repaired


def test_merge_and_split_of_200_runs(process, many, tmp_path):
    merged = process("merge", *(many / run for run in sorted(RUNS)), "-o", tmp_path / "all.tfevents")
    assert merged.out == f"{tmp_path}/all.tfevents: 601 records of 200 files\n"
    expected = [float(RUNS[run] + step) for run in sorted(RUNS) for step in range(3)]
    assert tbevents.read_run(tmp_path / "all.tfevents").scalars["loss"].values.tolist() == expected
    parts = json.loads(
        process("split", tmp_path / "all.tfevents", "-o", tmp_path / "out", "--every", "1", "--json").out
    )
    assert [part["records"] for part in parts["parts"]] == [201, 201, 201]
    assert tbevents.read_run(parts["parts"][1]["path"]).scalars["loss"].values.tolist() == expected[1::3]


def test_edit_and_diff_of_200_runs(process, many, tmp_path):
    edited = process("edit", many, "-o", tmp_path / "out", "--rename", "loss=cost", "--shift", "10", "--steps", "1:")
    assert edited.out.count(": 2 values, 1 dropped, 2 records changed\n") == 200
    logdir = tbevents.read_logdir(tmp_path / "out")
    assert {run: logdir[run].scalars["cost"].values.tolist() for run in logdir} == {
        run: [number + 1, number + 2] for run, number in RUNS.items()
    }
    assert logdir["group-00/run-000"].scalars["cost"].steps.tolist() == [11, 12]
    differing = process("diff", many, tmp_path / "out", "--json")
    assert differing.status == 1
    found = json.loads(differing.out)
    assert [run["run"] for run in found] == sorted(RUNS)
    assert {(tag["tag"], tag["count_a"], tag["count_b"], tag["equal"]) for run in found for tag in run["tags"]} == {
        ("loss", 3, 0, 0),
        ("cost", 0, 2, 0),
    }


def test_reduce_of_200_runs(process, many, tmp_path):
    options = [option for stat in ("mean", "std", "min", "max", "median", "q0.25") for option in ("--stat", stat)]
    assert process("reduce", many, "-o", tmp_path / "x.csv", *options).status == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
    values = np.arange(200.0)
    for step, row in enumerate(rows):
        assert (row["tag"], row["step"], row["runs"]) == ("loss", str(step), "200")
        assert float(row["mean"]) == values.mean() + step
        assert float(row["std"]) == pytest.approx(values.std(), rel=1e-12)
        assert (float(row["min"]), float(row["max"])) == (step, 199 + step)
        assert (float(row["median"]), float(row["q0.25"])) == (99.5 + step, np.quantile(values, 0.25) + step)
    assert len(rows) == 3


# -- damaged files ---------------------------------------------------------------------------------------------------

EVENTS = [version_event(), *(scalar_event("loss", step, 1 / (step + 1), 1000.0 + step) for step in range(10))]
STEPS = {
    "intact": range(10),
    "truncated": range(6),
    "flipped": [0, 1, 2, *range(4, 10)],
    "zeros inside": [0, *range(4, 10)],
    "zero tail": range(10),
    "all zero": [],
    "empty file": [],
    "png": [],
    "undecodable": range(10),
}
"""The steps that are left of each damaged file."""
KINDS = {
    "truncated": "incomplete",
    "flipped": "data_checksum",
    "zeros inside": "data_checksum",
    "zero tail": "zeros",
    "all zero": "zeros",
    "empty file": "empty",
    "png": "not_an_event_file",
    "undecodable": "undecodable",
}


@pytest.fixture
def cases(tmp_path):
    """A run for each way in which a file may be damaged."""
    for name in STEPS:
        path = tmp_path / "cases" / name / "events.out.tfevents.1.x"
        starts = write_events(path, EVENTS)
        data = bytearray(path.read_bytes())
        if name == "truncated":
            del data[starts[7] + 20 :]
        elif name == "flipped":
            data[starts[4] + 15] ^= 0x40
        elif name == "zeros inside":
            data[starts[2] : starts[5]] = bytes(starts[5] - starts[2])
        elif name == "zero tail":
            data += bytes(500)
        elif name == "all zero":
            data = bytearray(len(data))
        elif name == "empty file":
            data.clear()
        elif name == "png":
            data = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
        elif name == "undecodable":
            data[starts[3] : starts[3]] = record(b"\xff\xff\xff")
        path.write_bytes(data)
    return tmp_path / "cases"


def left_out(result):
    """The kinds of files that the lines on stderr name, in order."""
    return re.findall(
        r"^left out: \S*?cases/([^/]+)/events.out.tfevents.1.x: record \d+ at byte \d+: ", result.err, re.M
    )


def steps_of(path):
    return {name: run.scalars["loss"].steps.tolist() for name, run in tbevents.read_logdir(path).items() if run.scalars}


LEFT = {name: list(steps) for name, steps in STEPS.items() if steps}


def test_ls_and_show_of_damaged_files(process, cases):
    result = process("ls", cases, "--json")
    assert result.status == 0
    listed = {run["run"]: run for run in json.loads(result.out)}
    assert {name: run["points"] for name, run in listed.items()} == {name: len(steps) for name, steps in STEPS.items()}
    kinds = {name: run["problems"][0]["kind"] for name, run in listed.items() if run["problems"]}
    assert kinds.keys() == KINDS.keys()
    assert process("ls", cases).err.splitlines()[-1] == "8 problems: run tbevents check for details"
    shown = {row["run"]: row["last"] for row in json.loads(process("show", cases, "--json").out)}
    assert shown == {name: pytest.approx(1 / (steps[-1] + 1)) for name, steps in LEFT.items()}


def test_check_of_damaged_files(process, cases):
    result = process("check", cases)
    assert result.status == 1
    *lines, verdict = result.out.splitlines()
    odd = [line for line in lines if line.startswith("odd ")]
    assert [re.match(r"damaged  \S*?cases/([^/]+)/", line)[1] for line in lines if line not in odd] == sorted(
        KINDS.keys() - {"empty file"}
    )
    assert len(odd) == 1
    assert "empty file" in odd[0]
    assert verdict.startswith(
        f"{cases}: 7 of 9 runs damaged (9 runs, 9 files, {sum(map(len, STEPS.values()))} values, "
    )


def test_repair_of_damaged_files_keeps_every_whole_record(process, cases, tmp_path):
    result = process("repair", cases, "-o", tmp_path / "out")
    assert result.status == 1  # there is nothing to keep of three
    assert result.out.count(": no intact record, so nothing was written\n") == 3
    records = dict(enumerate(EVENTS, -1))
    for name, steps in LEFT.items():
        whole = b"".join(record(records[step].SerializeToString()) for step in [-1, *steps])
        assert (tmp_path / "out" / name / "events.out.tfevents.1.x").read_bytes() == whole
        assert f"kept {len(steps) + 1} records" in result.out or f"intact, {len(steps) + 1} records" in result.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(LEFT)
    assert process("check", tmp_path / "out").status == 0


def test_export_tail_and_plot_of_damaged_files(process, cases, tmp_path):
    result = process("export", cases, tmp_path / "x.csv")
    assert left_out(result) == sorted(KINDS)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
    assert {name: [int(row["step"]) for row in rows if row["run"] == name] for name in LEFT} == LEFT
    result = process("tail", cases, "--for", "0")
    assert {line.split("\t")[0]: int(line.split("\t")[2]) for line in result.out.splitlines()} == {
        name: steps[-1] for name, steps in LEFT.items()
    }
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    result = process("plot", cases, "-o", tmp_path / "x.svg")
    assert left_out(result) == sorted(KINDS)
    assert set(re.findall(r"<!-- (.*) -->", (tmp_path / "x.svg").read_text())) >= {"loss", *LEFT}


def test_edit_of_damaged_files(process, cases, tmp_path):
    result = process("edit", cases, "-o", tmp_path / "out", "--steps", "1:8", "--shift", "100")
    assert result.status == 1  # there is nothing to edit in three
    assert left_out(result) == sorted(KINDS)
    assert result.out.count(": no intact record, so nothing was written\n") == 3
    assert steps_of(tmp_path / "out") == {
        name: [step + 100 for step in steps if 1 <= step <= 8] for name, steps in LEFT.items()
    }


def test_merge_and_split_of_damaged_files(process, cases, tmp_path):
    sources = ["flipped", "truncated", "undecodable"]
    result = process("merge", *(cases / name for name in sources), "-o", tmp_path / "all.tfevents")
    assert result.out == f"{tmp_path}/all.tfevents: {1 + 9 + 6 + 10} records of 3 files\n"
    assert left_out(result) == sources
    assert process("check", tmp_path / "all.tfevents").status == 0
    expected = [step for name in sources for step in LEFT[name]]
    assert tbevents.read_run(tmp_path / "all.tfevents").scalars["loss"].steps.tolist() == expected
    result = process("split", cases / "zeros inside", "-o", tmp_path / "parts", "--at", "6")
    assert left_out(result) == ["zeros inside"]
    first, second = sorted((tmp_path / "parts").iterdir())
    assert tbevents.read_run(first).scalars["loss"].steps.tolist() == [0, 4, 5]
    assert tbevents.read_run(second).scalars["loss"].steps.tolist() == [6, 7, 8, 9]


def test_diff_and_reduce_of_damaged_files(process, cases, tmp_path):
    result = process("diff", cases / "intact", cases / "zeros inside", "--points", "--json")
    assert result.status == 1
    assert left_out(result) == ["zeros inside"]
    (run,) = json.loads(result.out)
    assert [(point["step"], point["b"]) for point in run["tags"][0]["points"]] == [(1, None), (2, None), (3, None)]
    result = process("reduce", *(cases / name for name in LEFT), "-o", tmp_path / "x.csv", "--lax-steps")
    assert set(left_out(result)) == set(KINDS) & set(LEFT)
    rows = csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text()))
    assert {int(row["step"]): int(row["runs"]) for row in rows} == {
        step: sum(step in steps for steps in LEFT.values()) for step in range(10)
    }


# -- hostile data ----------------------------------------------------------------------------------------------------

TAGS = {
    "\x1b]0;owned\x07\x1b[2J": ([0, 1], [1.0, 2.0]),
    "../../../escaped": ([0, 1], [1.0, 2.0]),
    "/absolute": ([0], [1.0]),
    "nul\0": ([0], [1.0]),
    "long" * 2560: ([0, 1], [1.0, 2.0]),
    "\u202eevil\u2066\u200f": ([0], [1.0]),
    "line\nfeed\ttab\rreturn": ([0], [1.0]),
    "NaN only": ([0, 1], [float("nan")] * 2),
    "negative": ([-5, -1], [-1.0, -2.0]),
    "huge": ([2**62, 2**63 - 1], [3e38, -3e38]),
    "": ([0], [1.0]),
    "--json": ([0], [1.0]),
}


@pytest.fixture
def hostile(tmp_path):
    """A run whose tags, steps and values are what nobody expects, and one without points."""
    events = [version_event()]
    for tag, points in TAGS.items():
        events += [scalar_event(tag, *point) for point in zip(*points, strict=True)]
    write_events(tmp_path / "deep" / "hostile" / "run\x1b[31m" / "x.tfevents", events)
    write_events(tmp_path / "deep" / "hostile" / "none" / "x.tfevents", [version_event()])
    return tmp_path / "deep" / "hostile"


COMMANDS = {
    "ls": ["ls", "IN", "--tags"],
    "show": ["show", "IN"],
    "show chart": ["show", "IN", "*", "--chart"],
    "show points": ["show", "IN", "--points"],
    "tail": ["tail", "IN", "--for", "0"],
    "plot": ["plot", "IN", "-o", "OUT.png"],
    "check": ["check", "IN"],
    "repair": ["repair", "IN", "-o", "OUT"],
    "merge": ["merge", "IN/run\x1b[31m", "-o", "OUT", "--purge"],
    "split": ["split", "IN/run\x1b[31m", "-o", "OUT", "--at", "1"],
    "edit": ["edit", "IN", "-o", "OUT", "--thin", "2"],
    "diff": ["diff", "IN/run\x1b[31m", "IN/none"],
    "reduce": ["reduce", "IN", "-o", "OUT", "--lax-tags"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_data_stays_in_its_place(process, hostile, tmp_path, command):
    if command == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    out = tmp_path / "deep" / "out"
    result = process(*(part.replace("IN", str(hostile)).replace("OUT", str(out)) for part in COMMANDS[command]))
    assert result.status == (1 if command == "diff" else 0)
    shown = result.out + result.err
    assert "Traceback" not in shown
    assert not {char for char in shown if unicodedata.category(char)[0] == "C"} - {"\n", "\t"}
    for path in {path for path in tmp_path.rglob("*") if path.is_file()} - set(before):
        assert path.is_relative_to(out) or path == out.with_suffix(".png")
    assert {path: path.read_bytes() for path in before} == before
    if command in ("ls", "show", "tail", "diff"):
        assert r"\x1b]0;owned\x07\x1b[2J" in result.out
        assert r"\u202eevil\u2066\u200f" in result.out
    if command in ("repair", "merge", "split", "edit"):
        written = tbevents.read_run(out / "run\x1b[31m" if command in ("repair", "edit") else out).scalars
        assert set(written) == set(TAGS)
        assert written["huge"].steps.tolist() == TAGS["huge"][0]
