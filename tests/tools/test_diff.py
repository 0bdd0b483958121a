"""Diff pairs points by step and says which differ, by how much."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.tools.diff import PointDiff, Tolerance, diff, diff_runs, diff_series


def series(points):
    steps, values = zip(*points, strict=True) if points else ((), ())
    times = 1000.0 + np.arange(len(steps))
    return tbevents.ScalarSeries("loss", np.array(steps, np.int64), times, np.array(values, np.float64))


def test_equal_runs_do_not_differ(corpus):
    assert list(diff(corpus, corpus, tolerance=Tolerance(wall_time=0.0))) == []


def test_values_differ_beyond_the_tolerance_only():
    a, b = series([(0, 1.0), (1, 100.0), (2, 0.0)]), series([(0, 1.01), (1, 101.0), (2, 0.005)])
    assert [point.step for point in diff_series(a, b, Tolerance()).points] == [0, 1, 2]
    assert [point.step for point in diff_series(a, b, Tolerance(rtol=0.01)).points] == [2]
    assert [point.step for point in diff_series(a, b, Tolerance(atol=0.5)).points] == [1]
    assert diff_series(a, b, Tolerance(rtol=0.01, atol=0.006)) is None
    found = diff_series(a, b, Tolerance(atol=0.5))
    assert found.points == (PointDiff(1, 100.0, 101.0, 1001.0, 1001.0),)
    assert (found.equal, found.differing, found.largest, found.first_step) == (2, 1, 1.0, 1)


def test_not_a_number_equals_itself_and_nothing_else():
    odd = [math.nan, math.inf, -math.inf]
    same = series(list(enumerate(odd)))
    assert diff_series(same, same, Tolerance()) is None
    other = series([(0, 1.0), (1, -math.inf), (2, 5.0)])
    found = diff_series(same, other, Tolerance(rtol=1.0, atol=1e300))
    assert found.differing == 3
    assert found.largest == math.inf


def test_the_kth_point_of_a_step_is_compared_with_the_kth():
    a, b = series([(0, 1.0), (5, 2.0), (5, 3.0)]), series([(5, 2.0), (0, 1.0), (5, 4.0), (5, 9.0)])
    found = diff_series(a, b, Tolerance())
    assert [(point.step, point.a, point.b) for point in found.points] == [(5, 3.0, 4.0), (5, None, 9.0)]
    assert (found.count_a, found.count_b, found.equal) == (3, 4, 2)


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), max_size=12),
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), max_size=12),
)
def test_each_point_is_equal_or_differs_once(a, b):
    found = diff_series(series(a), series(b), Tolerance())
    if found is None:
        key = [[(step, value) for step, value in sorted(side, key=lambda point: point[0])] for side in (a, b)]
        assert key[0] == key[1]
        return
    assert found.equal + sum(point.a is not None for point in found.points) == len(a)
    assert found.equal + sum(point.b is not None for point in found.points) == len(b)
    assert [point.step for point in found.points] == sorted(point.step for point in found.points)


def test_times_are_compared_where_asked(make_run):
    a, b = make_run("a", ("loss", 1, 1.0)), make_run("b", ("loss", 1, 1.0), start=1003.0)
    assert list(diff(a, b)) == []
    (found,) = diff(a, b, tolerance=Tolerance(wall_time=2.9))
    assert found.tags[0].points[0].wall_time_b == 1004.0
    assert list(diff(a, b, tolerance=Tolerance(wall_time=3.0))) == []


def test_runs_are_paired_by_name_and_the_odd_ones_named(make_run, tmp_path):
    for name in ("a/same", "b/same", "a/left", "b/right"):
        make_run(name, ("loss", 1, 1.0))
    found = list(diff(tmp_path / "a", tmp_path / "b"))
    assert [(each.run, each.only) for each in found] == [("left", "a"), ("right", "b")]
    assert [(tag.count_a, tag.count_b) for each in found for tag in each.tags] == [(1, 0), (0, 1)]


def test_two_runs_are_compared_whatever_their_names(make_run):
    (found,) = diff(make_run("a", ("loss", 1, 1.0)), make_run("top/b", ("loss", 1, 2.0)).parent)
    assert found.tags[0].points[0][:3] == (1, 1.0, 2.0)


def test_tags_that_one_side_lacks_differ(make_run):
    a, b = make_run("a", ("x", 1, 1.0), ("y", 1, 1.0)), make_run("b", ("y", 1, 1.0), ("z", 1, 1.0))
    (found,) = diff(a, b)
    assert [(tag.tag, tag.count_a, tag.count_b) for tag in found.tags] == [("x", 1, 0), ("z", 0, 1)]
    assert list(diff(a, b, tags=["y"])) == []
    with pytest.raises(UnknownNameError, match="'q'"):
        list(diff(a, b, tags=["q"]))


def test_other_values_are_compared_by_their_bytes(corpus, tmp_path):
    (source,) = corpus.glob("tensorflow*/**/*tfevents*")
    changed = tmp_path / "x.tfevents"
    from tbevents.tools.edit import edit

    edit(source, changed, drop=["input_reshape/input/image/3"], rename=[("input_reshape/input/image/4", "new")])
    (found,) = diff(source, changed)
    names = ["input_reshape/input/image/3", "input_reshape/input/image/4", "new"]
    assert [(tag.tag, tag.kind, tag.steps) for tag in found.tags] == [(name, "values", (0,)) for name in names]
    assert list(diff(source, changed, scalars_only=True)) == []


def test_runs_that_were_read_can_be_compared(make_run):
    a, b = (tbevents.read_run(make_run(name, ("loss", 1, value))) for name, value in (("a", 1.0), ("b", 2.0)))
    assert [tag.tag for tag in diff_runs(a, b)] == ["loss"]
    assert diff_runs(a, b, tolerance=Tolerance(atol=1.0)) == []
    assert diff_runs(a, a) == []


@pytest.mark.parametrize("name", ["rtol", "atol", "wall_time"])
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_an_impossible_tolerance_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Tolerance(**{name: value})
