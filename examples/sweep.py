"""A sweep over hyperparameters: each trial logs its parameters and its result, and the best trial is printed.

    python examples/sweep.py [FOLDER]

Tries twelve combinations of learning rate and momentum, and logs them below FOLDER (``runs`` by default). TensorBoard
shows them on its HPARAMS page. This script reads the same table back, and prints its rows from best to worst.
"""

import sys
from datetime import datetime
from itertools import product
from pathlib import Path

import numpy as np

import tbevents


def train(folder, lr, momentum, epochs=60):
    """Walks down a narrow valley, and logs the loss and the hyperparameters, with the last loss as the metric."""
    position, velocity = np.array([3.0, 3.0]), np.zeros(2)
    steep = np.array([1.0, 20.0])
    with tbevents.SummaryWriter(folder) as writer:
        for epoch in range(epochs):
            loss = float(np.sum(steep * position**2) / 2)
            writer.add_scalar("loss", loss, epoch)
            velocity = momentum * velocity - lr * steep * position
            position = position + velocity
        writer.add_hparams({"lr": lr, "momentum": momentum}, {"hparam/loss": loss}, run_name=".")


def main():
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        sys.exit(__doc__)
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    folder = parent / f"sweep_{datetime.now():%b%d_%H-%M-%S-%f}"  # a new folder each time
    for lr, momentum in product((0.001, 0.01, 0.05, 0.09), (0.0, 0.5, 0.9)):
        train(folder / f"lr={lr},momentum={momentum}", lr, momentum)

    table = tbevents.read_logdir(folder).hparams()
    losses = table.metrics["hparam/loss"]
    rows = sorted(zip(losses, table.sessions, table.parameters["lr"], table.parameters["momentum"], strict=True))
    print(f"{'loss':>10}  {'lr':>5}  momentum")
    for loss, _, lr, momentum in rows:
        print(f"{loss:>10.3g}  {lr:>5g}  {momentum:g}")
    print(f"\nThe best trial: {rows[0][1]}")


if __name__ == "__main__":
    main()
