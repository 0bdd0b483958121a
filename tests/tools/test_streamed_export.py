"""Exports of many runs are written in parts: the rows are those of the whole table, and nothing stays of a failure."""

import io
import math
import tracemalloc

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents.proto import Event, Summary, TensorProto
from tbevents.reading import table_stream
from tbevents.reading.tables import Table
from tbevents.tools import export as module
from tbevents.tools.export import export_table
from tbevents.tools.table_files import read_table


@pytest.fixture
def runs(tmp_path):
    """Twelve runs of four points, of which later ones have other tags; run 7 has a float64."""
    for number in range(12):
        points = [(f"tag{number // 4}", step, number + step / 3) for step in range(3)] + [("same", -number, math.nan)]
        events = [version_event(), *(scalar_event(*point) for point in points)]
        if number == 7:
            double = TensorProto(dtype=2, double_val=[0.1])
            double.tensor_shape.SetInParent()
            events.append(Event(step=1, summary=Summary(value=[tensor_value("double", double, "scalars")])))
        write_events(tmp_path / "runs" / f"r{number:02}" / "events.out.tfevents.1.h", events)
    return tmp_path / "runs"


@pytest.fixture
def in_parts(monkeypatch):
    """A table of a stream ends after five rows."""
    stream = table_stream.stream_tables
    monkeypatch.setattr(module, "stream_tables", lambda *arguments, **options: stream(*arguments, rows=5, **options))


def rows_of(columns):
    """The rows, with numbers as text: NaN equals itself there."""
    as_text = [[str(cell if isinstance(cell, str) else float(cell)) for cell in column] for column in columns.values()]
    return list(zip(*as_text, strict=True))


def expected(runs):
    return [
        (name, tag, str(float(point.step)), str(point.wall_time), str(point.value))
        for name, run in tbevents.read_logdir(runs).items()
        for tag, series in run.scalars.items()
        for point in series
    ]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_parts_are_one_table(runs, tmp_path, in_parts, ending):
    if ending in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    out = tmp_path / f"out.{ending}"
    assert export_table(runs, out).rows == 49
    found = read_table(out)
    assert list(found) == ["run", "tag", "step", "wall_time", "value"]
    if ending in ("csv", "jsonl"):
        found = {name: cells if name in ("run", "tag") else list(map(float, cells)) for name, cells in found.items()}
    assert rows_of(found) == expected(runs)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_the_schema_is_the_same_whatever_the_runs_hold(runs, tmp_path, in_parts, ending):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    out = tmp_path / f"out.{ending}"
    schemas = []
    for chosen in ("*", "r00", "r07"):
        export_table(runs, out, runs=chosen)
        table = feather.read_table(out) if ending == "arrow" else parquet.read_table(out)
        schemas.append(table.schema.remove_metadata())
        assert table["run"].combine_chunks().null_count == 0
    words = pa.dictionary(pa.int32(), pa.string())
    assert schemas[0].types == [words, words, pa.int64(), pa.float64(), pa.float64()]
    assert schemas[1:] == schemas[:1] * 2


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_failure_on_the_way_leaves_nothing(runs, tmp_path, in_parts, ending):
    if ending != "csv":
        pytest.importorskip("pyarrow")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(tbevents.UnknownNameError, match="no tag 'nobodys'"):
        export_table(runs, tmp_path / f"out.{ending}", tags=["same", "nobodys"])
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("options", [{}, {"wide": True}, {"format": "jsonl"}])
@pytest.mark.parametrize("tags", ["nobodys", ["same", "nobodys"], ["tag2", "tag*", "nobodys*"]])
def test_a_stream_gets_nothing_if_a_tag_is_unknown(runs, in_parts, tags, options):
    out = io.StringIO()
    with pytest.raises(tbevents.UnknownNameError):
        export_table(runs, out, tags=tags, **options)
    assert out.getvalue() == ""


