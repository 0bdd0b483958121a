"""Merging and splitting copy records; together they are the identity."""

import re
import time
import tracemalloc

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

import tbevents
from tbevents.format.record import encode_record
from tbevents.proto import Event
from tbevents.tools import merge as module
from tbevents.tools.merge import merge
from tbevents.tools.split import split


def points(path):
    return {tag: [tuple(point) for point in series] for tag, series in tbevents.read_run(path).scalars.items()}


def test_merged_files_read_as_the_run_did(make_run, tmp_path):
    make_run("a", ("loss", 1, 1.0), ("acc", 1, 0.5))
    run = make_run("a", ("loss", 2, 2.0), file="events.out.tfevents.2.x", start=2000.0)
    done = merge([run], tmp_path / "b")
    assert points(tmp_path / "b") == points(run)
    assert done.records == 4  # one version record, not two
    assert done.sources == tuple(sorted(map(str, run.iterdir())))
    events = list(tbevents.iter_events(tmp_path / "b"))
    assert [event.WhichOneof("what") for event in events] == ["file_version", "summary", "summary", "summary"]


def test_records_are_copied_byte_for_byte_in_the_order_given(make_run, tmp_path):
    first, second = make_run("a", ("loss", 1, 1.0)), make_run("b", ("loss", 0, 2.0))
    merge([second, first], tmp_path / "c.tfevents")
    payloads = [record.payload for record in tbevents.iter_records(tmp_path / "c.tfevents")]
    parts = [[record.payload for record in tbevents.iter_records(run)] for run in (second, first)]
    assert payloads == parts[0] + parts[1][1:]


def test_another_version_and_that_of_a_purge_stay(tmp_path):
    old = Event(wall_time=1.0, file_version="brain.Event:1")
    purge = Event(wall_time=1.0, step=5, file_version="brain.Event:2")
    write_events(tmp_path / "a" / "1.tfevents", [old, scalar_event("a", 1, 1.0)])
    write_events(tmp_path / "a" / "2.tfevents", [version_event(), purge, scalar_event("a", 2, 1.0)])
    merge([tmp_path / "a"], tmp_path / "b.tfevents")
    versions = [event.file_version for event in tbevents.iter_events(tmp_path / "b.tfevents") if event.file_version]
    assert versions == ["brain.Event:1", "brain.Event:2", "brain.Event:2"]


def test_by_time_interleaves_and_keeps_each_files_order(make_run, tmp_path):
    first = make_run("a", ("x", 1, 1.0), ("x", 2, 1.0), ("x", 3, 1.0), start=1000.0)
    second = make_run("b", ("y", 1, 1.0), ("y", 2, 1.0), start=1000.5)
    merge([first, second], tmp_path / "c.tfevents", by_time=True)
    order = [
        event.summary.value[0].tag for event in tbevents.iter_events(tmp_path / "c.tfevents") if event.summary.value
    ]
    assert order == ["x", "y", "x", "y", "x"]


@pytest.mark.parametrize("held", [1, 40, 300])
def test_by_time_a_part_of_each_file_at_a_time_is_as_whole_files(make_run, tmp_path, monkeypatch, held):
    """One file is damaged, and one ends in the middle of a record."""
    rng = np.random.default_rng(held)
    runs = [make_run(f"r{k}", *((f"t{k}", step, float(step)) for step in range(30)), start=1e3 + k) for k in range(4)]
    files = [next(run.iterdir()) for run in runs]
    data = bytearray(files[1].read_bytes())
    for at in rng.integers(100, len(data), 6):
        data[at] ^= 0x55
    files[1].write_bytes(data)
    files[2].write_bytes(files[2].read_bytes()[:-7])
    whole = merge(runs, tmp_path / "whole" / "a.tfevents", by_time=True)
    monkeypatch.setattr(module, "_HELD", 0)
    monkeypatch.setattr(module, "_HELD_OF_A_FILE", held)
    parts = merge(runs, tmp_path / "parts" / "a.tfevents", by_time=True)
    assert (tmp_path / "parts" / "a.tfevents").read_bytes() == (tmp_path / "whole" / "a.tfevents").read_bytes()
    assert whole.problems == parts.problems
    assert len({problem.file for problem in whole.problems}) == 2


def wrong_checksums(count):
    records = (encode_record(scalar_event("a", step, 1.0).SerializeToString()) for step in range(count))
    return b"".join(record[:-4] + b"abcd" for record in records)


def other_records(count):
    return b"".join(encode_record(b"\x0a\x05\x0a\x03abc" + b"\xff" * 3) for _ in range(count))


