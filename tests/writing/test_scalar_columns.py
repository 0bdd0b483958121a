"""Whole series at once: the same bytes as one call for each point, in order with the other calls, or nothing."""

import numpy as np
import pytest

import tbevents
from tbevents import EventFileWriter, SummaryWriter
from tbevents.format.scalar_layout import ScalarForm
from tbevents.writing import event_file_writer

rng = np.random.default_rng(5)


def content(folder):
    (path,) = folder.iterdir()
    return path.read_bytes()


def writer(folder, **options):
    return SummaryWriter(folder, clock=lambda: 1234.5, flush_secs=1e9, **options)


@pytest.mark.parametrize("count", [0, 1, 5, 1000, 3000])
@pytest.mark.parametrize("options", [{}, {"format": "tf2"}])
def test_the_bytes_are_those_of_single_calls(tmp_path, monkeypatch, count, options):
    monkeypatch.setattr(event_file_writer, "_CHUNK", 777)
    steps = rng.integers(-5, 2**40, count)
    values = rng.normal(size=count) * 1e30
    wall_times = rng.uniform(1e9, 2e9, count)
    with writer(tmp_path / "columns", **options) as columns, writer(tmp_path / "calls", **options) as calls:
        for each in (columns, calls):
            each.add_scalar("before", 1, 1)
            if each is columns:
                each.add_scalar_columns("loss", steps, values, wall_times)
            else:
                for step, value, wall_time in zip(steps, values, wall_times, strict=True):
                    each.add_scalar("loss", value, step, wall_time)
            each.add_text("note", "between", 2)
            each.add_scalar("loss", 2, 2)
    assert content(tmp_path / "columns") == content(tmp_path / "calls")


@pytest.mark.parametrize("form", ScalarForm)
def test_each_form(tmp_path, form):
    steps, values = np.arange(100), rng.normal(size=100)
    for name in ("columns", "calls"):
        with EventFileWriter(tmp_path / name, clock=lambda: 7.0) as file:
            if name == "columns":
                file.add_scalar_columns("loss", steps, values, form=form)
            else:
                for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                    file.add_scalar("loss", value, step, form=form)
    assert content(tmp_path / "columns") == content(tmp_path / "calls")


@pytest.mark.parametrize(
    ("steps", "values"),
    [
        ([0, 1, 2], [1, 2.5, float("nan")]),
        (range(3), (True, False, True)),
        (np.array([0.9, 1.9, -1.9]), np.array([1, 2, 3], np.int8)),
        (np.array([1, 2, 3], np.uint64), np.array([1, 2, 3], np.float16)),
    ],
)
def test_what_numpy_reads_as_numbers_is_taken(tmp_path, steps, values):
    with writer(tmp_path) as log:
        log.add_scalar_columns("loss", steps, values, wall_times=77)
    series = tbevents.read_run(tmp_path).scalars["loss"]
    assert series.steps.tolist() == [int(step) for step in steps]
    np.testing.assert_array_equal(series.values, np.asarray(values, np.float32))
    assert set(series.wall_times.tolist()) == {77.0}


def test_the_time_is_now_where_none_is_given(tmp_path):
    with writer(tmp_path) as log:
        log.add_scalar_columns("loss", [1, 2], [3, 4])
    assert tbevents.read_run(tmp_path).scalars["loss"].wall_times.tolist() == [1234.5, 1234.5]


def test_the_callers_arrays_may_change_afterwards(tmp_path):
    steps, values, wall_times = np.arange(10), np.ones(10), np.ones(10)
    with writer(tmp_path) as log:
        log.add_scalar("loss", 0.0)
        log.add_scalar_columns("loss", steps, values, wall_times)
        values[:] = steps[:] = wall_times[:] = 99
    assert tbevents.read_run(tmp_path).scalars["loss"].last == (9, 1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((7, [1], [1]), TypeError, "tag must be a str"),
        (("t", [1, 2], [1]), ValueError, "steps and values must be equally long: 2 and 1"),
        (("t", [[1]], [[1]]), ValueError, r"must have one dimension, not shape \(1, 1\)"),
        (("t", 1, 1), ValueError, r"values must have one dimension, not shape \(\)"),
        (("t", ["a"], [1]), TypeError, "steps must be real numbers, not str"),
        (("t", [1], np.array([b"a"])), TypeError, "values must be real numbers, not bytes"),
        (("t", [1], ["1.5"]), TypeError, "values must be real numbers, not str"),
        (("t", [1], [1j]), TypeError, "values must be real numbers, not complex"),
        (("t", [1, float("nan")], [1, 2]), ValueError, "fit signed 64-bit integers: .*nan.* at index 1"),
        (("t", [1e19], [1]), ValueError, "steps must be finite and fit signed 64-bit integers"),
        (("t", np.array([2**63], np.uint64), [1]), ValueError, "steps must be finite and fit signed 64-bit integers"),
        (("t", [1, 2], [1, 2], [1, 2, 3]), ValueError, "wall_times must be one time, or as many as values: 3 and 2"),
        (("t", [1], [1], [float("nan")]), ValueError, "wall_times: must not be NaN"),
        (("t", [1], [1], "now"), TypeError, "wall_times must be"),
    ],
)
def test_wrong_columns_are_refused_and_nothing_is_logged(tmp_path, arguments, error, message):
    with writer(tmp_path) as log:
        before = content(tmp_path)
        with pytest.raises(error, match=message):
            log.add_scalar_columns(*arguments)
        log.flush()
        assert content(tmp_path) == before


def test_a_disabled_writer_takes_them(tmp_path):
    SummaryWriter(tmp_path / "none", write_to_disk=False).add_scalar_columns("loss", [1], [2])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "arguments", [("value", 1), (None, 1), (1.0, "step"), (1.0, float("nan")), (1.0, 1, "now"), ([1, 2], 1)]
)
def test_the_errors_of_a_single_point_name_the_tag_too(tmp_path, arguments):
    with writer(tmp_path) as log, pytest.raises((TypeError, ValueError), match=r"^'loss/train': "):
        log.add_scalar("loss/train", *arguments)
