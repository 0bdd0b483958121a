"""The page of a board: that of a report, which fetches what it shows."""

from __future__ import annotations

from tbevents._version import __version__
from tbevents.tools.json_text import plain
from tbevents.tools.report.content import Content
from tbevents.tools.report.limits import ReportLimits
from tbevents.tools.report.page import policy, render

__all__ = ["board_page"]


def board_page(title: str) -> tuple[str, str]:
    """Returns the page as HTML, and its content policy."""
    empty = {"title": title, "made": "now", "version": __version__, **Content(ReportLimits()).as_json({})}
    return render(title, plain(empty), live=True), policy(live=True)
