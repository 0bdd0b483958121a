"""Adam in numpy with two schedules in sequence: a warm-up, then a cosine.

    python examples/schedules/adam_warmup_cosine.py [FOLDER]

Trains a small network with Adam, logs rate and loss to a run below FOLDER (``runs`` by default), reads the run back,
checks the rates and draws them into a PNG beside the run. Needs ``tbevents[plot]``.

Adam divides by a running mean of squared gradients. After few gradients this mean is unreliable, so the rate starts
small. The update is algorithm 1 of Kingma & Ba, "Adam" (arXiv 1412.6980).
"""

import numpy as np
from common import EPOCHS, ITERATIONS, check, new_run, print_table, save_plot

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

LR = 0.01
WARMUP = 10

NAME, ARGUMENTS = "LinearLR, then CosineAnnealingLR", f"{WARMUP} epochs up from 0.001 to 0.01, 190 epochs down to 0"


class Adam:
    """Adam with bias correction, and one parameter group, whose rate the scheduler sets."""

    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.param_groups = [{"params": parameters, "lr": lr, "betas": betas, "eps": eps}]
        self.means = [np.zeros_like(array) for array in parameters]  # of the gradients
        self.squares = [np.zeros_like(array) for array in parameters]  # of the squared gradients
        self.count = 0

    def step(self, gradients):
        """Update the parameters with their gradients, given in the same order."""
        (group,) = self.param_groups
        beta1, beta2 = group["betas"]
        self.count += 1
        for array, gradient, mean, square in zip(group["params"], gradients, self.means, self.squares, strict=True):
            mean += (1 - beta1) * (gradient - mean)
            square += (1 - beta2) * (gradient**2 - square)
            corrected_mean = mean / (1 - beta1**self.count)
            corrected_square = square / (1 - beta2**self.count)
            array -= group["lr"] * corrected_mean / (np.sqrt(corrected_square) + group["eps"])


class Network:
    """One hidden layer of 32 tanh units that learns a wave from 320 points, in batches of 32."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.x = self.random.uniform(-1, 1, (32 * ITERATIONS, 1))
        self.y = np.sin(6 * self.x)
        self.parameters = [
            2 * self.random.normal(size=(1, 32)),
            self.random.normal(size=32),
            self.random.normal(size=(32, 1)) / np.sqrt(32),
            np.zeros(1),
        ]

    def batches(self):
        """Yields the indices of the points of each batch of an epoch, in random order."""
        return np.split(self.random.permutation(len(self.x)), ITERATIONS)

    def loss(self):
        """Returns the mean squared error of all points."""
        return np.mean((self._forward(self.x)[1] - self.y) ** 2)

    def gradients(self, batch):
        """Returns the gradients of the mean squared error of a batch, one for each parameter."""
        x = self.x[batch]
        hidden, output = self._forward(x)
        by_output = 2 * (output - self.y[batch]) / len(batch)
        by_sum = by_output @ self.parameters[2].T * (1 - hidden**2)
        return [x.T @ by_sum, by_sum.sum(axis=0), hidden.T @ by_output, by_output.sum(axis=0)]

    def _forward(self, x):
        weights_in, bias_in, weights_out, bias_out = self.parameters
        hidden = np.tanh(x @ weights_in + bias_in)
        return hidden, hidden @ weights_out + bias_out


def train(folder):
    network = Network()
    optimizer = Adam(network.parameters, lr=LR)
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=WARMUP)
    cosine = CosineAnnealingLR(optimizer, T_max=EPOCHS - WARMUP)
    with SummaryWriter(folder) as writer:
        scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[WARMUP], writer=writer)
        for epoch in range(EPOCHS):
            for batch in network.batches():
                optimizer.step(network.gradients(batch))
            writer.add_scalar("loss", network.loss(), epoch)
            scheduler.step()


def expected():
    """Returns the expected rates of epochs 0 to 200; the last one is 0."""
    upwards = np.linspace(0.001, 0.01, WARMUP, endpoint=False)
    half_turn = np.linspace(0, np.pi, EPOCHS - WARMUP + 1)
    return np.concatenate([upwards, 0.005 + 0.005 * np.cos(half_turn)])


def main():
    folder = new_run("adam_warmup_cosine")
    train(folder)
    run = read_run(folder)
    check(run.scalars["lr"], expected())
    print_table(run, [0, 5, 10, 50, 100, 150, 199], loss="loss")
    save_plot(run, folder, NAME, ARGUMENTS, loss="loss")


if __name__ == "__main__":
    main()
