"""Meshes and point clouds: the file has a tag each for vertices, faces and colours; here they are one series."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbevents.format.event import UNDECODABLE
from tbevents.format.names import MESH_PARTS
from tbevents.proto import MeshPluginData
from tbevents.reading.kinds.kind import Grouping, Kind, register
from tbevents.reading.kinds.recognition import numbers_of_shape
from tbevents.reading.kinds.tensor import TensorSeries
from tbevents.reading.series import Series, plain_count
from tbevents.views.notebook import series_html


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The meshes logged under one name at one step: a batch of meshes of equal size.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        vertices: coordinates, usually float32, shape (batch, n, 3); None if none were logged.
        faces: vertex indices of each triangle, usually int32, shape (batch, m, 3); None if none were logged.
        colors: red, green and blue of each vertex, 0 to 255, usually uint8, shape (batch, n, 3); None if none were
            logged.
        config: three.js settings: cameras, lights and materials.
    """

    step: int
    wall_time: float
    vertices: NDArray[Any] | None
    faces: NDArray[Any] | None
    colors: NDArray[Any] | None
    config: dict[str, Any]

    def __repr__(self) -> str:
        named = (("vertices", self.vertices), ("faces", self.faces), ("colors", self.colors))
        shapes = ", ".join(f"{part} {array.shape}" for part, array in named if array is not None)
        return f"Mesh(step={self.step}, {shapes})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MeshSeries(Series[Mesh]):
    """The meshes of one name in one run.

    Attributes:
        tag: the name that was logged; the file has a tag for each part.
        steps: int64, shape (n,).
        wall_times: float64 seconds since 1970, shape (n,).
        tags: part ("vertices", "faces", "colors") -> its tag in the file.
    """

    tags: Mapping[str, str]
    _parts: Mapping[str, TensorSeries]
    _config: str

    def _part(self, places: slice | NDArray[np.bool_]) -> MeshSeries:
        # A part whose steps differ from the first one's is looked up by step, so it stays whole.
        parts = {
            part: series._part(places) if np.array_equal(series.steps, self.steps) else series
            for part, series in self._parts.items()
        }
        return self._with_arrays(lambda array: array[places], _parts=parts)

    def _point(self, place: int) -> Mesh:
        step = int(self.steps[place])
        arrays = {part: self._array(series, place, step) for part, series in self._parts.items()}
        vertices, faces, colors = map(arrays.get, MESH_PARTS.values())
        return Mesh(step, float(self.wall_times[place]), vertices, faces, colors, self.config)

    def verified(self, index: int) -> Mesh:
        """The same as indexing: meshes have no encoded data to check."""
        return self[index]

    def _array(self, series: TensorSeries, index: int, step: int) -> NDArray[Any] | None:
        """The part at a step: mostly at the same index, else the last one of that step; None if there is none."""
        if index >= len(series) or series.steps[index] != step:
            places = np.flatnonzero(series.steps == step)
            if not len(places):
                return None
            index = int(places[-1])
        return series[index].array

    @property
    def config(self) -> dict[str, Any]:
        """The three.js settings; empty if there are none, or if they are not a JSON object."""
        try:
            config = json.loads(self._config or "{}")
        except (ValueError, RecursionError):  # lists nested too deep
            return {}
        return config if isinstance(config, dict) else {}  # tensorboardX writes "null"

    def __repr__(self) -> str:
        return f"MeshSeries({self.tag!r}, {plain_count(len(self), 'point')}, {', '.join(self.tags)})"

    def _repr_html_(self) -> str:
        return series_html(self)


def _part_of_mesh(tag: str, content: bytes) -> tuple[str, str, str]:
    """Returns what a tag of a mesh is: the name of the mesh, the part, and the settings as JSON.

    A tag whose content does not tell is the vertices of a mesh of its own name.
    """
    try:
        data = MeshPluginData.FromString(content)
    except UNDECODABLE:
        data = MeshPluginData()
    return data.name or tag, MESH_PARTS.get(data.content_type, "vertices"), data.json_config


def _groups(tags: Iterable[tuple[str, bytes]]) -> dict[str, dict[str, tuple[str, str]]]:
    """Mesh name -> part -> (tag, JSON settings), from tags and their content; the first of equal parts counts."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for tag, content in tags:
        name, part, config = _part_of_mesh(tag, content)
        found.setdefault(name, {}).setdefault(part, (tag, config))
    return found


def _join(name: str, parts: dict[str, tuple[str, str]], series_of: Callable[[str], TensorSeries]) -> MeshSeries:
    """Returns the series of a mesh, from its name and its entry in `_groups`.

    The steps are those of the first part: of the vertices, if there are any.
    """
    series = {part: series_of(tag) for part, (tag, _) in parts.items()}
    leading = next(series[part] for part in MESH_PARTS.values() if part in series)
    tags = {part: tag for part, (tag, _) in parts.items()}
    config = next(iter(parts.values()))[1]
    return MeshSeries(name, leading.steps, leading.wall_times, tags, series, config)


register(
    Kind(
        name="meshes",
        noun="mesh",
        order=60,
        plugins=("mesh",),
        fits=numbers_of_shape(None, None, 3),
        data_class="TENSOR",
        series=TensorSeries,
        grouping=Grouping(_groups, _join),
    )
)
