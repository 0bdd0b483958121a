"""`MemoryWriter`: a `SummaryWriter` that writes to memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tbevents.files import StrPath
from tbevents.reading.run import Run
from tbevents.summary.embeddings import EmbeddingFiles
from tbevents.testing.memory_files import MemoryFiles, MemorySink
from tbevents.writing.sink import Sink
from tbevents.writing.summary_writer import SummaryWriter
from tbevents.writing.untraced import untraced_methods


@untraced_methods
class MemoryWriter(SummaryWriter):
    """A `SummaryWriter` that keeps what is logged in memory; it creates no file and no folder.

    ::

        writer = MemoryWriter()
        train(writer)
        assert writer.run.scalars["loss"].last.value < 0.1

    Logged values are readable at once, without `flush` or `close`, and stay readable after `close`. They go through the
    code that writes and reads files, so values are rounded and wrong arguments refused as on disk. A copy, or what a
    pickle of it gives, has the same folder and options, and nothing logged.

    Args:
        log_dir: the folder that it stands for; by default ``memory``, unless `logdir` is given.
        **options: the other arguments of `SummaryWriter`.

    Attributes:
        embeddings: what `add_embedding` would have written, by (tag, step).
    """

    def __init__(self, log_dir: StrPath | None = None, *args: Any, **options: Any) -> None:
        self._files = MemoryFiles()
        self.embeddings: dict[tuple[str, int], EmbeddingFiles] = {}
        if log_dir is None and options.get("logdir") is None:
            log_dir = "memory"
        super().__init__(log_dir, *args, **options)

    @property
    def run(self) -> Run:
        """The writer's own run, always up to date. Series taken from it do not change later."""
        return self._files.run(self.log_dir, ".")

    @property
    def runs(self) -> Mapping[str, Run]:
        """The runs by name: the writer's own, ``.``, and those of `add_scalars` and `add_hparams` below it."""
        return self._files.runs(self.log_dir)

    def __repr__(self) -> str:
        return f"MemoryWriter({self.log_dir!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Returns the configuration only."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_files", "embeddings")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._files = MemoryFiles()
        self.embeddings = {}
        super().__setstate__(state)

    def _write_embedding(self, tag: str, step: int, points: EmbeddingFiles) -> None:
        self.embeddings[tag, step] = points

    def _open(self, folder: str) -> Sink:
        if not self.write_to_disk:
            return super()._open(folder)
        return self._files.add(folder, MemorySink(folder, clock=self._clock))
