"""Reading by columns equals reading event by event, bit for bit, whatever the writer, the order and the damage."""

import math
import random
import struct
import warnings

import numpy as np
import pytest
from event_files import record, scalar_event, scalar_tensor, tensor_value, version_event, write_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scalar_files import NAME, VALUES, assert_reads_the_same, expected, obtained, one_event

import tbevents
from tbevents.format.header_search import HeaderFinder
from tbevents.format.record import Records
from tbevents.proto import Event, Summary
from tbevents.reading import decoder_feed, run_builder, scalar_blocks
from tbevents.reading.scalar_blocks import SkeletonTable


@st.composite
def files(draw):
    """Event files in which the same few sorts of events come again and again, in any order, and perhaps damage."""
    kinds = draw(st.lists(one_event(), min_size=1, max_size=8))
    payloads = draw(st.lists(st.sampled_from(kinds), min_size=0, max_size=40)) * draw(st.integers(1, 6))
    payloads += draw(st.lists(one_event(), max_size=5))
    data = bytearray(b"".join(map(record, payloads)))
    for place, bit in draw(st.lists(st.tuples(st.integers(0, max(0, len(data) - 1)), st.integers(0, 7)), max_size=3)):
        if data:
            data[place] ^= 1 << bit
    return bytes(data[: draw(st.integers(0, 10**6))] if draw(st.booleans()) else data)


@settings(
    max_examples=2 * settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=files(), block=st.sampled_from([50, 64, 200, 1000, 5000, 1 << 20]))
def test_any_file_reads_the_same_by_columns_and_by_events(data, block, small_blocks, tmp_path):
    small_blocks(block)
    path = tmp_path / NAME
    path.write_bytes(data)
    if data:
        assert_reads_the_same(path)


@pytest.mark.parametrize("form", VALUES)
def test_each_form_is_read_by_columns_and_not_by_the_general_decoder(form):
    payloads = [
        Event(
            wall_time=1e9 + k / 7, step=k * 40, summary=Summary(value=[VALUES[form](f"tag{k % 3}", k / 3)])
        ).SerializeToString()
        for k in range(300)
    ]
    block = np.frombuffer(b"".join(map(record, payloads)), np.uint8)
    offsets, lengths = HeaderFinder().find(block)
    decoded = SkeletonTable().decode(Records(0, block, offsets, lengths, 0))
    if form == "node_name":  # nobody writes it any more
        return
    assert (decoded.skeleton >= 0).sum() > 290
    taken = decoded.skeleton >= 0
    assert decoded.steps[taken].tolist() == (np.arange(300) * 40)[taken].tolist()


def test_fields_may_stand_in_any_order(tmp_path):
    def shuffled(k):
        """Value before the tag, summary before the step, step before the wall time."""
        value = b"\x15" + struct.pack("<f", k / 2) + b"\x0a\x04loss"
        summary = b"\x0a" + bytes([len(value)]) + value
        return b"\x2a" + bytes([len(summary)]) + summary + b"\x10" + bytes([k]) + b"\x09" + struct.pack("<d", 1e9 + k)

    write_events(tmp_path / NAME, [shuffled(k) for k in range(1, 100)])
    assert obtained(tmp_path) == expected(tmp_path)
    series = tbevents.read_run(tmp_path).scalars["loss"]
    assert series.steps.tolist() == list(range(1, 100))
    assert series.values.tolist() == [k / 2 for k in range(1, 100)]


def test_metadata_in_the_first_event_only(tmp_path):
    events = [version_event()]
    for k in range(200):
        tensor = scalar_tensor(k / 4)
        for tag, plugin in (("shown", "scalars"), ("other", "my_plugin")):
            value = tensor_value(tag, tensor, plugin if k == 0 else "", display_name=f"the {tag}" if k == 0 else "")
            if k:
                value.ClearField("metadata")
            events.append(Event(step=k + 1, summary=Summary(value=[value])))
    write_events(tmp_path / NAME, events)
    run = tbevents.read_run(tmp_path)
    assert list(run.scalars) == ["shown"]
    assert run.scalars["shown"].display_name == "the shown"
    assert run.scalars["shown"].values.tolist() == [k / 4 for k in range(200)]
    assert run.counts()["tensors"] == {"other": 200}


