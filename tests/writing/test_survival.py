"""What a process may go through: exits of every kind, kills, forks, threads, signals. Nothing is lost or repeated."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tbevents.errors import IncompleteRecordError
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.proto import Event
from tbevents.writing.event_file_writer import EventFileWriter

NEVER = 1e9  # flush_secs for tests in which the background must not come in between
PATIENCE = 60  # seconds after which a process counts as hanging

pytestmark = pytest.mark.slow  # most tests start processes

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROLOGUE = """
import atexit, gc, multiprocessing, os, shutil, signal, sys, threading, time
from tbevents.proto import Event
from tbevents.writing.event_file_writer import EventFileWriter
folder = sys.argv[1]
NEVER = 1e9
def log(writer, *steps, tag="t"):
    for step in steps:
        writer.add_scalar(tag, 1.0, step)
def refuse(path):
    def refusing(other, *arguments):
        if other == path:
            raise PermissionError(13, "refused", path)
        return real(other, *arguments)
    real, os.open = os.open, refusing
"""


def read(path, *, whole=True):
    """(tag, step) of the scalars of a file; with `whole`, it must end with a whole record."""
    decoder = RecordDecoder(path=str(path))
    decoder.feed(Path(path).read_bytes())
    events = []
    while (record := decoder.next_record()) is not NEED_DATA:
        events.append(Event.FromString(record.payload))
    try:
        decoder.end()
    except IncompleteRecordError:
        assert not whole
    assert events[0].file_version == "brain.Event:2"
    return [(event.summary.value[0].tag, event.step) for event in events[1:]]


def steps_of(path, **options):
    return [step for _, step in read(path, **options)]


def run(script, folder, *, code=0):
    """Runs a script; its event files in order, and what it wrote to the standard error."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PROLOGUE + script, str(folder)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return sorted(folder.iterdir()), done.stderr


def start(script, folder):
    """Starts a script and waits until it has written a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + script, str(folder)], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    return process


# -- ends --------------------------------------------------------------------------------------------------------------

ENDS = {
    "falls off the end": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise RuntimeError('on purpose')", 1),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", -signal.SIGINT),
    "deleted": ("del writer; print('x'); os._exit(0)", 0),
    "in a cycle": ("cycle = [writer]; cycle.append(cycle); del writer, cycle; gc.collect(); os._exit(0)", 0),
    "in a cycle, never collected": ("gc.disable(); cycle = [writer]; cycle.append(cycle); del writer, cycle", 0),
    "kept by a module": ("sys.kept = writer", 0),
    "sys.exit in a thread": ("thread = threading.Thread(target=sys.exit); thread.start(); thread.join()", 0),
    "a daemon thread goes on": ("threading.Thread(target=time.sleep, args=(99,), daemon=True).start()", 0),
    "a thread logs on after the main one": (
        "threading.Thread(target=lambda: (time.sleep(0.1), log(writer, 50))).start()",
        0,
    ),
}


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS)
def test_a_script_that_does_not_close_loses_nothing(tmp_path, end, code):
    (path,), errors = run(
        f"writer = EventFileWriter(folder, flush_secs=NEVER)\nlog(writer, *range(50))\n{end}", tmp_path, code=code
    )
    assert steps_of(path) == [*range(50), *([50] if "logs on" in end or "log(writer, 50)" in end else [])]
    assert bool(errors) == (code not in (0, 3))


def test_several_writers_all_reach_the_disk_though_one_fails(tmp_path):
    script = """
writers = [EventFileWriter(os.path.join(folder, str(k)), flush_secs=NEVER) for k in range(5)]
for writer in writers:
    log(writer, *range(50))
shutil.rmtree(os.path.join(folder, "2"))
open(os.path.join(folder, "2"), "w").close()
"""
    folders, errors = run(script, tmp_path)
    assert [steps_of(path) for folder in folders if folder.is_dir() for path in folder.iterdir()] == [
        list(range(50))
    ] * 4
    assert "FileExistsError" in errors  # nobody can be told but the one who reads this
    assert "events lost: 50" in errors


def test_a_writer_of_the_last_moments_loses_nothing(tmp_path):
    """Handlers that were registered before ours run after it; what is kept by modules ends later still."""
    script = """
