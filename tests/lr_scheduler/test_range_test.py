"""The range test, on a problem whose behaviour is known: descent on a parabola diverges above a rate of 1."""

import numpy as np
import pytest

from tbevents.lr_scheduler import LRRangeTest, ParamGroups

from .stand_ins import Recorder


class Parabola:
    """Gradient descent on w**2 by one weight for each group; multiplies w by (1 - 2 lr) at each step."""

    def __init__(self, lr=0.3, groups=1, **more):
        self.optimizer = ParamGroups([lr] * groups, **more)
        self.weight = 1.0
        self.seen = []

    def __call__(self):
        loss = self.weight**2
        lr = self.optimizer.lrs[0]
        self.seen.append(self.optimizer.lrs)
        self.weight -= 2 * lr * self.weight
        return loss

    def reset(self):
        self.weight = 1.0


def test_it_raises_the_rate_in_equal_factors_or_steps_and_logs_what_it_sees():
    problem, writer = Parabola(groups=2), Recorder()
    result = LRRangeTest(problem.optimizer, problem, 1e-4, 1e-1, 31, writer=writer).run()
    assert result.stopped is None
    assert [row[0] for row in problem.seen] == result.lrs.tolist()
    assert all(row[0] == row[1] for row in problem.seen)
    np.testing.assert_allclose(result.lrs, 10 ** np.linspace(-4, -1, 31), rtol=1e-12)
    assert writer.of("lr_range_test/lr") == list(enumerate(result.lrs))
    assert writer.of("lr_range_test/loss") == list(enumerate(result.losses))
    assert writer.of("lr_range_test/smoothed_loss") == list(enumerate(result.smoothed))
    assert result.losses[0] == result.smoothed[0] == 1.0
    linear = LRRangeTest(ParamGroups(0.1), lambda: 1.0, 0.0, 1.0, 11, "linear").run()
    np.testing.assert_allclose(linear.lrs, np.linspace(0, 1, 11), rtol=1e-12)
    assert repr(linear) == "LRRangeResult(steps made: 11, rates 0 to 1)"


def test_it_stops_when_the_loss_diverges_and_suggests_a_rate_below():
    problem = Parabola()
    result = LRRangeTest(problem.optimizer, problem, 1e-4, 100.0, 200, smoothing=0.0).run()
    assert result.stopped == "diverged"
    assert 1.0 < result.lrs[-1] < 10.0
    assert len(result.lrs) == len(result.losses) == len(problem.seen) < 200
    assert 1e-4 < result.suggestion() < 0.5
    count = len(result.lrs)
    assert repr(result) == f"LRRangeResult(steps made: {count}, rates 0.0001 to {result.lrs[-1]:g}, stopped: diverged)"
    lowest = result.lrs[np.argmin(result.losses)]
    assert result.minimum_over_10() == lowest / 10


def test_the_suggestion_is_where_the_smoothed_loss_falls_most_steeply():
    losses = iter([1.0, 0.9, 0.5, 0.2, 0.1, 0.09, 0.2])
    test = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 1.0, 7.0, 7, "linear", smoothing=0.0)
    result = test.run()
    assert result.suggestion() == 3.0  # from 0.9 to 0.2
    assert result.minimum_over_10() == 0.6
    assert test.result is result
    assert test.suggestion() == 3.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_it_stops_at_a_loss_that_is_not_finite(bad):
    losses = iter([1.0, 0.8, 0.5, bad, 0.1])
    result = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 0.1, 1.0, 5).run()
    assert result.stopped == "not finite"
    assert len(result.lrs) == 4
    assert not np.isfinite(result.losses[-1])
    assert np.isnan(result.smoothed[-1])
    assert result.suggestion() in result.lrs[:3]


def test_it_diverges_where_the_loss_is_above_so_many_times_the_lowest():
    losses = iter([2.0, 1.0, 4.0, 4.01, 1.0])
    result = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 0.1, 1.0, 5, smoothing=0.0).run()
    assert (result.stopped, result.losses.tolist()) == ("diverged", [2.0, 1.0, 4.0, 4.01])
    losses = iter([2.0, 1.0, 1.5, 1.6, 1.0])
    result = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 0.1, 1.0, 5, smoothing=0.0, diverge_factor=1.5).run()
    assert (result.stopped, len(result.losses)) == ("diverged", 4)


def test_losses_below_zero_diverge_only_upwards():
    losses = iter([-1.0, -2.0, -1.9, -1.0, 4.1, 0.0])
    result = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 0.1, 1.0, 6, smoothing=0.0).run()
    assert result.losses.tolist() == [-1.0, -2.0, -1.9, -1.0, 4.1]


