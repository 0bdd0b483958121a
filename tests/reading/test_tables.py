"""Scalars as tables, thinned, smoothed and cut."""

import math
import os
import sys

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events
from hypothesis import given
from hypothesis import strategies as st

import tbevents
from tbevents.format.tensors import from_array
from tbevents.proto import Event, Summary
from tbevents.reading.frames import storable_columns, unique_columns
from tbevents.reading.tables import Table


def series_of(values, steps=None):
    values = np.array(values, np.float32)
    steps = np.arange(len(values), dtype=np.int64) if steps is None else np.array(steps, np.int64)
    return tbevents.ScalarSeries("t", steps, steps + 100.5, values, "Shown", "text")


@pytest.fixture
def logdir(tmp_path):
    """Two runs; `loss` has a step twice in run a, `acc` is in a only, `double` is float64."""
    a = [
        *(scalar_event("loss", step, value, 10 + step) for step, value in [(0, 1), (1, 2), (1, 3), (2, 4)]),
        *(scalar_event("acc", step, value) for step, value in [(1, 0.5), (5, math.nan)]),
    ]
    double = Event(step=2, summary=Summary(value=[tensor_value("double", from_array(np.float64(0.1)), "scalars")]))
    write_events(tmp_path / "a" / "events.out.tfevents.1.h", [version_event(), *a[:3]])
    write_events(tmp_path / "a" / "events.out.tfevents.2.h", [version_event(), *a[3:]])
    write_events(tmp_path / "b" / "c" / "events.out.tfevents.1.h", [scalar_event("loss", 1, -1), double])
    return tbevents.read_logdir(tmp_path)


def rows(table):
    columns = (
        [table.runs[code] for code in table.run_codes],
        [table.tags[code] for code in table.tag_codes],
        table.steps.tolist(),
        table.values.tolist(),
    )
    return list(zip(*columns, strict=True))


def test_the_long_table_has_a_row_for_each_point(logdir):
    table = logdir.scalars()
    assert rows(table)[:4] == [("a", "loss", 0, 1), ("a", "loss", 1, 2), ("a", "loss", 1, 3), ("a", "loss", 2, 4)]
    assert rows(table)[-2:] == [("b/c", "loss", 1, -1), ("b/c", "double", 2, 0.1)]
    assert (len(table), table.values.dtype, table.run_codes.dtype) == (8, np.float64, np.int32)
    assert table.wall_times[:4].tolist() == [10, 11, 11, 12]
    assert logdir.scalars("loss").values.dtype == np.float32
    assert repr(table) == "<Table of 8 points: 2 runs, 3 tags>"


def test_tags_and_runs_are_chosen_by_name_or_pattern(logdir):
    assert {row[:2] for row in rows(logdir.scalars("acc"))} == {("a", "acc")}
    assert {row[:2] for row in rows(logdir.scalars(["a*", "double"]))} == {("a", "acc"), ("b/c", "double")}
    assert {row[0] for row in rows(logdir.scalars(runs="b/*"))} == {"b/c"}
    assert len(logdir.scalars("nothing*")) == 0
    with pytest.raises(tbevents.UnknownNameError, match="no tag 'los'; did you mean 'loss'"):
        logdir.scalars("los")
    with pytest.raises(KeyError, match="no run 'b'; did you mean 'b/c'"):
        logdir.scalars(runs="b")
    assert rows(logdir["a"].table("acc"))[0] == ("a", "acc", 1, 0.5)


def test_extra_columns(logdir):
    table = logdir.scalars("loss", extra_columns=["file_name", "dir_name"])
    files = table.extra["file_name"]
    assert [files.names[code] for code in files.codes] == [f"events.out.tfevents.{n}.h" for n in (1, 1, 1, 2, 1)]
    folders = table.extra["dir_name"]
    assert [folders.names[code] for code in folders.codes] == ["a"] * 4 + ["b/c"]
    with pytest.raises(ValueError, match="'dir_name' or 'file_name', not 'file'; did you mean 'file_name'"):
        logdir.scalars(extra_columns=["file"])


def test_file_names_follow_what_restarts_leave(logdir):
    logdir = tbevents.read_logdir(logdir.path, duplicates="last")
    files = logdir.scalars("loss", "a", extra_columns="file_name").extra["file_name"]
    assert files.codes.tolist() == [0, 0, 1]


