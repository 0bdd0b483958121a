"""The long description on PyPI: the README, with links and pictures that lead to the repository."""

from __future__ import annotations

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

# The target of a Markdown link or picture that is neither an address nor a place on the same page.
RELATIVE_TARGET = re.compile(r"(?P<before>(?P<picture>!?)\[[^]]*\]\()(?!\w+:|#)(?P<path>[^)\s]+)(?=\))")


def with_absolute_links(markdown: str, repository: str, tag: str) -> str:
    """Returns the text with the address of the repository: in links, which lead to the tag, and in `git clone`."""

    def absolute(link: re.Match[str]) -> str:
        view = "raw" if link["picture"] else "blob"
        return f"{link['before']}{repository}/{view}/{tag}/{link['path']}"

    return RELATIVE_TARGET.sub(absolute, markdown).replace("git clone ADDRESS ", f"git clone {repository} ")


class ReadmeHook(MetadataHookInterface):
    """Puts the README into the metadata. The repository's address is read from ``[project.urls]``."""

    def update(self, metadata: dict) -> None:
        """Sets ``readme``. The links lead to the tag of the version."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        version = re.search(r'__version__ = "(.+)"', (Path(self.root) / "tbevents/_version.py").read_text("utf-8"))
        text = with_absolute_links(text, metadata["urls"]["Repository"], f"v{version[1]}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
