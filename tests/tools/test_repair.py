"""Repair keeps every whole record and says what it dropped."""

import itertools
import warnings
from pathlib import Path

import pytest
from event_files import record, scalar_event, version_event, write_events

import tbevents
from tbevents.errors import DamageWarning, NotAnEventFileError
from tbevents.tools.diff import Tolerance, diff
from tbevents.tools.edit import edit
from tbevents.tools.repair import repair

CORPUS = Path(__file__).resolve().parent.parent / "fuzz" / "corpus"
EVENTS = [version_event(), *(scalar_event("loss", step, step / 2) for step in range(6))]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "in" / "events.out.tfevents.1.x"
    starts = write_events(path, EVENTS)
    return path, starts


def flip(data, at):
    data[at] ^= 0x20


def blank(data, start, end):
    data[start:end] = bytes(end - start)


def insert_undecodable(data, at):
    data[at:at] = record(b"\xff\xff\xff")


DAMAGE = {
    "length": (lambda data, starts: flip(data, starts[3]), [3]),
    "length checksum": (lambda data, starts: flip(data, starts[3] + 8), [3]),
    "payload": (lambda data, starts: flip(data, starts[3] + 14), [3]),
    "payload checksum": (lambda data, starts: flip(data, starts[4] - 1), [3]),
    "first record": (lambda data, starts: flip(data, 14), [0]),
    "two records": (lambda data, starts: (flip(data, starts[2] + 14), flip(data, starts[5] + 14)), [2, 5]),
    "cut": (lambda data, starts: data.__delitem__(slice(starts[6] + 5, None)), [6]),
    "bytes lost": (lambda data, starts: data.__delitem__(slice(starts[2] + 3, starts[3] + 7)), [2, 3]),
    "bytes added": (lambda data, starts: data.__setitem__(slice(starts[2], starts[2]), b"garbage"), []),
    "zero tail": (lambda data, starts: data.extend(bytes(500)), []),
    "zeros inside": (
        lambda data, starts: data.__setitem__(slice(starts[1], starts[4]), bytes(starts[4] - starts[1])),
        [1, 2, 3],
    ),
    "undecodable": (lambda data, starts: insert_undecodable(data, starts[2]), []),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_whole_record_is_kept_byte_for_byte(file, tmp_path, damage):
    path, starts = file
    data = bytearray(path.read_bytes())
    whole = bytes(data)
    change, lost = DAMAGE[damage]
    change(data, starts)
    path.write_bytes(data)
    (done,) = repair(path, tmp_path / "out")
    kept = [whole[start:end] for number, (start, end) in enumerate(itertools.pairwise(starts)) if number not in lost]
    out = tmp_path / "out" / path.name
    assert out.read_bytes() == b"".join(kept)
    assert done.target == str(out)
    assert done.records == len(kept)
    assert done.dropped
    assert done.dropped_bytes == len(data) - len(b"".join(kept))
    assert path.read_bytes() == bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(tbevents.iter_events(out, strict=True))) == len(kept)


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_what_reading_finds_in_a_damaged_file_is_left_after_repair(tmp_path, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamageWarning)
        (done,) = repair(path, tmp_path / "x.tfevents")
        before, after = tbevents.read_run(path), tbevents.read_run(tmp_path / "x.tfevents")
        assert not list(diff(path, tmp_path / "x.tfevents", tolerance=Tolerance(wall_time=0.0)))
    assert before.counts() == after.counts()
    damage = [problem for problem in before.problems if problem.kind != "bad_value"]  # in a record that is whole
    assert [(problem.offset, problem.kind) for problem in done.dropped] == [(each.offset, each.kind) for each in damage]
    assert {problem.kind for problem in after.problems} <= {"bad_value"}


def test_an_undecodable_record_is_kept_where_asked(file, tmp_path):
    path, starts = file
    data = bytearray(path.read_bytes())
    insert_undecodable(data, starts[2])
    path.write_bytes(data)
    (done,) = repair(path, tmp_path / "out", keep_undecodable=True)
    assert (tmp_path / "out" / path.name).read_bytes() == bytes(data)
    assert done.dropped == ()


def test_problems_say_where(file, tmp_path):
    path, starts = file
    data = bytearray(path.read_bytes())
    flip(data, starts[3] + 14)
    path.write_bytes(data[:-1])
    (done,) = repair(path, tmp_path / "out")
    assert [(problem.kind, problem.offset, problem.record) for problem in done.dropped] == [
        ("data_checksum", starts[3], 3),
        ("incomplete", starts[6], 6),
    ]


def test_in_place_keeps_a_backup_and_leaves_intact_files_alone(file):
    path, _ = file
    intact = path.with_name("events.out.tfevents.2.x")
    write_events(intact, EVENTS)
    before = intact.stat().st_mtime_ns
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    damaged, other = repair(path.parent, in_place=True)
    assert (other.target, other.backup, intact.stat().st_mtime_ns) == (None, None, before)
    assert damaged.target == str(path)
    with open(damaged.backup, "rb") as backup:
        assert backup.read() == data[:-1]
    assert tbevents.read_run(path.parent).problems == ()
    assert len(tbevents.read_run(path.parent).files) == 2  # the backup is none


