"""PyTorch's learning-rate schedulers without torch, with built-in logging, and tools around them.

A scheduler sets the rates of any object with `param_groups` (torch's optimizers, or `ParamGroups`). With ``writer=`` it
logs each rate it sets. `schedules` has the curves as pure functions of the step. docs/schedulers.md lists the
differences from PyTorch.
"""

from tbevents.lr_scheduler import schedules
from tbevents.lr_scheduler.base import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from tbevents.lr_scheduler.base import LRScheduler, _LRScheduler
from tbevents.lr_scheduler.composed import ChainedScheduler, SequentialLR
from tbevents.lr_scheduler.cyclic import CyclicLR, OneCycleLR
from tbevents.lr_scheduler.emission import LREmitter, ScalarWriter, emit_lr
from tbevents.lr_scheduler.lambda_lr import LambdaLR, MultiplicativeLR
from tbevents.lr_scheduler.param_groups import OptimizerLike, ParamGroups
from tbevents.lr_scheduler.plateau import ReduceLROnPlateau
from tbevents.lr_scheduler.range_test import LRRangeResult, LRRangeTest
from tbevents.lr_scheduler.schedule_plot import plot_schedule
from tbevents.lr_scheduler.schedulers import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from tbevents.lr_scheduler.warm_restarts import CosineAnnealingWarmRestarts

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LREmitter",
    "LRRangeResult",
    "LRRangeTest",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "OptimizerLike",
    "ParamGroups",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "ScalarWriter",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
    "emit_lr",
    "plot_schedule",
    "schedules",
]
