"""Beside real torch: its optimizers under our schedulers, its schedulers beside ours, its states in ours."""

import copy
import inspect
import io
import warnings

import numpy as np
import pytest

from tbevents import lr_scheduler as ours
from tbevents.lr_scheduler import LREmitter, LRRangeTest, emit_lr

from .stand_ins import Recorder

torch = pytest.importorskip("torch")
theirs = torch.optim.lr_scheduler

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def sgd(lr=0.1, groups=1, **more):
    params = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)]
    return torch.optim.SGD(params, **{"lr": lr, "momentum": 0.9, **more})


def adam(lr=0.1):
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def half(epoch):
    return 0.5 if epoch % 3 == 0 else 0.99


MAKERS = {
    "StepLR": lambda m, o: m.StepLR(o, 5, 0.5),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [3, 7, 7, 20], 0.3),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.25, 8),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 0.7, 20),
    "LinearLR to 0": lambda m, o: m.LinearLR(o, 1.0, 0.0, 20),
    "LinearLR 0 iters": lambda m, o: m.LinearLR(o, 0.5, 1.0, 0),
    "PolynomialLR 0 iters": lambda m, o: m.PolynomialLR(o, 0),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 25, 1.7),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 12, 0.003),
    "CosineAnnealingLR -3": lambda m, o: m.CosineAnnealingLR(o, -3),
    "CosineAnnealingLR 10.5": lambda m, o: m.CosineAnnealingLR(o, 10.5),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 4, 2, 0.001),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.3, 5, 3, "exp_range", 0.98),
    "CyclicLR sawtooth": lambda m, o: m.CyclicLR(o, 0.01, 0.3, 5, 0),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.4, 60, three_phase=True),
    "OneCycleLR 1.0": lambda m, o: m.OneCycleLR(o, 0.4, 60, pct_start=0.7, three_phase=True),
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda e: 1 / (e + 1)),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, half),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, total_iters=5), m.CosineAnnealingLR(o, 10), m.ExponentialLR(o, 0.9)], [5, 20]
    ),
    "SequentialLR from its second": lambda m, o: m.SequentialLR(
        o, [m.ConstantLR(o, 0.5), m.ExponentialLR(o, 0.9)], [0]
    ),
    "SequentialLR with MultiplicativeLR": lambda m, o: m.SequentialLR(
        o, [m.ExponentialLR(o, 0.9), m.MultiplicativeLR(o, half)], [6]
    ),
    "SequentialLR with cycles": lambda m, o: m.SequentialLR(
        o, [m.CyclicLR(o, 0.01, 0.3, 5), m.LambdaLR(o, lambda e: 0.9**e)], [9]
    ),
    "SequentialLR in SequentialLR": lambda m, o: m.SequentialLR(
        o,
        [m.SequentialLR(o, [m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9)], [6]), m.StepLR(o, 5)],
        [20],
    ),
    "SequentialLR of a chain": lambda m, o: m.SequentialLR(
        o, [m.ChainedScheduler([m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9)]), m.StepLR(o, 5)], [10]
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o, 0.1, total_iters=5), m.CosineAnnealingLR(o, 10, 0.001), m.StepLR(o, 7, 0.5)]
    ),
    "ChainedScheduler of a lambda": lambda m, o: m.ChainedScheduler(
        [m.LambdaLR(o, lambda e: 0.95**e), m.ExponentialLR(o, 0.9)]
    ),
}
makers = pytest.mark.parametrize("name", MAKERS)


