"""MMEngine's TensorboardVisBackend. Run with ``python -m tbevents.dropin mmengine_runner.py [LOGDIR]``."""

import os
import sys

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, inputs, mode):
        return {"loss": self.layer(inputs).pow(2).mean()}


Runner(
    Model(),
    work_dir=os.path.join(logdir, "mmengine"),
    experiment_name="demo",
    train_dataloader={
        "dataset": [{"inputs": torch.ones(4)}] * 4,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": {"type": "default_collate"},
    },
    train_cfg={"by_epoch": True, "max_epochs": 1},
    optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
    default_hooks={"logger": {"type": "LoggerHook", "interval": 1}, "checkpoint": None},
    visualizer={"type": "Visualizer", "vis_backends": [{"type": "TensorboardVisBackend"}]},
).train()