class Last:
    def __del__(self):
        log(self.writer, 3)
last = Last()
last.writer = EventFileWriter(folder, flush_secs=NEVER)
log(last.writer, 1)
"""
    before = f"""
import atexit, sys
def late():
    from tbevents.writing.event_file_writer import EventFileWriter
    before = os.path.getsize(last.writer.path)
    log(last.writer, 2)
    assert os.path.getsize(last.writer.path) > before  # nobody else would write it
    writer = EventFileWriter(sys.argv[1], flush_secs=1e9)
    log(writer, 10)
    globals()["kept"] = writer
atexit.register(late)
{PROLOGUE}{script}
atexit.register(lambda: log(last.writer, 1))
"""
    done = subprocess.run(
        [sys.executable, "-c", before, str(tmp_path)], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stderr == ""
    first, second = sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_size, reverse=True)
    assert steps_of(first) == [1, 1, 2, 3]
    assert steps_of(second) == [10]


def test_daemon_threads_that_log_to_the_very_end_leave_whole_records(tmp_path):
    script = """
writers = [EventFileWriter(folder, flush_secs=0.01) for _ in range(3)]
def work(writer):
    for step in range(10**9):
        writer.add_scalar("t", 1.0, step)
for writer in writers:
    for _ in range(2):
        threading.Thread(target=work, args=(writer,), daemon=True).start()
time.sleep(0.1)
"""
    paths, errors = run(script, tmp_path)
    assert errors == ""
    for path in paths:
        assert len(steps_of(path, whole=False)) > 0


def test_a_collected_writer_is_closed_also_amid_a_flush_of_another(tmp_path):
    def leave_in_a_cycle():
        writer = EventFileWriter(tmp_path / "cycle", flush_secs=NEVER)
        writer.add_scalar("t", 1.0, 1)
        writer.myself = writer

    class Collecting:
        """A clock that collects garbage whenever it is asked."""

        def __call__(self):
            gc.collect()
            return 1.0

    gc.collect()
    gc.disable()
    try:
        leave_in_a_cycle()
        (path,) = (tmp_path / "cycle").iterdir()
        assert steps_of(path) == []
        EventFileWriter(tmp_path / "other", clock=Collecting()).close()
    finally:
        gc.enable()
    assert steps_of(path) == [1]


def test_a_writer_that_goes_with_an_error_says_so(tmp_path):
    script = """
writer = EventFileWriter(folder, flush_secs=NEVER)
log(writer, 1, 2)
refuse(writer.path)
del writer
os._exit(0)
"""
    _, errors = run(script, tmp_path)
    assert "events lost: 2" in errors


# -- kills -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_killed_process_loses_only_what_is_younger_than_flush_secs(tmp_path, name):
    script = """
writer = EventFileWriter(folder, flush_secs=0.1)
step = 0
print("started", flush=True)
while True:
    writer.add_scalar("t", 1.0, step)
    step += 1
    time.sleep(0.001)
"""
    process = start(script, tmp_path)
    (path,) = tmp_path.iterdir()
    deadline = time.monotonic() + PATIENCE
    while len(steps_of(path, whole=False)) < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    process.wait(PATIENCE)
    process.stdout.close()
    steps = steps_of(path, whole=False)
    assert len(steps) >= 100
    assert steps == list(range(len(steps)))


def test_a_kill_amid_heavy_writing_leaves_whole_records_and_at_most_one_truncated(tmp_path):
    script = """
writer = EventFileWriter(folder)
print("started", flush=True)
step = 0
while True:
    writer.add_event(Event(step=step, graph_def=bytes(step % 300_000)))
    log(writer, step)
    step += 1
