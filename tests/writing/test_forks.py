"""Forks and other processes: each has a file of its own, and nothing is lost or repeated."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER, steps_of
from .processes import PATIENCE, PROLOGUE, needs_fork, read, run

pytestmark = pytest.mark.slow  # most tests start processes


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
