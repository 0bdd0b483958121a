"""`torch.utils.tensorboard`, as tbevents has it."""

from importlib import import_module

from .writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "SummaryWriter"]

import_module(f"{__name__}.summary")  # `from . import summary` would import torch too, which may be missing
