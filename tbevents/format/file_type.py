"""Names the type of a file that is not an event file, by its first bytes; for messages."""

from __future__ import annotations

import re
import zlib
from typing import Final

from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE, decode_header, split_footer

LOOKED_AT: Final = 1 << 16
"""The number of bytes that are looked at."""

EXAMPLE: Final = "a tf.train.Example"

_DOWNLOAD: Final = "a failed download, perhaps"
_DECOMPRESS: Final = "decompress it first"

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"version https://git-lfs.github.com/spec/", "a Git LFS pointer; run git lfs pull"),
    (0, b"/annex/objects/", "a git-annex pointer; run git annex get"),
    (0, b"../.git/annex/objects/", "a git-annex pointer; run git annex get"),
    (0, b"outs:\n- md5:", "a DVC pointer; run dvc pull"),
    (0, b"PK\x03\x04", "a zip archive; unpack it first"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"\x28\xb5\x2f\xfd", f"compressed by zstd; {_DECOMPRESS}: zstd -d"),
    (0, b"BZh", f"compressed by bzip2; {_DECOMPRESS}: bunzip2"),
    (0, b"\xfd7zXZ\x00", f"compressed by xz; {_DECOMPRESS}: unxz"),
    (0, b"\x5d\x00\x00\x80\x00\xff\xff\xff\xff", f"compressed by lzma; {_DECOMPRESS}: unlzma"),
    (0, b"\x04\x22\x4d\x18", f"compressed by lz4; {_DECOMPRESS}: lz4 -d"),
    (0, b"\xff\x06\x00\x00sNaPpY", f"compressed by snappy; {_DECOMPRESS}"),
    (0, b"\x1f\x9d", f"compressed by compress; {_DECOMPRESS}: uncompress"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (0, b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (257, b"ustar", "a tar archive; unpack it first: tar -xf"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"RIFF", "a RIFF file: a sound, a video or a WebP picture"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"\x93NUMPY", "a NumPy array (.npy)"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"ARROW1", "an Arrow table"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90\x00", "a program"),
    (0, b"\x80\x02", "a Python pickle"),
    (0, b"\x80\x03", "a Python pickle"),
    (0, b"\x80\x04\x95", "a Python pickle"),
    (0, b"\x80\x05\x95", "a Python pickle"),
)
"""Offset of a signature, the signature, what the file is and what to do."""

_TEXTS: Final = (
    (re.compile(rb"<!doctype html|<html|<head|<body", re.IGNORECASE), f"an HTML page: {_DOWNLOAD}"),
    (re.compile(rb"<\?xml|<error>", re.IGNORECASE), f"an XML document: {_DOWNLOAD}"),
    (re.compile(rb"[45]\d\d:? [A-Z]|(?:not found|access denied|forbidden)\b", re.IGNORECASE), _DOWNLOAD),
    (re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]\d-]"), f"JSON text: {_DOWNLOAD}"),
)
"""Beginnings of texts, after white space and a byte order mark, and what the texts are."""


def is_wav(data: bytes) -> bool:
    """Whether the bytes begin as a WAV file does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def file_type(start: bytes) -> str | None:
    """Returns what a file is, in words that can follow "this is"; None if it is unknown.

    Args:
        start: the first `LOOKED_AT` bytes of the file, or all of them.
    """
    if line_endings_changed(start):
        return "an event file whose line endings were changed: copy it again, as binary"
    for at, signature, name in _SIGNATURES:
        if start.startswith(signature, at):
            return name
    if start.startswith(b"\x1f\x8b"):
        return f"{_compressed(start)} by gzip; {_DECOMPRESS}: gunzip"
    if len(start) > 1 and start[0] & 0x8F == 0x08 and not (start[0] << 8 | start[1]) % 31 and _decompressed(start):
        return f"{_compressed(start)} by zlib; {_DECOMPRESS}: zlib.decompress in Python"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, name in _TEXTS:
        if pattern.match(text):
            return name
    if b"\xef\xbf\xbd" in start and _is_utf8(start):
        return "a file that was saved as text, in which bytes were replaced: copy it again, as binary"
    return None


def payload_type(payload: bytes) -> str | None:
    """Returns what a payload is that is not an Event; None if it is unknown."""
    # Example {features 1 {feature 1 ...}}; SequenceExample begins likewise: {context 1 {feature 1 ...}}.
    if payload[:1] == b"\n" and (b"\n" in payload[2:7] or payload[1:2] == b"\0"):
        return EXAMPLE
    name = file_type(payload[:LOOKED_AT])
    return None if name is None else name.partition(";")[0]


def line_endings_changed(start: bytes) -> bool:
    """Returns True if the first record is damaged, but intact if each CR LF is replaced by LF.

    Args:
        start: bytes from the start of a record on.
    """
    restored = start.replace(b"\r\n", b"\n")
    return len(restored) < len(start) and _starts_with_record(restored) and not _starts_with_record(start)


def _starts_with_record(data: bytes) -> bool:
    length, holds = decode_header(data[:HEADER_SIZE])
    end = HEADER_SIZE + length
    if len(data) < HEADER_SIZE or not holds or end + FOOTER_SIZE > len(data):
        return False
    _, stored, computed = split_footer(data[HEADER_SIZE : end + FOOTER_SIZE])
    return stored == computed


def _compressed(start: bytes) -> str:
    header = _decompressed(start)[:HEADER_SIZE]
    return (
        "records (TFRecord) compressed as a whole,"
        if len(header) == HEADER_SIZE and decode_header(header)[1]
        else "compressed"
    )


def _decompressed(start: bytes) -> bytes:
    """Returns the first bytes after decompression by gzip or zlib; b"" if the file is not compressed by them."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(start, HEADER_SIZE)
    except zlib.error:
        return b""


def _is_utf8(start: bytes) -> bool:
    try:
        start[: LOOKED_AT - 4].decode()
    except UnicodeDecodeError as error:
        return error.start >= len(start) - 8  # the end may cut a character
    return True
