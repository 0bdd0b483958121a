"""What is remembered of a file, by itself: that it is the one that was read, was changed, or only touched."""

import io
import zlib

import numpy as np
import pytest
from event_files import record

from tbevents.errors import FileChangedError
from tbevents.file_ref import FileRef
from tbevents.reading.file_identity import REMEMBERED, FileIdentity, checksum_of_rest, checksums_of_cut, is_touched

DATA = bytes(range(256)) * 4


def identity(data=DATA):
    return FileIdentity.of_whole(np.frombuffer(data, np.uint8))


def check(data, path="file"):
    identity().check(io.BytesIO(data), path, len(data), len(DATA))


def test_a_file_that_was_appended_to_is_the_same():
    check(DATA)
    check(DATA + b"more")


@pytest.mark.parametrize("at", [0, REMEMBERED - 1, len(DATA) - REMEMBERED, len(DATA) - 1])
def test_a_change_at_either_end_is_noticed(at):
    changed = bytearray(DATA)
    changed[at] ^= 1
    with pytest.raises(FileChangedError, match=r"^file: was truncated or replaced$"):
        check(changed)


def test_a_shorter_file_is_another_one():
    with pytest.raises(FileChangedError, match="was truncated or replaced"):
        check(DATA[:-1])


def test_of_a_url_only_the_last_bytes_are_compared():
    check(bytes(REMEMBERED) + DATA[REMEMBERED:], "s3://bucket/file")
    with pytest.raises(FileChangedError, match="s3://bucket/file"):
        check(DATA[:-1] + b"\0", "s3://bucket/file")


def test_nothing_is_remembered_of_a_file_that_was_not_read():
    FileIdentity().check(io.BytesIO(b"any"), "file", 3, 0)


def test_a_cut_record_that_is_complete_means_another_file_and_a_wrong_one_has_checksums():
    whole = record(b"payload")
    with pytest.raises(FileChangedError, match="record at byte 3, which was incomplete, is complete"):
        checksums_of_cut(io.BytesIO(b"abc" + whole), "file", 3, 3 + len(whole))
    stored, computed = checksums_of_cut(io.BytesIO(whole[:-1] + b"\0"), "file", 0, len(whole))
    assert stored != computed == int.from_bytes(whole[-4:], "little")


def test_the_rest_of_a_file_is_that_up_to_the_size_it_had():
    assert checksum_of_rest(io.BytesIO(DATA), 100, 1000) == zlib.crc32(DATA[100:1000])
    assert checksum_of_rest(io.BytesIO(DATA), 100, 100) == 0
    large = bytes(1 << 16) + DATA
    assert checksum_of_rest(io.BytesIO(large), 1, len(large)) == zlib.crc32(large[1:])


@pytest.mark.parametrize(
    ("before", "now", "touched"),
    [
        (FileRef("f", 9, 1.0), FileRef("f", 9, 2.0), True),
        (FileRef("f", 9, 1.0), FileRef("f", 9, 1.0), False),
        (FileRef("f", 9, 1.0), FileRef("f", 10, 2.0), False),
        (FileRef("f", 8, 1.0), FileRef("f", 9, 2.0), False),
        (FileRef("f", 9), FileRef("f", 9, 2.0), False),
        (FileRef("f", 9, 1.0), FileRef("f", 9), False),
        (FileRef("f"), FileRef("f", 9, 2.0), False),
        (None, FileRef("f", 9, 2.0), False),
    ],
)
def test_a_file_is_touched_if_its_time_alone_is_another(before, now, touched):
    assert is_touched(before, now, 9) is touched