def test_a_damaged_record_among_columns_is_named_and_nothing_else_is_lost(tmp_path):
    path = tmp_path / NAME
    starts = write_events(path, [version_event(), *(scalar_event("loss", k, k / 2) for k in range(1, 5000))])
    rng = random.Random(7)
    data = bytearray(path.read_bytes())
    hit = sorted(rng.sample(range(1, 5000), 100))
    for index in hit:
        data[rng.randrange(starts[index] + 12, starts[index + 1])] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    with pytest.warns(tbevents.DamageWarning):
        run = tbevents.read_run(tmp_path)
    assert [(p.kind, p.record, p.offset) for p in run.problems] == [("data_checksum", k, starts[k]) for k in hit]
    assert run.scalars["loss"].steps.tolist() == [k for k in range(1, 5000) if k not in hit]


@pytest.mark.slow  # a thousand damaged files
def test_random_damage_costs_no_record_outside_it(tmp_path):
    path = tmp_path / NAME
    events = [version_event(), *(scalar_event(f"tag{k % 7}", k, k / 2, 1e9 + k) for k in range(1, 1500))]
    starts = write_events(path, events)
    whole = path.read_bytes()
    rng = random.Random(3)
    for _ in range(1000):
        data = bytearray(whole)
        place, size = rng.randrange(len(data)), rng.choice([1, 2, 8, 60, 500])
        sort = rng.choice(["flip", "zeros", "random", "cut", "insert"])
        end = min(len(data), place + size)
        if sort == "flip":
            end = place + 1
            data[place] ^= 1 << rng.randrange(8)
        elif sort == "zeros":
            data[place:end] = bytes(end - place)
        elif sort == "random":
            data[place:end] = rng.randbytes(end - place)
        elif sort == "cut":
            del data[place:end]
        else:
            end = place
            data[place:place] = rng.randbytes(size)
        path.write_bytes(data)
        outside = [k for k in range(len(events)) if starts[k + 1] <= place or starts[k] >= end]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tbevents.DamageWarning)
            run = tbevents.read_run(tmp_path)
        got = sorted(step for series in run.scalars.values() for step in series.steps.tolist())
        lost = {k for k in outside if k} - set(got)
        assert not lost, (sort, place, size)
        if bytes(data) != whole and len(got) < len(events) - 1:
            assert run.problems or sort == "cut"


def test_a_signalling_nan_keeps_its_bits(tmp_path):
    payload = bytearray(scalar_event("loss", 300, 1.0).SerializeToString())
    payload[-4:] = struct.pack("<I", 0x7FA00001)
    write_events(tmp_path / NAME, [bytes(payload)] * 100)
    assert set(tbevents.read_run(tmp_path).scalars["loss"].values.view(np.uint32).tolist()) == {0x7FA00001}


def test_each_event_a_tag_of_its_own_does_not_fill_the_table(tmp_path):
    write_events(tmp_path / NAME, [scalar_event(f"tag{k:05}", 300, k) for k in range(5000)])
    run = tbevents.read_run(tmp_path)
    assert len(run.scalars) == 5000
    assert run.scalars["tag04999"].values.tolist() == [4999.0]
    assert len(run._reading.builder._table.messages) < 100


@pytest.mark.parametrize("threads", [4])
def test_a_table_shared_by_threads_gives_the_same(tmp_path, threads):
    from concurrent.futures import ThreadPoolExecutor

    payloads = [scalar_event(f"tag{k % 50}", k, k / 2).SerializeToString() for k in range(4000)]
    block = np.frombuffer(b"".join(map(record, payloads)), np.uint8)
    offsets, lengths = HeaderFinder().find(block)
    records = Records(0, block, offsets, lengths, 0)
    table = SkeletonTable()
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda _: table.decode(records), range(16)))
    for decoded in blocks:
        taken = np.flatnonzero(decoded.skeleton >= 0)
        assert len(taken) > 3500
        assert decoded.values[taken].tolist() == (taken / 2).tolist()
        assert [table.messages[s].tag for s in decoded.skeleton[taken][:200].tolist()] == [
            f"tag{k % 50}" for k in taken[:200].tolist()
        ]


