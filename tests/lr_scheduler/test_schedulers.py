"""How schedulers behave: get_lr() at any time, subclasses, hand-made changes, states, copies."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from tbevents import lr_scheduler as lrs
from tbevents.lr_scheduler import LRScheduler, ParamGroups, _LRScheduler

from .golden import GOLDEN, case_id, optimizer_of, run, scheduler_of

CASES = [c for c in GOLDEN["cases"] if "error" not in c]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_calling_get_lr_every_epoch_disturbs_nothing(case):
    quiet, asked = optimizer_of(case), optimizer_of(case)
    a, b = scheduler_of(case, quiet), scheduler_of(case, asked)
    for _ in zip(run(case, a, 60), run(case, b, 60), strict=True):
        assert b.get_lr() == b.get_lr() == asked.lrs
        assert asked.param_groups == quiet.param_groups


def test_the_articles_loop_reads_the_rate_of_each_epoch():
    scheduler = lrs.StepLR(ParamGroups(0.1), step_size=50, gamma=0.1)
    seen = []
    for _ in range(200):
        seen.append(scheduler.get_lr()[0])
        scheduler.step()
    assert seen == pytest.approx([0.1] * 50 + [0.01] * 50 + [0.001] * 50 + [0.0001] * 50, rel=1e-12)


def test_a_rate_changed_by_hand_is_what_the_chainable_schedulers_go_on_from():
    groups = ParamGroups(0.1)
    scheduler = lrs.ExponentialLR(groups, 0.5)
    scheduler.step()
    groups.param_groups[0]["lr"] = 8.0
    assert scheduler.get_lr() == [8.0]
    scheduler.step()
    scheduler.step()
    assert groups.lrs == [2.0]
    assert scheduler.get_last_lr() == [2.0]


def test_a_parameter_changed_by_hand_counts_from_then_on():
    groups = ParamGroups(1.0)
    scheduler = lrs.ExponentialLR(groups, 0.5)
    scheduler.step()
    scheduler.gamma = 0.1
    scheduler.step()
    assert groups.lrs == [pytest.approx(0.05)]


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lrs.ExponentialLR(o, 0.9997),
        lambda o: lrs.LinearLR(o, 0.001, 1.0, 19_999),
        lambda o: lrs.PolynomialLR(o, 20_001, 1.5),
        lambda o: lrs.CosineAnnealingLR(o, 9_990, eta_min=1e-6),
        lambda o: lrs.MultiStepLR(o, range(0, 20_000, 30), 0.99),
    ],
)
def test_rounding_errors_do_not_add_up(make):
    groups = ParamGroups(0.1)
    scheduler = make(groups)
    for _ in range(20_000):
        scheduler.step()
    assert groups.lrs[0] == scheduler._rate(20_000, 0.1)


def test_milestones_that_no_epoch_equals_count_nowhere():
    groups = ParamGroups(1.0)
    scheduler = lrs.MultiStepLR(groups, [-5, 1.5, 3.0], 0.5)
    for _ in range(4):
        scheduler.step()
    assert groups.lrs == [0.5]
    assert scheduler.schedule(range(5))[:, 0].tolist() == [1.0, 1.0, 1.0, 0.5, 0.5]


class ClosedStyle(_LRScheduler):
    def get_lr(self):
        return [base * 0.5**self.last_epoch for base in self.base_lrs]


class ChainedStyle(LRScheduler):
    def __init__(self, optimizer, gamma, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if not self._get_lr_called_within_step:
            warnings.warn("use get_last_lr()", UserWarning, stacklevel=2)
        if self.last_epoch == 0:
            return [group["lr"] for group in self.optimizer.param_groups]
        return [group["lr"] * self.gamma for group in self.optimizer.param_groups]


class OldStyle(LRScheduler):
    """Its own step(), which calls get_lr() itself, as many in circulation do."""

    def __init__(self, optimizer):
        self.hot = 0
        super().__init__(optimizer)

    def get_lr(self):
        return [base / (1 + self.hot) for base in self.base_lrs]

    def step(self, epoch=None):
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.hot = self.last_epoch % 3
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr


class Floored(lrs.ExponentialLR):
    def get_lr(self):
        return [max(lr, 0.3) for lr in super().get_lr()]


class OwnStep(lrs.ExponentialLR):
    """A built-in get_lr() under another step()."""

    def step(self, epoch=None):
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (ClosedStyle, [1.0, 0.5, 0.25, 0.125]),
        (lambda o: ChainedStyle(o, 0.5), [1.0, 0.5, 0.25, 0.125]),
        (OldStyle, [1.0, 0.5, 1 / 3, 1.0]),
        (lambda o: Floored(o, 0.5), [1.0, 0.5, 0.3, 0.3]),
        (lambda o: OwnStep(o, 0.5), [1.0, 0.5, 0.25, 0.125]),
    ],
)
def test_subclasses_with_their_own_get_lr_or_step(make, expected):
    groups = ParamGroups(1.0)
    scheduler = make(groups)
    rates = [groups.lrs[0]]
    for _ in range(3):
        scheduler.step()
        rates.append(groups.lrs[0])
    assert rates == pytest.approx(expected, rel=1e-15)
    assert scheduler.schedule(range(4))[:, 0].tolist() == rates
    assert groups.lrs[0] == rates[-1]


def test_a_subclass_may_yield_its_rates():
    class Yielding(LRScheduler):
        def get_lr(self):
            return (base / (1 + self.last_epoch) for base in self.base_lrs)

    groups = ParamGroups([1.0, 2.0])
    Yielding(groups).step()
    assert groups.lrs == [0.5, 1.0]


def test_a_subclass_without_get_lr_says_so():
    with pytest.raises(NotImplementedError, match="Empty does not define get_lr"):
        type("Empty", (LRScheduler,), {})(ParamGroups(0.1))


def test_a_subclasses_own_attributes_are_part_of_its_state():
    a = ChainedStyle(ParamGroups(1.0), 0.5)
    a.step()
    state = a.state_dict()
    assert state["gamma"] == 0.5
    b = ChainedStyle(ParamGroups(1.0), 0.9)
    b.load_state_dict(state)
    b.step()
    assert b.get_last_lr() == [0.25]


def test_loading_leaves_a_rate_alone_that_came_from_elsewhere():
    a = lrs.StepLR(ParamGroups(0.1), 1)
    a.step()
    groups = ParamGroups(0.1)
    b = lrs.StepLR(groups, 1)
    groups.param_groups[0]["lr"] = 7.0
    b.load_state_dict(a.state_dict())
    assert groups.lrs == [7.0]
    assert b.get_last_lr() == [pytest.approx(0.01)]
    b.step()
    assert groups.lrs == [pytest.approx(0.7)]


def test_loading_replaces_rates_that_a_plateau_has_reduced_itself():
    a, b = (lrs.ReduceLROnPlateau(ParamGroups(0.1), patience=0) for _ in range(2))
    for _ in range(3):
        a.step(1.0)
    b.step(1.0)
    b.step(1.0)
    b.load_state_dict(a.state_dict())
    assert b.get_lr() == a.get_lr() == [pytest.approx(0.001)]
    b.optimizer.param_groups[0]["lr"] = 7.0
    b.load_state_dict(a.state_dict())
    assert b.get_lr() == [7.0]


def test_the_parts_of_a_restored_chain_know_the_rate_of_the_epoch():
    def chain():
        o = ParamGroups(0.1)
        return lrs.ChainedScheduler([lrs.ExponentialLR(o, 0.5), lrs.StepLR(o, 1, 0.5)])

    a, b = chain(), chain()
    a.step()
    b.load_state_dict(a.state_dict())
    assert [part.get_lr() for part in b._schedulers] == [b.get_lr()] * 2 == [[0.025]] * 2


def test_a_state_is_a_snapshot():
    scheduler = lrs.MultiStepLR(ParamGroups(0.1), [2, 3])
    state = scheduler.state_dict()
    before = copy.deepcopy(state)
    scheduler.milestones[9] += 1
    scheduler.base_lrs[0] = 5.0
    scheduler.step()
    scheduler.get_last_lr().append(1)
    assert state == before
    assert scheduler.get_last_lr() == [0.1]


class Warm:
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, epoch):
        return self.scale / (epoch + 1)


@pytest.mark.parametrize("cls", [lrs.LambdaLR, lrs.MultiplicativeLR])
def test_of_lambdas_functions_are_not_saved_and_objects_attributes_are(cls):
    a = cls(ParamGroups([1.0, 1.0, 1.0]), [lambda e: 1.0, Warm(2.0), abs])
    state = a.state_dict()
    assert state["lr_lambdas"] == [None, {"scale": 2.0}, None]
    b = cls(ParamGroups([1.0, 1.0, 1.0]), [lambda e: 1.0, Warm(9.0), abs])
    b.load_state_dict(state)
    assert b.lr_lambdas[1].scale == 2.0
    assert state["lr_lambdas"] == [None, {"scale": 2.0}, None]


def test_of_a_cycles_scale_function_an_objects_attributes_are_saved():
    groups = ParamGroups(0.1, momentum=0.9)
    a = lrs.CyclicLR(groups, 0.0, 1.0, 2, scale_fn=Warm(2.0))
    b = lrs.CyclicLR(ParamGroups(0.1, momentum=0.9), 0.0, 1.0, 2, scale_fn=Warm(9.0))
    b.load_state_dict(a.state_dict())
    b.step()
    a.step()
    assert b.get_lr() == a.get_lr() == [0.5 * 2.0 / 2]
    assert (a.scale_fn(1), a.scale_fn(3)) == (1.0, 0.5)
    assert lrs.CyclicLR(ParamGroups(0.1, momentum=0.9), 0.0, 1.0).scale_fn(3) == 1.0
    plain = lrs.CyclicLR(groups, 0.0, 1.0, 2, scale_fn=lambda x: 0.5, scale_mode="iterations")
    assert plain.state_dict()["_scale_fn_custom"] is None
    assert plain.schedule([0, 1, 2])[:, 0].tolist() == [0.0, 0.25, 0.5]


@pytest.mark.parametrize(
    "case", [c for c in CASES if "lr_lambda" not in c["args"] and "comp" not in str(c["args"])][::7]
)
def test_a_scheduler_can_be_copied_and_pickled_without_its_writer(case):
    scheduler = scheduler_of(case, optimizer_of(case), writer=Unpicklable())
    for _ in run(case, scheduler, 3):
        pass
    for twin in (copy.deepcopy(scheduler), pickle.loads(pickle.dumps(scheduler))):
        assert twin.writer is None
        assert twin.optimizer is not scheduler.optimizer
        assert twin.state_dict() == scheduler.state_dict()
        before = scheduler.optimizer.lrs
        for _ in run(case, twin, 40):
            pass
        assert scheduler.optimizer.lrs == before


class Unpicklable:
    def add_scalar(self, tag, value, step):
        pass

    def __reduce__(self):
        raise AssertionError("the writer was copied")


def test_groups_added_later_are_chained_and_counted_where_they_cannot_be():
    groups = ParamGroups(1.0)
    exponential, warm = lrs.ExponentialLR(groups, 0.5), lrs.CosineAnnealingWarmRestarts(groups, 5)
    groups.param_groups.append({"lr": 4.0})
    exponential.step()
    assert groups.lrs == [0.5, 2.0]
    with pytest.raises(ValueError, match="1 rates for the 2 groups"):
        warm.step()
    plateau = lrs.ReduceLROnPlateau(ParamGroups(1.0), patience=0, min_lr=0.0)
    plateau.optimizer.param_groups.append({"lr": 4.0})
    plateau.step(1.0)
    plateau.step(1.0)
    assert plateau.optimizer.lrs == [pytest.approx(0.1), pytest.approx(0.4)]


def test_the_keys_left_in_the_groups_are_pytorchs():
    groups = ParamGroups(0.1, betas=(0.9, 0.999))
    lrs.OneCycleLR(groups, 1.0, 10)
    (group,) = groups.param_groups
    assert group == {
        "lr": pytest.approx(0.04),
        "initial_lr": 0.04,
        "max_lr": 1.0,
        "min_lr": 0.04 / 1e4,
        "betas": (0.95, 0.999),
        "max_momentum": 0.95,
        "base_momentum": 0.85,
    }
    groups = ParamGroups(0.1, momentum=0.5)
    lrs.CyclicLR(groups, 0.01, 1.0)
    assert groups.param_groups == [
        {"lr": 0.01, "initial_lr": 0.01, "momentum": 0.9, "max_momentum": 0.9, "base_momentum": 0.8}
    ]


def test_the_optimizer_is_not_patched():
    class Optimizer:
        def __init__(self):
            self.param_groups = [{"lr": 0.1, "momentum": 0.9}]

        def step(self):
            pass

    optimizer = Optimizer()
    before = dict(vars(optimizer))
    lrs.OneCycleLR(optimizer, 0.1, 10).step()
    assert vars(optimizer) == before
    assert optimizer.step.__func__ is Optimizer.step


def test_plateau_prints_each_reduction_when_verbose(capsys):
    scheduler = lrs.ReduceLROnPlateau(ParamGroups([0.1, 1.0]), patience=1, verbose=True)
    for _ in range(4):
        scheduler.step(1.0)
    assert capsys.readouterr().out == (
        "Epoch     3: reducing learning rate of group 0 to 1.0000e-02.\n"
        "Epoch     3: reducing learning rate of group 1 to 1.0000e-01.\n"
    )
    assert "verbose" not in scheduler.state_dict()
    quiet = lrs.ReduceLROnPlateau(ParamGroups(0.1), patience=0)
    quiet.step(1.0)
    quiet.step(1.0)
    assert capsys.readouterr().out == ""


def test_the_articles_plateau():
    groups = ParamGroups(0.1, momentum=0.9)
    scheduler = lrs.ReduceLROnPlateau(
        groups, factor=0.1, mode="min", patience=10, cooldown=10, min_lr=1e-4, verbose=False
    )
    loss, seen = 0.5, []
    for epoch in range(200):
        if epoch == 5:
            loss = 0.4
        scheduler.step(loss)
        seen.append(scheduler.get_lr()[0])
    changes = [i for i in range(1, 200) if seen[i] != seen[i - 1]]
    # Best at epoch 5; 11 bad epochs; then 10 of cooldown and 11 bad ones each time.
    assert changes == [16, 37, 58]
    assert seen[-1] == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("mode", "threshold_mode", "metrics"),
    [
        ("min", "abs", [2.0, 1.5]),
        ("min", "rel", [2.0, 1.0]),
        ("max", "abs", [2.0, 2.5]),
        ("max", "rel", [2.0, 3.0]),
    ],
)
def test_a_metric_at_the_threshold_is_no_better_and_one_beyond_it_is(mode, threshold_mode, metrics):
    for beyond in (0.0, 1e-9):
        scheduler = lrs.ReduceLROnPlateau(ParamGroups(0.1), mode, threshold=0.5, threshold_mode=threshold_mode)
        scheduler.step(metrics[0])
        scheduler.step(metrics[1] + (beyond if mode == "max" else -beyond))
        assert scheduler.num_bad_epochs == (0 if beyond else 1)


def test_a_base_rate_left_by_another_scheduler_does_not_move_a_cycles_start():
    groups = ParamGroups(0.1, momentum=0.9)
    lrs.StepLR(groups, 5)
    lrs.CyclicLR(groups, 0.001, 0.01)
    assert groups.lrs == [0.001]


def test_param_groups_save_and_restore_their_rates():
    groups = ParamGroups([0.1, 0.2], names=["a", "b"], betas=(0.9, 0.99))
    state = groups.state_dict()
    groups.param_groups[0]["lr"] = 5.0
    groups.param_groups[1]["extra"] = 1
    groups.load_state_dict(state)
    assert groups.param_groups == [
        {"lr": 0.1, "name": "a", "betas": (0.9, 0.99)},
        {"lr": 0.2, "name": "b", "betas": (0.9, 0.99)},
    ]
    with pytest.raises(ValueError, match="2 groups, expected 1"):
        ParamGroups(0.1).load_state_dict(state)


def test_schedule_has_a_column_for_each_group_and_takes_any_order():
    scheduler = lrs.StepLR(ParamGroups([0.1, 1.0]), 10)
    for _ in range(15):
        scheduler.step()
    table = scheduler.schedule([25, 0, 10])
    assert table == pytest.approx(np.array([[0.001, 0.01], [0.1, 1.0], [0.01, 0.1]]), rel=1e-14)
    assert scheduler.schedule([]).shape == (0, 2)
    assert scheduler.last_epoch == 15


def test_the_schedule_of_a_sequence_that_must_be_stepped_is_that_from_its_start():
    groups = ParamGroups(1.0)
    parts = [lrs.StepLR(groups, 2, 0.5), lrs.MultiplicativeLR(groups, lambda epoch: 1 / (1 + epoch))]
    scheduler = lrs.SequentialLR(groups, parts, [3])
    before = scheduler.schedule(range(6))
    rates = [groups.lrs[0]]
    for _ in range(5):
        scheduler.step()
        rates.append(groups.lrs[0])
    assert before[:, 0].tolist() == rates
    assert scheduler.schedule(range(6)).tolist() == before.tolist()
    assert groups.lrs == rates[-1:]


@pytest.mark.parametrize("beyond", [False, True])
def test_one_cycle_loads_a_state_that_was_saved_after_its_end(beyond):
    scheduler = lrs.OneCycleLR(lrs.ParamGroups(0.1, momentum=0.9), 0.1, total_steps=5)
    for _ in range(4):
        scheduler.step()
    if beyond:
        scheduler.step()
        with pytest.raises(ValueError, match="specified number of total steps"):
            scheduler.step()
    state = scheduler.state_dict()
    groups = lrs.ParamGroups(0.1, momentum=0.9)
    other = lrs.OneCycleLR(groups, 0.1, total_steps=5)
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert groups.param_groups[0]["lr"] == state["_last_lr"][0]


@pytest.mark.parametrize(("base", "options"), [(lrs.CyclicLR, (0.01, 0.1)), (lrs.OneCycleLR, (0.1, 10))])
def test_a_subclass_with_its_own_get_lr_leaves_the_momentum_alone(base, options):
    class Own(base):
        def get_lr(self):
            return [0.5]

    groups = lrs.ParamGroups(0.1, momentum=0.9)
    scheduler = Own(groups, *options)
    before = groups.param_groups[0]["momentum"]
    scheduler.step()
    assert (groups.param_groups[0]["lr"], groups.param_groups[0]["momentum"]) == (0.5, before)
