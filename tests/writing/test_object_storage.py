"""Writers whose folder is a URL: what is put and when, what readers find, and what happens if it cannot be put."""

import contextlib
import gc
import glob
import itertools
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import tbevents
from tbevents import GlobalSummaryWriter, SummaryWriter, UploadError, WriterWarning, remote
from tbevents.lr_scheduler import StepLR
from tbevents.testing import MemoryWriter, assert_decreasing, capture
from tbevents.writing import object_file, uploader
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.failures import Failures

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")

from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

NEVER = 1e9  # seconds for tests in which the background must not come in between
PATIENCE = 60  # seconds after which something counts as hanging
URL = "memory://bucket/runs/demo"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


class Optimizer:
    def __init__(self):
        self.param_groups = [{"lr": 0.1}]


class Storage:
    """The file system memory://, which counts what is put and may refuse it."""

    def __init__(self):
        self.fs = fsspec.filesystem("memory")
        self.puts = []  # (path, size)
        self.error = None  # raised by each put
        self.gate = threading.Event()  # each put waits for it
        self.gate.set()
        self.threads = set()

    def bytes_put(self):
        return sum(size for _, size in self.puts)

    def objects(self, url=URL):
        return sorted(self.fs.find(url.removeprefix("memory:/")))

    def download(self, folder, url=URL):
        top = url.removeprefix("memory:/")
        for path in self.fs.find(top):
            target = folder / path.removeprefix(top).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.fs.cat_file(path))
        return folder


@pytest.fixture
def storage(monkeypatch, tmp_path):
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    storage = Storage()
    real = MemoryFileSystem.pipe_file

    def pipe_file(self, path, value, **options):
        assert storage.gate.wait(PATIENCE)
        storage.threads.add(threading.current_thread().name)
        if storage.error is not None:
            raise storage.error
        storage.puts.append((path, len(value)))
        return real(self, path, value, **options)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", pipe_file)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spools"))
    (tmp_path / "spools").mkdir()
    yield storage
    storage.error = None
    storage.gate.set()
    uploader.uploader.finish()
    MemoryFileSystem.store.clear()


@pytest.fixture
def spools(tmp_path):
    """Gives the files that writers keep locally, without those that name the URL."""
    return lambda: [path for path in (tmp_path / "spools").rglob("*") if path.is_file() and path.name != "url.txt"]


def steps(url=URL, tag="loss"):
    return tbevents.read_run(url).scalars[tag].steps.tolist()


def log(writer, *steps, tag="loss"):
    for step in steps:
        writer.add_scalar(tag, 1.0, step)


def wait_for_background(writer):
    upload = writer._file._background
    assert upload is None or upload.done.wait(PATIENCE)


# -- what is put ---------------------------------------------------------------------------------------------------


def test_what_was_flushed_is_in_storage_and_what_was_closed_leaves_nothing_behind(storage, spools, tmp_path):
    before = set(os.listdir("."))
    writer = SummaryWriter(URL)
    assert len(storage.objects()) == 1  # from the start, as on a disk
    log(writer, 0, 1)
    writer.flush()
    assert steps() == [0, 1]
    log(writer, 2)
    assert steps() == [0, 1]
    writer.close()
    writer.close()
    assert steps() == [0, 1, 2]
    assert tbevents.read_run(URL).problems == ()
    assert spools() == []
    assert list((tmp_path / "spools").iterdir()) == []
    assert set(os.listdir(".")) == before  # no folder is named after a URL
    assert storage.threads == {"tbevents-uploader"}


def test_a_flush_without_new_events_puts_nothing(storage):
    with SummaryWriter(URL) as writer:
        log(writer, 0)
        writer.flush()
        puts = len(storage.puts)
        writer.flush()
    assert len(storage.puts) == puts


