"""Small runs whose files fit the pattern of one read before are what each is when it is read alone, to the bit."""

import struct
import tempfile
import warnings
from pathlib import Path

import pytest
from event_files import record, scalar_event, version_event, write_events
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scalar_files import NAME, one_event
from small_runs import alone, damaged, everything, options, read_together

import tbevents
from tbevents.format import crc32c_columns
from tbevents.format.scalar_layout import LINEAR_REACH, find_offsets
from tbevents.proto import Event, SourceMetadata
from tbevents.reading import reading_queue
from tbevents.reading.file_pattern import FilePattern
from tbevents.reading.scalar_blocks import SkeletonTable


@pytest.fixture
def matched(monkeypatch):
    """For each file that was compared with a pattern, whether it was read by it."""
    found = []
    read = FilePattern.read

    def note(self, *arguments):
        files = read(self, *arguments)
        found.extend(file is not None for file in files)
        return files

    monkeypatch.setattr(FilePattern, "read", note)
    return found


def varied(draw, payload, *, step):
    """An event with another wall time and value; with `step`, perhaps with another step of the same width."""
    places = find_offsets(payload)
    if places is None:
        return payload
    data = bytearray(payload)
    if places.wall is not None:
        data[places.wall : places.wall + 8] = draw(st.binary(min_size=8, max_size=8))
    data[places.value : places.value + places.size] = draw(st.binary(min_size=places.size, max_size=places.size))
    if step and places.width == 1:
        data[places.step] = draw(st.integers(1, 0x7F))
    return bytes(data)


@st.composite
def logdirs(draw):
    """Run -> file -> bytes: most runs log the same with other values; of some the file is damaged, or steps differ."""
    loop = draw(st.lists(one_event(), min_size=1, max_size=4)) * draw(st.integers(1, 6))
    header = [version_event().SerializeToString()] * draw(st.integers(0, 1))
    if header and draw(st.booleans()):
        header = [Event(wall_time=draw(st.floats()), file_version="brain.Event:2").SerializeToString()]
    runs = {}
    for number in range(draw(st.integers(4, 9))):
        odd = draw(st.integers(0, 3)) == 0 and number > 1
        data = b"".join(record(varied(draw, payload, step=odd)) for payload in [*header, *loop])
        runs[f"run{number}"] = {NAME: draw(damaged(data)) if odd and draw(st.booleans()) else data}
    return runs


LOOP = [scalar_event(tag, step, 1.5).SerializeToString() for step in range(9) for tag in ("a", "bcd")]
PLAIN = {f"run{k}": {NAME: b"".join(map(record, [version_event().SerializeToString(), *LOOP]))} for k in range(6)}


