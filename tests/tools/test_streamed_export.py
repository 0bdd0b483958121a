"""Exports of many runs are written in parts: the rows are those of the whole table, and nothing stays of a failure."""

import io
import math

import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents.proto import Event, Summary, TensorProto
from tbevents.reading import table_stream
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


def test_a_stream_gets_no_header_if_a_tag_is_unknown(runs):
    out = io.StringIO()
    with pytest.raises(tbevents.UnknownNameError):
        export_table(runs, out, tags="nobodys")
    assert out.getvalue() == ""


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
