"""Scalars of many runs as Arrow record batches: the points of the messages, in memory that the runs do not fill."""

import math
import os
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events
from hypothesis import given
from hypothesis import strategies as st
from recorded_warnings import warnings_of

import tbevents
from tbevents.format.tensors import from_array
from tbevents.proto import Event, Summary
from tbevents.reading import listed_runs, run_parts
from tbevents.reading.source import FileSource
from tbevents.testing import MemoryWriter
from tbevents.tools.scalar_files import ScalarColumns, write_scalars

pa = pytest.importorskip("pyarrow", reason="makes Arrow batches")

NAME = "events.out.tfevents.1700000000.h.1.0"


def bits(number):
    return struct.pack("<d", number)


def rows(batches):
    """The rows of batches, values by their bits: NaN equals itself."""
    found = []
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        found += [(run, tag, step, time, bits(value)) for run, tag, step, time, value in zip(*columns, strict=True)]
    return found


def rows_of_messages(folder, names):
    """The same rows from the messages alone: run by run, tag by tag."""
    found = []
    for name in names:
        by_tag = {}
        for file in sorted((folder / name).iterdir()):
            for event in tbevents.iter_events(file):
                for value in event.summary.value:
                    if value.HasField("simple_value"):
                        point = (name, value.tag, event.step, event.wall_time, bits(value.simple_value))
                        by_tag.setdefault(value.tag, []).append(point)
        found += [point for points in by_tag.values() for point in points]
    return found


@pytest.fixture
def runs(tmp_path):
    """Three runs: of two files, with NaN; of one point; of none. A fourth has no scalars."""
    a = [scalar_event(tag, step, value, 10 + step) for step, value in enumerate((1, math.nan, 3.5)) for tag in "xy"]
    write_events(tmp_path / "a" / NAME, [version_event(), *a])
    write_events(tmp_path / "a" / NAME.replace("17", "18"), [scalar_event("x", 1, -0.0, 5.5)])
    write_events(tmp_path / "b" / "deep" / NAME, [scalar_event("z", -7, math.inf)])
    write_events(tmp_path / "c" / NAME, [version_event()])
    text = tensor_value("note", from_array(np.array([b"text"], object)), "text")
    write_events(tmp_path / "d" / NAME, [Event(summary=Summary(value=[text]))])
    return tmp_path


def test_batches_have_one_schema_and_the_points_of_the_messages(runs):
    reader = tbevents.iter_batches(runs)
    names = pa.dictionary(pa.int32(), pa.string())
    columns = [("run", names), ("tag", names), ("step", pa.int64())]
    assert reader.schema == pa.schema([*columns, ("wall_time", pa.float64()), ("value", pa.float64())])
    batches = list(reader)
    assert all(isinstance(batch, pa.RecordBatch) and batch.schema == reader.schema for batch in batches)
    assert rows(batches) == rows_of_messages(runs, ["a", "b/deep"])
    assert sum(batch.num_rows for batch in batches) == 8
    assert all(column.null_count == 0 for batch in batches for column in batch.columns)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9])
def test_no_batch_has_more_rows_than_asked_for_and_small_runs_share_one(runs, size):
    batches = list(tbevents.iter_batches(runs, batch_rows=size))
    assert max(batch.num_rows for batch in batches) <= size
    assert rows(batches) == rows_of_messages(runs, ["a", "b/deep"])
    assert len(list(tbevents.iter_batches(runs))) == 1


def test_a_source_is_a_path_a_file_a_logdir_or_a_run(runs):
    expected = rows_of_messages(runs, ["a"])
    logdir = tbevents.read_logdir(runs)
    assert rows(tbevents.iter_batches(str(runs / "a"))) == [(".", *row[1:]) for row in expected]
    assert rows(tbevents.iter_batches(logdir["a"])) == expected
    assert rows(tbevents.iter_batches(logdir, runs="a")) == expected
    one = rows(tbevents.iter_batches(runs / "a" / NAME))
    assert one == [(".", *row[1:]) for row in expected if row[3] != 5.5]


