"""Writers whose folder is a URL: threads, signals, the garbage collector, forks and exits."""

import gc
import glob
import os
import re
import signal
import threading
from collections import Counter

import pytest

import tbevents
from tbevents import SummaryWriter
from tbevents.writing import object_file, uploader

from .stored import PATIENCE, URL, log, run, steps

pytest.importorskip("fsspec", reason="fsspec is not installed")


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def test_threads_share_a_writer(storage, monkeypatch):
    monkeypatch.setattr(object_file, "SMALL", 1 << 10)
    writer = SummaryWriter(URL, flush_secs=0, upload_secs=0)

    def work(tag):
        for step in range(300):
            writer.add_scalar(tag, 1.0, step)
            if step % 50 == 0:
                writer.flush()

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    writer.close()
    run = tbevents.read_run(URL)
    assert [run.scalars[f"t{number}"].steps.tolist() for number in range(4)] == [list(range(300))] * 4


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.parametrize("method", ["flush", "close"])
def test_an_interrupt_ends_the_wait_and_not_the_upload(storage, method):
    writer = SummaryWriter(URL)
    log(writer, 0)
    storage.gate.clear()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            getattr(writer, method)()
    finally:
        signal.signal(signal.SIGALRM, before)
    storage.gate.set()
    log(writer, 1)
    writer.close()
    assert steps() == [0, 1]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_signal_handler_may_flush_during_a_flush(storage):
    writer = SummaryWriter(URL)
    log(writer, 0)
    storage.gate.clear()
    handled = []

    def handle(*_):
        log(writer, 1)
        storage.gate.set()
        writer.flush()
        handled.append(steps())

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        writer.flush()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert handled == [[0, 1]]
    writer.close()


def test_a_writer_that_is_dropped_is_uploaded_in_the_background(storage, spools):
    writer = SummaryWriter(URL)
    log(writer, 0)
    del writer
    gc.collect()
    uploader.uploader.submit(Nothing()).done.wait(PATIENCE)  # behind it in the queue
    assert steps() == [0]
    assert spools() == []


class Nothing:
    def put(self):
        pass


@needs_fork
@pytest.mark.slow  # starts processes
@pytest.mark.parametrize("end", ["writer.close(); os._exit(0)", "sys.exit()", "writer.flush(); os._exit(0)"])
def test_a_forked_child_uploads_objects_of_its_own(tmp_path, end):
    (tmp_path / "spools").mkdir()
    script = f"""
writer = SummaryWriter(url)
log(writer, 0)
writer.flush()
log(writer, 1)
if not os.fork():
    log(writer, 100, 101)
    {end}
_, status = os.wait()
assert status == 0
log(writer, 2)
writer.close()
"""
    run(script, f"file://{tmp_path}/run", TMPDIR=str(tmp_path / "spools"))
    found = Counter(tbevents.read_run(tmp_path / "run").scalars["loss"].steps.tolist())
    assert found == Counter([0, 1, 2, 100, 101])
    assert len(os.listdir(tmp_path / "run")) == 2
    left = glob.glob(f"{tmp_path}/spools/*")
    assert len(left) == ("flush" in end)  # of the child that ended without close and without exit handlers


@pytest.mark.slow  # starts processes
def test_a_script_that_ends_without_close_uploads_everything_and_leaves_no_spool(tmp_path):
    (tmp_path / "spools").mkdir()
    script = """
import atexit
writer = SummaryWriter(url)
log(writer, 0)
atexit.register(log, writer, 1)
"""
    run(script, f"file://{tmp_path}/run", TMPDIR=str(tmp_path / "spools"))
    assert tbevents.read_run(tmp_path / "run").scalars["loss"].steps.tolist() == [0, 1]
    assert os.listdir(tmp_path / "spools") == []


@pytest.mark.slow  # starts processes
def test_a_killed_process_leaves_its_spool_from_which_the_object_can_be_completed(tmp_path):
    (tmp_path / "spools").mkdir()
    script = """
import re
import signal
writer = SummaryWriter(url)
log(writer, 0, 1)
writer.file_writer.drain_in_background()
os.kill(os.getpid(), signal.SIGKILL)
"""
    run(script, f"file://{tmp_path}/run", fails=True, TMPDIR=str(tmp_path / "spools"))
    (spool,) = (tmp_path / "spools").iterdir()
    (kept,) = spool.glob("events*")
    assert (spool / "url.txt").read_text() == f"file://{tmp_path}/run\n"
    assert os.listdir(tmp_path / "run") == [kept.name]
    kept.replace(tmp_path / "run" / kept.name)
    assert tbevents.read_run(tmp_path / "run").scalars["loss"].steps.tolist() == [0, 1]


@pytest.mark.slow  # starts processes
@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("also", ["", "import multiprocessing.util\n"])
def test_an_upload_that_fails_at_exit_is_printed_in_a_line_with_its_first_cause_and_the_spool(tmp_path, close, also):
    (tmp_path / "spools").mkdir()
    script = f"""
{also}
from tbevents import remote
def refuse(url, data, given):
    raise remote.os_error(OSError, 5, "cannot be written", "no threads" if ending else "no route", url)
ending = False
def end():
    global ending
    ending = True
import atexit
writer = SummaryWriter(url)
log(writer, 0)
remote.write_bytes = refuse
atexit.register(end)
if {close}:
    try:
        writer.close()
    except OSError:
        pass
"""
    printed = run(script, f"file://{tmp_path}/run", fails=True, TMPDIR=str(tmp_path / "spools"))
    (spool,) = (tmp_path / "spools").iterdir()
    pattern = rf"UploadError: file://\S+: could not be uploaded: no route; what was logged is kept in {spool}\n"
    assert re.fullmatch(pattern, printed)


@needs_fork
@pytest.mark.slow  # starts processes
def test_an_upload_that_fails_at_the_end_of_a_child_of_multiprocessing_is_printed_in_a_line(tmp_path):
    (tmp_path / "spools").mkdir()
    script = """
import multiprocessing
from tbevents import remote
def child():
    global writer
    writer = SummaryWriter(url)
    log(writer, 0)
    def refuse(url, data, given):
        raise OSError(5, "no route", url)
    remote.write_bytes = refuse
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(30)
"""
    printed = run(script, f"file://{tmp_path}/run", fails=True, TMPDIR=str(tmp_path / "spools"))
    assert re.fullmatch(r"UploadError: file://\S+: could not be uploaded: no route; .*\n", printed)
