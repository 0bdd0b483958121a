"""Writers whose folder is a URL: what is put and when, its names, and what readers find."""

import itertools
import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tbevents
from tbevents import GlobalSummaryWriter, SummaryWriter
from tbevents.lr_scheduler import StepLR
from tbevents.testing import MemoryWriter, assert_decreasing, capture
from tbevents.writing import object_file
from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER
from .stored import PATIENCE, URL, log, steps, wait_for_background

pytest.importorskip("fsspec", reason="fsspec is not installed")


class Optimizer:
    def __init__(self):
        self.param_groups = [{"lr": 0.1}]


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
