"""What `importlib.metadata` says of the packages that ours stand for."""

from __future__ import annotations

import os
from importlib.metadata import Distribution
from pathlib import Path

__all__ = ["VERSION", "StandInDistribution"]

VERSION = "2.99+tbevents"
"""More than any framework asks for; the local part says whose it is."""


class StandInDistribution(Distribution):
    """The metadata of one package, without files.

    Args:
        package: its name.
        modules: the top-level modules that it has.
    """

    def __init__(self, package: str, modules: str) -> None:
        self._files = {
            "METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {VERSION}\nSummary: tbevents stands in\n",
            "top_level.txt": f"{modules}\n",
        }

    def read_text(self, filename: str) -> str | None:
        """Returns one of the metadata files, or None."""
        return self._files.get(filename)

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        """Returns the path itself: there are no files."""
        return Path(path)
