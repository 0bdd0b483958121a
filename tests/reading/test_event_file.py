"""Records and events of one file and of a run's files, damage passed over and said, and what is no event file."""

import gzip
import pickle
import warnings

import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events
from recorded_warnings import warnings_of

import tbevents
from tbevents import (
    ChecksumError,
    DamagedFileError,
    DamageWarning,
    IncompleteRecordError,
    NotAnEventFileError,
    RunNotFoundError,
    UndecodableRecordError,
)
from tbevents.format.crc32c import masked_crc32c
from tbevents.proto import Event, Summary, TensorProto
from tbevents.testing import golden

NAME = "events.out.tfevents.1700000000.host.1.0"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "run" / NAME


def events(count=5):
    return [version_event(), *(scalar_event("loss", step, step / 2) for step in range(1, count))]


def test_records_are_offsets_and_payloads_in_file_order(file):
    starts = write_events(file, events())
    records = list(tbevents.iter_records(file))
    assert [(r.offset, r.payload) for r in records] == [
        (start, event.SerializeToString()) for start, event in zip(starts[:-1], events(), strict=True)
    ]
    assert [r.end for r in records] == starts[1:]


@pytest.mark.parametrize("of", [str, lambda path: path, lambda path: path.parent, lambda path: str(path.parent)])
def test_a_file_or_the_folder_of_a_run_as_str_or_path(file, of):
    write_events(file, events())
    assert list(tbevents.iter_events(of(file))) == events()


def test_the_files_of_a_run_come_in_the_order_of_their_names(file):
    for number in (10, 9, 100):
        path = file.with_name(f"events.out.tfevents.1700000000.host.1.{number}")
        write_events(path, [scalar_event("loss", number, 0.0)])
    assert [event.step for event in tbevents.iter_events(file.parent)] == [9, 10, 100]


def test_more_than_a_block_of_short_and_long_records(file):
    payloads = [bytes([k % 256]) * (300_000 if k % 50 == 7 else k % 90) for k in range(1500)]
    file.parent.mkdir()
    file.write_bytes(b"".join(map(record, payloads)))
    assert file.stat().st_size > 5 << 20
    assert [r.payload for r in tbevents.iter_records(file)] == payloads


@pytest.mark.parametrize("read", [tbevents.iter_records, tbevents.iter_events, tbevents.read_run, tbevents.read_logdir])
def test_a_missing_path_is_an_error_at_the_call(tmp_path, read):
    for error in (RunNotFoundError, FileNotFoundError):
        with pytest.raises(error, match="nowhere: no such"):
            read(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="path must be a path"):
        read(7)


@pytest.mark.parametrize("read", [tbevents.iter_records, tbevents.iter_events, tbevents.read_run])
def test_a_folder_without_event_files_is_an_error_at_the_call(tmp_path, read):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(RunNotFoundError, match=r"this folder has no event file \(a file with 'tfevents' in its name\)"):
        read(tmp_path)
    assert len(tbevents.read_logdir(tmp_path)) == 0


FOREIGN = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(200)),
    "gzip": gzip.compress(b"text " * 99, mtime=0),
    "text": b"step,value\n1,2\n" * 50,
    "short text": b"hello\n",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_sort_is_named_as_such(tmp_path, kind):
    path = tmp_path / f"picture.{kind}"
    path.write_bytes(FOREIGN[kind])
    for read in (tbevents.iter_records, tbevents.iter_events, tbevents.read_run):
        with pytest.raises(NotAnEventFileError, match="this is not an event file: it starts with") as caught:
            list(getattr(read(path), "scalars", read(path)))
        assert str(caught.value).startswith(f"{path}: record 0 at byte 0: ")


def test_a_file_of_another_sort_among_a_runs_files_is_a_problem(file):
    write_events(file, events())
    other = file.with_name("notes.tfevents.txt")
    other.write_bytes(FOREIGN["text"])
    with pytest.warns(DamageWarning, match="this is not an event file"):
        run = tbevents.read_run(file.parent)
    assert len(run.scalars["loss"]) == 4
    (problem,) = run.problems
    assert (problem.file, problem.kind, problem.skipped) == (str(other), "not_an_event_file", len(FOREIGN["text"]))