def test_to_pandas(logdir):
    pandas = pytest.importorskip("pandas", reason="makes a pandas table")
    frame = logdir.scalars(extra_columns=["file_name"]).to_pandas()
    assert list(frame.columns) == ["run", "tag", "step", "wall_time", "value", "file_name"]
    assert isinstance(frame["run"].dtype, pandas.CategoricalDtype)
    assert frame["tag"].tolist()[3:5] == ["loss", "acc"]
    assert frame["value"].dtype == np.float64
    assert frame["step"].dtype == np.int64
    series = logdir["a"].scalars["loss"].to_pandas()
    assert (list(series.columns), series["value"].dtype) == (["step", "wall_time", "value"], np.float32)
    assert logdir["a"].to_pandas()["value"].tolist()[:5] == [1, 2, 3, 4, 0.5]
    assert len(logdir.to_pandas()) == 8


def test_to_polars(logdir):
    polars = pytest.importorskip("polars", reason="makes a polars table")
    frame = logdir.to_polars()
    assert frame.schema["run"] == polars.Categorical
    assert frame["tag"].to_list()[3:5] == ["loss", "acc"]
    assert frame["value"].to_list()[:4] == [1, 2, 3, 4]
    assert frame["step"].dtype == polars.Int64
    assert logdir["a"].scalars["loss"].to_polars()["wall_time"].to_list() == [10, 11, 11, 12]
    assert logdir.scalars().pivot().to_polars()["acc"].to_list()[1] == 0.5


def test_to_arrow(logdir):
    arrow = pytest.importorskip("pyarrow", reason="makes an Arrow table")
    table = logdir.to_arrow()
    assert table.schema.field("run").type == arrow.dictionary(arrow.int32(), arrow.string())
    assert table["tag"].to_pylist()[3:5] == ["loss", "acc"]
    assert table["value"].to_pylist()[:4] == [1, 2, 3, 4]
    assert logdir["a"].scalars["loss"].to_arrow().num_rows == 4


def test_empty_tables(tmp_path):
    logdir = tbevents.read_logdir(tmp_path)
    assert len(logdir.scalars()) == len(logdir.scalars().pivot()) == len(logdir.hparams()) == 0
    pytest.importorskip("pandas", reason="makes a pandas table")
    pytest.importorskip("polars", reason="makes a polars table")
    pytest.importorskip("pyarrow", reason="makes an Arrow table")
    for table in (logdir, logdir.scalars().pivot(), logdir.hparams()):
        assert len(table.to_pandas()) == len(table.to_polars()) == table.to_arrow().num_rows == 0


@pytest.mark.parametrize(
    ("package", "method", "extra"),
    [("pandas", "to_pandas", "pandas"), ("polars", "to_polars", "polars"), ("pyarrow", "to_arrow", "arrow")],
)
def test_a_missing_package_names_its_extra(logdir, monkeypatch, package, method, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(tbevents.MissingExtraError, match=rf"{method} needs {package}: .*tbevents\[{extra}\]"):
        getattr(logdir, method)()


def cells(wide, tag):
    column = wide.columns[tag]
    return [value if there else None for value, there in zip(column.values.tolist(), column.present, strict=True)]


def test_pivot_keeps_every_point_of_a_repeated_step(logdir):
    wide = logdir.scalars().pivot()
    assert [wide.runs[code] for code in wide.run_codes] == ["a"] * 5 + ["b/c"] * 2
    assert wide.steps.tolist() == [0, 1, 1, 2, 5, 1, 2]
    assert cells(wide, "loss") == [1, 2, 3, 4, None, -1, None]
    assert repr(cells(wide, "acc")) == "[None, 0.5, None, None, nan, None, None]"  # NaN that was logged is not missing
    assert cells(wide, "double") == [None] * 6 + [0.1]


@pytest.mark.parametrize(("duplicates", "expected"), [("first", 2), ("last", 3), ("mean", 2.5)])
def test_pivot_may_merge_repeated_steps(logdir, duplicates, expected):
    wide = logdir.scalars().pivot(duplicates=duplicates)
    assert wide.steps.tolist() == [0, 1, 2, 5, 1, 2]
    assert cells(wide, "loss") == [1, expected, 4, None, -1, None]


def test_pivot_with_an_unknown_option(logdir):
    with pytest.raises(ValueError, match="duplicates must be 'keep', 'first', 'last' or 'mean', not 'avg'"):
        logdir.scalars().pivot(duplicates="avg")


def test_pivot_as_data_frames_tells_missing_from_nan(logdir):
    pytest.importorskip("pandas", reason="makes a pandas table")
    assert logdir.scalars().pivot().to_pandas()["loss"].isna().tolist() == [False] * 4 + [True, False, True]
    pytest.importorskip("polars", reason="makes a polars table")
    column = logdir.scalars().pivot().to_polars()["acc"]
    assert (column.null_count(), column.is_nan().sum()) == (5, 1)
    pytest.importorskip("pyarrow", reason="makes an Arrow table")
    assert logdir.scalars().pivot().to_arrow()["acc"].null_count == 5


POINTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4)), max_size=25)