@pytest.mark.parametrize("held", [1 << 12, 1 << 20])
@pytest.mark.parametrize(
    ("records", "kind", "message"),
    [
        (wrong_checksums, "data_checksum", "mismatch in all 300 records.*SageMaker.*--rewrite-checksums mends"),
        (other_records, "undecodable", "TFRecords of another sort: none of its 300 records is an Event"),
    ],
)
@pytest.mark.parametrize("purge", [False, True])
def test_by_time_a_file_without_any_usable_record_is_one_problem(
    make_run, tmp_path, monkeypatch, held, records, kind, message, purge
):
    monkeypatch.setattr(module, "_HELD", 0)
    monkeypatch.setattr(module, "_HELD_OF_A_FILE", held)
    good, bad = make_run("a", ("x", 1, 1.0)), tmp_path / "bad.tfevents"
    bad.write_bytes(records(300))
    problems = [
        merge([good, bad], tmp_path / f"{by_time}.tfevents", by_time=by_time, purge=purge).problems
        for by_time in (False, True)
    ]
    assert problems[0] == problems[1]
    (problem,) = problems[1]
    assert (problem.file, problem.kind, problem.skipped) == (str(bad), kind, bad.stat().st_size)
    assert re.search(message, problem.detail)


@pytest.mark.parametrize("usable", [0, 150, 299])
def test_by_time_a_file_with_one_usable_record_has_a_problem_for_each_other(make_run, tmp_path, monkeypatch, usable):
    monkeypatch.setattr(module, "_HELD", 0)
    good, bad = make_run("a", ("x", 1, 1.0)), tmp_path / "bad.tfevents"
    intact = encode_record(scalar_event("a", 7, 1.0).SerializeToString())
    bad.write_bytes(wrong_checksums(usable) + intact + wrong_checksums(299 - usable))
    done = merge([good, bad], tmp_path / "out.tfevents", by_time=True)
    assert [problem.record for problem in done.problems] == [number for number in range(300) if number != usable]
    assert done.records == 3


def test_memory_of_a_merge_by_time_does_not_grow_with_the_files(make_series, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_HELD", 1 << 18)
    monkeypatch.setattr(module, "_HELD_OF_A_FILE", 1 << 10)
    runs = [make_series(f"r{number:03}", x=(range(1500), np.zeros(1500))) for number in range(80)]  # 60 kB each
    peaks = []
    for count in (2, 20, 80):
        tracemalloc.start()
        try:
            merge(runs[:count], tmp_path / f"out{count}", by_time=True)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[2] < peaks[1] + (1 << 20)  # 60 files more, of which each took 200 kB


def test_purge_leaves_out_what_the_resumed_run_wrote_again(make_series, tmp_path):
    first = make_series("a", loss=(range(10), np.arange(10)))
    second = make_series("b", loss=(range(6, 12), np.arange(6) + 100))
    done = merge([first, second], tmp_path / "c", purge=True)
    series = tbevents.read_run(tmp_path / "c").scalars["loss"]
    assert series.steps.tolist() == list(range(12))
    assert series.values.tolist() == [0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105]
    assert done.purged == 4


def test_merging_refuses_what_is_there_or_its_own_source(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 1.0))
    (file,) = run.iterdir()
    with pytest.raises(ValueError, match="twice"):
        merge([run, file], tmp_path / "b")
    with pytest.raises(ValueError, match="one of the sources"):
        merge([run], file, overwrite=True)
    with pytest.raises(FileExistsError, match="a run exists already"):
        merge([run], run)
    with pytest.raises(FileNotFoundError):
        merge([tmp_path / "nosuch"], tmp_path / "b")
    assert sorted(tmp_path.iterdir()) == [run]


def test_problems_of_the_sources_are_reported(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 1.0), ("loss", 2, 1.0))
    (file,) = run.iterdir()
    file.write_bytes(file.read_bytes()[:-2])
    done = merge([run], tmp_path / "b")
    assert [problem.kind for problem in done.problems] == ["incomplete"]
    assert done.records == 2


@pytest.mark.parametrize("size", [300, 1000, 10**9])
def test_split_by_size_and_merged_is_the_identity(corpus, tmp_path, size):
    (source,) = corpus.glob("janosh*/**/*tfevents*")
    done = split(source, tmp_path / "parts", size=size)
    assert all(part.size <= size for part in done.parts)
    assert all(part.size == (tmp_path / part.path).stat().st_size for part in done.parts)
    assert (len(done.parts) > 1) == (size < source.stat().st_size)
    assert points(tmp_path / "parts") == points(source)
    merge([tmp_path / "parts"], tmp_path / "merged.tfevents")
    assert (tmp_path / "merged.tfevents").read_bytes() == source.read_bytes()


def test_a_record_larger_than_the_size_is_a_file_of_its_own(make_run, tmp_path):
    run = make_run("a", ("a" * 500, 1, 1.0), ("b", 1, 1.0), ("c" * 500, 1, 1.0))
    done = split(run, tmp_path / "parts", size=200)
    assert [part.records for part in done.parts] == [2, 2, 2]  # the version, and one each


def test_split_by_step_gives_each_part_its_steps(make_series, tmp_path):
    run = make_series("a", loss=(range(100), range(100)), acc=(range(0, 100, 7), range(15)))
    done = split(run, tmp_path / "parts", every=40)
    steps = [tbevents.read_run(part.path).scalars["loss"].steps for part in done.parts]
    assert [(int(each[0]), int(each[-1])) for each in steps] == [(0, 39), (40, 79), (80, 99)]
    assert points(tmp_path / "parts") == points(run)


