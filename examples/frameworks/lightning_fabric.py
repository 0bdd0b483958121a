"""Lightning Fabric's TensorBoardLogger. Run with ``python -m tbevents.dropin lightning_fabric.py [LOGDIR]``."""

import sys

from lightning.fabric import Fabric
from lightning.fabric.loggers import TensorBoardLogger

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
fabric = Fabric(accelerator="cpu", loggers=TensorBoardLogger(logdir, name="fabric", version=""))
fabric.launch()
for step in range(4):
    fabric.log_dict({"loss": 1 / (step + 1), "rate": 0.1}, step)
fabric.logger.finalize("success")
