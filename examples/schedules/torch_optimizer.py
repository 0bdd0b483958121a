"""torch's optimizer with a scheduler of tbevents, and with torch's own scheduler, logged by emit_lr.

    python examples/schedules/torch_optimizer.py [FOLDER]

Trains the same model twice with ``torch.optim.SGD``, into two runs below FOLDER (``runs`` by default): once with
CosineAnnealingLR of `tbevents.lr_scheduler`, once with torch's. Reads both runs back, checks that the rates are as
expected and the losses equal, and draws them into a PNG beside the runs. Needs ``tbevents[plot]`` and ``torch``.
"""

import sys

import numpy as np
from common import (
    EPOCHS,
    LR,
    MOMENTUM,
    Figure,
    Regression,
    check,
    draw_loss,
    draw_rates,
    finish,
    heading,
    new_run,
    styled,
)

import tbevents
from tbevents import SummaryWriter, lr_scheduler
from tbevents.lr_scheduler import emit_lr

try:
    import torch
except ImportError:
    sys.exit("This example needs torch: pip install torch")


def train(folder, ours):
    torch.manual_seed(1)
    problem = Regression()
    x = torch.tensor(problem.x, dtype=torch.float32)
    y = torch.tensor(problem.y, dtype=torch.float32)
    model = torch.nn.Linear(6, 1)
    problem.weights, problem.bias = model.weight[0].detach().numpy(), model.bias.detach().numpy()  # these share memory
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    with SummaryWriter(folder) as writer:
        if ours:
            scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=50, writer=writer)
        else:
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50)
            emit_lr(scheduler, writer)
        for epoch in range(EPOCHS):
            for batch in problem.batches():
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(x[batch])[:, 0], y[batch]).backward()
                optimizer.step()
            writer.add_scalar("excess_loss", problem.excess_loss(), epoch)
            scheduler.step()
            if not ours:
                emit_lr(scheduler, writer)


def expected():
    """Returns the expected rates of epochs 0 to 200; the period is twice T_max, 100 epochs."""
    turn = 2 * np.pi * np.arange(EPOCHS + 1) / 100
    return 0.05 + 0.05 * np.cos(turn)


def main():
    folder = new_run("torch_optimizer")
    train(folder / "ours", ours=True)
    train(folder / "torchs", ours=False)
    logdir = tbevents.read_logdir(folder)
    ours, torchs = logdir["ours"].scalars, logdir["torchs"].scalars
    check(ours["lr"], expected(), "tbevents")
    check(torchs["lr"], expected(), "torch")
    losses = ours["excess_loss"].values, torchs["excess_loss"].values
    np.testing.assert_allclose(*losses, rtol=1e-3, atol=1e-7)
    print(f"The losses of the two runs differ by {np.max(np.abs(losses[0] - losses[1])):.2g} at most")
    with styled():
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=(3, 2))
        heading(above, "CosineAnnealingLR", "T_max=50, on torch.optim.SGD")
        draw_rates(above, logdir["ours"], label="the scheduler of tbevents")
        draw_rates(above, logdir["torchs"], label="torch's own, logged by emit_lr", linestyle=(0, (3, 3)))
        above.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
        above.set_xlabel("")
        draw_loss(below, ours["excess_loss"])
        finish(figure, folder)


if __name__ == "__main__":
    main()
