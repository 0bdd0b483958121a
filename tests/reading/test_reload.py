"""Reading a run again: what interrupts, exceptions, threads, forks, damage and other files may do to it."""

import errno
import io
import linecache
import os
import shutil
import signal
import sys
import threading
import time
import warnings

import pytest
from event_files import record, scalar_event, tensor_value, version_event

import tbevents
from tbevents.proto import Event, LogMessage, SessionLog, Summary, TensorProto
from tbevents.reading import decoder_feed, event_file, listed_runs
from tbevents.reading.source import FileSource
from tbevents.testing.live_run import live_run

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"
HEADER = record(version_event().SerializeToString())


def scalar(step, tag="loss"):
    return record(scalar_event(tag, step, step / 2).SerializeToString())


def text(step):
    value = tensor_value("note", TensorProto(dtype=7, string_val=[b"%d" % step]), "text")
    return record(Event(step=step, summary=Summary(value=[value])).SerializeToString())


def damaged(data, at=-6):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def append(folder, data, name=NAME):
    with open(folder / name, "ab") as file:
        file.write(data)


def state(run):
    """All that a run shows."""
    scalars = {
        tag: [column.tobytes() for column in (s.steps, s.wall_times, s.values)] for tag, s in run.scalars.items()
    }
    texts = {tag: [(point.step, point.text) for point in series] for tag, series in run.texts.items()}
    return scalars, texts, run.counts(), run.tags, run.problems, run.files, run.first_wall_time


def fresh(folder, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)
        return tbevents.read_run(folder, **options)


# -- interrupts and exceptions -----------------------------------------------------------------------------------------


class Interrupter:
    """Raises when so many lines of the package's reading have been run."""

    def __init__(self, after):
        self.left = after
        self.lines = 0

    def __enter__(self):
        sys.settrace(self._trace)

    def __exit__(self, *_):
        sys.settrace(None)

    def _trace(self, frame, event, _):
        path = frame.f_code.co_filename
        if f"tbevents{os.sep}reading" not in path:
            return None
        # A trace also tells of places where a real interrupt never comes: the exit of a `with`, and a line with `try`,
        # which is not guarded by the block around it.
        if event == "line" and not linecache.getline(path, frame.f_lineno).lstrip().startswith(("with ", "try:")):
            self.lines += 1
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self._trace


MORE = scalar(3) + text(4) + scalar(4, "new") + damaged(scalar(5)) + b"".join(map(scalar, range(6, 60))) + text(60)


