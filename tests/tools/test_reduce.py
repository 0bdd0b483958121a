"""Reduce computes statistics over runs at equal steps."""

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.proto import Event, SessionLog
from tbevents.tools.reduce import Reduced, ReducedTag, reduce, reduce_runs, write_reduced
from tbevents.tools.scalar_files import ScalarColumns, write_scalars


@pytest.fixture
def seeds(make_series):
    values = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    runs = [
        make_series(f"seeds/{number}", loss=(range(7), row), acc=(range(7), -row)) for number, row in enumerate(values)
    ]
    return runs, values.astype(np.float64)


def test_statistics_are_numpys(seeds):
    runs, values = seeds
    stats = ["mean", "std", "min", "max", "median", "q0.25", "q1"]
    found = reduce(runs, stats=stats)
    assert [tag.tag for tag in found.tags] == ["loss", "acc"]
    loss = found.tags[0]
    assert loss.steps.tolist() == list(range(7))
    assert loss.runs.tolist() == [5] * 7
    wanted = {name: getattr(np, name)(values, axis=0) for name in stats[:5]}
    wanted["q0.25"], wanted["q1"] = np.quantile(values, 0.25, axis=0), values.max(axis=0)
    assert list(loss.stats) == stats
    for name, numbers in wanted.items():
        np.testing.assert_allclose(loss.stats[name], numbers, rtol=1e-14)


def test_the_standard_deviation_divides_as_told(seeds):
    runs, values = seeds
    found = reduce(runs, stats=["std"], ddof=1).tags[0].stats["std"]
    np.testing.assert_allclose(found, values.std(axis=0, ddof=1), rtol=1e-14)
    assert np.isnan(reduce(runs[:1], stats=["std"], ddof=1).tags[0].stats["std"]).all()


def test_a_folder_stands_for_all_runs_below(seeds, tmp_path):
    runs, _ = seeds
    assert reduce([tmp_path / "seeds"]).paths == tuple(map(str, runs))


def test_a_path_is_one_source(seeds, tmp_path):
    runs, _ = seeds
    for path in (str(tmp_path / "seeds"), tmp_path / "seeds"):
        assert reduce(path).paths == tuple(map(str, runs))


def test_tags_and_steps_must_agree_unless_lax(make_series):
    runs = [make_series("a", x=([0, 1, 2], [1, 2, 3]), y=([0], [1])), make_series("b", x=([1, 2, 3], [4, 5, 6]))]
    with pytest.raises(ValueError, match=r"b: the steps of 'x' differ from those in .*a: only one has step 0"):
        reduce(runs, tags=["x"])
    with pytest.raises(ValueError, match=r"b: no tag 'y'"):
        reduce(runs, lax_steps=True)
    x, y = reduce(runs, lax_tags=True, lax_steps=True, stats=["mean", "std", "max"]).tags
    assert x.steps.tolist() == [0, 1, 2, 3]
    assert x.runs.tolist() == [1, 2, 2, 1]
    assert x.stats["mean"].tolist() == [1.0, 3.0, 4.0, 6.0]
    assert x.stats["std"].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert x.stats["max"].tolist() == [1.0, 4.0, 5.0, 6.0]
    assert x.wall_times.tolist() == [1000.0, 1001.0, 1002.0, 1003.0]
    assert (y.runs.tolist(), y.stats["mean"].tolist()) == ([1], [1.0])


@pytest.mark.parametrize(("duplicates", "value"), [("last", 3.0), ("first", 1.0), ("mean", 2.0)])
def test_one_of_several_values_of_a_step_counts(make_series, duplicates, value):
    run = make_series("a", x=([2, 0, 2, 2], [1, 9, 2, 3]))
    found = reduce([run], duplicates=duplicates, stats=["mean"]).tags[0]
    assert found.steps.tolist() == [0, 2]
    assert found.stats["mean"].tolist() == [9.0, value]


def test_nan_makes_nan(make_series):
    runs = [make_series("a", x=([0, 1], [np.nan, 1])), make_series("b", x=([0, 1], [1, 3]))]
    found = reduce(runs, stats=["mean", "max"]).tags[0].stats
    np.testing.assert_array_equal(found["mean"], [np.nan, 2.0])
    np.testing.assert_array_equal(found["max"], [np.nan, 3.0])