def test_pivot_has_a_column_for_each_tag_also_if_it_is_named_as_another_column(tmp_path):
    tags = ["tag/step", "step", "run", "tag/tag/step", "wall_time"]
    write_events(tmp_path / "events.out.tfevents.1.h", [scalar_event(tag, 7, k) for k, tag in enumerate(tags)])
    columns = storable_columns(tbevents.read_run(tmp_path).table().pivot())
    renamed = ["tag/step", "tag/tag/tag/step", "tag/run", "tag/tag/step", "wall_time"]
    assert list(columns) == ["run", "step", *renamed]
    assert [columns[name].values.tolist() for name in renamed] == [[k] for k in range(5)]


words = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=4).map("/".join)


@given(names=st.lists(words, unique=True), taken=st.sets(words))
def test_titles_of_columns_are_unique_and_free_names_stay(names, taken):
    titles = unique_columns(names, taken, "a")
    assert list(titles) == names
    assert len(set(titles.values())) == len(names)
    assert taken.isdisjoint(titles.values())
    assert all(titles[name] == name for name in names if name not in taken)
    assert all(title.endswith(name) for name, title in titles.items())


@given(POINTS)
def test_pivot_holds_the_same_points(points):
    tags = np.array([tag == "b" for tag, _ in points], np.int32)
    steps = np.array([step for _, step in points], np.int64)
    order = np.argsort(tags, kind="stable")  # a long table goes tag by tag
    tags, steps = tags[order], steps[order]
    values = np.arange(1.0, len(points) + 1)
    table = tbevents.Table(("r",), ("a", "b"), np.zeros(len(points), np.int32), tags, steps, values, values)
    wide = table.pivot()
    found = [
        (tag, step, value)
        for tag in ("a", "b")
        for step, value in zip(wide.steps.tolist(), cells(wide, tag), strict=True)
        if value is not None
    ]
    assert sorted(found) == sorted(zip(["ab"[tag] for tag in tags], steps.tolist(), values.tolist(), strict=True))
    assert wide.steps.tolist() == sorted(wide.steps.tolist())
    for tag in ("a", "b"):  # points of one step stay in order
        of_tag = [value for name, _, value in found if name == tag]
        by_step = sorted((step, value) for name, step, value in found if name == tag)
        assert of_tag == [value for _, value in by_step]


def test_between(logdir):
    series = logdir["a"].scalars["loss"]
    assert series.between(1, 1).values.tolist() == [2, 3]
    assert series.between(1).steps.tolist() == [1, 1, 2]
    assert series.between(last=0).steps.tolist() == [0]
    assert len(series.between(7)) == 0
    assert series.between() == series


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, [9]), (2, [0, 9]), (4, [0, 3, 6, 9]), (3, [0, 4, 9]), (10, [*range(10)]), (99, [*range(10)])],
)
def test_resample_keeps_first_and_last_and_spaces_evenly(n, expected):
    series = series_of(range(10)).resample(n)
    assert series.steps.tolist() == expected
    assert series.values.tolist() == expected
    assert (series.display_name, series.description) == ("Shown", "text")


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError)])
def test_resample_to_no_number(n, error):
    with pytest.raises(error):
        series_of(range(3)).resample(n)


