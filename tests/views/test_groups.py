"""Groups of runs as one curve."""

import numpy as np
import pytest

from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.views.groups import PointsByStep, grouped, quantiles, run_patterns, segment_means, summed_up


def curve(values, steps=None):
    values = np.asarray(values, np.float64)
    steps = np.arange(len(values), dtype=np.int64) if steps is None else np.asarray(steps, np.int64)
    return ScalarSeries("t", steps, 1.0 * steps, values)


NAMES = ["a/seed1", "a/seed2", "b/seed1", "top"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("all", {"all": NAMES}),
        ("folder", {"a": NAMES[:2], "b": ["b/seed1"], ".": ["top"]}),
        (r"seed\d", {"seed1": ["a/seed1", "b/seed1"], "seed2": ["a/seed2"], "other": ["top"]}),
        (r"^(\w)/", {"a": NAMES[:2], "b": ["b/seed1"], "other": ["top"]}),
        (len, {7: NAMES[:3], 3: ["top"]}),
        ("hparam:lr", {"lr=0.1": ["a/seed1"], "lr=1": ["b/seed1"], "other": ["a/seed2", "top"]}),
    ],
)
def test_runs_are_grouped(by, expected):
    assert grouped(NAMES, by, {"a/seed1": {"lr": 0.1}, "b/seed1": {"lr": 1}, "top": {"other": 2}}) == expected


def test_what_groups_nothing_is_refused():
    with pytest.raises(ValueError, match=r"'\(' is not a regular expression"):
        grouped(NAMES, "(")
    with pytest.raises(ValueError, match=r"group_by: 'x.z' matches no run; there are: 'a/seed1', 'a/seed2'"):
        grouped(NAMES, "x.z")
    assert grouped([], "x.z") == {}
    assert grouped(["other"], "(x)?other") == {"other": ["other"]}
    with pytest.raises(ValueError, match="no run has the hyperparameter 'x'; there are: 'lr'"):
        grouped(NAMES, "hparam:x", {"a/seed1": {"lr": 1}})
    with pytest.raises(ValueError, match="no run has the hyperparameter 'x'; no run has any"):
        grouped(["a"], "hparam:x", {})


def test_steps_that_the_same_runs_have_are_together():
    present = np.array([[1, 1, 0, 1], [0, 1, 1, 0]], np.bool_)
    found = {tuple(runs.tolist()): at.tolist() for runs, at in run_patterns(present)}
    assert found == {(True, False): [0, 3], (True, True): [1], (False, True): [2]}


def test_points_are_ordered_by_step_and_as_they_were_written():
    by_step = PointsByStep.of(np.array([3, 1, 3, 2, 1]))
    assert by_step.steps.tolist() == [1, 2, 3]
    assert (by_step.first.tolist(), by_step.last.tolist()) == ([1, 3, 0], [4, 3, 2])


def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(10, 6))
    found = summed_up([curve(row) for row in values], "iqm", "minmax")
    np.testing.assert_allclose(found.middle, np.sort(values, axis=0)[2:8].mean(axis=0))
    np.testing.assert_array_equal(found.low, values.min(axis=0))
    three = summed_up([curve(row) for row in values[:3]], "iqm", "none")
    np.testing.assert_allclose(three.middle, values[:3].mean(axis=0))


def test_the_interval_is_that_of_the_sampled_mean():
    """Of normal values, the bootstrap's interval is close to 1.96 standard errors, and the same each time."""
    values = np.random.default_rng(5).normal(size=(200, 4))
    found = summed_up([curve(row) for row in values])
    error = values.std(axis=0) / np.sqrt(200)
    np.testing.assert_allclose(found.high - found.middle, 1.96 * error, rtol=0.1)
    np.testing.assert_allclose(found.middle - found.low, 1.96 * error, rtol=0.1)
    again = summed_up([curve(row) for row in values])
    np.testing.assert_array_equal(again.low, found.low)


