"""What else may happen to the file or folder of a writer: it warns once, and goes on in a file beside it."""

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from recorded_warnings import warnings_of

from tbevents import WriterWarning, read_run
from tbevents.format.record import encode_record
from tbevents.proto import Event
from tbevents.writing import record_file
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.summary_writer import SummaryWriter

from .logged import NEVER, log, writer_warnings


@pytest.fixture(params=["raise", "warn"])
def writer(request, tmp_path):
    """A writer in either mode: neither makes an error of a disturbed file."""
    writer = EventFileWriter(tmp_path / "run", flush_secs=NEVER, on_error=request.param)
    yield writer
    writer.close()


def steps_in(folder):
    """The steps that a reader of the folder finds; damage is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_run(folder).scalars["t"].steps.tolist()


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def append(path):
    with path.open("ab") as file:
        file.write(b"theirs")


def append_records(path):
    """As a second program that writes whole records to the same file."""
    event = Event(wall_time=1.0, step=1000)
    event.summary.value.add(tag="t", simple_value=1.0)
    with path.open("ab") as file:
        file.write(encode_record(event.SerializeToString()))


def overwrite(path):
    """In place, with as many bytes."""
    path.write_bytes(b"x" * path.stat().st_size)


def replace(path):
    other = path.with_name("other")
    other.write_bytes(b"y" * path.stat().st_size)
    other.replace(path)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_fifo(path):
    path.unlink()
    os.mkfifo(path)


def replace_by_link_to_itself(path):
    path.unlink()
    path.symlink_to(path)


def rename(path):
    path.rename(path.with_name("moved.tfevents"))


def remove_folder(path):
    shutil.rmtree(path.parent)


def rename_folder(path):
    path.parent.rename(path.parent.with_name("renamed"))


DISTURBANCES = {
    cut: (list(range(9)), "truncated"),
    append: (list(range(10)), "something else appended 6 bytes"),
    append_records: ([*range(10), 1000], "something else appended"),
    overwrite: ([], "changed or replaced"),
    replace: ([], "changed or replaced"),
    Path.unlink: ([], "removed or renamed"),
    replace_by_folder: ([], "it no longer exists: Is a directory"),
    replace_by_fifo: ([], "not a regular file"),
    replace_by_link_to_itself: ([], "it no longer exists"),
    rename: (list(range(10)), "removed or renamed"),
    remove_folder: ([], "removed or renamed"),
    rename_folder: ([], "removed or renamed"),
}


@pytest.mark.parametrize(("disturb", "left", "reason"), [(k, *v) for k, v in DISTURBANCES.items()])
@pytest.mark.parametrize("end", ["flush", "close", "batches", "background"])
def test_one_warning_names_the_file_and_nothing_accepted_later_is_lost(writer, disturb, left, reason, end):
    if disturb is replace_by_fifo and not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs here")
    log(writer, *range(10))
    writer.flush()
    path, folder = Path(writer.path), Path(writer.get_logdir())
    log(writer, 10)  # pending
    disturb(path)
    last = 10_000 if end == "batches" else 20
    with writer_warnings() as caught:
        log(writer, *range(11, last))
        if end == "background":
            writer.drain_in_background()
        elif end == "close":
            writer.close()
        writer.flush()
    assert len(caught) == 1
    assert str(path) in str(caught[0].message)
    assert reason in str(caught[0].message)
    assert str(writer.path) in str(caught[0].message)
    assert Path(writer.path).parent == folder
    assert writer.path != str(path)
    if end != "close":
        log(writer, last)  # no more warnings
        last += 1
        writer.close()
    assert sorted(steps_in(folder)) == sorted([*left, *range(10, last)])
    assert writer.lost == 0


def test_each_file_that_is_disturbed_has_a_warning_of_its_own(writer):
    for step in range(3):
        log(writer, step)
        os.unlink(writer.path)
        with warnings_of(WriterWarning, match="removed") as caught:
            writer.flush()
        assert len(caught) == 1
    assert steps_in(writer.get_logdir()) == [2]


def test_what_else_appended_is_not_touched(writer):
    log(writer, *range(10))
    writer.flush()
    path = Path(writer.path)
    append(path)
    content = path.read_bytes()
    log(writer, 10)
    with pytest.warns(WriterWarning):
        writer.flush()
    assert path.read_bytes() == content


def test_a_file_that_is_put_back_as_it_was_goes_on(writer, tmp_path):
    """For instance moved to a larger disk, and a link in its place."""
    log(writer, *range(10))
    writer.flush()
    path = Path(writer.path)
    shutil.copy(path, tmp_path / "elsewhere")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    log(writer, 10)
    writer.close()
    assert writer.path == str(path)
    assert steps_in(path.parent) == list(range(11))


def test_bytes_that_follow_a_torn_record_are_not_written_over(writer, monkeypatch):
    real = os.write

    def write(fd, data):
        if len(data) < 500:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, memoryview(data)[:500])

    def refuse(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    log(writer, *range(20))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        patch.setattr(os, "ftruncate", refuse)
        if writer.on_error == "raise":
            with pytest.raises(OSError, match="No space"):
                writer.flush()
        else:
            with pytest.warns(WriterWarning, match="No space"):
                writer.flush()
    append_records(Path(writer.path))
    theirs = Path(writer.path).read_bytes()
    before = Path(writer.path)
    with pytest.warns(WriterWarning, match="appended"):
        writer.flush()
    assert before.read_bytes() == theirs
    assert sorted(steps_in(before.parent)) == [*range(20), 1000]


@pytest.mark.parametrize("place", ["fsync", "close"])
def test_what_the_system_took_and_could_not_store_is_written_again(tmp_path, monkeypatch, place):
    """As a network file system says at the end that the quota is exceeded; the bytes may be there or not."""
    writer = EventFileWriter(tmp_path, flush_secs=NEVER)
    log(writer, *range(10))
    writer.flush()
    size = os.path.getsize(writer.path)
    real = getattr(os, place)
    for keeps in (0, 100, 1 << 20):
        last = len(steps_in(tmp_path))
        log(writer, *range(last, last + 10))

        def fail(fd, end=size + keeps):
            if place == "close":
                real(fd)
            os.truncate(writer.path, min(end, os.path.getsize(writer.path)))
            monkeypatch.setattr(os, place, real)
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

        monkeypatch.setattr(os, place, fail)
        with pytest.raises(OSError, match="Disk quota exceeded"):
            writer.flush(sync=place == "fsync")
        writer.flush()
        assert steps_in(tmp_path) == list(range(last + 10))
        size = os.path.getsize(writer.path)
    writer.close()


def test_a_new_file_that_fails_is_an_error_and_is_tried_again(tmp_path):
    writer = EventFileWriter(tmp_path / "run", flush_secs=NEVER)
    log(writer, 1)
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").write_text("in the way")
    with warnings_of(WriterWarning) as caught, pytest.raises(OSError, match="run"):
        writer.flush()
    assert len(caught) == 1
    log(writer, 2)
    with pytest.raises(OSError, match="run"):
        writer.flush()
    (tmp_path / "run").unlink()
    log(writer, 3)
    writer.close()
    assert steps_in(tmp_path / "run") == [1, 2, 3]


def test_where_warnings_are_errors_nothing_is_lost_either(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer = EventFileWriter(tmp_path, flush_secs=NEVER)
        log(writer, 1)
        os.unlink(writer.path)
        with pytest.raises(WriterWarning):
            writer.flush()
        writer.flush()
        assert steps_in(tmp_path) == [1]
        os.unlink(writer.path)
        log(writer, 2)
        writer.drain_in_background()
        with pytest.raises(WriterWarning):
            log(writer, 3)
        writer.flush()
        assert steps_in(tmp_path) == [2, 3]
        os.unlink(writer.path)
        log(writer, 4)
        with pytest.raises(WriterWarning):
            writer.close()
        assert writer.closed
    assert steps_in(tmp_path) == [4]


def test_a_handler_that_meets_the_disturbed_file_too_makes_no_second_one(tmp_path, monkeypatch):
    writer = EventFileWriter(tmp_path, flush_secs=NEVER)
    log(writer, 1)
    os.unlink(writer.path)
    real = record_file._open_existing

    def handle(path, opened):
        monkeypatch.setattr(record_file, "_open_existing", real)
        try:
            real(path, opened)
        finally:
            log(writer, 2)
            writer.flush()

    monkeypatch.setattr(record_file, "_open_existing", handle)
    with warnings_of(WriterWarning) as caught:
        writer.flush()
    assert len(caught) == 1
    writer.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert steps_in(tmp_path) == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_mind_what_became_of_the_parents_file(tmp_path):
    script = """
