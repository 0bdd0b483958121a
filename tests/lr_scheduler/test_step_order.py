"""A scheduler that steps before its optimizer warns, if the optimizer can tell."""

import copy
import pickle
import warnings

import pytest
from recorded_warnings import warnings_of

from tbevents import lr_scheduler
from tbevents.lr_scheduler import ParamGroups

WORDS = r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"


class Hook:
    def __init__(self, hooks, hook):
        self.hooks, self.hook = hooks, hook

    def remove(self):
        self.hooks.remove(self.hook)


class Optimizer(ParamGroups):
    """Tells of its steps, as torch's optimizers do."""

    def __init__(self):
        super().__init__([0.1, 0.2])
        self.hooks = []

    def register_step_post_hook(self, hook):
        self.hooks.append(hook)
        return Hook(self.hooks, hook)

    def step(self):
        for hook in self.hooks:
            hook(self, (), {})


def wrapper_without_hooks():
    """As accelerate's wrapper: a torch optimizer by class only, whose methods find no hooks."""
    optimizer = ParamGroups(0.1)
    optimizer.register_step_post_hook = lambda hook: optimizer._hooks
    return optimizer


MAKERS = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 3),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.2, cycle_momentum=False),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o), lr_scheduler.StepLR(o, 2)], [2]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.StepLR(o, 2)]),
    "resumed": lambda o: lr_scheduler.StepLR(resumable(o), 3, last_epoch=10),
}


def resumable(optimizer):
    for group in optimizer.param_groups:
        group["initial_lr"] = 0.1
    return optimizer


@pytest.mark.parametrize("name", MAKERS)
def test_the_wrong_order_is_warned_of_once_at_the_callers_line(name):
    optimizer = Optimizer()
    scheduler = MAKERS[name](optimizer)
    with warnings_of(UserWarning, match=WORDS) as caught:
        scheduler.step()
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        scheduler.step()
        scheduler.step()


@pytest.mark.parametrize("name", MAKERS)
def test_the_right_order_is_not_and_the_hooks_are_removed(name):
    optimizer = Optimizer()
    scheduler = MAKERS[name](optimizer)
    assert optimizer.hooks
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(5):
            optimizer.step()
            scheduler.step()
    assert optimizer.hooks == []


@pytest.mark.parametrize("make", [lambda: ParamGroups(0.1), wrapper_without_hooks])
def test_of_optimizers_that_cannot_tell_nothing_is_said(make):
    scheduler = lr_scheduler.StepLR(make(), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
        scheduler.step()


def test_a_restored_scheduler_does_not_warn():
    first = lr_scheduler.StepLR(ParamGroups([0.1, 0.2]), 3)
    for _ in range(5):
        first.step()
    scheduler = lr_scheduler.StepLR(Optimizer(), 3)
    scheduler.load_state_dict(first.state_dict())
    assert scheduler.optimizer.hooks == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "LambdaLR"])
def test_a_state_that_a_subclass_takes_from_its_dict_has_no_watch(name, steps):
    schedulers = [MAKERS[name](Optimizer()) for _ in range(2)]
    for _ in range(steps):
        schedulers[0].optimizer.step()
        schedulers[0].step()
    schedulers[1].load_state_dict(schedulers[0].state_dict())
    first, second = map(vars, schedulers)
    state = {key: value for key, value in first.items() if key not in ("optimizer", "lr_lambdas")}
    assert state == {key: second[key] for key in state}
    assert all(type(value).__module__ == "builtins" for value in state.values() if not callable(value))


def test_states_copies_and_pickles_go_without_the_watch():
    scheduler = lr_scheduler.StepLR(ParamGroups(0.1), 3)
    assert "_step_order" not in scheduler.state_dict()
    watching = lr_scheduler.StepLR(Optimizer(), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy.deepcopy(watching).step()
        pickle.loads(pickle.dumps(scheduler)).step()
        watching.schedule([0, 1, 2])


def test_an_epoch_is_warned_of_in_pytorchs_words():
    scheduler = lr_scheduler.StepLR(ParamGroups(0.1), 3)
    with warnings_of(UserWarning, match="epoch parameter") as caught:
        scheduler.step(2)
    assert [str(warning.message) for warning in caught] == [lr_scheduler.EPOCH_DEPRECATION_WARNING]
