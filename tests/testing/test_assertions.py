"""The assertions: each raises what its check finds, and each is failed by a perturbed run."""

import importlib.util
import inspect
import math

import numpy as np
import pytest

from tbevents import testing
from tbevents.testing import MemoryWriter, message

PILLOW = importlib.util.find_spec("PIL") is not None
RATES = [0.1, 0.1, 0.05, 0.05]
WEIGHTS = np.linspace(-1, 1, 50)
PICTURE = np.linspace(0, 1, 27).reshape(3, 3, 3)
STEPS = range(4)


class Training:
    """What a training logs, with places where it can go wrong."""

    def __init__(self, **changes):
        self.losses = [8.0, 4.0, 2.0, 1.0]
        self.steps = list(STEPS)
        self.rates = list(RATES)
        self.hparams = {"lr": 0.1, "optimizer": "sgd"}
        self.weights = WEIGHTS
        self.picture = PICTURE
        self.more = []
        vars(self).update(changes)

    def run(self):
        writer = MemoryWriter(clock=lambda: 1000.0)
        for step, loss, rate in zip(self.steps, self.losses, self.rates, strict=True):
            writer.add_scalar("loss", loss, step)
            writer.add_scalar("lr", rate, step)
        writer.add_hparams(self.hparams, {}, run_name=".")
        writer.add_histogram("weights", self.weights, 3)
        if PILLOW:
            writer.add_image("picture", self.picture, 3)
        for tag in self.more:
            writer.add_scalar(tag, 0.0, 0)
        return writer.run


def other(values, place, value):
    changed = np.array(values)
    changed[place] = value
    return changed if isinstance(values, np.ndarray) else changed.tolist()


GOOD = Training()
LATE = {"steps": [0, 1, 2, 4]}
TWICE = {"steps": [0, 1, 2, 2]}
BACK = {"steps": [0, 2, 1, 3]}
BLOWN_UP = {"losses": [8.0, 4.0, math.inf, 1.0]}
LOST = {"losses": [8.0, 4.0, math.nan, 1.0]}
RISEN = {"losses": [8.0, 4.0, 2.0, 9.0]}
BUMPED = {"losses": [8.0, 2.0, 4.0, 1.0]}
OFF = {"losses": [8.0, 4.0, 2.0, 1.001]}

