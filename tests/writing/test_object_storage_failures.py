"""Writers whose folder is a URL: what happens if it cannot be put."""

import os
import sys
import warnings
from pathlib import Path

import pytest

import tbevents
from tbevents import SummaryWriter, UploadError, WriterWarning, remote
from tbevents.writing import object_file, uploader
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.failures import Failures

from .logged import NEVER
from .stored import PATIENCE, URL, log, steps, wait_for_background

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


def test_a_writer_that_may_not_write_is_refused_when_it_is_made(storage, spools):
    storage.error = PermissionError(13, "Access Denied")
    with pytest.raises(
        UploadError, match=rf"^{URL}/events\S+: could not be uploaded: PermissionError: Access Denied$"
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
    assert uploader.uploader.finish() == []
    assert steps() == [0]
    assert spools() == []


def test_a_writer_that_is_discarded_during_its_upload_is_no_error(storage, monkeypatch):
    file = object_file.ObjectFile(URL, NEVER, Failures("raise"))
    file.create("", lambda: "events.out.tfevents.1.demo", b"header")
    real = remote.write_bytes

    def discarding(*args):
        file.discard()  # Ctrl-C while the writer is made
        real(*args)

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
    (error,) = uploader.uploader.finish()
    assert isinstance(error, UploadError)
    assert "its events are lost (13)" in str(error)
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
    with pytest.raises(ValueError, match=r"^nothing://bucket/run: fsspec knows no protocol 'nothing'"):
        SummaryWriter("nothing://bucket/run")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    for on_error in ("raise", "warn"):
        with pytest.raises(tbevents.MissingExtraError, match=rf"^writing {URL} needs fsspec: .*tbevents\[remote\]"):
            SummaryWriter(URL, on_error=on_error)
    assert spools() == []


def test_a_file_system_that_lacks_options_is_named(storage):
    with pytest.raises(ValueError, match=r"^github://runs/demo: its file system cannot be opened: .*'org' and 'repo'"):
        SummaryWriter("github://runs/demo")


def test_a_folder_of_a_file_system_is_made(tmp_path):
    with SummaryWriter(f"file://{tmp_path}/a/b/run") as writer:
        log(writer, 1)
    assert tbevents.read_run(tmp_path / "a/b/run").scalars["loss"].steps.tolist() == [1]
