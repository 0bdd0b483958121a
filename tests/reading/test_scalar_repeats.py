"""The repeats of training loops are read as columns, and give the same points as event by event."""

import random
import warnings

import numpy as np
import pytest
from event_files import record, version_event, write_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scalar_files import NAME, VALUES, assert_reads_the_same, expected, obtained, one_event, walls

import tbevents
from tbevents.proto import Event, Summary
from tbevents.reading import repeat_search, run_builder, scalar_repeats
from tbevents.reading.scalar_blocks import SkeletonTable


@pytest.fixture
def any_repeats(monkeypatch):
    """Takes repeats however few there are."""
    for name in ("_FEW", "_FEW_RECORDS", "_MANY", "_TIMES"):
        monkeypatch.setattr(repeat_search, name, 1)


@st.composite
def loops(draw, damage=True):
    """Event files of training loops: repeats of the same tags, others between them, and perhaps damage."""
    payloads, step = [], draw(st.sampled_from([0, 1, 100, 120, 16370, 2**56 - 9, -3]))
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, 5))
        forms = draw(st.lists(st.sampled_from([f for f in VALUES if f != "node_name"]), min_size=size, max_size=size))
        names = draw(st.lists(st.sampled_from(["a", "b", "loss", "lr/" + "x" * 40, "ü"]), min_size=size, max_size=size))
        own_step = draw(st.booleans())
        for _ in range(draw(st.integers(1, 40))):
            step += 1
            for place, (form, name) in enumerate(zip(forms, names, strict=True)):
                at = step + own_step * place
                event = Event(
                    wall_time=draw(walls), step=at, summary=Summary(value=[VALUES[form](name + form[:3], at / 3)])
                )
                payloads.append(event.SerializeToString())
        payloads += draw(st.lists(one_event(), max_size=3))
    data = bytearray(b"".join(map(record, payloads)))
    if not damage:
        return bytes(data)
    for place, bit in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 7)), max_size=2)):
        data[place] ^= 1 << bit
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(
    max_examples=2 * settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=loops(), block=st.sampled_from([64, 300, 2000, 1 << 20]))
def test_loops_read_the_same_by_repeats_and_by_events(data, block, small_blocks, any_repeats, tmp_path):
    small_blocks(block)
    path = tmp_path / NAME
    path.write_bytes(data)
    if data:
        assert_reads_the_same(path)


@pytest.fixture
def taken(monkeypatch):
    """How many repeats of how many records were taken, one pair for each stretch."""
    found = []
    add = run_builder.RunBuilder._add_repeats

    def spy(self, repeats):
        is_taken = add(self, repeats)
        found.append((repeats.times * is_taken, len(repeats.loop.skeletons)))
        return is_taken

    monkeypatch.setattr(run_builder.RunBuilder, "_add_repeats", spy)
    return found


def loop_events(count, tags=("loss", "lr", "accuracy/top 5"), first=1, form="torch"):
    """Events of a training loop that logs these tags at each step."""
    return [
        Event(wall_time=1e9 + k / 7, step=k, summary=Summary(value=[VALUES[form](tag, k / 3 + number)]))
        for k in range(first, first + count)
        for number, tag in enumerate(tags)
    ]


@pytest.mark.parametrize("form", [form for form in VALUES if form != "node_name"])
def test_a_training_loop_is_read_by_repeats(tmp_path, taken, form):
    write_events(tmp_path / NAME, [version_event(), *loop_events(3000, form=form)])
    assert obtained(tmp_path) == expected(tmp_path)
    assert sum(count * size for count, size in taken) > 7500, "all but the start, and where steps grow in width"
    assert {size for _, size in taken} == {3}


def test_repeats_go_on_behind_what_comes_between(tmp_path, taken):
    events = []
    for epoch in range(6):
        events += loop_events(2000, first=20_000 + epoch * 2000)
        events += loop_events(1, ("val/loss", "val/accuracy"), first=20_000 + epoch * 2000)
    write_events(tmp_path / NAME, events)
    assert obtained(tmp_path) == expected(tmp_path)
    assert [count for count, _ in taken][1:] == [2000] * 5


