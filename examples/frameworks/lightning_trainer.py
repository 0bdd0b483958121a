"""PyTorch Lightning's TensorBoardLogger. Run with ``python -m tbevents.dropin lightning_trainer.py [LOGDIR]``."""

import sys

from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"


class Model(BoringModel):
    def __init__(self, width=32):
        super().__init__()
        self.save_hyperparameters()

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)["loss"]
        self.log("loss", loss)
        return loss


logger = TensorBoardLogger(logdir, name="lightning", version="")
Trainer(max_steps=4, log_every_n_steps=1, accelerator="cpu", logger=logger, enable_checkpointing=False).fit(Model())
