"""The metadata of a tag: plugin, display name, description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tbevents.format.event import enum_name
from tbevents.proto import DataClass, SummaryMetadata
from tbevents.reading.kinds.kind import FIELD_KINDS, PLUGIN_KINDS

_GRAPHS: Final = "graphs"
"""A plugin with a data class in TensorBoard, of which no writer logs values under tags."""


@dataclass(frozen=True, slots=True)
class TagMetadata:
    """The metadata in the first event of a tag in a run.

    Attributes:
        plugin: such as "scalars"; if the file names none, the plugin of the value's field ("images" for a TF1 image),
            or empty.
        content: the plugin's own message, serialized.
        display_name: the name that TensorBoard shows; the tag if none is stored.
        description: Markdown text; often empty.
        data_class: "SCALAR", "TENSOR", "BLOB_SEQUENCE" or "UNKNOWN"; inferred from the plugin if none is stored.
    """

    plugin: str
    content: bytes
    display_name: str
    description: str
    data_class: str


def tag_metadata(tag: str, metadata: SummaryMetadata, kind: str | None) -> TagMetadata:
    """The metadata of a tag of a kind; the kind is None if the tag has no values."""
    # TensorFlow 1 names no plugin.
    of_field = next((each.plugins[0] for each in FIELD_KINDS.values() if each.name == kind), "")
    plugin = metadata.plugin_data.plugin_name or of_field
    return TagMetadata(
        plugin,
        metadata.plugin_data.content,
        metadata.display_name or tag,
        metadata.summary_description,
        _data_class(metadata.data_class, plugin),
    )


def _data_class(stored: int, plugin: str) -> str:
    if not stored and plugin == _GRAPHS:
        return "BLOB_SEQUENCE"
    if not stored:
        return PLUGIN_KINDS[plugin].data_class if plugin in PLUGIN_KINDS else "UNKNOWN"
    return enum_name(DataClass, stored).removeprefix("DATA_CLASS_")
