"""The schedules as functions, and the properties that hold for any arguments."""

import inspect
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbevents import lr_scheduler as lrs
from tbevents.lr_scheduler import ParamGroups, schedules

rates = st.floats(1e-6, 10.0)
fractions = st.floats(0.01, 1.0)
counts = st.integers(1, 60)

# name -> (arguments, function of (step, base_lr, arguments), our scheduler)
KINDS = {
    "step": (
        st.tuples(counts, st.floats(0.0, 1.5)),
        lambda step, base, a: schedules.step_decay(step, base, *a),
        lambda o, a: lrs.StepLR(o, *a),
    ),
    "multi": (
        st.tuples(st.lists(st.integers(0, 120), max_size=6), st.floats(0.0, 1.5)),
        lambda step, base, a: schedules.multi_step_decay(step, base, *a),
        lambda o, a: lrs.MultiStepLR(o, *a),
    ),
    "constant": (
        st.tuples(st.floats(0.0, 1.0), st.integers(0, 60)),
        lambda step, base, a: schedules.constant(step, base, *a),
        lambda o, a: lrs.ConstantLR(o, *a),
    ),
    "linear": (
        st.tuples(fractions, st.floats(0.0, 1.0), st.integers(0, 150)),
        lambda step, base, a: schedules.linear(step, base, *a),
        lambda o, a: lrs.LinearLR(o, *a),
    ),
    "exponential": (
        st.tuples(st.floats(0.0, 1.2)),
        lambda step, base, a: schedules.exponential_decay(step, base, *a),
        lambda o, a: lrs.ExponentialLR(o, *a),
    ),
    "polynomial": (
        st.tuples(st.integers(0, 150), st.floats(0.0, 4.0)),
        lambda step, base, a: schedules.polynomial_decay(step, base, *a),
        lambda o, a: lrs.PolynomialLR(o, *a),
    ),
    "cosine": (
        st.tuples(st.integers(1, 150), st.floats(0.0, 0.01)),
        lambda step, base, a: schedules.cosine_annealing(step, base, *a),
        lambda o, a: lrs.CosineAnnealingLR(o, *a),
    ),
    "restarts": (
        st.tuples(st.integers(1, 20), st.integers(1, 4), st.floats(0.0, 0.01)),
        lambda step, base, a: schedules.warm_restarts(step, base, *a),
        lambda o, a: lrs.CosineAnnealingWarmRestarts(o, *a),
    ),
    "cyclic": (
        st.tuples(
            st.just(0.5),
            counts,
            st.one_of(st.none(), st.integers(0, 60)),
            st.sampled_from(["triangular", "triangular2", "exp_range"]),
            st.floats(0.9, 1.0),
        ),
        lambda step, base, a: schedules.cyclic(step, base, *a),
        lambda o, a: lrs.CyclicLR(o, o.lrs[0], *a),
    ),
    "one_cycle": (
        st.tuples(
            st.integers(120, 400),
            st.floats(0.0, 1.0),
            st.sampled_from(["cos", "linear"]),
            st.floats(1.0, 50.0),
            st.floats(1.0, 1e5),
            st.booleans(),
        ),
        lambda step, base, a: schedules.one_cycle(step, base, *a),
        lambda o, a: lrs.OneCycleLR(
            o,
            o.lrs[0],
            a[0],
            pct_start=a[1],
            anneal_strategy=a[2],
            div_factor=a[3],
            final_div_factor=a[4],
            three_phase=a[5],
        ),
    ),
}
kinds = pytest.mark.parametrize("kind", KINDS)
quick = settings(max_examples=40, deadline=None)


