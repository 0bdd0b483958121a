"""The page of a board: that of a report, which fetches what it shows."""

from __future__ import annotations

from functools import lru_cache

from tbevents._version import __version__
from tbevents.tools.json_text import plain
from tbevents.tools.report.content import Content
from tbevents.tools.report.findings import findings_json
from tbevents.tools.report.limits import ReportLimits
from tbevents.tools.report.page import policy, render


@lru_cache(1)
def board_page(title: str) -> tuple[str, str]:
    """Returns the page as HTML, and its content policy."""
    content = {**Content(ReportLimits()).as_json(), **findings_json(None, {})}
    nothing = "The runs are being listed."  # until the server tells of them
    empty = {"title": title, "made": "now", "version": __version__, "nothing": nothing, **content}
    return render(title, plain(empty), live=True), policy(live=True)
