"""accelerate's tracker. Run with ``python -m tbevents.dropin accelerate_tracker.py [LOGDIR]``."""

import sys

from accelerate import Accelerator

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"
accelerator = Accelerator(cpu=True, log_with="tensorboard", project_dir=logdir)
accelerator.init_trackers("accelerate", config={"lr": 0.1, "name": "demo"})
for step in range(4):
    accelerator.log({"loss": 1 / (step + 1)}, step)
accelerator.end_training()
