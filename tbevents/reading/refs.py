"""References to runs: small values that name a run and its files, for other processes and machines."""

from __future__ import annotations

from dataclasses import dataclass

from tbevents.file_ref import FileRef, total_size


@dataclass(frozen=True, slots=True)
class RunRef:
    """A run as one listing of its logdir shows it. `tbevents.read_run` takes it in place of a path.

    It holds no more than its attributes, so it is quick to pickle, to compare and to hash. It stays as it is: a later
    listing that shows other sizes or times gives another reference.

    Attributes:
        name: as TensorBoard shows it: the folder relative to the logdir; ``.`` for the logdir itself.
        url: the folder, or the one event file; a local path or a URL.
        files: the event files, in the order in which they are read.
    """

    name: str
    url: str
    files: tuple[FileRef, ...] = ()

    def __post_init__(self) -> None:
        if type(self.files) is not tuple or any(type(file) is not FileRef for file in self.files):
            object.__setattr__(self, "files", tuple(FileRef(*file) for file in self.files))

    @property
    def is_file(self) -> bool:
        """True if it is one event file that was named itself, and not a folder."""
        return [file.url for file in self.files] == [self.url]

    @property
    def size(self) -> int:
        """Bytes in the files, as far as the listing tells."""
        return total_size(self.files)
