"""CPU time of the schedulers: one step(), against PyTorch's where torch is importable, and whole schedules as arrays.

    python benchmarks/bench_schedulers.py [--steps 20000] [--array 1000000]

A step has no writer. Each figure is the least of several rounds of CPU time (`time.process_time`); ours and PyTorch's
rounds alternate, so that both meet the same machine. The array figures compare `schedule(arange(n))` with the time that
stepping n times would take, with our step() and with PyTorch's.
"""

import argparse
import time
import warnings

import numpy as np

from tbevents import lr_scheduler as ours


def smooth(_epoch):
    return 0.95


def cases(module):
    """A scheduler of each class, of our module or PyTorch's."""
    total = 10**9
    return {
        "StepLR": lambda o: module.StepLR(o, 50),
        "MultiStepLR": lambda o: module.MultiStepLR(o, [50, 125, 160]),
        "ConstantLR": lambda o: module.ConstantLR(o, 0.5, 40),
        "LinearLR": lambda o: module.LinearLR(o, 0.1, 1.0, total),
        "ExponentialLR": lambda o: module.ExponentialLR(o, 0.9999),
        "PolynomialLR": lambda o: module.PolynomialLR(o, total, 2.0),
        "CosineAnnealingLR": lambda o: module.CosineAnnealingLR(o, 5000),
        "CosineAnnealingWarmRestarts": lambda o: module.CosineAnnealingWarmRestarts(o, 50, 2),
        "CyclicLR": lambda o: module.CyclicLR(o, 0.001, 0.1, 2000),
        "OneCycleLR": lambda o: module.OneCycleLR(o, 0.1, total_steps=total),
        "LambdaLR": lambda o: module.LambdaLR(o, smooth),
        "MultiplicativeLR": lambda o: module.MultiplicativeLR(o, smooth),
        "ReduceLROnPlateau": module.ReduceLROnPlateau,
        "SequentialLR": lambda o: module.SequentialLR(
            o, [module.LinearLR(o, 0.1, total_iters=5), module.CosineAnnealingLR(o, 5000)], [5]
        ),
        "ChainedScheduler": lambda o: module.ChainedScheduler(
            [module.ConstantLR(o, 0.1, 20), module.ExponentialLR(o, 0.9999)]
        ),
    }


def time_steps(scheduler, steps, metric):
    step = scheduler.step
    if metric:
        start = time.process_time()
        for _ in range(steps):
            step(1.0)
        return (time.process_time() - start) / steps
    start = time.process_time()
    for _ in range(steps):
        step()
    return (time.process_time() - start) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000, help="steps in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--array", type=int, default=1_000_000, help="steps evaluated in one call")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        import torch
    except ImportError:
        torch = None
        print("torch is not importable: no comparison of step()")

    our_cases = cases(ours)
    torch_cases = cases(torch.optim.lr_scheduler) if torch else {}
    print(f"{'':28}{'ours':>9}{'torch':>10}{'ratio':>8}{'array of':>14}{'times faster than':>20}")
    print(f"{'':28}{'us/step':>9}{'us/step':>10}{'':8}{options.array:>14,}{'stepping':>12}{'torch':>8}")
    for name, make in our_cases.items():
        metric = name == "ReduceLROnPlateau"
        mine, theirs = [], []
        for _ in range(options.rounds):
            mine.append(time_steps(make(ours.ParamGroups(0.1, momentum=0.9)), options.steps, metric))
            if torch:
                optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
                theirs.append(time_steps(torch_cases[name](optimizer), options.steps, metric))
        step = min(mine)
        line = f"{name:28}{step * 1e6:9.2f}"
        line += f"{min(theirs) * 1e6:10.2f}{step / min(theirs):8.2f}" if theirs else f"{'-':>10}{'-':>8}"
        if name not in ("LambdaLR", "MultiplicativeLR", "ReduceLROnPlateau", "ChainedScheduler"):
            scheduler = make(ours.ParamGroups(0.1, momentum=0.9))
            steps = np.arange(options.array)
            rounds = []
            for _ in range(options.rounds):
                start = time.process_time()
                scheduler.schedule(steps)
                rounds.append(time.process_time() - start)
            line += f"{min(rounds) * 1e3:11.1f} ms{step * options.array / min(rounds):11.0f}x"
            line += f"{min(theirs) * options.array / min(rounds):7.0f}x" if theirs else ""
        print(line)


if __name__ == "__main__":
    main()
