"""Tables that are imported: where they come from, what is wrong with them, and how they are read in parts."""

import io
import json
import tracemalloc
from datetime import date

import numpy as np
import pytest

import tbevents
from tbevents.tools import scalar_files, table_files
from tbevents.tools.export import export_table
from tbevents.tools.import_ import import_table
from tbevents.tools.scalar_files import ScalarColumns, write_scalars
from tbevents.tools.table_files import read_table

from .odd_runs import FORMATS, bits, need


def table(tmp_path, text):
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_tensorboards_page_lets_download_is_imported(tmp_path):
    path = table(tmp_path, "Wall time,Step,Value\n1000.5,1,0.25\n1001.5,2,0.5\n")
    import_table(path, tmp_path / "run", tag="loss")
    series = tbevents.read_run(tmp_path / "run").scalars["loss"]
    assert [tuple(point) for point in series] == [(1, 1000.5, 0.25), (2, 1001.5, 0.5)]
    with pytest.raises(ValueError, match="no column tag"):
        import_table(path, tmp_path / "other")


def test_points_without_a_time_get_the_present_one(tmp_path):
    path = table(tmp_path, "step,loss,acc\n1,0.25,\n2.0,,1\n")
    import_table(path, tmp_path / "run", clock=lambda: 1234.5)
    run = tbevents.read_run(tmp_path / "run")
    assert [tuple(point) for point in run.scalars["loss"]] == [(1, 1234.5, 0.25)]
    assert [tuple(point) for point in run.scalars["acc"]] == [(2, 1234.5, 1.0)]
    assert run.files[0].split(".tfevents.")[1].startswith("0000001234.")


# 2026-01-02 is 20,455 days after 1970-01-01: 56 years of 365 days, 14 leap days, and one day.
_DAY = 20_455 * 86_400.0


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-02", _DAY),
        (" 2026-01-02 ", _DAY),
        ("2026-01-02T00:00:01", _DAY + 1),
        ("2026-01-02 01:00+01:00", _DAY),
        ("2026-01-02T00:00:00.500Z", _DAY + 0.5),
        ("1e-5", 1e-5),
        ("-1e-5", -1e-5),
    ],
)
def test_times_may_be_dates_and_numbers(tmp_path, cell, expected):
    import_table(table(tmp_path, f"step,x,wall_time\n1,2,{cell}\n1,2,2026-01-02\n"), tmp_path / "run")
    assert tbevents.read_run(tmp_path / "run").scalars["x"].wall_times.tolist() == [expected, _DAY]


