"""What a board calls its runs and itself."""

from __future__ import annotations

from collections.abc import Mapping

from tbevents.files import folder_name


def run_name(label: str, name: str) -> str:
    """Returns the name that a run has on the page: its name, behind the label of its logdir if that has one."""
    if label and name == ".":
        return label
    return f"{label}/{name}" if label else name


def title_of(logdirs: Mapping[str, str]) -> str:
    """Returns the title of the page: the names of the logdirs.

    Args:
        logdirs: label -> path.
    """
    return ", ".join(label or folder_name(path) or path for label, path in logdirs.items())
