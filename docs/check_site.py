"""Checks the built documentation: ``python docs/check_site.py SITE``.

Every public name has an entry, every link within the site leads to a page and an anchor that exist, every picture
exists and has a text in its place, and no page loads anything from another host. Prints what is wrong, and exits with
1 if anything is.
"""

from __future__ import annotations

import importlib
import os.path
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src")}
PROTO = "tbevents.proto."  # its messages are listed in a table


class Page(HTMLParser):
    """The anchors and links of a page, what it loads, and its pictures without a text."""

    def __init__(self, text: str) -> None:
        """Reads the page."""
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.untold: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each element."""
        if tag == "img" and not dict(attrs).get("alt"):
            self.untold.append(dict(attrs).get("src") or "")
        for name, value in attrs:
            if name in ("id", "name"):
                self.anchors.add(value or "")
            elif (tag, name) in LOADS:
                self.loads.append(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")


def public_names() -> list[str]:
    """The full name of every public object."""
    package = importlib.import_module("tbevents")
    errors = set(importlib.import_module("tbevents.errors").__all__)  # they stand once, below their module
    names = [f"tbevents.{name}" for name in package.__all__ if name != "__version__" and name not in errors]
    for module in package._MODULES:
        shown = importlib.import_module(f"tbevents.{module}")
        names += [f"tbevents.{module}.{name}" for name in getattr(shown, "__all__", [])]
    return names


def faults(site: Path) -> list[str]:
    """What is wrong with a site."""
    files = (
        path for path in site.rglob("*.html") if path.name != "404.html"
    )  # its links are those of the server's root
    pages = {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in files}
    wrong = []
    for name, page in pages.items():
        wrong += [f"{name} loads {address}" for address in page.loads if urlsplit(address).netloc]
        wrong += [f"{name}: the picture {address} has no text for those who cannot see it" for address in page.untold]
        for address in page.loads:
            loaded = urlsplit(address)
            if (
                loaded.path
                and not (loaded.scheme or loaded.netloc)
                and not ((site / name).parent / unquote(loaded.path)).is_file()
            ):
                wrong.append(f"{name} loads {address}, which does not exist")
        for link in page.links:
            to = urlsplit(link)
            if to.scheme or to.netloc:
                continue
            target = (site / name).parent / unquote(to.path) if to.path else site / name
            place = os.path.relpath(target.resolve(), site).replace(os.sep, "/")
            if not target.is_file():
                wrong.append(f"{name}: {link} leads nowhere")
            elif place in pages and unquote(to.fragment) not in pages[place].anchors:
                wrong.append(f"{name}: {link} has no such anchor")
    anchors = set().union(*(page.anchors for page in pages.values()))
    listed = (site / "reference/proto.html").read_text(encoding="utf-8")
    for full in public_names():
        short = full.rpartition(".")[2]
        if not (f">{short}<" in listed if full.startswith(PROTO) else {full, f"module-{full}"} & anchors):
            wrong.append(f"the reference has no entry for {full}")
    return wrong


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]).resolve())
    print("\n".join(found) or "The site is whole: names, links, anchors, and nothing from other hosts.")
    sys.exit(bool(found))