@pytest.mark.parametrize("tag", ["loss", "train/epoch/loss/mean"])
def test_ten_thousand_scalars_with_twenty_flushes_put_little_more_than_they_are(storage, tag):
    with SummaryWriter(URL) as writer:
        for step in range(10_000):
            writer.add_scalar(tag, step / 7, step)
            if step % 500 == 499:
                writer.flush()
    size = sum(storage.fs.size(path) for path in storage.objects())
    assert storage.bytes_put() <= 2.6 * size
    assert storage.bytes_put() <= 1_500_000
    assert len(storage.objects()) <= 10  # not one for each flush
    assert steps(tag=tag) == list(range(10_000))


def test_little_is_put_again_into_one_object(storage):
    with SummaryWriter(URL) as writer:
        for step in range(200):
            log(writer, step)
            writer.flush()
    assert len(storage.objects()) == 1
    assert steps() == list(range(200))


def test_an_object_ends_at_eight_mebibytes(storage):
    with SummaryWriter(URL, flush_secs=NEVER) as writer:
        for start in range(0, 600_000, 20_000):
            writer.add_scalar_columns("loss", np.arange(start, start + 20_000), np.ones(20_000))
    sizes = [storage.fs.size(path) for path in storage.objects()]
    assert len(sizes) > 2
    assert all(object_file.LARGEST <= size <= object_file.LARGEST + (1 << 20) for size in sizes[:-1])
    assert storage.bytes_put() <= 1.01 * sum(sizes)  # each was put once, but for the header of the first
    assert steps() == list(range(600_000))


def test_an_upload_in_the_background_waits_for_upload_secs(storage):
    writer = EventFileWriter(URL, flush_secs=NEVER, upload_secs=NEVER)
    log(writer, 0)
    writer.drain_in_background()
    wait_for_background(writer)
    assert len(storage.puts) == 1
    writer._file._due = 0.0
    writer.drain_in_background()
    wait_for_background(writer)
    assert steps() == [0]
    writer.close()


def test_events_are_uploaded_without_a_call(storage):
    writer = SummaryWriter(URL, flush_secs=0.02, upload_secs=0)
    log(writer, 0, 1, 2)
    found = threading.Event()
    for _ in range(PATIENCE * 100):
        if len(storage.puts) > 1 and steps() == [0, 1, 2]:
            break
        found.wait(0.01)
    assert steps() == [0, 1, 2]
    writer.close()


def test_logging_goes_on_during_an_upload(storage):
    writer = EventFileWriter(URL, flush_secs=NEVER, upload_secs=0)
    log(writer, 0)
    storage.gate.clear()
    writer.drain_in_background()
    log(writer, *range(1, 10_000))  # writes two batches to the spool, which need the writer's lock
    writer.drain_in_background()  # does not queue up a second one
    storage.gate.set()
    writer.close()
    assert steps() == list(range(10_000))


def test_the_code_of_the_documentation_runs(storage):
    page = Path(__file__).parents[2] / "docs" / "remote_writing.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    exec(compile(code, str(page), "exec"), {})
    assert steps() == list(range(1000))


# -- names -----------------------------------------------------------------------------------------------------------