ASSERTIONS = {  # name -> how it is called with a run, and the changes that it must notice
    "assert_scalars": (
        lambda check, run: check(run, "loss", values=GOOD.losses, steps=GOOD.steps),
        [OFF, RISEN, BUMPED, LOST, BLOWN_UP, LATE, TWICE, BACK],
    ),
    "assert_scalar_at": (lambda check, run: check(run, "loss", 3, 1.0), [OFF, RISEN, LATE, TWICE]),
    "assert_decreasing": (
        lambda check, run: check(run, "loss", monotone=True),
        [RISEN, BUMPED, LOST, BLOWN_UP],
    ),
    "assert_converges": (
        lambda check, run: check(run, "loss", to=1.5, within=0.5, last=2),
        [RISEN, BUMPED, LOST, BLOWN_UP],
    ),
    "assert_reaches": (lambda check, run: check(run, "loss", value=1, by_step=3), [OFF, RISEN, LATE]),
    "assert_finite": (lambda check, run: check(run), [LOST, BLOWN_UP]),
    "assert_bounded": (lambda check, run: check(run, "loss", low=1, high=8), [RISEN, LOST, BLOWN_UP]),
    "assert_steps": (lambda check, run: check(run, contiguous=True, first=0, last=3), [LATE, TWICE, BACK]),
    "assert_tags": (
        lambda check, run: check(run, exactly=["loss", "lr"], kind="scalars"),
        [{"more": ["extra"]}],
    ),
    "assert_lr_schedule": (
        lambda check, run: check(run, "lr", lambda step: 0.1 * 0.5 ** (step // 2)),
        [{"rates": other(RATES, 2, 0.1)}, {"rates": other(RATES, 0, 0.1001)}, BACK, LATE],
    ),
    "assert_hparams": (
        lambda check, run: check(run, GOOD.hparams, exactly=True),
        [{"hparams": {"lr": 0.2, "optimizer": "sgd"}}, {"hparams": {"lr": 0.1}}, {"hparams": {**GOOD.hparams, "x": 1}}],
    ),
    "assert_histogram_close": (
        lambda check, run: check(run, "weights", WEIGHTS),
        [{"weights": WEIGHTS[1:]}, {"weights": other(WEIGHTS, 7, 5.0)}],
    ),
    "assert_image_close": (
        lambda check, run: check(run, "picture", PICTURE),
        [{"picture": other(PICTURE, (1, 1, 1), 1.0)}, {"picture": PICTURE[:, :2]}],
    ),
    "assert_runs_close": (
        lambda check, run: check(run, GOOD.run()),
        [
            OFF,
            LOST,
            LATE,
            {"rates": other(RATES, 2, 0.1)},
            {"hparams": {"lr": 0.2, "optimizer": "sgd"}},
            {"weights": WEIGHTS[1:]},
            {"picture": other(PICTURE, (1, 1, 1), 1.0)},
            {"more": ["extra"]},
        ],
    ),
}


def test_every_assertion_has_its_check_and_both_are_public():
    names = {name.partition("_")[2] for name in testing.__all__ if name.startswith("assert_")}
    assert {f"check_{name}" for name in names} <= set(testing.__all__)
    assert {f"assert_{name}" for name in names} == {
        *ASSERTIONS,
        "assert_increasing",
        "assert_intact",
    }  # the last two: see below
    for name in names:
        check, assertion = (getattr(testing, f"{prefix}_{name}") for prefix in ("check", "assert"))
        assert assertion.__name__ == f"assert_{name}"
        ours, theirs = inspect.signature(assertion), inspect.signature(check)
        assert ours.parameters == theirs.parameters
        assert ours.return_annotation is None
        assert assertion.__doc__.count("Raises:\n    AssertionError: ") == 1 or "Arguments and errors" in check.__doc__
    for name in testing.__all__:
        assert hasattr(testing, name)


@pytest.mark.parametrize("name", ASSERTIONS)
def test_a_good_run_passes_and_each_perturbed_one_fails(name):
    if name in ("assert_image_close", "assert_runs_close"):
        pytest.importorskip("PIL", reason="decodes pictures")
    call, changes = ASSERTIONS[name]
    assertion, check = getattr(testing, name), getattr(testing, name.replace("assert", "check"))
    assert call(assertion, GOOD.run()) is None
    assert call(check, GOOD.run()) == []
    for change in changes:
        run = Training(**change).run()
        findings = call(check, run)
        assert findings, change
        with pytest.raises(AssertionError) as failure:
            call(assertion, run)
        assert str(failure.value) == message(findings)


@pytest.mark.parametrize("change", [{}, RISEN, LOST, {"losses": [1.0, 1.0, 2.0, 1.0]}])
def test_a_run_that_does_not_rise_fails_to_increase(change):
    testing.assert_increasing(Training(losses=[1.0, 2.0, 3.0, 4.0]).run(), "loss", monotone=True)
    with pytest.raises(AssertionError):
        testing.assert_increasing(Training(**change).run(), "loss", monotone=True)


@pytest.mark.parametrize("place", [0, 20, -40, -1])
def test_any_flipped_bit_of_a_file_is_not_intact(place, tmp_path):
    from tbevents import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        for step in range(10):
            writer.add_scalar("loss", 1.0, step)
    testing.assert_intact(tmp_path)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 4
    file.write_bytes(content)
    with pytest.raises(AssertionError, match="damaged"):
        testing.assert_intact(tmp_path)
