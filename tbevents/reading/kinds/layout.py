"""The layout of TensorBoard's Custom Scalars page."""

from __future__ import annotations

from typing import TypeAlias

from tbevents.errors import PayloadError
from tbevents.format.event import parse_payload
from tbevents.format.tensors import to_array
from tbevents.proto import Layout, Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import is_strings

StoredCharts: TypeAlias = dict[str, dict[str, tuple[str, list[str]]]]
"""Category -> title -> ("Multiline", [pattern of tags, ...]) or ("Margin", [value, lower, upper, ...])."""


def parse_layout(value: Summary.Value, where: str) -> Layout:
    """Returns the layout in a value.

    Args:
        value: a value of the plugin "custom_scalars".
        where: the path of the run, for messages.

    Raises:
        PayloadError: if the value holds no layout.
        TensorError: if its tensor is inconsistent.
    """
    strings = to_array(value.tensor)
    if strings.size != 1 or strings.dtype != object:
        raise PayloadError(f"{where}: a layout is one string, not an array of shape {strings.shape}")
    return parse_payload(Layout, strings.item(), f"{where}: the custom scalars layout cannot be parsed")


def charts(layout: Layout) -> StoredCharts:
    """Returns a layout in the form that `SummaryWriter.add_custom_scalars` takes."""
    found: StoredCharts = {}
    for category in layout.category:
        of_category = found.setdefault(category.title, {})
        for chart in category.chart:
            if chart.HasField("margin"):
                tags = [tag for series in chart.margin.series for tag in (series.value, series.lower, series.upper)]
                of_category[chart.title] = ("Margin", tags)
            else:
                of_category[chart.title] = ("Multiline", list(chart.multiline.tag))
    return found


register(
    Kind(
        name="custom_scalars",
        noun="layout tag",
        order=75,
        plugins=("custom_scalars",),
        fits=is_strings,
        data_class="TENSOR",
    )
)