@pytest.mark.parametrize("every", [2, 5, 20])
def test_where_repeats_are_short_their_search_is_given_up(tmp_path, monkeypatch, every):
    """A validation every few steps makes a longer loop; where that changes, too, blocks are as long as ever."""
    rng = random.Random(1)
    events = []
    while len(events) < 30_000:
        events += loop_events(rng.randrange(1, every), first=20_000 + len(events))
        events += loop_events(1, ("val/loss",), first=20_000 + len(events))
    write_events(tmp_path / NAME, events)
    sizes = []
    decode = SkeletonTable.decode
    monkeypatch.setattr(
        SkeletonTable, "decode", lambda self, records: sizes.append(len(records.offsets)) or decode(self, records)
    )
    assert obtained(tmp_path) == expected(tmp_path)
    assert len(sizes) < 12


def test_a_tag_that_is_logged_twice_a_repeat_keeps_its_order(tmp_path, taken):
    write_events(tmp_path / NAME, loop_events(2000, ("loss", "lr", "loss"), first=200))
    assert obtained(tmp_path) == expected(tmp_path)
    assert {size for _, size in taken} == {3}


def test_repeats_of_tags_that_are_not_wanted(tmp_path, taken):
    write_events(tmp_path / NAME, loop_events(2000, first=200))
    run = tbevents.read_run(tmp_path, tags=["lr"])
    assert run.tags == ("lr",)
    assert run.scalars["lr"].values.tolist() == [np.float32(k / 3 + 1) for k in range(200, 2200)]
    assert sum(count for count, _ in taken) > 1800


def test_repeats_of_another_plugin_are_no_scalars(tmp_path):
    first, *more = loop_events(2000, ("loss",), first=200, form="bare")
    first.summary.value[0].metadata.plugin_data.plugin_name = "mine"
    write_events(tmp_path / NAME, [first, *more])
    run = tbevents.read_run(tmp_path)
    assert run.counts() == {"tensors": {"loss": 2000}}


@pytest.mark.parametrize("checksums", ["verify", "skip"])
def test_damage_within_repeats_costs_one_record(tmp_path, taken, checksums):
    path = tmp_path / NAME
    starts = write_events(path, loop_events(4000, first=200))
    data = bytearray(path.read_bytes())
    data[starts[7001] + 12 + 9 + 1] ^= 0x01  # of the step
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)
        run = tbevents.read_run(tmp_path, checksums=checksums)
    assert sum(count for count, _ in taken) > 2000
    if checksums == "verify":
        assert [(p.kind, p.record, p.offset) for p in run.problems] == [("data_checksum", 7001, starts[7001])]
        assert sum(map(len, run.scalars.values())) == 11_999
    else:
        assert not run.problems
        assert sum(map(len, run.scalars.values())) == 12_000


def test_a_file_that_grows_within_a_repeat(tmp_path, taken):
    path = tmp_path / NAME
    starts = write_events(path, loop_events(4000, first=200))
    data = path.read_bytes()
    path.write_bytes(b"")
    run, at = None, 0
    for end in [*(starts[k] + 20 for k in range(4, 12_000, 1501)), len(data)]:
        with open(path, "ab") as file:
            file.write(data[at:end])
        at = end
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tbevents.DamageWarning)
            run = tbevents.read_run(tmp_path) if run is None else run.reload()
    assert not run.problems
    assert obtained(tmp_path) == {
        tag: (s.steps.tobytes(), s.wall_times.tobytes(), s.values.tobytes()) for tag, s in run.scalars.items()
    }


@pytest.fixture
def one_by_one(monkeypatch):
    """Small runs are not read together."""
    monkeypatch.setattr("tbevents.reading.reading_queue.SMALL", 0)


@pytest.mark.usefixtures("one_by_one")
def test_repeats_known_from_one_run_are_met_in_the_next(tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / f"run{number}").mkdir()
        write_events(tmp_path / f"run{number}" / NAME, [version_event(), *loop_events(1500, first=0)])
    learned = []
    make = scalar_repeats.Loop.__init__
    monkeypatch.setattr(scalar_repeats.Loop, "__init__", lambda self, *rest: learned.append(self) or make(self, *rest))
    logdir = tbevents.read_logdir(tmp_path, threads=1)
    for name, run in logdir.items():
        assert {t: (s.steps.tobytes(), s.wall_times.tobytes(), s.values.tobytes()) for t, s in run.scalars.items()} == (
            expected(tmp_path / name)
        )
    assert len(learned) == 2, "steps of one byte, and of two"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=loops(damage=False), block=st.sampled_from([300, 2000, 1 << 20]))