def test_a_run_in_memory_is_a_source_but_cannot_be_read_with_other_options():
    writer = MemoryWriter()
    writer.add_scalar("x", 1.5, 3, 7.0)
    assert rows(tbevents.iter_batches(writer.run)) == [(".", "x", 3, 7.0, bits(1.5))]
    assert len(rows(tbevents.iter_batches(writer.run, restarts="keep", checksums="verify"))) == 1
    with pytest.raises(TypeError, match=r"a run in memory cannot be read with other options: .*'overwrite'"):
        tbevents.iter_batches(writer.run, restarts="overwrite")


def test_tags_and_runs_are_chosen_and_a_tag_that_nobody_has_gives_no_rows(runs):
    assert {row[1] for row in rows(tbevents.iter_batches(runs, tags="x"))} == {"x"}
    assert {row[:2] for row in rows(tbevents.iter_batches(runs, tags=["y", "z"]))} == {("a", "y"), ("b/deep", "z")}
    assert {row[0] for row in rows(tbevents.iter_batches(runs, runs="b*"))} == {"b/deep"}
    assert list(tbevents.iter_batches(runs, tags="none")) == []
    assert tbevents.iter_batches(runs, tags="none").schema.names == ["run", "tag", "step", "wall_time", "value"]
    with pytest.raises(tbevents.UnknownNameError, match="no run 'e'"):
        tbevents.iter_batches(runs, runs="e")
    # The tags of a logdir stay as they were asked for.
    assert {row[1] for row in rows(tbevents.iter_batches(tbevents.read_logdir(runs, tags="x"), tags="*"))} == {"x"}


def test_options_of_reading_mean_the_same_as_elsewhere(runs):
    for options in ({"restarts": "overwrite"}, {"duplicates": "last"}, {"duplicates": "first", "checksums": "skip"}):
        run = tbevents.read_run(runs / "a", **options)
        points = [(tag, *point) for tag in run.scalars for point in zip_points(run.scalars[tag])]
        for source in (runs, tbevents.read_logdir(runs), tbevents.read_logdir(runs, **options)):
            assert [row[1:] for row in rows(tbevents.iter_batches(source, runs="a", **options))] == points
        assert [row[1:] for row in rows(tbevents.iter_batches(tbevents.read_run(runs / "a"), **options))] == points
    assert len(rows(tbevents.iter_batches(tbevents.read_logdir(runs, duplicates="last"), runs="a"))) == 6