def test_what_another_thread_learns_meanwhile_is_used(monkeypatch):
    payloads = [scalar_event(f"tag{k % 5}", k, k / 2).SerializeToString() for k in range(128, 1000)]
    block = np.frombuffer(b"".join(map(record, payloads)), np.uint8)
    records = Records(0, block, *HeaderFinder().find(block), 0)
    alone, table = SkeletonTable(), SkeletonTable()
    find_offsets, others = scalar_blocks.find_offsets, []

    def while_another_reads(payload):
        if not others:
            others.append(True)
            others.append(table.decode(records))  # what another thread does here
        return find_offsets(payload)

    monkeypatch.setattr(scalar_blocks, "find_offsets", while_another_reads)
    taken = table.decode(records).skeleton >= 0
    assert len(others) == 2
    assert taken.tolist() == (alone.decode(records).skeleton >= 0).tolist()
    assert taken.sum() > 800


@pytest.mark.parametrize("step", [b"\x05\x06", b"\x85\x86"], ids=["ends early", "does not end"])
def test_a_step_whose_varint_is_of_another_width_is_not_taken_for_a_point(tmp_path, step):
    good = [scalar_event("loss", 128 + k, k / 2).SerializeToString() for k in range(200)]
    odd = good[100].replace(good[100][9:12], b"\x10" + step)
    assert len(odd) == len(good[100])
    write_events(tmp_path / NAME, [*good, odd])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)  # some releases of protobuf find an event in it
        run = tbevents.read_run(tmp_path)
    assert len(run.scalars["loss"]) == 200


@pytest.fixture
def few_at_a_time(monkeypatch):
    """Points reach their tags block by block, some 25 at a time."""
    monkeypatch.setattr(decoder_feed, "BLOCK", 1200)
    monkeypatch.setattr(run_builder, "_POINTS_A_TAG", 1)


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize("restarts", ["keep", "tensorboard"])
def test_columns_that_grow_keep_every_point_and_become_doubles_when_one_comes(tmp_path, few_at_a_time, look, restarts):
    """A third of pi is no float32: what was read before the first double stays, and what follows is exact."""
    path = tmp_path / NAME
    for part, form in enumerate(["torch", "torch", "double", "torch"]):
        steps = range(part * 500, part * 500 + 500)
        events = [Event(step=k, summary=Summary(value=[VALUES[form]("a", k * math.pi / 3)])) for k in steps]
        with open(path, "ab") as file:
            file.write(b"".join(record(event.SerializeToString()) for event in events))
        if part == 0:
            run, seen = tbevents.read_run(tmp_path, restarts=restarts), []
        else:
            run.reload()
        if look:
            seen.append((run.scalars["a"], list(run.scalars["a"])))
    values = np.arange(2000) * math.pi / 3
    part = np.arange(4).repeat(500)  # not by //: numpy 1.24 of 32-bit Debian does not divide int32
    expected = np.where(part == 2, values, values.astype(np.float32))
    series = run.scalars["a"]
    assert series.steps.tolist() == list(range(2000))
    assert (series.values.dtype, series.values.tolist()) == (np.float64, expected.tolist())
    for before, points in seen:
        assert list(before) == points, "a series that was looked at does not change"


def test_events_whose_values_stand_elsewhere_are_not_read_by_the_places_of_those_before(tmp_path):
    """They are as long, and so are all their fields; their values are equal, so those bytes pass for constant ones."""

    def event(k, value):
        summary = b"\x0a" + bytes([len(value)]) + value
        return b"\x09" + struct.pack("<d", 1e9 + k) + b"\x10" + bytes([k]) + b"\x2a" + bytes([len(summary)]) + summary

    tag, number = b"\x0a\x04loss", b"\x15" + struct.pack("<f", 0.75)
    first = [event(k, tag + number) for k in range(1, 61)]
    write_events(tmp_path / NAME, first + [event(k, number + tag) for k in range(61, 121)])
    series = tbevents.read_run(tmp_path).scalars["loss"]
    assert series.steps.tolist() == list(range(1, 121))
    assert set(series.values.tolist()) == {0.75}
