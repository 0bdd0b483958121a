"""Every public name of tbevents.lr_scheduler with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

from tbevents import SummaryWriter, lr_scheduler


def schedulers(optimizer: lr_scheduler.OptimizerLike, writer: SummaryWriter) -> list[lr_scheduler.LRScheduler]:
    made: list[lr_scheduler.LRScheduler] = [
        lr_scheduler.StepLR(optimizer, step_size=50, gamma=0.1, writer=writer, tag="lr"),
        lr_scheduler.MultiStepLR(optimizer, [30, 80]),
        lr_scheduler.ConstantLR(optimizer),
        lr_scheduler.LinearLR(optimizer),
        lr_scheduler.ExponentialLR(optimizer, 0.9),
        lr_scheduler.PolynomialLR(optimizer, 5),
        lr_scheduler.CosineAnnealingLR(optimizer, 100),
        lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 10),
        lr_scheduler.CyclicLR(optimizer, 0.01, [0.1]),
        lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=100),
        lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step),
        lr_scheduler.MultiplicativeLR(optimizer, [lambda step: 0.9]),
    ]
    made.append(lr_scheduler.SequentialLR(optimizer, made[:2], [10]))
    made.append(lr_scheduler.ChainedScheduler(made[:2], optimizer))
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, "min", writer=writer)
    plateau.step(0.5)
    made[0].step()
    assert_type(made[0].get_last_lr(), list[float])
    base: type[lr_scheduler.LRScheduler] = lr_scheduler._LRScheduler
    text: str = lr_scheduler.EPOCH_DEPRECATION_WARNING
    del base, text
    return made


def around_them(scheduler: lr_scheduler.LRScheduler, writer: lr_scheduler.ScalarWriter) -> None:
    optimizer: lr_scheduler.OptimizerLike = lr_scheduler.ParamGroups([0.1, {"lr": 0.2}])
    lr_scheduler.emit_lr(scheduler, writer)
    lr_scheduler.LREmitter(scheduler, writer, "lr").emit()
    lr_scheduler.plot_schedule(scheduler, 100)
    test = lr_scheduler.LRRangeTest(optimizer, lambda: 0.5)
    result = test.run()
    assert_type(result, lr_scheduler.LRRangeResult)
    assert_type(result.lrs, NDArray[np.float64])
    assert_type(result.stopped, Literal["diverged", "not finite"] | None)


def schedules() -> None:
    assert_type(lr_scheduler.schedules.step_decay(60, 0.1, step_size=50), float)
