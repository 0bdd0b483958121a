"""A whole `SummaryWriter` with its many files: few descriptors, exits without close, forks, a file that fails."""

import errno
import gc
import itertools
import os
import signal
import subprocess
import sys
import warnings

import pytest

from tbevents.errors import WriterWarning
from tbevents.proto import Summary
from tbevents.reading.run import read_run
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.record_file import RecordFile
from tbevents.writing.summary_writer import SummaryWriter

from .interrupts import happens, interrupted
from .logged import ENDS, everything_below, scalars_in, values_in

PATIENCE = 60  # seconds after which a process counts as hanging

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROLOGUE = """
import os, sys, threading, time
from tbevents.writing.summary_writer import SummaryWriter
writer = SummaryWriter(sys.argv[1], flush_secs=1e9)
"""


def run(script, folder):
    """Runs a script that has a writer; what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", ENDS + PROLOGUE + script, str(folder)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def steps_in(folder):
    return [step for _, step, _ in scalars_in(folder)]


def steps_below(folder):
    """The steps of the run's own scalars, and then of its series; layouts have none."""
    return [step for path in ("", "g_x", "g_y") for step in steps_in(folder / path) if step]


def test_a_thousand_series_need_few_descriptors(tmp_path):
    pytest.importorskip("resource", reason="limits the descriptors")
    script = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
for step in range(3):
    writer.add_scalars("group", {f"key{k}": float(k) for k in range(1000)}, step)
writer.flush()
writer.close()
"""
    run(script, tmp_path)
    assert len(everything_below(tmp_path)) == 1001
    for k in range(1000):
        assert scalars_in(tmp_path / f"group_key{k}") == [("group", step, k) for step in range(3)]


@pytest.mark.parametrize("end", ["", "del writer; print(flush=True); os._exit(0)", "sys.exit()"])
def test_a_script_that_does_not_close_loses_no_series(end, tmp_path):
    run(f"writer.add_scalar('a', 1, 1); writer.add_scalars('g', {{'x': 1.0, 'y/z': 2.0}}, 2)\n{end}", tmp_path)
    assert scalars_in(tmp_path) == [("a", 1, 1.0)]
    assert scalars_in(tmp_path / "g_x") == [("g", 2, 1.0)]
    assert scalars_in(tmp_path / "g_y" / "z") == [("g", 2, 2.0)]


@needs_fork
def test_a_forked_child_goes_on_in_files_of_its_own(tmp_path):
    script = """
def log(step):
    writer.add_scalar("a", 1.0, step)
    writer.add_scalars("g", {"x": 1.0}, step)
log(1)
if not (child := os.fork()):
    log(2)
    writer.add_hparams({"lr": 0.1}, {"m": 1.0}, run_name="trial", global_step=2)
    writer.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
log(3)
"""
    run(script, tmp_path)
    for folder in (tmp_path, tmp_path / "g_x"):
        files = [name for name in os.listdir(folder) if "tfevents" in name]
        assert len({name.split(".")[-2] for name in files}) == len(files) == 2  # the process number differs
        assert sorted(steps_in(folder)) == [1, 2, 3]
    assert steps_in(tmp_path / "trial")[-1] == 2


@needs_fork
def test_a_forked_child_writes_the_layout_that_is_pending_in_its_parent(tmp_path):
    script = """
together = SummaryWriter(sys.argv[1] + "/together", flush_secs=1e9, scalars_in_one_run=True)
together.add_scalars("g", {"x": 1.0})
if not (child := os.fork()):
    together.add_scalars("g", {"y": 1.0})
    together.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    run(script, tmp_path)
    charts = [read_run(file.path).custom_scalars for file in os.scandir(tmp_path / "together")]
    assert sorted(chart["g"]["g"][1] for chart in charts) == [["g/x$"], ["g/x$", "g/y$"]]


@needs_fork
def test_forks_while_other_threads_open_series_do_not_hang(tmp_path):
    script = """
def work(name):
    step = 0
    while not stop:
        writer.add_scalars(name, {f"key{step}": 1.0}, step)
        step += 1
stop = False
threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
for thread in threads:
    thread.start()
children = []
for k in range(40):
    if not (child := os.fork()):
        writer.add_scalars("child", {str(k): 1.0}, k)
        writer.close()
        os._exit(0)
    children.append(child)
    time.sleep(0.002)
end = time.monotonic() + 30
while children and time.monotonic() < end:
    children = [child for child in children if os.waitpid(child, os.WNOHANG) == (0, 0)]
    time.sleep(0.01)
for child in children:
    os.kill(child, 9)
stop = True
for thread in threads:
    thread.join()
assert not children, f"{len(children)} children hang"
"""
    run(script, tmp_path)
    assert [steps_in(tmp_path / f"child_{k}") for k in range(40)] == [[k] for k in range(40)]


