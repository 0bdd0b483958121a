"""`torch.utils.tensorboard.writer`, as tbevents has it."""

from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.event_file_writer import EventFileWriter as FileWriter
from tbevents.writing.summary_writer import SummaryWriter

__all__ = ["EventFileWriter", "FileWriter", "SummaryWriter"]