@pytest.mark.parametrize("data", [b"", b"\x18", (24).to_bytes(8, "little")], ids=["empty", "one byte", "a length"])
def test_a_file_too_short_for_a_record_is_incomplete(file, data):
    file.parent.mkdir()
    file.write_bytes(data)
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(file)
    assert run.tags == ()
    (problem,) = run.problems
    assert (problem.kind, problem.offset, problem.skipped) == ("incomplete", 0, len(data))
    with pytest.raises(IncompleteRecordError):
        list(tbevents.iter_events(file, strict=True))


def damaged(file, change, count=5):
    """Writes a file and applies a change to its bytes; returns where the records start."""
    starts = write_events(file, events(count))
    data = bytearray(file.read_bytes())
    file.write_bytes(bytes(change(data, starts)))
    return starts


def flip(at):
    def change(data, starts):
        data[at(starts)] ^= 0x04
        return data

    return change


PARTS = {
    "length": ("length_checksum", lambda starts: starts[2] + 1),
    "length checksum": ("length_checksum", lambda starts: starts[2] + 9),
    "payload": ("data_checksum", lambda starts: starts[2] + 20),
    "data checksum": ("data_checksum", lambda starts: starts[3] - 1),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_bit_costs_its_record_alone(file, part):
    kind, place = PARTS[part]
    starts = damaged(file, flip(place))
    with pytest.warns(DamageWarning, match="record 2 at byte"):
        got = list(tbevents.iter_events(file))
    assert got == [event for k, event in enumerate(events()) if k != 2]
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(file)
    assert run.scalars["loss"].steps.tolist() == [1, 3, 4]
    (problem,) = run.problems
    size = starts[3] - starts[2]
    assert (problem.kind, problem.offset, problem.skipped, problem.record) == (kind, starts[2], size, 2)
    assert problem.file == str(file)
    assert f"{file}: record 2 at byte {starts[2]}: " in str(problem)


@pytest.mark.parametrize("part", PARTS)
def test_strict_raises_at_the_damage_and_gives_what_stands_before(file, part):
    starts = damaged(file, flip(PARTS[part][1]))
    got = []
    with pytest.raises(ChecksumError) as caught:
        got.extend(tbevents.iter_events(file, strict=True))
    assert got == events()[:2]
    assert (caught.value.offset, caught.value.path) == (starts[2], str(file))
    with pytest.raises(ChecksumError):
        tbevents.read_run(file, strict=True)
    with pytest.raises(ChecksumError):
        tbevents.read_logdir(file.parent, strict=True)["."]


def test_an_intact_record_that_holds_no_event_is_passed_over(file):
    write_events(file, [version_event(), b"\xff\xff\xff", scalar_event("loss", 1, 1.0)])
    with pytest.warns(DamageWarning, match="payload of 3 bytes is not an Event message"):
        got = list(tbevents.iter_events(file))
    assert [event.step for event in got] == [0, 1]
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(file)
    assert [(p.kind, p.record, p.skipped) for p in run.problems] == [("undecodable", 1, 19)]
    assert len(run.scalars["loss"]) == 1
    with pytest.raises(UndecodableRecordError):
        tbevents.read_run(file, strict=True)


def test_every_truncation_keeps_every_whole_record(file):
    starts = write_events(file, events())
    whole = file.read_bytes()
    for keep in range(len(whole) + 1):
        file.write_bytes(whole[:keep])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamageWarning)
            run = tbevents.read_run(file)
            got = list(tbevents.iter_events(file))
        expected = sum(end <= keep for end in starts[1:])
        assert got == events()[:expected]
        if keep in starts[1:]:
            assert run.problems == ()
        else:
            (problem,) = run.problems
            assert (problem.kind, problem.offset) == ("incomplete", starts[expected])
            assert problem.skipped == keep - starts[expected]
            with pytest.raises(IncompleteRecordError):
                tbevents.read_run(file, strict=True)


