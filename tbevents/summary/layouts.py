"""Layouts of the Custom Scalars page: which series are drawn together.

TensorBoard reads each tag of a layout as a regular expression, and matches it at the start of a series' tag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tbevents.errors import checked_choice
from tbevents.format.names import LAYOUT
from tbevents.format.tensors import from_array
from tbevents.format.values import checked_text
from tbevents.proto import Category, Chart, Layout, MarginChartContent, MultilineChartContent, Summary
from tbevents.summary.builders import from_value, plugin_metadata

Charts: TypeAlias = Mapping[str, Mapping[str, Sequence[object]]]
"""Category -> title -> ``["Multiline", [tag, ...]]``, or ``["Margin", [value, lower, upper, ...]]`` with three tags for
each series."""


def custom_scalars(layout: Charts) -> Summary:
    """Returns the summary of a layout: see `SummaryWriter.add_custom_scalars`.

    Raises:
        TypeError, ValueError: if the layout has another form.
    """
    message = Layout(category=[_category(title, charts) for title, charts in _items("layout", layout)])
    content = np.array(message.SerializeToString(), object)
    return from_value(LAYOUT, tensor=from_array(content), metadata=plugin_metadata("custom_scalars"))


def merged(first: Charts, second: Charts) -> dict[str, dict[str, Sequence[object]]]:
    """Returns the charts of both layouts. If both have a chart of the same name, the second one is used."""
    both = {category: dict(charts) for category, charts in first.items()}
    for category, charts in second.items():
        both.setdefault(category, {}).update(charts)
    return both


def _category(title: str, charts: object) -> Category:
    where = f"layout[{title!r}]"
    return Category(title=title, chart=[_chart(where, name, chart) for name, chart in _items(where, charts)])


def _chart(where: str, title: str, chart: object) -> Chart:
    where = f"{where}[{title!r}]"
    if isinstance(chart, str) or not isinstance(chart, Sequence) or len(chart) != 2:
        raise TypeError(f"{where} must be a pair of a kind and tags, not {chart!r}")
    kind, tags = chart
    if isinstance(tags, str) or not isinstance(tags, Sequence) or not all(isinstance(tag, str) for tag in tags):
        raise TypeError(f"{where}: tags must be a list of str, not {tags!r}")
    tags = [checked_text(tag, f"{where}: a tag") for tag in tags]
    if checked_choice(f"{where}: the kind", kind, ("Multiline", "Margin")) == "Multiline":
        return Chart(title=title, multiline=MultilineChartContent(tag=tags))
    if not tags or len(tags) % 3:
        raise ValueError(
            f"{where}: a margin chart must have three tags (value, lower, upper) for each series, not {tags!r}"
        )
    series = [
        MarginChartContent.Series(value=value, lower=lower, upper=upper)
        for value, lower, upper in zip(tags[::3], tags[1::3], tags[2::3], strict=True)
    ]
    return Chart(title=title, margin=MarginChartContent(series=series))


def _items(where: str, mapping: object) -> list[tuple[str, object]]:
    if not isinstance(mapping, Mapping) or not all(isinstance(key, str) for key in mapping):
        raise TypeError(f"{where} must be a mapping with str keys, not {mapping!r}")
    return [(checked_text(key, f"a key of {where}"), value) for key, value in mapping.items()]
