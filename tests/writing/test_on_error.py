"""`on_error`: what cannot be written is raised, or warned of once, kept or counted."""

import errno
import os
import pickle
import shutil
import subprocess
import sys

import pytest
from recorded_warnings import warnings_of

from tbevents import EventFileWriter, SummaryWriter, WriterWarning, read_logdir, read_run
from tbevents.testing import MemoryWriter
from tbevents.writing import batch_writer
from tbevents.writing.batch_writer import BATCH

from .logged import NEVER, log, writer_warnings


class Disk:
    """Stands in for `os.write`: takes some bytes more, then fails."""

    def __init__(self, monkeypatch):
        self.room = 1 << 60
        self.errno = errno.ENOSPC
        self.real = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, fd, data):
        if not self.room:
            raise OSError(self.errno, os.strerror(self.errno))
        written = self.real(fd, memoryview(data)[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture
def writer(tmp_path):
    return EventFileWriter(tmp_path / "run", flush_secs=NEVER, on_error="warn")


def steps_in(folder):
    return read_run(folder).scalars["t"].steps.tolist()


@pytest.mark.parametrize("make", [EventFileWriter, SummaryWriter, MemoryWriter])
@pytest.mark.parametrize("wrong", ["ignore", None, True, "WARN"])
def test_another_value_is_a_value_error_that_names_it(tmp_path, make, wrong):
    with pytest.raises(ValueError, match=f"on_error.*{wrong!r}"):
        make(str(tmp_path / "run"), on_error=wrong)
    assert not (tmp_path / "run").exists()


def test_a_disabled_writer_checks_it_too(tmp_path):
    with pytest.raises(ValueError, match="on_error"):
        SummaryWriter(tmp_path, write_to_disk=False, on_error="log")
    writer = SummaryWriter(tmp_path, write_to_disk=False, on_error="warn")
    writer.add_scalar("a", 1, 1)
    assert writer.lost == 0


def test_it_is_a_keyword_and_raise_by_default(tmp_path):
    with pytest.raises(TypeError):
        SummaryWriter(tmp_path, "", None, 10, 2.0, "", True, "warn")
    for writer in (SummaryWriter(tmp_path), EventFileWriter(tmp_path), MemoryWriter()):
        assert writer.on_error == "raise"
        writer.close()


@pytest.mark.parametrize("room", [0, 1, 1000])
def test_a_full_disk_is_one_warning_and_what_is_kept_goes_out_when_room_is_made(writer, disk, room):
    log(writer, *range(10))
    writer.flush()
    disk.room = room
    with writer_warnings() as caught:
        log(writer, *range(10, 3 * BATCH))
        writer.flush()
        writer.drain_in_background()
        log(writer, 3 * BATCH)
        writer.add_scalar_columns("t", [3 * BATCH + 1], [1.0])
        writer.flush()
    assert len(caught) == 1
    assert "No space left on device" in str(caught[0].message)
    assert writer.path in str(caught[0].message)
    disk.room = 1 << 60
    writer.close()
    assert steps_in(writer.get_logdir()) == list(range(3 * BATCH + 2))
    assert writer.lost == 0


def test_each_cause_has_one_warning(writer, disk):
    disk.room = 0
    with writer_warnings() as caught:
        for disk.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOSPC, errno.EDQUOT):
            log(writer, 1)
            writer.flush()
    first, second = (str(warning.message) for warning in caught)
    assert os.strerror(errno.ENOSPC) in first
    assert os.strerror(errno.EDQUOT) in second
    disk.room = 1 << 60
    writer.close()


@pytest.mark.parametrize("room", [0, 1000])
def test_close_counts_what_could_not_be_written(writer, disk, room):
    log(writer, *range(10))
    writer.flush()
    disk.room = room
    log(writer, *range(10, 100))
    with pytest.warns(WriterWarning, match="events lost"):
        writer.close()
    writer.close()
    assert writer.closed
    steps = steps_in(writer.get_logdir())
    assert steps == list(range(len(steps)))
    assert len(steps) == 10 + room // 39
    assert writer.lost == 100 - len(steps)


@pytest.mark.parametrize("on_error", ["raise", "warn"])
def test_what_is_beyond_the_memory_is_dropped_and_counted(tmp_path, disk, monkeypatch, on_error):
    monkeypatch.setattr(batch_writer, "UNWRITTEN_BYTES", 2 * 42 * BATCH)
    writer = EventFileWriter(tmp_path, flush_secs=NEVER, on_error=on_error)
    disk.room = 0
    raised = 0
    with writer_warnings() as caught:
        for step in range(10 * BATCH):
            try:
                log(writer, step)
            except OSError:
                raised += 1
    assert (raised, len(caught)) == ((10, 0) if on_error == "raise" else (0, 1))
    lost = writer.lost
    assert lost >= 6 * BATCH
    disk.room = 1 << 60
    writer.close()
    assert writer.lost == lost
    assert len(steps_in(tmp_path)) == 10 * BATCH - lost


def test_what_failed_in_the_background_is_warned_of_at_the_next_call(writer, disk):
    disk.room = 0
    log(writer, 1)
    writer.drain_in_background()
    with pytest.warns(WriterWarning, match="No space"):
        log(writer, 2)
    writer.drain_in_background()
    log(writer, 3)  # has been told
    disk.room = 1 << 60
    writer.close()
    assert steps_in(writer.get_logdir()) == [1, 2, 3]


def test_whatever_the_error_it_is_a_warning(writer, monkeypatch):
    def fail(self, *arguments):
        raise MemoryError("no memory")

    log(writer, 1)
    with monkeypatch.context() as patch:
        patch.setattr(batch_writer.Encoder, "encode", fail)
        with pytest.warns(WriterWarning, match="no memory"):
            writer.flush()
    writer.close()
    assert steps_in(writer.get_logdir()) == [1]


def test_wrong_arguments_are_errors_all_the_same(writer):
    with pytest.raises(TypeError):
        writer.add_scalar("t", "text")
    with pytest.raises(ValueError, match="walltime"):
        writer.add_scalar("t", 1.0, 1, float("nan"))
    writer.close()
    with pytest.raises(ValueError, match="accepts no more events"):
        log(writer, 1)
    assert writer.lost == 0


def test_a_file_that_cannot_be_made_is_made_as_soon_as_it_can(tmp_path):
    (tmp_path / "run").write_text("in the way")
    with writer_warnings() as caught:
        writer = EventFileWriter(tmp_path / "run", flush_secs=NEVER, on_error="warn")
        assert writer.path is None
        log(writer, *range(2 * BATCH))
        writer.flush()
    assert len(caught) == 1
    (tmp_path / "run").unlink()
    log(writer, 2 * BATCH)
    writer.close()
    assert steps_in(tmp_path / "run") == list(range(2 * BATCH + 1))


def test_what_no_file_could_be_made_for_is_counted(tmp_path):
    (tmp_path / "run").write_text("in the way")
    with pytest.warns(WriterWarning):
        writer = EventFileWriter(tmp_path / "run", flush_secs=NEVER, on_error="warn")
    log(writer, 1, 2, 3)
    writer.close()
    assert writer.lost == 3


def test_a_training_goes_on_whatever_becomes_of_its_files(tmp_path):
    (tmp_path / "in the way").touch()
    folder = tmp_path / "in the way" / "run"
    with writer_warnings() as caught:
        writer = SummaryWriter(folder, flush_secs=NEVER, on_error="warn", purge_step=3)
        writer.add_scalar("loss", 1.0, 1)
        writer.add_scalars("group", {"a": 1.0, "b": 2.0}, 1)
        writer.add_text("text", "hello", 1)
        writer.add_histogram("histogram", [1.0, 2.0], 1)
        writer.add_hparams({"lr": 0.1}, {"metric": 1.0})
        writer.add_embedding([[1.0, 2.0]])
        writer.flush()
        writer.close()
        writer.add_scalar("loss", 1.0, 2)
        writer.close()
    assert len(caught) == len({str(warning.message).split("]")[0] for warning in caught}) <= 2  # one an errno
    # purge_step's two, the scalars, the text, the histogram; three of the session and its metric; the embedding; one
    assert writer.lost == 2 + 3 + 2 + 4 + 1 + 1


def test_the_files_of_a_writer_share_the_warning_and_the_count(tmp_path, disk):
    writer = SummaryWriter(tmp_path, flush_secs=NEVER, on_error="warn")
    writer.add_scalars("g", {"a": 1.0, "b": 1.0}, 1)
    writer.flush()
    disk.room = 0
    writer.add_scalars("g", {"a": 1.0, "b": 1.0}, 2)
    writer.add_scalar("t", 1.0, 2)
    with warnings_of(WriterWarning) as caught:
        writer.flush()
    assert [warning.filename for warning in caught] == [__file__]  # and not contextlib, which calls flush of each
    assert writer.lost == 0  # kept
    files = dict(writer.all_writers)
    writer.close()
    assert writer.lost == 3
    assert [file.lost for file in files.values()] == [1, 1, 1]
    assert len(read_logdir(tmp_path).scalars()) == 2


def test_raise_raises_where_an_embedding_cannot_be_written(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        (tmp_path / "00000").write_text("in the way")
        with pytest.raises(OSError, match="00000"):
            writer.add_embedding([[1.0, 2.0]])
        assert writer.lost == 1


def test_a_copy_has_the_configuration_and_its_own_count(tmp_path, disk):
    for writer in (
        EventFileWriter(tmp_path, flush_secs=NEVER, on_error="warn"),
        SummaryWriter(tmp_path, flush_secs=NEVER, on_error="warn"),
    ):
        disk.room = 0
        log(writer, 1)
        with pytest.warns(WriterWarning):
            writer.close()
        disk.room = 1 << 60
        twin = pickle.loads(pickle.dumps(writer))
        assert (twin.on_error, twin.lost, writer.lost) == ("warn", 0, 1)
        log(twin, 1)
        twin.close()


SCRIPT = """
import os, shutil, sys
from tbevents import EventFileWriter
writer = EventFileWriter(sys.argv[1], flush_secs=1e9, on_error="warn")
def log(writer, *steps):
    for step in steps:
        writer.add_scalar("t", 1.0, step)
def block():
    shutil.rmtree(sys.argv[1])
    open(sys.argv[1], "w").close()
"""


def run(script, folder):
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", SCRIPT + script, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr


@pytest.mark.parametrize("end", ["", "del writer"])
def test_a_script_that_does_not_close_gets_the_warning_and_no_error(tmp_path, end):
    errors = run(f"log(writer, 1)\nblock()\n{end}", tmp_path / "run")
    assert errors.count("WriterWarning") == 2  # the file is gone, and another cannot be made
    assert "Traceback" not in errors


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_counts_for_itself(tmp_path):
    script = """
import warnings
warnings.simplefilter("ignore")
log(writer, 1, 2)
block()
writer.close()
assert writer.lost == 2
if not (child := os.fork()):
    assert writer.lost == 0
    writer.reopen()
    log(writer, 3)
    writer.close()
    assert writer.lost == 1
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert writer.lost == 2
"""
    assert run(script, tmp_path / "run") == ""


def test_a_folder_that_is_removed_all_the_time_ends_no_training(tmp_path):
    writer = SummaryWriter(tmp_path / "run", flush_secs=NEVER, on_error="warn")
    with writer_warnings() as caught:
        for step in range(5):
            writer.add_scalar("t", 1.0, step)
            shutil.rmtree(tmp_path / "run")
            writer.flush()
    assert len(caught) == 5  # each is about another file
    writer.close()
    assert steps_in(tmp_path / "run") == [4]