@pytest.mark.parametrize("restarts", ["keep", "tensorboard"])
def test_an_interrupt_at_any_line_of_a_reload_leaves_the_run_as_it_was_and_loses_nothing(folder, restarts):
    append(folder, HEADER + scalar(1) + scalar(2) + text(1))
    start = (folder / NAME).read_bytes()
    counter = Interrupter(-1)
    run = tbevents.read_run(folder, restarts=restarts)
    append(folder, MORE)
    with counter, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.reload()
    after = state(run)
    assert after == state(fresh(folder, restarts=restarts))
    assert counter.lines > 300
    for place in range(1, counter.lines, 7):
        (folder / NAME).write_bytes(start)
        run = fresh(folder, restarts=restarts)
        before, series = state(run), run.scalars["loss"]
        append(folder, MORE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(KeyboardInterrupt), Interrupter(place):
                run.reload()
            assert state(run) in (before, after)
            assert state(run.reload()) == after, place
        assert series.steps.tolist() == [1, 2]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a signal may come in a weakref's callback
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no interval timers")
def test_signals_in_the_middle_of_reloads_lose_and_double_nothing(folder):
    def interrupt(*_):
        raise KeyboardInterrupt

    append(folder, HEADER + scalar(0))
    run = tbevents.read_run(folder)
    chunk = b"".join(scalar(step, f"tag{step % 7}") + scalar(step) for step in range(1500))
    before = signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    try:
        for number in range(25):
            append(folder, chunk)
            known = len(run.scalars["loss"])
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + number * 0.0004)
                run.reload()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
                assert len(run.scalars["loss"]) in (known, 1 + 1500 * (number + 1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted
    assert state(run.reload()) == state(fresh(folder))


class _Failing(io.RawIOBase):
    """A file, a call of which fails."""

    def __init__(self, path, method, error, calls=0):
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # closed below
        self._method, self._error, self._left = method, error, calls

    def close(self):
        self._file.close()
        super().close()

    def _call(self, method, *args):
        if method == self._method:
            self._left -= 1
            if self._left < 0:
                raise self._error
        return getattr(self._file, method)(*args)

    def readable(self):
        return True

    def seek(self, *args):
        return self._call("seek", *args)

    def readinto(self, *args):
        return self._call("readinto", *args)


def fail(monkeypatch, error, method="readinto", only="", calls=0):
    real = event_file.open_file

    def open_file(path):
        if only not in path:
            return real(path)
        if method == "open":
            raise error
        return _Failing(path, method, error, calls)

    monkeypatch.setattr(event_file, "open_file", open_file)


@pytest.mark.parametrize("method", ["open", "seek", "readinto"])
def test_no_memory_in_a_reload_leaves_the_run_as_it_was(folder, monkeypatch, method):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder)
    before = state(run)
    append(folder, scalar(2))
    with monkeypatch.context() as patch:
        fail(patch, MemoryError(), method)
        with pytest.raises(MemoryError):
            run.reload()
    assert state(run) == before
    assert state(run.reload()) == state(fresh(folder))


def test_a_warning_that_is_an_error_comes_when_the_run_has_been_read(folder):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder)
    append(folder, damaged(scalar(2)) + scalar(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(tbevents.DamageWarning):
            run.reload()
        assert run.reload().scalars["loss"].steps.tolist() == [1, 3]


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


def test_a_thread_that_asks_for_a_run_which_another_reads_gets_that_run(runs, monkeypatch):
    logdir = tbevents.read_logdir(runs, threads=1)
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


def test_a_run_that_is_read_while_the_logdir_is_reloaded_stays_the_one_of_its_name(runs):
    logdir = tbevents.read_logdir(runs, threads=1)
    two = Two()
    two.tell_of(logdir._listed, "_lock")
    logdir._listed.runs = StoppingDict(logdir._listed.runs, two)
    _, run = two.run(logdir.reload, lambda: logdir["a"])
    assert logdir["a"] is run


def test_a_run_that_is_gone_when_it_has_been_read_is_not_of_the_logdir(runs, monkeypatch):
    logdir = tbevents.read_logdir(runs, threads=1)
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


def test_threads_that_reload_a_logdir_agree_on_its_runs(runs, monkeypatch):
    logdir = tbevents.read_logdir(runs, threads=1)
    two, find = Two(), listed_runs.list_runs

    def find_and_stop(*arguments):
        found = find(*arguments)
        two.stop_first()
        return found

    def add_and_reload():
        shutil.copytree(runs / "a", runs / "z")
        logdir.reload()

    two.tell_of(logdir._listed, "_lock")
    monkeypatch.setattr(listed_runs, "list_runs", find_and_stop)
    two.run(logdir.reload, add_and_reload)
    assert "".join(logdir) == "abcdefz"


def test_what_a_run_makes_on_demand_is_one_for_all_threads(folder):
    append(folder, HEADER + scalar(0) + text(1))
    run = tbevents.read_run(folder)
    assert len({id(series) for series in in_threads(6, lambda: run.texts["note"])}) == 1


@pytest.fixture
def runs(tmp_path):
    for name in "abcdef":
        (tmp_path / name).mkdir()
        append(tmp_path / name, HEADER + b"".join(map(scalar, range(50))))
    return tmp_path


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_that_ask_a_logdir_for_one_name_get_one_run(runs, monkeypatch, threads):
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_BYTES", 0)
    logdir = tbevents.read_logdir(runs, threads=threads)
    found = in_threads(6, lambda: list(logdir.values()))
    assert {tuple(map(id, each)) for each in found} == {tuple(map(id, logdir.values()))}


def test_two_runs_of_a_logdir_are_read_at_the_same_time(runs, monkeypatch):
    logdir = tbevents.read_logdir(runs, threads=1)
    both, read = threading.Barrier(2), FileSource.read

    def wait_and_read(self, before):
        both.wait(30)
        return read(self, before)

    monkeypatch.setattr(FileSource, "read", wait_and_read)
    names = iter("ba")  # not one after the other, so that each is read alone
    assert {run.name for run in in_threads(2, lambda: logdir[next(names)])} == {"a", "b"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_forked_while_others_read_does_not_wait_for_them(runs):
    logdir = tbevents.read_logdir(runs, threads=2)
    run = logdir["a"]
    append(runs / "a", b"".join(map(scalar, range(50, 200))))
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


# -- other files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [NAME, LATER])
def test_a_folder_removed_and_trained_in_anew_is_read_anew(folder, name):
    append(folder, HEADER + scalar(1) + scalar(2))
    run, live = tbevents.read_run(folder), live_run(folder)
    assert len(live.scalars["loss"]) == 2
    shutil.rmtree(folder)
    assert not live.scalars
    folder.mkdir()
    append(folder, HEADER + b"".join(map(scalar, range(7, 12))), name)
    with pytest.warns(tbevents.DamageWarning, match="was (removed|truncated or replaced); reading the run again"):
        run.reload()
    assert state(run) == state(live) == state(fresh(folder))


def test_a_live_run_sees_that_its_file_is_another_one(folder):
    append(folder, HEADER + scalar(1) + scalar(2))
    live = live_run(folder)
    assert live.scalars["loss"].steps.tolist() == [1, 2]
    (folder / NAME).write_bytes(HEADER + scalar(8) + scalar(9) + scalar(10))
    assert live.scalars["loss"].steps.tolist() == [8, 9, 10]


LONG = HEADER + b"".join(map(scalar, range(200)))
OTHER = HEADER + b"".join(scalar(7 if step == 100 else step) for step in range(200))  # the ends are the same


def write_again(folder, data, how):
    """Writes a file again, with a time that differs however coarse the clock of the file system is."""
    time_before = (folder / NAME).stat().st_mtime_ns
    if how == "in place":
        (folder / NAME).write_bytes(data)
    elif how == "replaced":
        (folder / "new").write_bytes(data)
        os.replace(folder / "new", folder / NAME)
    else:
        (folder / "other").write_bytes(data)
        (folder / NAME).unlink()
        (folder / NAME).symlink_to("other")
    os.utime(folder / NAME, ns=(time_before, time_before + 10**9))


@pytest.mark.parametrize("how", ["in place", "replaced", "link"])
@pytest.mark.parametrize("first", [damaged(LONG, 5000), OTHER], ids=["damaged", "other"])
@pytest.mark.filterwarnings("ignore:.*length checksum:tbevents.DamageWarning")
def test_a_file_written_again_with_the_same_size_and_ends_is_read_anew(folder, first, how):
    append(folder, first)
    run, logdir = tbevents.read_run(folder), tbevents.read_logdir(folder.parent)
    of_logdir = logdir["run"]
    before = state(run)
    write_again(folder, LONG, how)
    for each in (run, of_logdir):
        with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
            each.reload()
        assert state(each) == state(fresh(folder)) != before
    write_again(folder, first, how if how != "link" else "in place")
    with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
        logdir.reload()
    assert state(logdir["run"]) == before


def long_text(content):
    value = tensor_value("note", TensorProto(dtype=7, string_val=[content * 5000]), "text")
    return record(Event(step=1, summary=Summary(value=[value])).SerializeToString())


def described(words):
    value = Summary.Value(tag="described", simple_value=1.0)
    value.metadata.summary_description = words
    return record(Event(step=1, summary=Summary(value=[value])).SerializeToString())


def session(step):
    return record(Event(step=step, session_log=SessionLog(status="CHECKPOINT")).SerializeToString())


def log(message):
    return record(Event(step=1, log_message=LogMessage(message=message)).SerializeToString())


def graph(content):
    return record(Event(step=1, graph_def=content).SerializeToString())


OTHER_VALUES = {
    "text": (text(1), text(2)),
    "long text": (long_text(b"a"), long_text(b"b")),
    "description": (described("one"), described("two")),
    "session": (session(1), session(2)),
    "log": (log("one"), log("two")),
    "graph": (graph(b"\x22\0"), graph(b"\x12\0")),
}


@pytest.mark.parametrize(("first", "second"), OTHER_VALUES.values(), ids=OTHER_VALUES)
def test_what_is_no_scalar_is_compared_when_a_file_is_written_again(folder, first, second):
    append(folder, LONG + first + LONG)
    run = tbevents.read_run(folder)
    os.utime(folder / NAME, (5, 5))
    run.reload()  # a warning would be an error here
    write_again(folder, LONG + second + LONG, "in place")
    with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
        run.reload()


ENDS = {"incomplete": scalar(300)[:20], "zeros": bytes(100), "garbage": b"x" * 100, "many zeros": bytes(200_000)}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.filterwarnings("ignore:.*(ends|length checksum|no event):tbevents.DamageWarning")
def test_a_file_with_a_broken_end_that_is_written_again_with_the_same_size_is_read_anew(folder, end):
    append(folder, OTHER + end)
    run = tbevents.read_run(folder)
    before = state(run)
    write_again(folder, LONG + end, "in place")
    with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
        run.reload()
    assert state(run) == state(fresh(folder)) != before


def test_a_writer_that_fills_allocated_space_does_not_write_the_file_again(folder, monkeypatch):
    append(folder, LONG + bytes(1000))
    with pytest.warns(tbevents.DamageWarning, match="ends in 1000 zero bytes"):
        run = tbevents.read_run(folder)
    monkeypatch.setattr(FileSource, "open", lambda *_, **__: pytest.fail("a file is read from its start"))
    for number, cut in enumerate([scalar(200), scalar(201)[:25], scalar(201)]):
        with open(folder / NAME, "r+b") as file:
            file.seek(len(LONG) + len(scalar(200)) * (number > 0))
            file.write(cut)
        os.utime(folder / NAME, (number, number))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run.reload()
    assert run.scalars["loss"].steps.tolist() == list(range(202))


def test_a_file_that_was_only_touched_changes_nothing_and_is_not_warned_of(folder):
    append(folder, HEADER + scalar(1, tag="nan") + b"".join(map(scalar, range(50))) + text(3))
    run = tbevents.read_run(folder)
    before = state(run)
    for seconds in (5, 50):
        os.utime(folder / NAME, (seconds, seconds))
        assert state(run.reload()) == before  # a warning would be an error here
    append(folder, scalar(50))
    assert len(run.reload().scalars["loss"]) == 51


def test_a_file_that_is_appended_to_while_it_is_listed_is_not_taken_for_another(folder, monkeypatch):
    append(folder, HEADER + scalar(1, tag="once") + scalar(1))
    run = tbevents.read_run(folder)
    size = (folder / NAME).stat().st_size
    append(folder, scalar(2))
    run.reload_as_listed([tbevents.FileRef(str(folder / NAME), size, 5.0)], {})  # the time changes before the size
    assert run.scalars["loss"].steps.tolist() == [1, 2]
    monkeypatch.setattr(event_file.EventFileReader, "may_be_rewritten", lambda *_: True)
    append(folder, scalar(3) + text(3))
    assert run.reload().scalars["loss"].steps.tolist() == [1, 2, 3]  # a warning would be an error here


def test_one_of_several_files_removed_takes_its_points_along(folder):
    append(folder, HEADER + scalar(1))
    append(folder, HEADER + scalar(2), LATER)
    run = tbevents.read_run(folder)
    (folder / NAME).unlink()
    with pytest.warns(tbevents.DamageWarning, match=f"{NAME}: was removed; reading the run again"):
        assert run.reload().scalars["loss"].steps.tolist() == [2]


def test_a_run_whose_folder_is_gone_stays_as_it_was(folder):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder)
    before = state(run)
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match="run"):
        run.reload()
    assert state(run) == before


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [-6, 3], ids=["payload", "length"])
@pytest.mark.parametrize("count", [10, 200])
def test_damage_is_raised_again_at_every_reload_where_strict(folder, at, count):
    append(folder, HEADER + scalar(0))
    run = tbevents.read_run(folder, strict=True)
    before = state(run)
    records = [scalar(step) for step in range(1, count)]
    records[5] = damaged(records[5], at)
    append(folder, b"".join(records))
    errors = []
    for _ in range(3):
        with pytest.raises(tbevents.ChecksumError) as caught:
            run.reload()
        errors.append(str(caught.value))
        assert state(run) == before
    append(folder, scalar(count))
    with pytest.raises(tbevents.ChecksumError) as caught:
        run.reload()
    assert {*errors, str(caught.value)} == {errors[0]}
    (folder / NAME).write_bytes(HEADER + b"".join(map(scalar, range(20, 60))))
    with pytest.warns(tbevents.DamageWarning, match="was truncated or replaced"):
        assert len(run.reload().scalars["loss"]) == 40


