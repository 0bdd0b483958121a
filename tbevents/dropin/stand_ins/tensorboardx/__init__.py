"""`tensorboardX`, as tbevents has it."""

from typing import Any

from tbevents.dropin import distribution

from . import event_file_writer, summary, writer
from .writer import FileWriter, SummaryWriter

__version__ = distribution.VERSION
__all__ = ["FileWriter", "SummaryWriter", "__version__", "event_file_writer", "summary", "writer"]


def __getattr__(name: str) -> Any:
    if name != "GlobalSummaryWriter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .global_writer import GlobalSummaryWriter

    return GlobalSummaryWriter