import os, sys, warnings
from tbevents import EventFileWriter
warnings.simplefilter("ignore", DeprecationWarning)
writer = EventFileWriter(sys.argv[1], flush_secs=1e9)
writer.add_scalar("t", 1.0, 1)
os.unlink(writer.path)
if not (child := os.fork()):
    warnings.simplefilter("error")
    writer.add_scalar("t", 1.0, 2)
    writer.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
writer.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.count("WriterWarning") == 1
    assert sorted(steps_in(tmp_path)) == [1, 2]


def test_another_program_that_appends_all_the_time_loses_nothing_and_we_neither(tmp_path):
    writer = EventFileWriter(tmp_path, flush_secs=0.001)
    first = writer.path
    stop = threading.Event()

    def work():
        while not stop.is_set():
            append_records(Path(first))
            time.sleep(0.0005)

    log(writer, *range(10))
    thread = threading.Thread(target=work)
    with writer_warnings() as caught:
        thread.start()
        for step in range(10, 500):
            log(writer, step)
    stop.set()
    thread.join()
    writer.close()
    assert len(caught) == 1
    assert "appended" in str(caught[0].message)
    steps = steps_in(tmp_path)
    assert sorted(step for step in steps if step != 1000) == list(range(500))


def test_the_series_of_add_scalars_go_on_beside_theirs(tmp_path):
    with SummaryWriter(tmp_path, flush_secs=NEVER) as writer:
        writer.add_scalars("g", {"a": 1.0, "b": 1.0}, 1)
        shutil.rmtree(tmp_path)
        writer.add_scalars("g", {"a": 1.0, "b": 1.0}, 2)
        writer.add_scalar("t", 1.0, 1)
        with warnings_of(WriterWarning) as caught:
            writer.flush()
        assert len(caught) == 3  # one a file
    assert steps_in(tmp_path) == [1]
    assert read_run(tmp_path / "g_a").scalars["g"].steps.tolist() == [1, 2]
    assert read_run(tmp_path / "g_b").scalars["g"].steps.tolist() == [1, 2]
