"""`tensorboardX.global_writer`, as tbevents has it."""

from importlib import import_module

GlobalSummaryWriter = import_module("tbevents.writing.global_summary_writer").GlobalSummaryWriter

__all__ = ["GlobalSummaryWriter"]
