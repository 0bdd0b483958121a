"""torch.compile: a compiled step that logs. Run with ``python torch_compile.py [LOGDIR]``."""

import os
import sys

import torch

from tbevents import SummaryWriter

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.ones(8, 4)
with SummaryWriter(os.path.join(logdir, "compiled")) as writer:

    @torch.compile(backend="eager")  # compiles at once; without `backend=` the step is fast, and needs a C++ compiler
    def train_step(step):
        loss = model(inputs).pow(2).mean()
        writer.add_scalar("loss", loss, step)
        return loss

    for step in range(4):
        optimizer.zero_grad()
        train_step(step).backward()
        optimizer.step()
