"""What a process may go through: exits of every kind, kills, forks, threads, signals. Nothing is lost or repeated."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from tbevents.proto import Event
from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER, events_of, steps_of
from .processes import PATIENCE, PROLOGUE, read, run, start

pytestmark = pytest.mark.slow  # most tests start processes

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
        assert len(events_of(path, whole=False)) > 1  # raises at rubbish


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
    seen = {k: [] for k in range(count)}
    for event in events_of(writer.path)[1:]:
        k, step = divmod(event.step, each)
        seen[k].append(step)
        if event.file_version:
            assert event.file_version == f"thread{k}"
        else:
            assert (event.summary.value[0].tag, event.summary.value[0].simple_value) == (tag_of(k, step), k)
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