def test_dates_of_an_arrow_table_are_midnight(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    from pyarrow import parquet

    dates = [date(2026, 1, 2), date(1970, 1, 2)]
    parquet.write_table(pa.table({"step": [1, 2], "x": [1, 2], "wall_time": pa.array(dates)}), tmp_path / "in.parquet")
    import_table(tmp_path / "in.parquet", tmp_path / "run")
    assert tbevents.read_run(tmp_path / "run").scalars["x"].wall_times.tolist() == [_DAY, 86_400.0]


@pytest.mark.parametrize(("precision", "dtype"), [("auto", "float64"), ("float64", "float64"), ("float32", "float32")])
def test_precision_is_what_was_asked(tmp_path, precision, dtype):
    import_table(table(tmp_path, "step,x,half\n1,0.1,0.5\n"), tmp_path / "run", precision=precision)
    scalars = tbevents.read_run(tmp_path / "run").scalars
    assert scalars["x"].values.dtype == dtype
    assert scalars["half"].values.dtype == ("float64" if precision == "float64" else "float32")
    assert scalars["x"].last.value == (0.1 if dtype == "float64" else float(np.float32(0.1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "no column step; the columns are: a, b"),
        ("step,x\n1,2\n1.5,2\n", "row 2: step '1.5' is not a 64-bit integer"),
        ("step,x\n99999999999999999999,2\n", "row 1: step '99999999999999999999' is not a 64-bit integer"),
        ("step,x\n,2\n", "row 1: step ''"),
        ("step,x\n1,two\n", "row 1: x 'two' is not a 64-bit number"),
        ("step,x\n1,2\n1_0,2\n", "row 2: step '1_0' is not a 64-bit integer"),
        ("step,x\n1,2\n1_0.0,2\n", "row 2: step '1_0.0' is not a 64-bit integer"),
        ("step,x\n1,2\n1,1_0\n", "row 2: x '1_0' is not a 64-bit number"),
        ("step,tag,value,wall_time\n1,a,1,1_0\n", "row 1: wall_time '1_0' is not a 64-bit number"),
        ("step,tag,value,wall_time\n1,a,1,2026-01-32\n", "row 1: wall_time '2026-01-32' is not a 64-bit number"),
        ("step,x\n1,2,3\n", "line 2: 3 cells under 2 headers"),
        ("step,x,x\n1,2,3\n", "two columns have the same header"),
        ("step,tag,value,wall_time\n1,a,1,nan\n", "row 1: wall_time is NaN"),
        ("run,step,x\n../../evil,1,2\n", "'..'"),
        ("run,step,x\n/abs,1,2\n", "an absolute path"),
    ],
)
def test_a_table_that_cannot_be_imported_is_told_with_its_row(tmp_path, text, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.").replace("(", r"\(")):
        import_table(table(tmp_path, text), tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"tag": "x", "step": true, "value": 1}', "row 1: step True is not a 64-bit integer"),
        ('{"tag": ["x"], "step": 1, "value": 1}', r"row 1: tag \['x'\] is not a name"),
        ('{"run": {}, "tag": "x", "step": 1, "value": 1}', r"row 1: run {} is not a name"),
        ('{"tag": "x", "step": 1, "value": [1]}', r"row 1: value \[1\] is not a 64-bit number"),
        ('{"tag": "x", "step": 1, "value": "1_0"}\n{"tag": "x", "step": 1, "value": 1}', "row 1: value '1_0' is not"),
        ('{"tag": "x", "step": 1, "value": 1}\n{"tag": "x", "step": "1_0", "value": 1}', "row 2: step '1_0' is not"),
    ],
)
def test_json_of_another_kind_names_the_row(tmp_path, row, message):
    (tmp_path / "in.jsonl").write_text(row + "\n")
    with pytest.raises(ValueError, match=message):
        import_table(tmp_path / "in.jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_text_that_is_none_and_json_that_is_none_are_told(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"step,x\n1,\xff\n")
    with pytest.raises(ValueError, match=r"x\.csv: not UTF-8 text"):
        import_table(tmp_path / "x.csv", tmp_path / "run")
    (tmp_path / "x.jsonl").write_text('{"step": 1, "x": 1}\n[1]\n')
    with pytest.raises(ValueError, match=r"x\.jsonl: line 2: not a JSON object"):
        import_table(tmp_path / "x.jsonl", tmp_path / "run")
    (tmp_path / "x.jsonl").write_text('{"step": 1, "x"\n')
    with pytest.raises(ValueError, match=r"x\.jsonl: line 1: not JSON"):
        import_table(tmp_path / "x.jsonl", tmp_path / "run")
    pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(ValueError, match=r"x\.parquet: "):
        import_table(tmp_path / "x.parquet", tmp_path / "run")


def test_a_run_that_is_there_is_not_touched(make_run, tmp_path):
    run = make_run("run", ("loss", 1, 1.0))
    with pytest.raises(FileExistsError, match="a run exists already"):
        import_table(table(tmp_path, "step,x\n1,2\n"), run)
    assert len(list(run.iterdir())) == 1


def test_no_run_is_imported_where_one_is_there(make_run, tmp_path):
    make_run("out/b", ("loss", 1, 1.0))
    with pytest.raises(FileExistsError, match="a run exists already"):
        import_table(table(tmp_path, "run,step,x\na,1,2\nb,1,2\n"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b"]


def test_series_of_any_length_are_written(tmp_path):
    steps = np.arange(-5, 200_000)
    values = np.sin(steps).astype(np.float32).astype(np.float64)
    path = write_scalars(tmp_path / "run", [ScalarColumns("x", steps, 1e9 + steps * 0.25, values)])
    series = tbevents.read_run(path, strict=True).scalars["x"]
    np.testing.assert_array_equal(series.steps, steps)
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.wall_times, 1e9 + steps * 0.25)


def import_lines(tmp_path, *rows):
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return import_table(path, tmp_path / "out")


def test_lines_with_names_of_their_own_take_memory_for_what_is_there(tmp_path):
    count = 3000
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps({"step": k, f"key{k}": k / 2, "all": k}) for k in range(count)))
    columns = read_table(path)
    assert {len(column) for column in columns.values()} == {count}
    assert isinstance(columns["all"], list)
    sparse = columns["key7"]
    assert (sparse.rows, sparse.cells) == ([7], [3.5])
    assert (sparse[7], sparse[8], sparse[-count + 7], sparse[5:9]) == (3.5, None, 3.5, [None, None, 3.5, None])
    assert list(sparse) == [None] * 7 + [3.5] + [None] * (count - 8)
    with pytest.raises(IndexError):
        sparse[count]
    done = import_table(path, tmp_path / "out")
    assert (done.tags, done.points) == (count + 1, 2 * count)
    run = tbevents.read_run(tmp_path / "out")
    assert [(p.step, p.value) for p in run.scalars["key7"]] == [(7, 3.5)]


def test_wide_lines_of_several_runs_that_lack_cells(tmp_path):
    rows = [{"step": k, "run": "ab"[k % 2], **({"x": k} if k % 3 == 0 else {}), "y": -k} for k in range(12)]
    import_lines(tmp_path, *rows)
    logdir = tbevents.read_logdir(tmp_path / "out")
    for name, odd in (("a", 0), ("b", 1)):
        assert logdir[name].scalars["x"].steps.tolist() == [k for k in range(odd, 12, 2) if k % 3 == 0]
        assert logdir[name].scalars["y"].steps.tolist() == list(range(odd, 12, 2))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"step": 1, "tag": "a", "value": ' + "[" * 100_000, "line 2: the JSON is nested too deeply"),
        ({"step": 1, "tag": "\ud800", "value": 1}, "row 2: tag '.*' is not valid text: it has half a surrogate pair"),
        (
            {"step": 1, "run": "\ud800", "tag": "a", "value": 1},
            "row 2: run '.*' is not valid text: it has half a surrogate pair",
        ),
        ({"step": 1, "tag": "a", "value": 10**400}, "row 2: value of 1329 bits is not a 64-bit number"),
        ({"step": 10**400, "tag": "a", "value": 1}, "row 2: step 1.* is not a 64-bit integer"),
        ({"step": 1, "tag": "a", "value": [1]}, "row 2: value .* is not a 64-bit number"),
        ({"step": 1, "tag": "a", "value": 1, "run": "../b"}, "it has a '..'"),
        ({"step": 1, "tag": "a", "value": 1, "run": "b\0"}, "it has a NUL"),
    ],
)
def test_a_line_that_cannot_be_imported_is_named_and_nothing_is_left(row, message, tmp_path):
    good = {"step": 1, "tag": "a", "value": 1.5}
    with pytest.raises(ValueError, match=message):
        import_lines(tmp_path, good, row)
    assert not (tmp_path / "out").exists()