@pytest.mark.parametrize("strict", [False, True])
def test_an_incomplete_record_at_the_end_is_a_problem_that_later_reloads_drop_without_a_warning(folder, strict):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder, strict=strict)
    data = scalar(2)
    for place in range(len(data)):
        append(folder, data[place : place + 1])
        run.reload()  # a warning would be an error
        assert [problem.kind for problem in run.problems] == ["incomplete"] * (place < len(data) - 1)
    assert run.scalars["loss"].steps.tolist() == [1, 2]


def test_a_first_reading_warns_of_an_incomplete_record_and_a_reload_takes_it_up(folder):
    append(folder, HEADER + scalar(1) + scalar(2)[:-1])
    with pytest.warns(tbevents.DamageWarning, match="the file ends 1 bytes before the record does"):
        run = tbevents.read_run(folder)
    assert [problem.kind for problem in run.problems] == ["incomplete"]
    append(folder, scalar(2)[-1:])
    assert run.reload().scalars["loss"].steps.tolist() == [1, 2]
    assert not run.problems


def test_a_record_that_is_complete_when_its_file_has_been_read_is_no_problem(folder, monkeypatch):
    append(folder, HEADER + scalar(1) + scalar(2)[:-1])
    real = event_file.open_file

    def open_file(path):
        file = real(path)

        class Growing(io.RawIOBase):
            def close(self):
                file.close()
                super().close()

            def readable(self):
                return True

            def seek(self, offset, whence=os.SEEK_SET):
                found = file.seek(offset, whence)
                if whence == os.SEEK_END and not grown:
                    append(folder, scalar(2)[-1:])  # behind the back of the reader, which knows the size by now
                    grown.append(True)
                return found

            def readinto(self, buffer):
                return file.readinto(buffer)

        return Growing()

    grown = []
    monkeypatch.setattr(event_file, "open_file", open_file)
    run = tbevents.read_run(folder)  # a warning would be an error
    assert grown
    assert not run.problems
    assert run.scalars["loss"].steps.tolist() == [1, 2]