"""
    for k in range(3):
        folder = tmp_path / str(k)
        process = start(script, folder)
        (path,) = folder.iterdir()
        deadline = time.monotonic() + PATIENCE
        while path.stat().st_size < (k + 1) << 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.017 * k)  # another moment each time
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        decoder = RecordDecoder(path=str(path))
        decoder.feed(path.read_bytes())
        while decoder.next_record() is not NEED_DATA:  # raises at rubbish
            pass
        assert decoder.record > 1


# -- signals -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.parametrize("handler", ["flush", "log", "raise"])
def test_signal_handlers_may_flush_log_or_raise_at_any_moment(tmp_path, handler):
    """Every point whose call returned is there, in order and once."""
    script = f"""
import itertools, random
random.seed(1)
writer = EventFileWriter(folder, flush_secs=0.02)
handled = itertools.count()
waiting = False
class Interrupt(Exception):
    pass
def handle(*_):
    global waiting
    waiting = False
    if "{handler}" == "raise":
        raise Interrupt
    if "{handler}" == "log":
        k = next(handled)
        log(writer, k, tag="handler" + str(k % 50))
        log(writer, k, tag="all")
    writer.flush()
signal.signal(signal.SIGALRM, handle)
returned = []
step = 0
def work():
    global step
    while waiting:
        step += 1
        writer.add_scalar("t", 1.0, step)
        returned.append(step)
end = time.monotonic() + 0.3
while time.monotonic() < end:
    try:
        waiting = True
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 2e-3))
        work()
    except Interrupt:
        pass
writer.close()
with open(writer.path + ".returned", "w") as file:
    file.write(" ".join(map(str, returned)))
"""
    (path, returned), _ = run(script, tmp_path)
    points = read(path)
    steps = [step for tag, step in points if tag == "t"]
    assert steps == sorted(set(steps))  # in order, and once
    expected = list(map(int, returned.read_text().split()))
    assert len(expected) > 5000
    assert set(expected) <= set(steps)
    if handler != "raise":  # or a call was taken and could not return
        assert steps == expected
    if handler == "log":
        more = [step for tag, step in points if tag == "all"]
        assert len(more) > 10
        assert more == list(range(len(more)))
        assert all(tag == f"handler{step % 50}" for tag, step in points if tag.startswith("handler"))


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
@pytest.mark.parametrize("end", ["sys.exit(0)", "os._exit(0)"])
def test_a_handler_of_sigterm_may_close_and_exit(tmp_path, end):
    script = f"""
writer = EventFileWriter(folder, flush_secs=NEVER)
def handle(*_):
    writer.close()
    open(writer.path + ".returned", "w").write(str(step))
    {end}
signal.signal(signal.SIGTERM, handle)
print("started", flush=True)
step = -1
while True:
    writer.add_scalar("t", 1.0, step + 1)
    step += 1
"""
    process = start(script, tmp_path)
    time.sleep(0.1)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()
    path, returned = sorted(tmp_path.iterdir())
    steps = steps_of(path)
    assert steps == list(range(len(steps)))
    assert len(steps) - 1 in (int(returned.read_text()), int(returned.read_text()) + 1)


# -- forks -------------------------------------------------------------------------------------------------------------


@needs_fork
@pytest.mark.parametrize(
    "end", ["sys.exit()", "writer.flush(); os._exit(0)", "writer.close(); os._exit(0)", "del writer; os._exit(0)"]
)
def test_a_forked_child_writes_its_own_file_and_not_its_parents_buffer(tmp_path, end):
    script = f"""
writer = EventFileWriter(folder, flush_secs=NEVER)
log(writer, *range(10))
writer.add_scalar("parent only", 1.0, 10)
if not (child := os.fork()):
    log(writer, *range(100, 110))
    {end}
os.waitpid(child, 0)
log(writer, *range(11, 20))
print(os.getpid(), child)
"""
    paths, _ = run(script, tmp_path)
    by_steps = sorted((read(path) for path in paths), key=len)
    assert by_steps == [
        [("t", step) for step in range(100, 110)],
        [("parent only" if step == 10 else "t", step) for step in range(20)],
    ]
    pids = {path.name.split(".")[-2] for path in paths}
    assert len(pids) == 2


@needs_fork
@pytest.mark.parametrize("use", ["", "writer.flush()", "writer.flush(sync=True)", "writer.close()", "del writer"])
def test_a_child_that_logs_nothing_makes_no_file(tmp_path, use):
    script = f"""
