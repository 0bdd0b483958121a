"""The learning-rate range test: which rate to start with?

    python examples/schedules/range_test.py [FOLDER]

Raises the rate step by step until the loss diverges, prints the rate at which it fell most steeply, and trains with
that rate. Logs the test and the training to a run below FOLDER (``runs`` by default), reads the run back, and draws the
test into a PNG beside the run. Needs ``tbevents[plot]``.

The test is described in Smith, "Cyclical Learning Rates for Training Neural Networks" (arXiv 1506.01186), section 3.3.
"""

import numpy as np
from common import LR, MOMENTUM, SGD, Figure, Regression, check, finish, heading, new_run, styled

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import LRRangeResult, LRRangeTest

LOWEST, HIGHEST, STEPS = 1e-4, 10.0, 200
TRAINED = 20  # epochs with the suggested rate

NAME, ARGUMENTS = "Learning-rate range test", f"SGD with momentum, {STEPS} steps"


def train(folder):
    """Run the test, then train with the suggested rate; returns the result of the test."""
    problem = Regression()
    optimizer = SGD([{"params": [problem.weights, problem.bias]}], lr=LR, momentum=MOMENTUM)

    def train_step():
        batch = problem.random.choice(len(problem.x), 32, replace=False)
        optimizer.step(problem.gradients(batch))
        return problem.loss()  # for a large problem, return the loss of the batch

    def restore():
        for array in [problem.weights, problem.bias, *optimizer.velocities]:
            array[:] = 0

    with SummaryWriter(folder) as writer:
        test = LRRangeTest(optimizer, train_step, LOWEST, HIGHEST, STEPS, writer=writer, restore=restore)
        result = test.run()
        print(f"{len(result.lrs)} of {STEPS} steps, from {LOWEST:g} to {result.lrs[-1]:.3g}: the loss {result.stopped}")
        print(f"Suggestion, where it fell most steeply: {result.suggestion():.3g}")
        print(f"A tenth of the rate of the lowest loss: {result.minimum_over_10():.3g}")
        assert optimizer.param_groups[0]["lr"] == LR, "the test restores the rate"
        assert not problem.weights.any(), "restore() resets the weights"

        optimizer.param_groups[0]["lr"] = result.suggestion()
        for epoch in range(TRAINED):
            for batch in problem.batches():
                optimizer.step(problem.gradients(batch))
            writer.add_scalar("loss", problem.loss(), epoch)
    return result


def expected():
    """Returns the rates of all steps of the test, which may stop early."""
    factor = (HIGHEST / LOWEST) ** (1 / (STEPS - 1))
    return [LOWEST * factor**step for step in range(STEPS)]


def main():
    folder = new_run("range_test")
    seen = train(folder)
    scalars = read_run(folder).scalars
    lrs, losses, smoothed = (scalars[f"lr_range_test/{name}"] for name in ("lr", "loss", "smoothed_loss"))
    check(lrs, expected()[: len(lrs)])
    result = LRRangeResult(lrs.values, losses.values, smoothed.values, seen.stopped, seen.mode)
    np.testing.assert_allclose(result.suggestion(), seen.suggestion(), rtol=1e-6)
    loss = scalars["loss"]
    print(f"{TRAINED} epochs with {result.suggestion():.3g}: loss {loss.first.value:.4g} -> {loss.last.value:.4g}")
    with styled():
        figure = Figure(figsize=(6.4, 3.8), layout="constrained")
        ax = figure.subplots()
        heading(ax, NAME, ARGUMENTS)
        result.plot(ax)
        finish(figure, folder)


if __name__ == "__main__":
    main()
