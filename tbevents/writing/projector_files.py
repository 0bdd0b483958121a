"""The files of TensorBoard's projector in a run's folder.

projector_config.pbtxt              one entry for each embedding, in protobuf's text format
<step, 5 digits>/<tag>/tensors.tsv  and beside it metadata.tsv, sprite.png
"""

from __future__ import annotations

import os
import threading
from typing import Final

from google.protobuf import text_format

from tbevents import files
from tbevents.proto import EmbeddingInfo, ProjectorConfig
from tbevents.summary.embeddings import Embedding, folder_name

__all__ = ["write_embedding"]

CONFIG: Final = "projector_config.pbtxt"

_lock = threading.Lock()  # for the configuration, which is read and written again


def _after_fork_in_child() -> None:
    """Makes a lock anew: a thread that is not in the child may hold the parent's."""
    global _lock  # noqa: PLW0603  # one for the process, by nature
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def write_embedding(logdir: str, tag: str, step: int, embedding: Embedding) -> None:
    """Writes an embedding's files, then its entry in the configuration; other entries stay as they are.

    Args:
        logdir: the run's folder.
        tag: names the embedding, and with the step its folder.
        step: likewise.
        embedding: what to write; an earlier one of this tag and step is replaced.

    Raises:
        OSError: a file cannot be written.
        ValueError: the tag makes no folder name, or the configuration that is there cannot be read.
    """
    digits = str(step).zfill(5)
    relative = f"{digits}/{folder_name(tag)}"
    folder = files.subfolder(logdir, relative, "tag")
    with _lock:
        config = _read(os.path.join(logdir, CONFIG))
        files.make_folder(folder)
        for name, content in embedding.files.items():
            _write(os.path.join(folder, name), content)
        _replace(config, embedding.info(f"{tag}:{digits}", relative))
        _write(os.path.join(logdir, CONFIG), text_format.MessageToString(config).encode())


def _read(path: str) -> ProjectorConfig:
    try:
        text = files.read_bytes(path).decode()
        return text_format.Parse(text, ProjectorConfig(), allow_unknown_field=True)
    except FileNotFoundError:
        return ProjectorConfig()
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot add an embedding to this configuration: {error}") from None


def _replace(config: ProjectorConfig, info: EmbeddingInfo) -> None:
    """Puts an entry where one of its name was, or at the end."""
    for existing in config.embeddings:
        if existing.tensor_name == info.tensor_name:
            existing.CopyFrom(info)
            return
    config.embeddings.append(info)


def _write(path: str, content: bytes) -> None:
    """Writes a file so that readers see all of it or none."""
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
    except OSError:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise
