"""Bytes to a file, and names to a folder, for good."""

from __future__ import annotations

import contextlib
import os

__all__ = ["sync_folder", "write_all"]


def write_all(fd: int, data: bytes | bytearray) -> None:
    """Writes bytes at the descriptor's position; the system may take them in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync_folder(path: str) -> None:
    """Makes the names in a folder durable, where the system can: Windows cannot, nor can every file system."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