def test_infinities_and_great_values_have_statistics(tmp_path):
    """Columns of 1, 2, inf; of inf alone; of 3 * 2**1022, -2**1023 and 2**1022, whose mean is 2**1023 / 3."""
    great = 2.0**1023
    rows = [[1.0, np.inf, 1.5 * great], [2.0, np.inf, -great], [np.inf, np.inf, 0.5 * great]]
    runs = [
        write_scalars(tmp_path / name, [ScalarColumns("x", np.arange(3), np.ones(3), np.array(row))])
        for name, row in zip("abc", rows, strict=True)
    ]
    stats = ["mean", "std", "median", "q0.25", "q0.75", "q1"]
    found = reduce(runs, stats=stats).tags[0].stats
    assert found["mean"].tolist() == [np.inf, np.inf, great / 3]
    # Their distances from the mean are 7, -8 and 1 sixths of 2**1023.
    np.testing.assert_allclose(found["std"], [np.nan, np.nan, great * np.sqrt((49 + 64 + 1) / 36 / 3)], rtol=1e-15)
    assert found["median"].tolist() == [2.0, np.inf, great / 2]
    assert found["q0.25"].tolist() == [1.5, np.inf, -great / 4]
    assert found["q0.75"].tolist() == [np.inf, np.inf, great]
    assert found["q1"].tolist() == [np.inf, np.inf, 1.5 * great]


def test_the_mean_of_several_great_values_of_a_step_is_no_infinity(tmp_path):
    columns = ScalarColumns("x", np.zeros(2, np.int64), np.ones(2), np.full(2, 1.5e308))
    run = write_scalars(tmp_path / "a", [columns])
    assert reduce([run], duplicates="mean", stats=["mean", "median"]).tags[0].stats["mean"].tolist() == [1.5e308]
    assert tbevents.read_run(run).table().pivot(duplicates="mean").columns["x"].values.tolist() == [1.5e308]


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ([1e39, 0.1], [1e39, 0.1]),
        ([1e-50, 0.1], [1e-50, 0.1]),
        ([3e38, 1e-45, 0.1], np.array([3e38, 1e-45, 0.1], np.float32).tolist()),
        ([np.inf, -np.inf, 0.0], [np.inf, -np.inf, 0.0]),
    ],
)
def test_statistics_beyond_float32_are_written_as_float64(tmp_path, values, stored):
    steps = np.arange(len(values))
    reduced = Reduced(
        ("r",),
        (ReducedTag("x", steps, np.ones_like(steps), steps * 1.0, {"mean": np.array(values)}),),
        ("mean",),
    )
    write_reduced(reduced, tmp_path / "out")
    assert tbevents.read_run(tmp_path / "out" / "mean").scalars["x"].values.tolist() == stored


def test_statistics_become_runs_that_tensorboard_shows(seeds, tmp_path):
    runs, values = seeds
    write_reduced(reduce(runs, stats=["mean", "q0.9"]), tmp_path / "out")
    logdir = tbevents.read_logdir(tmp_path / "out")
    assert list(logdir) == ["mean", "q0.9"]
    assert list(logdir["mean"].scalars) == ["loss", "acc"]
    read = logdir["mean"].scalars["loss"].values
    assert read.tolist() == values.mean(axis=0).astype(np.float32).tolist()
    with pytest.raises(FileExistsError):
        write_reduced(reduce(runs, stats=["mean"]), tmp_path / "out")


def test_the_table_has_a_column_for_each_statistic(seeds):
    pandas = pytest.importorskip("pandas", reason="tables go to pandas")
    runs, values = seeds
    frame = reduce(runs, stats=["mean"]).to_pandas()
    assert list(frame.columns) == ["tag", "step", "runs", "mean"]
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == 14
    assert frame["mean"][3] == values.mean(axis=0)[3]


@pytest.mark.parametrize("name", ["mode", "q", "q1.5", "q-0.1", "qx", "q0.1_5", 0.9, None])
def test_an_unknown_statistic_is_refused(seeds, name):
    with pytest.raises(ValueError, match=f"unknown statistic {name!r}"):
        reduce(seeds[0], stats=[name])


