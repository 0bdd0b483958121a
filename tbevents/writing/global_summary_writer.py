"""`GlobalSummaryWriter`: a writer that counts the steps, shared by all modules and forked processes of a script."""

from __future__ import annotations

import hashlib
import mmap
import multiprocessing
import struct
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Final

from tbevents import files
from tbevents.forks import renew_when_forked
from tbevents.writing.sink import Sink
from tbevents.writing.summary_writer import SummaryWriter
from tbevents.writing.untraced import untraced_methods


class _Making:
    """Has the lock under which the shared writer is made. A forked child does not wait for a thread of its parent."""

    def __init__(self) -> None:
        self._renew_locks()
        renew_when_forked(self)

    def _renew_locks(self) -> None:
        self.lock = threading.RLock()  # re-entrant: a signal handler may run while it is held


@untraced_methods
class GlobalSummaryWriter:
    """Logs without steps: each tag counts its own calls, from 0. A drop-in for tensorboardX's `GlobalSummaryWriter`.

    ::

        writer = GlobalSummaryWriter.getSummaryWriter()  # the same one in every module
        writer.add_scalar("loss", 0.5)                   # step 0
        writer.add_scalar("loss", 0.4)                   # step 1

    Threads may share the writer. Children forked after it was made, such as those of a multiprocessing.Pool, share the
    counts: no step of a tag is used twice. Each process writes its own file in the run's folder. If a child is killed
    during a call, the other processes block. The writer cannot be pickled, so spawned children must make their own.

    Args:
        coalesce_process: has no effect, as in tensorboardX.
        **options: the other arguments are those of `SummaryWriter`.

    Attributes:
        smw: the underlying `SummaryWriter`.
    """

    _made: ClassVar[GlobalSummaryWriter | None] = None  # by getSummaryWriter
    _making: ClassVar[_Making] = _Making()

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
        coalesce_process: bool = True,  # noqa: ARG002  # tensorboardX has this argument and ignores it, too
        **options: Any,
    ) -> None:
        self.smw: SummaryWriter = SummaryWriter(
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
        """Returns the writer that all modules share. The first call makes it, with the default folder."""
        with cls._making.lock:
            if cls._made is None:
                made = cls()
                if cls._made is None:  # a signal handler may have made it meanwhile
                    cls._made = made
            return cls._made

    def add_scalar(self, tag: str, scalar_value: Any, walltime: float | None = None) -> None:
        """Logs a number at the tag's next step; see `SummaryWriter.add_scalar`."""
        self._counts.use("scalar", tag, lambda step: self.smw.add_scalar(tag, scalar_value, step, walltime))

    def add_image(self, tag: str, img_tensor: Any, walltime: float | None = None, dataformats: str = "CHW") -> None:
        """Logs an image at the tag's next step; see `SummaryWriter.add_image`."""
        self._counts.use("image", tag, lambda step: self.smw.add_image(tag, img_tensor, step, walltime, dataformats))

    def add_text(self, tag: str, text_string: str, walltime: float | None = None) -> None:
        """Logs text at the tag's next step; see `SummaryWriter.add_text`."""
        self._counts.use("text", tag, lambda step: self.smw.add_text(tag, text_string, step, walltime))

    def __repr__(self) -> str:
        return f"GlobalSummaryWriter({self.smw.log_dir!r})"

    @property
    def file_writer(self) -> Sink:
        """The writer of the run's own file."""
        return self.smw._get_file_writer()

    def flush(self) -> None:
        """Writes all events logged in this process to the file."""
        self.smw.flush()

    def close(self) -> None:
        """Closes the file. The next call continues in a new file; the steps continue, too."""
        self.smw.close()


_SLOTS: Final = 1 << 16
_SLOT: Final = struct.Struct("<16sQ")  # a digest of the name, and the number of its uses


class _SharedCounts:
    """Counts the uses of up to 65,536 names, in this process and all processes forked from it.

    The counts are a hash table in shared memory. The system allocates its pages on first use.
    """

    def __init__(self) -> None:
        self._table = mmap.mmap(-1, _SLOTS * _SLOT.size)
        self._lock = multiprocessing.RLock()  # re-entrant: a signal handler may log while it is held

    def use(self, kind: str, tag: str, log: Callable[[int], None]) -> None:
        """Increments the count of a name, and calls `log` with what it was.

        The count goes back if `log` raises, unless the event may be logged (an OSError is of an earlier batch, an
        interrupt comes at any moment) or a signal handler has used the next count.
        """
        digest = hashlib.blake2b(f"{kind}/{tag}".encode(errors="surrogatepass"), digest_size=16).digest()
        with self._lock:
            while True:  # until no signal handler has changed the slot meanwhile
                at = self._find(digest)
                slot = self._table[at : at + _SLOT.size]
                known, count = _SLOT.unpack(slot)
                used = _SLOT.pack(digest, count + 1)
                if known in (digest, bytes(16)) and self._changed(at, slot, used):
                    break
            try:
                log(count)
            except OSError:
                raise
            except Exception:
                self._changed(at, used, _SLOT.pack(digest, count))
                raise

    def _changed(self, at: int, old: bytes, new: bytes) -> bool:
        """Changes a slot if it still is as it was. There is no call between the two, so no handler runs there."""
        end = at + _SLOT.size
        if self._table[at:end] == old:
            self._table[at:end] = new
            return True
        return False

    def _find(self, digest: bytes) -> int:
        """Returns the offset of a name's slot, or of a free slot for it."""
        first = int.from_bytes(digest[:8], "little")
        for i in range(_SLOTS):
            at = (first + i) % _SLOTS * _SLOT.size
            if _SLOT.unpack_from(self._table, at)[0] in (digest, bytes(16)):
                return at
        raise ValueError(f"a GlobalSummaryWriter counts at most {_SLOTS} tags")
