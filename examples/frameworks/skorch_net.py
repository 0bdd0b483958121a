"""skorch's TensorBoard callback with a writer of tbevents. Run with ``python skorch_net.py [LOGDIR]``."""

import os
import sys

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import TensorBoard

from tbevents import SummaryWriter

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
x = np.ones((20, 4), np.float32)
writer = SummaryWriter(os.path.join(logdir, "skorch"))
NeuralNetRegressor(torch.nn.Linear(4, 1), max_epochs=3, callbacks=[TensorBoard(writer)]).fit(x, x[:, :1])
