"""The files of TensorBoard's projector in a run's folder.

projector_config.pbtxt              one entry for each embedding, in protobuf's text format
<step, 5 digits>/<tag>/tensors.tsv  and beside it metadata.tsv, sprite.png
"""

from __future__ import annotations

import os
import threading
from typing import Final

from google.protobuf import text_format

from tbevents import files, remote
from tbevents.proto import EmbeddingInfo, ProjectorConfig
from tbevents.summary.embeddings import EmbeddingFiles, folder_name

CONFIG: Final = "projector_config.pbtxt"

_lock = threading.Lock()  # for updates of the configuration file


def _after_fork_in_child() -> None:
    """Replaces the lock: in the parent, a thread that does not exist in the child may hold it."""
    global _lock  # noqa: PLW0603  # there is one lock per process
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def write_embedding(logdir: str, tag: str, step: int, embedding: EmbeddingFiles) -> None:
    """Writes an embedding's files below the run's folder, then its entry in the configuration; other entries are kept.

    Tag and step name the embedding's folder; an earlier one with the same tag and step is replaced.

    Raises:
        OSError: if a file cannot be written.
        ValueError: if the tag is not a valid folder name, or an existing configuration cannot be read.
    """
    digits = str(step).zfill(5)
    relative = f"{digits}/{folder_name(tag)}"
    folder = files.subfolder(logdir, relative, "tag")
    with _lock:
        config = _read(files.join(logdir, CONFIG))
        for name, content in embedding.files.items():
            _write(files.join(folder, name), content)
        _replace(config, embedding.info(f"{tag}:{digits}", relative))
        _write(files.join(logdir, CONFIG), text_format.MessageToString(config).encode())


def _read(path: str) -> ProjectorConfig:
    try:
        text = files.read_bytes(path).decode()
        return text_format.Parse(text, ProjectorConfig(), allow_unknown_field=True)
    except FileNotFoundError:
        return ProjectorConfig()
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: this configuration cannot be read, so no embedding can be added: {error}") from None


def _replace(config: ProjectorConfig, info: EmbeddingInfo) -> None:
    """Replaces the entry with the same name, or appends the entry."""
    for existing in config.embeddings:
        if existing.tensor_name == info.tensor_name:
            existing.CopyFrom(info)
            return
    config.embeddings.append(info)


def _write(path: str, content: bytes) -> None:
    """Writes a file atomically: readers see either the old or the new content. Creates its folder."""
    if remote.is_url(path):
        remote.write_bytes(path, content)
        return
    files.make_folder(os.path.dirname(path))
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
        files.replace(unfinished, path)
    except OSError:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise
