"""A file as a listing shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class FileRef(NamedTuple):
    """A file as a listing of its folder shows it: a tuple of url, size and modified.

    Attributes:
        url: the path or URL.
        size: in bytes; None if the listing does not tell.
        modified: differs between two versions of the file: its ETag (a str) where the file system has one, otherwise
            the time of its last change in seconds since 1970 (a float). None if the listing tells neither.
    """

    url: str
    size: int | None = None
    modified: float | str | None = None

    def is_same_version(self, other: FileRef) -> bool:
        """Whether two listings show the same content; False if they do not tell."""
        return None not in (self.size, self.modified) and self[1:] == other[1:]


def total_size(files: Iterable[FileRef]) -> int:
    """Returns the bytes of some files, without those of which the listing does not tell."""
    return sum(file.size or 0 for file in files)
