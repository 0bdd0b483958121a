"""Small runs that are read together are what each is when it is read alone: to the bit, damage and options included."""

import shutil
import tempfile
import threading
import warnings
from pathlib import Path

import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scalar_files import NAME, expected, one_event
from small_runs import alone, damaged, everything, options, read_together, write_runs

import tbevents
from tbevents.proto import Event, Summary, TensorProto
from tbevents.reading import file_orders, scalar_blocks, worker_processes
from tbevents.reading.options import ReadOptions
from tbevents.reading.run import Run
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.shared_blocks import take_block
from tbevents.reading.small_runs import SmallRunReader
from tbevents.reading.source import FileSource
from tbevents.tools import iter_runs

LATER = NAME.replace("1700000000", "1700000009")


@st.composite
def logdirs(draw):
    """Run -> file -> bytes: many runs log the same, some anything, some files are damaged."""
    loop = draw(st.lists(one_event(), min_size=1, max_size=4)) * draw(st.integers(1, 8))
    header = [version_event().SerializeToString()] * draw(st.integers(0, 1))
    alike = b"".join(map(record, [*header, *loop]))
    runs = {}
    for number in range(draw(st.integers(2, 7))):
        files = {NAME: alike}
        if draw(st.integers(0, 2)) == 0:
            files[NAME] = b"".join(map(record, draw(st.lists(one_event(), max_size=12))))
        if draw(st.integers(0, 3)) == 0:
            files[LATER] = alike
        if draw(st.integers(0, 3)) == 0:
            files[NAME] = draw(damaged(files[NAME]))
        runs[f"run{number}"] = files
    return runs


