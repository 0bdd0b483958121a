"""Records what the code under test logs with the SummaryWriter of tbevents, torch or tensorboardX."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, Final

from tbevents.module_hook import after_import
from tbevents.reading.named_mapping import NamedMapping
from tbevents.reading.run import Run
from tbevents.summary import embedding
from tbevents.summary.embeddings import EmbeddingFiles
from tbevents.testing.memory_files import MemoryFiles, MemorySink, is_below
from tbevents.writing.checked_points import as_step
from tbevents.writing.null_sink import NullSink
from tbevents.writing.sink import Message
from tbevents.writing.summary_writer import SummaryWriter

_PEERS: Final = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
"""Modules of the other writers. Each creates its files with its global `EventFileWriter(logdir, ...)`."""


class Capture:
    """What was logged during a `capture`, and later by writers opened during it.

    Attributes:
        embeddings: what `add_embedding` would have written, by (folder, tag, step); for writers of other packages only
            during the capture.
    """

    def __init__(self) -> None:
        self._files = MemoryFiles()
        self.embeddings: dict[tuple[str, str, int], EmbeddingFiles] = {}

    @property
    def run(self) -> Run:
        """The run of the only writer, always up to date.

        Runs made by `add_scalars` and `add_hparams` are below it: see `runs`.

        Raises:
            AssertionError: if no writer was opened: the code under test logged nothing.
            ValueError: if several were opened whose folders are not below one of them.
        """
        tops = self._tops()
        if len(tops) != 1:
            if not tops:
                raise AssertionError("no writer was opened during the capture")
            opened = ", ".join(map(repr, tops))
            raise ValueError(f"{len(tops)} writers were opened: {opened}; `folders` has the run of each")
        return self._files.run(tops[0], ".")

    @property
    def runs(self) -> Mapping[str, Run]:
        """All runs by name, relative to the folder of the only writer; with several writers, by folder as given."""
        tops = self._tops()
        return self._files.runs(tops[0]) if len(tops) == 1 else self.folders

    @property
    def folders(self) -> Mapping[str, Run]:
        """All runs by folder, as it was given to the writer."""
        names = dict.fromkeys(self._files.folders)
        return NamedMapping("captured folder", "", names, lambda folder: self._files.run(folder, folder))

    def __repr__(self) -> str:
        return f"<Capture of {', '.join(self._files.folders) or 'nothing yet'}>"

    def _tops(self) -> list[str]:
        """The folders that are not below another one."""
        folders = self._files.folders
        return [each for each in folders if not any(each != top and is_below(each, top) for top in folders)]


class _PeerSink(MemorySink):
    """Stands in for the `EventFileWriter` of the other writers during a capture. Like theirs, it may be used closed."""

    def add_event(self, event: Message | bytes, step: Any = None, walltime: Any = None) -> None:
        if not self.closed:
            super().add_event(event, step, walltime)


@contextlib.contextmanager
def capture() -> Iterator[Capture]:
    """Records what is logged while the context is active; nothing is written to disk.

    ::

        with capture() as logged:
            train()  # opens a SummaryWriter of its own
        assert_decreasing(logged, "loss")

    Records every `SummaryWriter` that this process opens meanwhile: of tbevents, torch or tensorboardX, even if its
    package is imported only then. Writers opened before continue to write to their files.

    Yields:
        The `Capture`.
    """
    captured = Capture()
    add = captured._files.add
    with contextlib.ExitStack() as stack:
        active = True

        def patch(target: Any, name: str, value: object) -> None:
            if name in vars(target):
                stack.callback(setattr, target, name, vars(target)[name])
            else:  # inherited
                stack.callback(delattr, target, name)
            setattr(target, name, value)

        def patch_peer(module: ModuleType) -> None:
            if active and not issubclass(module.SummaryWriter, SummaryWriter):  # `tbevents.dropin` puts ours in place
                patch(module, "EventFileWriter", lambda logdir, *_, **__: add(str(logdir), _PeerSink(str(logdir))))
                original = getattr(module.SummaryWriter, "add_embedding", None)
                if original is not None:
                    patch(module.SummaryWriter, "add_embedding", _peer_keeper(captured, original))

        patch(SummaryWriter, "_open", _opener(captured))
        patch(SummaryWriter, "_write_embedding", _opening_first(SummaryWriter._write_embedding))
        for name in _PEERS:
            module = sys.modules.get(name)
            if module is not None and hasattr(module, "SummaryWriter"):
                patch_peer(module)
        hook = after_import(_PEERS, patch_peer)
        hook.install()
        stack.callback(hook.remove)
        try:
            yield captured
        finally:
            active = False


def _opener(captured: Capture) -> Callable[[SummaryWriter, str], Any]:
    def _open(self: SummaryWriter, folder: str) -> Any:
        if not self.write_to_disk:
            return NullSink(folder)
        # An attribute of the writer, since the writer is captured for as long as its file is open.
        self._write_embedding = partial(_keep_embedding, captured, self)  # type: ignore[method-assign]
        return captured._files.add(folder, MemorySink(folder, clock=self._clock))

    return _open


def _opening_first(original: Callable[..., None]) -> Callable[..., None]:
    def _write_embedding(self: SummaryWriter, tag: str, step: int, points: EmbeddingFiles) -> None:
        if self.file_writer is None:
            self._get_file_writer()
            self._write_embedding(tag, step, points)  # now the attribute
        else:
            original(self, tag, step, points)

    return _write_embedding


def _keep_embedding(captured: Capture, writer: SummaryWriter, tag: str, step: int, points: EmbeddingFiles) -> None:
    """Stands in for `_write_embedding` of a writer that was opened during a capture."""
    sink = writer._get_file_writer()
    if captured._files.has(sink):
        captured.embeddings[writer.log_dir, tag, step] = points
        return
    if not isinstance(sink, MemorySink):  # it was closed, and opened again after the capture
        del writer._write_embedding
    writer._write_embedding(tag, step, points)


def _peer_keeper(captured: Capture, original: Callable[..., None]) -> Callable[..., None]:
    """Returns an `add_embedding` method for the SummaryWriter of another package."""

    @functools.wraps(original)
    def add_embedding(
        self: Any,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: Any = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        opened = getattr(getattr(self, "file_writer", None), "event_writer", None)
        if opened is not None and not captured._files.has(opened):
            original(self, mat, metadata, label_img, global_step, tag, metadata_header)
        elif getattr(self, "_write_to_disk", True):
            folder = os.fspath(getattr(self, "log_dir", None) or self.logdir)
            points = embedding(tag, mat, metadata, label_img, metadata_header)
            captured.embeddings[folder, tag, as_step(global_step)] = points

    return add_embedding