writer = EventFileWriter(folder, flush_secs=NEVER)
log(writer, 1)
if not (child := os.fork()):
    {use or "pass"}
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
"""
    (path,), errors = run(script, tmp_path)
    assert steps_of(path) == [1]
    assert errors == ""


@needs_fork
def test_a_child_of_a_closed_writer_is_refused_too(tmp_path):
    script = """
writer = EventFileWriter(folder)
writer.close()
if not (child := os.fork()):
    try:
        log(writer, 1)
    except ValueError:
        os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    (path,), _ = run(script, tmp_path)
    assert steps_of(path) == []


@needs_fork
def test_a_childs_own_thread_serves_it_from_the_first_call_on(tmp_path):
    script = """
writer = EventFileWriter(folder, flush_secs=0.02)
log(writer, 1)
if not (child := os.fork()):
    assert threading.active_count() == 1
    log(writer, 2)
    assert threading.active_count() == 2
    size = os.path.getsize(writer.path)
    log(writer, 3)
    end = time.monotonic() + 30
    while os.path.getsize(writer.path) == size:
        if time.monotonic() > end:
            os._exit(1)
        time.sleep(0.005)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    paths, _ = run(script, tmp_path)
    assert sorted(map(steps_of, paths)) == [[1], [2, 3]]


@needs_fork
def test_forks_while_other_threads_write_neither_hang_nor_repeat(tmp_path):
    script = """
writers = [EventFileWriter(folder, flush_secs=0.005) for _ in range(2)]
stop = False
def work(writer, first):
    step = first
    while not stop:
        writer.add_scalar("t", 1.0, step)
        if step % 100 == 0:
            writer.flush()
        step += 1
threads = [threading.Thread(target=work, args=(writers[k % 2], k * 10**9)) for k in range(4)]
for thread in threads:
    thread.start()
children = []
for k in range(25):
    if not (child := os.fork()):
        signal.alarm(30)
        for writer in writers:
            log(writer, 10**12 + k)
            writer.flush()
        os._exit(0)
    children.append(child)
    time.sleep(0.003)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
stop = True
for thread in threads:
    thread.join()
assert codes == [0] * 25, codes
"""
    paths, _ = run(script, tmp_path)
    assert len(paths) == 52
    small, large = [], []
    for path in paths:
        steps = steps_of(path)
        assert len(steps) == len(set(steps))
        (small if steps[0] >= 10**12 else large).append(steps)
    assert sorted(steps[0] - 10**12 for steps in small) == sorted([*range(25)] * 2)
    assert all(len(steps) == 1 for steps in small)
    for steps in large:
        for k in range(4):
            mine = [step for step in steps if step // 10**9 == k]
            assert mine == list(range(k * 10**9, k * 10**9 + len(mine)))


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_what_a_child_of_multiprocessing_logged_is_written_when_it_ends(tmp_path, method):
    """Its forked children end without atexit."""
    script = f"""
def work(writer, first):
    log(writer, *range(first, first + 10))
    own = EventFileWriter(folder, flush_secs=NEVER)
    log(own, first + 100)
    kept.append(own)
    for step, priority in ((first + 10, 50), (first + 11, -50), (first + 12, -500)):
        multiprocessing.util.Finalize(None, log, (writer, step), exitpriority=priority)
