"""Runs that other processes read are the same as when this one reads them; a process that ends early is an error."""

import gc
import glob
import mmap
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events
from recorded_warnings import warnings_of
from scalar_files import NAME

import tbevents
from tbevents.proto import Event, HistogramProto, Summary, TensorProto
from tbevents.reading import reading_queue, shared_blocks, worker_processes

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

ASKING = os.getpid()


def shared_memory():
    return set(glob.glob(f"/dev/shm/tbevents_{ASKING}_*"))


@pytest.fixture(autouse=True)
def _nothing_left():
    before = shared_memory()
    yield
    gc.collect()
    assert shared_memory() <= before


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Runs of every sort: small and larger ones, other kinds of values, two files, damage, and one that goes on."""
    monkeypatch.setattr(reading_queue, "_GROUP_BYTES", 1 << 17)
    for k in range(12):
        steps = 3000 if k % 5 == 2 else 60
        events = [scalar_event(tag, step, step * k) for step in range(steps) for tag in ("a", "b", "c")]
        write_events(tmp_path / f"run{k:02}" / NAME, [version_event(), *events])
    histogram = Summary.Value(tag="h", histo=HistogramProto(num=3, bucket_limit=[1.0], bucket=[3.0]))
    number = tensor_value("n", TensorProto(dtype=9, int64_val=[2**60 + 1]), "scalars")
    text = tensor_value("t", TensorProto(dtype=7, string_val=[b"x" * 70_000]), "text")
    others = [
        Event(wall_time=5.0, step=k, summary=Summary(value=[each])) for k, each in enumerate((histogram, number, text))
    ]
    write_events(tmp_path / "run03" / NAME.replace("17", "18", 1), others)
    damaged = tmp_path / "run04" / NAME
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    cut = tmp_path / "run06" / NAME
    cut.write_bytes(cut.read_bytes()[:-5])
    (tmp_path / "run08" / NAME).write_bytes(b"no event file at all, but some text")
    return tmp_path


def everything(run):
    series = {
        (kind, tag): (one.steps.tobytes(), one.wall_times.tobytes(), [repr(point) for point in one])
        for kind in ("scalars", "histograms", "tensors", "texts")
        for tag, one in run.series(kind).items()
    }
    scalars = {tag: (one.values.dtype, one.values.tobytes(), one.exact_values) for tag, one in run.scalars.items()}
    return series, scalars, run.tags, run.counts(), run.first_wall_time, run.starts, run.files, run.problems


@pytest.mark.parametrize("options", [{}, {"tags": "a"}, {"checksums": "skip", "restarts": "tensorboard"}])
def test_other_processes_read_the_same(runs, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        here = tbevents.read_logdir(runs, threads=1, **options)
        there = tbevents.read_logdir(runs, processes=2, **options)
        assert [(name, everything(run)) for name, run in there.items()] == [
            (name, everything(run)) for name, run in here.items()
        ]
        for name in ("run00", "run02", "run03"):  # all that was read can go on
            with open(runs / name / max(os.listdir(runs / name)), "ab") as file:
                file.write(record(scalar_event("a", 9000, 1.5).SerializeToString()))
                file.write(record(scalar_event("new", 9000, 2.5).SerializeToString()))
            assert everything(there[name].reload()) == everything(here[name].reload())


def test_what_a_strict_reading_raises_is_raised_here(runs):
    found = tbevents.read_logdir(runs, processes=2, strict=True)
    with pytest.raises(tbevents.DamagedFileError, match="run04"):
        list(found.values())
    assert len(found["run05"].scalars) == 3


def test_the_problems_are_warned_of_when_a_run_is_asked_for(runs):
    with warnings_of(tbevents.DamageWarning) as caught:
        list(tbevents.read_logdir(runs, processes=2).values())
    assert {next(name for name in ("run04", "run06", "run08") if name in str(one.message)) for one in caught} == {
        "run04",
        "run06",
        "run08",
    }
    assert all(one.filename == __file__ for one in caught)


def sleep_long(*_):
    time.sleep(60)


def kill_worker(*_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="the worker's code is changed by forking")
def test_a_worker_that_is_killed_is_an_error_that_names_the_run_and_the_next_use_tries_again(runs, monkeypatch):
    real = shared_blocks.BlockWriter.block

    def block(self):
        assert shared_memory()
        kill_worker()

    monkeypatch.setattr(shared_blocks.BlockWriter, "block", block)
    found = tbevents.read_logdir(runs, processes=2)
    with pytest.raises(tbevents.errors.WorkerError, match="run00: a process that was reading runs ended before"):
        list(found.values())
    assert not multiprocessing.active_children()
    monkeypatch.setattr(shared_blocks.BlockWriter, "block", real)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(list(found.values())) == 12


def test_processes_end_with_the_last_run_and_with_the_logdir(runs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = tbevents.read_logdir(runs, processes=2)
        list(found.values())
        assert not multiprocessing.active_children()
        found = tbevents.read_logdir(runs, processes=2)
        next(iter(found.values()))
    assert multiprocessing.active_children()
    del found
    gc.collect()
    assert not multiprocessing.active_children()


def test_no_room_in_shared_memory_is_no_error(runs, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        here = [everything(run) for run in tbevents.read_logdir(runs).values()]
        monkeypatch.setattr(os, "pwrite", full)
        assert [everything(run) for run in tbevents.read_logdir(runs, processes=2).values()] == here


def test_what_cannot_be_taken_is_an_error_that_names_the_run_and_the_next_use_tries_again(runs, monkeypatch):
    def refuse(block, path):
        raise FileNotFoundError(2, "No such file or directory", path)

    found = tbevents.read_logdir(runs, processes=2)
    with monkeypatch.context() as patch:
        patch.setattr(worker_processes, "take_block", refuse)
        with pytest.raises(tbevents.errors.WorkerError, match=r"run00: .*FileNotFound"):
            list(found.values())
    assert not multiprocessing.active_children()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(list(found.values())) == 12


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="the worker's code is changed by forking")
def test_a_thread_that_waits_for_processes_which_another_one_ends_reads_for_itself(runs, monkeypatch):
    taken, waiting = worker_processes._taken, threading.Event()

    def note(*arguments):
        waiting.set()
        return taken(*arguments)

    monkeypatch.setattr(worker_processes, "_read_group", sleep_long)
    monkeypatch.setattr(worker_processes, "_taken", note)
    found = tbevents.read_logdir(runs, processes=2)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: next(iter(found.values())))
        assert waiting.wait(30)
        found.reload()
        assert everything(first.result(30)) == everything(tbevents.read_run(runs / "run00", name="run00"))
    assert not multiprocessing.active_children()


def test_large_columns_are_mapped_and_take_a_bounded_number_of_file_descriptors(runs, monkeypatch):
    monkeypatch.setattr(shared_blocks, "_MOST_MAPS", 2)
    before = len(os.listdir("/dev/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = tbevents.read_logdir(runs, processes=2)
        columns = [series.values for run in found.values() for series in run.scalars.values()]
    roots = []
    for root in columns:
        while isinstance(root, np.ndarray):
            root = root.base
        roots.append(getattr(root, "obj", root))
    maps = {id(root) for root in roots if isinstance(root, mmap.mmap)}
    assert (1 if sys.version_info < (3, 13) else 2) <= len(maps) <= (2 if sys.version_info < (3, 13) else 12)
    assert len(os.listdir("/dev/fd")) <= before + 2
    assert not any(column.flags.writeable for column in columns)


@pytest.mark.parametrize("processes", [0, -1, True, 1.5, "2"])
def test_an_invalid_number_of_processes_is_refused(runs, processes):
    with pytest.raises((TypeError, ValueError), match=r"^processes must be (at least 1|a whole number), not "):
        tbevents.read_logdir(runs, processes=processes)


SCRIPT = """
    import multiprocessing.connection, os, signal, sys, time, warnings
    import tbevents
    from tbevents.reading import shared_blocks, worker_processes

    def slowly(*arguments):
        print("reading", flush=True)
        time.sleep(60)

    parent = os.getpid()
    send = multiprocessing.connection.Connection._send

    def half(self, data, *rest):
        # A result is sent in two halves, with a minute between them.
        if os.getpid() != parent and len(data) > 300:
            os.write(self._handle, data[: len(data) // 2])
            print("reading", flush=True)
            time.sleep(60)
        return send(self, data, *rest)

    if __name__ == "__main__":
        warnings.simplefilter("ignore")
        if sys.argv[2] == "interrupted":
            signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored if tests run in the background
            worker_processes._read_group = slowly
        elif sys.argv[2] == "half":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            multiprocessing.connection.Connection._send = half
        elif sys.argv[2] == "killed":
            shared_blocks.BlockWriter.block = slowly
        else:
            multiprocessing.set_start_method(sys.argv[2])
        try:
            runs = tbevents.read_logdir(sys.argv[1], processes=2).values()
            print(sum(sum(counts["scalars"].values()) for counts in (run.counts() for run in runs) if counts))
        except KeyboardInterrupt:
            print("interrupted", len(multiprocessing.active_children()))
"""


@pytest.fixture
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    return path


@pytest.mark.slow  # starts processes that import everything
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_may_be_started_in_any_way(runs, script, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method} here")
    done = subprocess.run([sys.executable, script, runs, method], capture_output=True, text=True, timeout=120)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        here = tbevents.read_logdir(runs).values()
        expected = sum(sum(run.counts()["scalars"].values()) for run in here if run.counts())
    assert (done.stdout, done.stderr) == (f"{expected}\n", "")


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="the worker's code is changed by forking")
@pytest.mark.parametrize("when", ["interrupted", "half"])
def test_an_interrupt_ends_the_processes_also_in_the_middle_of_a_result(runs, script, when):
    running = subprocess.Popen(
        [sys.executable, script, runs, when],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stdout.readline() == "reading\n"
        started = time.monotonic()
        os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C: all processes of the group get it
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert "interrupted 0" in out
    assert "Traceback" not in err
    assert time.monotonic() - started < 20


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="the worker's code is changed by forking")
def test_a_process_that_is_killed_leaves_neither_processes_nor_shared_memory(runs, script):
    running = subprocess.Popen([sys.executable, script, runs, "killed"], stdout=subprocess.PIPE, text=True)
    left = f"/dev/shm/tbevents_{running.pid}_*"
    try:
        assert running.stdout.readline() == "reading\n"
        assert glob.glob(left) or not os.path.isdir("/dev/shm")
    finally:
        running.kill()
    running.communicate(timeout=30)  # until the last process that has its stdout open has ended
    assert not glob.glob(left)
