"""`GlobalSummaryWriter`: each tag counts its own steps, in all threads and forked processes."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from tbevents import GlobalSummaryWriter, SummaryWriter, read_run
from tbevents.writing import global_summary_writer

from .logged import ENDS


def steps(folder, tag):
    return sorted(point.step for point in read_run(folder).scalars[tag])


def test_each_tag_and_kind_counts_from_0(tmp_path):
    pytest.importorskip("PIL", reason="makes pictures")
    writer = GlobalSummaryWriter(tmp_path)
    assert isinstance(writer.smw, SummaryWriter)
    for _ in range(3):
        writer.add_scalar("a", 1.0)
    writer.add_scalar("b", 1.0, walltime=5.0)
    writer.add_text("a", "words")
    writer.add_text("a", "words")
    writer.add_image("a", np.zeros((1, 2, 2)))
    writer.add_image("i", np.zeros((2, 2, 1)), dataformats="HWC")
    path = writer.file_writer.event_writer._ev_writer._file_name
    writer.close()
    assert os.path.dirname(path) == str(tmp_path)
    run = read_run(tmp_path)
    assert steps(tmp_path, "a") == [0, 1, 2]
    assert [(point.step, point.wall_time) for point in run.scalars["b"]] == [(0, 5.0)]
    assert [text.step for text in run.texts["a/text_summary"]] == [0, 1]
    assert [image.step for image in run.images["i"]] == [0]


def test_a_call_that_raises_uses_no_step(tmp_path):
    writer = GlobalSummaryWriter(log_dir=tmp_path)
    with pytest.raises(TypeError, match="'a': scalar_value"):
        writer.add_scalar("a", None)
    writer.add_scalar("a", 1.0)
    writer.close()
    assert steps(tmp_path, "a") == [0]


def test_steps_go_on_after_close(tmp_path):
    writer = GlobalSummaryWriter(tmp_path)
    for _ in range(2):
        writer.add_scalar("a", 1.0)
        writer.close()
    assert steps(tmp_path, "a") == [0, 1]


def test_threads_share_the_steps(tmp_path):
    writer = GlobalSummaryWriter(tmp_path)
    threads = [threading.Thread(target=lambda: [writer.add_scalar("a", 1.0) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert steps(tmp_path, "a") == list(range(800))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks children")
def test_forked_children_share_the_steps_also_of_tags_that_come_later(tmp_path):
    writer = GlobalSummaryWriter(tmp_path)
    writer.add_scalar("a", 1.0)

    def work():
        for _ in range(50):
            writer.add_scalar("a", 1.0)
            writer.add_scalar("late", 1.0)

    context = multiprocessing.get_context("fork")
    children = [context.Process(target=work) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    writer.add_scalar("late", 1.0)
    writer.close()
    assert steps(tmp_path, "a") == list(range(151))
    assert steps(tmp_path, "late") == list(range(151))


def test_all_modules_get_the_same_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(GlobalSummaryWriter, "_made", None)
    writer = GlobalSummaryWriter.getSummaryWriter()
    assert GlobalSummaryWriter.getSummaryWriter() is writer
    writer.add_scalar("a", 1.0)
    writer.close()
    assert steps(writer.smw.log_dir, "a") == [0]


def test_there_is_room_for_many_tags_and_an_error_for_more(tmp_path, monkeypatch):
    monkeypatch.setattr(global_summary_writer, "_SLOTS", 8)
    writer = GlobalSummaryWriter(tmp_path)
    for _ in range(2):
        for name in "abcdefgh":
            writer.add_scalar(name, 1.0)
    with pytest.raises(ValueError, match="at most 8 tags"):
        writer.add_scalar("i", 1.0)
    writer.close()
    assert all(steps(tmp_path, name) == [0, 1] for name in "abcdefgh")


def test_a_disabled_one_touches_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = GlobalSummaryWriter(write_to_disk=False)
    writer.add_scalar("a", 1.0)
    writer.close()
    assert list(tmp_path.iterdir()) == []


MAKING = """
import os, signal, sys, threading, time
from tbevents import GlobalSummaryWriter, SummaryWriter
os.chdir(sys.argv[1])
real = SummaryWriter.__init__
"""


def run(script, folder):
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", ENDS + MAKING + script, str(folder)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal here")
@pytest.mark.parametrize("after", [False, True])
def test_a_signal_handler_may_ask_for_the_shared_writer_while_it_is_made(tmp_path, after):
    script = f"""
asked = []
signal.signal(signal.SIGUSR1, lambda *_: asked.append(GlobalSummaryWriter.getSummaryWriter()))
def interrupted(self, *arguments, **options):
    SummaryWriter.__init__ = real
    if {after}:
        real(self, *arguments, **options)
    signal.raise_signal(signal.SIGUSR1)
    if not {after}:
        real(self, *arguments, **options)
SummaryWriter.__init__ = interrupted
assert [GlobalSummaryWriter.getSummaryWriter()] == asked
"""
    run(script, tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks children")
def test_a_child_may_ask_for_the_shared_writer_though_a_thread_of_its_parent_was_making_it(tmp_path):
    script = """
inside, go_on = threading.Event(), threading.Event()
def slow(self, *arguments, **options):
    inside.set()
    go_on.wait(20)
    real(self, *arguments, **options)
SummaryWriter.__init__ = slow
thread = threading.Thread(target=GlobalSummaryWriter.getSummaryWriter)
thread.start()
inside.wait(20)
if not (child := os.fork()):
    SummaryWriter.__init__ = real
    GlobalSummaryWriter.getSummaryWriter().add_scalar("a", 1.0)
    os._exit(0)
ended = ends(child)
go_on.set()
thread.join()
assert ended
"""
    run(script, tmp_path)


def test_a_signal_handler_that_logs_the_same_tag_during_a_call_uses_another_step():
    counts, used = global_summary_writer._SharedCounts(), []

    def log(step):
        if len(used) == 1:
            used.append(None)
            counts.use("scalar", "a", used.append)  # as a handler would
        used.append(step)

    for _ in range(3):
        counts.use("scalar", "a", log)
    assert sorted(step for step in used if step is not None) == [0, 1, 2, 3]


def test_a_signal_handler_may_log_a_new_tag_at_any_moment():
    for moment in itertools.count(1):
        counts, steps, handled = global_summary_writer._SharedCounts(), [], []
        count = 0

        def profile(frame, event, arg):
            nonlocal count
            count += event in ("call", "c_return")
            if count == moment and not handled:  # noqa: B023
                handled.append(True)  # noqa: B023
                for tag in ("a", "b"):
                    counts.use("scalar", tag, lambda step, tag=tag: steps.append((tag, step)))  # noqa: B023

        sys.setprofile(profile)
        try:
            counts.use("scalar", "a", lambda step: steps.append(("a", step)))  # noqa: B023
        finally:
            sys.setprofile(None)
        for tag in ("a", "b"):
            counts.use("scalar", tag, lambda step, tag=tag: steps.append((tag, step)))  # noqa: B023
        assert len(set(steps)) == len(steps), (moment, steps)
        if not handled:
            break
    assert moment > 5


def test_a_refused_value_uses_no_step_and_an_interrupted_call_may():
    counts, steps = global_summary_writer._SharedCounts(), []
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            counts.use("scalar", "a", lambda step, error=error: (_ for _ in ()).throw(error))
    counts.use("scalar", "a", steps.append)
    assert steps == [1]


def test_its_repr_names_the_folder(tmp_path):
    with_folder = GlobalSummaryWriter(tmp_path)
    assert repr(with_folder) == f"GlobalSummaryWriter({str(tmp_path)!r})"
    with_folder.close()
