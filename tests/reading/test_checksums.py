"""Reading with checksums skipped: what is not computed, what is not read, and what then goes unnoticed."""

import itertools
import struct
import warnings

import numpy as np
import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events
from recorded_warnings import warnings_of

import tbevents
from tbevents.errors import DamageWarning, PayloadError
from tbevents.format import crc32c, record_decoder, scalar_fields
from tbevents.format import record as framing
from tbevents.format.tensors import from_array
from tbevents.proto import Event, SessionLog, Summary, SummaryMetadata, TensorProto
from tbevents.reading import decoder_feed, payloads, scalar_blocks
from tbevents.reading.long_record import head_of

NAME = "events.out.tfevents.1"
LONG = 300_000


def flip(path, at, bits=0x01):
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(data)


def image_event(tag, step, encoded, **metadata):
    image = Summary.Image(height=2, width=3, encoded_image_string=encoded)
    value = Summary.Value(tag=tag, image=image)
    if metadata:
        value.metadata.CopyFrom(SummaryMetadata(**metadata))
    return Event(wall_time=1000.0 + step, step=step, summary=Summary(value=[value]))


def mixed_events():
    """Long values of every sort among scalars."""
    yield version_event()
    rng = np.random.default_rng(0)
    for step in range(4):
        for k in range(60):
            yield scalar_event("loss", 60 * step + k, k / 7)
        yield image_event("picture", step, rng.bytes(LONG))
        yield image_event("named", step, rng.bytes(LONG), display_name="Named")
        audio = Summary.Audio(sample_rate=8000, num_channels=1, length_frames=4, encoded_audio_string=rng.bytes(LONG))
        yield Event(step=step, summary=Summary(value=[Summary.Value(tag="sound", audio=audio)]))
        large = from_array(rng.random(LONG // 8))
        yield Event(wall_time=5.0, step=step, summary=Summary(value=[tensor_value("plain", large)]))
        strings = TensorProto(dtype=7, string_val=[b"3", b"2", rng.bytes(LONG)])
        strings.tensor_shape.dim.add(size=3)
        yield Event(step=step, summary=Summary(value=[tensor_value("tf2", strings, "images" if not step else "")]))
        yield Event(step=-1, graph_def=rng.bytes(LONG))
        yield Event(step=step, summary=Summary(value=[tensor_value("a", large), tensor_value("b", large)]))


def everything(run):
    """All that a run says, with its long values read again."""
    found = [run.tags, run.counts(), run.first_wall_time, run.graph and run.graph.encoded]
    for series in run.scalars.values():
        found += [series.steps.tolist(), series.values.tolist(), series.wall_times.tolist()]
    for series in (*run.images.values(), *run.audio.values()):
        found += [(value.step, value.wall_time, value.samples) for value in series]
    found += [value.array.tolist() for series in run.tensors.values() for value in series]
    for series in (*run.images.values(), *run.audio.values(), *run.tensors.values()):
        found += [series.tag, series.steps.tolist(), series.wall_times.tolist(), series.display_name]
    return found


@pytest.mark.parametrize("restarts", ["keep", "tensorboard", "overwrite"])
@pytest.mark.parametrize("block", [1 << 20, 50_000])
def test_an_intact_run_reads_the_same(tmp_path, monkeypatch, restarts, block):
    monkeypatch.setattr(decoder_feed, "BLOCK", block)
    write_events(tmp_path / NAME, mixed_events())
    skipped = tbevents.read_run(tmp_path, checksums="skip", restarts=restarts)
    verified = tbevents.read_run(tmp_path, restarts=restarts)
    assert everything(skipped) == everything(verified)
    assert verified.counts()["images"] == {"picture": 4, "named": 4, "tf2": 4}
    assert everything(tbevents.read_logdir(tmp_path, checksums="skip", restarts=restarts)["."]) == everything(verified)


def test_long_records_are_passed_over(tmp_path, monkeypatch):
    starts = write_events(tmp_path / NAME, mixed_events())
    taken = []
    more = decoder_feed.DecoderFeed.more
    monkeypatch.setattr(decoder_feed, "BLOCK", 1 << 15)

    def counted(self):
        before = self.left
        more(self)
        taken.append(before - self.left)

    monkeypatch.setattr(decoder_feed.DecoderFeed, "more", counted)
    tbevents.read_run(tmp_path, checksums="skip")
    skipped = sum(taken)
    # Read as a whole: the first of each tag with metadata behind its tensor, and those of two values.
    whole = LONG * (4 * 2 + 2)
    assert skipped < whole + 40 * (1 << 15) < starts[-1] / 2
    taken.clear()
    tbevents.read_run(tmp_path)
    assert sum(taken) == starts[-1]


def test_no_payload_checksum_is_computed(tmp_path, monkeypatch):
    write_events(tmp_path / NAME, mixed_events())
    lengths = []
    real = crc32c.masked_crc32c

    def spy(data):
        lengths.append(len(data))
        return real(data)

    for module in (framing, record_decoder, payloads):
        monkeypatch.setattr(module, "masked_crc32c", spy)
    monkeypatch.setattr(scalar_fields, "mask_array", lambda crcs: pytest.fail("checksums of columns were computed"))
    everything(tbevents.read_run(tmp_path, checksums="skip"))
    everything(tbevents.read_logdir(tmp_path, checksums="skip", threads=1)["."])
    assert set(lengths) == {8}


@pytest.mark.parametrize("count", [5, 500])
def test_a_flipped_number_goes_unnoticed_only_then(tmp_path, count):
    """Few records take the general decoder, many the columns."""
    path = tmp_path / NAME
    starts = write_events(path, [scalar_event("loss", step + 1, 1.0) for step in range(count)])
    flip(path, starts[3] - 5, 0x80)  # the sign of the third
    run = tbevents.read_run(tmp_path, checksums="skip")
    assert run.scalars["loss"].values.tolist() == [1.0, 1.0, -1.0] + [1.0] * (count - 3)
    assert run.problems == ()
    with pytest.warns(DamageWarning, match="data checksum mismatch"):
        assert len(tbevents.read_run(tmp_path).scalars["loss"]) == count - 1


@pytest.mark.parametrize("count", [5, 500])
def test_a_payload_that_is_no_event_is_undecodable(tmp_path, count):
    path = tmp_path / NAME
    starts = write_events(path, [scalar_event("loss", step + 1, 1.0) for step in range(count)])
    flip(path, starts[2] + 12, 0x06)  # the first wire key: there is no wire type 7
    with pytest.warns(DamageWarning, match="is not an Event message"):
        run = tbevents.read_run(tmp_path, checksums="skip")
    (problem,) = run.problems
    assert (problem.kind, problem.offset, problem.record) == ("undecodable", starts[2], 2)
    assert len(run.scalars["loss"]) == count - 1


def test_headers_are_verified_still(tmp_path):
    path = tmp_path / NAME
    starts = write_events(path, [scalar_event("loss", step + 1, step) for step in range(500)])
    flip(path, starts[7])
    flip(path, starts[7] - 1)  # the checksum of the payload before it
    flip(path, starts[9] - 1)  # and of the one at which reading goes on
    with pytest.warns(DamageWarning, match="length checksum mismatch"):
        run = tbevents.read_run(tmp_path, checksums="skip")
    assert [problem.kind for problem in run.problems] == ["length_checksum"]
    assert run.scalars["loss"].values.tolist() == [*range(7), *range(8, 500)]


def test_a_file_without_any_right_checksum_of_payloads_is_read(tmp_path):
    data = b""
    for step in range(300):
        whole = record(scalar_event("loss", step, step).SerializeToString())
        data += whole[:-4] + b"\0\0\0\0"
    (tmp_path / NAME).write_bytes(data[:4000] + b"?" * 100 + data[4000:])
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(tmp_path, checksums="skip")
    assert len(run.problems) <= 2
    assert len(run.scalars["loss"]) >= 298


def test_tags_whose_hashes_collide_are_told_apart(tmp_path, monkeypatch):
    """Records are matched by all their constant bytes, not by their hash."""
    monkeypatch.setattr(scalar_blocks, "_WEIGHTS", np.full_like(scalar_blocks._WEIGHTS, 1))  # of all hashes the worst
    tags = [f"{a}1234567{b}" for a, b in itertools.permutations("abcdefgh", 2)]  # one word apart
    events = [scalar_event(tag, step, number) for step in range(20) for number, tag in enumerate(tags)]
    write_events(tmp_path / NAME, events)
    run = tbevents.read_run(tmp_path, checksums="skip")
    assert {tag: set(series.values.tolist()) for tag, series in run.scalars.items()} == {
        tag: {number} for number, tag in enumerate(tags)
    }


def test_short_records_may_be_cut_by_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder_feed, "BLOCK", 1000)
    write_events(tmp_path / NAME, [scalar_event("loss", step, step / 7) for step in range(2000)])
    assert everything(tbevents.read_run(tmp_path, checksums="skip")) == everything(tbevents.read_run(tmp_path))


def test_a_long_scalar_contradicts_itself_all_the_same(tmp_path):
    long = TensorProto(dtype=1, tensor_content=bytes(LONG))
    long.tensor_shape.SetInParent()
    first, second = (tensor_value("loss", tensor) for tensor in (from_array(np.float32(1.0)), long))
    write_events(tmp_path / NAME, [Event(summary=Summary(value=[value])) for value in (first, second)])
    with pytest.warns(DamageWarning, match="tag 'loss'"):
        run = tbevents.read_run(tmp_path, checksums="skip")
    assert [problem.kind for problem in run.problems] == ["bad_value"]


def test_long_records_have_their_place_among_restarts(tmp_path):
    start = Event(step=5, session_log=SessionLog(status=SessionLog.START))
    pictures = [image_event("x", step, bytes(LONG)) for step in (4, 5, 6)]
    write_events(tmp_path / NAME, [version_event(), *pictures, start, image_event("x", 5, bytes(LONG))])
    run = tbevents.read_run(tmp_path, checksums="skip", restarts="tensorboard")
    assert run.images["x"].steps.tolist() == [4, 5]


def test_a_value_read_again_need_not_match_its_checksum(tmp_path):
    path = tmp_path / NAME
    starts = write_events(path, [image_event("x", 0, bytes(2000)), image_event("x", 1, bytes(LONG))])
    for end in starts[1:]:
        flip(path, end - 5)  # the last byte of the picture
    pictures = tbevents.read_run(tmp_path, checksums="skip").images["x"]
    assert [picture.encoded[-1] for picture in pictures] == [1, 1]


def test_a_long_record_that_is_damaged_says_so_when_it_is_read(tmp_path):
    path = tmp_path / NAME
    tail = Event.FromString(image_event("x", 1, bytes(LONG)).SerializeToString())
    starts = write_events(path, [tail])
    data = path.read_bytes()
    at = data.index(struct.pack("<I", 0), 20)
    run = tbevents.read_run(tmp_path, checksums="skip")
    assert run.problems == ()
    path.write_bytes(data[: at - 4] + b"\xff" * 20 + data[at + 16 :])
    with pytest.raises(PayloadError, match="the record at byte 0 is damaged"):
        run.images["x"][0].encoded  # noqa: B018
    assert starts == [0, len(data)]


def test_a_long_record_at_the_end_that_is_not_whole_is_incomplete(tmp_path):
    path = tmp_path / NAME
    starts = write_events(path, [scalar_event("loss", 1, 1.0), image_event("x", 1, bytes(LONG))])
    data = path.read_bytes()
    path.write_bytes(data[:-10])
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(tmp_path, checksums="skip")
    assert [(problem.kind, problem.offset) for problem in run.problems] == [("incomplete", starts[1])]
    path.write_bytes(data)
    assert len(run.reload().images["x"]) == 1
    assert run.problems == ()


def test_reload_behind_a_long_record_takes_only_what_came(tmp_path):
    path = tmp_path / NAME
    write_events(path, [scalar_event("loss", 1, 1.0), image_event("x", 1, bytes(LONG))])
    run = tbevents.read_run(tmp_path, checksums="skip")
    with open(path, "ab") as file:
        file.write(record(scalar_event("loss", 2, 2.0).SerializeToString()))
    run.reload()
    assert run.scalars["loss"].values.tolist() == [1.0, 2.0]
    assert len(run.images["x"]) == 1
    assert len(run.reload().scalars["loss"]) == 2


def test_a_file_truncated_or_replaced_within_a_long_record_is_read_anew(tmp_path):
    path = tmp_path / NAME
    scalar = scalar_event("loss", 1, 1.0)
    write_events(path, [scalar, image_event("x", 1, bytes(LONG))])
    run = tbevents.read_run(tmp_path, checksums="skip")
    write_events(path, [scalar, image_event("x", 2, bytes(LONG))])
    with pytest.warns(DamageWarning, match="truncated or replaced"):
        run.reload()
    assert run.images["x"].steps.tolist() == [2]
    path.write_bytes(path.read_bytes()[:-10])
    with warnings_of(DamageWarning) as warned:
        run.reload()
    assert "truncated or replaced" in str(warned[0].message)
    assert "x" not in run.images
    assert [problem.kind for problem in run.problems] == ["incomplete"]


def test_the_option_is_checked():
    for read in (tbevents.read_run, tbevents.read_logdir):
        with pytest.raises(ValueError, match=r"checksums must be 'verify' or 'skip', not 'skp'; did you mean 'skip'\?"):
            read(".", checksums="skp")


def test_values_that_are_not_wanted_are_passed_over(tmp_path):
    write_events(tmp_path / NAME, mixed_events())
    run = tbevents.read_run(tmp_path, checksums="skip", tags="loss")
    assert run.counts() == {"scalars": {"loss": 240}}
    run = tbevents.read_run(tmp_path, checksums="skip", kinds="audio")
    assert run.counts() == {"audio": {"sound": 4}}
    assert run.graph is None


def long_record(event, head=4096):
    payload = event if isinstance(event, bytes) else event.SerializeToString()
    return framing.LongRecord(0, len(payload), 0, payload[:head])


def test_heads_say_what_they_can():
    head = head_of(long_record(image_event("x", -7, bytes(LONG), display_name="shown")))
    assert (head.event.step, head.event.wall_time, head.ends) == (-7, 993.0, False)
    assert head.event.summary.value[0].tag == "x"
    assert head.event.summary.value[0].HasField("image")
    head = head_of(long_record(Event(summary=Summary(value=[tensor_value("t", from_array(np.zeros(LONG)))]))))
    assert head.event.summary.value[0].tensor.tensor_shape.dim[0].size == LONG
    assert head_of(long_record(Event(graph_def=bytes(LONG)))).event.WhichOneof("what") == "graph_def"


@pytest.mark.parametrize(
    "event",
    [
        image_event("x" * 5000, 0, bytes(LONG)),  # the tag reaches over the head
        image_event("x", 3, bytes(LONG)).SerializeToString() + b"\x10\x05",  # another step follows
        image_event("x", 3, bytes(LONG)).SerializeToString() + scalar_event("y", 1, 1.0).SerializeToString(),
        Event(
            summary=Summary(
                value=[
                    Summary.Value(tag="x", image={}),
                    Summary.Value(tag="y", image={"encoded_image_string": bytes(LONG)}),
                ]
            )
        ),
        Event(summary=Summary(value=[Summary.Value(tag="x", node_name="n" * LONG)])),
        Event(summary=Summary(value=[tensor_value("x", TensorProto(dtype=7, string_val=[b"s" * 50] * 2000))])),
        Event(file_version="v" * LONG),
        b"\xff" * LONG,
        bytes(LONG),
        b"",
    ],
)
def test_heads_that_do_not_tell_enough_say_nothing(event):
    assert head_of(long_record(event)) is None


def test_a_head_cut_anywhere_says_the_same_or_nothing():
    event = image_event("x", 300, bytes(LONG), display_name="shown")
    whole = head_of(long_record(event))
    said = [head_of(long_record(event, size)) for size in range(200)]
    assert all(head is None or head.event.step == whole.event.step for head in said)
    assert said[-1] == whole
    assert said[3] is None


def with_checksums(path, events, checksums):
    """Writes events whose data checksums are these, one after the other, over and over."""
    data = b""
    for event, checksum in zip(events, itertools.cycle(checksums)):
        data += record(event.SerializeToString())[:-4] + struct.pack("<I", checksum)
    path.write_bytes(data)
    return len(data)


@pytest.mark.parametrize("count", [2, 60, 2000])
@pytest.mark.parametrize("checksums", [[0x062DC0B3], [0], [1, 2, 3]], ids=["SageMaker", "zero", "different"])
def test_one_problem_says_that_no_data_checksum_holds_and_what_helps(tmp_path, count, checksums):
    path = tmp_path / NAME
    events = [version_event(), *(scalar_event("loss", step, step / 2) for step in range(count - 1))]
    size = with_checksums(path, events, checksums)
    with warnings_of(DamageWarning) as warned:
        run = tbevents.read_run(path)
    assert len(warned) == 1
    (problem,) = run.problems
    assert (problem.kind, problem.offset, problem.record, problem.skipped) == ("data_checksum", 0, 0, size)
    assert f"in all {count:,} records, while the checksums of their lengths hold" in problem.detail
    assert 'checksums="skip"' in problem.detail
    assert (f"each stores {checksums[0]:#010x}" in problem.detail) == (len(checksums) == 1)
    with pytest.raises(tbevents.DamagedFileError, match=r'record 0 at byte 0: .*checksums="skip"'):
        tbevents.read_run(path, strict=True)
    with warnings_of(DamageWarning) as warned:
        assert list(tbevents.iter_events(path)) == []
    assert 'checksums="skip"' in str(warned[-1].message)
    series = tbevents.read_run(path, checksums="skip").scalars["loss"]
    assert series.values.tolist() == [step / 2 for step in range(count - 1)]


def test_where_one_data_checksum_holds_each_that_does_not_is_a_problem(tmp_path):
    path = tmp_path / NAME
    with_checksums(path, [scalar_event("loss", step, step) for step in range(5)], [7])
    path.write_bytes(path.read_bytes() + record(scalar_event("loss", 5, 5).SerializeToString()))
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(path)
    assert [problem.record for problem in run.problems] == [0, 1, 2, 3, 4]
    with pytest.raises(tbevents.ChecksumError):
        tbevents.read_run(path, strict=True)


def test_an_incomplete_end_is_told_beside_data_checksums_of_which_none_holds(tmp_path):
    path = tmp_path / NAME
    with_checksums(path, [scalar_event("loss", step, step) for step in range(5)], [7])
    path.write_bytes(path.read_bytes() + b"\x18\0\0")
    with pytest.warns(DamageWarning):
        kinds = [problem.kind for problem in tbevents.read_run(path).problems]
    assert kinds == ["data_checksum", "incomplete"]


@pytest.mark.parametrize("parts", [[2, 3], [1, 1, 1], [60, 2000]])
def test_what_all_records_have_is_said_of_those_that_came_later_too(tmp_path, parts):
    path = tmp_path / NAME
    events = [scalar_event("loss", step, step) for step in range(sum(parts))]
    size = with_checksums(path, events, [7])
    data = path.read_bytes()
    with_checksums(path, events[: parts[0]], [7])
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(path)
    for count in itertools.accumulate(parts[1:], initial=parts[0]):
        path.write_bytes(data[: size * count // len(events)])  # perhaps in the middle of a record
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run.reload()
    (problem,) = run.problems
    assert (problem.offset, problem.record, problem.skipped) == (0, 0, size)
    assert f"data checksum mismatch in all {sum(parts):,} records" in problem.detail


@pytest.mark.parametrize("of_another_sort", [False, True])
def test_what_all_records_had_is_of_the_first_once_others_can_be_read(tmp_path, of_another_sort):
    path = tmp_path / NAME
    if of_another_sort:
        path.write_bytes(b"".join(record(b"\x0a\x03abc") for _ in range(3)))
    else:
        with_checksums(path, [scalar_event("loss", step, step) for step in range(3)], [7])
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(tmp_path)
    first = path.stat().st_size
    good = [record(scalar_event("loss", step, step).SerializeToString()) for step in (3, 4, 5)]
    bad = good[0][:-4] + b"bad!"
    with open(path, "ab") as file:
        file.write(good[0] + bad)
    with pytest.warns(DamageWarning):
        run.reload()
    with open(path, "ab") as file:
        file.write(good[1] + good[2])
    run.reload()
    assert run.scalars["loss"].steps.tolist() == [3, 4, 5]
    whole, single = run.problems
    assert (whole.offset, whole.record, whole.skipped) == (0, 0, first)
    what = "none of its first 3 records is an Event" if of_another_sort else "mismatch in the first 3 records"
    assert what in whole.detail
    assert (single.record, single.offset, single.kind) == (4, first + len(good[0]), "data_checksum")
