"""`tensorboardX.global_writer`, as tbevents has it."""

from tbevents.writing.global_summary_writer import GlobalSummaryWriter

__all__ = ["GlobalSummaryWriter"]