def test_a_title_that_is_no_text_is_named(tmp_path):
    with pytest.raises(ValueError, match="is not valid text: it has half a surrogate pair"):
        import_lines(tmp_path, {"step": 1, "\ud800": 1})
    assert not (tmp_path / "out").exists()


def test_a_runs_name_may_be_spelled_in_several_ways(tmp_path):
    names = ["r", "./r", "r/", "r//", ".", "", "./"]
    done = import_lines(tmp_path, *({"step": k, "tag": "t", "value": k, "run": run} for k, run in enumerate(names)))
    assert list(done.files) == ["r", "."]
    logdir = tbevents.read_logdir(tmp_path / "out")
    assert logdir["r"].scalars["t"].steps.tolist() == [0, 1, 2, 3]
    assert logdir["."].scalars["t"].steps.tolist() == [4, 5, 6]


def test_where_one_run_cannot_be_written_none_stays(tmp_path, monkeypatch):
    write = scalar_files.write_scalars

    def fails_at_the_second(out, series):
        if out.endswith("b"):
            raise OSError(28, "no space left on device", out)
        return write(out, series)

    monkeypatch.setattr(scalar_files, "write_scalars", fails_at_the_second)
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError, match="no space left"):
        import_lines(tmp_path, *({"step": 1, "tag": "t", "value": 1, "run": run} for run in ("x/y/a", "b")))
    assert list((tmp_path / "out").iterdir()) == []


# -- tables that are read in parts -------------------------------------------------------------------------------------


