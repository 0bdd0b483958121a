"""`tensorboardX.event_file_writer`, as tbevents has it."""

from tbevents.writing.event_file_writer import EventFileWriter

__all__ = ["EventFileWriter"]
