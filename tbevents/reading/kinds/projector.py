"""Embeddings for TensorBoard's Projector: files beside the event files, listed in projector_config.pbtxt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from google.protobuf import text_format
from numpy.typing import NDArray

from tbevents.errors import PayloadError
from tbevents.files import join, read_bytes
from tbevents.proto import EmbeddingInfo, ProjectorConfig

__all__ = ["CONFIG_NAME", "Embedding", "Projector", "read_projector"]

CONFIG_NAME: Final = "projector_config.pbtxt"


@dataclass(frozen=True, slots=True)
class Embedding:
    """One embedding. Its files are read when asked for.

    Attributes:
        name: the tensor's name.
        folder: the folder that the paths in `info` are relative to.
        info: its part of the configuration.
    """

    name: str
    folder: str
    info: EmbeddingInfo = field(repr=False)

    @property
    def tensor_path(self) -> str | None:
        """Where the points are; None where they are in a checkpoint, which only TensorFlow reads."""
        return self._path(self.info.tensor_path)

    @property
    def metadata_path(self) -> str | None:
        """Where the labels are, if there are any."""
        return self._path(self.info.metadata_path)

    @property
    def sprite_path(self) -> str | None:
        """The picture that holds all thumbnails, if there is one."""
        return self._path(self.info.sprite.image_path)

    @property
    def thumbnail_size(self) -> tuple[int, ...]:
        """Width and height of one thumbnail in pixels; empty where there are none."""
        return tuple(self.info.sprite.single_image_dim)

    def tensor(self) -> NDArray[np.float32]:
        """The points: float32, shape (points, dimensions).

        Raises:
            PayloadError: the file is neither tab-separated numbers nor, as TensorBoard also allows, raw float32 of the
                shape that the configuration says; or the points are in a checkpoint.
            OSError: it cannot be read.
        """
        path = self.tensor_path
        if path is None:
            raise PayloadError(f"{self.folder}: embedding {self.name!r} is in a checkpoint, not in a file of its own")
        data = read_bytes(path)
        shape = tuple(self.info.tensor_shape)
        try:
            lines = data.decode().splitlines()
            rows = [np.array(line.split("\t"), np.float32) for line in lines if line.strip()]
            return np.stack(rows) if rows else np.empty((0, 0), np.float32)
        except ValueError as error:  # UnicodeDecodeError is one
            if len(shape) == 2 and len(data) == 4 * shape[0] * shape[1]:
                return np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)
            raise PayloadError(f"{path}: no table of numbers: {error}") from error

    def metadata(self) -> list[list[str]]:
        """The rows of the labels' file, a header included if it has one; empty where there is no file.

        Raises:
            OSError: it cannot be read.
        """
        path = self.metadata_path
        if path is None:
            return []
        lines = read_bytes(path).decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return [line.split("\t") for line in lines]

    def _path(self, path: str) -> str | None:
        return join(self.folder, path) if path else None


@dataclass(frozen=True, slots=True)
class Projector:
    """The embeddings of a run.

    Attributes:
        config: the whole configuration.
        embeddings: by the tensor's name; of equal names the last one counts.
    """

    config: ProjectorConfig = field(repr=False)
    embeddings: Mapping[str, Embedding]


def read_projector(folder: str) -> Projector | None:
    """The projector configuration of a folder; None where there is none.

    Raises:
        PayloadError: it is no such configuration.
        OSError: it cannot be read.
    """
    path = join(folder, CONFIG_NAME)
    try:
        text = read_bytes(path).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    try:
        config = text_format.Parse(text, ProjectorConfig(), allow_unknown_field=True)
    except text_format.ParseError as error:
        raise PayloadError(f"{path}: no projector configuration: {error}") from error
    return Projector(
        config, {info.tensor_name: Embedding(info.tensor_name, folder, info) for info in config.embeddings}
    )