# -- what cannot be read -----------------------------------------------------------------------------------------------

DENIED = PermissionError(errno.EACCES, "Permission denied")
BROKEN = OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("method", "error"), [("open", DENIED), ("seek", OSError(errno.EINVAL, "Invalid argument")), ("readinto", BROKEN)]
)
def test_a_file_that_cannot_be_read_is_a_problem_of_its_run_until_it_can(folder, monkeypatch, method, error):
    append(folder, HEADER + scalar(1))
    append(folder, HEADER + scalar(2), LATER)
    with monkeypatch.context() as patch:
        fail(patch, error, method, only=LATER)
        with pytest.warns(tbevents.DamageWarning, match=f"{LATER}: cannot be read: {error.strerror}"):
            run = tbevents.read_run(folder)
        (problem,) = run.problems
        assert (problem.file, problem.kind, problem.offset) == (str(folder / LATER), "unreadable", 0)
        assert run.reload().scalars["loss"].steps.tolist() == [1]
        with pytest.raises(OSError, match=LATER) as caught:
            tbevents.read_run(folder, strict=True)
        assert caught.value.filename == str(folder / LATER)
        with pytest.raises(OSError, match=LATER) as caught:
            tbevents.read_run(folder / LATER)
        assert caught.value.filename == str(folder / LATER)
    assert run.reload().scalars["loss"].steps.tolist() == [1, 2]
    assert not run.problems