@pytest.fixture
def short_parts(monkeypatch):
    """Tables are read three rows at a time."""
    monkeypatch.setattr(table_files, "_READ_ROWS", 3)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_parts_make_the_same_runs_as_the_whole_table(odd, tmp_path, monkeypatch, kind, wide):
    need(kind)
    export_table(odd, tmp_path / f"a.{kind}", wide=wide)
    whole = import_table(tmp_path / f"a.{kind}", tmp_path / "whole", clock=lambda: 5.0)
    columns = read_table(tmp_path / f"a.{kind}")
    monkeypatch.setattr(table_files, "_READ_ROWS", 3)
    assert read_table(tmp_path / f"a.{kind}").keys() == columns.keys()
    parts = import_table(tmp_path / f"a.{kind}", tmp_path / "parts", clock=lambda: 5.0)
    assert bits(tmp_path / "parts") == bits(tmp_path / "whole")
    assert (parts.points, parts.tags, parts.float64_tags) == (whole.points, whole.tags, whole.float64_tags)
    assert list(parts.files) == list(whole.files)


def test_rows_of_a_run_and_tag_may_be_anywhere(short_parts, tmp_path):
    rows = [(f"r{k % 3}", f"t{k % 4}", k, k / 2, float(k)) for k in range(40)]
    text = "".join(f"{run},{tag},{step},{time},{value}\n" for run, tag, step, time, value in rows)
    import_table(table(tmp_path, "run,tag,step,wall_time,value\n" + text), tmp_path / "out")
    for name, run in tbevents.read_logdir(tmp_path / "out").items():
        for tag, series in run.scalars.items():
            mine = [row[2:] for row in rows if row[:2] == (name, tag)]
            assert [tuple(point) for point in series] == mine
            assert mine


