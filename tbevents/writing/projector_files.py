"""The files of TensorBoard's projector in a run's folder.

projector_config.pbtxt              one entry for each embedding, in protobuf's text format
<step, 5 digits>/<tag>/tensors.tsv  and beside it metadata.tsv, sprite.png
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from typing import Final

from google.protobuf import text_format

from tbevents import files, remote
from tbevents.forks import renew_when_forked
from tbevents.format.names import PROJECTOR_CONFIG
from tbevents.proto import EmbeddingInfo, ProjectorConfig
from tbevents.summary.embeddings import EmbeddingFiles, escaped_tag


class _Configuration:
    """Adds entries to configuration files, one at a time.

    Threads wait for each other; a signal handler may add an entry while its thread does. A forked child waits for no
    thread of its parent. Other processes are not locked out: of two that add an entry at the same moment, one entry may
    be lost.
    """

    def __init__(self) -> None:
        self._renew_locks()
        renew_when_forked(self)

    def _renew_locks(self) -> None:
        self.lock = threading.RLock()  # re-entrant: a signal handler may run while it is held
        self._added: list[tuple[str, EmbeddingInfo]] = []  # with its path; what is being added, outermost call first

    def add(self, path: str, info: EmbeddingInfo) -> None:
        """Adds an entry, with the lock held. If a signal handler adds others meanwhile, they are added again."""
        added = self._added
        first = len(added)
        added.append((path, info))
        try:
            count = 0
            while count < len(added):
                count = len(added)
                config = _read(path)
                for of_path, each in added[first:count]:
                    if of_path == path:
                        _replace(config, each)
                _write(path, text_format.MessageToString(config).encode())
        finally:
            if first == 0:
                added.clear()


_configuration: Final = _Configuration()
_numbers: Final = itertools.count()  # for temporary names


def write_embedding(logdir: str, tag: str, step: int, embedding: EmbeddingFiles) -> None:
    """Writes an embedding's files below the run's folder, then its entry in the configuration; other entries are kept.

    Tag and step name the embedding's folder; an earlier one with the same tag and step is replaced.

    Threads, signal handlers and forked children may call it at any moment. Other processes are not locked out: if two
    write an embedding of one run at the same moment, one of the entries may be lost.

    Raises:
        OSError: if a file cannot be written.
        ValueError: if the tag is not a valid folder name, or if an existing configuration cannot be read or has fields
            that this version does not know. No file is written.
    """
    digits = str(step).zfill(5)
    relative = f"{digits}/{escaped_tag(tag)}"
    folder = files.subfolder(logdir, relative, "tag")
    path = files.join(logdir, PROJECTOR_CONFIG)
    with _configuration.lock:
        _read(path)  # raises before a file is written
        for name, content in embedding.files.items():
            _write(files.join(folder, name), content)
        _configuration.add(path, embedding.info(f"{tag}:{digits}", relative))


def _read(path: str) -> ProjectorConfig:
    try:
        text = files.read_bytes(path).decode()
        return text_format.Parse(text, ProjectorConfig())  # unknown fields would be lost when it is written
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
    unfinished = f"{path}.{os.getpid()}.{next(_numbers)}.tmp"
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
        files.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(unfinished)
        raise
