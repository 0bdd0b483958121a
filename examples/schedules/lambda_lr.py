"""LambdaLR: the rate follows a function of the epoch, one for each group.

    python examples/schedules/lambda_lr.py [FOLDER]

Fits a plane with SGD and momentum, with different rates for its weights and its bias. Logs rates and loss to a run
below FOLDER (``runs`` by default), reads the run back, checks the rates and draws them into a PNG beside the run. Needs
``tbevents[plot]``.
"""

from common import EPOCHS, LR, MOMENTUM, SGD, Regression, check, new_run, print_table, save_plot

from tbevents import SummaryWriter, read_run
from tbevents.lr_scheduler import LambdaLR

NAME, ARGUMENTS = "LambdaLR", "0.1 ** (epoch // 20)  and  0.95 ** epoch"
NOTES = None


def train(folder):
    problem = Regression()
    groups = [{"params": [problem.weights], "name": "weights"}, {"params": [problem.bias], "name": "bias"}]
    optimizer = SGD(groups, lr=LR, momentum=MOMENTUM)
    lambdas = [lambda epoch: 0.1 ** (epoch // 20), lambda epoch: 0.95**epoch]
    with SummaryWriter(folder) as writer:
        # The tags end in the names of the groups: lr/weights, lr/bias. Without names, they would be lr/0 and lr/1.
        scheduler = LambdaLR(optimizer, lr_lambda=lambdas, writer=writer)
        for epoch in range(EPOCHS):
            for batch in problem.batches():
                optimizer.step(problem.gradients(batch))
            writer.add_scalar("excess_loss", problem.excess_loss(), epoch)
            scheduler.step()


def expected():
    """Returns the expected rates of epochs 0 to 200, by tag."""
    weights = [float(f"1e-{1 + tens}") for tens in range(10) for _ in range(20)] + [1e-11]
    bias = [0.1]
    for _ in range(EPOCHS):
        bias.append(bias[-1] * 0.95)
    return {"lr/weights": weights, "lr/bias": bias}


def main():
    folder = new_run("lambda_lr")
    train(folder)
    run = read_run(folder)
    for tag, rates in expected().items():
        check(run.scalars[tag], rates)
    print_table(run, epochs=[0, 19, 20, 39, 40, 60, 100, 199])
    save_plot(run, folder, NAME, ARGUMENTS, NOTES)


if __name__ == "__main__":
    main()
