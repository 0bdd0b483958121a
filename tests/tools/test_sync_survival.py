"""The Delta table of a logdir where something goes wrong: unreadable runs, exceptions, kills, other processes."""

import signal
import subprocess
import sys

import pytest

import tbevents
from tbevents.tools import lake_writer
from tbevents.tools.lake_table import LakeTable

from .lake import NAME, contents, data_files, expected, write_run

deltalake = pytest.importorskip("deltalake", reason="writes a Delta table")
pytest.importorskip("pyarrow", reason="writes a Delta table")


@pytest.fixture
def unreadable(monkeypatch):
    """Files with these parts in their names cannot be read (root may read everything)."""
    from tbevents.reading import event_file, small_runs

    parts = set()
    original = event_file.open_file

    def opened(path, *arguments):
        if any(part in str(path) for part in parts):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, *arguments)

    for module in (event_file, small_runs):
        monkeypatch.setattr(module, "open_file", opened)
    return parts


def test_a_run_that_cannot_be_read_keeps_its_rows_and_is_tried_again(runs, lake, unreadable):
    tbevents.sync(runs, lake)
    before = contents(lake)
    write_run(runs / "r03", ("x", 0, 7.0))
    write_run(runs / "new", ("x", 0, 7.0))
    unreadable |= {"r03", "new"}
    problems = []
    done = tbevents.sync(runs, lake, on_problem=problems.append)
    assert (done.read, done.version, len(problems)) == ((), 1, 2)
    assert contents(lake) == before
    unreadable.clear()
    assert set(tbevents.sync(runs, lake).read) == {"r03", "new"}
    assert contents(lake) == expected(runs)


def assert_the_rest_comes_once_it_can_be_read(runs, lake, unreadable):
    assert len([row for row in contents(lake) if row[0] == "r03"]) == 3
    again = tbevents.sync(runs, lake, on_problem=id)
    assert (again.read, again.version, len(again.problems)) == ((), 1, 1)
    unreadable.clear()
    assert tbevents.sync(runs, lake).read == ("r03",)
    assert contents(lake) == expected(runs)


def test_what_can_be_read_of_a_new_run_is_there_until_all_of_it_is(runs, lake, unreadable):
    write_run(runs / "r03", ("x", 5, 7.0), name=NAME + ".later")
    unreadable.add(".later")
    assert "r03" in tbevents.sync(runs, lake, on_problem=id).read
    assert_the_rest_comes_once_it_can_be_read(runs, lake, unreadable)


@pytest.fixture
def in_parts(monkeypatch):
    """Every run counts as large, and comes in parts of few points."""
    from tbevents.reading import listed_runs, run_parts

    monkeypatch.setattr(listed_runs, "_PART_BYTES", 10)
    monkeypatch.setattr(run_parts, "_PART_POINTS", 1)


@pytest.mark.parametrize("name", [".early", ".later"])
def test_what_can_be_read_of_a_large_new_run_is_there_until_all_of_it_is(runs, lake, unreadable, in_parts, name):
    write_run(runs / "r03", ("x", 5, 7.0), name=f"events.out.tfevents.{1 if name == '.early' else 9}.h{name}")
    unreadable.add(name)
    problems = []
    done = tbevents.sync(runs, lake, on_problem=problems.append)
    assert "r03" in done.read
    assert [problem.kind for problem in done.problems] == ["unreadable"] == [problem.kind for problem in problems]
    assert_the_rest_comes_once_it_can_be_read(runs, lake, unreadable)


def test_a_large_run_that_cannot_be_read_keeps_its_rows(runs, lake, unreadable, in_parts):
    tbevents.sync(runs, lake)
    before = contents(lake)
    write_run(runs / "r03", ("x", 5, 7.0), name=NAME + ".later")
    unreadable.add(".later")
    done = tbevents.sync(runs, lake, on_problem=id)
    assert (done.read, done.version) == ((), 1)
    assert contents(lake) == before


