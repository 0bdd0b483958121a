"""Every value recorded from PyTorch comes out here."""

import json
import warnings

import pytest

from tbevents.lr_scheduler import ParamGroups, ReduceLROnPlateau

from .golden import GOLDEN, RESUMED, case_id, close, optimizer_of, run, scheduler_of, series

CASES = [c for c in GOLDEN["cases"] if "error" not in c]
STATES = [(c, s) for c, s in zip(GOLDEN["cases"], GOLDEN["states"], strict=True) if s is not None]
recorded_states = pytest.mark.parametrize(("case", "state"), STATES, ids=[case_id(case) for case, _ in STATES])


def momenta(optimizer):
    return [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_stepping_gives_the_recorded_rates_and_momenta(case):
    optimizer = optimizer_of(case)
    scheduler = scheduler_of(case, optimizer)
    rates, turned = [scheduler.get_lr()], [momenta(optimizer)]
    for _ in run(case, scheduler):
        assert scheduler.get_last_lr() == optimizer.lrs == scheduler.get_lr()
        rates.append(scheduler.get_lr())
        turned.append(momenta(optimizer))
    for group, column in enumerate(case["lrs"]):
        assert close([r[group] for r in rates], series(column))
    for group, column in enumerate(case.get("momentums", ())):
        assert close([m[group] for m in turned], series(column))


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_schedule_gives_the_recorded_rates_in_one_call(case):
    scheduler = scheduler_of(case, optimizer_of(case))
    if isinstance(scheduler, ReduceLROnPlateau):
        with pytest.raises(TypeError, match="depend on the metrics"):
            scheduler.schedule(range(3))
        return
    table = scheduler.schedule(range(case["steps"] + 1))
    assert table.shape == (case["steps"] + 1, len(case["lrs"]))
    for group, column in enumerate(case["lrs"]):
        assert close(table[:, group].tolist(), series(column))


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_the_state_has_pytorchs_keys_and_survives_json(case):
    scheduler = scheduler_of(case, optimizer_of(case))
    for _ in run(case, scheduler, 7):
        pass
    state = scheduler.state_dict()
    expected = set(case.get("state_dict_keys", GOLDEN["state_dict_keys"][case["scheduler"]]))
    # The recording left out the one value that is a function.
    assert set(state) - {"_scale_fn_custom"} == expected - {"_scale_fn_custom"}
    copy = scheduler_of(case, optimizer_of(case))
    copy.load_state_dict(json.loads(json.dumps(state)))
    assert copy.state_dict() == state


def assert_states_agree(ours, recorded):
    """Every recorded value is ours: numbers within 1e-12 relative or 1e-13 absolute."""
    if isinstance(recorded, dict):
        for key, value in recorded.items():
            # PyTorch's warm restarts count no steps; nothing reads the count.
            if key != "_step_count" or value:
                assert_states_agree(ours[key], value)
    elif isinstance(recorded, list):
        assert len(ours) == len(recorded)
        for one, value in zip(ours, recorded, strict=True):
            assert_states_agree(one, value)
    elif isinstance(recorded, float):
        assert ours == recorded or close([ours], [recorded])
    else:
        assert ours == recorded


def test_every_case_that_did_not_fail_has_a_recorded_state():
    assert [case for case, _ in STATES] == CASES


@recorded_states
def test_the_state_after_150_steps_is_the_recorded_one(case, state):
    scheduler = scheduler_of(case, optimizer_of(case))
    for _ in run(case, scheduler, 150):
        pass
    assert_states_agree(json.loads(json.dumps(scheduler.state_dict())), state)


@recorded_states
def test_from_the_recorded_state_the_recorded_rates_follow(case, state):
    optimizer = optimizer_of(case)
    scheduler = scheduler_of(case, optimizer)
    scheduler.load_state_dict(state)
    metrics = [(m,) for m in series(case["metrics"])] if "metrics" in case else [()] * case["steps"]
    rates, turned = [optimizer.lrs], [momenta(optimizer)]
    for metric in metrics[150:]:
        scheduler.step(*metric)
        rates.append(optimizer.lrs)
        turned.append(momenta(optimizer))
    for group, column in enumerate(case["lrs"]):
        assert close([r[group] for r in rates], series(column)[150:])
    for group, column in enumerate(case.get("momentums", ())):
        assert close([m[group] for m in turned], series(column)[150:])


@pytest.mark.parametrize("at", [0, 1, 7, 30, 150, 299])
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_run_resumed_from_the_state_alone_equals_one_that_was_not_interrupted(case, at):
    optimizer, other_optimizer = optimizer_of(case), optimizer_of(case)
    scheduler, other = scheduler_of(case, optimizer), scheduler_of(case, other_optimizer)
    metrics = [(m,) for m in series(case["metrics"])] if "metrics" in case else [()] * case["steps"]
    for metric in metrics[:at]:
        scheduler.step(*metric)
    other.load_state_dict(scheduler.state_dict())
    for metric in metrics[at:]:
        assert other.get_lr() == scheduler.get_lr() == other_optimizer.lrs
        assert other.last_epoch == scheduler.last_epoch
        assert momenta(other_optimizer) == momenta(optimizer)
        scheduler.step(*metric)
        other.step(*metric)
    assert other.get_lr() == scheduler.get_lr()


@pytest.mark.parametrize("case", GOLDEN["resume"], ids=lambda c: f"{c['scheduler']}@{c['last_epoch']}")
def test_resuming_by_last_epoch_gives_the_recorded_rates(case):
    optimizer = ParamGroups(case["lr_in_optimizer"], initial_lr=case["initial_lr"], momentum=0.9)
    optimizer.param_groups[0].update(max_lr=0.1, min_lr=case["initial_lr"] / 1e4, base_momentum=0.85, max_momentum=0.95)
    scheduler = RESUMED[case["scheduler"]](optimizer, last_epoch=case["last_epoch"])
    assert scheduler.last_epoch == case["last_epoch"] + 1
    recorded = series(case["lrs"])
    rates = [scheduler.get_lr()[0]]
    for _ in recorded[1:]:
        scheduler.step()
        rates.append(scheduler.get_lr()[0])
    assert close(rates, recorded)


@pytest.mark.parametrize("case", GOLDEN["step_epoch"], ids=lambda c: c["scheduler"])
def test_the_old_step_with_an_epoch_gives_the_recorded_rates(case):
    scheduler = RESUMED[case["scheduler"]](ParamGroups(0.1))
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in case["epochs"]:
            scheduler.step(epoch)
            rates.append(scheduler.get_lr()[0])
    assert close(rates, case["lrs"])


def test_where_pytorch_divided_by_zero_half_way_there_is_a_right_value():
    (case,) = [c for c in GOLDEN["cases"] if c.get("error", {}).get("type") == "ZeroDivisionError"]
    assert (case["scheduler"], case["args"]) == ("ConstantLR", {"factor": 0.0, "total_iters": 5})
    optimizer = optimizer_of(case)
    scheduler = scheduler_of(case, optimizer)
    rates = [scheduler.get_lr()[0]] + [scheduler.get_lr()[0] for _ in run(case, scheduler, 8)]
    assert rates[:5] == series(case["lrs"][0]) == [0.0] * 5
    assert rates[5:] == [0.1] * 4


def test_one_cycle_ends_as_recorded_and_then_raises():
    (case,) = [c for c in GOLDEN["cases"] if c.get("error", {}).get("type") == "ValueError"]
    optimizer = optimizer_of(case)
    scheduler = scheduler_of(case, optimizer)
    rates = [scheduler.get_lr()[0]] + [scheduler.get_lr()[0] for _ in run(case, scheduler, 5)]
    assert close(rates, series(case["lrs"][0]))
    with pytest.raises(ValueError, match="tried to step 6 times; the specified number of total steps is 5"):
        scheduler.step()