def test_a_folder_that_holds_a_run_is_not_split_into(make_run, tmp_path):
    run, other = make_run("a", ("x", 1, 1.0)), make_run("b", ("y", 1, 2.0))
    before = sorted(path.name for path in other.iterdir())
    for out in (other, run):
        with pytest.raises(FileExistsError, match="a run exists already"):
            split(run, out, every=10)
    assert sorted(path.name for path in other.iterdir()) == before


def test_split_at_steps(make_series, tmp_path):
    run = make_series("a", loss=(range(-5, 50), range(55)))
    done = split(run, tmp_path / "parts", at=[0, 10])
    steps = [tbevents.read_run(part.path).scalars["loss"].steps for part in done.parts]
    assert [(int(each[0]), int(each[-1])) for each in steps] == [(-5, -1), (0, 9), (10, 49)]


def test_steps_far_apart_make_no_empty_parts(make_run, tmp_path):
    run = make_run("a", ("x", 2**62, 1.0), ("x", -(2**62), 1.0), ("x", 0, 1.0))
    assert [part.records for part in split(run, tmp_path / "parts", every=10).parts] == [2, 2, 2]


def test_values_without_a_step_are_in_the_first_part(corpus, tmp_path):
    (source,) = corpus.glob("Always*/**/run-0/*tfevents*")
    done = split(source, tmp_path / "parts", at=[1])
    first, second = (tbevents.read_run(part.path) for part in done.parts)
    assert first.hparams.parameters["optimizer"] == "adam"
    assert list(second.scalars) == ["accuracy"]


def test_too_many_parts_are_refused_and_leave_nothing(make_series, tmp_path):
    run = make_series("a", loss=(range(500), range(500)))
    with pytest.raises(ValueError, match="more than 200 parts"):
        split(run, tmp_path / "parts", every=1)
    assert not (tmp_path / "parts").exists()


@pytest.mark.parametrize("options", [{}, {"by_time": True}, {"purge": True}])
def test_tensorboards_loader_reads_what_was_merged(make_series, tmp_path, options):
    module = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard's loader is compared with"
    )
    first = make_series("a", loss=(range(10), np.arange(10)), acc=(range(5), np.ones(5)))
    second = make_series("b", loss=(range(6, 12), np.arange(6) + 100))
    merge([first, second], tmp_path / "c", **options)
    loader = module.EventAccumulator(str(tmp_path / "c"), size_guidance={"scalars": 0}, purge_orphaned_data=False)
    loader.Reload()
    ours = points(tmp_path / "c")
    assert {tag: [(p.step, p.wall_time, p.value) for p in loader.Scalars(tag)] for tag in ours} == ours
    assert len(ours["loss"]) == (12 if options.get("purge") else 16)


@pytest.mark.parametrize("at", [[2.5], ["3"], [True]])
def test_steps_to_split_at_are_whole_numbers(make_run, tmp_path, at):
    run = make_run("a", ("t", 0, 0.0), ("t", 5, 0.0))
    with pytest.raises(TypeError, match="at must be a whole number"):
        split(run, tmp_path / "out", at=at)
    assert len(split(run, tmp_path / "out", at=[np.int32(3)]).parts) == 2


def test_a_split_into_a_folder_that_got_a_run_meanwhile_leaves_nothing(make_run, tmp_path):
    run = make_run("a", *(("t", step, 0.0) for step in range(5)))
    other = make_run("other", ("t", 0, 0.0), file="events.out.tfevents.2.y")

    def interrupt(_done, _total):
        if not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("events*")):
            merge([other], tmp_path / "out")

    with pytest.raises(FileExistsError, match="a run exists already"):
        split(run, tmp_path / "out", at=[1, 2, 3], progress=interrupt)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_merging_into_a_folder_that_got_a_run_meanwhile_leaves_nothing(make_run, tmp_path):
    runs = [make_run("a", ("t", 0, 0.0)), make_run("b", ("t", 0, 0.0))]
    inner = []

    def interrupt(_done, _total):
        if not inner:
            inner.append(None)
            inner[0] = merge(runs[1:], tmp_path / "out" / "run")

    # The names differ, as those of two processes do.
    with pytest.raises(FileExistsError, match="exists already"):
        merge(runs[:1], tmp_path / "out" / "run", progress=interrupt)
    assert len(list((tmp_path / "out" / "run").iterdir())) == 1


def test_time_of_a_split_by_size_grows_with_the_records(make_series, tmp_path):
    times = []
    for count in (4_000, 16_000):
        run = make_series(f"{count}", t=(range(count), np.zeros(count)))
        start = time.process_time()
        split(run, tmp_path / f"out{count}", size=1 << 30)
        times.append(time.process_time() - start)
    assert times[1] < 9 * times[0]  # 16 if it were quadratic
