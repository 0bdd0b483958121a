"""Threads and forks that read runs again, and what is read ahead."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from unittest.mock import Mock

import pytest
from event_files import record, scalar_event
from reloaded_runs import HEADER, NAME, append, scalar, text

import tbevents
from tbevents import forks
from tbevents.reading import listed_runs
from tbevents.reading.scalar_blocks import SkeletonTable
from tbevents.reading.source import FileSource

# -- threads and forks -------------------------------------------------------------------------------------------------


def in_threads(count, work):
    """Calls a function in so many threads at once; its results."""
    barrier, results = threading.Barrier(count), []

    def start():
        barrier.wait(30)
        results.append(work())

    threads = [threading.Thread(target=start) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == count
    return results


def test_threads_that_reload_one_run_take_every_point_once_and_see_whole_states(folder):
    append(folder, HEADER + scalar(0))
    run = tbevents.read_run(folder)
    done = threading.Event()

    def write():
        for number in range(60):
            append(folder, b"".join(map(scalar, range(1 + 100 * number, 101 + 100 * number))))
        done.set()

    def reload():
        while not done.is_set():
            series = run.reload().scalars["loss"]
            assert series.steps.tolist() == list(range(len(series)))
            assert len(run.table(extra_columns=["file_name"])) >= len(series)
        return True

    writer = threading.Thread(target=write)
    writer.start()
    assert in_threads(3, reload) == [True] * 3
    writer.join(60)
    assert run.reload().scalars["loss"].steps.tolist() == list(range(6001))
    assert not run.problems


class TellingLock:
    """A lock that sets an event when a thread has to wait for it."""

    def __init__(self, lock, awaited):
        self.lock = lock
        self.awaited = awaited

    def __enter__(self):
        if not self.lock.acquire(blocking=False):
            self.awaited.set()
            self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()


class Two:
    """Two threads, of which the first stops where it is told to until the second waits for a lock, or needs none."""

    def __init__(self):
        self.stopped = threading.Event()
        self.second_came = threading.Event()
        self.results = {}

    def tell_of(self, owner, name):
        setattr(owner, name, TellingLock(getattr(owner, name), self.second_came))

    def stop_first(self):
        """Called at the place in question: stops the thread that comes first; the second says that it is there."""
        if threading.current_thread().name == "first":
            self.stopped.set()
            assert self.second_came.wait(30)
        else:
            self.second_came.set()

    def run(self, first, second):
        def call(work):
            self.results[threading.current_thread().name] = work()

        threads = [
            threading.Thread(target=call, args=[work], name=name, daemon=True)
            for name, work in (("first", first), ("second", second))
        ]
        threads[0].start()
        assert self.stopped.wait(30)
        threads[1].start()
        for thread in threads:
            thread.join(30)
        return self.results["first"], self.results["second"]


def test_a_thread_that_reloads_goes_on_where_the_one_before_it_ended(folder, monkeypatch):
    append(folder, HEADER + scalar(0))
    run = tbevents.read_run(folder)
    append(folder, scalar(1))
    two, read, begun_at = Two(), run._source.read, []

    def stop_and_read(before):
        begun_at.append(before.readers[before.files[0]].offset)
        reading = read(before)
        two.stop_first()
        return reading

    two.tell_of(run, "_lock")
    monkeypatch.setattr(run._source, "read", stop_and_read)

    def append_and_reload():
        append(folder, scalar(2))
        return len(run.reload().scalars["loss"])

    assert two.run(run.reload, append_and_reload)[1] == 3
    assert begun_at == [len(HEADER + scalar(0)), len(HEADER + scalar(0) + scalar(1))]


def test_a_thread_that_asks_for_a_run_which_another_reads_gets_that_run(six_runs, monkeypatch):
    logdir = tbevents.read_logdir(six_runs, threads=1)
    two, read, opened = Two(), FileSource.read, []

    def stop_and_read(self, before):
        opened.append(os.path.basename(self.location))
        two.stop_first()
        return read(self, before)

    two.tell_of(logdir._listed._slots["a"], "lock")
    monkeypatch.setattr(FileSource, "read", stop_and_read)
    first, second = two.run(lambda: logdir["a"], lambda: logdir["a"])
    assert first is second
    assert opened == ["a"]


class StoppingDict(dict):
    """Stops the first thread that gets something of it, when it has it."""

    def __init__(self, content, two):
        super().__init__(content)
        self.two = two

    def get(self, name):
        found = super().get(name)
        if threading.current_thread().name == "first":
            self.two.stop_first()
        return found

    def __setitem__(self, name, run):
        super().__setitem__(name, run)
        self.two.stop_first()


def test_a_run_that_is_read_while_the_logdir_is_reloaded_stays_the_one_of_its_name(six_runs):
    logdir = tbevents.read_logdir(six_runs, threads=1)
    two = Two()
    two.tell_of(logdir._listed, "_lock")
    logdir._listed.runs = StoppingDict(logdir._listed.runs, two)
    _, run = two.run(logdir.reload, lambda: logdir["a"])
    assert logdir["a"] is run


def test_a_run_that_is_gone_when_it_has_been_read_is_not_of_the_logdir(six_runs, monkeypatch):
    logdir = tbevents.read_logdir(six_runs, threads=1)
    read = FileSource.read

    def read_and_remove(self, before):
        reading = read(self, before)
        shutil.rmtree(self.location)
        logdir.reload()
        return reading

    monkeypatch.setattr(FileSource, "read", read_and_remove)
    assert len(logdir["a"].scalars["loss"]) == 50
    assert "".join(logdir) == "bcdef"
    with pytest.raises(tbevents.UnknownNameError):
        logdir["a"]


def test_threads_that_reload_a_logdir_agree_on_its_runs(six_runs, monkeypatch):
    logdir = tbevents.read_logdir(six_runs, threads=1)
    two, find = Two(), listed_runs.list_runs

    def find_and_stop(*arguments):
        found = find(*arguments)
        two.stop_first()
        return found

    def add_and_reload():
        shutil.copytree(six_runs / "a", six_runs / "z")
        logdir.reload()

    two.tell_of(logdir._listed, "_lock")
    monkeypatch.setattr(listed_runs, "list_runs", find_and_stop)
    two.run(logdir.reload, add_and_reload)
    assert "".join(logdir) == "abcdefz"


def test_what_a_run_makes_on_demand_is_one_for_all_threads(folder):
    append(folder, HEADER + scalar(0) + text(1))
    run = tbevents.read_run(folder)
    assert len({id(series) for series in in_threads(6, lambda: run.texts["note"])}) == 1


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_that_ask_a_logdir_for_one_name_get_one_run(six_runs, monkeypatch, threads):
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_BYTES", 0)
    logdir = tbevents.read_logdir(six_runs, threads=threads)
    found = in_threads(6, lambda: list(logdir.values()))
    assert {tuple(map(id, each)) for each in found} == {tuple(map(id, logdir.values()))}


def test_two_runs_of_a_logdir_are_read_at_the_same_time(six_runs, monkeypatch):
    logdir = tbevents.read_logdir(six_runs, threads=1)
    both, read = threading.Barrier(2), FileSource.read

    def wait_and_read(self, before):
        both.wait(30)
        return read(self, before)

    monkeypatch.setattr(FileSource, "read", wait_and_read)
    names = iter("ba")  # not one after the other, so that each is read alone
    assert {run.name for run in in_threads(2, lambda: logdir[next(names)])} == {"a", "b"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_forked_while_others_read_does_not_wait_for_them(six_runs):
    logdir = tbevents.read_logdir(six_runs, threads=2)
    run = logdir["a"]
    append(six_runs / "a", b"".join(map(scalar, range(50, 200))))
    held, release = threading.Event(), threading.Event()
    listed = logdir._listed
    table, queue = listed._table, listed._queue
    locks = (run._lock, table._lock, table.loops._lock, listed._lock, listed._slots["b"].lock)
    locks += (queue._lock, queue._small_lock)

    def hold():
        for lock in locks:
            lock.acquire()
        held.set()
        release.wait(60)
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        pid = os.fork()
    if not pid:
        status = 1
        try:
            status = 0 if len(run.reload().scalars["loss"]) == 200 and len(logdir["b"].scalars["loss"]) == 50 else 2
        finally:
            os._exit(status)
    deadline, ended = time.monotonic() + 30, (0, 0)
    while not ended[0] and time.monotonic() < deadline:
        ended = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
    if not ended[0]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    release.set()
    thread.join(30)
    assert ended == (pid, 0)


# -- read-ahead --------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    """The names of the runs that are read, in any thread."""
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_BYTES", 0)
    names, read = [], FileSource.read

    def read_and_note(self, before):
        names.append(os.path.basename(self.location))
        return read(self, before)

    monkeypatch.setattr(FileSource, "read", read_and_note)
    return names


@pytest.mark.parametrize("name", ["a", "d"])
def test_a_run_that_is_asked_for_alone_is_read_alone(six_runs, opened, name):
    logdir = tbevents.read_logdir(six_runs, threads=32)
    assert next(iter(logdir)) == "a"
    assert logdir[name].name == name
    assert len(logdir.scalars(runs=name)) == 50
    time.sleep(0.05)
    assert opened == [name]


def test_what_is_read_ahead_is_bounded_in_bytes(six_runs, opened, monkeypatch):
    size = (six_runs / "a" / NAME).stat().st_size
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_MOST", 3 * size)
    logdir = tbevents.read_logdir(six_runs, threads=32)
    iterator = iter(logdir.values())
    next(iterator)
    assert list(logdir._listed._queue._groups) == ["b", "c"]
    assert [run.name for run in iterator] == list("bcdef")
    assert sorted(opened) == list("abcdef")


# -- copies and signal handlers ----------------------------------------------------------------------------------------


def test_a_named_copy_and_its_run_do_not_change_what_the_other_shows(tmp_path):
    file = tmp_path / NAME
    file.write_bytes(HEADER + b"".join(map(scalar, range(10))))
    run = tbevents.read_run(tmp_path)
    file.write_bytes(whole := file.read_bytes() + b"".join(map(scalar, range(10, 15))))
    run.reload()
    other = run.named("other")
    file.write_bytes(whole + b"".join(map(scalar, (15, 16))))
    series = run.reload().scalars["loss"]
    before = series.steps.copy(), series.wall_times.copy(), series.values.copy()
    changed = [record(scalar_event("loss", step, -1.0).SerializeToString()) for step in (15, 16)]
    file.write_bytes(whole + b"".join(changed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)
        assert other.reload().scalars["loss"].values[15:].tolist() == [-1, -1]
    for column, known in zip((series.steps, series.wall_times, series.values), before, strict=True):
        assert column.tolist() == known.tolist()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_named_copy_is_usable_in_a_child_whatever_other_threads_hold(six_runs, monkeypatch):
    run = tbevents.read_run(six_runs / "a")
    other = run.named("other")
    assert other._lock is not run._lock
    lock = other._lock
    other._renew_locks = Mock(wraps=other._renew_locks)
    # Without the writers of other tests, which would start another flusher.
    monkeypatch.setattr(forks, "_owners", {id(other): forks._owners[id(other)]})
    forks._renew_all()
    other._renew_locks.assert_called_once_with()
    assert other._lock is not lock


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no SIGALRM")
def test_a_signal_handler_may_use_a_logdir_while_it_is_iterated(six_runs):
    code = f"""
import signal, tbevents
logdir = tbevents.read_logdir({str(six_runs)!r})
queue, unread, armed = logdir._listed._queue, logdir._listed._unread, [True]
def interrupted(name):
    if armed.pop() if armed else False:
        signal.raise_signal(signal.SIGUSR1)
    return unread(name)
logdir._listed._unread = interrupted
signal.signal(signal.SIGUSR1, lambda *_: [len(run.scalars["loss"]) for run in logdir.values()])
signal.alarm(20)
assert [len(run.scalars["loss"]) for run in logdir.values()] == [50] * len(logdir)
assert not armed
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_skeletons_that_a_signal_handler_adds_meanwhile_get_numbers_of_their_own():
    table = SkeletonTable()

    class Interrupted(list):
        def append(self, message):
            super().append(message)
            if message == "ours":
                table._add("theirs", "places of theirs")

    table.messages = Interrupted()
    number = table._add("ours", "places of ours")
    assert (table.messages[number], table.places[number]) == ("ours", "places of ours")
    assert (table.messages[1 - number], table.places[1 - number]) == ("theirs", "places of theirs")
