"""The search behind damage: checksums of ranges, and work that grows as the bytes do."""

import itertools
import random

import numpy as np
import pytest

from tbevents.errors import DamagedFileError
from tbevents.format import crc32c_ranges, record_search
from tbevents.format.crc32c import crc32c, masked_crc32c
from tbevents.format.crc32c_ranges import ROW, RangeChecksums
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import encode_header, encode_record
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.format.record_search import RecordSearch


@pytest.mark.parametrize("rows", [3, 1 << 15])
@pytest.mark.parametrize("seed", range(20))
def test_checksums_of_ranges_equal_those_of_their_bytes(seed, rows, monkeypatch):
    """The bytes come in blocks that begin and end anywhere, in order."""
    monkeypatch.setattr(crc32c_ranges, "_ROWS", rows)
    rng = np.random.default_rng(seed)
    origin = int(rng.integers(0, 1000))
    data = rng.integers(0, 256, int(rng.integers(1, 4000))).astype(np.uint8)
    ranges = RangeChecksums(origin)
    first = stop = 0
    for _ in range(6):
        stop = int(rng.integers(stop, len(data) + 1))
        first = int(rng.integers(first, stop + 1))
        starts = rng.integers(min(first + ROW if first else 0, stop), stop + 1, 8)
        ends = np.array([rng.integers(start, stop + 1) for start in starts])
        found = ranges.of(data[first:stop], origin + first, origin + starts, origin + ends)
        assert found.tolist() == [crc32c(data[a:b].tobytes()) for a, b in zip(starts, ends, strict=True)]


def mess(seed):
    """Intact records, and between them whatever may pass for some."""
    rng = random.Random(seed)
    parts = []
    for _ in range(rng.randint(1, 120)):
        whole = encode_record(rng.randbytes(rng.choice([0, 3, 30, 300])))
        parts.append(
            rng.choice(
                [
                    whole,
                    whole + rng.randbytes(rng.randint(1, 20)),
                    whole[: rng.randrange(len(whole))],
                    bytes(rng.randint(1, 60)) + whole,
                    encode_header(rng.choice([0, 5, 400, 3000, 70_000, 2**31, 2**40])) + whole,
                    encode_record(whole),
                    encode_record(whole * 3)[:-1] + b"?",
                    b"".join(encode_header(rng.randint(0, 4000)) for _ in range(rng.randint(1, 40))),
                    (encode_record(b"") + encode_header(rng.randint(0, 4000))) * rng.randint(1, 20),
                ]
            )
        )
    data = b"".join(parts)
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.3 else data


def plainly_found(data, start):
    """The first intact record at a place or behind it, by trying every place."""
    for at in range(start, len(data) - 11):
        length = int.from_bytes(data[at : at + 8], "little")
        end = at + 12 + length
        if data[at : at + 12] != encode_header(length) or end + 4 > len(data):
            continue
        if masked_crc32c(data[at + 12 : end]) == int.from_bytes(data[end : end + 4], "little"):
            return at
    return None


@pytest.mark.parametrize("cheap", [0, 1 << 22])
@pytest.mark.parametrize("tile", [100, 1 << 16])
@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_what_trying_every_place_finds(seed, tile, cheap, monkeypatch):
    monkeypatch.setattr(record_search, "_TILE", tile)
    monkeypatch.setattr(record_search, "_CHEAP_AT_FIRST", cheap)
    monkeypatch.setattr(record_search, "_CHEAP", 0)
    data = mess(seed)
    block = np.frombuffer(data, np.uint8)
    search = RecordSearch(HeaderFinder(), 2**31 - 1, verify=True)
    start = 0
    while True:
        found = search.next(block, 0, start, size=len(data), at_end=True)
        expected = plainly_found(data, start)
        assert (found.offset if found.found else None) == expected
        if not found.found:
            return
        start = found.offset + 1


def in_turn(data, chunk):
    """Every record and every damage, by `next_records` and `recover`; and where the last damage began."""
    decoder = RecordDecoder(size=len(data))
    got, lost, fed = [], [], 0
    while True:
        try:
            records = decoder.next_records()
        except DamagedFileError as error:
            while not (found := decoder.recover(at_end=fed >= len(data))) and fed < len(data):
                decoder.feed(data[fed : fed + chunk])
                fed += chunk
            if not found:
                return got, lost, str(error)
            lost.append((str(error), decoder.offset - error.offset))
            continue
        if records is not NEED_DATA:
            got += list(zip(records.offsets + records.base, records.lengths, itertools.count(records.first)))
        elif fed >= len(data):
            return got, lost, None
        else:
            decoder.feed(data[fed : fed + chunk])
            fed += chunk


