"""The layout of TensorBoard's Custom Scalars page: which scalars the page draws together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from tbevents.errors import TBEventsError
from tbevents.reading.kinds.layout import StoredCharts
from tbevents.reading.run import Run

MOST_CHARTS: Final = 200
"""The most charts of layouts that a page draws."""

_MOST_PATTERNS: Final = 100
"""The most patterns of one chart."""

_PATTERN: Final = 500
"""The most characters of a pattern or title."""


def layout_of_run(run: Run, on_problem: Callable[[str], object]) -> StoredCharts:
    """Returns the layout of a run, empty if there is none; `on_problem` is told of one that cannot be parsed."""
    if "custom_scalars" not in run.counts():
        return {}
    try:
        return run.custom_scalars
    except (TBEventsError, OSError) as error:
        on_problem(str(error))
        return {}


def layout_json(layouts: Iterable[StoredCharts]) -> list[dict[str, Any]]:
    """Returns the charts of some layouts, category by category. Of charts with one name, the first counts.

    Each is ``{"category", "title", "kind", "tags"}``. The tags of a "Multiline" are patterns; those of a "Margin" are
    value, lower and upper of each of its series.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    count = 0
    for layout in layouts:
        for category, charts in layout.items():
            for title, (kind, tags) in charts.items():
                known = found.setdefault(category[:_PATTERN], {})
                if title[:_PATTERN] in known or count == MOST_CHARTS:
                    continue
                count += 1
                known[title[:_PATTERN]] = {
                    "category": category[:_PATTERN],
                    "title": title[:_PATTERN],
                    "kind": kind,
                    "tags": [tag[:_PATTERN] for tag in tags[:_MOST_PATTERNS]],
                }
    return [chart for charts in found.values() for chart in charts.values()]
