"""Wall times as dates: in every table, and in what is exported."""

import json
import math

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

import tbevents
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.tools.export import export_table
from tbevents.tools.import_ import import_table
from tbevents.tools.table_files import write_table

TIMES = [0.0, 1.7e9 + 0.25]
DATES = ["1970-01-01T00:00:00.000000", "2023-11-14T22:13:20.250000"]


@pytest.fixture
def logdir(tmp_path):
    points = [scalar_event("loss", step, step, time) for step, time in enumerate(TIMES)]
    write_events(tmp_path / "runs" / "a" / "x.tfevents", [version_event(), *points])
    return tbevents.read_logdir(tmp_path / "runs")


@pytest.fixture(params=["series", "table", "run", "logdir"])
def frame(request, logdir):
    found = {
        "series": logdir["a"].scalars["loss"],
        "table": logdir.scalars(),
        "run": logdir["a"],
        "logdir": logdir,
    }
    return found[request.param]


def texts(dates):
    return np.asarray(dates).astype("datetime64[us]").astype(str).tolist()


def test_pandas_gets_dates(frame):
    pytest.importorskip("pandas")
    assert texts(frame.to_pandas(times=True)["wall_time"]) == DATES
    assert frame.to_pandas()["wall_time"].tolist() == TIMES


def test_polars_gets_dates(frame):
    pytest.importorskip("polars")
    found = frame.to_polars(times=True)["wall_time"]
    assert (texts(found.to_numpy()), found.dtype.time_unit, found.dtype.time_zone) == (DATES, "us", None)
    assert frame.to_polars()["wall_time"].to_list() == TIMES


def test_arrow_gets_dates(frame):
    pa = pytest.importorskip("pyarrow")
    found = frame.to_arrow(times=True)["wall_time"]
    assert found.type == pa.timestamp("us")
    assert texts(found.to_numpy()) == DATES
    assert frame.to_arrow()["wall_time"].to_pylist() == TIMES


def test_a_table_may_be_made_with_dates(logdir):
    pytest.importorskip("pandas")
    for table in (logdir.scalars(times=True), logdir["a"].table(times=True)):
        assert texts(table.to_pandas()["wall_time"]) == DATES
        assert table.wall_times.tolist() == TIMES
        assert texts(table.times) == DATES
        assert "2023-11-14T22:13:20.250000Z" in table._repr_html_()


def test_batches_have_dates(logdir):
    pa = pytest.importorskip("pyarrow")
    reader = tbevents.iter_batches(logdir, times=True)
    assert reader.schema.field("wall_time").type == pa.timestamp("us")
    assert reader.schema.names == tbevents.iter_batches(logdir).schema.names
    assert texts(reader.read_all()["wall_time"].to_numpy()) == DATES


def test_dask_has_dates(logdir):
    pytest.importorskip("dask.dataframe")
    from tbevents.integrations.dask import read_logdir

    frame = read_logdir(logdir.path, times=True)
    assert frame.dtypes["wall_time"].kind == "M"
    assert texts(frame.compute(scheduler="synchronous")["wall_time"]) == DATES


def test_starts_and_ends_of_sessions_are_dates(tmp_path):
    pytest.importorskip("pandas")
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"lr": 0.1}, {"acc": 0.5}, run_name="one")
    table = tbevents.read_logdir(tmp_path).hparams().to_pandas(times=True)
    assert table["start_time"].dtype.kind == "M"
    assert table["end_time"].dtype.kind == "M"


def test_times_that_are_no_dates_are_missing():
    series = ScalarSeries(
        "x", np.arange(3, dtype=np.int64), np.array([math.nan, math.inf, 1e300]), np.zeros(3, np.float32)
    )
    pytest.importorskip("pandas")
    assert series.to_pandas(times=True)["wall_time"].isna().all()
    pytest.importorskip("pyarrow")
    assert series.to_arrow(times=True)["wall_time"].null_count == 3


def test_a_tag_called_wall_time_stays_a_number(tmp_path):
    pytest.importorskip("pandas")
    write_events(tmp_path / "x.tfevents", [version_event(), scalar_event("wall_time", 0, 2.0)])
    wide = tbevents.read_run(tmp_path).table(times=True).pivot()
    assert wide.to_pandas(times=True)["wall_time"].tolist() == [2.0]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_exported_dates_are_read_back_as_the_times_they_were(logdir, tmp_path, ending):
    if ending in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    out = tmp_path / f"table.{ending}"
    export_table(logdir.path, out, times=True)
    if ending == "csv":
        assert out.read_text().splitlines()[2] == "a,loss,1,2023-11-14T22:13:20.250000Z,1.0"
    if ending == "jsonl":
        assert json.loads(out.read_text().splitlines()[0])["wall_time"] == "1970-01-01T00:00:00.000000Z"
    import_table(out, tmp_path / "back")
    assert tbevents.read_run(tmp_path / "back" / "a").scalars["loss"].wall_times.tolist() == TIMES


def test_imported_dates_may_name_a_time_zone(tmp_path):
    (tmp_path / "t.csv").write_text(
        "tag,step,wall_time,value\nx,0,1970-01-01T02:00:00+02:00,1\nx,1,1970-01-01 00:00:01,2\n"
    )
    import_table(tmp_path / "t.csv", tmp_path / "out")
    assert tbevents.read_run(tmp_path / "out").scalars["x"].wall_times.tolist() == [0.0, 1.0]
    (tmp_path / "t.csv").write_text("tag,step,wall_time,value\nx,0,1970-13-01T00:00:00,1\n")
    with pytest.raises(ValueError, match="row 1: wall_time '1970-13-01T00:00:00' is not"):
        import_table(tmp_path / "t.csv", tmp_path / "out2")


def test_a_missing_date_is_an_empty_cell(tmp_path):
    series = ScalarSeries("x", np.arange(2, dtype=np.int64), np.array([math.nan, 1.0]), np.zeros(2, np.float32))
    write_table(series, tmp_path / "t.csv", times=True)
    assert (tmp_path / "t.csv").read_text().splitlines()[1:] == ["0,,0.0", "1,1970-01-01T00:00:01.000000Z,0.0"]
