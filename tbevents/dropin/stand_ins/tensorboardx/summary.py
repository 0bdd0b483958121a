"""`tensorboardX.summary`, as tbevents has it, with tensorboardX's order and defaults of arguments."""

from typing import Any

from tbevents import summary
from tbevents.proto import Summary
from tbevents.summary import *  # noqa: F403
from tbevents.summary import __all__ as __all__  # type: ignore[attr-defined] # computed


def scalar(  # type: ignore[no-redef]  # replaces the imported one
    name: str, scalar: Any, display_name: str = "", summary_description: str = ""
) -> Summary:
    """Returns a summary of a number, as `tbevents.summary.scalar` does."""
    return summary.scalar(name, scalar, display_name=display_name, summary_description=summary_description)


def image(  # type: ignore[no-redef]  # replaces the imported one
    tag: str, tensor: Any, rescale: float = 1, dataformats: str = "CHW"
) -> Summary:
    """Returns a summary of an image, as `tbevents.summary.image` does."""
    return summary.image(tag, tensor, rescale, dataformats)
