"""The values recorded from PyTorch, and our schedulers for the recorded arguments."""

import json
import math
from pathlib import Path

from tbevents import lr_scheduler as lrs
from tbevents.lr_scheduler import ParamGroups

PATH = Path(__file__).parents[1] / "data" / "lr_golden.json"
GOLDEN = json.loads(PATH.read_text())

LAMBDAS = {
    "0.95**e": lambda e: 0.95**e,
    "1/(e+1)": lambda e: 1 / (e + 1),
    "e//30": lambda e: 0.1 ** (e // 30),
    "warmup10": lambda e: min(1.0, (e + 1) / 10),
    "warmup20_cos200": lambda e: e / 20 if e < 20 else 0.5 * (1 + math.cos(math.pi * min(1.0, (e - 20) / 180))),
    "invsqrt": lambda e: min((e + 1) ** -0.5, (e + 1) * 20**-1.5),
    "0.95": lambda e: 0.95,
    "1": lambda e: 1,
    "e%50==0?.5:1": lambda e: 0.5 if e % 50 == 0 else 1,
}

L = lrs
COMPOSITIONS = {
    "Linear(.1,5)->Cosine(100)@5": lambda o: L.SequentialLR(
        o, [L.LinearLR(o, 0.1, total_iters=5), L.CosineAnnealingLR(o, 100)], [5]
    ),
    "Constant(.1,20)->Exponential(.95)@20": lambda o: L.SequentialLR(
        o, [L.ConstantLR(o, 0.1, 20), L.ExponentialLR(o, 0.95)], [20]
    ),
    "Linear(.001,10)->Constant(1,50)->Polynomial(100,2)@10,60": lambda o: L.SequentialLR(
        o, [L.LinearLR(o, 0.001, total_iters=10), L.ConstantLR(o, 1.0, 50), L.PolynomialLR(o, 100, 2.0)], [10, 60]
    ),
    "Linear(.1,30)->WarmRestarts(20,2)@30": lambda o: L.SequentialLR(
        o, [L.LinearLR(o, 0.1, total_iters=30), L.CosineAnnealingWarmRestarts(o, 20, 2)], [30]
    ),
    "Step(10,.5)->Step(20,.9)@100": lambda o: L.SequentialLR(o, [L.StepLR(o, 10, 0.5), L.StepLR(o, 20, 0.9)], [100]),
    "Linear(.1,5)->MultiStep([10,20])@1": lambda o: L.SequentialLR(
        o, [L.LinearLR(o, 0.1, total_iters=5), L.MultiStepLR(o, [10, 20])], [1]
    ),
    "Exp(.9)->Exp(.99)@50 (warm)": lambda o: L.SequentialLR(
        o, [L.ExponentialLR(o, 0.9), L.ExponentialLR(o, 0.99)], [50]
    ),
    "Lambda(warmup10)->Cosine(200,1e-4)@10": lambda o: L.SequentialLR(
        o, [L.LambdaLR(o, LAMBDAS["warmup10"]), L.CosineAnnealingLR(o, 200, 1e-4)], [10]
    ),
    "Constant(.1,20)+Exponential(.95)": lambda o: L.ChainedScheduler(
        [L.ConstantLR(o, 0.1, 20), L.ExponentialLR(o, 0.95)]
    ),
    "Linear(.1,10)+Step(30,.5)": lambda o: L.ChainedScheduler(
        [L.LinearLR(o, 0.1, total_iters=10), L.StepLR(o, 30, 0.5)]
    ),
    "MultiStep([50,100],.5)+Cosine(300)": lambda o: L.ChainedScheduler(
        [L.MultiStepLR(o, [50, 100], 0.5), L.CosineAnnealingLR(o, 300)]
    ),
    "Linear+Exp+MultiStep": lambda o: L.ChainedScheduler(
        [L.LinearLR(o, 0.25, total_iters=8), L.ExponentialLR(o, 0.99), L.MultiStepLR(o, [100, 200])]
    ),
    "Polynomial(300)+Constant(.5,10)": lambda o: L.ChainedScheduler([L.PolynomialLR(o, 300), L.ConstantLR(o, 0.5, 10)]),
    "single Step": lambda o: L.ChainedScheduler([L.StepLR(o, 30)]),
}

RESUMED = {
    "StepLR(30,.1)": lambda o, **k: L.StepLR(o, 30, 0.1, **k),
    "MultiStepLR([30,80,200],.1)": lambda o, **k: L.MultiStepLR(o, [30, 80, 200], 0.1, **k),
    "ExponentialLR(.99)": lambda o, **k: L.ExponentialLR(o, 0.99, **k),
    "CosineAnnealingLR(100)": lambda o, **k: L.CosineAnnealingLR(o, 100, **k),
    "CosineAnnealingWarmRestarts(10,2)": lambda o, **k: L.CosineAnnealingWarmRestarts(o, 10, 2, **k),
    "LinearLR(.1,1,50)": lambda o, **k: L.LinearLR(o, 0.1, 1.0, 50, **k),
    "ConstantLR(.5,40)": lambda o, **k: L.ConstantLR(o, 0.5, 40, **k),
    "PolynomialLR(200,2)": lambda o, **k: L.PolynomialLR(o, 200, 2.0, **k),
    "LambdaLR(.95**e)": lambda o, **k: L.LambdaLR(o, LAMBDAS["0.95**e"], **k),
    "MultiplicativeLR(.95)": lambda o, **k: L.MultiplicativeLR(o, LAMBDAS["0.95"], **k),
    "OneCycleLR(.1,400)": lambda o, **k: L.OneCycleLR(o, 0.1, 400, **k),
    "CyclicLR(.001,.1,20)": lambda o, **k: L.CyclicLR(o, 0.001, 0.1, 20, **k),
    # of "step_epoch"
    "StepLR(30)": lambda o, **k: L.StepLR(o, 30, **k),
    "WarmRestarts(10,2) fractional": lambda o, **k: L.CosineAnnealingWarmRestarts(o, 10, 2, **k),
    "ExponentialLR(.9)": lambda o, **k: L.ExponentialLR(o, 0.9, **k),
}


def series(at):
    """One recorded column."""
    return [x for v in GOLDEN["series"][at] for x in ([v[0]] * v[1] if isinstance(v, list) else [v])]


def optimizer_of(case):
    """Parameter groups such as the recorded optimizer had."""
    more = dict(case.get("optimizer", {}))
    if more.pop("kind", None) == "Adam":
        more["betas"] = (0.9, 0.999)
    else:
        more.setdefault("momentum", 0)
    return ParamGroups(case["initial_lrs"], **more)


def scheduler_of(case, optimizer, **more):
    """Our scheduler with the recorded arguments."""
    args = dict(case["args"])
    if "composition" in args:
        scheduler = COMPOSITIONS[args["composition"]](optimizer)
        for name, value in more.items():
            setattr(scheduler, name, value)
        return scheduler
    args.pop("metric", None)
    if "lr_lambda" in args:
        fn = args["lr_lambda"]
        args["lr_lambda"] = [LAMBDAS[f] for f in fn] if isinstance(fn, list) else LAMBDAS[fn]
    return getattr(lrs, case["scheduler"])(optimizer, **args, **more)


def run(case, scheduler, steps=None):
    """Step as the recording did; yields after each step."""
    metrics = series(case["metrics"]) if "metrics" in case else None
    for k in range(case["steps"] if steps is None else steps):
        scheduler.step(metrics[k]) if metrics else scheduler.step()
        yield k + 1


def case_id(case):
    return f"{case['scheduler']}-{case['args'].get('composition', case['args'])}"[:90]


def close(a, b):
    """Within 1e-12 relative or 1e-13 absolute."""
    return len(a) == len(b) and all(
        x == y or abs(x - y) <= max(1e-13, 1e-12 * abs(y)) for x, y in zip(a, b, strict=True)
    )
