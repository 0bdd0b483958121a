"""States that are refused, and change nothing; and what a state may have besides."""

import pytest

from tbevents import lr_scheduler as lrs
from tbevents.lr_scheduler import ParamGroups

from .stand_ins import STATEFUL, opt, two_in_sequence


def test_a_state_of_another_shape_is_refused():
    o = opt()
    chain = lrs.ChainedScheduler([lrs.StepLR(o, 3)])
    with pytest.raises(ValueError, match="2 schedulers, expected 1"):
        chain.load_state_dict({"_schedulers": [{}, {}], "_last_lr": [0.1]})
    with pytest.raises(ValueError, match="2 lr_lambdas, expected 1"):
        lrs.LambdaLR(opt(), lambda e: 1).load_state_dict({"lr_lambdas": [None, None]})


@pytest.mark.parametrize(
    "make",
    [
        lambda: lrs.StepLR(opt(), 3),
        lambda: lrs.ReduceLROnPlateau(opt()),
        lambda: lrs.ChainedScheduler([lrs.StepLR(opt(), 3)]),
        lambda: lrs.LambdaLR(opt(), lambda e: 1),
        lambda: lrs.OneCycleLR(opt(), 0.1, 10),
    ],
)
def test_a_mapping_that_is_no_state_is_refused_and_changes_nothing(make):
    scheduler = make()
    before = scheduler.state_dict()
    for state in ({}, {"model": 1}):
        with pytest.raises(ValueError, match=r"state_dict is not a state of .* lacks '"):
            scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before
    with pytest.raises(ValueError, match="lacks 'param_groups'"):
        opt().load_state_dict({})


@pytest.mark.parametrize("name", STATEFUL)
def test_the_state_of_another_class_is_refused_and_changes_nothing(name):
    scheduler = STATEFUL[name]()
    before = scheduler.state_dict()
    for other, make in STATEFUL.items():
        if other == name:
            continue
        state = make().state_dict()
        with pytest.raises(ValueError, match=f"not a state of {name}: it (lacks|has) '"):
            scheduler.load_state_dict(state)
        assert scheduler.state_dict() == before, other


def test_the_state_of_another_class_in_a_part_is_refused_before_anything_is_loaded():
    scheduler, other = two_in_sequence(opt()), opt()
    before = scheduler.state_dict()
    state = lrs.SequentialLR(other, [lrs.StepLR(other, 3), lrs.MultiStepLR(other, [2])], [4]).state_dict()
    with pytest.raises(ValueError, match="not a state of ExponentialLR: it has 'milestones'"):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before


@pytest.mark.parametrize("name", STATEFUL)
def test_keys_that_other_versions_of_pytorch_write_and_attributes_of_users_are_accepted(name):
    state = STATEFUL[name]().state_dict()
    more = {"verbose": False, "_is_initial": False, "_get_lr_called_within_step": False, "my_note": "x"}
    if name in ("CyclicLR", "OneCycleLR"):
        more |= {"use_beta1": False, "anneal_func": None, "base_momentums": [0.8], "max_momentums": [0.9]}
    scheduler = STATEFUL[name]()
    scheduler.load_state_dict(state | more)
    assert state.items() <= scheduler.state_dict().items()


def test_a_subclass_of_a_user_may_have_any_attribute_in_its_state():
    class Warmup(lrs.LRScheduler):
        def get_lr(self):
            if self.last_epoch == 2:
                self.power = 3.0
            return list(self.base_lrs)

    first, second = Warmup(opt()), Warmup(opt())
    first.step()
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.power == 3.0


def test_a_state_put_together_by_hand_is_taken_as_it_is():
    scheduler = lrs.StepLR(opt(), 3)
    scheduler.load_state_dict({"last_epoch": 2, "gamma": 0.5})
    scheduler.step()
    assert (scheduler.last_epoch, scheduler.step_size) == (3, 3)
    assert scheduler.get_last_lr() == [0.05]


def test_the_state_of_more_groups_is_refused_and_of_fewer_is_not():
    state = lrs.StepLR(opt([0.1, 0.2]), 3).state_dict()
    with pytest.raises(ValueError, match="the state is of 2 groups, the optimizer has 1"):
        lrs.StepLR(opt(), 3).load_state_dict(state)
    lrs.StepLR(opt([0.1, 0.2, 0.3]), 3).load_state_dict(state)  # one was added since


@pytest.mark.parametrize(
    ("groups", "error", "sense"),
    [
        ([{"lr": 1.0}, {}], ValueError, r"param_groups\[1\] has no 'lr'"),
        ([{"lr": 1.0}, 5], TypeError, r"param_groups\[1\] must be a mapping, not int"),
        ([{"lr": 1.0}, {"lr": "x"}], TypeError, r"'lr' of the state's param_groups\[1\] must be a number, not 'x'"),
        (5, TypeError, "must be a list, not 5"),
    ],
)
def test_a_state_of_nonsense_changes_no_group(groups, error, sense):
    held = ParamGroups([0.1, 0.2])
    with pytest.raises(error, match=sense):
        held.load_state_dict({"param_groups": groups})
    assert held.lrs == [0.1, 0.2]
