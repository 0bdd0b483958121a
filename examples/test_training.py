"""Tests of a tiny training loop, which assert on what it logs. Run them with ``pytest examples/test_training.py``.

The loop fits a line by gradient descent with numpy, and logs with a SummaryWriter. In a real project `train` is in
the package, and the tests folder holds only the tests.
"""

from functools import partial

import numpy as np

from tbevents import SummaryWriter
from tbevents.lr_scheduler import ParamGroups, StepLR, schedules
from tbevents.testing import (
    MemoryWriter,
    assert_converges,
    assert_decreasing,
    assert_finite,
    assert_histogram_close,
    assert_hparams,
    assert_lr_schedule,
    assert_runs_close,
    assert_scalars,
    assert_steps,
    assert_tags,
)

SLOPE, OFFSET = 3.0, 0.5


def train(writer, epochs=40, lr=0.4, momentum=0.0, seed=0):
    """Fits y = a x + b to noisy points of a line; returns (a, b)."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, 200)
    y = SLOPE * x + OFFSET + random.normal(0, 0.1, 200)
    weights, velocity = np.zeros(2), np.zeros(2)
    optimizer = ParamGroups(lr=lr)
    scheduler = StepLR(optimizer, step_size=20, gamma=0.5)
    writer.add_hparams({"lr": lr, "momentum": momentum}, {}, run_name=".")
    for epoch in range(epochs):
        errors = weights[0] * x + weights[1] - y
        gradient = np.array([(errors * x).mean(), errors.mean()]) * 2
        rate = optimizer.param_groups[0]["lr"]
        writer.add_scalar("loss", (errors**2).mean(), epoch)
        writer.add_scalar("lr", rate, epoch)
        velocity = momentum * velocity - rate * gradient
        weights = weights + velocity
        scheduler.step()
    writer.add_histogram("errors", weights[0] * x + weights[1] - y, epochs)
    return weights


def script(folder):
    """A typical script, which makes its own writer."""
    with SummaryWriter(folder) as writer:
        return train(writer)


# With the fixtures of the pytest plugin of tbevents.


def test_the_loss_falls_and_ends_at_the_noise(tb_writer, tb_run):
    train(tb_writer)
    assert_finite(tb_run)
    assert_decreasing(tb_run, "loss", monotone=True, tolerance=1e-4)
    assert_converges(tb_run, "loss", to=0.01, within=0.003, last=5)


def test_each_epoch_is_logged_once(tb_writer, tb_run):
    train(tb_writer, epochs=30)
    assert_tags(tb_run, exactly=["loss", "lr"], kind="scalars")
    assert_steps(tb_run, "l*", contiguous=True, first=0, last=29)


def test_the_rate_is_halved_after_twenty_epochs(tb_writer, tb_run):
    train(tb_writer)
    assert_lr_schedule(tb_run, "lr", partial(schedules.step_decay, base_lr=0.4, step_size=20, gamma=0.5))
    assert tb_run.scalars["lr"].at(20).value == np.float32(0.2)


def test_what_the_script_logs_is_captured_and_reaches_no_disk(tb_capture):
    slope, offset = script("runs/never-made")
    assert abs(slope - SLOPE) < 0.05
    assert abs(offset - OFFSET) < 0.05
    assert_hparams(tb_capture, {"lr": 0.4, "momentum": 0.0})


def test_the_run_is_what_it_was(tb_writer, tb_regression):
    train(tb_writer, epochs=5)
    tb_regression.check(tb_writer, tags="l*", rtol=1e-4)  # stored by: pytest --tb-update


# Without fixtures, in memory.


def test_the_same_seed_gives_the_same_run():
    first, again, other = MemoryWriter(), MemoryWriter(), MemoryWriter()
    train(first)
    train(again)
    train(other, seed=1)
    assert_runs_close(first, again, rtol=0)
    assert first.run.scalars["loss"] != other.run.scalars["loss"]


def test_momentum_speeds_it_up():
    plain, fast = MemoryWriter(), MemoryWriter()
    train(plain, lr=0.05)
    train(fast, lr=0.05, momentum=0.5)
    assert fast.run.scalars["loss"].last.value < plain.run.scalars["loss"].last.value
    assert_scalars(fast, "lr", values={epoch: 0.05 if epoch < 20 else 0.025 for epoch in range(40)})


def test_the_errors_are_those_of_the_points():
    writer = MemoryWriter()
    train(writer, epochs=1, lr=0.0)  # which leaves the weights at zero
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, 200)
    assert_histogram_close(writer, "errors", -(SLOPE * x + OFFSET + random.normal(0, 0.1, 200)))