@kinds
@quick
@given(data=st.data(), base=rates, steps=st.lists(st.integers(0, 119), min_size=1, max_size=30))
def test_an_array_call_equals_scalar_calls(kind, data, base, steps):
    arguments, function, _ = KINDS[kind]
    a = data.draw(arguments)
    scalars = [function(step, base, a) for step in steps]
    assert function(np.int64(steps[0]), base, a) == pytest.approx(scalars[0], rel=1e-12, abs=1e-13)
    assert all(type(value) is float for value in scalars)
    for array in (np.array(steps), np.array(steps, dtype=np.float64), np.array(sorted(steps), dtype=np.uint8)):
        values = function(array, base, a)
        assert values.dtype == np.float64
        assert values.shape == array.shape
        expected = (
            sorted(zip(steps, scalars, strict=True)) if array.dtype == np.uint8 else zip(steps, scalars, strict=True)
        )
        np.testing.assert_allclose(values, [value for _, value in expected], rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(function(np.array([steps, steps]), base, a)[1], function(np.array(steps), base, a))


@kinds
@quick
@given(data=st.data(), base=rates)
def test_the_closed_form_equals_stepping(kind, data, base):
    arguments, function, make = KINDS[kind]
    a = data.draw(arguments)
    groups = ParamGroups(base, momentum=0.9)
    scheduler = make(groups, a)
    if kind == "cyclic":
        base = groups.lrs[0]
    expected = [function(epoch, base, a) for epoch in range(120)]
    rounding = 1e-13 * max(expected)  # near zero, a rate has the rounding errors of the larger ones it comes from
    for rate in expected:
        assert groups.lrs[0] == pytest.approx(rate, rel=1e-12, abs=rounding)
        scheduler.step()


@kinds
@quick
@given(data=st.data(), base=rates, at=st.integers(0, 100), more=st.integers(1, 19))
def test_a_resume_through_the_state_equals_no_interruption(kind, data, base, at, more):
    arguments, _, make = KINDS[kind]
    a = data.draw(arguments)
    groups, others = ParamGroups(base, momentum=0.9), ParamGroups(base, momentum=0.9)
    scheduler, resumed = make(groups, a), make(others, a)
    for _ in range(at):
        scheduler.step()
    resumed.load_state_dict(scheduler.state_dict())
    for _ in range(more):
        scheduler.step()
        resumed.step()
        assert others.param_groups == groups.param_groups
    assert resumed.state_dict() == scheduler.state_dict()


@quick
@given(
    metrics=st.lists(st.floats(allow_nan=True, width=32), min_size=2, max_size=80),
    data=st.data(),
    patience=st.integers(0, 4),
    cooldown=st.integers(0, 4),
    mode=st.sampled_from(["min", "max"]),
    threshold_mode=st.sampled_from(["rel", "abs"]),
)
def test_plateau_resumed_through_the_state_equals_no_interruption(
    metrics, data, patience, cooldown, mode, threshold_mode
):
    def make(groups):
        return lrs.ReduceLROnPlateau(
            groups, mode, 0.5, patience, threshold_mode=threshold_mode, cooldown=cooldown, min_lr=1e-3
        )

    at = data.draw(st.integers(0, len(metrics) - 1))
    groups, others = ParamGroups(0.1), ParamGroups(0.1)
    scheduler, resumed = make(groups), make(others)
    for metric in metrics[:at]:
        scheduler.step(metric)
    resumed.load_state_dict(scheduler.state_dict())
    for metric in metrics[at:]:
        scheduler.step(metric)
        resumed.step(metric)
        assert others.param_groups == groups.param_groups
    assert resumed.state_dict() == scheduler.state_dict()


@pytest.mark.parametrize(
    ("curve", "points"),
    [
        (partial(schedules.step_decay, base_lr=0.1, step_size=50), {0: 0.1, 49: 0.1, 50: 0.01}),
        (partial(schedules.multi_step_decay, base_lr=0.1, milestones=[80, 30]), {29: 0.1, 30: 0.01, 80: 0.001}),
        (partial(schedules.constant, base_lr=0.1, factor=0.5, total_iters=4), {3: 0.05, 4: 0.1}),
        (partial(schedules.constant, base_lr=0.1, factor=0.5, total_iters=1), {0: 0.05, 1: 0.1, 2: 0.1}),
        (partial(schedules.constant, base_lr=0.1, factor=0.5, total_iters=0), {0: 0.05, 1: 0.05, 9: 0.05}),
        (partial(schedules.linear, base_lr=0.1, start_factor=0.5, total_iters=4), {0: 0.05, 4: 0.1, 9: 0.1}),
        (partial(schedules.linear, base_lr=0.1, start_factor=0.5, total_iters=1), {0: 0.05, 1: 0.1, 2: 0.1}),
        (partial(schedules.linear, base_lr=0.1, start_factor=0.5, total_iters=0), {0: 0.05, 1: 0.05, 9: 0.05}),
        (partial(schedules.exponential_decay, base_lr=0.1, gamma=0.95), {0: 0.1, 1: 0.095}),
        (partial(schedules.polynomial_decay, base_lr=0.1, total_iters=4), {2: 0.05, 4: 0.0, 9: 0.0}),
        (partial(schedules.cosine_annealing, base_lr=0.1, T_max=50), {0: 0.1, 25: 0.05, 50: 0.0, 100: 0.1}),
        (
            partial(schedules.warm_restarts, base_lr=0.1, T_0=10, T_mult=2),
            {0: 0.1, 10: 0.1, 30: 0.1, 70: 0.1, 5: 0.05, 20: 0.05, 7.5: 0.1 * (1 + np.cos(0.75 * np.pi)) / 2},
        ),
        (partial(schedules.cyclic, base_lr=0.001, max_lr=0.1, step_size_up=20), {0: 0.001, 20: 0.1, 40: 0.001}),
        (partial(schedules.one_cycle, max_lr=0.1, total_steps=100), {0: 0.004, 29: 0.1, 99: 4e-7}),
    ],
    ids=lambda x: x.func.__name__ if isinstance(x, partial) else "",
)
def test_the_boundary_examples_of_the_docstrings(curve, points):
    for step, value in points.items():
        assert curve(step) == pytest.approx(value, rel=1e-12, abs=1e-15)
        assert curve(np.array([step, step]))[1] == pytest.approx(value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("function", "scheduler"),
    [
        (schedules.step_decay, lrs.StepLR),
        (schedules.multi_step_decay, lrs.MultiStepLR),
        (schedules.constant, lrs.ConstantLR),
        (schedules.linear, lrs.LinearLR),
        (schedules.polynomial_decay, lrs.PolynomialLR),
        (schedules.cosine_annealing, lrs.CosineAnnealingLR),
        (schedules.warm_restarts, lrs.CosineAnnealingWarmRestarts),
        (schedules.cyclic, lrs.CyclicLR),
        (schedules.one_cycle, lrs.OneCycleLR),
    ],
)
def test_the_functions_have_the_schedulers_defaults(function, scheduler):
    ours, theirs = inspect.signature(function).parameters, inspect.signature(scheduler).parameters
    shared = [name for name in ours if name in theirs and name not in ("base_lr", "max_lr", "total_steps")]
    assert shared
    assert {name: ours[name].default for name in shared} == {name: theirs[name].default for name in shared}


@pytest.mark.parametrize("step", [3, np.arange(3)])
@pytest.mark.parametrize(
    ("curve", "named"),
    [
        (partial(schedules.step_decay, base_lr=0.1, step_size=0), "step_size"),
        (partial(schedules.constant, base_lr=0.1, factor=2.0), "factor"),
        (partial(schedules.linear, base_lr=0.1, start_factor=0.0), "start_factor"),
        (partial(schedules.polynomial_decay, base_lr=0.1, power=-1.0), "power"),
        (partial(schedules.cosine_annealing, base_lr=0.1, T_max=0), "T_max"),
        (partial(schedules.warm_restarts, base_lr=0.1, T_0=0), "T_0"),
        (partial(schedules.cyclic, base_lr=0.1, max_lr=1.0, step_size_up=0), "step_size_up"),
        (partial(schedules.one_cycle, max_lr=0.1, total_steps=0), "total_steps"),
        (partial(schedules.one_cycle, max_lr=0.1, total_steps=9, div_factor=0.0), "div_factor"),
        (partial(schedules.one_cycle, max_lr=0.1, total_steps=9, anneal_strategy="x"), "anneal_strategy"),
    ],
)
def test_the_functions_refuse_what_the_schedulers_refuse(curve, named, step):
    with pytest.raises(ValueError, match=named):
        curve(step)


def test_restarts_with_long_multipliers_start_exactly_at_their_boundaries():
    # The logarithm alone is off by one at some of these (log(243, 3) is 4.999...).
    for t_mult in (2, 3, 5, 10):
        start, length = 0, 1
        for _ in range(12):
            assert schedules.warm_restarts(start, 1.0, 1, t_mult) == 1.0
            assert schedules.warm_restarts(np.array([start]), 1.0, 1, t_mult)[0] == 1.0
            if length > 1:
                assert schedules.warm_restarts(start + length - 1, 1.0, 1, t_mult) < 0.51
            start, length = start + length, length * t_mult


@pytest.mark.parametrize("first", [0, 10**6 - 5, 2**40, 2**52 - 5, 2**62])
@pytest.mark.parametrize("period", [1, 3, 10, 997])
def test_restarts_at_equal_distances_are_exact_at_any_step(first, period):
    steps = np.arange(first, first + 40_000)  # more than one block
    expected = (1 + np.cos(np.pi * (steps % period) / period)) / 2
    np.testing.assert_allclose(schedules.warm_restarts(steps, 1.0, period), expected, rtol=1e-12, atol=1e-15)
    assert schedules.warm_restarts(int(steps[7]), 1.0, period) == pytest.approx(expected[7], rel=1e-12)


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_long_arrays_of_cycles_equal_single_steps(mode):
    steps = np.random.default_rng(0).integers(0, 10**6, (100, 500))  # more than one block
    arguments = {"base_lr": 0.001, "max_lr": 0.1, "step_size_up": 2000, "step_size_down": 500, "mode": mode}
    rates = schedules.cyclic(steps, **arguments, gamma=0.9999)
    assert rates.shape == steps.shape
    for at in [(0, 0), (65, 7), (99, 499)]:
        assert rates[at] == pytest.approx(schedules.cyclic(int(steps[at]), **arguments, gamma=0.9999), rel=1e-12)


def test_powers_beyond_the_range_of_doubles_are_infinite_or_zero():
    assert schedules.exponential_decay(10_000, 1.0, 2.0) == np.inf
    assert schedules.exponential_decay(10_000, 1.0, 0.5) == 0.0
    long = schedules.exponential_decay(np.arange(10_001), 1.0, 2.0)
    assert (long[10], long[-1]) == (1024.0, np.inf)
    assert schedules.cyclic(10**6, 0.0, 1.0, 1, mode="triangular2") == 0.0


def test_long_arrays_of_powers_equal_single_ones():
    steps = np.arange(0, 50_000, 7)
    values = schedules.exponential_decay(steps, 0.1, 0.9997)
    single = [schedules.exponential_decay(int(step), 0.1, 0.9997) for step in steps]
    np.testing.assert_allclose(values, single, rtol=1e-12)
    for every in (3, 3.0, 500):  # tables of both sorts, and step sizes that are whole floats
        for array in (steps, steps[::-1].reshape(-1, 19) if len(steps) % 19 == 0 else steps[::-1], steps // 100):
            decayed = schedules.step_decay(array, 0.1, every, 0.97)
            single = [schedules.step_decay(int(step), 0.1, every, 0.97) for step in array.ravel()]
            np.testing.assert_allclose(decayed.ravel(), single, rtol=1e-12)
            assert decayed.shape == array.shape
    far = np.array([0, 10**12])
    assert schedules.exponential_decay(np.tile(far, 3000), 0.1, 0.5)[:2].tolist() == [0.1, 0.0]


def test_join_starts_each_schedule_where_the_one_before_ends():
    warm = partial(schedules.linear, base_lr=0.1, start_factor=0.1, total_iters=5)
    cool = partial(schedules.cosine_annealing, base_lr=0.1, T_max=20)
    curve = schedules.join([warm, cool], [5])
    groups = ParamGroups(0.1)
    scheduler = lrs.SequentialLR(
        groups, [lrs.LinearLR(groups, 0.1, total_iters=5), lrs.CosineAnnealingLR(groups, 20)], [5]
    )
    expected = scheduler.schedule(range(25))[:, 0]
    np.testing.assert_array_equal(curve(np.arange(25)), expected)
    assert [curve(step) for step in range(25)] == pytest.approx(expected.tolist(), rel=1e-15, abs=1e-17)
    mixed = np.array([9, 3, 5, 4])
    np.testing.assert_array_equal(curve(mixed), expected[mixed])
    with pytest.raises(ValueError, match="sorted"):
        schedules.join([warm, cool, cool], [7, 5])
    with pytest.raises(TypeError, match=r"schedules\[1\] must be a function of the step, not 'b'"):
        schedules.join([warm, "b"], [5])


@pytest.mark.parametrize("number", [np.int64, np.int32, np.uint8, np.float64, np.float32])
@pytest.mark.parametrize(
    "curve",
    [
        partial(schedules.step_decay, base_lr=0.1, step_size=2),
        partial(schedules.multi_step_decay, base_lr=0.1, milestones=[2, 5]),
        partial(schedules.constant, base_lr=0.1),
        partial(schedules.linear, base_lr=0.1),
        partial(schedules.exponential_decay, base_lr=0.1, gamma=0.5),
        partial(schedules.polynomial_decay, base_lr=0.1),
        partial(schedules.cosine_annealing, base_lr=0.1, T_max=5),
        partial(schedules.warm_restarts, base_lr=0.1, T_0=2, T_mult=2),
        partial(schedules.cyclic, base_lr=0.1, max_lr=1.0, step_size_up=4, mode="exp_range", gamma=0.9),
        partial(schedules.one_cycle, max_lr=0.1, total_steps=10),
        schedules.join([partial(schedules.constant, base_lr=0.1), partial(schedules.linear, base_lr=0.2)], [2]),
    ],
    ids=lambda curve: getattr(getattr(curve, "func", curve), "__name__", None),
)
def test_the_rate_at_a_number_of_numpy_is_a_float(curve, number):
    found = curve(number(3))
    assert type(found) is float
    assert found == curve(3)


def test_a_power_of_a_number_of_numpy_that_overflows_is_infinite_without_a_warning(recwarn):
    assert schedules.exponential_decay(np.int64(10**6), 0.1, 2.0) == np.inf
    assert not recwarn.list


@pytest.mark.parametrize(
    ("call", "sense"),
    [
        (lambda: schedules.step_decay(-1, 0.1, 5), "must be 0 or more"),
        (lambda: schedules.linear(np.array([3, -1]), 0.1), "must be 0 or more"),
        (lambda: schedules.cosine_annealing(1, 0.1, 0), "T_max"),
        (lambda: schedules.one_cycle(11, 0.1, 10), "tried to step 11 times"),
        (lambda: schedules.one_cycle(np.array([3, 11]), 0.1, 10), "tried to step 11 times"),
    ],
)
def test_wrong_steps_and_parameters_are_value_errors(call, sense):
    with pytest.raises(ValueError, match=sense):
        call()


def test_steps_that_are_no_numbers_are_a_type_error():
    with pytest.raises(TypeError, match="steps must be numbers"):
        schedules.step_decay(np.array(["a"]), 0.1, 5)
