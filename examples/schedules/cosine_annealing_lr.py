"""CosineAnnealingLR: the rate falls to 0 in 50 epochs, and rises again in the next 50.

    python examples/schedules/cosine_annealing_lr.py [FOLDER]

Fits a plane with SGD and momentum, logs rate and loss to a run below FOLDER (``runs`` by default), reads the run back,
checks the rates and draws them into a PNG beside the run. Needs ``tbevents[plot]``.
"""

import numpy as np
from common import EPOCHS, LR, MOMENTUM, SGD, Regression, check, new_run, print_table, save_plot

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import CosineAnnealingLR

NAME, ARGUMENTS = "CosineAnnealingLR", "T_max=50, eta_min=0"
NOTES = None


def train(folder):
    problem = Regression()
    optimizer = SGD([{"params": [problem.weights, problem.bias]}], lr=LR, momentum=MOMENTUM)
    with SummaryWriter(folder) as writer:
        scheduler = CosineAnnealingLR(optimizer, T_max=50, eta_min=0, writer=writer)
        for epoch in range(EPOCHS):
            for batch in problem.batches():
                optimizer.step(problem.gradients(batch))
            writer.add_scalar("excess_loss", problem.excess_loss(), epoch)
            scheduler.step()


def expected():
    """Returns the expected rates of epochs 0 to 200; the period is twice T_max, 100 epochs."""
    turn = 2 * np.pi * np.arange(EPOCHS + 1) / 100
    return 0.05 + 0.05 * np.cos(turn)


def main():
    folder = new_run("cosine_annealing_lr")
    train(folder)
    run = read_run(folder)
    check(run.scalars["lr"], expected())
    print_table(run, epochs=[0, 25, 50, 75, 100, 125, 150, 175, 199])
    save_plot(run, folder, NAME, ARGUMENTS, NOTES)


if __name__ == "__main__":
    main()