@needs_fork
def test_a_fork_while_another_thread_writes_an_embedding_does_not_hang(tmp_path):
    script = """
from tbevents.writing import projector_files
real, inside, go_on = projector_files._replace, threading.Event(), threading.Event()
def slow(*arguments):
    inside.set()
    go_on.wait()
    real(*arguments)
projector_files._replace = slow
thread = threading.Thread(target=writer.add_embedding, args=([[1.0]],))
thread.start()
inside.wait()
if not (child := os.fork()):
    projector_files._replace = real
    writer.add_embedding([[2.0]], tag="child")
    os._exit(0)
ended = ends(child)
go_on.set()
thread.join()
assert ended
"""
    run(script, tmp_path)
    assert (tmp_path / "00000" / "child" / "tensors.tsv").read_text() == "2.0\n"


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal here")
def test_a_signal_handler_may_write_an_embedding_while_another_is_written(tmp_path):
    script = """
import signal
from tbevents import files
from tbevents.reading.run import read_run
from tbevents.writing import projector_files
writer.close()
def signal_at(target, name, call, before):
    real, calls = getattr(target, name), 0
    def function(*arguments):
        nonlocal calls
        calls += 1
        if calls != call:
            return real(*arguments)
        setattr(target, name, real)
        if before:
            signal.raise_signal(signal.SIGUSR1)
        result = real(*arguments)
        if not before:
            signal.raise_signal(signal.SIGUSR1)
        return result
    setattr(target, name, function)
moments = [(projector_files, "_read"), (projector_files, "_replace"), (projector_files, "_write"), (files, "replace")]
for target, name in moments:
    for before in (True, False):
        for call in (1, 2):
            if (name, call) == ("_replace", 2):
                continue  # it is called once
            folder = f"{sys.argv[1]}/{name}{call}{before}"
            writer = SummaryWriter(folder)
            signal.signal(signal.SIGUSR1, lambda *_: writer.add_embedding([[2.0]], tag="handler"))
            writer.add_embedding([[1.0]], tag="first")
            signal_at(target, name, call, before)
            writer.add_embedding([[3.0]], tag="outer")
            writer.close()
            with open(folder + "/projector_config.pbtxt") as file:
                text = file.read()
            for tag in ("first", "handler", "outer"):
                assert text.count(f'"{tag}:00000"') == 1, (folder, text)
"""
    run(script, tmp_path)


def test_flush_and_close_reach_every_file_though_one_fails(tmp_path):
    script = """
writer.add_scalars("g", {"x": 1.0, "y": 1.0, "z": 1.0}, 1)
lost = writer.all_writers[os.path.join(writer.log_dir, "g_y")].path
real = os.open
def refusing(path, *arguments):
    if path == lost:
        raise PermissionError(13, "refused", path)
    return real(path, *arguments)
os.open = refusing
for call in (writer.flush, writer.close):
    try:
        call()
    except PermissionError as error:
        assert error.filename == lost
        print(error)
    writer.add_scalars("g", {"x": 1.0, "z": 1.0}, 2)
"""
    first, second = run(script, tmp_path).splitlines()
    assert "refused" in first
    assert "events lost: 1" in second
    assert steps_in(tmp_path / "g_x") == steps_in(tmp_path / "g_z") == [1, 2, 2]


@pytest.mark.parametrize("call", ["flush", "close"])
def test_an_interrupted_flush_or_close_loses_and_repeats_nothing(tmp_path, monkeypatch, call):
    def interrupted(fd, data):
        monkeypatch.setattr(os, "write", real)
        real(fd, memoryview(data)[:20])
        raise KeyboardInterrupt

    real = os.write
    writer = SummaryWriter(tmp_path, flush_secs=1e9)
    writer.add_scalar("a", 1.0, 1)
    writer.add_scalars("g", {"x": 1.0, "y": 1.0}, 1)
    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        getattr(writer, call)()
    gc.collect()
    writer.add_scalar("a", 1.0, 2)
    writer.add_scalars("g", {"x": 1.0, "y": 1.0}, 2)
    for _ in range(2):  # again, which does nothing
        getattr(writer, call)()
    writer.close()
    assert steps_in(tmp_path) == steps_in(tmp_path / "g_x") == steps_in(tmp_path / "g_y") == [1, 2]


