"""Interrupts and signal handlers while a file is made, written or closed: nothing is lost, repeated or left behind."""

import contextlib
import errno
import itertools
import os
import sys
from pathlib import Path

import pytest

from tbevents.writing import batch_writer, record_file
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.record_file import RecordFile

from .interrupts import interrupted
from .logged import NEVER, log, steps_of


@pytest.mark.parametrize("place", ["encode", "write", "half", "fstat"])
def test_an_interrupted_flush_loses_and_repeats_nothing(writer, monkeypatch, place):
    log(writer, *range(50))
    writer.flush()
    log(writer, *range(50, 100))
    real = {"encode": batch_writer.Encoder.encode, "write": os.write, "fstat": os.fstat}

    def interrupted(*arguments):
        if place == "half":
            real["write"](arguments[0], arguments[1][:100])
        else:
            real[place](*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if place == "encode":
            patch.setattr(batch_writer.Encoder, "encode", interrupted)
        else:
            patch.setattr(os, "write" if place == "half" else place, interrupted)
        with pytest.raises(KeyboardInterrupt):
            writer.flush()
    assert steps_of(writer.path) == list(range(50))
    log(writer, *range(100, 150))
    writer.flush()
    assert steps_of(writer.path) == list(range(150))


@pytest.mark.parametrize("end", ["interrupted", "flushed by a handler"])
def test_an_encoder_that_was_interrupted_is_not_used_again(writer, monkeypatch, end):
    """Its tables may be half made."""
    used = []
    real = batch_writer.Encoder.encode

    def encode(self, *arguments):
        used.append(self)
        if len(used) == 1:
            log(writer, 2)
            if end == "interrupted":
                raise KeyboardInterrupt
            writer.flush()
        return real(self, *arguments)

    log(writer, 1)
    monkeypatch.setattr(batch_writer.Encoder, "encode", encode)
    with contextlib.suppress(KeyboardInterrupt):
        writer.flush()
    writer.close()
    assert len(used) == 2
    assert used[0] is not used[1]
    assert steps_of(writer.path) == [1, 2]


def test_an_interrupted_close_leaves_the_writer_open(writer, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    log(writer, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writer.close()
    log(writer, 2)
    writer.close()
    assert steps_of(writer.path) == [1, 2]


@pytest.mark.parametrize("place", ["encode", "write", "fstat", "open"])
@pytest.mark.parametrize("call", ["flush", "log and flush", "close"])
def test_a_handler_may_flush_or_close_amid_a_flush(writer, monkeypatch, place, call):
    real = {"encode": batch_writer.Encoder.encode, "write": os.write, "fstat": os.fstat, "open": os.open}[place]
    target, name = (batch_writer.Encoder, "encode") if place == "encode" else (os, place)
    log(writer, *range(100))
    writer.add_scalar("other", 1.0, 100)

    def handle(*arguments, **options):
        monkeypatch.setattr(target, name, real)
        result = real(*arguments, **options)
        if call == "log and flush":
            writer.add_scalar("new", 1.0, 1000)
        writer.close() if call == "close" else writer.flush()
        return result

    monkeypatch.setattr(target, name, handle)
    writer.flush()
    assert steps_of(writer.path) == [*range(101), *([1000] if call == "log and flush" else [])]
    if call != "close":
        log(writer, 2000)
        writer.close()
        assert steps_of(writer.path)[-1] == 2000


def test_what_a_handler_could_not_write_is_not_taken_for_what_it_wrote(writer, monkeypatch):
    def fail(fd, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    def handle(fd, data):
        monkeypatch.setattr(os, "write", real)
        written = real(fd, data)
        writer.flush()  # the very block that is being written
        log(writer, 100)
        monkeypatch.setattr(os, "write", fail)
        with pytest.raises(OSError, match="No space"):
            writer.flush()
        monkeypatch.setattr(os, "write", real)
        return written

    real = os.write
    log(writer, *range(100))
    monkeypatch.setattr(os, "write", handle)
    writer.flush()
    assert steps_of(writer.path) == list(range(101))


def descriptors_in(folder):
    """The files below a folder that this process has open."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
    return [path for path in found if path.startswith(str(folder))]


needs_descriptors = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="lists its own descriptors")
quiet = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",  # the collector closes the file
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@needs_descriptors
@quiet
def test_an_interrupt_at_any_moment_while_a_file_is_created_leaves_none(tmp_path):
    def create():
        file.create(str(folder), lambda: "events.out.tfevents.1", b"a record")

    for moment in itertools.count(1):
        folder, file = tmp_path / str(moment), RecordFile()
        if not interrupted(create, moment):
            break
        assert file.path is None
        assert not folder.exists() or os.listdir(folder) == [], moment
        assert descriptors_in(folder) == [], moment
    assert moment > 10
    assert Path(file.path).read_bytes() == b"a record"


def test_an_interrupt_before_a_file_is_created_does_not_remove_that_of_something_else(tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        monkeypatch.undo()
        raise KeyboardInterrupt

    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"what another program has written")
    monkeypatch.setattr(record_file, "open", interrupt, raising=False)
    with pytest.raises(KeyboardInterrupt):
        RecordFile().create(str(tmp_path), lambda: path.name, b"a record")
    assert path.read_bytes() == b"what another program has written"


@needs_descriptors
@quiet
def test_an_interrupt_at_any_moment_while_a_writer_is_made_leaves_no_file_and_nothing_to_say(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: said.append(unraisable.exc_type))
    EventFileWriter(
        tmp_path / "before"
    ).close()  # the flusher has its thread: an interrupt of its start may be swallowed
    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        made = []
        interrupted(lambda: made.append(EventFileWriter(folder, flush_secs=NEVER)), moment)  # noqa: B023
        if made:
            break
        files = os.listdir(folder) if folder.exists() else []
        assert (files, descriptors_in(folder)) == ([], []), moment
    made.pop().close()
    assert moment > 30
    assert set(said) <= {KeyboardInterrupt}  # of the garbage collector's calls


@needs_descriptors
@quiet
@pytest.mark.parametrize("sync", [False, True])
def test_an_interrupt_at_any_moment_of_a_write_leaves_no_descriptor(tmp_path, sync):
    for moment in itertools.count(1):
        writer = EventFileWriter(tmp_path / str(moment), flush_secs=NEVER)
        log(writer, 1)
        fired = interrupted(lambda: writer.flush(sync), moment)  # noqa: B023
        assert descriptors_in(tmp_path) == [], moment
        writer.close()
        assert steps_of(writer.path) == [1]
        if not fired:
            break
    assert moment > 30
