"""PyTorch Ignite's TensorboardLogger. Run with ``python -m tbevents.dropin ignite_logger.py [LOGDIR]``."""

import os
import sys

from ignite.engine import Engine, Events
from ignite.handlers import TensorboardLogger

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
trainer = Engine(lambda engine, batch: {"loss": 1 / batch})
with TensorboardLogger(log_dir=os.path.join(logdir, "ignite")) as logger:
    logger.attach_output_handler(trainer, Events.ITERATION_COMPLETED, "train", output_transform=lambda output: output)
    trainer.run([1, 2, 3, 4])