# The first cases are those of TensorBoard's own test of its smoothing, data_transformer_test.ts.
@pytest.mark.parametrize(
    ("values", "weight", "expected"),
    [
        ([1, 0.5, 0], 0.6, [1, 0.6875, ((0.5 * 0.4 + 0.4 * 1 * 0.6) * 0.6 + 0) / (1 - 0.6**3)]),
        ([0, 0.5, 1], 0.6, [0, 0.3125, (1 * 0.4 + 0.5 * 0.4 * 0.6) / (1 - 0.6**3)]),
        ([1, 0.5, 0], 0, [1, 0.5, 0]),
        ([0.3, 0.3, 0.3], 0.9, [np.float32(0.3)] * 3),
        ([], 0.5, []),
        ([1, math.nan, 0.5, math.inf, 0], 0.6, [1, math.nan, 0.6875, math.inf, (0.44 * 0.6) / (1 - 0.6**3)]),
        ([math.nan, 1, 1], 0.5, [math.nan, 1, 1]),
    ],
)
def test_smooth_is_tensorboards(values, weight, expected):
    smooth = series_of(values).smooth(weight)
    assert smooth.values.dtype == np.float64
    np.testing.assert_allclose(smooth.values, expected, rtol=1e-12)
    assert smooth.steps.tolist() == list(range(len(values)))


def test_a_constant_curve_is_smoothed_to_itself_exactly():
    constant = series_of([0.1] * 50)
    assert constant.smooth(0.97).values.tolist() == constant.values.tolist()
    assert series_of([0.1] * 49 + [0.2]).smooth(0.97).values.tolist()[:49] != constant.values.tolist()[:49]


@pytest.mark.parametrize("weight", [-0.1, 1, 1.0, 1.1, math.nan])
def test_smooth_with_no_weight(weight):
    with pytest.raises(ValueError, match="weight must be at least 0 and less than 1"):
        series_of([1, 2]).smooth(weight)


def test_reprs_are_short_and_in_the_right_number(logdir, tmp_path):
    table = logdir.scalars("double")
    assert repr(table).startswith("<Table of 1 point: ")
    assert repr(table).endswith(", 1 tag>")
    assert repr(logdir.scalars().pivot()) == "<WideTable of 7 rows: 2 runs, 3 tags>"
    with tbevents.SummaryWriter(tmp_path / "h") as writer:
        writer.add_hparams({"lr": 0.1, "n": 2}, {"acc": 0.5}, run_name=".")
    found = tbevents.read_logdir(tmp_path / "h").hparams()
    assert repr(found) == "<HParamsTable of 1 session: 2 parameters, 1 metric>"


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are UTF-8 elsewhere")
@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_names_that_are_no_utf_8_are_shown_as_escapes(tmp_path, to):
    pytest.importorskip({"arrow": "pyarrow"}.get(to, to))
    names = [os.fsdecode(name) for name in (b"caf\xe8", b"caf\xe9", b"plain")]
    for name in names:
        write_events(tmp_path / name / f"{name}.tfevents", [scalar_event("loss", 1, 2.0)])
    logdir = tbevents.read_logdir(tmp_path)
    assert list(logdir) == sorted(names)
    shown = ["caf\\udce8", "caf\\udce9", "plain"]
    frame = getattr(logdir.scalars(extra_columns=["dir_name", "file_name"]), f"to_{to}")()
    columns = {name: list(map(str, frame[name])) if to == "arrow" else list(frame[name]) for name in frame_names(frame)}
    assert columns["run"] == columns["dir_name"] == shown
    assert columns["file_name"] == [f"{name}.tfevents" for name in shown]
    assert len(getattr(logdir.scalars().pivot(), f"to_{to}")()) == 3
    assert len(getattr(logdir, f"to_{to}")()) == 3
    assert len(getattr(logdir[names[0]], f"to_{to}")()) == 1


def frame_names(frame):
    return frame.column_names if hasattr(frame, "column_names") else list(frame.columns)


def test_tags_that_are_no_utf_8_are_shown_as_escapes_and_stay_one_column(tmp_path):
    pytest.importorskip("pyarrow")
    table = Table(
        ("r",),
        ("x\udcff", "x\\udcff"),
        np.zeros(2, np.int32),
        np.arange(2, dtype=np.int32),
        np.zeros(2, np.int64),
        np.zeros(2),
        np.zeros(2),
    )
    assert table.to_arrow()["tag"].to_pylist() == ["x\\udcff", "x\\udcff"]
    assert list(table.to_pandas()["tag"]) == ["x\\udcff", "x\\udcff"]
