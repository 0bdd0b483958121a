import json

import numpy as np
import pytest

from tbevents import summary
from tbevents.format.tensors import to_array
from tbevents.proto import MeshPluginData

VERTICES = np.arange(12.0).reshape(1, 4, 3)
FACES = [[[0, 1, 2]]]


@pytest.mark.parametrize(
    ("parts", "tags", "components"),
    [
        ({}, ["m_VERTEX"], 2),
        ({"faces": FACES}, ["m_VERTEX", "m_FACE"], 6),
        ({"colors": VERTICES}, ["m_VERTEX", "m_COLOR"], 10),
        ({"faces": FACES, "colors": VERTICES}, ["m_VERTEX", "m_FACE", "m_COLOR"], 14),
    ],
)
def test_meshes_say_which_parts_they_have(parts, tags, components):
    message = summary.mesh("m", VERTICES, **parts, config_dict={"camera": {"cls": "Camera"}})
    assert [value.tag for value in message.value] == tags
    for value in message.value:
        content = MeshPluginData.FromString(value.metadata.plugin_data.content)
        assert (content.name, content.components) == ("m", components)
        assert list(content.shape) == list(to_array(value.tensor).shape)
        assert json.loads(content.json_config) == {"camera": {"cls": "Camera"}}
    assert (to_array(message.value[0].tensor) == VERTICES).all()


@pytest.mark.parametrize(
    ("vertices", "parts", "message"),
    [
        (VERTICES[0], {}, "'m': vertices"),
        (np.zeros((1, 4, 2)), {}, "'m': vertices"),
        (VERTICES, {"faces": [[0, 1, 2]]}, "'m': faces"),
        (VERTICES, {"faces": np.zeros((2, 1, 3))}, "'m': faces"),
        (VERTICES, {"colors": VERTICES[:, :2]}, "'m': colors"),
    ],
)
def test_meshes_of_parts_that_do_not_fit_are_refused(vertices, parts, message):
    with pytest.raises(ValueError, match=message):
        summary.mesh("m", vertices, **parts)


def test_a_mesh_needs_vertices():
    with pytest.raises(TypeError, match="'m': vertices"):
        summary.mesh("m", None)