class Interrupts:
    """Stands in for `RecordFile.write`: interrupts the next calls."""

    def __init__(self, monkeypatch):
        self.left = 0
        real = RecordFile.write

        def write(file, sync=False):
            if self.left:
                self.left -= 1
                raise KeyboardInterrupt
            real(file, sync)

        monkeypatch.setattr(RecordFile, "write", write)


@pytest.fixture
def interrupts(monkeypatch):
    return Interrupts(monkeypatch)


@pytest.mark.parametrize("again", ["flush", "close"])
@pytest.mark.parametrize("count", [1, 3])
def test_what_an_interrupted_close_has_left_is_written_by_the_next_call(tmp_path, interrupts, count, again):
    writer = SummaryWriter(tmp_path, flush_secs=1e9)
    writer.add_scalars("g", {"x": 1.0, "y": 1.0}, 1)
    writer.add_scalar("a", 1.0, 1)
    interrupts.left = 3 * count  # each call goes on to the other files
    held = []  # the tracebacks, and so all that was in use
    for call in ["close", *[again] * (count - 1)]:
        with pytest.raises(KeyboardInterrupt) as caught:
            getattr(writer, call)()
        held.append(caught)
    assert steps_in(tmp_path) == []
    getattr(writer, again)()
    assert steps_in(tmp_path) == steps_in(tmp_path / "g_x") == steps_in(tmp_path / "g_y") == [1]
    assert (len(everything_below(tmp_path)), writer.lost, held != []) == (3, 0, True)


def test_calls_after_an_interrupted_close_log_to_new_files(tmp_path, interrupts):
    writer = SummaryWriter(tmp_path, flush_secs=1e9)
    writer.add_scalar("a", 1.0, 1)
    writer.add_scalars("g", {"x": 1.0}, 1)
    interrupts.left = 2
    with pytest.raises(KeyboardInterrupt):
        writer.close()
    writer.add_scalar("a", 1.0, 2)
    writer.add_scalars("g", {"x": 1.0}, 2)
    writer.close()
    assert steps_in(tmp_path) == steps_in(tmp_path / "g_x") == [1, 2]
    assert len(everything_below(tmp_path)) == 4


def test_a_file_that_an_interrupted_close_has_left_takes_what_another_thread_adds(tmp_path, interrupts):
    writer = SummaryWriter(tmp_path, flush_secs=1e9)
    sink = writer.file_writer  # a call in another thread may have it in hand
    interrupts.left = 1
    sink.add_scalar("a", 1.0, 1)
    with pytest.raises(KeyboardInterrupt):
        writer.close()
    sink.add_scalar("a", 1.0, 2)
    writer.close()
    assert steps_in(tmp_path) == [1, 2]


