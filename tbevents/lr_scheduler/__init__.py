"""PyTorch's learning-rate schedulers without torch, with built-in logging, and tools around them.

A scheduler sets the rates of any object with `param_groups` (torch's optimizers, or `ParamGroups`). With ``writer=`` it
logs each rate it sets. `schedules` has the curves as pure functions of the step. docs/schedulers.md lists the
differences from PyTorch.
"""

import typing

from tbevents import public_names
from tbevents.lr_scheduler import schedules as schedules
from tbevents.lr_scheduler.base import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from tbevents.lr_scheduler.base import LRScheduler as LRScheduler
from tbevents.lr_scheduler.base import _LRScheduler as _LRScheduler
from tbevents.lr_scheduler.composed import ChainedScheduler as ChainedScheduler
from tbevents.lr_scheduler.composed import SequentialLR as SequentialLR
from tbevents.lr_scheduler.cyclic import CyclicLR as CyclicLR
from tbevents.lr_scheduler.cyclic import OneCycleLR as OneCycleLR
from tbevents.lr_scheduler.emission import LREmitter as LREmitter
from tbevents.lr_scheduler.emission import ScalarWriter as ScalarWriter
from tbevents.lr_scheduler.emission import emit_lr as emit_lr
from tbevents.lr_scheduler.lambda_lr import LambdaLR as LambdaLR
from tbevents.lr_scheduler.lambda_lr import MultiplicativeLR as MultiplicativeLR
from tbevents.lr_scheduler.param_groups import OptimizerLike as OptimizerLike
from tbevents.lr_scheduler.param_groups import ParamGroups as ParamGroups
from tbevents.lr_scheduler.plateau import ReduceLROnPlateau as ReduceLROnPlateau
from tbevents.lr_scheduler.range_test import LRRangeResult as LRRangeResult
from tbevents.lr_scheduler.range_test import LRRangeTest as LRRangeTest
from tbevents.lr_scheduler.schedule_plot import plot_schedule as plot_schedule
from tbevents.lr_scheduler.schedulers import ConstantLR as ConstantLR
from tbevents.lr_scheduler.schedulers import CosineAnnealingLR as CosineAnnealingLR
from tbevents.lr_scheduler.schedulers import ExponentialLR as ExponentialLR
from tbevents.lr_scheduler.schedulers import LinearLR as LinearLR
from tbevents.lr_scheduler.schedulers import MultiStepLR as MultiStepLR
from tbevents.lr_scheduler.schedulers import PolynomialLR as PolynomialLR
from tbevents.lr_scheduler.schedulers import StepLR as StepLR
from tbevents.lr_scheduler.warm_restarts import CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts

if not typing.TYPE_CHECKING:
    __all__, __dir__ = public_names.eager_package(__name__, also=["_LRScheduler", "schedules"])
