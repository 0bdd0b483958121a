"""The framing: vectors, chunks cut anywhere, limits, damage in every part, and recovery behind it."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbevents.errors import ChecksumError, DamagedFileError, IncompleteRecordError, RecordTooLargeError
from tbevents.format import header_search
from tbevents.format.crc32c import crc32c, describe_engine, masked_crc32c
from tbevents.format.crc32c_columns import contributions
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import encode_record
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder

payload_lists = st.lists(st.binary(max_size=300), max_size=12)


def test_checksums_equal_the_published_vectors():
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(bytes([0xFF]) * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert masked_crc32c(b"\x1a\x11CRC test, one two") == 0x5794D08A


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_the_engine_takes_any_bytes(kind):
    assert crc32c(kind(bytes(32))) == 0x8A9136AA


def test_the_engine_says_its_name():
    assert describe_engine().split()[0] in ("crcmod", "google-crc32c")


@given(st.binary(min_size=1, max_size=400), st.data())
def test_contributions_are_the_change_of_one_byte(data, draw):
    place = draw.draw(st.integers(0, len(data) - 1))
    distance = len(data) - 1 - place
    blank = data[:place] + b"\0" + data[place + 1 :]
    assert crc32c(blank) ^ int(contributions(distance + 1)[distance, data[place]]) == crc32c(data)


def test_encode_record_is_what_other_writers_write():
    # The first record of a file that TensorFlow 2 wrote: wall_time 1589601849.1, "brain.Event:2".
    payload = bytes.fromhex("09") + np.array(1589601849.1, "<f8").tobytes() + b"\x1a\rbrain.Event:2"
    record = encode_record(payload)
    assert record[:8] == (24).to_bytes(8, "little")
    assert record[8:12] == bytes.fromhex("a37f4b22")
    assert record[12:-4] == payload


def test_encode_record_equals_tensorboards_writer(tmp_path):
    record_writer = pytest.importorskip("tensorboard.summary.writer.record_writer", reason="tensorboard is not here")
    payloads = [b"", b"\0" * 100, b"x" * 70_000]
    with open(tmp_path / "theirs", "wb") as file:
        writer = record_writer.RecordWriter(file)
        for payload in payloads:
            writer.write(payload)
        writer.flush()
    assert (tmp_path / "theirs").read_bytes() == b"".join(map(encode_record, payloads))


def decode_all(data, cuts=(), **options):
    """Feeds the data in pieces cut at the given places; payloads one by one, until the end or an error."""
    decoder = RecordDecoder(**options)
    got = []
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, stop in itertools.pairwise(edges):
        decoder.feed(data[start:stop])
        while (record := decoder.next_record()) is not NEED_DATA:
            got.append(record.payload)
    return got, decoder


@given(payload_lists, st.lists(st.integers(0, 4000)))
def test_chunks_may_be_cut_anywhere(payloads, cuts):
    got, decoder = decode_all(b"".join(map(encode_record, payloads)), cuts)
    decoder.end()
    assert got == payloads
    assert decoder.record == len(payloads)


def test_byte_by_byte_and_the_offsets():
    payloads = [b"one", b"", b"three" * 50]
    data = b"".join(map(encode_record, payloads))
    got, decoder = decode_all(data, range(len(data)))
    assert got == payloads
    assert decoder.offset == len(data)


@given(payload_lists, st.integers(1, 999))
def test_many_at_once_equals_one_by_one(payloads, chunk):
    payloads = [*payloads, b"long" * 30_000, *payloads]
    data = b"".join(map(encode_record, payloads))
    decoder = RecordDecoder()
    got = []
    for start in range(0, len(data), chunk * 100):
        decoder.feed(data[start : start + chunk * 100])
        while (records := decoder.next_records()) is not NEED_DATA:
            assert records.first == len(got)
            got += [records.payload(k, verify=True) for k in range(len(records.offsets))]
    assert got == payloads


def test_records_within_a_payload_are_not_taken_for_records():
    inner = b"".join(encode_record(bytes([k])) for k in range(5))
    payloads = [b"a", inner, b"b", inner * 2000, b"c"]
    decoder = RecordDecoder()
    decoder.feed(b"".join(map(encode_record, payloads)))
    got = []
    while (records := decoder.next_records()) is not NEED_DATA:
        got += [records.payload(k, verify=False) for k in range(len(records.offsets))]
    assert got == payloads


@given(payload_lists, st.integers(0, 10_000))
def test_a_cut_tail_keeps_every_whole_record_and_says_what_is_missing(payloads, keep):
    data = b"".join(map(encode_record, payloads))
    kept = data[:keep]
    got, decoder = decode_all(kept)
    assert got == payloads[: len(got)]
    ends = np.cumsum([0] + [16 + len(payload) for payload in payloads]).tolist()
    assert len(got) == sum(end <= keep for end in ends) - 1
    if len(kept) in ends:
        decoder.end()
    else:
        assert 0 < decoder.missing <= ends[len(got) + 1] - keep
        with pytest.raises(IncompleteRecordError) as caught:
            decoder.end()
        assert (caught.value.offset, caught.value.record) == (ends[len(got)], len(got))


def test_need_data_says_how_much():
    data = encode_record(b"x" * 100)
    decoder = RecordDecoder()
    assert decoder.next_record() is NEED_DATA
    assert decoder.missing == 12
    decoder.feed(data[:12])
    assert decoder.next_record() is NEED_DATA
    assert decoder.missing == 104
    decoder.feed(data[12:])
    assert decoder.missing == 0
    assert decoder.next_record().payload == b"x" * 100


PARTS = {"length": (3, "length"), "length checksum": (9, "length"), "payload": (14, "data"), "footer": (-2, "data")}


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_bit_is_an_error_with_place_and_checksums_and_latches(part):
    place, guarded = PARTS[part]
    bad = bytearray(encode_record(b"damaged"))
    bad[place] ^= 0x10
    decoder = RecordDecoder(path="runs/a/events.out.tfevents.1")
    decoder.feed(encode_record(b"before") + bytes(bad) + encode_record(b"after"))
    assert decoder.next_record().payload == b"before"
    with pytest.raises(ChecksumError) as caught:
        decoder.next_record()
    error = caught.value
    assert (error.offset, error.record, error.part, error.kind) == (22, 1, guarded, f"{guarded}_checksum")
    assert error.stored != error.computed
    assert str(error) == (
        f"runs/a/events.out.tfevents.1: record 1 at byte 22: {guarded} checksum mismatch: "
        f"stored {error.stored:#010x}, computed {error.computed:#010x}"
    )
    for call in (decoder.next_record, decoder.next_records, decoder.end):
        with pytest.raises(ChecksumError) as again:
            call()
        assert again.value is error


def header(length):
    size = length.to_bytes(8, "little")
    return size + masked_crc32c(size).to_bytes(4, "little")


def test_a_length_over_the_limit_is_refused_before_anything_is_allocated():
    decoder = RecordDecoder()
    decoder.feed(header(2**62))
    with pytest.raises(RecordTooLargeError, match=r"record 0 at byte 0: declared length of 4611686018427387904 bytes"):
        decoder.next_record()
    decoder = RecordDecoder(max_length=10)
    decoder.feed(encode_record(b"x" * 10) + encode_record(b"x" * 11))
    assert decoder.next_record().payload == b"x" * 10
    with pytest.raises(RecordTooLargeError):
        decoder.next_records()


def test_a_length_over_the_size_of_the_file_is_refused_at_once():
    decoder = RecordDecoder(size=1000)
    decoder.feed(header(985))
    with pytest.raises(IncompleteRecordError) as caught:
        decoder.next_record()
    assert caught.value.missing == 1


def recovered(data, chunk, size=None):
    """Every payload that can be had, and the stretches (from, to) that were passed over."""
    decoder = RecordDecoder(size=size)
    got, lost = [], []
    pieces = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    fed = 0
    while True:
        try:
            record = decoder.next_record()
            if record is NEED_DATA and fed == len(pieces):
                decoder.end()
                return got, lost
        except DamagedFileError as error:
            while not decoder.recover(at_end=fed == len(pieces)):
                if fed == len(pieces):
                    return got, [*lost, (error.offset, len(data))]
                decoder.feed(pieces[fed])
                fed += 1
            lost.append((error.offset, decoder.offset))
            continue
        if record is NEED_DATA:
            decoder.feed(pieces[fed])
            fed += 1
        else:
            got.append(record.payload)


@pytest.mark.parametrize("chunk", [1, 7, 64, 10**6])
@pytest.mark.parametrize("part", PARTS)
def test_recovery_costs_the_damaged_record_alone(part, chunk):
    payloads = [b"a" * 20, b"b" * 21, b"c" * 22]
    records = [bytearray(encode_record(payload)) for payload in payloads]
    records[1][PARTS[part][0]] ^= 1
    got, lost = recovered(b"".join(records), chunk)
    assert got == [payloads[0], payloads[2]]
    assert lost == [(36, 36 + 37)]


@pytest.mark.parametrize("chunk", [1, 7, 64, 10**6])
@pytest.mark.parametrize("rubbish", [bytes(100), bytes(3), b"\xff" * 50, random.Random(1).randbytes(3000), header(50)])
def test_recovery_passes_over_rubbish(rubbish, chunk):
    payloads = [b"a" * 20, b"b" * 70_000, b"c" * 22]
    data = rubbish.join([b"", *map(encode_record, payloads), b""])
    got, lost = recovered(data, chunk)
    assert got == payloads
    assert sum(stop - start for start, stop in lost) == len(rubbish) * 4


def test_a_damaged_payload_that_holds_a_record_does_not_give_it_up_as_one():
    bad = bytearray(encode_record(encode_record(b"inner")))
    bad[-1] ^= 1
    got, lost = recovered(bytes(bad) + encode_record(b"next"), 10**6)
    assert got == [b"next"]
    assert lost == [(0, len(bad))]


def test_a_long_search_keeps_no_more_than_it_needs():
    decoder = RecordDecoder()
    decoder.feed(b"\xff" * 100)
    with pytest.raises(ChecksumError):
        decoder.next_record()
    for _ in range(50):
        assert not decoder.recover(at_end=False)
        decoder.feed(b"\xff" * 100_000)
    assert not decoder.recover(at_end=False)
    decoder.feed(encode_record(b"found"))
    assert decoder.recover(at_end=False)
    assert len(decoder._data) < 400_000
    assert decoder.next_record().payload == b"found"
    assert decoder.offset == 100 + 50 * 100_000 + 21


@given(st.binary(max_size=2000))
def test_any_bytes_end_in_records_or_typed_errors(data):
    recovered(data, 100)
    recovered(data, 100, size=len(data))


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=5), st.binary(max_size=50))
def test_the_finder_finds_each_header_and_its_length(lengths, before):
    data = before + b"".join(header(length) + b"\xee" * 5 for length in lengths)
    block = np.frombuffer(data, np.uint8)
    for limit in (2**31 - 1, 65_535, 100):
        offsets, found = HeaderFinder().find(block, max_length=limit)
        expected = [(len(before) + 17 * k, length) for k, length in enumerate(lengths) if length <= limit]
        assert list(zip(offsets.tolist(), found.tolist(), strict=True)) == expected


def test_no_two_headers_of_short_records_are_nearer_than_eight_bytes():
    """The finder relies on it: of eight places in a row, at most one is a header, whatever bytes follow."""
    every = np.array([list(header(length)) for length in range(65_536)], np.uint8)
    for distance in range(1, 8):
        lengths = every[:, distance] + 256 * every[:, distance + 1].astype(np.int64)
        same = every[lengths, : 12 - distance] == every[:, distance:]
        assert not same.all(axis=1).any()


def test_the_finder_looks_at_every_place_of_large_blocks(monkeypatch):
    """Headers at the seams of what is searched at a time, and among zeros."""
    monkeypatch.setattr(header_search, "_TILE", 64)
    rng = np.random.default_rng(5)
    for first in range(130):
        data = bytearray(rng.integers(0, 256, 700, dtype=np.uint8).tobytes())
        data[150:260] = bytes(110)
        places = [first, first + 16, first + 16 + 200 + first % 3, 600]
        lengths = [0, 255, 256, 65_535]
        for place, length in zip(places, lengths, strict=True):
            data[place : place + 12] = header(length)
        finder = HeaderFinder()
        for _ in range(2):  # its memory is used again
            offsets, found = finder.find(np.frombuffer(bytes(data), np.uint8), max_length=65_535)
            assert (offsets.tolist(), found.tolist()) == (places, lengths)


def test_long_records_are_not_searched_for_short_ones(monkeypatch):
    searched = []
    find = HeaderFinder.find

    def counting(self, block, **options):
        searched.append(len(block))
        return find(self, block, **options)

    monkeypatch.setattr(HeaderFinder, "find", counting)
    payloads = [bytes([k % 251]) * (300_000 if k % 40 == 0 else k % 90) for k in range(1, 400)]
    payloads += [b"%d" % k for k in range(20_000)]  # far more than are searched at first behind a long one
    data = b"".join(map(encode_record, payloads))
    decoder = RecordDecoder(size=len(data))
    got = []
    for start in range(0, len(data), 1 << 20):
        decoder.feed(data[start : start + (1 << 20)])
        while (records := decoder.next_records()) is not NEED_DATA:
            got += [records.payload(k, verify=False) for k in range(len(records.offsets))]
    assert got == payloads
    assert len(searched) < 30
    assert sum(searched) < 1_600_000 < len(data) / 1.9, "all of the first block, and then what is short"


@pytest.mark.parametrize("within", [1, 100, 3000, 10**6, None])
def test_records_found_in_few_bytes_or_many_are_the_same(within):
    """Up to 2 KiB are walked from header to header, more are searched."""
    payloads = [bytes([k % 251]) * (k * 7 % 300) for k in range(300)]
    decoder = RecordDecoder()
    decoder.feed(b"".join(map(encode_record, payloads)) + encode_record(b"last")[:9])
    found = []
    while (records := decoder.next_records(within)) is not NEED_DATA:
        starts = records.offsets
        assert within is None or starts[-1] - starts[0] < max(within, 1)
        found += [records.payload(index, verify=True) for index in range(len(starts))]
    assert found == payloads
    assert decoder.record == 300


def test_records_that_others_found_are_passed_over():
    records = [encode_record(bytes([k]) * 20) for k in range(4)]
    decoder = RecordDecoder(offset=1000, record=7)
    decoder.feed(b"".join(records))
    assert decoder.at_hand[12] == 0
    decoder.pass_over(2 * len(records[0]), 2)
    assert (decoder.offset, decoder.record) == (1000 + 2 * len(records[0]), 9)
    assert decoder.next_record().payload == bytes([2]) * 20
