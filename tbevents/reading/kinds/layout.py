"""The layout of TensorBoard's Custom Scalars page."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from google.protobuf.message import DecodeError

from tbevents.errors import PayloadError
from tbevents.format.tensors import to_array
from tbevents.proto import Layout

if TYPE_CHECKING:
    from tbevents.reading.payloads import PayloadReader
    from tbevents.reading.run_data import RunData

__all__ = ["Charts", "charts", "last_layout"]

Charts: TypeAlias = dict[str, dict[str, tuple[str, list[str]]]]
"""Category -> title -> ("Multiline", patterns of tags) or ("Margin", value, lower, upper of each of its series)."""


def last_layout(contents: RunData, reader: PayloadReader, where: str) -> Layout | None:
    """The layout written last, of whatever tag; None where there is none.

    Args:
        contents: of a run.
        reader: reads its payloads.
        where: the run, for messages.

    Raises:
        PayloadError: it cannot be parsed.
        TensorError: the tensor around it contradicts itself.
    """
    found = [tag.values["custom_scalars"] for tag in contents.tags.values() if "custom_scalars" in tag.values]
    if not found:
        return None
    last = max(found, key=lambda values: values.records[-1])
    strings = to_array(reader.value(last.payloads[-1]).tensor)
    if strings.size != 1 or strings.dtype != object:
        raise PayloadError(f"{where}: a layout is one string, not an array of shape {strings.shape}")
    try:
        return Layout.FromString(strings.item())
    except DecodeError as error:
        raise PayloadError(f"{where}: the custom scalars layout cannot be parsed: {error}") from error


def charts(layout: Layout) -> Charts:
    """A layout in the form that `SummaryWriter.add_custom_scalars` takes."""
    found: Charts = {}
    for category in layout.category:
        of_category = found.setdefault(category.title, {})
        for chart in category.chart:
            if chart.HasField("margin"):
                tags = [tag for series in chart.margin.series for tag in (series.value, series.lower, series.upper)]
                of_category[chart.title] = ("Margin", tags)
            else:
                of_category[chart.title] = ("Multiline", list(chart.multiline.tag))
    return found
