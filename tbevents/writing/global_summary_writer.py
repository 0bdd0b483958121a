"""`GlobalSummaryWriter`: a writer that counts the steps itself, for all modules and forked processes of a script."""

from __future__ import annotations

import hashlib
import mmap
import multiprocessing
import struct
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Final

from tbevents import files
from tbevents.writing.sink import Sink
from tbevents.writing.summary_writer import SummaryWriter
from tbevents.writing.untraced import untraced_methods

__all__ = ["GlobalSummaryWriter"]


@untraced_methods
class GlobalSummaryWriter:
    """Logs without steps: each tag counts its own calls, from 0. A drop-in for tensorboardX's class of this name.

    ::

        writer = GlobalSummaryWriter.getSummaryWriter()  # the same one in every module
        writer.add_scalar("loss", 0.5)                   # step 0
        writer.add_scalar("loss", 0.4)                   # step 1

    Safe to use from many threads. Children forked after it was made, such as those of a multiprocessing.Pool, count on
    together: no step of a tag is used twice. Each process writes a file of its own into the run's folder. A child
    that is killed in the middle of a call leaves the others waiting. It cannot be pickled, so children that are spawned
    make their own.

    Args:
        logdir: as for `SummaryWriter`, and so for the others.
        comment: see `SummaryWriter`.
        purge_step: see `SummaryWriter`.
        max_queue: see `SummaryWriter`.
        flush_secs: see `SummaryWriter`.
        filename_suffix: see `SummaryWriter`.
        write_to_disk: see `SummaryWriter`.
        log_dir: see `SummaryWriter`.
        coalesce_process: without effect, as in tensorboardX.
        **options: the other arguments of `SummaryWriter`.

    Attributes:
        smw: the `SummaryWriter` that it logs with.
    """

    _made: ClassVar[GlobalSummaryWriter | None] = None  # by getSummaryWriter
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        logdir: files.StrPath | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 2.0,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        log_dir: files.StrPath | None = None,
        coalesce_process: bool = True,  # noqa: ARG002  # tensorboardX's, which ignores it too
        **options: Any,
    ) -> None:
        self.smw = SummaryWriter(
            log_dir,
            comment,
            purge_step,
            max_queue,
            flush_secs,
            filename_suffix,
            write_to_disk,
            logdir=logdir,
            **options,
        )
        self._counts = _SharedCounts()

    @classmethod
    def getSummaryWriter(cls) -> GlobalSummaryWriter:  # noqa: N802  # tensorboardX's name
        """The writer that all modules share; made, with the default folder, by the first call."""
        with cls._making:
            if cls._made is None:
                cls._made = cls()
            return cls._made

    def add_scalar(self, tag: str, scalar_value: Any, walltime: float | None = None) -> None:
        """Logs a number at the tag's next step; see `SummaryWriter.add_scalar`."""
        self._counts.use("scalar", tag, lambda step: self.smw.add_scalar(tag, scalar_value, step, walltime))

    def add_image(self, tag: str, img_tensor: Any, walltime: float | None = None, dataformats: str = "CHW") -> None:
        """Logs a picture at the tag's next step; see `SummaryWriter.add_image`."""
        self._counts.use("image", tag, lambda step: self.smw.add_image(tag, img_tensor, step, walltime, dataformats))

    def add_text(self, tag: str, text_string: str, walltime: float | None = None) -> None:
        """Logs a text at the tag's next step; see `SummaryWriter.add_text`."""
        self._counts.use("text", tag, lambda step: self.smw.add_text(tag, text_string, step, walltime))

    @property
    def file_writer(self) -> Sink:
        """The writer of the run's own file."""
        return self.smw._get_file_writer()

    def flush(self) -> None:
        """Returns when all that was logged in this process is with the operating system."""
        self.smw.flush()

    def close(self) -> None:
        """Closes the file. The next call goes on in a new one, and the steps go on."""
        self.smw.close()


_SLOTS: Final = 1 << 16
_SLOT: Final = struct.Struct("<16sQ")  # a digest of the name, and how often it was used


class _SharedCounts:
    """How often each of up to 65,536 names was used, by this process and all that are forked from it.

    A hash table in memory that these processes share. The system gives it pages as they are used.
    """

    def __init__(self) -> None:
        self._table = mmap.mmap(-1, _SLOTS * _SLOT.size)
        self._lock = multiprocessing.RLock()  # re-entrant: a signal handler may log, too

    def use(self, kind: str, tag: str, log: Callable[[int], None]) -> None:
        """Calls `log` with the count of a name, and counts if it raises nothing."""
        digest = hashlib.blake2b(f"{kind}/{tag}".encode(errors="surrogatepass"), digest_size=16).digest()
        with self._lock:
            at = self._find(digest)
            count = _SLOT.unpack_from(self._table, at)[1]
            log(count)
            _SLOT.pack_into(self._table, at, digest, count + 1)

    def _find(self, digest: bytes) -> int:
        """Where a name is, or where it can be put."""
        first = int.from_bytes(digest[:8], "little")
        for i in range(_SLOTS):
            at = (first + i) % _SLOTS * _SLOT.size
            if _SLOT.unpack_from(self._table, at)[0] in (digest, bytes(16)):
                return at
        raise ValueError(f"a GlobalSummaryWriter counts at most {_SLOTS} tags")
