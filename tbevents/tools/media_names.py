"""Names of the files that pictures and sounds are exported to: safe, unique, and with the ending of their format."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import Final

_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"GIF8", "gif"),
    (0, b"BM", "bmp"),
    (8, b"WEBP", "webp"),
    (0, b"II*\0", "tif"),
    (0, b"MM\0*", "tif"),
    (8, b"WAVE", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
)
"""Offset of a signature, the signature, and the ending of the file. What is at offset 8 is the type of a RIFF file."""


def ending_of(data: bytes) -> str:
    """Returns the ending of a picture or sound by its first bytes; "bin" if its format is unknown."""
    for at, signature, ending in _SIGNATURES:
        if data.startswith(signature, at) and (not at or data.startswith(b"RIFF")):
            return ending
    return "bin"


class MediaNames:
    """Makes unique names for files, also on file systems that ignore case."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[str, str]] = {}  # casefolded name -> its run and tag
        self._files: set[str] = set()
        self._numbers: dict[str, int] = {}  # casefolded name -> number of files that wanted it

    def folder(self, run: str, tag: str) -> str:
        """Returns the relative folder of a tag of a run, with slashes."""
        parts = [safe_name(part) for part in ([] if run == "." else run.split("/")) + tag.split("/")]
        ends = itertools.accumulate(len(part.encode()) + 1 for part in parts)
        whole = sum(end <= _LONGEST_PATH for end in ends)
        if whole < len(parts):
            parts = [*parts[:whole], _digest("/".join(parts[whole:]))]
        return self._free("/".join(parts), (run, tag))

    def _free(self, name: str, owner: tuple[str, str]) -> str:
        number = 1
        while True:
            free = name if number == 1 else f"{name}~{number}"
            if self._folders.setdefault(free.casefold(), owner) == owner:
                return free
            number += 1

    def file(self, folder: str, step: int, ending: str) -> str:
        """Returns the path of a file for a step."""
        while True:
            key = f"{folder}/{step:010d}.{ending}".casefold()
            number = self._numbers[key] = self._numbers.get(key, 0) + 1
            name = f"{folder}/{step:010d}{'' if number == 1 else f'_{number}'}.{ending}"
            if name.casefold() not in self._files:
                self._files.add(name.casefold())
                return name


_LONGEST: Final = 120
"""Maximum bytes of a name: below the limit of all file systems, with room for a suffix."""

_LONGEST_PATH: Final = 1000
"""Maximum bytes of a path below the output folder; a longer one becomes a hash. Systems allow 4096 in all."""

_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(part: str) -> str:
    """Makes a name for a file or folder from any text; it cannot lead out of its folder on any system.

    Keeps letters of all scripts, digits, ``-_+=@,()[]``, and single dots and blanks inside the name; escapes the rest
    as ``%2e`` and the like. Names that are too long end in a hash.
    """
    text = re.sub(r"[^\w\-+=@,()\[\]. ]|^[. ]|[. ]$|(?<=\.)\.", _escaped, part)
    if not text or _DEVICES.match(text):
        text = f"%{text}"
    data = text.encode()
    if len(data) > _LONGEST:
        text = data[: _LONGEST - 13].decode(errors="ignore") + "~" + _digest(part)
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02x}" for byte in match[0].encode(errors="surrogatepass"))