def test_every_flipped_bit_costs_one_record_and_is_named(file):
    starts = write_events(file, events(4))
    whole = file.read_bytes()
    for bit in range(len(whole) * 8):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        file.write_bytes(data)
        hit = sum(start <= bit // 8 for start in starts) - 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamageWarning)
            run = tbevents.read_run(file.parent)
            got = list(tbevents.iter_events(file.parent))
        assert got == [event for k, event in enumerate(events(4)) if k != hit], bit
        (problem,) = run.problems
        assert (problem.offset, problem.record) == (starts[hit], hit)
        assert problem.skipped == starts[hit + 1] - starts[hit]


def test_a_warning_points_at_the_callers_line_also_if_tbevents_iterates(file, tmp_path):
    text = tensor_value("notes", TensorProto(dtype=7, string_val=[b"x"]), "text")
    write_events(file, [version_event(), b"\xff\xff\xff", Event(summary=Summary(value=[text]))])
    with warnings_of(DamageWarning) as direct:
        assert len(list(tbevents.iter_events(file))) == 2
    with warnings_of(DamageWarning) as followed:
        assert len(list(tbevents.follow(file, timeout=0))) == 2
    with warnings_of(DamageWarning) as within:
        golden.save(str(tmp_path / "golden"), {".": tbevents.read_run(file)}, None)
    assert {warning.filename for warning in [*direct, *followed, *within]} == {__file__}
    assert [len(each) for each in (direct, followed, within)] == [1, 1, 2]


@pytest.mark.parametrize("read", [tbevents.iter_records, tbevents.iter_events])
def test_an_entry_that_cannot_be_opened_is_warned_of_or_raised_if_strict(file, read):
    write_events(file, events())
    link = file.with_name(f"{NAME}.v2")
    link.symlink_to("nowhere")
    with warnings_of(DamageWarning, match=f"{link.name}: cannot be read: No such file") as caught:
        assert len(list(read(file.parent))) == 5
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.raises(FileNotFoundError, match=link.name):
        list(read(file.parent, strict=True))


def test_a_zero_filled_tail_is_incomplete_and_says_so(file):
    starts = damaged(file, lambda data, starts: data + bytes(5000))
    with pytest.warns(DamageWarning, match="ends in 5000 zero bytes where a record should be"):
        run = tbevents.read_run(file)
    assert len(run.scalars["loss"]) == 4
    assert [(p.kind, p.offset, p.skipped) for p in run.problems] == [("incomplete", starts[-1], 5000)]


def test_zeros_in_the_middle_are_damage(file):
    starts = damaged(file, lambda data, starts: data[: starts[2]] + bytes(777) + data[starts[2] :])
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(file)
    assert len(run.scalars["loss"]) == 4
    assert [(p.kind, p.offset, p.skipped) for p in run.problems] == [("length_checksum", starts[2], 777)]


@pytest.mark.parametrize("lost", [3, 4])
def test_bytes_lost_from_the_middle_cost_the_records_they_were_in(file, lost):
    starts = damaged(file, lambda data, starts: data[: starts[2] + 30] + data[starts[lost] + 20 :], count=8)
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(file)
    assert run.scalars["loss"].steps.tolist() == [1, *range(lost + 1, 8)]
    (problem,) = run.problems
    assert problem.offset == starts[2]


def test_a_huge_declared_length_allocates_nothing(file):
    def change(data, starts):
        header = (2**40).to_bytes(8, "little")
        return data[: starts[2]] + header + masked_crc32c(header).to_bytes(4, "little") + data[starts[2] :]

    starts = damaged(file, change)
    with pytest.warns(DamageWarning, match="declared length of 1099511627776 bytes is over the limit"):
        run = tbevents.read_run(file)
    assert len(run.scalars["loss"]) == 4
    assert [(p.kind, p.offset, p.skipped) for p in run.problems] == [("too_large", starts[2], 12)]


def test_many_problems_give_few_warnings(file):
    def change(data, starts):
        for start in starts[1:-1:2]:
            data[start + 15] ^= 1
        return data

    damaged(file, change, count=40)
    with warnings_of(DamageWarning) as caught:
        run = tbevents.read_run(file)
    assert len(run.problems) == 20
    assert len(caught) == 4
    assert "and 17 more damaged stretches" in str(caught[-1].message)


def test_warnings_point_at_the_callers_line(file):
    damaged(file, flip(PARTS["payload"][1]))
    for read in (lambda: tbevents.read_run(file), lambda: list(tbevents.iter_events(file))):
        with warnings_of(DamageWarning) as caught:
            read()
        assert caught[0].filename == __file__


def test_damage_errors_say_where_and_survive_pickling(file):
    damaged(file, flip(PARTS["payload"][1]))
    with pytest.raises(DamagedFileError) as caught:
        tbevents.read_run(file, strict=True)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert again.stored == caught.value.stored