def test_wrong_arguments_are_refused(seeds, tmp_path):
    with pytest.raises(UnknownNameError, match="'los'"):
        reduce(seeds[0], tags=["los"])
    with pytest.raises(ValueError, match="no runs"):
        reduce([])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty: there is no event file"):
        reduce([tmp_path / "empty"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_runs": 0}, ValueError, "min_runs must be at least 1, not 0"),
        ({"min_runs": 1.5}, TypeError, "min_runs must be a whole number, not 1.5"),
        ({"min_runs": True}, TypeError, "min_runs must be a whole number, not True"),
        ({"ddof": -1}, ValueError, "ddof must be at least 0, not -1"),
        ({"ddof": 0.5}, TypeError, "ddof must be a whole number, not 0.5"),
        ({"ddof": "1"}, TypeError, "ddof must be a whole number, not '1'"),
        ({"duplicates": "all"}, ValueError, "duplicates must be 'last', 'first' or 'mean', not 'all'"),
        ({"stats": ["mode"]}, ValueError, "unknown statistic 'mode'"),
    ],
)
def test_arguments_are_checked_before_a_run_is_read(options, error, message):
    with pytest.raises(error, match=message):
        reduce("nowhere", **options)
    with pytest.raises(error, match=message):
        reduce_runs(iter(int, 1), **options)  # endless, of what is no run


def test_runs_without_scalars_are_nothing_to_reduce(make_run):
    with pytest.raises(ValueError, match="a: there are no scalars to reduce"):
        reduce([make_run("a")])


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("lax", [False, True])
def test_a_tag_of_which_restarts_left_no_points_is_left_out(tmp_path, count, lax):
    start = Event(wall_time=3.0, session_log=SessionLog(status=SessionLog.START))
    write_events(
        tmp_path / "r" / "1.tfevents", [version_event(), scalar_event("a", 5, 1.0), scalar_event("c", 5, 1.0), start]
    )
    emptied = tbevents.read_run(tmp_path / "r", restarts="tensorboard")
    assert [len(columns.steps) for _, columns in emptied.scalar_columns()] == [0, 0]
    with pytest.raises(ValueError, match="no step is in 1 runs"):
        reduce_runs([emptied] * count, lax_tags=lax)
    write_events(
        tmp_path / "s" / "1.tfevents", [version_event(), scalar_event("a", 5, 1.0), start, scalar_event("b", 1, 2.0)]
    )
    run = tbevents.read_run(tmp_path / "s", restarts="tensorboard")
    reduced = reduce_runs([run] * count, lax_tags=lax)
    assert [(tag.tag, tag.steps.tolist(), tag.runs.tolist()) for tag in reduced.tags] == [("b", [1], [count])]


@pytest.mark.parametrize("emptied_first", [False, True])
def test_a_run_of_which_restarts_left_no_points_has_the_tag_at_no_step(tmp_path, emptied_first):
    start = Event(wall_time=3.0, session_log=SessionLog(status=SessionLog.START))
    write_events(tmp_path / "r" / "1.tfevents", [version_event(), scalar_event("a", 5, 1.0), start])
    write_events(tmp_path / "s" / "1.tfevents", [scalar_event("a", 5, 7.0)])
    runs = [tbevents.read_run(tmp_path / name, restarts="tensorboard") for name in ("r", "s")]
    runs = runs if emptied_first else runs[::-1]
    with pytest.raises(ValueError, match="only one has step 5; lax steps"):
        reduce_runs(runs)
    (tag,) = reduce_runs(runs, lax_steps=True, stats=["mean"]).tags
    assert (tag.steps.tolist(), tag.runs.tolist(), tag.stats["mean"].tolist()) == ([5], [1], [7.0])


def test_no_statistic_is_written_where_one_is_there(make_run, seeds, tmp_path):
    make_run("out/std", ("loss", 1, 1.0))
    with pytest.raises(FileExistsError, match="a run exists already"):
        write_reduced(reduce([tmp_path / "seeds"]), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["std"]


def test_steps_of_too_few_runs_are_left_out(make_series):
    runs = [
        make_series(f"runs/{length}", loss=(range(length), np.arange(length) * length), lr=([length], [1.0]))
        for length in (2, 4, 5)
    ]
    options = {"lax_steps": True, "stats": ["mean"]}
    (loss,) = reduce(runs, min_runs=2, **options).tags
    assert (loss.tag, loss.steps.tolist(), loss.runs.tolist()) == ("loss", [0, 1, 2, 3], [3, 3, 2, 2])
    assert loss.stats["mean"].tolist() == [0.0, 11 / 3, 9.0, 13.5]
    assert [len(tag.steps) for tag in reduce(runs, **options).tags] == [5, 3]
    with pytest.raises(ValueError, match="no step is in 4 runs"):
        reduce(runs, min_runs=4, **options)