def test_reading_goes_on_where_it_failed_in_the_middle_of_a_file(folder, monkeypatch):
    monkeypatch.setattr(decoder_feed, "BLOCK", 2048)
    append(folder, HEADER + b"".join(map(scalar, range(500))))
    with monkeypatch.context() as patch:
        fail(patch, BROKEN, calls=4)
        with pytest.warns(tbevents.DamageWarning, match=f"{NAME}: record .* at byte .*: cannot be read: Input/output"):
            run = tbevents.read_run(folder)
    (problem,) = run.problems
    assert 0 < len(run.scalars["loss"]) < 500
    assert problem.offset + problem.skipped == (folder / NAME).stat().st_size
    assert state(run.reload()) == state(fresh(folder))


@pytest.fixture
def unlisted(runs, monkeypatch):
    """The folder of run c cannot be listed."""
    real = os.scandir

    def scandir(path):
        if os.path.basename(path) == "c":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return runs


def test_a_folder_that_cannot_be_listed_is_a_problem_of_the_logdir(unlisted, monkeypatch):
    with pytest.warns(tbevents.DamageWarning, match="c: cannot be read: Permission denied"):
        logdir = tbevents.read_logdir(unlisted)
    (problem,) = logdir.problems
    assert (problem.file, problem.kind) == (str(unlisted / "c"), "unreadable")
    assert list(logdir.reload()) == list("abdef")
    assert len(logdir.scalars()) == 250
    with pytest.raises(PermissionError, match="c"):
        tbevents.read_logdir(unlisted, strict=True)
    with pytest.raises(PermissionError, match="c"):
        tbevents.read_run(unlisted / "c")
    with pytest.raises(PermissionError, match="c"):
        tbevents.read_logdir(unlisted / "c")
    monkeypatch.undo()
    assert list(logdir.reload()) == list("abcdef")
    assert not logdir.problems


