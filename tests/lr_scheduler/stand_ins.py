"""An optimizer, a writer, and schedulers of each kind of state, for tests of schedulers."""

from tbevents import lr_scheduler as lrs
from tbevents.lr_scheduler import ParamGroups


def opt(lr=0.1, **more):
    return ParamGroups(lr, **{"momentum": 0.9, **more})


class Recorder:
    """The least writer: keeps the points."""

    def __init__(self):
        self.points = []

    def add_scalar(self, tag, scalar_value, global_step=None):
        assert type(scalar_value) is float
        self.points.append((tag, global_step, scalar_value))

    def of(self, tag):
        return [(step, value) for t, step, value in self.points if t == tag]


STATEFUL = {
    "StepLR": lambda: lrs.StepLR(opt(), 3, gamma=0.5),
    "MultiStepLR": lambda: lrs.MultiStepLR(opt(), [3, 4], gamma=0.5),
    "ConstantLR": lambda: lrs.ConstantLR(opt()),
    "LinearLR": lambda: lrs.LinearLR(opt()),
    "ExponentialLR": lambda: lrs.ExponentialLR(opt(), 0.9),
    "PolynomialLR": lambda: lrs.PolynomialLR(opt()),
    "CosineAnnealingLR": lambda: lrs.CosineAnnealingLR(opt(), 5),
    "CosineAnnealingWarmRestarts": lambda: lrs.CosineAnnealingWarmRestarts(opt(), 5),
    "CyclicLR": lambda: lrs.CyclicLR(opt(), 0.1, 0.2, cycle_momentum=False),
    "OneCycleLR": lambda: lrs.OneCycleLR(opt(), 0.1, 10),
    "LambdaLR": lambda: lrs.LambdaLR(opt(), lambda e: 1),
    "ReduceLROnPlateau": lambda: lrs.ReduceLROnPlateau(opt()),
    "SequentialLR": lambda: two_in_sequence(opt()),
    "ChainedScheduler": lambda: two_in_a_chain(opt()),
}


def two_in_sequence(o):
    return lrs.SequentialLR(o, [lrs.StepLR(o, 3), lrs.ExponentialLR(o, 0.9)], [3])


def two_in_a_chain(o):
    return lrs.ChainedScheduler([lrs.StepLR(o, 3), lrs.ExponentialLR(o, 0.9)])