@settings(
    max_examples=2 * settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(runs=logdirs(), more=st.lists(one_event(), max_size=3), options=options)
def test_runs_read_together_equal_runs_read_alone(runs, more, options, small_blocks):
    small_blocks(1 << 20)
    with tempfile.TemporaryDirectory() as top, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logdir = read_together(top, runs, options)
        if options.get("strict"):
            return
        for name in logdir:  # what is appended to the last file goes behind it
            with open(f"{top}/{name}/{max(runs[name])}", "ab") as file:
                file.write(b"".join(map(record, more)))
            run = logdir[name].reload()
            if not run.problems:
                assert everything(run) == alone(f"{top}/{name}", name, options)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(runs=logdirs())
def test_runs_read_together_have_the_points_of_their_events(runs, small_blocks):
    small_blocks(1 << 20)
    with tempfile.TemporaryDirectory() as top, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_runs(top, {name: {NAME: files[NAME]} for name, files in runs.items()})
        for name, run in tbevents.read_logdir(top, threads=1).items():
            try:
                events = expected(Path(top, name, NAME))
            except tbevents.NotAnEventFileError:
                continue
            found = {
                tag: (one.steps.tobytes(), one.wall_times.tobytes(), one.values.tobytes())
                for tag, one in run.scalars.items()
            }
            assert found == events


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(runs=logdirs(), more=st.lists(one_event(), max_size=3), options=options)
def test_runs_that_another_process_sends_equal_runs_read_alone(runs, more, options, small_blocks):
    """Its part is done here, in this process."""
    small_blocks(1 << 20)
    given_options = ReadOptions(**options)
    table = SkeletonTable(verify=given_options.verify)
    with tempfile.TemporaryDirectory() as top, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_runs(top, runs)
        sources = [FileSource(f"{top}/{name}", given_options, named=False) for name in runs]
        sent = take_block(worker_processes._read_group(f"{top}/block", sources, given_options), f"{top}/block")
        assert not Path(top, "block").exists()
        for name, one in zip(runs, sent, strict=True):
            if one is None:
                assert not isinstance(alone(f"{top}/{name}", name, options), list) or not options.get("strict")
                continue
            source = FileSource(f"{top}/{name}", given_options, named=False)
            run = Run(source, name=name, options=given_options, warn=False, reading=one.reading(table))
            assert everything(run) == alone(f"{top}/{name}", name, options)
            if options.get("strict"):
                continue
            with open(f"{top}/{name}/{max(runs[name])}", "ab") as file:
                file.write(b"".join(map(record, more)))
            run.reload()
            if not run.problems:
                assert everything(run) == alone(f"{top}/{name}", name, options)


@pytest.fixture
def reads(monkeypatch):
    """What was read how: "alone" with the name of the run, or "together" with the number of runs."""
    found = []
    read_alone, read_together = FileSource.read, SmallRunReader.read

    def note_alone(self, before):
        found.append(("alone", Path(self.location).name))
        return read_alone(self, before)

    def note_together(self, sources):
        readings = read_together(self, sources)
        found.append(("together", sum(reading is not None for reading in readings)))
        return readings

    monkeypatch.setattr(FileSource, "read", note_alone)
    monkeypatch.setattr(SmallRunReader, "read", note_together)
    return found


@pytest.fixture
def thirty(tmp_path):
    """Thirty runs that log two tags, each its own values."""
    for k in range(30):
        points = [scalar_event(tag, step, step * k) for step in range(40) for tag in ("a", "b")]
        write_events(tmp_path / f"run{k:02}" / NAME, [version_event(), *points])
    return tmp_path


def damage(folder):
    path = folder / NAME
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_only_the_damaged_run_is_read_alone(thirty, reads):
    damage(thirty / "run11")
    with pytest.warns(tbevents.DamageWarning, match="run11"):
        assert [len(run.problems) for run in tbevents.read_logdir(thirty, threads=1).values()].count(0) == 29
    assert [name for how, name in reads if how == "alone"] == ["run11"]
    assert sum(count for how, count in reads if how == "together") == 29


def test_a_run_asked_for_by_name_is_read_alone(thirty, reads):
    tbevents.read_logdir(thirty)["run07"]
    assert reads == [("alone", "run07")]


def test_a_run_that_is_not_small_is_read_alone(thirty, reads):
    points = [scalar_event("loss", step, 1.0) for step in range(30_000)]
    write_events(thirty / "run05" / NAME, [version_event(), *points])
    counts = [sum(run.counts()["scalars"].values()) for run in tbevents.read_logdir(thirty, threads=1).values()]
    assert counts == [80] * 5 + [30_000] + [80] * 24
    assert [name for how, name in reads if how == "alone"] == ["run05"]


def test_a_run_that_vanishes_between_listing_and_reading_is_a_problem_of_that_run(thirty):
    logdir = tbevents.read_logdir(thirty, threads=1)
    shutil.rmtree(thirty / "run03")
    with pytest.warns(tbevents.DamageWarning, match="run03"):
        assert [name for name, run in logdir.items() if run.problems] == ["run03"]


def test_a_tag_that_is_a_scalar_in_one_run_may_be_a_tensor_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(scalar_blocks, "_FEW", 1)
    tensor = TensorProto(dtype=1, float_val=[2.0])
    plain = Summary.Value(tag="a", tensor=tensor)
    for name, first in (("run1", tensor_value("a", tensor, "scalars")), ("run2", tensor_value("a", tensor, "other"))):
        values = [first, *[plain] * 5]
        events = [Event(wall_time=1.0, step=step, summary=Summary(value=[one])) for step, one in enumerate(values)]
        for copy in "xy":
            write_events(tmp_path / (name + copy) / NAME, events)
    kinds = {name: next(iter(run.counts())) for name, run in tbevents.read_logdir(tmp_path, threads=1).items()}
    assert kinds == {"run1x": "scalars", "run1y": "scalars", "run2x": "tensors", "run2y": "tensors"}


def test_threads_that_iterate_at_once_get_the_same_runs(thirty):
    logdir = tbevents.read_logdir(thirty)
    found = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(logdir.values())) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(mine == found[0] and len(mine) == 30 for mine in found)


def test_a_reading_that_is_interrupted_leaves_the_runs_to_the_next(thirty, monkeypatch):
    logdir = tbevents.read_logdir(thirty, threads=1)
    read = scalar_blocks.SkeletonTable.decode

    def interrupt(self, records):
        raise KeyboardInterrupt

    monkeypatch.setattr(scalar_blocks.SkeletonTable, "decode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(logdir.values())
    monkeypatch.setattr(scalar_blocks.SkeletonTable, "decode", read)
    assert [len(run.scalars["a"]) for run in logdir.values()] == [40] * 30


def test_a_series_shares_the_memory_of_its_run_alone(thirty):
    run = next(iter(tbevents.read_logdir(thirty, threads=1).values()))
    base = run.scalars["a"].values
    while base.base is not None:
        base = base.base
    assert base.nbytes == 80 * 4


def test_iter_runs_reads_small_runs_together_and_yields_what_each_is_alone(thirty, reads):
    damage(thirty / "run11")
    found = [everything(run) for run in iter_runs(thirty)]
    assert sum(count for how, count in reads if how == "together") == 29
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found == [alone(str(thirty / f"run{k:02}"), f"run{k:02}", {}) for k in range(30)]
    with pytest.raises(tbevents.DamagedFileError):
        list(iter_runs(thirty, strict=True))


def test_runs_that_cannot_be_read_any_more_are_read_one_by_one(tmp_path, monkeypatch):
    for name in "ab":
        with tbevents.SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, 0)
    logdir = tbevents.read_logdir(tmp_path, threads=1)

    def refuse(path, *arguments):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("tbevents.reading.small_runs.open_file", refuse)
        assert [len(run.scalars["loss"]) for run in logdir.values()] == [1, 1]


