"""Plain PyTorch: our writer in the loop. Run with ``python torch_loop.py [LOGDIR]``."""

import os
import sys

import torch

from tbevents import SummaryWriter

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.ones(8, 4)
with SummaryWriter(os.path.join(logdir, "torch")) as writer:
    writer.add_graph(model, inputs)
    for step in range(4):
        loss = model(inputs).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("loss", loss, step)
        writer.add_histogram("weight", model.weight, step)
