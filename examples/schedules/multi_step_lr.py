"""MultiStepLR: at given epochs, the rate falls to a tenth.

    python examples/schedules/multi_step_lr.py [FOLDER]

Fits a plane with SGD and momentum, logs rate and loss to a run below FOLDER (``runs`` by default), reads the run back,
checks the rates and draws them into a PNG beside the run. Needs ``tbevents[plot]``.
"""

from common import EPOCHS, LR, MOMENTUM, SGD, Regression, check, new_run, print_table, save_plot

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import MultiStepLR

NAME, ARGUMENTS = "MultiStepLR", "milestones=[50, 125, 160], gamma=0.1"
NOTES = {50: "0.01", 125: "0.001", 160: "0.0001"}


def train(folder):
    problem = Regression()
    optimizer = SGD([{"params": [problem.weights, problem.bias]}], lr=LR, momentum=MOMENTUM)
    with SummaryWriter(folder) as writer:
        scheduler = MultiStepLR(optimizer, milestones=[50, 125, 160], gamma=0.1, writer=writer)
        for epoch in range(EPOCHS):
            for batch in problem.batches():
                optimizer.step(problem.gradients(batch))
            writer.add_scalar("excess_loss", problem.excess_loss(), epoch)
            scheduler.step()


def expected():
    """Returns the expected rates of epochs 0 to 200."""
    return [0.1] * 50 + [0.01] * 75 + [0.001] * 35 + [0.0001] * 41


def main():
    folder = new_run("multi_step_lr")
    train(folder)
    run = read_run(folder)
    check(run.scalars["lr"], expected())
    print_table(run, epochs=[0, 49, 50, 124, 125, 159, 160, 199])
    save_plot(run, folder, NAME, ARGUMENTS, NOTES)


if __name__ == "__main__":
    main()
