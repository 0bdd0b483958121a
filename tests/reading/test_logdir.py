"""A folder of runs: found, read when first used, reloaded."""

import threading
import warnings

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events
from recorded_warnings import warnings_of

import tbevents
from tbevents.reading.small_runs import SmallRunReader
from tbevents.reading.source import FileSource


def log(folder, steps, tag="loss", name="events.out.tfevents.1.h"):
    write_events(folder / name, [version_event(), *(scalar_event(tag, step, step / 2) for step in steps)])


@pytest.fixture
def folder(tmp_path):
    log(tmp_path, range(2), "top")
    log(tmp_path / "b", range(100))
    log(tmp_path / "a" / "x", [0, 1, 1])
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_runs_have_the_names_that_tensorboard_shows(folder):
    logdir = tbevents.read_logdir(folder)
    assert list(logdir) == [".", "a/x", "b"]
    assert (logdir["a/x"].name, logdir["a/x"].path) == ("a/x", str(folder / "a" / "x"))
    assert repr(logdir) == f"<Logdir {str(folder)!r}: 3 runs>"
    assert "empty" not in logdir
    with pytest.raises(tbevents.UnknownNameError, match="no run 'a'; did you mean 'a/x'"):
        logdir["a"]


def test_a_run_is_read_when_it_is_first_used_and_once(folder):
    logdir = tbevents.read_logdir(folder)
    (folder / "b" / "events.out.tfevents.1.h").write_bytes(b"")
    assert len(logdir["a/x"].scalars["loss"]) == 3
    assert logdir["a/x"] is logdir["a/x"]
    with warnings_of(tbevents.DamageWarning) as caught:
        logdir["b"]
    assert caught[0].filename == __file__
    with warnings_of(tbevents.DamageWarning) as caught:
        list(tbevents.read_logdir(folder).values())
    assert caught[0].filename == __file__


def test_options_reach_every_run(folder):
    logdir = tbevents.read_logdir(folder, duplicates="last", tags="lo*")
    assert logdir["a/x"].scalars["loss"].steps.tolist() == [0, 1]
    assert list(logdir["."].scalars) == []
    with pytest.raises(tbevents.UnknownNameError, match="the run was read without it, see `tags`"):
        logdir["."].scalars["top"]


def test_looking_for_a_name_reads_nothing(folder):
    (folder / "b" / "events.out.tfevents.1.h").write_bytes(b"no event file")
    logdir = tbevents.read_logdir(folder, strict=True)
    assert "b" in logdir
    assert "c" not in logdir
    with pytest.raises(tbevents.DamagedFileError):
        logdir["b"]


@pytest.mark.parametrize("processes", [None, 2])
def test_a_pass_after_one_that_was_left_reads_the_files_as_they_are(tmp_path, processes):
    for name in "abcde":
        log(tmp_path / name, [0])
    logdir = tbevents.read_logdir(tmp_path, processes=processes)
    for name, _ in logdir.each(list("abcde")):
        assert name == "a"
        break
    for name in "abcde":
        log(tmp_path / name, [0, 1])
    assert [len(run.scalars["loss"]) for _, run in logdir.each(list("abcde"))] == [2] * 5


def test_a_run_that_is_being_read_during_a_reload_is_as_new_as_the_reload(tmp_path, monkeypatch):
    log(tmp_path / "a", [0])
    logdir = tbevents.read_logdir(tmp_path)
    real, read, reloaded = FileSource.read, threading.Event(), threading.Event()

    def slowly(self, *arguments, **options):
        found = real(self, *arguments, **options)
        if not read.is_set():
            read.set()
            assert reloaded.wait(10)
        return found

    monkeypatch.setattr(FileSource, "read", slowly)
    reader = threading.Thread(target=lambda: logdir["a"])
    reader.start()
    assert read.wait(10)
    log(tmp_path / "a", [0, 1])
    logdir.reload()
    reloaded.set()
    reader.join(10)
    assert len(logdir["a"].scalars["loss"]) == 2


@pytest.mark.parametrize("read", [False, True])
def test_reload_finds_new_runs_and_new_points_and_drops_runs_that_are_gone(folder, read):
    logdir = tbevents.read_logdir(folder)
    run = logdir["b"]
    assert not read or logdir["a/x"].scalars
    log(folder / "b", range(3), "acc", name="events.out.tfevents.2.h")
    log(folder / "new", range(5))
    (folder / "a" / "x" / "events.out.tfevents.1.h").unlink()
    assert logdir.reload() is logdir
    assert list(logdir) == [".", "b", "new"]
    assert logdir["b"] is run
    assert set(run.scalars) == {"loss", "acc"}
    assert len(logdir["new"].scalars["loss"]) == 5


def test_runs_share_what_they_know_of_the_form_of_events_but_no_points(folder):
    log(folder / "c", range(100, 300))
    log(folder / "d", range(50, 250))
    logdir = tbevents.read_logdir(folder)
    for name, steps in (("c", range(100, 300)), ("b", range(100)), ("d", range(50, 250))):
        assert logdir[name].scalars["loss"].steps.tolist() == list(steps)
        assert logdir[name].tags == ("loss",)
    filtered = tbevents.read_logdir(folder, tags="nothing")
    assert [run.tags for run in filtered.values()] == [()] * 5


