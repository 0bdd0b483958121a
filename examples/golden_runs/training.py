"""A training whose curves are under test: fits a line by gradient descent, and logs the loss and the rate.

python training.py [FOLDER]
"""

import sys

import numpy as np

from tbevents import SummaryWriter
from tbevents.lr_scheduler import ExponentialLR, ParamGroups


def train(writer, epochs=30, lr=0.5, seed=0):
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, 200)
    y = 3 * x + random.normal(0, 0.1, 200)
    slope = 0.0
    optimizer = ParamGroups(lr=lr)
    scheduler = ExponentialLR(optimizer, gamma=0.95, writer=writer)
    for epoch in range(epochs):
        errors = slope * x - y
        writer.add_scalar("loss", np.mean(errors**2), epoch)
        slope -= optimizer.param_groups[0]["lr"] * 2 * np.mean(errors * x)
        scheduler.step()
    return slope


if __name__ == "__main__":
    with SummaryWriter(sys.argv[1] if len(sys.argv) > 1 else None) as writer:
        print(f"slope: {train(writer):.3f}")
