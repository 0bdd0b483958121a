"""The metadata that `importlib.metadata` returns for the replaced packages."""

from __future__ import annotations

import os
from importlib.metadata import Distribution
from pathlib import Path

VERSION = "2.99+tbevents"
"""Higher than any framework requires; the local part names tbevents."""


class StandInDistribution(Distribution):
    """The metadata of a package without files.

    Args:
        package: the name of the package.
        modules: the names of its top-level modules.
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
        """Returns the path unchanged, since there are no files."""
        return Path(path)
