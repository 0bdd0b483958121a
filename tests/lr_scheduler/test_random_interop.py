"""Schedulers put together at random, and treated at random, do to real torch's optimizers what torch's own do."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbevents import lr_scheduler as ours

torch = pytest.importorskip("torch")
theirs = torch.optim.lr_scheduler

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

LAMBDAS = [lambda e: 0.95**e, lambda e: 1 / (e + 1), lambda e: 0.5 if e % 3 == 0 else 0.99]
counts = st.integers(1, 30)
shares = st.floats(0.01, 1.0)
factors = st.sampled_from([0.0, 0.1, 0.33, 0.5, 0.9, 1.0, 1.1, 2.0])
functions = st.sampled_from(LAMBDAS)

# class -> its arguments. Left out is total_iters=0, with which step(epoch) differs, as docs/schedulers.md lists.
SINGLE = {
    "StepLR": st.tuples(counts, factors),
    "MultiStepLR": st.tuples(st.lists(st.integers(0, 40), max_size=5), factors),
    "ConstantLR": st.tuples(shares, counts),
    "LinearLR": st.tuples(shares, st.floats(0.0, 1.0), counts),
    "ExponentialLR": st.tuples(factors),
    "PolynomialLR": st.tuples(counts, st.floats(0.0, 3.0)),
    "CosineAnnealingLR": st.tuples(counts, st.sampled_from([0.0, 1e-3])),
    "CosineAnnealingWarmRestarts": st.tuples(st.integers(1, 12), st.integers(1, 3), st.sampled_from([0.0, 1e-3])),
    "CyclicLR": st.tuples(
        st.just(0.01),
        st.just(0.3),
        st.integers(1, 10),
        st.one_of(st.none(), st.integers(0, 9)),
        st.sampled_from(["triangular", "triangular2", "exp_range"]),
        st.sampled_from([1.0, 0.98]),
    ),
    "OneCycleLR": st.tuples(st.just(0.4), st.integers(100, 300)),
    "LambdaLR": st.tuples(functions),
    "MultiplicativeLR": st.tuples(functions),
}
singles = st.sampled_from(sorted(SINGLE)).flatmap(lambda name: SINGLE[name].map(lambda arguments: (name, *arguments)))


def sequence(first):
    """(name, parts, milestones). In torch only a scheduler that is not composed can follow another."""
    return st.tuples(first, st.lists(st.tuples(singles, st.integers(1, 40)), max_size=2)).map(
        lambda drawn: (
            "SequentialLR",
            [drawn[0], *(part for part, _ in drawn[1])],
            sorted(milestone for _, milestone in drawn[1]),
        )
    )


nested = st.recursive(singles, sequence, max_leaves=3)
schedulers = st.one_of(nested, st.tuples(st.just("ChainedScheduler"), st.lists(nested, min_size=1, max_size=3)))
actions = st.lists(
    st.one_of(
        st.just("step"),
        st.just("step"),
        st.just("step"),
        st.just("resume"),
        st.just("swap"),
        st.floats(0.001, 1.0),  # a rate set by hand
        st.integers(0, 50),  # step(epoch)
    ),
    max_size=60,
)


def cycles_late(spec):
    """Whether a CyclicLR comes after another scheduler, whose initial_lr torch's would start from."""
    names = []

    def collect(spec):
        if isinstance(spec[1], list) and spec[0] in ("SequentialLR", "ChainedScheduler"):
            for part in spec[1]:
                collect(part)
        else:
            names.append(spec[0])

    collect(spec)
    return "CyclicLR" in names[1:]


def made(module, spec, optimizer):
    name, *arguments = spec
    if name == "SequentialLR":
        return module.SequentialLR(optimizer, [made(module, part, optimizer) for part in arguments[0]], arguments[1])
    if name == "ChainedScheduler":
        return module.ChainedScheduler([made(module, part, optimizer) for part in arguments[0]])
    return getattr(module, name)(optimizer, *arguments)


def optimizer_of(kind, rates):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates]
    return torch.optim.SGD(groups, momentum=0.5) if kind == "SGD" else torch.optim.Adam(groups)


def values(optimizer):
    """What is in the groups, but for the parameters, as numbers."""
    flat = {}
    for i, group in enumerate(optimizer.param_groups):
        for key, value in group.items():
            if isinstance(value, (int, float, tuple)):
                for k, number in enumerate(value if isinstance(value, tuple) else [value]):
                    flat[i, key, k] = float(number)
    return flat


@settings(max_examples=200, deadline=None)
@given(
    spec=schedulers.filter(lambda spec: not cycles_late(spec)),
    kind=st.sampled_from(["SGD", "Adam"]),
    rates=st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=3),
    acts=actions,
)
def test_whatever_happens_the_groups_are_those_of_torchs(spec, kind, rates, acts):
    pair = [ours, theirs]
    optimizers = [optimizer_of(kind, rates) for _ in pair]
    both = [made(module, spec, optimizer) for module, optimizer in zip(pair, optimizers, strict=True)]
    for act in ["step", *acts]:
        if act in ("resume", "swap"):  # "swap": ours goes on from torch's state, torch's from ours
            states = [copy.deepcopy(scheduler.state_dict()) for scheduler in both]
            saved = [optimizer.state_dict() for optimizer in optimizers]
            optimizers = [optimizer_of(kind, rates) for _ in pair]
            both = [made(module, spec, optimizer) for module, optimizer in zip(pair, optimizers, strict=True)]
            for k in range(2):
                both[k].load_state_dict(states[k if act == "resume" else 1 - k])
                optimizers[k].load_state_dict(saved[k])
        elif isinstance(act, float):
            for optimizer in optimizers:
                optimizer.param_groups[-1]["lr"] = act
        else:
            # Composed ones take no epoch.
            arguments = () if act == "step" or spec[0] in ("SequentialLR", "ChainedScheduler") else (act,)
            for scheduler in both:
                scheduler.step(*arguments)
            assert both[0].get_last_lr() == pytest.approx(both[1].get_last_lr(), rel=1e-11, abs=1e-13)
            before = values(optimizers[0])
            assert both[0].get_lr() == [group["lr"] for group in optimizers[0].param_groups]
            assert values(optimizers[0]) == before
        assert values(optimizers[0]) == pytest.approx(values(optimizers[1]), rel=1e-11, abs=1e-13)
