"""Names to which TensorBoard gives a meaning: tags, the endings of tags, and a file beside the event files."""

from __future__ import annotations

from typing import Final, TypeAlias

from tbevents.proto import MeshPluginData

HPARAMS: Final = "_hparams_/"
"""What the tags of hyperparameters begin with."""

EXPERIMENT: Final = "_hparams_/experiment"
"""The tag of the names of hyperparameters and metrics."""

SESSION_START: Final = "_hparams_/session_start_info"
"""The tag of the values of hyperparameters."""

SESSION_END: Final = "_hparams_/session_end_info"
"""The tag of the status of a session."""

HParamValue: TypeAlias = bool | float | str
"""The value of a hyperparameter. The file has no integers."""

LAYOUT: Final = "custom_scalars__config__"
"""The tag of layouts. TensorBoard uses the last layout in a run."""

PROJECTOR_CONFIG: Final = "projector_config.pbtxt"
"""The file that lists the embeddings of a run."""

MESH_PARTS: Final = {MeshPluginData.VERTEX: "vertices", MeshPluginData.FACE: "faces", MeshPluginData.COLOR: "colors"}
"""The name of each tensor of a mesh. In tags it is that of the enum value: ``_VERTEX``, ``_FACE`` or ``_COLOR``."""