def test_a_tree_of_runs_keeps_its_names(make_run, tmp_path):
    make_run("runs/a", ("loss", 1, 1.0))
    make_run("runs/b/c", ("loss", 1, 1.0))
    repair(tmp_path / "runs", tmp_path / "out")
    assert list(tbevents.read_logdir(tmp_path / "out")) == ["a", "b/c"]


def test_out_may_be_a_file_for_one_file_only(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 1.0))
    repair(run, tmp_path / "one.tfevents")
    assert tbevents.read_run(tmp_path / "one.tfevents").scalars["loss"].last.value == 1.0
    make_run("a", ("loss", 1, 1.0), file="events.out.tfevents.2.x")
    with pytest.raises(ValueError, match="give a folder"):
        repair(run, tmp_path / "two.tfevents")


def test_nothing_is_replaced_unasked(file, tmp_path):
    path, _ = file
    repair(path, tmp_path / "out")
    with pytest.raises(FileExistsError, match="exists already"):
        repair(path, tmp_path / "out")
    repair(path, tmp_path / "out", overwrite=True)
    with pytest.raises(ValueError, match="is also the source"):
        repair(path, path, overwrite=True)
    with pytest.raises(ValueError, match=r"give an output .--out., or change the files themselves"):
        repair(path, tmp_path / "x", in_place=True)


@pytest.mark.parametrize("rewrite", [repair, edit])
def test_a_run_is_not_mixed_into_another(make_run, tmp_path, rewrite):
    for number in (1, 2):
        make_run("runs/a", ("loss", number, 1.0), file=f"events.out.tfevents.{number}.x")
        make_run("runs/b", ("loss", number, 1.0), file=f"events.out.tfevents.{number}.x")
    other = make_run("out/b", ("loss", 1, 7.0), file="events.out.tfevents.3.x")
    before = sorted(tmp_path.rglob("*"))
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="a run exists already") as caught:
            rewrite(tmp_path / "runs", tmp_path / "out", overwrite=overwrite)
        assert caught.value.filename == str(other / "events.out.tfevents.3.x")
        assert sorted(tmp_path.rglob("*")) == before
    rewrite(tmp_path / "runs", tmp_path / "out", runs=["a"])  # the folder of another run beside it is none of its own
    rewrite(tmp_path / "runs", tmp_path / "out", runs=["a"], overwrite=True)
    assert tbevents.read_run(tmp_path / "out" / "a").scalars["loss"].steps.tolist() == [1, 2]
    rewrite(
        tmp_path / "runs" / "a" / "events.out.tfevents.1.x", other / "events.out.tfevents.4.x"
    )  # a file that is named
    assert tbevents.read_run(other).scalars["loss"].values.tolist() == [7.0, 1.0]


def test_a_file_with_no_whole_record_is_not_written(tmp_path):
    path = tmp_path / "in" / "events.out.tfevents.1"
    path.parent.mkdir()
    path.write_bytes(b"")
    (done,) = repair(path, tmp_path / "out")
    assert (done.target, done.records) == (None, 0)
    assert not (tmp_path / "out").exists()
    path.write_bytes(b"\x89PNG" * 40)
    with pytest.raises(NotAnEventFileError):
        repair(path, tmp_path / "out")


def test_progress_ends_at_all_the_bytes(file, tmp_path):
    path, _ = file
    calls = []
    repair(path, tmp_path / "out", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.fixture
def constant_checksums(tmp_path):
    """As SageMaker Debugger writes files: a constant in place of each data checksum."""
    path = tmp_path / "in" / "events.out.tfevents.1.x"
    path.parent.mkdir()
    path.write_bytes(b"".join(record(event.SerializeToString())[:-4] + b"\xb3\xc0\x2d\x06" for event in EVENTS))
    return path


def test_right_data_checksums_are_written_when_asked(constant_checksums, tmp_path):
    (done,) = repair(constant_checksums, tmp_path / "out", rewrite_checksums=True)
    assert (done.records, done.rewritten, done.dropped) == (7, 7, ())
    assert Path(done.target).read_bytes() == b"".join(record(event.SerializeToString()) for event in EVENTS)
    (done,) = repair(constant_checksums, tmp_path / "not asked")
    assert (done.records, done.rewritten, done.target, len(done.dropped)) == (0, 0, None, 1)


def test_right_data_checksums_are_written_in_place_and_the_file_stays_as_a_backup(constant_checksums):
    before = constant_checksums.read_bytes()
    (done,) = repair(constant_checksums, in_place=True, rewrite_checksums=True)
    assert Path(done.backup).read_bytes() == before
    assert len(tbevents.read_run(constant_checksums, strict=True).scalars["loss"]) == 6
    (again,) = repair(constant_checksums, in_place=True, rewrite_checksums=True)
    assert (again.target, again.rewritten) == (None, 0), "nothing is left to do"


def test_what_is_no_event_gets_no_right_checksum(constant_checksums, tmp_path):
    data = constant_checksums.read_bytes()
    constant_checksums.write_bytes(data + record(b"\xff no event")[:-4] + b"\0\0\0\0")
    (done,) = repair(constant_checksums, tmp_path / "out", rewrite_checksums=True)
    assert done.records == 7
    assert [problem.kind for problem in done.dropped] == ["undecodable"]
