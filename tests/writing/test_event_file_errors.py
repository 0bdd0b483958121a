"""What cannot be written: raised to the caller, kept or counted, and never half on disk."""

import contextlib
import errno
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import warnings

import pytest

import tbevents
from tbevents.proto import Event
from tbevents.writing import batch_writer
from tbevents.writing.batch_writer import BATCH, BATCH_BYTES
from tbevents.writing.encoder import count_events
from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER, log, steps_of

RECORD = 39  # bytes of one of the scalars that `log` logs, at a step from 1 to 127


class Disk:
    """Stands in for `os.write`: takes some bytes more, then fails."""

    def __init__(self, monkeypatch):
        self.room = 1 << 60
        self.real = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, fd, data):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.real(fd, memoryview(data)[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


# -- in the foreground -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 1, 38, 39, 40, 1000])
def test_a_failed_batch_names_the_file_leaves_the_records_that_fit_and_is_tried_again(writer, disk, room):
    log(writer, *range(10))
    writer.flush()
    disk.room = room
    log(writer, *range(10, 100))
    with pytest.raises(OSError, match=re.escape(f"No space left on device: {writer.path!r}")) as caught:
        writer.flush()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == writer.path
    assert steps_of(writer.path) == list(range(10 + room // RECORD))
    disk.room = 1 << 60
    log(writer, 100)
    writer.flush()
    assert steps_of(writer.path) == list(range(101))


def test_parts_that_the_system_takes_of_a_batch_are_put_together(writer, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, memoryview(data)[:7]))
    log(writer, *range(100))
    writer.flush()
    assert steps_of(writer.path) == list(range(100))


def test_what_cannot_even_be_taken_back_is_written_over_the_next_time(writer, disk, monkeypatch):
    def ftruncate(fd, size):
        raise OSError(errno.EIO, "Input/output error")

    log(writer, *range(10))
    writer.flush()
    whole = os.path.getsize(writer.path)
    disk.room = 70
    log(writer, *range(10, 20))
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", ftruncate)
        with pytest.raises(OSError, match="No space"):
            writer.flush()
    assert os.path.getsize(writer.path) == whole + 70  # one truncated tail
    disk.room = 1 << 60
    log(writer, *range(20, 5000))
    writer.flush()
    assert steps_of(writer.path) == list(range(5000))


def test_a_full_batch_that_fails_is_raised_by_the_call_that_filled_it_and_logging_goes_on(writer, disk):
    disk.room = 0
    log(writer, *range(BATCH - 1))
    with pytest.raises(OSError, match="No space"):
        log(writer, BATCH - 1)
    log(writer, *range(BATCH, 2 * BATCH - 1))  # quiet until the next batch
    with pytest.raises(OSError, match="No space"):
        log(writer, 2 * BATCH - 1)
    disk.room = 1 << 60
    writer.flush()
    assert steps_of(writer.path) == list(range(2 * BATCH))


def test_close_raises_once_says_what_is_lost_and_closes(writer, disk):
    log(writer, *range(10))
    writer.flush()
    disk.room = 30
    log(writer, *range(10, 17))
    with pytest.raises(OSError, match=r"No space left on device \(events lost: 7\)"):
        writer.close()
    assert writer.closed
    writer.close()
    disk.room = 1 << 60
    writer.flush()
    assert steps_of(writer.path) == list(range(10))
    with pytest.raises(ValueError, match="accepts no more events"):
        log(writer, 1)


def test_with_closes_and_raises(tmp_path, disk):
    def run():
        with writer:
            log(writer, 1)
            disk.room = 0

    writer = EventFileWriter(tmp_path, flush_secs=NEVER)
    with pytest.raises(OSError, match="No space"):
        run()
    assert writer.closed


def test_while_the_disk_stays_full_memory_is_bounded_and_the_lost_are_counted(writer, disk, monkeypatch):
    monkeypatch.setattr(batch_writer, "UNWRITTEN_BYTES", 2 * 42 * BATCH)  # two batches of these, or three
    disk.room = 0
    messages = []
    for step in range(10 * BATCH):
        try:
            log(writer, step)
        except OSError as error:
            messages.append(str(error))
    kept = writer._file.unwritten_events()
    assert 2 * BATCH <= kept <= 3 * BATCH
    told = [int(count) for message in messages for count in re.findall(r"\(events lost: (\d+)\)", message)]
    assert sum(told) == 10 * BATCH - kept - count_events(writer._pending)
    assert len(messages) == 10
    disk.room = 1 << 60
    log(writer, 10 * BATCH)
    writer.close()
    assert steps_of(writer.path) == [*range(kept), 10 * BATCH]


def test_a_batch_larger_than_the_bound_is_kept_all_the_same(writer, disk, monkeypatch):
    monkeypatch.setattr(batch_writer, "UNWRITTEN_BYTES", 2 * BATCH_BYTES)
    disk.room = 0
    with pytest.raises(OSError, match="No space"):
        writer.add_event(Event(step=1, graph_def=bytes(batch_writer.UNWRITTEN_BYTES + 1)))
    disk.room = 1 << 60
    writer.close()
    assert steps_of(writer.path) == [1]


def test_where_the_header_cannot_be_written_no_file_is_left(tmp_path, disk):
    disk.room = 10
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        EventFileWriter(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("obstacle", ["file", "under a file"])
def test_a_folder_that_cannot_be_made_is_an_error_of_the_constructor(tmp_path, obstacle):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" if obstacle == "file" else tmp_path / "file" / "run"
    with pytest.raises(OSError, match=re.escape(str(folder))):
        EventFileWriter(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_permission_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=re.escape(str(tmp_path))):
        EventFileWriter(tmp_path)


def test_no_permission_is_raised_by_the_next_batch(writer, monkeypatch):
    def refuse(path, flags, *mode):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    log(writer, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(PermissionError, match=re.escape(writer.path)):
            writer.flush()
    writer.close()
    assert steps_of(writer.path) == [1]


# -- in the background -------------------------------------------------------------------------------------------------


def test_what_failed_in_the_background_is_raised_by_the_next_call(writer, disk):
    disk.room = 0
    log(writer, 1)
    writer.drain_in_background()
    with pytest.raises(OSError, match=re.escape(writer.path)):
        log(writer, 2)
    log(writer, 3)  # raised once, until it fails again
    writer.drain_in_background()
    with pytest.raises(OSError, match="No space"):
        writer.add_event(Event(step=4))
    disk.room = 1 << 60
    writer.close()
    assert steps_of(writer.path) == [1, 2, 3, 4]


def test_what_failed_for_a_while_only_is_no_error(writer, disk):
    disk.room = 0
    log(writer, 1)
    writer.drain_in_background()
    disk.room = 1 << 60
    writer.drain_in_background()
    log(writer, 2)
    writer.close()
    assert steps_of(writer.path) == [1, 2]


@pytest.mark.parametrize("call", ["flush", "close", "add"])
def test_what_the_background_dropped_is_told_even_when_the_rest_could_be_written(writer, disk, monkeypatch, call):
    monkeypatch.setattr(batch_writer, "UNWRITTEN_BYTES", 1)
    disk.room = 0
    for first in (0, BATCH):
        writer._threshold = 1 << 60  # as where the caller is busy elsewhere
        log(writer, *range(first, first + BATCH))
        writer.drain_in_background()
    disk.room = 1 << 60
    writer.drain_in_background()
    with pytest.raises(OSError, match=rf"\(events lost: {BATCH}\): {writer.path!r}") as caught:
        {"flush": writer.flush, "close": writer.close, "add": lambda: log(writer, 9999)}[call]()
    assert "No space" in str(caught.value.__cause__)
    writer.close()
    assert steps_of(writer.path) == [*range(BATCH), *([9999] if call == "add" else [])]


def test_whatever_goes_wrong_the_background_goes_on_and_the_caller_is_told(tmp_path, monkeypatch):
    failing = EventFileWriter(tmp_path / "a", flush_secs=0.01)
    working = EventFileWriter(tmp_path / "b", flush_secs=0.01)

    def fail(self, *arguments):
        raise MemoryError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(batch_writer.Encoder, "encode", fail)
        log(failing, 1)
        deadline = time.monotonic() + 20
        while failing._error is None and time.monotonic() < deadline:
            time.sleep(0.001)
        with pytest.raises(MemoryError):
            log(failing, 2)
    log(working, 1)
    while not steps_of(working.path) and time.monotonic() < deadline:
        time.sleep(0.001)
    assert steps_of(working.path) == [1]
    failing.close()
    assert steps_of(failing.path) == [1, 2]
    working.close()


def test_errors_of_many_threads_are_os_errors_and_nothing_is_lost(writer, disk):
    disk.room = 0
    log(writer, 0)
    writer.drain_in_background()
    unexpected = []

    def work(first):
        for step in range(first, first + 3000):
            try:
                log(writer, step)
            except OSError:
                pass
            except BaseException as error:
                unexpected.append(error)

    threads = [threading.Thread(target=work, args=(k * 3000 + 1,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert unexpected == []
    disk.room = 1 << 60
    writer.close()
    assert sorted(steps_of(writer.path)) == list(range(12001))


# -- really ------------------------------------------------------------------------------------------------------------


def test_a_file_size_limit_is_an_error_that_leaves_whole_records(tmp_path):
    resource = pytest.importorskip("resource")
    del resource
    script = """
import resource, sys, threading
from tbevents.writing.event_file_writer import EventFileWriter
writer = EventFileWriter(sys.argv[1], flush_secs=0.02)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_001, resource.RLIM_INFINITY))
errors = []
for step in range(30_000):
    try:
        writer.add_scalar("t", 1.0, step)
    except OSError as error:
        errors.append(error)
try:
    writer.flush()
except OSError as error:
    errors.append(error)
assert errors and all(error.filename == writer.path for error in errors), errors
if sys.argv[2] == "recovers":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.close()
else:
    try:
        writer.close()
    except OSError as error:
        print("raised", "events lost: " in str(error))
    writer.close()
others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
assert others == ["tbevents-flusher"], others
"""
    for end in ("recovers", "stays"):
        folder = tmp_path / end
        out = subprocess.run(
            [sys.executable, "-c", script, str(folder), end], capture_output=True, text=True, timeout=60, check=False
        )
        assert (out.returncode, out.stderr) == (0, "")
        (path,) = folder.iterdir()
        steps = steps_of(path)
        assert steps == list(range(len(steps)))
        if end == "recovers":
            assert len(steps) == 30_000
        else:
            assert out.stdout.split() == ["raised", "True"]
            assert 0 < len(steps) < 30_000
            assert path.stat().st_size <= 1_000_001


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux") or not shutil.which("mount"):
        pytest.skip("no tmpfs here")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_an_error_and_logging_goes_on_where_room_is_made(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(40_000))
    writer = EventFileWriter(small_disk / "run", flush_secs=NEVER)
    log(writer, *range(900))
    with pytest.raises(OSError, match=re.escape(writer.path)) as caught:
        writer.flush()
    assert caught.value.errno == errno.ENOSPC
    kept = len(steps_of(writer.path))
    assert kept > 350  # four pages of 4,096 bytes, or five
    assert steps_of(writer.path) == list(range(kept))
    ballast.unlink()
    writer.flush()
    assert steps_of(writer.path) == list(range(900))
    log(writer, *range(900, 1900))
    with pytest.raises(OSError, match=r"\(events lost: \d+\)"):
        writer.close()
    kept = len(steps_of(writer.path))
    assert kept > 1300
    assert steps_of(writer.path) == list(range(kept))
    assert writer.lost == 1900 - kept


def test_a_backlog_of_many_batches_goes_out_in_order_as_room_is_made(small_disk):
    ballast = [small_disk / f"ballast{k}" for k in range(4)]
    for path in ballast:
        path.write_bytes(bytes(12_288))  # 16,384 bytes are left, of which a page or two are the folders'
    writer = EventFileWriter(small_disk / "run", flush_secs=NEVER)
    sizes = []
    for k, path in enumerate(ballast):
        for start in range(300 * k, 300 * (k + 1), 100):  # in three batches
            log(writer, *range(start, start + 100))
            with contextlib.suppress(OSError):
                writer.flush()
        sizes.append(len(steps_of(writer.path)))
        assert steps_of(writer.path) == list(range(sizes[-1]))
        if k:
            path.unlink()
    ballast[0].unlink()
    writer.close()
    assert steps_of(writer.path) == list(range(1200))
    assert sizes[0] == 300
    assert sizes[1] < 600  # the disk was full
    assert sizes[1] % 100  # amid a batch
    assert writer.lost == 0


def test_a_disk_that_may_only_be_read_is_an_error(small_disk):
    writer = EventFileWriter(small_disk, flush_secs=NEVER)
    log(writer, 1)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OSError, match=re.escape(writer.path)) as caught:
        writer.flush()
    assert caught.value.errno == errno.EROFS
    with pytest.raises(OSError, match=re.escape(str(small_disk))):
        EventFileWriter(small_disk)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    writer.close()
    assert steps_of(writer.path) == [1]


def test_what_fits_is_kept_at_least_as_well_as_by_tensorboardx(tmp_path):
    """Under a limit of the file's size, which is to be met amid a record."""
    pytest.importorskip("resource")
    pytest.importorskip("tensorboardX", reason="what is compared with")
    script = """
import contextlib, os, resource, sys, threading
from {module} import SummaryWriter
threading.excepthook = lambda arguments: None
threading.Timer(2, os._exit, (0,)).start()  # tensorboardX waits for ever for its thread, which is no more
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
with contextlib.suppress(OSError):
    writer = SummaryWriter(sys.argv[1], flush_secs=0.05)
    for step in range(1000):
        writer.add_scalar("loss", 0.5, step)
with contextlib.suppress(OSError):
    writer.flush()
os._exit(0)
"""
    kept = {}
    for module in ("tbevents", "tensorboardX"):
        folder = tmp_path / module
        subprocess.run(
            [sys.executable, "-c", script.format(module=module), str(folder)],
            capture_output=True,
            timeout=60,
            check=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs ends amid a record
            run = tbevents.read_run(folder)
        kept[module] = run.scalars["loss"].steps.tolist()
        assert kept[module] == list(range(len(kept[module])))
        if module == "tbevents":
            assert run.problems == ()
    assert 450 < len(kept["tensorboardX"]) <= len(kept["tbevents"]) + 1 < 1000  # our first record is longer
