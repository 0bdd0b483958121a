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

import tbevents
from tbevents.framing import Records
from tbevents.headers import HeaderFinder
from tbevents.proto import Event, HistogramProto, SourceMetadata, Summary, TensorProto
from tbevents.reading import collector, columns, event_file, round_search, rounds
from tbevents.reading.columns import SkeletonTable

NAME = "events.out.tfevents.1700000000.host.1.0"


def expected(path):
    """Tag -> (steps, wall_times, values as bytes), gathered event by event."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = list(tbevents.iter_events(path))
    for event in events:
        for value in event.summary.value:
            double = value.tensor.dtype == 2
            if value.HasField("simple_value"):
                number = value.simple_value
            elif value.HasField("tensor"):
                content = value.tensor.tensor_content
                listed = value.tensor.double_val if double else value.tensor.float_val
                number = struct.unpack("<d" if double else "<f", content)[0] if content else listed[0]
            else:
                continue
            points = found.setdefault(value.tag, ([], [], [], [False]))
            points[0].append(event.step)
            points[1].append(event.wall_time)
            points[2].append(number)
            points[3][0] |= double
    return {
        tag: (
            np.array(steps, np.int64).tobytes(),
            np.array(wall_times, np.float64).tobytes(),
            np.array(values, np.float64 if double else np.float32).tobytes(),
        )
        for tag, (steps, wall_times, values, (double,)) in found.items()
    }


def obtained(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = tbevents.read_run(path, **options)
    return {
        tag: (series.steps.tobytes(), series.wall_times.tobytes(), series.values.tobytes())
        for tag, series in run.scalars.items()
    }


def content_tensor(number, dtype):
    tensor = TensorProto(dtype=dtype, tensor_content=struct.pack("<f" if dtype == 1 else "<d", number))
    tensor.tensor_shape.SetInParent()
    return tensor


VALUES = {
    "torch": lambda tag, x: Summary.Value(tag=tag, simple_value=x),
    "node_name": lambda tag, x: Summary.Value(tag=tag, node_name=tag, simple_value=x),
    "display": lambda tag, x: tensor_value(tag, scalar_tensor(x), "scalars", display_name="shown", data_class=1),
    "new_style": lambda tag, x: tensor_value(tag, TensorProto(dtype=1, float_val=[x]), "scalars"),
    "double": lambda tag, x: tensor_value(tag, TensorProto(dtype=2, double_val=[x]), "scalars"),
    "tf2": lambda tag, x: tensor_value(tag, content_tensor(x, 1), "scalars", data_class=1),
    "tf2 double": lambda tag, x: tensor_value(tag, content_tensor(x, 2), "scalars"),
    "shape [1]": lambda tag, x: tensor_value(tag, scalar_tensor(x, (1,)), "scalars"),
    "bare": lambda tag, x: tensor_value(tag, scalar_tensor(x)),
}

floats = st.floats(width=32, allow_subnormal=True)
steps = st.one_of(
    st.integers(0, 300), st.sampled_from([0, -1, 127, 128, 2**14, 2**62, -(2**63), 2**63 - 1]), st.integers(0, 2**40)
)
walls = st.one_of(st.floats(1e9, 2e9), st.sampled_from([0.0, -0.0, float("inf")]))
tags = st.sampled_from(["a", "b", "loss", "loss/train", "", "ü", "x" * 120, "x" * 2100])


@st.composite
def one_event(draw):
    form = draw(st.sampled_from([*VALUES, "torch", "torch", "torch", "several", "histogram", "source", "empty"]))
    event = Event(wall_time=draw(walls), step=draw(steps))
    if form == "several":
        event.summary.value.extend(VALUES["torch"](draw(tags), draw(floats)) for _ in range(3))
    elif form == "histogram":
        event.summary.value.add(tag="histogram", histo=HistogramProto(num=draw(floats)))
    elif form == "source":
        event.source_metadata.CopyFrom(SourceMetadata(writer="someone"))
        event.summary.value.append(VALUES["torch"](draw(tags), draw(floats)))
    elif form != "empty":
        event.summary.value.append(VALUES[form](draw(tags) + form[:3], draw(floats)))
    return event.SerializeToString()


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


@pytest.fixture
def small_blocks(monkeypatch):
    """Lets columns be used for few records, and makes blocks small, so that their seams are met."""
    monkeypatch.setattr(columns, "_FEW", 1)

    def use(size):
        monkeypatch.setattr(event_file, "BLOCK", size)

    return use


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=files(), block=st.sampled_from([50, 64, 200, 1000, 5000, 1 << 20]))
def test_any_file_reads_the_same_by_columns_and_by_events(data, block, small_blocks, tmp_path):
    small_blocks(block)
    path = tmp_path / NAME
    path.write_bytes(data)
    if data:
        try:
            events = expected(path)
        except tbevents.NotAnEventFileError:
            with pytest.raises(tbevents.NotAnEventFileError):
                tbevents.read_run(path)
        else:
            assert obtained(path) == events


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
    assert len(run._collector._table.messages) < 100


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
    monkeypatch.setattr(event_file, "BLOCK", 1200)
    monkeypatch.setattr(collector, "_POINTS_A_TAG", 1)


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
    expected = np.where(np.arange(2000) // 500 == 2, values, values.astype(np.float32))
    series = run.scalars["a"]
    assert series.steps.tolist() == list(range(2000))
    assert (series.values.dtype, series.values.tolist()) == (np.float64, expected.tolist())
    for before, points in seen:
        assert list(before) == points, "a series that was looked at does not change"


@pytest.fixture
def any_rounds(monkeypatch):
    """Takes rounds however few there are."""
    for name in ("_FEW", "_FEW_RECORDS", "_MANY", "_TIMES"):
        monkeypatch.setattr(round_search, name, 1)


@st.composite
def loops(draw, damage=True):
    """Event files of training loops: rounds of the same tags, now and then others between them, and perhaps damage."""
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
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=loops(), block=st.sampled_from([64, 300, 2000, 1 << 20]))
def test_loops_read_the_same_by_rounds_and_by_events(data, block, small_blocks, any_rounds, tmp_path):
    test_any_file_reads_the_same_by_columns_and_by_events.hypothesis.inner_test(data, block, small_blocks, tmp_path)


@pytest.fixture
def taken(monkeypatch):
    """How many rounds of how many records were taken, one pair for each time."""
    found = []
    take = collector.Collector.take_rounds

    def spy(self, round_, *rest):
        count = take(self, round_, *rest)
        found.append((count, len(round_.skeletons)))
        return count

    monkeypatch.setattr(collector.Collector, "take_rounds", spy)
    return found


def loop_events(count, tags=("loss", "lr", "accuracy/top 5"), first=1, form="torch"):
    """Events of a training loop that logs these tags at each step."""
    return [
        Event(wall_time=1e9 + k / 7, step=k, summary=Summary(value=[VALUES[form](tag, k / 3 + number)]))
        for k in range(first, first + count)
        for number, tag in enumerate(tags)
    ]


@pytest.mark.parametrize("form", [form for form in VALUES if form != "node_name"])
def test_a_training_loop_is_read_by_rounds(tmp_path, taken, form):
    write_events(tmp_path / NAME, [version_event(), *loop_events(3000, form=form)])
    assert obtained(tmp_path) == expected(tmp_path)
    assert sum(count * size for count, size in taken) > 7500, "all but the start, and where steps grow in width"
    assert {size for _, size in taken} == {3}


def test_rounds_go_on_behind_what_comes_between(tmp_path, taken):
    events = []
    for epoch in range(6):
        events += loop_events(2000, first=20_000 + epoch * 2000)
        events += loop_events(1, ("val/loss", "val/accuracy"), first=20_000 + epoch * 2000)
    write_events(tmp_path / NAME, events)
    assert obtained(tmp_path) == expected(tmp_path)
    assert [count for count, _ in taken][1:] == [2000] * 5


@pytest.mark.parametrize("every", [2, 5, 20])
def test_where_rounds_are_short_their_search_is_given_up(tmp_path, monkeypatch, every):
    """A validation every few steps makes a longer round; where that changes, too, blocks are as long as ever."""
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


def test_a_tag_that_is_logged_twice_a_round_keeps_its_order(tmp_path, taken):
    write_events(tmp_path / NAME, loop_events(2000, ("loss", "lr", "loss"), first=200))
    assert obtained(tmp_path) == expected(tmp_path)
    assert {size for _, size in taken} == {3}


def test_rounds_of_tags_that_are_not_wanted(tmp_path, taken):
    write_events(tmp_path / NAME, loop_events(2000, first=200))
    run = tbevents.read_run(tmp_path, tags=["lr"])
    assert run.tags == ("lr",)
    assert run.scalars["lr"].values.tolist() == [np.float32(k / 3 + 1) for k in range(200, 2200)]
    assert sum(count for count, _ in taken) > 1800


def test_rounds_of_another_plugin_are_no_scalars(tmp_path):
    first, *more = loop_events(2000, ("loss",), first=200, form="bare")
    first.summary.value[0].metadata.plugin_data.plugin_name = "mine"
    write_events(tmp_path / NAME, [first, *more])
    run = tbevents.read_run(tmp_path)
    assert run.counts() == {"tensors": {"loss": 2000}}


@pytest.mark.parametrize("checksums", ["verify", "skip"])
def test_damage_within_rounds_costs_one_record(tmp_path, taken, checksums):
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


def test_a_file_that_grows_within_a_round(tmp_path, taken):
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


def test_rounds_known_from_one_run_are_met_in_the_next(tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / f"run{number}").mkdir()
        write_events(tmp_path / f"run{number}" / NAME, [version_event(), *loop_events(1500, first=0)])
    learned = []
    make = rounds.Round.__init__
    monkeypatch.setattr(rounds.Round, "__init__", lambda self, *rest: learned.append(self) or make(self, *rest))
    logdir = tbevents.read_logdir(tmp_path, threads=1)
    for name, run in logdir.items():
        assert {t: (s.steps.tobytes(), s.wall_times.tobytes(), s.values.tobytes()) for t, s in run.scalars.items()} == (
            expected(tmp_path / name)
        )
    assert len(learned) == 2, "steps of one byte, and of two"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=loops(damage=False), block=st.sampled_from([300, 2000, 1 << 20]))
def test_loops_read_the_same_without_checksums(data, block, small_blocks, any_rounds, tmp_path):
    small_blocks(block)
    path = tmp_path / NAME
    path.write_bytes(data)
    assert obtained(path, checksums="skip") == expected(path)


def test_a_step_of_another_width_ends_the_rounds(tmp_path, taken):
    """Such a record has the length, the constant bytes and the checksum of a point, but its fields stand elsewhere."""
    payloads = [event.SerializeToString() for event in loop_events(1000, first=200)]
    payloads[1500] = payloads[1500][:9] + b"\x10\x05\x06" + payloads[1500][12:]
    write_events(tmp_path / NAME, payloads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)  # some releases of protobuf find an event in it
        run = tbevents.read_run(tmp_path)
    assert sum(count for count, _ in taken) > 700
    assert [len(series) for series in run.scalars.values()] == [999, 1000, 1000]


def test_the_first_record_of_a_file_may_be_one_of_a_round(tmp_path, taken):
    for number in range(2):
        (tmp_path / f"run{number}").mkdir()
        write_events(tmp_path / f"run{number}" / NAME, loop_events(1000, first=200 + number))
    runs = list(tbevents.read_logdir(tmp_path, threads=1).values())
    assert taken[-1] == (1000, 3)
    assert [run.first_wall_time for run in runs] == [1e9 + 200 / 7, 1e9 + 201 / 7]


def test_restarts_are_found_where_there_are_rounds(tmp_path):
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
