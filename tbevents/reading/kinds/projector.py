"""Embeddings for TensorBoard's Projector: files beside the event files, listed in projector_config.pbtxt.

The configuration may come from anyone, and it names files. So only plain files of a limited size are opened, and only
in the run's folder or below it, as in TensorBoard.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from google.protobuf import text_format
from numpy.typing import NDArray

from tbevents import remote
from tbevents.errors import PayloadError
from tbevents.files import join, read_bytes
from tbevents.format.names import PROJECTOR_CONFIG
from tbevents.proto import EmbeddingInfo, ProjectorConfig

_MAX_CONFIG_BYTES: Final = 2**24
"""The largest configuration that is read."""

_FIELD: Final = re.compile(r"[^\t]+")

_MAX_FILE_BYTES: Final = 2**30
"""The largest file of points or labels that is read."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """One embedding. Its files are read when they are used.

    They must be plain files in the run's folder or below it. An absolute path, ``..``, a URL, or a symbolic link that
    leads elsewhere raises PayloadError, and nothing is opened.

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
        """The path of the points; None if they are in a checkpoint, which only TensorFlow can read."""
        return self._path(self.info.tensor_path)

    @property
    def metadata_path(self) -> str | None:
        """The path of the labels; None if there are none."""
        return self._path(self.info.metadata_path)

    @property
    def sprite_path(self) -> str | None:
        """The path of the picture that holds all thumbnails; None if there is none."""
        return self._path(self.info.sprite.image_path)

    @property
    def thumbnail_size(self) -> tuple[int, ...]:
        """Width and height of one thumbnail in pixels; empty if there are no thumbnails."""
        return tuple(self.info.sprite.single_image_dim)

    def tensor(self) -> NDArray[np.float32]:
        """Reads the points: float32, shape (points, dimensions).

        Raises:
            PayloadError: if the file holds neither tab-separated numbers nor raw float32 numbers of the configured
                shape; if it is not a plain file below the run's folder, or is larger than 1 GiB; or if the points are
                in a checkpoint.
            OSError: if the file cannot be read.
        """
        path = self.tensor_path
        if path is None:
            raise PayloadError(f"{self.folder}: embedding {self.name!r} is in a checkpoint, not in a file of its own")
        data = _read_plain(self.folder, path, _MAX_FILE_BYTES)
        shape = tuple(self.info.tensor_shape)
        try:
            return _table(data)
        except ValueError as error:  # UnicodeDecodeError is one
            if len(shape) == 2 and len(data) == 4 * shape[0] * shape[1]:
                return np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)
            raise PayloadError(f"{path}: no table of numbers: {error}") from error

    def metadata(self) -> list[list[str]]:
        """Reads the rows of the file of labels, including its header if it has one; empty if there is no file.

        Raises:
            PayloadError: if the file is not a plain file below the run's folder, or is larger than 1 GiB.
            OSError: if the file cannot be read.
        """
        path = self.metadata_path
        if path is None:
            return []
        lines = (
            _read_plain(self.folder, path, _MAX_FILE_BYTES).decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        )
        if lines and not lines[-1]:
            lines.pop()
        return [line.split("\t") for line in lines]

    def _path(self, path: str) -> str | None:
        return _below(self.folder, path) if path else None


def _table(data: bytes) -> NDArray[np.float32]:
    """Returns the numbers in tab-separated text, and takes little more memory than they do.

    Raises:
        ValueError: if the text is none, or its lines have different numbers of fields.
    """
    widths = set()
    lines = 0

    def numbers() -> Iterator[float]:
        nonlocal lines
        for line in io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"):
            if line.strip():
                lines += 1
                widths.add(line.count("\t") + 1)
                yield from (float(found[0]) for found in _FIELD.finditer(line))

    with np.errstate(over="ignore"):
        values = np.fromiter(numbers(), np.float32)
    width = max(widths, default=0)
    if len(widths) > 1 or len(values) != lines * width:
        raise ValueError("lines differ in their number of fields, or a field is empty")
    return values.reshape(lines, width)


@dataclass(frozen=True, slots=True)
class Projector:
    """The embeddings of a run.

    Attributes:
        config: the whole configuration.
        embeddings: tensor name -> embedding; of equal names, the last one counts.
    """

    config: ProjectorConfig = field(repr=False)
    embeddings: Mapping[str, Embedding]


def read_projector(folder: str) -> Projector | None:
    """Returns the projector configuration of a folder; None if there is none.

    Raises:
        PayloadError: if the file is not a projector configuration.
        OSError: if it cannot be read.
    """
    path = join(folder, PROJECTOR_CONFIG)
    try:
        if os.path.isdir(path):
            return None
        text = _read_plain(folder, path, _MAX_CONFIG_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    try:
        config = text_format.Parse(text, ProjectorConfig(), allow_unknown_field=True)
    except (text_format.ParseError, ValueError, OverflowError, RecursionError) as error:
        raise PayloadError(f"{path}: no projector configuration: {error}") from error
    return Projector(
        config, {info.tensor_name: Embedding(info.tensor_name, folder, info) for info in config.embeddings}
    )


def _below(folder: str, name: str) -> str:
    """Returns the path of a file that a configuration names, in its folder or below it. The file need not exist.

    Raises:
        PayloadError: if the name leads elsewhere.
    """
    parts = re.split(r"[/\\]", name)
    if parts[0] == "" or ".." in parts or "\0" in name or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name):
        raise PayloadError(f"{folder}: {name!r} in {PROJECTOR_CONFIG} is not a file below the run's folder")
    return join(folder, name)


def _read_plain(folder: str, path: str, limit: int) -> bytes:
    """Returns the bytes of a plain file below a folder.

    Raises:
        PayloadError: if it is not a plain file, is not below the folder once links are followed, or is too large.
        OSError: if it cannot be read.
    """
    size = limit + 1
    if not remote.is_url(path):
        path, home = os.path.realpath(path), os.path.realpath(folder)
        if os.path.commonpath([path, home]) != home:
            raise PayloadError(f"{path}: a symbolic link leads there, and it is not below the run's folder {home}")
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise PayloadError(f"{path}: no plain file, so it is not opened")
        if found.st_size > limit:
            raise PayloadError(f"{path}: {found.st_size} bytes are over the limit of {limit}")
        size = found.st_size  # memory for as many bytes is allocated before they are read
    data = read_bytes(path, 0, size)
    if len(data) > limit:
        raise PayloadError(f"{path}: it is over the limit of {limit} bytes")
    return data