@pytest.mark.parametrize("on_error", ["raise", "warn"])
def test_a_file_that_cannot_be_closed_after_an_interrupt_is_counted_once(tmp_path, monkeypatch, on_error):
    writer = SummaryWriter(tmp_path, flush_secs=1e9, on_error=on_error)
    writer.add_scalar("a", 1.0, 1)
    errors = [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device"), OSError(errno.ENOSPC, "full")]

    def failing(fd, data):
        raise errors.pop(0)

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        writer.close()
    assert writer.lost == 0
    with pytest.raises(OSError, match="No space") if on_error == "raise" else pytest.warns(WriterWarning):
        writer.close()
    writer.close()
    assert (writer.lost, len(errors)) == (1, 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("full", [False, True])
def test_an_interrupt_at_any_moment_of_close_loses_and_repeats_nothing(tmp_path, monkeypatch, full):
    def refuse(fd, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    gc.disable()  # it would come at any moment, too
    try:
        for moment in itertools.count(1):
            folder = tmp_path / str(moment)
            writer = SummaryWriter(folder, flush_secs=1e9, on_error="warn")
            writer.add_scalar("a", 1.0, 1)
            writer.add_text("b", "words", 1)
            writer.add_scalars("g", {"x": 1.0}, 1)
            with monkeypatch.context() as patch, warnings.catch_warnings():
                warnings.simplefilter("ignore", WriterWarning)
                if full:
                    patch.setattr(os, "write", refuse)
                fired = interrupted(writer.close, moment)
                writer.close()
            expected = ([], [], 3) if full else ([1, 1], [1], 0)
            assert (steps_in(folder), steps_in(folder / "g_x"), writer.lost) == expected, moment
            if not fired:
                break
    finally:
        gc.enable()
    assert moment > 50


OPENING = {
    "scalar": lambda writer, step: writer.add_scalar("a", 1.0, step),
    "series": lambda writer, step: writer.add_scalars("g", {"x": 1.0, "y": 1.0}, step),
    "columns": lambda writer, step: writer.add_scalar_columns("a", [step], [1.0]),
}
HANDLERS = {
    "closes": lambda writer: writer.close(),
    "logs": lambda writer: writer.add_scalars("g", {"x": 1.0}, 9),
    "logs and closes": lambda writer: (writer.add_scalars("g", {"x": 1.0}, 9), writer.close()),
}


@pytest.mark.parametrize("in_one_run", [False, True])
@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("method", OPENING)
def test_a_signal_handler_may_close_or_log_at_any_moment_while_files_are_opened(tmp_path, method, handler, in_one_run):
    def log(step):
        OPENING[method](writer, step)

    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        writer = SummaryWriter(folder, flush_secs=1e9, scalars_in_one_run=in_one_run)
        writer.close()
        happened = happens(lambda: log(1), moment, lambda: HANDLERS[handler](writer))  # noqa: B023  # called here
        log(2)
        writer.flush()
        ours = [1, 1, 2, 2] if method == "series" else [1, 2]
        theirs = [9] * (happened and "logs" in handler)
        assert sorted(steps_below(folder)) == ours + theirs, moment
        writer.close()
        assert sorted(steps_below(folder)) == ours + theirs, moment
        if not happened:
            break
    assert moment > 50


def chart(writer, key):
    writer.add_custom_scalars({"g": {key: ["Multiline", [f"g/{key}$"]]}})


CHARTS = {
    "charts": chart,
    "series of one chart": lambda writer, key: writer.add_scalars("g", {key: 1.0}, 1),
}


@pytest.mark.parametrize(
    ("method", "end"),
    [
        *itertools.product(CHARTS, ["pending", "flushed"]),
        ("charts", "closed"),  # a chart of series is begun anew after `close`, by a handler or not
    ],
)
def test_a_chart_that_a_signal_handler_adds_at_any_moment_of_adding_another_is_kept(tmp_path, method, end):
    def handle():
        CHARTS[method](writer, "theirs")
        if end != "pending":
            writer.flush() if end == "flushed" else writer.close()

    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        writer = SummaryWriter(folder, flush_secs=1e9, scalars_in_one_run=True)
        if moment % 2:  # else there is no layout yet that could be replaced
            chart(writer, "earlier")
        happened = happens(lambda: CHARTS[method](writer, "own"), moment, handle)  # noqa: B023  # called here
        writer.close()
        layouts = [value for tag, _, value in values_in(folder) if tag == "custom_scalars__config__"]
        with SummaryWriter(tmp_path / f"{moment} last") as copy:
            copy.file_writer.add_summary(Summary(value=layouts[-1:]))
        charts = read_run(tmp_path / f"{moment} last").custom_scalars["g"]
        tags = {tag for _, patterns in charts.values() for tag in patterns}
        expected = {"own": True, "theirs": happened, "earlier": moment % 2}
        assert tags == {f"g/{key}$" for key, shown in expected.items() if shown}, moment
        if not happened:
            break
    assert moment > 50


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("method", OPENING)
def test_after_an_interrupt_at_any_moment_while_files_are_opened_a_flush_reaches_every_file(tmp_path, method):
    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        writer = SummaryWriter(folder, flush_secs=1e9)
        writer.close()
        fired = interrupted(lambda: OPENING[method](writer, 1), moment)  # noqa: B023  # called here
        writer.add_scalars("g", {"x": 1.0, "y": 1.0}, 2)
        writer.add_scalar("a", 1.0, 3)
        writer.flush()
        steps = steps_below(folder)
        assert [step for step in steps if step > 1] == [3, 2, 2], moment
        assert steps.count(1) <= (2 if method == "series" else 1), moment
        if not fired:
            break
        writer.close()
    assert moment > 50


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_while_the_garbage_collector_closes_a_writer_loses_nothing(tmp_path, interrupts):
    writer = EventFileWriter(tmp_path, flush_secs=1e9)
    writer.add_scalar("a", 1.0, 1)
    interrupts.left = 1
    del writer
    gc.collect()
    assert steps_in(tmp_path) == [1]


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal here")
def test_a_signal_handler_that_closes_and_ends_the_process_during_close_loses_nothing(tmp_path):
    script = """
import signal
from tbevents.writing.record_file import RecordFile
real = RecordFile.write
def write(file, sync=False):
    RecordFile.write = real
    signal.raise_signal(signal.SIGUSR1)
    real(file, sync)
RecordFile.write = write
def handle(*_):
    writer.close()
    os._exit(0)
signal.signal(signal.SIGUSR1, handle)
writer.add_scalar("a", 1.0, 1)
writer.close()
"""
    run(script, tmp_path)
    assert steps_in(tmp_path) == [1]