@pytest.mark.parametrize("method", ["commit", "_copy", "rows"])
def test_an_exception_in_the_middle_leaves_the_table_and_no_file(runs, lake, monkeypatch, method):
    from tbevents.tools import sync as module

    tbevents.sync(runs, lake)
    before, files = contents(lake), data_files(lake)
    write_run(runs / "r03", ("x", 0, 7.0))
    owner = module._Attempt if method == "_copy" else LakeTable

    def fail(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, fail)
        with pytest.raises(KeyboardInterrupt):
            tbevents.sync(runs, lake)
    assert (contents(lake), data_files(lake)) == (before, files)
    assert tbevents.sync(runs, lake).read == ("r03",)
    assert contents(lake) == expected(runs)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("the checkpoint failed")])
def test_files_of_a_commit_that_was_made_stay_whatever_comes_after_it(runs, lake, monkeypatch, error):
    tbevents.sync(runs, lake)
    write_run(runs / "r03", ("x", 0, 7.0))
    real = LakeTable.commit

    def commit(*arguments):
        real(*arguments)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(LakeTable, "commit", commit)
        with pytest.raises((KeyboardInterrupt, OSError)):
            tbevents.sync(runs, lake)
    assert contents(lake) == expected(runs)
    assert tbevents.sync(runs, lake).read == ()


def test_a_file_that_cannot_be_completed_is_deleted(runs, lake, monkeypatch):
    tbevents.sync(runs, lake)
    files = data_files(lake)
    write_run(runs / "r03", ("x", 0, 7.0))
    with monkeypatch.context() as patch:
        patch.setattr(lake_writer._DataFile, "close", lambda _: (_ for _ in ()).throw(OSError("no room")))
        with pytest.raises(OSError, match="no room"):
            tbevents.sync(runs, lake)
    assert data_files(lake) == files


KILLED = """
import os, signal, sys, tbevents
from tbevents.tools import lake_table, lake_writer
if sys.argv[3] == "commit":
    lake_table.LakeTable.commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
else:
    lake_writer.LakeWriter.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
tbevents.sync(sys.argv[1], sys.argv[2])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process")
@pytest.mark.parametrize("where", ["commit", "write"])
def test_a_killed_sync_leaves_the_table_as_it_was(runs, lake, where):
    command = [sys.executable, "-c", KILLED, runs, lake, where]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert contents(lake) == []
    assert len(tbevents.sync(runs, lake).read) == 31
    whole = expected(runs)
    write_run(runs / "r03", ("x", 0, 7.0))
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert contents(lake) == whole
    assert tbevents.sync(runs, lake).read == ("r03",)
    # What the killed ones have left is not part of the table.
    table = deltalake.DeltaTable(lake)
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    assert len(data_files(lake)) == len(table.file_uris())
    assert contents(lake) == expected(runs)


def test_a_commit_of_another_process_in_between_is_looked_at_again(runs, lake, monkeypatch):
    tbevents.sync(runs, lake)
    write_run(runs / "r03", ("x", 0, 7.0))
    original = LakeTable.commit
    others = iter([True])

    def after_another(table, *arguments):
        if next(others, False):
            tbevents.sync(runs, lake)
        return original(table, *arguments)

    monkeypatch.setattr(LakeTable, "commit", after_another)
    done = tbevents.sync(runs, lake)
    assert (done.read, done.version) == ((), 2)  # the other one has read it
    assert contents(lake) == expected(runs)
    assert len(data_files(lake)) == len(deltalake.DeltaTable(lake).file_uris()) + 1  # the one that was replaced


def test_endless_conflicts_are_an_error_with_a_name(runs, lake, monkeypatch):
    monkeypatch.setattr(LakeTable, "commit", lambda *_: False)
    with pytest.raises(tbevents.SyncConflictError, match="lake: other processes changed the table 5 times"):
        tbevents.sync(runs, lake)
    assert data_files(lake) == set()


@pytest.mark.slow  # starts processes
def test_processes_that_sync_at_once_leave_each_run_once(runs, lake):
    code = "import sys, tbevents; tbevents.sync(*sys.argv[1:])"
    processes = [subprocess.Popen([sys.executable, "-c", code, runs, lake]) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert contents(lake) == expected(runs)