def test_a_missing_cell_of_a_wide_table_is_no_point_in_any_part(short_parts, tmp_path):
    rows = [(k % 2, k, "" if k % 3 else k, "" if k < 7 else -k) for k in range(11)]
    text = "".join(f"r{run},{step},{x},{y}\n" for run, step, x, y in rows)
    import_table(table(tmp_path, "run,step,x,y\n" + text), tmp_path / "out")
    logdir = tbevents.read_logdir(tmp_path / "out")
    for number in (0, 1):
        scalars = logdir[f"r{number}"].scalars
        assert scalars["x"].steps.tolist() == [k for k in range(11) if k % 2 == number and k % 3 == 0]
        assert scalars["y"].steps.tolist() == [k for k in range(7, 11) if k % 2 == number]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("step,x", "1.5,2", r"row 8: step '1\.5' is not a 64-bit integer"),
        ("step,x", "1,two", "row 8: x 'two' is not a 64-bit number"),
        ("step,x", "1", "line 9: 1 cell under 2 headers"),
        ("step,tag,value,wall_time", "1,a,1,nan", "row 8: wall_time is NaN"),
        ("step,tag,value,wall_time", "1,a,one,1", "row 8: value 'one' is not a 64-bit number"),
    ],
)
def test_rows_are_counted_from_the_first_part(short_parts, tmp_path, header, row, message):
    good = ",".join(["1", "2", "3", "4"][: header.count(",") + 1])
    with pytest.raises(ValueError, match=message):
        import_table(table(tmp_path, "\n".join([header, *[good] * 7, row, good]) + "\n"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_names_of_another_kind_are_named_with_their_row(tmp_path):
    rows = [{"tag": tag, "step": 1, "value": 1} for tag in (1, 1.0, True, None, "1")]
    import_lines(tmp_path, *rows)
    assert list(tbevents.read_run(tmp_path / "out").scalars) == ["1", "1.0", "True", ""]


def test_two_columns_of_one_name_are_refused_in_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table([[1], [2], [3]], names=["step", "x", "x"]), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"x\.parquet: two columns have the same header"):
        import_table(tmp_path / "x.parquet", tmp_path / "run")


LATE = {
    "a column of values": [{"step": k, "tag": f"t{k % 3}", "x": 1.5} for k in range(8)] + [{"step": 9, "value": 2}],
    "a column of runs": [{"step": k, "x": k} for k in range(8)] + [{"step": 9, "run": "r", "x": 2}],
    "a column of tags": [{"step": k, "value": k} for k in range(8)] + [{"step": 9, "tag": "t", "value": 2}],
    "times": [{"step": k, "x": k} for k in range(8)] + [{"step": 9, "Wall time": 12.5, "x": 3}],
    "another spelling": [{"Step": k, "x": k} for k in range(8)] + [{"STEP": 9, "Step": 3, "x": 3}],
    "spellings in another order": [{"Step": k, "STEP": k + 50, "x": k} for k in range(6)]
    + [{"x": k, "STEP": k + 50, "Step": k} for k in range(6, 9)],
    "another spelling alone": [{"STEP": k + 50, "Step": k, "x": k} for k in range(3)]
    + [{"Step": k, "x": k} for k in range(3, 9)],
    "tags": [{"step": k, f"t{k}": k, "same": -k} for k in range(9)],
    "nested": [{"step": k, "x": [[k]] if k == 8 else k} for k in range(9)],
    "no steps": [{"x": k} for k in range(9)],
    "nothing": [],
}


@pytest.mark.parametrize(
    "rows", [[{"x": 1}] * 3 + [{}] * 6 + [{"y": 2}] * 2, [{}] * 6 + [{"y": 1}], [{"y": 1}] + [{}] * 6, [{}] * 7]
)
def test_lines_without_cells_are_rows_too(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(table_files, "_READ_ROWS", 3)
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    titles = dict.fromkeys(title for row in rows for title in row)
    expected = {title: [row.get(title) for row in rows] for title in titles}
    assert {title: list(cells) for title, cells in read_table(path).items()} == expected


@pytest.mark.parametrize("rows", LATE.values(), ids=LATE)
def test_lines_that_bring_columns_late_are_those_of_the_whole_table(tmp_path, monkeypatch, rows):
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def imported(name):
        try:
            done = import_table(path, tmp_path / name, clock=lambda: 5.0)
        except ValueError as error:
            return str(error)
        return bits(tmp_path / name), done.points, done.tags, list(done.files)

    whole = imported("whole")
    columns = {name: list(cells) for name, cells in read_table(path).items()}
    monkeypatch.setattr(table_files, "_READ_ROWS", 3)
    monkeypatch.setattr(table_files, "_SPOOLED", 10)
    assert imported("parts") == whole
    parts = {name: list(cells) for name, cells in read_table(path).items()}
    assert list(parts.items()) == list(columns.items())
    assert {len(cells) for cells in parts.values()} <= {len(rows)}
    assert len(list(table_files.iter_table(path))) == max(1, len(rows) // 3)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_byte_order_mark_is_skipped(tmp_path, kind, stream):
    text = "step,x\n1,0.5\n" if kind == "csv" else '{"step": 1, "x": 0.5}\n'
    path = tmp_path / f"in.{kind}"
    path.write_text("\ufeff" + text, encoding="utf-8")
    source = io.StringIO("\ufeff" + text) if stream else path
    import_table(source, tmp_path / "run", format=kind)
    assert [point.value for point in tbevents.read_run(tmp_path / "run").scalars["x"]] == [0.5]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_memory_of_an_import_is_that_of_its_numbers(tmp_path, monkeypatch, kind):
    count = 20_000
    monkeypatch.setattr(table_files, "_READ_ROWS", 500)
    monkeypatch.setattr(table_files, "_SPOOLED", 10_000)
    monkeypatch.setattr(scalar_files, "_CHUNK", 500)
    path = table(tmp_path, "tag,step,wall_time,value\n" + "".join(f"loss,{k},1e9,{k / 7}\n" for k in range(count)))
    if kind == "jsonl":
        path = tmp_path / "in.jsonl"
        lines = [{"tag": "loss", "step": k, "wall_time": 1e9, "value": k / 7} for k in range(count)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        del lines
    import_table(path, tmp_path / "first")  # imports what it needs
    tracemalloc.start()
    try:
        assert import_table(path, tmp_path / "run").points == count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 120 * count  # cells as text take 500


@pytest.mark.parametrize("depth", [1500, 3000, 100_000])
def test_json_that_is_nested_too_deeply_is_an_error_that_names_the_file(tmp_path, depth):
    (tmp_path / "x.jsonl").write_text(f'{{"step": 1, "x": {"[" * depth}{"]" * depth}}}\n')
    with pytest.raises(ValueError, match=r"x\.jsonl: .*(nested too deeply|not a( 64-bit)? number)"):
        import_table(tmp_path / "x.jsonl", tmp_path / "run")
