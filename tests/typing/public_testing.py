"""Every public name of tbevents.testing with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

import numpy as np
from typing_extensions import assert_type

from tbevents import Run, ScalarSeries, read_logdir, read_run, testing


def assertions() -> None:
    run = read_run("runs/demo")
    testing.assert_bounded(run, "loss", low=0, high=1)
    testing.assert_converges(run, "loss", to=0.1, within=0.01)
    testing.assert_decreasing(run, "loss", smoothing=0.6)
    testing.assert_finite("runs/demo")
    testing.assert_histogram_close(run, "weights", np.zeros(3))
    testing.assert_hparams(run, {"lr": 0.1, "optimizer": "adam", "nesterov": True})
    testing.assert_image_close(run, "digits", np.zeros((1, 2, 2)), atol=1)
    testing.assert_increasing(run, "accuracy")
    testing.assert_intact(read_logdir("runs"))
    testing.assert_lr_schedule(run, "lr", lambda step: 0.1**step)
    testing.assert_reaches(run, "accuracy", value=0.9, by_step=1000)
    testing.assert_runs_close(run, "runs/golden", rtol=1e-3)
    testing.assert_scalar_at(run, "loss", 3, 0.5)
    testing.assert_scalars(run, "loss", values=[0.5, 0.25])
    testing.assert_steps(run, contiguous=True)
    testing.assert_tags(run, at_least=["loss"])
    testing.assert_tags(run, exactly_=["loss"])  # type: ignore[call-arg]


def checks() -> None:
    run = read_run("runs/demo")
    assert_type(testing.check_bounded(run, "loss", high=1), list[testing.Finding])
    assert_type(testing.check_converges(run, "loss", to=0.1, within=0.01), list[testing.Finding])
    assert_type(testing.check_decreasing(run, "loss"), list[testing.Finding])
    assert_type(testing.check_finite(run), list[testing.Finding])
    assert_type(testing.check_histogram_close(run, "weights", [1, 2]), list[testing.Finding])
    assert_type(testing.check_hparams(run, {"lr": 0.1}), list[testing.Finding])
    assert_type(testing.check_image_close(run, "digits", np.zeros((2, 2))), list[testing.Finding])
    assert_type(testing.check_increasing(run, "accuracy"), list[testing.Finding])
    assert_type(testing.check_intact(run), list[testing.Finding])
    assert_type(testing.check_lr_schedule(run, "lr", [0.1, 0.01]), list[testing.Finding])
    assert_type(testing.check_reaches(run, "accuracy", value=0.9), list[testing.Finding])
    assert_type(testing.check_runs_close(run, run), list[testing.Finding])
    assert_type(testing.check_scalar_at(run, "loss", 3, 0.5), list[testing.Finding])
    assert_type(testing.check_scalars(run, "loss", steps=range(3)), list[testing.Finding])
    assert_type(testing.check_steps(run, every=2), list[testing.Finding])
    assert_type(testing.check_tags(run, exactly=["loss"]), list[testing.Finding])
    assert_type(testing.message(testing.check_finite(run)), str)


def findings(finding: testing.Finding) -> None:
    assert_type(finding.kind, str)
    assert_type(finding.tag, str | None)
    assert_type(finding.table, testing.Table | None)
    assert_type(finding.series, ScalarSeries | None)


def runs_in_memory() -> None:
    writer = testing.MemoryWriter()
    writer.add_scalar("loss", 0.5, 1)
    assert_type(writer.run, Run)
    assert_type(testing.live_run("runs/demo"), testing.LiveRun)
    assert_type(testing.live_run("runs/demo").scalars["loss"], ScalarSeries)
    with testing.capture() as captured:
        assert_type(captured, testing.Capture)
    testing.Regression("golden", "test_training").check(writer)