def in_one_go(data, chunk):
    """The same, by `next_scattered` wherever it can."""
    decoder = RecordDecoder(size=len(data))
    got, lost, fed = [], [], 0
    error = None
    while True:
        if error is None:
            records, damage, error = decoder.next_scattered(at_end=fed >= len(data))
            lost += [(str(one), skipped) for one, skipped in damage]
            if records is not None:
                got += list(zip(records.offsets + records.base, records.lengths, records.numbers, strict=True))
                continue
        try:
            if error is None:
                records = decoder.next_records()
        except DamagedFileError as damage:
            error = damage
        if error is not None:
            while not (found := decoder.recover(at_end=fed >= len(data))) and fed < len(data):
                decoder.feed(data[fed : fed + chunk])
                fed += chunk
            if not found:
                return got, lost, str(error)
            lost.append((str(error), decoder.offset - error.offset))
            error = None
        elif records is not NEED_DATA:
            got += list(zip(records.offsets + records.base, records.lengths, itertools.count(records.first)))
        elif fed >= len(data):
            return got, lost, None
        else:
            decoder.feed(data[fed : fed + chunk])
            fed += chunk


@pytest.mark.parametrize("chunk", [50, 700, 10**6])
@pytest.mark.parametrize("seed", range(12))
def test_records_across_damage_in_one_go_are_those_found_in_turn(seed, chunk):
    data = mess(seed)
    assert in_one_go(data, chunk) == in_turn(data, chunk)


def stray_bytes(n):
    return b"".join(encode_record(b"%6d" % k) + b"?" for k in range(n))


def damaged_headers(n):
    records = [bytearray(encode_record(b"%6d" % k)) for k in range(n)]
    for one in records[::2]:
        one[9] ^= 1
    return b"".join(records)


def claims_of_half(n):
    return encode_header(6 * n) * n


def records_and_claims_of_half(n):
    return (encode_record(b"") + encode_header(14 * n)) * n


def claims_of_any_length(n):
    rng = random.Random(n)
    return b"".join(encode_header(rng.randrange(12 * n)) for _ in range(n))


def truncated(n):
    return b"".join(encode_record(b"%40d" % k)[:30] for k in range(n))


def zeros_between(n):
    return b"".join(encode_record(b"%6d" % k) + bytes(k % 90 + 1) for k in range(n))


@pytest.mark.parametrize("read", [in_turn, in_one_go])
@pytest.mark.parametrize(
    "make",
    [
        stray_bytes,
        damaged_headers,
        claims_of_half,
        records_and_claims_of_half,
        claims_of_any_length,
        truncated,
        zeros_between,
    ],
)
def test_damage_costs_what_its_size_is(make, read, monkeypatch):
    """Counted in bytes that are searched for headers, and that are hashed: a few times those of the file."""
    searched, hashed = [], []
    find = HeaderFinder.find
    monkeypatch.setattr(
        HeaderFinder, "find", lambda self, block, **rest: searched.append(len(block)) or find(self, block, **rest)
    )
    monkeypatch.setattr(record_search, "masked_crc32c", lambda data: hashed.append(len(data)) or masked_crc32c(data))
    monkeypatch.setattr(record_search, "_CHEAP_AT_FIRST", 1 << 16)
    extend = crc32c_ranges._row_checksums
    monkeypatch.setattr(crc32c_ranges, "_row_checksums", lambda rows: hashed.append(rows.size) or extend(rows))
    for n in (4000, 16_000):
        searched.clear()
        hashed.clear()
        data = make(n)
        read(data, 1 << 20)
        assert sum(searched) < 3 * len(data)
        assert sum(hashed) < 11 * len(data) + (1 << 16)


def test_a_long_wait_for_a_record_moves_few_bytes():
    """What waits is moved only when there is no room behind it."""
    decoder = RecordDecoder()
    decoder.feed(encode_header(1 << 20))
    moved = 0
    for _ in range(1 << 8):
        before = decoder._data
        decoder.feed(b"x" * (1 << 12))
        moved += 0 if decoder._data is before else len(before)
        assert decoder._data is not before or decoder._at == 0
    assert moved < 4 << 20