@settings(
    max_examples=2 * settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(runs=logdirs(), options=options)
@example(runs=PLAIN, options={})
@example(runs=PLAIN, options={"tags": "b*", "checksums": "skip"})
def test_runs_like_those_before_equal_runs_read_alone(runs, options, small_blocks, monkeypatch):
    small_blocks(1 << 20)
    monkeypatch.setattr(reading_queue, "FIRST", 2)
    monkeypatch.setattr(reading_queue, "MOST", 2)
    with tempfile.TemporaryDirectory() as top, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read_together(top, runs, options)


@pytest.fixture
def thirty(tmp_path):
    """Writes thirty runs of two tags, with other values and times in each."""
    for k in range(30):
        points = [
            scalar_event(tag, step, step * k, wall_time=1e9 + 1e5 * k + step)
            for step in range(40)
            for tag in ("a", "longer")
        ]
        write_events(tmp_path / f"run{k:02}" / NAME, [version_event(), *points])
    return tmp_path


@pytest.mark.parametrize("given_options", [{}, {"checksums": "skip"}, {"tags": "l*"}, {"kinds": "scalars"}])
def test_of_runs_that_log_the_same_the_first_few_are_decoded(thirty, matched, monkeypatch, given_options):
    decoded = []
    decode = SkeletonTable.decode

    def note(self, records):
        decoded.append(len(records.offsets))
        return decode(self, records)

    monkeypatch.setattr(SkeletonTable, "decode", note)
    found = [everything(run) for run in tbevents.read_logdir(thirty, threads=1, **given_options).values()]
    assert decoded == [8 * 81]
    assert matched == [True] * 22
    assert found == [alone(str(thirty / f"run{k:02}"), f"run{k:02}", given_options) for k in range(30)]


def change(thirty, name, at, bit=1):
    path = thirty / name / NAME
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    path.write_bytes(data)


PAYLOAD = 12 + 24 + 4 + 12  # of the first point: behind the record of the version, and a header


PLACES = {
    "a length": 3,
    "the checksum of a length": 8,
    "a key": 12,
    "the version's time": 15,
    "the version": 30,
    "the version's checksum": 37,
    "a header": PAYLOAD - 12,
    "a time": PAYLOAD + 5,
    "a tag": -10,
    "a value": -5,
    "a checksum": -1,
}


@pytest.mark.parametrize("at", PLACES.values(), ids=PLACES)
def test_a_changed_byte_anywhere_is_found(thirty, matched, at):
    change(thirty, "run20", at)
    logdir = tbevents.read_logdir(thirty, threads=1)
    with pytest.warns(tbevents.DamageWarning):
        found = {name: everything(run) for name, run in logdir.items()}
    assert matched.count(False) == 1
    assert [name for name in found if logdir[name].problems] == ["run20"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found["run20"] == alone(str(thirty / "run20"), "run20", {})


def test_two_scripts_with_files_of_one_size_have_a_pattern_each(tmp_path, matched):
    for k in range(40):
        points = [scalar_event("ab"[k % 2], step, k) for step in range(60)]
        write_events(tmp_path / f"run{k:02}" / NAME, [version_event(), *points])
    found = [list(run.scalars) for run in tbevents.read_logdir(tmp_path, threads=1).values()]
    assert found == [["a"], ["b"]] * 20
    assert matched.count(True) == 32 - 8  # the second pattern is learned from eight of the second reading


def test_a_header_of_any_length_does_not_enlarge_the_tables_of_checksums(tmp_path, matched):
    before = len(crc32c_columns.contributions(1))
    header = Event(wall_time=1.0, file_version="brain.Event:2", source_metadata=SourceMetadata(writer=40_000 * "w"))
    for k in range(20):
        write_events(tmp_path / f"run{k:02}" / NAME, [header, *(scalar_event("a", step, k) for step in range(3))])
    for run in tbevents.read_logdir(tmp_path, threads=1).values():
        assert run.scalars["a"].values.tolist() == 3 * [int(run.name[3:])]
    assert len(crc32c_columns.contributions(1)) <= max(before, 2 * LINEAR_REACH)
    assert not matched


@pytest.mark.parametrize("second", [1000.0, 77.0, -0.0])
def test_of_two_wall_times_of_a_header_the_last_counts(tmp_path, matched, second):
    for k in range(30):
        header = Event(wall_time=1000.0 + k, file_version="brain.Event:2").SerializeToString()
        header += b"\x09" + struct.pack("<d", second)
        write_events(tmp_path / f"run{k:02}" / NAME, [header, *(scalar_event("a", step, k) for step in range(1, 9))])
    assert [run.first_wall_time for run in tbevents.read_logdir(tmp_path, threads=1).values()] == [second] * 30
    assert not matched


def test_a_series_of_a_run_read_by_a_pattern_keeps_no_other_run_in_memory(thirty, matched):
    run = list(tbevents.read_logdir(thirty, threads=1).values())[-1]
    assert matched[-1]
    for column in (run.scalars["a"].values, run.scalars["a"].wall_times):
        while column.base is not None:
            column = column.base
        assert column.nbytes == 80 * column.itemsize
        assert not column.flags.writeable


def test_a_run_read_by_a_pattern_takes_what_is_appended(thirty, matched):
    runs = list(tbevents.read_logdir(thirty, threads=1).values())
    run = runs[-1]
    assert matched[-1]
    with open(Path(run.files[0]), "ab") as file:
        file.write(record(scalar_event("a", 40, 1.0).SerializeToString()))
    run.reload()
    assert everything(run) == alone(run.path, run.name, {})
    assert len(runs[-2].scalars["a"]) == 40
