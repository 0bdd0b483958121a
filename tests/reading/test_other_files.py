"""Files that are something else are recognised: named in the error, or in the problem of one among many."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

import pytest
from event_files import record, scalar_event, version_event, write_events
from recorded_warnings import warnings_of

import tbevents
from tbevents import DamageWarning, NotAnEventFileError
from tbevents.format.file_type import file_type

EVENTS = [version_event(), *(scalar_event("loss", step, 1 / (step + 1)) for step in range(20))]
DATA = b"".join(record(event.SerializeToString()) for event in EVENTS)


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("events.out.tfevents.1", DATA)
    return file.getvalue()


def tarred(data):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("events.txt")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def example(key, number):
    """A tf.train.Example {features {feature {key: {int64_list {value}}}}}."""
    feature = b"\x1a\x03\x0a\x01" + bytes([number])
    entry = b"\x0a" + bytes([len(key)]) + key + b"\x12" + bytes([len(feature)]) + feature
    features = b"\x0a" + bytes([len(entry)]) + entry
    return b"\x0a" + bytes([len(features)]) + features


FILES = {
    "git lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1234\n",
        "a Git LFS pointer; run git lfs pull",
    ),
    "annex": (b"/annex/objects/SHA256E-s1234--0123\n", "a git-annex pointer"),
    "dvc": (b"outs:\n- md5: 0123\n  path: events\n", "a DVC pointer"),
    "gzip of events": (gzip.compress(DATA), "records (TFRecord) compressed as a whole, by gzip"),
    "gzip of text": (gzip.compress(b"text " * 99), ": compressed by gzip"),
    "zlib of events": (zlib.compress(DATA), "records (TFRecord) compressed as a whole, by zlib"),
    "fast zlib": (zlib.compress(DATA, 1), "records (TFRecord) compressed as a whole, by zlib"),
    "zip": (zipped(), "a zip archive"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(range(100)), "compressed by zstd"),
    "bz2": (bz2.compress(DATA), "compressed by bzip2"),
    "xz": (lzma.compress(DATA), "compressed by xz"),
    "lzma": (lzma.compress(DATA, lzma.FORMAT_ALONE), "compressed by lzma"),
    "tar": (tarred(b"text" * 99), "a tar archive"),
    "html": (b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "an HTML page: a failed download"),
    "xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document: a failed download"),
    "json": (b'{"message": "Not Found", "status": "404"}', "JSON text: a failed download"),
    "json list": (b'[\n  {"a": 1}]', "JSON text"),
    "empty json": (b"{}", "JSON text"),
    "404": (b"404: Not Found", "a failed download"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(100)), "a PNG picture"),
    "pdf": (b"%PDF-1.4\n" + bytes(100), "a PDF document"),
    "read and saved as text": (DATA.decode(errors="replace").encode(), "saved as text, in which bytes were replaced"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_something_else_is_named(tmp_path, kind):
    data, name = FILES[kind]
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(data)
    for read in (tbevents.read_run, lambda path: list(tbevents.iter_events(path))):
        with pytest.raises(NotAnEventFileError) as caught:
            read(path)
        assert name in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("kind", FILES)
def test_in_a_folder_of_many_it_is_the_text_of_a_problem(tmp_path, kind):
    data, name = FILES[kind]
    write_events(tmp_path / "good" / "events.out.tfevents.1.h", EVENTS)
    write_events(tmp_path / "bad" / "events.out.tfevents.1.h", [])
    (tmp_path / "bad" / "events.out.tfevents.1.h").write_bytes(data)
    logdir = tbevents.read_logdir(tmp_path)
    with pytest.warns(DamageWarning):
        table = logdir.scalars()
    assert len(table) == 20
    (problem,) = logdir["bad"].problems
    assert (problem.kind, problem.offset, problem.skipped) == ("not_an_event_file", 0, len(data))
    assert name in problem.detail


def test_an_event_file_in_a_plain_archive_is_read_and_the_archive_is_named(tmp_path):
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(tarred(DATA))
    with warnings_of(DamageWarning) as warned:
        run = tbevents.read_run(path)
    assert "the file is a tar archive" in str(warned[0].message)
    assert len(run.scalars["loss"]) == 20


def test_changed_line_endings_are_recognised(tmp_path):
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(DATA.replace(b"\n", b"\r\n"))
    with warnings_of(DamageWarning, match=r"line endings were changed \(LF to CR LF\)") as warned:
        run = tbevents.read_run(path)
    assert len(warned) == 1
    assert not run.scalars
    with pytest.raises(tbevents.DamagedFileError, match="line endings were changed"):
        tbevents.read_run(path, strict=True)


def test_changed_line_endings_in_the_first_record_make_it_no_event_file(tmp_path):
    path = tmp_path / "events.out.tfevents.1.h"
    path.write_bytes(record(b"ten\nbytes.").replace(b"\n", b"\r\n"))  # its length is a line feed
    with pytest.raises(NotAnEventFileError, match="an event file whose line endings were changed"):
        tbevents.read_run(path)


@pytest.mark.parametrize("count", [1, 3, 500])
def test_records_of_examples_are_no_event_file(tmp_path, count):
    path = tmp_path / "events.out.tfevents.1.h"
    starts = write_events(path, [example(b"label", number % 100) for number in range(count)])
    for read in (tbevents.read_run, lambda path: tbevents.read_run(path, strict=True)):
        with pytest.raises(NotAnEventFileError, match=f"none of its {count} records is an Event.*tf.train.Example"):
            read(path)
    with warnings_of(DamageWarning, match="looks like a tf.train.Example") as warned:
        run = tbevents.read_run(tmp_path)
    assert len(warned) == 1
    (problem,) = run.problems
    assert (problem.kind, problem.offset, problem.skipped) == ("undecodable", 0, starts[-1])
    assert len(list(tbevents.iter_records(path))) == count, "they are records all the same"


def test_one_record_that_is_no_event_does_not_make_the_file_another(tmp_path):
    path = tmp_path / "events.out.tfevents.1.h"
    write_events(path, [EVENTS[0], example(b"label", 1), *EVENTS[1:]])
    with pytest.warns(DamageWarning, match="record 1 at byte .*it is a tf.train.Example"):
        run = tbevents.read_run(path)
    assert len(run.scalars["loss"]) == 20


def test_what_is_an_event_file_or_unknown_has_no_other_type():
    assert file_type(DATA) is None
    assert file_type(b"step,value\n1,2\n" * 50) is None
    assert file_type(b"") is None
    assert file_type(bytes(100)) is None
    assert file_type("für alle".encode()) is None
