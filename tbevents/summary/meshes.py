"""Meshes and point clouds: one tensor each for the vertices, faces and colours, with different tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tbevents.format.names import MESH_PARTS
from tbevents.format.tensors import from_array
from tbevents.format.values import checked_text
from tbevents.proto import MeshPluginData, Summary
from tbevents.summary.builders import plugin_metadata, real_array


def mesh(
    tag: str,
    vertices: Any,
    colors: Any = None,
    faces: Any = None,
    config_dict: Mapping[str, Any] | None = None,
    display_name: str | None = None,
    description: str | None = None,
) -> Summary:
    """Returns a summary of meshes, or of point clouds if there are no faces: see `SummaryWriter.add_mesh`.

    `display_name` and `description` are stored in the file; TensorBoard does not show them.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value, or the shapes do not match.
    """
    tag = checked_text(tag)
    parts = zip(MESH_PARTS.items(), (vertices, faces, colors), strict=True)
    arrays = {kind: real_array(tag, name, value) for (kind, name), value in parts if value is not None}
    if MeshPluginData.VERTEX not in arrays:
        raise TypeError(f"{tag!r}: vertices must be an array, not None")
    shape = arrays[MeshPluginData.VERTEX].shape
    for kind, array in arrays.items():
        if array.ndim != 3 or array.shape[2] != 3:
            raise ValueError(f"{tag!r}: {MESH_PARTS[kind]} must have shape (batch, n, 3), not {array.shape}")
        if array.shape[0] != shape[0] or (kind == MeshPluginData.COLOR and array.shape != shape):
            raise ValueError(
                f"{tag!r}: {MESH_PARTS[kind]} of shape {array.shape} do not match vertices of shape {shape}"
            )
    if config_dict is not None and not isinstance(config_dict, Mapping):
        raise TypeError(f"{tag!r}: config_dict must be a mapping, not {type(config_dict).__name__}")
    try:
        config = json.dumps({} if config_dict is None else dict(config_dict), sort_keys=True)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{tag!r}: config_dict must be serialisable as JSON: {error}") from None
    summary = Summary()
    for kind, array in arrays.items():
        content = MeshPluginData(
            name=tag,
            content_type=kind,
            components=sum(1 << present for present in arrays),
            shape=array.shape,
            json_config=config,
        )
        with np.errstate(over="ignore"):
            tensor = from_array(array.astype(np.float32), typed=True)
        summary.value.add(
            tag=f"{tag}_{MeshPluginData.ContentType.Name(kind)}",
            tensor=tensor,
            metadata=plugin_metadata(
                "mesh",
                content.SerializeToString(),
                "" if display_name is None else display_name,
                "" if description is None else description,
            ),
        )
    return summary