def zip_points(series):
    return zip(series.steps.tolist(), series.wall_times.tolist(), map(bits, series.values.tolist()), strict=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": "images"}, "kinds must be 'scalars', not 'images'"),
        ({"batch_rows": 0}, "batch_rows must be at least 1, not 0"),
        ({"batch_rows": True}, "batch_rows must be a whole number, not True"),
        ({"restarts": "no"}, "restarts must be .* not 'no'"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(runs, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tbevents.iter_batches(runs, **options)


def test_a_number_of_rows_may_be_of_any_type(runs):
    batches = list(tbevents.iter_batches(runs, batch_rows=np.int64(2)))
    assert max(batch.num_rows for batch in batches) == 2


def test_a_missing_folder_is_an_error_of_the_call(tmp_path):
    with pytest.raises(tbevents.RunNotFoundError, match="nowhere"):
        tbevents.iter_batches(tmp_path / "nowhere")


@pytest.fixture
def damaged(runs):
    """The second run ends in the middle of a record, and the third has a flipped bit."""
    path = runs / "b" / "deep" / NAME
    path.write_bytes(path.read_bytes() + path.read_bytes()[:20])
    path = runs / "c" / NAME
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    return runs


def test_problems_are_warnings_and_the_other_runs_go_on(damaged):
    with warnings_of(tbevents.DamageWarning) as warned:
        found = rows(tbevents.iter_batches(damaged))
    assert {str(each.message).partition(": ")[0] for each in warned} == {
        str(damaged / "b" / "deep" / NAME),
        str(damaged / "c" / NAME),
    }
    assert {row[0] for row in found} == {"a", "b/deep"}


def test_problems_go_to_a_callback_instead(damaged):
    problems = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = rows(tbevents.iter_batches(damaged, on_problem=problems.append))
        logdir = tbevents.read_logdir(damaged, checksums="skip")
        again = []
        assert len(rows(tbevents.iter_batches(logdir, checksums="verify", on_problem=again.append))) == len(found)
    assert sorted(problem.kind for problem in problems) == ["data_checksum", "incomplete"]
    assert again == problems


def test_damage_is_raised_if_strict(damaged):
    with pytest.raises(tbevents.IncompleteRecordError, match="deep"):
        rows(tbevents.iter_batches(damaged, strict=True))


def test_a_run_that_vanishes_is_a_problem_of_that_run(runs):
    problems = []
    reader = tbevents.iter_batches(runs, on_problem=problems.append)
    (runs / "a" / NAME).unlink()
    (runs / "a" / NAME.replace("17", "18")).unlink()
    assert {row[0] for row in rows(reader)} == {"b/deep"}
    (problem,) = problems
    assert (problem.kind, problem.file) == ("unreadable", str(runs / "a"))


@pytest.fixture
def parted(monkeypatch):
    """Every run is a large one."""
    monkeypatch.setattr(listed_runs, "_PART_BYTES", -1)
    monkeypatch.setattr(run_parts, "_PART_POINTS", 40)


def large_run(folder, points=60_000):
    """A run of two tags, larger than the blocks in which files are read."""
    steps = np.arange(points)
    write_scalars(folder, [ScalarColumns(tag, steps, steps / 2, steps / 7) for tag in "xy"])


def test_a_large_run_comes_in_parts_with_all_its_points(tmp_path, parted):
    large_run(tmp_path / "a")
    write_events(tmp_path / "b" / NAME, [version_event(), scalar_event("x", 1, 2.0)])
    reader = tbevents.iter_batches(tmp_path, batch_rows=1000)
    batches = list(reader)
    assert len(batches) > 120
    table = pa.Table.from_batches(batches)
    assert table["run"].to_pylist() == ["a"] * 120_000 + ["b"]
    assert table["tag"].to_pylist() == ["x"] * 60_000 + ["y"] * 60_000 + ["x"]
    assert table["step"].to_pylist() == [*range(60_000), *range(60_000), 1]
    values = np.arange(60_000) / 7
    assert (table["value"].to_numpy()[:-1] == np.tile(values.astype(np.float32), 2)).all()
    # Where later points may remove earlier ones, the run is read as a whole.
    whole = tbevents.iter_batches(tmp_path, batch_rows=1000, duplicates="last")
    assert len(list(whole)) == 121


@given(st.data())
def test_parts_of_a_damaged_run_have_the_points_and_problems_of_the_whole(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("part")
    tags = data.draw(st.lists(st.sampled_from(["x", "y", "a longer tag"]), min_size=1, max_size=60))
    events = [scalar_event(tag, step, step / 3, step) for step, tag in enumerate(tags)]
    number = tensor_value("double", from_array(np.float64(0.1)), "scalars")
    at = data.draw(st.integers(0, len(events)))
    events.insert(at, Event(step=3, summary=Summary(value=[number])))
    write_events(folder / NAME, [version_event(), *events])
    content = bytearray((folder / NAME).read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=2)):
        content[place] ^= data.draw(st.integers(1, 255))
    (folder / NAME).write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = tbevents.read_run(folder, kinds="scalars")
        part, whole = [], [(tag, *point) for tag in run.scalars for point in zip_points(run.scalars[tag])]
        problems = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(listed_runs, "_PART_BYTES", -1)
            patch.setattr(run_parts, "_PART_POINTS", 5)
            part = [row[1:] for row in rows(tbevents.iter_batches(folder, on_problem=problems.append))]
    assert sorted(part) == sorted(whole)
    assert [row for tag in run.scalars for row in part if row[0] == tag] == whole
    assert problems == list(run.problems)


def test_a_large_run_that_is_replaced_meanwhile_is_a_problem(tmp_path, parted):
    large_run(tmp_path / "a")
    write_events(tmp_path / "b" / NAME, [scalar_event("x", 0, 1.0)])
    problems = []
    reader = tbevents.iter_batches(tmp_path, batch_rows=100, on_problem=problems.append)
    next(reader)
    (file,) = (tmp_path / "a").iterdir()
    file.write_bytes(b"")
    found = rows(reader)
    assert found[-1][0] == "b"
    assert len(found) < 120_000
    assert {problem.file for problem in problems} == {str(file)}


def test_without_pyarrow_the_extra_is_named(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(tbevents.MissingExtraError, match=r"tbevents\[arrow\]"):
        tbevents.iter_batches(runs)


def test_importing_it_does_not_import_pyarrow():
    code = "import sys, tbevents; tbevents.iter_batches; sys.exit('pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_names_that_are_no_utf_8_are_written_as_in_data_frames(tmp_path):
    write_events(tmp_path / "r" / NAME, [scalar_event("x", 0, 1.0)])
    try:
        (tmp_path / "r").rename(tmp_path / "r\udcff")
    except (OSError, UnicodeError):
        pytest.skip("this file system has UTF-8 names only")
    (batch,) = tbevents.iter_batches(tmp_path)
    assert batch.column("run").to_pylist() == tbevents.read_logdir(tmp_path).scalars().to_arrow()["run"].to_pylist()


MEMORY = """
import resource, sys, pyarrow, tbevents
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
next(tbevents.iter_batches(sys.argv[1]))
before = peak()
count = sum(batch.num_rows for batch in tbevents.iter_batches(sys.argv[1]))
print(count, (peak() - before) // 1024)
"""


@pytest.mark.slow  # writes many points
def test_memory_does_not_grow_with_the_points(tmp_path):
    pytest.importorskip("resource", reason="asks the system for the memory used")
    steps = np.arange(50_000)
    for run in range(30):
        series = [ScalarColumns(f"tag{tag}", steps, steps / 2, steps / 3) for tag in range(10)]
        write_scalars(tmp_path / f"run{run}", series)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    count, grown = map(int, done.stdout.split())
    assert count == 15_000_000
    assert grown < 150  # the rows are 420 MiB


def test_a_logdirs_runs_are_not_kept_but_those_read_before_are_used(runs, monkeypatch):
    logdir = tbevents.read_logdir(runs)
    kept = logdir["a"]
    opened = []
    original = FileSource.read

    def noted(source, before):
        opened.append(os.path.relpath(source.location, runs))
        return original(source, before)

    monkeypatch.setattr(FileSource, "read", noted)
    for _ in range(2):
        rows(tbevents.iter_batches(logdir))
        logdir.scalars()
    assert logdir["a"] is kept
    assert "a" not in opened
    assert opened.count("b/deep") == 4


def test_references_are_read_in_their_order_also_in_another_process(runs, tmp_path_factory):
    refs = tbevents.read_logdir(runs).refs()
    names = ["a", "b/deep"]
    assert rows(tbevents.iter_batches(refs)) == rows_of_messages(runs, names)
    assert rows(tbevents.iter_batches(iter(refs[::-1]))) == rows_of_messages(runs, names[::-1])
    assert rows(tbevents.iter_batches(refs[0])) == rows_of_messages(runs, ["a"])
    assert rows(tbevents.iter_batches(refs, runs="b*", tags=["z"])) == rows_of_messages(runs, ["b/deep"])
    assert list(tbevents.iter_batches([])) == []
    other = tmp_path_factory.mktemp("other")
    write_events(other / "a" / NAME, [scalar_event("x", 8, 9.0)])
    both = [*refs, *tbevents.read_logdir(other).refs()]
    assert rows(tbevents.iter_batches(both)) == rows_of_messages(runs, names) + rows_of_messages(other, ["a"])
    with pytest.raises(TypeError, match="not an iterable with 3"):
        tbevents.iter_batches([refs[0], 3])


def test_a_reference_to_a_file_that_is_gone_is_a_problem_of_that_run(runs):
    refs = tbevents.read_logdir(runs).refs()
    alone = tbevents.read_logdir(runs / "c" / NAME).refs()
    (runs / "a" / NAME).unlink()
    (runs / "c" / NAME).unlink()
    problems = []
    found = rows(tbevents.iter_batches([*refs, *alone], on_problem=problems.append))
    assert [row[:3] for row in found] == [("a", "x", 1), ("b/deep", "z", -7)]
    assert [(problem.kind, problem.file) for problem in problems] == [
        ("unreadable", str(runs / "a" / NAME)),
        ("unreadable", str(runs / "c" / NAME)),
        ("unreadable", str(runs / "c" / NAME)),
    ]
