"""ExponentialLR: every epoch lowers the rate by 5 percent.

    python examples/schedules/exponential_lr.py [FOLDER]

Fits a plane with SGD and momentum, logs rate and loss to a run below FOLDER (``runs`` by default), reads the run back,
checks the rates and draws them into a PNG beside the run. Needs ``tbevents[plot]``.
"""

from common import EPOCHS, LR, MOMENTUM, SGD, Regression, check, new_run, print_table, save_plot

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import ExponentialLR

NAME, ARGUMENTS = "ExponentialLR", "gamma=0.95"
NOTES = None


def train(folder):
    problem = Regression()
    optimizer = SGD([{"params": [problem.weights, problem.bias]}], lr=LR, momentum=MOMENTUM)
    with SummaryWriter(folder) as writer:
        scheduler = ExponentialLR(optimizer, gamma=0.95, writer=writer)
        for epoch in range(EPOCHS):
            for batch in problem.batches():
                optimizer.step(problem.gradients(batch))
            writer.add_scalar("excess_loss", problem.excess_loss(), epoch)
            scheduler.step()


def expected():
    """Returns the expected rates of epochs 0 to 200; each is 0.95 times the one before."""
    rates = [0.1]
    for _ in range(EPOCHS):
        rates.append(rates[-1] * 0.95)
    return rates


def main():
    folder = new_run("exponential_lr")
    train(folder)
    run = read_run(folder)
    check(run.scalars["lr"], expected())
    print_table(run, epochs=[0, 1, 2, 14, 50, 100, 150, 199])  # half of the rate is gone by epoch 14
    save_plot(run, folder, NAME, ARGUMENTS, NOTES)


if __name__ == "__main__":
    main()