def values(optimizer):
    """What a scheduler may change of the groups."""
    keys = ("lr", "momentum", "betas", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum")
    flat = []
    for group in optimizer.param_groups:
        for key in keys:
            if key in group:
                value = group[key]
                flat += [float(v) for v in value] if isinstance(value, tuple) else [float(value)]
    return flat


def agree(a, b):
    return values(a) == pytest.approx(values(b), rel=1e-12, abs=1e-13)


@makers
@pytest.mark.parametrize("make_optimizer", [sgd, adam, lambda: sgd(groups=2)])
def test_the_groups_of_torchs_optimizer_are_what_torch_makes_of_them(name, make_optimizer):
    a, b = make_optimizer(), make_optimizer()
    mine, real = MAKERS[name](ours, a), MAKERS[name](theirs, b)
    assert agree(a, b)
    for _ in range(45):
        for optimizer in (a, b):
            optimizer.step()
        mine.step()
        real.step()
        assert agree(a, b)
        assert mine.get_last_lr() == pytest.approx(real.get_last_lr(), rel=1e-12, abs=1e-13)
        if hasattr(real, "last_epoch"):
            assert mine.last_epoch == real.last_epoch


@pytest.mark.parametrize("name", theirs.__all__)
def test_the_arguments_are_torchs_with_ours_behind_them(name):
    def arguments(module):
        return [(p.name, p.default, p.kind) for p in inspect.signature(getattr(module, name)).parameters.values()]

    mine, real = arguments(ours), arguments(theirs)
    assert mine[: len(real)] == real
    assert {kind for _, _, kind in mine[len(real) :]} == {inspect.Parameter.KEYWORD_ONLY}
    assert {"writer", "tag"} <= {argument for argument, *_ in mine[len(real) :]}


@makers
def test_the_keys_in_the_groups_and_the_public_attributes_are_torchs(name):
    a, b = sgd(groups=2), sgd(groups=2)
    mine, real = MAKERS[name](ours, a), MAKERS[name](theirs, b)
    assert [set(group) for group in a.param_groups] == [set(group) for group in b.param_groups]
    missing = {attribute for attribute in vars(real) if attribute[0] != "_" and not hasattr(mine, attribute)}
    assert missing == set()


@makers
def test_a_rate_changed_by_hand_goes_on_as_torchs(name):
    a, b = sgd(), sgd()
    mine, real = MAKERS[name](ours, a), MAKERS[name](theirs, b)
    for epoch in range(45):
        if epoch in (2, 9, 10, 23):
            for optimizer in (a, b):
                optimizer.param_groups[0]["lr"] = 0.77 / (epoch + 1)
        mine.step()
        real.step()
        assert agree(a, b), epoch


@pytest.mark.parametrize(
    "name", ["StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR", "LambdaLR", "MultiStepLR"]
)
def test_base_rates_changed_by_hand_go_on_as_torchs(name):
    a, b = sgd(), sgd()
    mine, real = MAKERS[name](ours, a), MAKERS[name](theirs, b)
    for epoch in range(40):
        if epoch == 9:
            mine.base_lrs, real.base_lrs = [0.5], [0.5]
        mine.step()
        real.step()
        assert agree(a, b), epoch


@makers
@pytest.mark.parametrize("at", [0, 4, 17])
def test_a_state_of_torchs_goes_on_in_ours_and_ours_in_torchs(name, at):
    source, a, b = sgd(), sgd(), sgd()
    real = MAKERS[name](theirs, source)
    for _ in range(at):
        real.step()
    saved = io.BytesIO()
    torch.save(real.state_dict(), saved)
    saved.seek(0)
    mine = MAKERS[name](ours, a)
    mine.load_state_dict(torch.load(saved, weights_only=False))
    a.load_state_dict(source.state_dict())
    assert mine.get_last_lr() == real.get_last_lr()
    back = MAKERS[name](theirs, b)
    back.load_state_dict(mine.state_dict())
    b.load_state_dict(source.state_dict())
    for _ in range(20):
        for scheduler in (real, mine, back):
            scheduler.step()
        assert agree(a, source)
        assert agree(b, source)


def test_our_state_passes_torchs_safe_loading():
    for name in ("StepLR", "MultiStepLR", "CyclicLR", "OneCycleLR", "SequentialLR", "LambdaLR"):
        scheduler = MAKERS[name](ours, sgd())
        saved = io.BytesIO()
        torch.save(scheduler.state_dict(), saved)
        saved.seek(0)
        assert torch.load(saved, weights_only=True) == scheduler.state_dict()


@pytest.mark.parametrize(
    "more", [{}, {"mode": "max", "threshold_mode": "abs", "patience": 2}, {"cooldown": 3, "eps": 1e-3}]
)
def test_plateau_follows_torchs_also_for_nan(more):
    a, b = sgd(), sgd()
    mine, real = ours.ReduceLROnPlateau(a, **more), theirs.ReduceLROnPlateau(b, **more)
    noise = np.random.default_rng(0).normal(1.0, 0.2, 200)
    noise[[3, 50, 51]] = [np.nan, np.inf, -np.inf]
    for metric in noise:
        mine.step(torch.tensor(metric))
        real.step(metric)
        assert agree(a, b)
        assert mine.state_dict() == real.state_dict()


@pytest.mark.parametrize("name", [n for n in MAKERS if "Lambda" not in n and "lambda" not in n])
def test_a_rate_in_a_tensor_is_updated_in_place(name):
    rate = torch.tensor(0.1, dtype=torch.float64)
    a, b = sgd(rate, foreach=False), sgd(torch.tensor(0.1, dtype=torch.float64), foreach=False)
    mine, real = MAKERS[name](ours, a), MAKERS[name](theirs, b)
    for _ in range(30):
        mine.step()
        real.step()
        assert a.param_groups[0]["lr"] is rate
        assert float(rate) == pytest.approx(float(b.param_groups[0]["lr"]), rel=1e-12, abs=1e-13)
        assert mine.get_lr() == mine.get_last_lr() == [float(rate)]


def test_our_schedulers_go_into_torchs_sequence_and_torchs_into_ours():
    a, b, c = sgd(), sgd(), sgd()
    real = theirs.SequentialLR(b, [theirs.LinearLR(b, 0.1), theirs.CosineAnnealingLR(b, 10)], [5])
    mixed = ours.SequentialLR(a, [theirs.LinearLR(a, 0.1), ours.CosineAnnealingLR(a, 10)], [5])
    other = theirs.SequentialLR(c, [ours.LinearLR(c, 0.1), theirs.CosineAnnealingLR(c, 10)], [5])
    with pytest.raises(TypeError, match="LinearLR has no schedule"):
        mixed.schedule([1])
    for _ in range(20):
        for scheduler in (real, mixed, other):
            scheduler.step()
        assert agree(a, b)
        assert agree(c, b)


def test_the_optimizers_step_is_left_alone():
    optimizer = sgd()
    ours.StepLR(optimizer, 5)
    assert "step" not in vars(optimizer)


@makers
def test_emit_lr_and_the_emitter_write_the_rates_of_torchs_schedulers(name):
    called, emitted, own = Recorder(), Recorder(), Recorder()
    optimizer, other = sgd(groups=2), sgd(groups=2)
    real, mine = MAKERS[name](theirs, optimizer), MAKERS[name](ours, other)
    mine.writer = own
    emitter = LREmitter(real, emitted)
    emit_lr(real, called)
    for _ in range(12):
        real.step()
        emit_lr(real, called)
        emitter.emit()
        mine.step()
    assert called.points == emitted.points
    assert [point[:2] for point in called.points] == [point[:2] for point in own.points]
    assert [p[2] for p in called.points] == pytest.approx([p[2] for p in own.points], rel=1e-12, abs=1e-13)
    assert {p[1] for p in called.points} == set(range(13))


def test_the_range_test_puts_back_torchs_optimizer_and_its_state():
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = torch.optim.SGD([weight], lr=0.3, momentum=0.9)

    def train_step():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        optimizer.step()
        return loss

    train_step()
    groups, state = (
        copy.deepcopy(optimizer.state_dict()["param_groups"]),
        copy.deepcopy(optimizer.state_dict()["state"]),
    )
    result = LRRangeTest(optimizer, train_step, 1e-4, 100.0, 100).run()
    assert result.stopped in ("diverged", "not finite")
    assert 1e-4 < result.suggestion() < 1.0
    assert optimizer.state_dict()["param_groups"] == groups
    assert torch.equal(optimizer.state_dict()["state"][0]["momentum_buffer"], state[0]["momentum_buffer"])
    assert optimizer.param_groups[0]["params"][0] is weight


# The article's scripts, with the schedulers imported from here and torch's optimizer kept.

LR, ITERATIONS, EPOCHS = 0.1, 10, 200


def train(optimizer, weights, target):
    for _ in range(ITERATIONS):
        loss = torch.pow((weights - target), 2)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize(
    ("make", "curve"),
    [
        (lambda o: ours.StepLR(o, step_size=50, gamma=0.1), lambda e: 0.1 * 0.1 ** (e // 50)),
        (
            lambda o: ours.MultiStepLR(o, milestones=[50, 125, 160], gamma=0.1),
            lambda e: 0.1 * 0.1 ** sum(e >= m for m in (50, 125, 160)),
        ),
        (lambda o: ours.ExponentialLR(o, gamma=0.95), lambda e: 0.1 * 0.95**e),
        (
            lambda o: ours.CosineAnnealingLR(o, T_max=50, eta_min=0.0),
            lambda e: 0.1 * (1 + np.cos(np.pi * e / 50)) / 2,
        ),
    ],
    ids=["step", "multi_step", "exponential", "cosine"],
)
def test_the_articles_scripts_plot_the_curve_that_get_lr_gives_in_every_epoch(make, curve):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    torch.manual_seed(1)
    weights, target = torch.randn((1), requires_grad=True), torch.zeros(1)
    optimizer = torch.optim.SGD([weights], lr=LR, momentum=0.9)
    scheduler_lr = make(optimizer)
    lr_list, epoch_list = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for epoch in range(EPOCHS):
            lr_list.append(scheduler_lr.get_lr())
            epoch_list.append(epoch)
            train(optimizer, weights, target)
            scheduler_lr.step()
    (line,) = pyplot.plot(epoch_list, lr_list)
    drawn = np.asarray(line.get_ydata()).ravel()
    pyplot.close("all")
    np.testing.assert_allclose(drawn, [curve(e) for e in range(EPOCHS)], rtol=1e-12, atol=1e-13)


def test_the_articles_plateau_script_prints_its_reductions(capsys):
    torch.manual_seed(1)
    weights = torch.randn((1), requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=LR, momentum=0.9)
    loss_value = 0.5
    scheduler_lr = ours.ReduceLROnPlateau(
        optimizer, factor=0.1, mode="min", patience=10, cooldown=10, min_lr=1e-4, verbose=True
    )
    for epoch in range(EPOCHS):
        for _ in range(ITERATIONS):
            optimizer.step()
            optimizer.zero_grad()
        if epoch == 5:
            loss_value = 0.4
        scheduler_lr.step(loss_value)
    assert capsys.readouterr().out.splitlines() == [
        "Epoch    17: reducing learning rate of group 0 to 1.0000e-02.",
        "Epoch    38: reducing learning rate of group 0 to 1.0000e-03.",
        "Epoch    59: reducing learning rate of group 0 to 1.0000e-04.",
    ]


def test_the_articles_lambda_script_prints_two_curves(capsys):
    weights_1, weights_2 = torch.randn((6, 3, 5, 5)), torch.ones((5, 5))
    optimizer = torch.optim.SGD([{"params": [weights_1]}, {"params": [weights_2]}], lr=0.1)
    lambda1 = lambda epoch: 0.1 ** (epoch // 20)  # noqa: E731 - as the article has it
    lambda2 = lambda epoch: 0.95**epoch  # noqa: E731
    scheduler = ours.LambdaLR(optimizer, lr_lambda=[lambda1, lambda2])
    lr_list = []
    for epoch in range(EPOCHS):
        for _ in range(ITERATIONS):
            optimizer.step()
            optimizer.zero_grad()
        scheduler.step()
        lr_list.append(scheduler.get_lr())
        print(f"epoch:{epoch:5d}, lr:{scheduler.get_lr()}")  # noqa: T201 - as the article has it
    assert [i[0] for i in lr_list] == [0.1 * lambda1(e) for e in range(1, EPOCHS + 1)]
    assert [i[1] for i in lr_list] == [0.1 * lambda2(e) for e in range(1, EPOCHS + 1)]
    assert capsys.readouterr().out.splitlines()[0] == "epoch:    0, lr:[0.1, 0.095]"