def test_each_step_is_over_the_runs_that_have_it():
    found = summed_up([curve([1, 2, 3]), curve([3, 9, 5], [0, 2, 2])], band="std")
    assert found.steps.tolist() == [0, 1, 2]
    assert found.middle.tolist() == [2.0, 2.0, 4.0]
    assert (found.high - found.middle).tolist() == [1.0, 0.0, 1.0]


def test_nan_of_one_run_is_nan_of_the_group_at_that_step_only():
    for estimator in ("mean", "iqm"):
        found = summed_up([curve([1, np.nan, 3]) for _ in range(4)], estimator)
        assert np.isnan([found.middle, found.low, found.high]).tolist() == [[False, True, False]] * 3


@pytest.mark.parametrize("estimator", ["mean", "iqm"])
def test_infinity_of_one_run_is_an_end_of_the_band(estimator):
    """The other end is finite: (8/9)**9, or 35 %, of the samples are without the run."""
    curves = [curve([value]) for value in (1, 2, 3, 4, 5, 6, 7, 8, np.inf)]
    found = summed_up(curves, estimator)
    assert found.high.tolist() == [np.inf]
    assert 1 < found.low[0] < 6
    negative = summed_up([curve(-each.values) for each in curves], estimator)
    assert negative.low.tolist() == [-np.inf]
    assert negative.high.tolist() == (-found.low).tolist()


def test_quantiles_beside_infinities():
    inf, nan = np.inf, np.nan
    columns = np.array([[1, 2, inf], [-inf, 2, inf], [-inf, 0, 1], [inf] * 3, [-inf, -inf, 1], [1, nan, inf]]).T
    expected = [
        [1, 1.5, 2, inf, inf],
        [-inf, -inf, 2, inf, inf],
        [-inf, -inf, 0, 0.5, 1],
        [inf] * 5,
        [-inf, -inf, -inf, -inf, 1],
        [nan] * 5,
    ]
    with np.errstate(invalid="ignore"):
        found = quantiles(columns, (0, 0.25, 0.5, 0.75, 1))
    np.testing.assert_array_equal(found.T, expected)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(quantiles(np.array([[-inf], [inf]]), [0, 0.5, 1]), [[-inf], [nan], [inf]])


@pytest.mark.parametrize("band", ["std", "ci95"])
def test_curves_of_great_values_do_not_overflow(band):
    """At step 1 half of the values are -2**1023 and half 2**1023: the standard deviation is 2**1023, too."""
    great, tiny = 2.0**1023, 5e-324
    found = summed_up([curve([great, -great, tiny]), curve([great, great, tiny])], band=band)
    assert found.middle.tolist() == [great, 0.0, tiny]
    assert found.low.tolist() == [great, -great, tiny]
    assert found.high.tolist() == [great, great, tiny]


def test_quantiles_of_usual_values_are_numpys_to_the_bit():
    """Also beside columns that are computed again."""
    values = np.random.default_rng(7).lognormal(sigma=30, size=(11, 40))
    expected = np.percentile(values, (2.5, 97.5), axis=0)
    odd = np.column_stack((values, [np.inf] * 11, np.resize([2.0**1023, -(2.0**1023)], 11)))
    with np.errstate(over="ignore", invalid="ignore"):
        assert quantiles(odd, (0.025, 0.975))[:, :40].tolist() == expected.tolist()


def test_quantiles_of_great_values_do_not_overflow():
    great, tiny = 2.0**1023, 5e-324
    columns = np.array([[-great, -great, great, great, great], [tiny, tiny, tiny, -great, great]]).T
    with np.errstate(over="ignore", invalid="ignore"):
        found = quantiles(columns, (0.375, 0.5, 0.875))
    assert found.T.tolist() == [[0.0, great, great], [tiny, tiny, great / 2]]


def test_means_of_segments_do_not_overflow():
    great = 2.0**1023
    values = np.array([great, great, 1.0, 3.0, -great, great / 2, np.inf, np.inf, -np.inf])
    starts, counts = np.array([0, 2, 4, 6, 7]), np.array([2, 2, 2, 1, 2])
    np.testing.assert_array_equal(segment_means(values, starts, counts), [great, 2.0, -great / 4, np.inf, np.nan])
