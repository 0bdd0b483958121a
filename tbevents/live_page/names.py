"""What a board calls its runs and itself."""

from __future__ import annotations

from collections.abc import Mapping

from tbevents.files import StrPath, folder_name, path_string


def checked_logdirs(logdirs: Mapping[str, StrPath]) -> dict[str, str]:
    """Returns logdirs by label, with their paths as text; no two runs of them have the same name on the page.

    Args:
        logdirs: label -> folder, event file or URL.

    Raises:
        TypeError: if a label is no str, or a path has the wrong type.
        ValueError: if a label has a slash, or is empty beside others.
    """
    for label in logdirs:
        if not isinstance(label, str):
            raise TypeError(f"the label of a logdir must be a str, not {type(label).__name__}: {label!r}")
        if "/" in label:  # run "b" of "a", and label "a/b"
            raise ValueError(f"the label of a logdir must not have a slash: {label!r}")
        if not label and len(logdirs) > 1:
            raise ValueError(f"one of {len(logdirs)} logdirs has an empty label: {logdirs[label]!r}")
    return {label: path_string(path, "logdir") for label, path in logdirs.items()}


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