def test_a_stream_gets_rows_while_runs_are_read_from_when_each_tag_was_seen(runs, in_parts, tmp_path, monkeypatch):
    """Of tag1 and tag2, the last is first in run 8; parts end after two runs of three points."""
    monkeypatch.setattr(module, "_SPOOLED", 10)
    out, seen = io.StringIO(), []
    export_table(runs, out, tags=["tag1", "tag2"], progress=lambda *_: seen.append(bool(out.getvalue())))
    assert seen.index(True) == 10
    export_table(runs, tmp_path / "out.csv", tags=["tag1", "tag2"])
    assert out.getvalue() == (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_without_rows_there_is_a_header(tmp_path):
    write_events(tmp_path / "r" / "events.out.tfevents.1.h", [version_event()])
    out = io.StringIO()
    assert export_table(tmp_path, out).rows == 0
    assert out.getvalue() == "run,tag,step,wall_time,value\n"


def test_texts_come_in_parts_too(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_TEXT_CHARACTERS", 150)
    for number in range(5):
        tensor = TensorProto(dtype=7, string_val=[b"x" * 30])
        tensor.tensor_shape.dim.add(size=1)
        event = Event(summary=Summary(value=[tensor_value("note", tensor, "text")]))
        write_events(tmp_path / "runs" / str(number) / "events.out.tfevents.1.h", [event])
    export_table(tmp_path / "runs", tmp_path / "out.csv", kind="texts")
    assert read_table(tmp_path / "out.csv")["run"] == list("01234")


def test_runs_are_let_go_when_they_are_written(runs, monkeypatch):
    logdirs = []
    original = module.read_logdir
    monkeypatch.setattr(module, "read_logdir", lambda *a, **o: logdirs.append(original(*a, **o)) or logdirs[0])
    export_table(runs, io.StringIO())
    assert [run for run in logdirs[0]._listed.runs.values() if run is not None] == []


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_parts_are_one_wide_table(runs, tmp_path, monkeypatch, ending):
    if ending in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    wide = tbevents.read_logdir(runs).scalars().pivot()
    for number in range(12):  # the same step twice: two rows
        events = [scalar_event("same", -number, 7.0)]
        write_events(runs / f"r{number:02}" / "events.out.tfevents.2.h", events)
    tables = []
    original = module.wide_frames

    def frames(of):
        def kept():
            for table in of:
                tables.append(table)
                yield table

        return original(kept())

    monkeypatch.setattr(module, "wide_frames", frames)
    stream = table_stream.stream_tables
    monkeypatch.setattr(module, "stream_tables", lambda *arguments, **options: stream(*arguments, rows=5, **options))
    out = tmp_path / f"out.{ending}"
    rows = export_table(runs, out, wide=True).rows
    assert (rows, len(tables)) == (len(wide) + 12, 12)
    wide = tbevents.read_logdir(runs).scalars().pivot()
    found = read_table(out)
    assert list(found) == ["run", "step", *wide.columns]
    assert list(found["run"]) == [wide.runs[code] for code in wide.run_codes]
    assert list(map(int, found["step"])) == wide.steps.tolist()
    for tag, cells in wide.columns.items():
        expected = [value if there else None for value, there in zip(cells.values.tolist(), cells.present, strict=True)]
        cells = [None if cell in (None, "") else float(cell) for cell in found[tag]]
        assert str(cells) == str(expected)  # NaN is equal as text


def test_a_large_run_is_one_part_of_a_wide_table(tmp_path, monkeypatch):
    from tbevents.reading import listed_runs, run_parts

    monkeypatch.setattr(listed_runs, "_PART_BYTES", 100)
    monkeypatch.setattr(run_parts, "_PART_POINTS", 3)
    for name in ("a", "b"):
        for number in range(4):
            points = [scalar_event(tag, step, step / 2) for step in range(9, 0, -1) for tag in ("x", "y")]
            write_events(tmp_path / "runs" / name / f"events.out.tfevents.{number}.h", points)
    stream = table_stream.stream_tables
    tables = list(stream(tbevents.read_logdir(tmp_path / "runs"), ["a", "b"], rows=5))
    assert len(tables) > 2
    whole = list(stream(tbevents.read_logdir(tmp_path / "runs"), ["a", "b"], rows=5, whole_runs=True))
    assert [(table.runs, len(table)) for table in whole] == [(("a",), 72), (("b",), 72)]
    monkeypatch.setattr(module, "stream_tables", lambda *arguments, **options: stream(*arguments, rows=5, **options))
    out = io.StringIO()
    assert export_table(tmp_path / "runs", out, wide=True).rows == 72
    assert out.getvalue().splitlines()[:3] == ["run,step,x,y", "a,1,0.5,0.5", "a,1,0.5,0.5"]


def test_memory_of_a_wide_table_is_that_of_one_part():
    steps = np.arange(1000)
    tags = (steps % 5).astype(np.int32)

    def tables(count):
        for number in range(count):
            yield Table((f"r{number}",), tuple("abcde"), tags * 0, tags, steps, steps / 2, steps / 4)

    peaks = []
    for count in (5, 5, 100):  # the first imports what is needed
        tracemalloc.start()
        try:
            assert sum(len(frame.table) for frame in module.wide_frames(tables(count))) == 1000 * count
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[2] < peaks[1] + 100_000  # all rows are 2.4 MB