def test_a_run_that_a_reload_finds_gone_while_it_is_read_with_others_does_not_stop_them(tmp_path, monkeypatch):
    for name in "abcd":
        with tbevents.SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar_columns("loss", range(100), range(100))
    logdir = tbevents.read_logdir(tmp_path, threads=1)
    read = SmallRunReader.read

    def read_and_remove(self, sources):
        found = read(self, sources)
        shutil.rmtree(tmp_path / "c", ignore_errors=True)
        logdir.reload()
        return found

    monkeypatch.setattr(SmallRunReader, "read", read_and_remove)
    assert [len(logdir[name].scalars["loss"]) for name in "ab"] == [100, 100]
    assert list(logdir) == ["a", "b", "d"]
    assert len(logdir["d"].scalars["loss"]) == 100
    with pytest.raises(tbevents.UnknownNameError):
        logdir["c"]


@pytest.mark.parametrize("others", [[], ["histogram"]], ids=["scalars alone", "a histogram behind them"])
def test_a_run_begins_with_its_first_intact_event(tmp_path, others):
    """Whether its first records are damaged, and whatever the table knew before."""
    events = [
        Event(wall_time=1000.0 + step, step=step, summary=scalar_event("loss", step, 1.0).summary)
        for step in range(300)
    ]
    later = [
        Event(wall_time=5000.0, summary=Summary(value=[Summary.Value(tag="other", histo={"num": 1})])) for _ in others
    ]
    for name in ("a", "b", "c"):
        data = [record(event.SerializeToString()) for event in [version_event(), *events, *later]]
        if name != "a":
            data[0], data[1] = data[0][:-1] + b"?", data[1][:-1] + b"?"
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_bytes(b"".join(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logdir = tbevents.read_logdir(tmp_path, threads=1)
        for name in "bc":
            assert logdir[name].first_wall_time == 1001.0
            assert tbevents.read_run(tmp_path / name).first_wall_time == 1001.0


@pytest.mark.parametrize("options", [{}, {"restarts": "tensorboard"}, {"duplicates": "last"}])
def test_the_last_scalars_are_those_of_the_series(tmp_path, options):
    big = tensor_value("big", TensorProto(dtype=9, int64_val=[2**60 + 1]), "scalars")
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        events = [scalar_event(tag, step, step / 3) for step in (0, 1, 2, 2, 1) for tag in ("loss", "rate")]
        events += [Event(step=1, summary=Summary(value=[big]))] if name == "c" else []
        data = b"".join(record(event.SerializeToString()) for event in (version_event(), *events))
        (tmp_path / name / NAME).write_bytes(data)
    for name, run in tbevents.read_logdir(tmp_path, **options).items():
        found = run.last_scalars()
        assert found == {tag: (len(series), series.last.value) for tag, series in run.scalars.items()}
        assert ("big" in found) == (name == "c")


@pytest.mark.parametrize("options", [{"kinds": "texts"}, {"tags": "other"}])
def test_runs_whose_scalars_were_all_left_out_have_no_last_scalars(tmp_path, options):
    for number in range(20):
        with tbevents.SummaryWriter(tmp_path / f"run{number:02}") as writer:
            for step in range(5):
                writer.add_scalar("loss", step, step)
    logdir = tbevents.read_logdir(tmp_path, **options)
    assert [run.last_scalars() for run in logdir.values()] == [{}] * 20
    assert len(logdir.hparams()) == 0


def test_what_is_remembered_of_runs_of_other_sizes_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(file_orders, "_MOST_REMEMBERED", 100)
    reader = SmallRunReader(SkeletonTable(verify=True), ReadOptions())
    for points in range(1, 40):
        sources = []
        for name in "ab":
            folder = tmp_path / f"{name}{points}"
            with tbevents.SummaryWriter(folder) as writer:
                for step in range(points):
                    writer.add_scalar("loss", step, step)
            sources.append(FileSource(str(folder), named=False))
        reader.read(sources)
        orders = reader._orders._orders
        assert sum(len(order.places) for order in orders.values() if order) <= 100
    assert orders