kept = []
if __name__ == "__main__":
    writer = EventFileWriter(folder, flush_secs=NEVER)
    log(writer, 1)
    context = multiprocessing.get_context("{method}")
    processes = [context.Process(target=work, args=(writer, 1000 * k)) for k in (1, 2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0, process.exitcode
    log(writer, 2)
"""
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip(f"no {method} here")
    (tmp_path / "run").mkdir()
    (tmp_path / "script.py").write_text(PROLOGUE + script)
    subprocess.run([sys.executable, tmp_path / "script.py", tmp_path / "run"], timeout=PATIENCE, check=True)
    found = sorted(map(steps_of, (tmp_path / "run").iterdir()))
    assert found == [[1, 2], [*range(1000, 1013)], [1100], [*range(2000, 2013)], [2100]]


def test_a_pickled_writer_goes_on_in_another_interpreter(tmp_path):
    writer = EventFileWriter(tmp_path / "run", flush_secs=NEVER)
    writer.add_scalar("t", 1.0, 1)
    (tmp_path / "pickled").write_bytes(pickle.dumps(writer))
    script = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb')).add_scalar('t', 1.0, 2)"
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "pickled")], timeout=PATIENCE, check=True, cwd=Path.cwd()
    )
    writer.close()
    assert sorted(map(steps_of, (tmp_path / "run").iterdir())) == [[1], [2]]


def test_processes_that_start_in_the_same_second_and_folder_never_share_a_file(tmp_path):
    script = """
writers = [EventFileWriter(folder, clock=lambda: 1e9) for _ in range(5)]
for k, writer in enumerate(writers):
    log(writer, os.getpid() * 10 + k)
"""
    processes = [subprocess.Popen([sys.executable, "-c", PROLOGUE + script, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(PATIENCE) for process in processes] == [0] * 3
    paths = list(tmp_path.iterdir())
    assert len(paths) == 15
    assert all(len(steps_of(path)) == 1 for path in paths)


# -- threads -----------------------------------------------------------------------------------------------------------


def test_many_threads_on_one_writer_lose_and_mix_nothing_and_keep_their_order(tmp_path):
    writer = EventFileWriter(tmp_path, flush_secs=0.01)
    count, each = 8, 4000

    def tag_of(k, step):
        """New ones all the time, half of which several threads meet at once."""
        return f"{k if step % 2 else 'all'}/{step // 10}"

    def work(k):
        for step in range(each):
            if step % 500 == 250:
                writer.flush()
            if step % 100 == 50:
                writer.add_event(Event(step=k * each + step, file_version=f"thread{k}"))
            else:
                writer.add_scalar(tag_of(k, step), float(k), k * each + step)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(interval)
    writer.close()
    decoder = RecordDecoder()
    decoder.feed(Path(writer.path).read_bytes())
    decoder.next_record()
    seen = {k: [] for k in range(count)}
    while (record := decoder.next_record()) is not NEED_DATA:
        event = Event.FromString(record.payload)
        k, step = divmod(event.step, each)
        seen[k].append(step)
        if event.file_version:
            assert event.file_version == f"thread{k}"
        else:
            assert (event.summary.value[0].tag, event.summary.value[0].simple_value) == (tag_of(k, step), k)
    decoder.end()
    assert seen == {k: list(range(each)) for k in range(count)}


def test_no_two_threads_write_one_file_at_a_time(tmp_path, monkeypatch):
    writer = EventFileWriter(tmp_path, flush_secs=NEVER)
    real, inside, most = os.write, [], 0

    def write(fd, data):
        nonlocal most
        inside.append(fd)
        most = max(most, len(inside))
        time.sleep(0.0005)
        inside.pop()
        return real(fd, data)

    def work(k):
        for step in range(50):
            writer.add_scalar("t", 1.0, step)
            writer.drain_in_background() if k % 2 else writer.flush()

    monkeypatch.setattr(os, "write", write)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    writer.close()
    assert most == 1
    assert Counter(steps_of(writer.path)) == Counter(dict.fromkeys(range(50), 4))


def test_what_a_thread_adds_while_another_closes_is_written_or_refused(tmp_path):
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for k in range(30):
            writer = EventFileWriter(tmp_path / str(k), flush_secs=NEVER)
            taken = Counter()
            ready = threading.Barrier(5)

            def work(first, writer=writer, taken=taken, ready=ready):
                ready.wait(PATIENCE)
                for step in range(first, first + 10**6):
                    try:
                        writer.add_scalar("t", 1.0, step)
                    except ValueError:
                        return
                    taken[step] += 1

            threads = [threading.Thread(target=work, args=(n * 10**6,)) for n in range(4)]
            for thread in threads:
                thread.start()
            ready.wait(PATIENCE)
            time.sleep(0.001 * (k % 4))
            writer.close()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive()
            assert Counter(steps_of(writer.path)) == taken
    finally:
        sys.setswitchinterval(interval)
