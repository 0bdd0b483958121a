"""What a file says about a tag as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tbevents.proto import DataClass, SummaryMetadata

__all__ = ["TagMetadata", "tag_metadata"]

_CLASSES: Final = {
    "scalars": DataClass.DATA_CLASS_SCALAR,
    "histograms": DataClass.DATA_CLASS_TENSOR,
    "text": DataClass.DATA_CLASS_TENSOR,
    "pr_curves": DataClass.DATA_CLASS_TENSOR,
    "custom_scalars": DataClass.DATA_CLASS_TENSOR,
    "hparams": DataClass.DATA_CLASS_TENSOR,
    "mesh": DataClass.DATA_CLASS_TENSOR,
    "images": DataClass.DATA_CLASS_BLOB_SEQUENCE,
    "audio": DataClass.DATA_CLASS_BLOB_SEQUENCE,
    "graphs": DataClass.DATA_CLASS_BLOB_SEQUENCE,
    "graph_run_metadata": DataClass.DATA_CLASS_BLOB_SEQUENCE,
    "graph_run_metadata_graph": DataClass.DATA_CLASS_BLOB_SEQUENCE,
    "graph_keras_model": DataClass.DATA_CLASS_BLOB_SEQUENCE,
}

_PLUGINS: Final = {"scalars": "scalars", "histograms": "histograms", "images": "images", "audio": "audio"}


@dataclass(frozen=True, slots=True)
class TagMetadata:
    """What the first event of a tag in a run says about it.

    Attributes:
        plugin: whose data it is, such as "scalars"; where the file names no plugin, that of the value's form ("images"
            for a TF1 image), or empty.
        content: the plugin's own message, serialized.
        display_name: what TensorBoard shows in the tag's place; the tag, where the file says nothing.
        description: Markdown text.
        data_class: "SCALAR", "TENSOR", "BLOB_SEQUENCE" or "UNKNOWN"; inferred from the plugin where the file does not
            say.
    """

    plugin: str
    content: bytes
    display_name: str
    description: str
    data_class: str


def tag_metadata(tag: str, metadata: SummaryMetadata, kind: str | None) -> TagMetadata:
    """The metadata of a tag, of a kind (or None, where it has no values)."""
    plugin = metadata.plugin_data.plugin_name or _PLUGINS.get(kind or "", "")
    data_class = metadata.data_class or _CLASSES.get(plugin, DataClass.DATA_CLASS_UNKNOWN)
    known = data_class in DataClass.values()
    return TagMetadata(
        plugin,
        metadata.plugin_data.content,
        metadata.display_name or tag,
        metadata.summary_description,
        DataClass.Name(data_class).removeprefix("DATA_CLASS_") if known else str(data_class),
    )