def test_the_names_of_the_objects_are_in_order_as_text_and_each_begins_with_a_header(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(object_file, "SMALL", 1)
    times = iter(range(10**6, 0, -1))  # a clock that goes backwards
    with SummaryWriter(URL, clock=lambda: float(next(times)), filename_suffix=".x") as writer:
        for step in range(40):
            log(writer, step)
            writer.flush()
    paths = storage.objects()
    assert len(paths) > 10
    order = [[event.step for event in tbevents.iter_events(f"memory:/{path}") if event.summary.value] for path in paths]
    assert list(itertools.chain(*order)) == list(range(40))  # in the order of the names as text
    for path in paths:
        assert path.endswith(".x")
        first = next(tbevents.iter_events(f"memory:/{path}"))
        assert (first.file_version, first.source_metadata.writer) == (
            "brain.Event:2",
            "tbevents.writing.event_file",
        )
    for restarts in ("keep", "tensorboard", "overwrite"):
        assert tbevents.read_run(URL, restarts=restarts).scalars["loss"].steps.tolist() == list(range(40))


def test_a_restart_into_the_same_url_replaces_nothing(storage):
    with SummaryWriter(URL, clock=lambda: 1000.0) as writer:
        log(writer, 0, 1, 2)
    with SummaryWriter(URL, clock=lambda: 1000.0, purge_step=2) as writer:
        log(writer, 2, 3)
    assert len(storage.objects()) == 2
    assert steps() == [0, 1, 2, 2, 3]
    assert tbevents.read_run(URL, restarts="tensorboard").scalars["loss"].steps.tolist() == [0, 1, 2, 3]


def test_two_machines_with_one_host_name_and_process_id_write_different_objects(tmp_path):
    script = """
import os, sys
os.getpid = lambda: 1
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.failures import Failures
writer = EventFileWriter(sys.argv[1], hostname="pod", clock=lambda: 1e9)
writer.add_scalar("loss", 1.0, int(sys.argv[2]))
writer.close()
"""
    url = f"file://{tmp_path}/run"
    for step in "01":
        subprocess.run([sys.executable, "-c", script, url, step], check=True, timeout=PATIENCE)
    assert sorted(steps(url)) == [0, 1]


def test_the_path_is_the_url_of_the_current_object(storage):
    writer = SummaryWriter(URL)
    assert writer.log_dir == writer.get_logdir() == writer.logdir == URL
    assert writer.file_writer.get_logdir() == URL
    assert writer.file_writer.path == f"memory:/{storage.objects()[0]}"
    assert list(writer.all_writers) == [URL]
    file_writer = writer.file_writer
    writer.close()
    assert file_writer.path == f"memory:/{storage.objects()[0]}"
    assert URL in repr(file_writer)


# -- TensorBoard -----------------------------------------------------------------------------------------------------


def test_tensorboard_reads_all_objects_in_order_while_they_arrive(storage, tmp_path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    watched = accumulators.EventAccumulator(str(tmp_path / "copy"), {accumulators.SCALARS: 0})
    writer = SummaryWriter(URL, clock=lambda: 1000.0)
    for start in range(0, 12_000, 500):
        log(writer, *range(start, start + 500))
        writer.flush()
        storage.download(tmp_path / "copy")
        watched.Reload()
        assert [event.step for event in watched.Scalars("loss")] == list(range(start + 500))
    writer.close()
    assert len(storage.objects()) > 3
    whole = accumulators.EventAccumulator(str(storage.download(tmp_path / "whole")), {accumulators.SCALARS: 0})
    whole.Reload()
    assert [event.step for event in whole.Scalars("loss")] == list(range(12_000))


def test_tensorboards_directory_loader_reads_all_objects_in_order(storage, tmp_path):
    loaders = pytest.importorskip("tensorboard.backend.event_processing.directory_loader")
    files = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    with SummaryWriter(URL) as writer:
        for start in range(0, 8000, 500):
            log(writer, *range(start, start + 500))
            writer.flush()
    loader = loaders.DirectoryLoader(str(storage.download(tmp_path / "copy")), files.TimestampedEventFileLoader)
    events = list(loader.Load())
    assert [event.step for event in events if event.summary.value] == list(range(8000))
    assert sum(event.file_version == "brain.Event:2" for event in events) == len(storage.objects()) > 2


# -- other methods ---------------------------------------------------------------------------------------------------


def test_sub_runs_embeddings_and_json_work(storage, tmp_path):
    with SummaryWriter(URL + "/") as writer:
        writer.add_scalars("group/of", {"a": 1.0, "b/c": 2.0}, 3)
        writer.add_hparams({"lr": 0.1}, {"accuracy": 0.5}, run_name="trial")
        writer.add_embedding(np.eye(3), metadata=["x", "y", "z"], tag="points", global_step=4)
        writer.add_embedding(np.eye(2), tag="points", global_step=5)
        writer.add_histogram("weights", np.arange(10), 1)
        writer.export_scalars_to_json(tmp_path / "all.json")
        with pytest.raises(ValueError, match="path must be a local path"):
            writer.export_scalars_to_json("memory://bucket/all.json")
    runs = tbevents.read_logdir("memory://bucket/runs")
    assert list(runs) == ["demo", "demo/group_of_a", "demo/group_of_b/c", "demo/trial"]
    assert runs["demo/group_of_b/c"].scalars["group/of"].values.tolist() == [2.0]
    assert runs["demo/trial"].hparams.parameters == {"lr": 0.1}
    assert len(runs["demo"].histograms["weights"]) == 1
    assert f"{URL}/" in (tmp_path / "all.json").read_text()
    config = storage.fs.cat_file("/bucket/runs/demo/projector_config.pbtxt").decode()
    assert "00004" in config
    assert "00005" in config
    assert any(path.endswith("metadata.tsv") for path in storage.objects())


def test_json_has_the_points_of_objects_that_are_complete(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(object_file, "SMALL", 1)
    with SummaryWriter(URL) as writer:
        for step in range(10):
            writer.add_scalars("group", {"a": 1.0}, step)
            writer.flush()
        writer.export_scalars_to_json(tmp_path / "all.json")
    assert (tmp_path / "all.json").read_text().count("[") == 11


def test_a_scheduler_and_a_global_writer_log_to_a_url(storage):
    with SummaryWriter(URL) as writer:
        scheduler = StepLR(Optimizer(), step_size=1, writer=writer, tag="lr")
        scheduler.step()
    shared = GlobalSummaryWriter("memory://bucket/shared")
    shared.add_scalar("loss", 1.0)
    shared.add_scalar("loss", 0.5)
    shared.close()
    assert steps(tag="lr") == [0, 1]
    assert steps("memory://bucket/shared") == [0, 1]


def test_checks_take_a_writer_of_a_url(storage):
    with SummaryWriter(URL) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_scalar("loss", 0.5, 1)
        assert_decreasing(writer, "loss")


def test_captured_and_disabled_writers_put_nothing(storage):
    with capture() as logged, SummaryWriter(URL) as writer:
        log(writer, 5)
        writer.add_scalars("group", {"a": 1.0}, 0)
    assert logged.run.scalars["loss"].steps.tolist() == [5]
    memory = MemoryWriter(URL)
    log(memory, 6)
    assert memory.run.scalars["loss"].steps.tolist() == [6]
    with SummaryWriter(URL, write_to_disk=False) as writer:
        log(writer, 7)
    assert storage.puts == []


def test_a_copy_writes_objects_of_its_own(storage):
    with SummaryWriter(URL, upload_secs=7.0) as writer:
        log(writer, 0)
        copied = pickle.loads(pickle.dumps(writer))
        assert copied.upload_secs == 7.0
        log(copied, 1)
        copied.close()
    assert len(storage.objects()) == 2
    assert steps() == [0, 1]


# -- failures --------------------------------------------------------------------------------------------------------


def test_a_writer_that_may_not_write_is_refused_when_it_is_made(storage, spools):
    storage.error = PermissionError(13, "Access Denied")
    with pytest.raises(
        UploadError, match=rf"could not be uploaded: PermissionError: Access Denied: '{URL}/events"
    ) as e:
        SummaryWriter(URL)
    assert e.value.errno == 13
    assert e.value.spool is None  # nothing was logged
    assert "kept" not in str(e.value)
    assert spools() == []


def test_a_failed_flush_is_raised_and_the_next_puts_everything(storage, spools):
    writer = SummaryWriter(URL)
    log(writer, 0)
    storage.error = OSError(5, "no route")
    with pytest.raises(UploadError, match="no route; what was logged is kept in") as caught:
        writer.flush()
    assert Path(caught.value.spool).is_dir()
    log(writer, 1)
    storage.error = None
    writer.flush()
    assert steps() == [0, 1]
    assert writer.lost == 0
    writer.close()


def test_a_failure_in_the_background_is_raised_by_the_next_call_and_tried_again(storage):
    writer = EventFileWriter(URL, flush_secs=NEVER, upload_secs=0)
    storage.error = OSError(5, "no route")
    log(writer, 0)
    for _ in range(2):  # the second sees that the upload of the first has failed
        writer.drain_in_background()
        wait_for_background(writer)
    with pytest.raises(UploadError, match="no route"):
        log(writer, 1)
    log(writer, 2)  # it is reported once
    storage.error = None
    writer.drain_in_background()
    wait_for_background(writer)
    writer.drain_in_background()
    wait_for_background(writer)
    assert steps() == [0, 1, 2]
    writer.close()


def test_with_warn_nothing_is_raised_and_nothing_is_lost(storage):
    storage.error = OSError(5, "no route")
    with pytest.warns(WriterWarning, match="no route"):
        writer = SummaryWriter(URL, on_error="warn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log(writer, 0)
        writer.flush()  # the same cause: no second warning
        log(writer, 1)
    storage.error = None
    writer.close()
    assert steps() == [0, 1]
    assert writer.lost == 0


def test_a_close_that_fails_names_the_spool_and_is_tried_again_with_the_next_upload(storage, spools):
    writer = SummaryWriter(URL)
    log(writer, 0)
    storage.error = OSError(5, "no route")
    with pytest.raises(UploadError) as caught:
        writer.close()
    assert caught.value.spool in str(caught.value)
    (kept,) = spools()
    assert kept.is_relative_to(caught.value.spool)
    assert (kept.parent / "url.txt").read_text() == URL + "\n"
    assert tbevents.read_run(kept).scalars["loss"].steps.tolist() == [0]
    writer.close()  # does nothing
    storage.error = None
    with SummaryWriter("memory://bucket/another") as other:
        log(other, 0)
    uploader.uploader.finish()
    assert steps() == [0]
    assert spools() == []


class Client:
    """A client of an uploader of its own, which notes its calls."""

    def __init__(self, name, calls, error=None):
        self.name = name
        self.calls = calls
        self.error = error
        self.gate = threading.Event()
        self.gate.set()

    def put(self):
        self.calls.append(self.name)
        assert self.gate.wait(PATIENCE)
        if self.error is not None:
            raise self.error


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_buckets_that_are_gone_delay_another_upload_by_at_most_one_retry():
    calls = []
    ours = uploader.Uploader()
    dead = [Client(f"dead {k}", calls, OSError("no such bucket")) for k in range(3)]
    for client in dead:
        ours.add_unfinished(client)
    healthy = Client("healthy", calls)
    dead[0].gate.clear()
    ours.submit(healthy)
    wait_for(lambda: calls == ["healthy", "dead 0"])
    more = [ours.submit(healthy) for _ in range(2)]  # during the retry
    dead[0].gate.set()
    wait_for(lambda: len(calls) == 6)
    assert all(upload.done.is_set() for upload in more)
    assert calls == ["healthy", "dead 0", "healthy", "healthy", "dead 1", "dead 2"]


def test_a_bucket_that_is_gone_is_tried_less_and_less_often_and_at_the_end_of_the_process():
    now, calls = 0.0, []
    ours = uploader.Uploader(lambda: now)
    ours.add_unfinished(Client("dead", calls, OSError("no such bucket")))
    tried = []
    for now in range(5000):  # an upload of another writer succeeds every second
        ours._try_unfinished()
        tried += [now] * len(calls)
        calls.clear()
    assert tried == [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630, 4230, 4830]
    with pytest.raises(OSError, match="no such bucket"):
        ours.finish()
    assert calls == ["dead"]


def test_a_writer_that_is_discarded_during_its_upload_is_no_error(storage, monkeypatch):
    file = object_file.ObjectFile(URL, NEVER, Failures("raise"))
    file.create("", lambda: "events.out.tfevents.1.demo", b"header")
    real = remote.write_bytes

    def discarding(url, data):
        file.discard()  # Ctrl-C while the writer is made
        real(url, data)

    monkeypatch.setattr(remote, "write_bytes", discarding)
    upload = file.upload()
    assert upload.done.wait(PATIENCE)
    assert upload.error is None


def test_a_close_that_fails_with_warn_names_the_spool_even_if_there_was_a_warning_before(storage):
    writer = SummaryWriter(URL, on_error="warn")
    log(writer, 0)
    storage.error = OSError(5, "no route")
    with pytest.warns(WriterWarning):
        writer.flush()
    with pytest.warns(WriterWarning, match="kept in .*tbevents-"):
        writer.close()
    assert writer.lost == 0


def test_a_spool_that_was_removed_is_reported_and_logging_continues(storage, spools):
    writer = SummaryWriter(URL)
    log(writer, 0)
    writer.flush()
    log(writer, 1)
    writer.file_writer.drain_in_background()
    for path in spools():
        path.unlink()
    log(writer, 2)
    with pytest.warns(WriterWarning, match="removed"), pytest.raises(UploadError, match=r"its events are lost \(1\)"):
        writer.flush()
    assert writer.lost == writer.file_writer.lost == 1
    writer.flush()
    writer.close()
    assert steps() == [0, 2]
    assert writer.lost == 1


@pytest.mark.parametrize("on_error", ["raise", "warn"])
def test_events_whose_spool_goes_after_the_close_are_counted(storage, spools, on_error):
    writer = SummaryWriter(URL, on_error=on_error, flush_secs=NEVER)
    log(writer, 0)
    writer.flush()
    log(writer, 1, 2)
    writer.add_text("t", "words")
    writer.add_scalar_columns("columns", range(10), range(10))
    storage.error = OSError(5, "no route")
    with pytest.raises(UploadError) if on_error == "raise" else pytest.warns(WriterWarning):
        writer.close()
    assert writer.lost == 0
    for path in spools():
        path.unlink()
    with pytest.raises(UploadError, match=r"its events are lost \(13\)"):
        uploader.uploader.finish()
    assert writer.lost == 13


def test_events_that_a_full_disk_left_in_the_spool_are_counted_once(storage, spools, monkeypatch):
    writer = EventFileWriter(URL, flush_secs=NEVER)
    real, room = os.write, 200

    def write(fd, data):
        nonlocal room
        if room < len(data):
            data = data[:room]
            if not data:
                raise OSError(28, "No space left on device")
        room -= len(data)
        return real(fd, data)

    log(writer, *range(10))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space left"):
            writer.flush()
    assert 0 < writer._file._events < 10
    writer.drain_in_background()
    assert writer._file._events == 10
    for path in spools():
        path.unlink()
    with pytest.raises(UploadError, match=r"its events are lost \(10\)"):
        writer.close()
    assert writer.lost == 10


def test_a_spool_without_space_keeps_the_events(storage, monkeypatch):
    writer = EventFileWriter(URL, flush_secs=NEVER)
    log(writer, 0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            writer.flush()
    writer.close()
    assert steps() == [0]


def test_an_unknown_scheme_and_a_missing_package_are_named(storage, monkeypatch, spools):
    with pytest.raises(ValueError, match=r"nothing://bucket/run/events.* fsspec knows no protocol 'nothing'"):
        SummaryWriter("nothing://bucket/run")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    for on_error in ("raise", "warn"):
        with pytest.raises(tbevents.MissingExtraError, match=r"writing memory://.*tbevents\[remote\]"):
            SummaryWriter(URL, on_error=on_error)
    assert spools() == []


def test_a_folder_of_a_file_system_is_made(tmp_path):
    with SummaryWriter(f"file://{tmp_path}/a/b/run") as writer:
        log(writer, 1)
    assert tbevents.read_run(tmp_path / "a/b/run").scalars["loss"].steps.tolist() == [1]


# -- threads, signals, the garbage collector, forks, exits -----------------------------------------------------------


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


PROLOGUE = """
import os, sys
from tbevents import SummaryWriter
url = sys.argv[1]
def log(writer, *steps):
    for step in steps:
        writer.add_scalar("loss", 1.0, step)
"""


def run(script, url, *, fails=False, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + script, url],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **environment},
    )
    assert fails or (done.returncode, done.stderr) == (0, "")
    return done.stderr


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
def refuse(url, data):
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
    line = f"UploadError: [Errno 5] could not be uploaded: no route; what was logged is kept in {spool}: "
    assert printed.startswith(line)
    assert printed.count("\n") == 1


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
    def refuse(url, data):
        raise OSError(5, "no route", url)
    remote.write_bytes = refuse
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(30)
"""
    printed = run(script, f"file://{tmp_path}/run", fails=True, TMPDIR=str(tmp_path / "spools"))
    assert printed.startswith("UploadError: [Errno 5] could not be uploaded: no route; ")
    assert printed.count("\n") == 1


# -- S3 --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3():
    """Gives the address of a server of S3's protocol on this machine."""
    servers = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = servers.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in credentials(f"http://{host}:{port}").items():
            patch.setenv(name, value)
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        fs.mkdir("bucket")
        yield f"http://localhost:{port}"
    server.stop()
    with contextlib.suppress(KeyError):
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def credentials(address):
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@pytest.mark.slow  # starts a server
def test_a_run_on_s3_is_read_back(s3, tmp_path):
    url = "s3://bucket/runs/demo"
    with SummaryWriter(url) as writer:
        for step in range(4000):
            log(writer, step)
            if step % 500 == 499:
                writer.flush()
        writer.add_scalars("group", {"a": 1.0}, 0)
        writer.add_embedding(np.eye(2), tag="points")
    assert steps(url) == list(range(4000))
    assert list(tbevents.read_logdir("s3://bucket/runs")) == ["demo", "demo/group_a"]
    fs = fsspec.filesystem("s3")
    fs.invalidate_cache()
    fs.get("bucket/runs/demo/", str(tmp_path / "copy"), recursive=True)
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    copy = accumulators.EventAccumulator(str(tmp_path / "copy"), {accumulators.SCALARS: 0})
    copy.Reload()
    assert [event.step for event in copy.Scalars("loss")] == list(range(4000))


@pytest.mark.slow  # starts a server
def test_a_missing_bucket_is_an_error_when_the_writer_is_made_and_is_not_created(s3):
    with pytest.raises(UploadError, match=r"bucket does not exist: 's3://nowhere/runs/demo/events"):
        SummaryWriter("s3://nowhere/runs/demo")
    assert not fsspec.filesystem("s3", skip_instance_cache=True).exists("nowhere")


@pytest.mark.slow  # starts a server
def test_missing_credentials_are_an_error_when_the_writer_is_made(s3, tmp_path):
    script = "SummaryWriter(url)"
    blank = {name: "" for name in credentials("") if name.startswith("AWS_")}
    printed = run(
        script,
        "s3://bucket/runs/none",
        fails=True,
        **blank,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert "UploadError" in printed.splitlines()[-1]
    assert "s3://bucket/runs/none/events" in printed.splitlines()[-1]


@pytest.mark.slow  # starts a server
@pytest.mark.parametrize("fork", [False, True])
def test_a_script_that_ends_without_close_uploads_to_s3_by_host_name(s3, fork):
    url = f"s3://bucket/runs/exit{int(fork)}"
    script = """
writer = SummaryWriter(url, upload_secs=1e9)
log(writer, 0)
"""
    if fork:
        script += """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=log, args=(writer, 1))
child.start()
child.join(50)
assert child.exitcode == 0
"""
    script += """
import asyncio, fsspec
fs = fsspec.filesystem("s3")
fs.clear_instance_cache()  # the next put makes a connection, and asks for the host by name
"""
    run(script, url, **credentials(s3))
    assert sorted(steps(url)) == ([0, 1] if fork else [0])
