"""ReduceLROnPlateau: the rate falls to a tenth when a metric has stopped improving.

    python examples/schedules/reduce_lr_on_plateau.py [FOLDER]

Fits a plane with SGD and momentum, logs rate and loss to a run below FOLDER (``runs`` by default), reads the run back,
checks the rates and draws them into a PNG beside the run. Needs ``tbevents[plot]``.

The metric is artificial: 0.5, then 0.4 from epoch 5 on, so that the epochs of the reductions can be calculated. In a
real training, pass the validation loss to ``step()``.
"""

import numpy as np
from common import EPOCHS, LR, MOMENTUM, SGD, Regression, check, new_run, print_table, save_plot

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import ReduceLROnPlateau

NAME, ARGUMENTS = "ReduceLROnPlateau", "patience=10, cooldown=10, min_lr=1e-4"
NOTES = {17: "0.01", 38: "0.001", 59: "0.0001 = min_lr"}


def train(folder):
    problem = Regression()
    optimizer = SGD([{"params": [problem.weights, problem.bias]}], lr=LR, momentum=MOMENTUM)
    with SummaryWriter(folder) as writer:
        scheduler = ReduceLROnPlateau(
            optimizer, factor=0.1, patience=10, cooldown=10, min_lr=1e-4, verbose=True, writer=writer
        )
        for epoch in range(EPOCHS):
            for batch in problem.batches():
                optimizer.step(problem.gradients(batch))
            writer.add_scalar("excess_loss", problem.excess_loss(), epoch)
            scheduler.step(0.5 if epoch < 5 else 0.4)  # also logs the metric as lr/metric


def expected():
    """Returns the expected rates of epochs 0 to 200.

    The metric improves for the last time in epoch 5. The scheduler tolerates 10 epochs without improvement, but not the
    11th, epoch 16, so epoch 17 has the reduced rate. Each further reduction takes 21 epochs, 10 of cooldown and 11
    without improvement, until the rate is min_lr.
    """
    return [0.1] * 17 + [0.01] * 21 + [0.001] * 21 + [0.0001] * (201 - 17 - 21 - 21)


def main():
    folder = new_run("reduce_lr_on_plateau")
    train(folder)
    run = read_run(folder)
    check(run.scalars["lr"], expected())
    metric = run.scalars["lr/metric"]  # logged with the rate that follows: that of epoch 0 at step 1
    np.testing.assert_array_equal(metric.steps, np.arange(1, EPOCHS + 1))
    np.testing.assert_array_equal(metric.values, np.float32([0.5] * 5 + [0.4] * 195))
    print_table(run, epochs=[0, 5, 16, 17, 37, 38, 58, 59, 199])
    save_plot(run, folder, NAME, ARGUMENTS, NOTES)


if __name__ == "__main__":
    main()