def test_a_file_or_an_empty_folder_as_a_logdir(folder):
    file = folder / "b" / "events.out.tfevents.1.h"
    assert list(tbevents.read_logdir(file)) == ["."]
    assert len(tbevents.read_logdir(file)["."].scalars["loss"]) == 100
    assert dict(tbevents.read_logdir(folder / "empty")) == {}
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        tbevents.read_logdir(folder / "nowhere")


@pytest.fixture
def twenty(tmp_path):
    for k in range(20):
        events = [version_event(), *(scalar_event(f"tag{k % 3}", step, step * k) for step in range(1, 200))]
        write_events(tmp_path / f"run{k:02}" / "events.out.tfevents.1700000000.host", events)
    return tmp_path


@pytest.fixture
def ahead(monkeypatch):
    """As if all runs were large: they are read ahead."""
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_BYTES", 0)


def readers(logdir, monkeypatch):
    """The names of the threads that read the runs, in an iteration."""
    found = []
    read = FileSource.read

    def read_alone(self, before):
        found.append(threading.current_thread().name)
        return read(self, before)

    read_together = SmallRunReader.read

    def read_here(self, sources):
        readings = read_together(self, sources)
        found.extend(threading.current_thread().name for reading in readings if reading is not None)
        return readings

    monkeypatch.setattr(FileSource, "read", read_alone)
    monkeypatch.setattr(SmallRunReader, "read", read_here)
    everything(logdir)
    assert len(found) == 20
    return set(found)


def test_small_runs_are_read_by_whoever_asks_for_them(twenty, monkeypatch):
    assert readers(tbevents.read_logdir(twenty, threads=2), monkeypatch) == {threading.current_thread().name}


def test_large_runs_are_read_ahead(twenty, monkeypatch):
    size = sum(file.stat().st_size for file in (twenty / "run07").iterdir())
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_BYTES", size)
    names = readers(tbevents.read_logdir(twenty, threads=2), monkeypatch)
    assert any(name.startswith("tbevents-reader") for name in names)


def test_a_run_whose_file_is_gone_has_that_problem_and_hides_no_other(twenty):
    logdir = tbevents.read_logdir(twenty, threads=2)
    strict = tbevents.read_logdir(twenty, threads=2, strict=True)
    next((twenty / "run01").iterdir()).unlink()
    with pytest.warns(tbevents.DamageWarning, match="run01: cannot be read: this folder has no event file"):
        assert {name: len(run.scalars) for name, run in logdir.items()} == {
            f"run{k:02}": int(k != 1) for k in range(20)
        }
    (problem,) = logdir["run01"].problems
    assert (problem.file, problem.kind, problem.skipped) == (str(twenty / "run01"), "unreadable", 0)
    with pytest.raises(FileNotFoundError, match="run01"):
        strict["run01"]


def everything(logdir):
    return [(name, tag, series.values.tobytes()) for name, run in logdir.items() for tag, series in run.scalars.items()]


@pytest.mark.parametrize("threads", [None, 2, 5])
def test_reading_ahead_with_threads_gives_the_same(twenty, ahead, threads):
    assert everything(tbevents.read_logdir(twenty, threads=threads)) == everything(
        tbevents.read_logdir(twenty, threads=1)
    )


def test_reading_ahead_reads_each_run_once_whatever_the_order(twenty, ahead):
    logdir = tbevents.read_logdir(twenty, threads=3)
    runs = [logdir[name] for name in ("run07", "run00", "run01", "run19", "run02")]
    assert [run.name for run in runs] == ["run07", "run00", "run01", "run19", "run02"]
    assert list(logdir.values())[7] is runs[0]
    assert everything(logdir) == everything(tbevents.read_logdir(twenty, threads=1))
    write_events(twenty / "run99" / "events.out.tfevents.1700000000.host", [scalar_event("new", 1, 1.0)])
    assert logdir.reload()["run99"].scalars["new"].last.value == 1.0


def test_a_run_that_is_read_ahead_warns_when_it_is_asked_for_and_at_the_callers_line(twenty, ahead):
    path = next((twenty / "run01").iterdir())
    path.write_bytes(path.read_bytes()[:-3])
    logdir = tbevents.read_logdir(twenty, threads=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logdir["run00"]
    with warnings_of(tbevents.DamageWarning) as caught:
        logdir["run01"]
    assert caught[0].filename == __file__
    with pytest.raises(tbevents.IncompleteRecordError):
        everything(tbevents.read_logdir(twenty, threads=2, strict=True))


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_an_impossible_number_of_threads_is_refused(twenty, threads):
    with pytest.raises((TypeError, ValueError), match=r"^threads must be (at least 1|a whole number), not "):
        tbevents.read_logdir(twenty, threads=threads)


def test_a_number_of_threads_may_be_of_any_type(twenty):
    assert len(tbevents.read_logdir(twenty, threads=np.int64(2))) == 20