def test_loops_read_the_same_without_checksums(data, block, small_blocks, any_repeats, tmp_path):
    small_blocks(block)
    path = tmp_path / NAME
    path.write_bytes(data)
    assert obtained(path, checksums="skip") == expected(path)


def test_a_step_of_another_width_ends_the_repeats(tmp_path, taken):
    """Such a record has the length, the constant bytes and the checksum of a point, but its fields stand elsewhere."""
    payloads = [event.SerializeToString() for event in loop_events(1000, first=200)]
    payloads[1500] = payloads[1500][:9] + b"\x10\x05\x06" + payloads[1500][12:]
    write_events(tmp_path / NAME, payloads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)  # some releases of protobuf find an event in it
        run = tbevents.read_run(tmp_path)
    assert sum(count for count, _ in taken) > 700
    assert [len(series) for series in run.scalars.values()] == [999, 1000, 1000]


@pytest.mark.usefixtures("one_by_one")
def test_the_first_record_of_a_file_may_be_one_of_a_loop(tmp_path, taken):
    for number in range(2):
        (tmp_path / f"run{number}").mkdir()
        write_events(tmp_path / f"run{number}" / NAME, loop_events(1000, first=200 + number))
    runs = list(tbevents.read_logdir(tmp_path, threads=1).values())
    assert taken[-1] == (1000, 3)
    assert [run.first_wall_time for run in runs] == [1e9 + 200 / 7, 1e9 + 201 / 7]


def test_restarts_are_found_where_there_are_repeats(tmp_path):
    write_events(tmp_path / NAME, loop_events(1000, first=200) + loop_events(1000, first=700))
    run = tbevents.read_run(tmp_path, restarts="tensorboard")
    assert [series.steps.tolist() for series in run.scalars.values()] == [list(range(200, 1700))] * 3


def test_tags_that_are_logged_together_share_their_steps(tmp_path):
    events = [*loop_events(3000), *loop_events(200, ("loss", "lr"), first=4000), *loop_events(1000, first=5000)]
    write_events(tmp_path / NAME, events)
    run = tbevents.read_run(tmp_path)
    loss, lr, accuracy = (run.scalars[tag].steps for tag in ("loss", "lr", "accuracy/top 5"))
    assert np.shares_memory(loss, lr)
    assert not np.shares_memory(loss, accuracy)
    assert loss.tolist() == lr.tolist() == [*range(1, 3001), *range(4000, 4200), *range(5000, 6000)]
    assert accuracy.tolist() == [*range(1, 3001), *range(5000, 6000)]


def test_a_step_at_the_end_of_the_last_record_is_not_read_over_the_end_of_the_file():
    """Steps are read as whole words. Such a repeat needs bytes behind it, else the general way reads it."""

    def whole(tag, k):
        value = b"\x0a\x01" + tag + b"\x15" + np.array(k / 2, "<f4").tobytes()
        summary = b"\x0a" + bytes([len(value)]) + value
        wall = b"\x09" + np.array(1e9 + k, "<f8").tobytes()
        return record(wall + b"\x2a" + bytes([len(summary)]) + summary + b"\x10" + bytes([k]))

    data = np.frombuffer(b"".join(whole(tag, k) for k in range(1, 31) for tag in (b"a", b"b")), np.uint8)
    of_two = scalar_repeats.Loop([whole(b"a", 1), whole(b"b", 1)], [0, 1])
    for behind in range(8):
        there = np.concatenate((data, np.zeros(behind, np.uint8)))
        count = of_two.count(there)
        assert count == (29 if behind < 3 else 30), "a step of one byte and the checksum are three less than a word"
        points = of_two.columns(there, count, verify=True)
        assert [column.steps.tolist() for column in points] == [list(range(1, count + 1))] * 2
