"""Checks of trends: series that fall, rise, converge or reach a value."""

import math

import numpy as np
import pytest

from tbevents.testing import check_converges, check_decreasing, check_increasing, check_reaches

from .runs import run_of

NAN, INF = math.nan, math.inf


def kinds(findings):
    return [finding.kind for finding in findings]


FALLS = [5.0, 4.0, 4.5, 3.0]


@pytest.mark.parametrize(("check", "sign"), [(check_decreasing, 1), (check_increasing, -1)])
class TestTrends:
    def test_the_last_value_is_beyond_the_first(self, check, sign):
        run = run_of(x=[sign * value for value in FALLS])
        assert check(run, "x") == []
        assert kinds(check(run_of(x=[sign * value for value in reversed(FALLS)]), "x")) == ["trend"]

    def test_standing_still_is_no_trend_unless_tolerated(self, check, sign):
        assert kinds(check(run_of(x=[1.0, 0.5, 1.0]), "x")) == ["trend"]
        assert check(run_of(x=[1.0, 0.5, 1.0]), "x", tolerance=0.1) == []
        back = run_of(x=[1.0, 1.0 + sign * 0.5])
        assert check(back, "x", tolerance=0.5) == []
        assert kinds(check(back, "x", tolerance=0.49)) == ["trend"]
        assert check(run_of(x=[1.0, 1.0 - sign * 1e-6]), "x") == []

    def test_monotone_asks_it_of_each_value(self, check, sign):
        run = run_of(x=[sign * value for value in FALLS])
        (found,) = check(run, "x", monotone=True)
        assert found.kind == "monotone"
        assert [row[0] for row in found.table.rows] == ["2"]
        assert check(run, "x", monotone=True, tolerance=0.5) == []
        assert kinds(check(run, "x", monotone=True, tolerance=0.49)) == ["monotone"]

    def test_a_plateau_is_monotone(self, check, sign):
        assert check(run_of(x=[sign * value for value in (3.0, 3.0, 1.0)]), "x", monotone=True) == []

    def test_smoothing_takes_the_noise_away(self, check, sign):
        noise = np.random.default_rng(0).normal(0, 0.2, 200)
        run = run_of(x=(sign * (np.linspace(10, 0, 200) + noise)).tolist())
        assert kinds(check(run, "x", monotone=True, tolerance=0.05)) == ["monotone"]
        assert check(run, "x", monotone=True, tolerance=0.05, smoothing=0.9) == []

    def test_by_says_how_far(self, check, sign):
        run = run_of(x=[sign * value for value in FALLS])
        assert check(run, "x", by=2.0) == []
        assert kinds(check(run, "x", by=2.01)) == ["trend"]

    def test_values_that_are_not_finite_are_findings_or_passed_over(self, check, sign):
        run = run_of(x=[sign * 3.0, NAN, sign * 1.0, INF])
        assert kinds(check(run, "x")) == ["not_finite"]
        assert check(run, "x", nan_ok=True) == []

    def test_one_value_is_no_trend(self, check, sign):
        assert kinds(check(run_of(x=[1.0]), "x")) == ["too_few"]
        (found,) = check(run_of(x=[NAN, NAN]), "x", nan_ok=True)
        assert (found.kind, found.summary) == (
            "too_few",
            "a trend needs two finite values, but there are none",
        )
        (found,) = check(run_of(x=[NAN, 1.0]), "x", nan_ok=True)
        assert found.summary.endswith("but there is 1")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"tolerance": -1},
            {"by": -1},
            {"smoothing": 1},
            {"smoothing": 2},
            {"smoothing": NAN},
            {"by": 1, "tolerance": 1},
        ],
    )
    def test_what_is_refused(self, check, sign, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            check(run_of(x=FALLS), "x", **wrong)


def test_the_last_values_are_near():
    run = run_of(x=[9.0, 9.0, 1.0, 1.25, 0.75])
    assert check_converges(run, "x", to=1, within=0.25) == []
    assert check_converges(run, "x", to=1, within=0.25, last=3) == []
    assert check_converges(run, "x", to=1, within=0.25, last=0.5) == []
    assert [row[0] for row in check_converges(run, "x", to=1, within=0.25, last=5)[0].table.rows] == ["0", "1"]
    assert kinds(check_converges(run, "x", to=1, within=0.2)) == ["trend"]
    assert kinds(check_converges(run, "x", to=1, within=10, last=6)) == ["too_few"]
    assert kinds(check_converges(run_of(x=[NAN]), "x", to=1, within=10)) == ["trend"]


def test_smoothed_values_converge():
    run = run_of(x=[1.0 + (-1) ** k * 0.5 for k in range(100)])
    assert kinds(check_converges(run, "x", to=1, within=0.1, last=10)) == ["trend"]
    assert check_converges(run, "x", to=1, within=0.1, last=10, smoothing=0.9) == []


@pytest.mark.parametrize(
    "wrong", [{"to": NAN}, {"within": -1}, {"last": 0}, {"last": -1}, {"last": 1.5}, {"last": NAN}, {"smoothing": -1}]
)
def test_what_check_converges_refuses(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        check_converges(run_of(x=FALLS), "x", **{"to": 1, "within": 1, **wrong})


def test_reaches_from_below_or_from_above_at_or_before_a_step():
    rising = run_of(x=[(0, 0.1), (10, 0.5), (20, 0.9), (30, 0.7)])
    assert check_reaches(rising, "x", value=0.9) == []
    assert check_reaches(rising, "x", value=0.9, by_step=20) == []  # though 0.9 was rounded to float32
    (late,) = check_reaches(rising, "x", value=0.9, by_step=19)
    assert late.kind == "trend"
    assert late.summary.startswith("it does not reach 0.9 by step 19: its greatest value until then is 0.5, at step 10")
    assert late.summary.endswith(", at step 10; it gets to 0.9 at step 20")
    (never,) = check_reaches(rising, "x", value=0.91)
    assert never.summary == "it does not reach 0.91: its greatest value until then is 0.9, at step 20"
    (before,) = check_reaches(rising, "x", value=0.9, by_step=-1)
    assert before.summary == "it does not reach 0.9 by step -1: its first point is at step 0"
    falling = run_of(x=[NAN, 8.0, 2.0, 4.0])
    assert check_reaches(falling, "x", value=2) == []
    assert check_reaches(falling, "x", value=8, by_step=1) == []
    assert kinds(check_reaches(falling, "x", value=1.5)) == ["trend"]
    assert kinds(check_reaches(falling, "x", value=2, smoothing=0.9)) == ["trend"]
    assert kinds(check_reaches(run_of(x=[NAN]), "x", value=1)) == ["too_few"]
    with pytest.raises(ValueError, match="value must be a number"):
        check_reaches(falling, "x", value=NAN)
    with pytest.raises(TypeError, match="by_step"):
        check_reaches(falling, "x", value=1, by_step=1.5)


def test_reaches_in_a_direction_whatever_the_first_value_is():
    accuracy = run_of(x=[0.92, 0.95, 0.93])  # a fine-tuning starts above
    assert check_reaches(accuracy, "x", value=0.9, by_step=0, mode="max") == []
    (low,) = check_reaches(accuracy, "x", value=0.96, mode="max")
    assert low.summary == "it does not reach 0.96: its greatest value until then is 0.95, at step 1"
    (auto,) = check_reaches(accuracy, "x", value=0.9)
    assert auto.summary.endswith(
        "its least value until then is 0.92, at step 0; it starts above: if that is enough, give mode='max'"
    )
    loss = run_of(x=[0.4, 0.3, 2.0])
    assert check_reaches(loss, "x", value=0.5, by_step=0, mode="min") == []
    assert kinds(check_reaches(loss, "x", value=0.2, mode="min")) == ["trend"]
    (auto,) = check_reaches(run_of(x=[0.4, 0.3]), "x", value=0.5)
    assert auto.summary.endswith("it starts below: if that is enough, give mode='min'")
    with pytest.raises(ValueError, match="mode must be 'auto', 'min' or 'max', not 'up'"):
        check_reaches(loss, "x", value=1, mode="up")


@pytest.mark.filterwarnings("error")
def test_a_target_beyond_float32_is_a_finding_without_a_warning():
    (finding,) = check_converges(run_of(a=[1.0]), "a", to=1e39, within=1)
    assert "1e+39" in str(finding)