def test_a_run_that_was_read_stays_when_its_folder_cannot_be_listed_any_more(runs, monkeypatch):
    logdir = tbevents.read_logdir(runs)
    run = logdir["c"]
    monkeypatch.setattr("tbevents.reading.source.list_run_files", lambda *_, **__: (_ for _ in ()).throw(DENIED))
    with pytest.warns(tbevents.DamageWarning, match="c: cannot be read: Permission denied"):
        run.reload()
    assert len(run.scalars["loss"]) == 50


def test_what_only_has_the_name_of_an_event_file_hides_nothing(runs):
    os.symlink("nowhere", runs / "a" / LATER)
    (runs / "b" / LATER).mkdir()
    (runs / "g").mkdir()
    os.symlink(LATER, runs / "g" / LATER)
    if hasattr(os, "mkfifo"):
        os.mkfifo(runs / "c" / LATER)
    with pytest.warns(tbevents.DamageWarning, match="g.*cannot be read"):
        logdir = tbevents.read_logdir(runs)
    with pytest.warns(tbevents.DamageWarning, match="cannot be read"):
        assert len(logdir.scalars()) == 300
    assert logdir.hparams().sessions == {}
    found = [problem.file for run in logdir.values() for problem in run.problems]
    assert found == [str(runs / name / LATER) for name in ("a", "c") if name == "a" or hasattr(os, "mkfifo")]
    assert [problem.file for problem in logdir.problems] == [str(runs / "g" / LATER)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_is_an_error_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(OSError, match=NAME):
        tbevents.read_run(tmp_path / NAME)


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
def test_a_run_that_is_asked_for_alone_is_read_alone(runs, opened, name):
    logdir = tbevents.read_logdir(runs, threads=32)
    assert next(iter(logdir)) == "a"
    assert logdir[name].name == name
    assert len(logdir.scalars(runs=name)) == 50
    time.sleep(0.05)
    assert opened == [name]


def test_what_is_read_ahead_is_bounded_in_bytes(runs, opened, monkeypatch):
    size = (runs / "a" / NAME).stat().st_size
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_MOST", 3 * size)
    logdir = tbevents.read_logdir(runs, threads=32)
    iterator = iter(logdir.values())
    next(iterator)
    assert list(logdir._listed._queue._groups) == ["b", "c"]
    assert [run.name for run in iterator] == list("bcdef")
    assert sorted(opened) == list("abcdef")


# -- follow ------------------------------------------------------------------------------------------------------------


def followed(path, *actions, **options):
    """The steps that `follow` yields while the actions happen, one at each poll."""
    stop, left = threading.Event(), list(actions)

    def sleep(_):
        if left:
            left.pop(0)()
        if not left:
            stop.set()

    return [event.step for event in tbevents.follow(path, stop=stop, sleep=sleep, **options)]


def test_follow_goes_on_beside_a_file_that_cannot_be_read(folder, monkeypatch):
    append(folder, HEADER + scalar(1))
    append(folder, HEADER + scalar(5), LATER)
    fail(monkeypatch, DENIED, "open", only=NAME)
    with pytest.warns(tbevents.DamageWarning, match="cannot be read: Permission denied") as caught:
        assert followed(folder, lambda: None, monkeypatch.undo, lambda: None) == [0, 5, 0, 1]
    assert len(caught) == 1


def test_follow_takes_up_a_new_training_in_the_same_folder(folder):
    append(folder, HEADER + scalar(1))

    def begin():
        folder.mkdir()
        append(folder, HEADER + scalar(7), LATER)

    assert followed(folder, lambda: shutil.rmtree(folder), begin, lambda: None) == [0, 1, 0, 7]


def test_an_interrupt_ends_following_and_a_new_call_begins_at_the_start(folder):
    append(folder, HEADER + scalar(1))

    def interrupt(_):
        raise KeyboardInterrupt

    events = tbevents.follow(folder, sleep=interrupt)
    assert [next(events).step, next(events).step] == [0, 1]
    with pytest.raises(KeyboardInterrupt):
        next(events)
    assert list(events) == []
    assert followed(folder, lambda: None) == [0, 1]


def test_records_within_a_record_that_is_still_written_are_not_taken_for_good(folder):
    """A tensor may hold an event file. Half of it, and the records in it look like those of a file that goes on."""
    inner = b"".join(scalar(step, "inner") for step in range(100))
    value = tensor_value("file", TensorProto(dtype=7, string_val=[inner]), "text")
    outer = record(Event(step=1, summary=Summary(value=[value])).SerializeToString())
    append(folder, HEADER + scalar(0) + outer[: len(outer) // 2])
    with pytest.warns(tbevents.errors.DamageWarning):
        run = tbevents.read_run(folder)
    append(folder, outer[len(outer) // 2 :] + scalar(1))
    with pytest.warns(tbevents.errors.DamageWarning, match="which was incomplete, is complete; reading the run again"):
        run.reload()
    assert run.tags == tbevents.read_run(folder).tags == ("loss", "file")
    assert run.scalars["loss"].steps.tolist() == [0, 1]
    assert not run.problems


def test_a_record_that_a_crash_cut_is_damaged_once_others_fill_its_place(folder):
    value = tensor_value("note", TensorProto(dtype=7, string_val=[bytes(2000)]), "text")
    cut = record(Event(step=1, summary=Summary(value=[value])).SerializeToString())[:500]
    append(folder, HEADER + scalar(0) + cut + scalar(1))
    with pytest.warns(tbevents.errors.DamageWarning, match="ends"):
        run = tbevents.read_run(folder)
    assert [each.kind for each in run.problems] == ["incomplete"]
    append(folder, b"".join(map(scalar, range(2, 100))))
    with pytest.warns(tbevents.errors.DamageWarning, match="data checksum mismatch"):
        run.reload()
    with pytest.warns(tbevents.errors.DamageWarning):
        again = tbevents.read_run(folder)
    assert run.problems == again.problems
    assert [each.kind for each in run.problems] == ["data_checksum"]
    assert run.scalars["loss"].steps.tolist() == again.scalars["loss"].steps.tolist() == list(range(100))
    assert run.reload().problems == again.problems  # a warning would be an error here


def test_a_quiet_reload_returns_why_the_run_was_read_again(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "run") as writer:
        for step in range(100):
            writer.add_scalar("loss", step, step)
    run = tbevents.read_run(tmp_path / "run")
    assert run.reload_quietly() == ""
    (file,) = (tmp_path / "run").iterdir()
    os.truncate(file, file.stat().st_size // 2)
    assert str(file) in run.reload_quietly()  # a warning would be an error here
    assert 0 < len(run.scalars["loss"]) < 100
    assert run.reload_quietly() == ""