def test_the_optimizer_is_put_back_also_after_an_error():
    problem = Parabola(lr=0.3, groups=2, momentum=0.9)
    problem.optimizer.param_groups[1]["lr"] = 0.7
    before = problem.optimizer.state_dict()
    restored = []

    def broken():
        if len(problem.seen) == 3:
            problem.optimizer.param_groups[0]["new"] = 1
            problem.optimizer.param_groups[0]["momentum"] = 0.1
            raise RuntimeError("out of data")
        return problem()

    with pytest.raises(RuntimeError, match="out of data"):
        LRRangeTest(problem.optimizer, broken, 0.1, 1.0, 10, restore=lambda: restored.append(1)).run()
    assert problem.optimizer.state_dict() == before
    assert restored == [1]


def test_groups_are_put_back_without_a_state_dict():
    class Bare:
        def __init__(self):
            self.param_groups = [{"lr": 0.5, "params": [object()]}]

    bare = Bare()
    params = bare.param_groups[0]["params"]
    LRRangeTest(bare, lambda: 1.0, 0.1, 1.0, 5).run()
    assert bare.param_groups == [{"lr": 0.5, "params": params}]


def test_no_rate_is_suggested_where_the_loss_never_fell_or_too_little_was_seen():
    rising = iter(range(1, 10))
    result = LRRangeTest(ParamGroups(0.1), lambda: next(rising), 0.1, 1.0, 5, diverge_factor=100).run()
    with pytest.raises(ValueError, match=r"never fell between the rates 0\.1 and 1"):
        result.suggestion()
    short = LRRangeTest(ParamGroups(0.1), lambda: float("nan"), 0.1, 1.0, 5).run()
    with pytest.raises(ValueError, match="at least three"):
        short.minimum_over_10()


@pytest.mark.parametrize(
    ("more", "sense"),
    [
        ({"mode": "log"}, "mode"),
        ({"min_lr": 0.0}, "min_lr"),
        ({"max_lr": 1e-9}, "max_lr"),
        ({"steps": 1}, "steps"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"diverge_factor": 1.0}, "diverge_factor"),
    ],
)
def test_wrong_arguments(more, sense):
    with pytest.raises(ValueError, match=sense):
        LRRangeTest(ParamGroups(0.1), lambda: 1.0, **more)
    with pytest.raises(TypeError, match="train_step"):
        LRRangeTest(ParamGroups(0.1), None)
    with pytest.raises(TypeError, match="object is not an Optimizer"):
        LRRangeTest(object(), lambda: 1.0)


def test_the_noise_of_the_first_losses_does_not_decide_the_suggestion():
    rng = np.random.default_rng(0)
    lrs = np.geomspace(1e-5, 1.0, 200)
    truth = 2.0 - 1.5 / (1.0 + (3e-3 / lrs) ** 2) + 3.0 * lrs**2
    losses = iter(truth + rng.normal(0, 0.15, 200) + np.where(np.arange(200) == 0, 3.0, 0.0))
    test = LRRangeTest(ParamGroups(1e-5), lambda: next(losses), min_lr=1e-5, max_lr=1.0, steps=200)
    assert 1e-3 < test.suggestion() < 3e-2


@pytest.mark.parametrize("loss", [2.3, 0.1, -0.7, 1e-9, 1e9, 0.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.9, 0.98])
def test_losses_that_stay_the_same_suggest_nothing(loss, smoothing):
    result = LRRangeTest(ParamGroups(0.1), lambda: loss, 1e-4, 1.0, 100, smoothing=smoothing).run()
    with pytest.raises(ValueError, match="the loss never fell"):
        result.suggestion()


def test_a_small_fall_and_one_before_a_huge_loss_still_suggest():
    losses = iter([1.0, 1.0, 1.0 - 1e-6, 1.0 - 2e-6, 1.0 - 2e-6, 1e30])
    test = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 1.0, 6.0, 6, "linear", smoothing=0.0)
    assert test.run().suggestion() in (2.0, 3.0, 4.0)


def test_what_is_to_be_restored_is_restored_even_if_the_optimizer_cannot_be():
    class Broken(ParamGroups):
        def load_state_dict(self, state_dict):
            raise RuntimeError("no way back")

    restored = []
    with pytest.raises(RuntimeError, match="no way back"):
        LRRangeTest(Broken(0.1), lambda: 1.0, 0.1, 1.0, 5, restore=lambda: restored.append(1)).run()
    assert restored == [1]
