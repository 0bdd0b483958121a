"""Files appear whole or not at all, and what they replace is kept where that was asked for."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest
from event_files import version_event, write_events

from tbevents.run_files import is_event_file
from tbevents.tools import new_files
from tbevents.tools.new_files import NewFile, event_file_in, output_path, refuse_output


def test_a_file_appears_under_its_name_when_it_is_complete(tmp_path):
    path = tmp_path / "a" / "b" / "events.out.tfevents.1"
    with NewFile(str(path)) as new:
        new.file.write(b"half")
        new.file.flush()
        (unfinished,) = path.parent.iterdir()
        assert "tfevents" not in unfinished.name
        assert not path.exists()
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == b"half"


def fail_half_way(path, error):
    with NewFile(str(path), text=True) as new:
        new.file.write("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_what_fails_leaves_neither_file_nor_folder(tmp_path, error):
    with pytest.raises(error):
        fail_half_way(tmp_path / "a" / "b" / "x.csv", error)
    assert not list(tmp_path.iterdir())


def test_what_fails_leaves_the_file_there_was(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError):
        fail_half_way(path, ZeroDivisionError)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_discarded_file_does_not_appear(tmp_path):
    with NewFile(str(tmp_path / "a" / "x")) as new:
        new.file.write(b"no")
        new.discard()
    assert not list(tmp_path.iterdir())


def test_without_overwrite_a_file_is_refused_at_the_start_and_at_the_end(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(FileExistsError, match="exists already"), NewFile(str(path), overwrite=False):
        path.write_text("someone else's")
    with pytest.raises(FileExistsError, match="exists already"):
        NewFile(str(path), overwrite=False)
    assert path.read_text() == "someone else's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_its_place_is_named_whenever_it_comes(tmp_path):
    path = tmp_path / "x.csv"
    path.mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder") as early:
        NewFile(str(path))
    path.rmdir()
    with pytest.raises(IsADirectoryError, match="is a folder") as late, NewFile(str(path)):
        path.mkdir()
    assert early.value.filename == late.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path]


def test_backups_are_no_event_files_and_number_themselves(tmp_path):
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes(b"0")
    path.chmod(0o640)
    backups = []
    for content in (b"1", b"2"):
        with NewFile(str(path), keep_old=True) as new:
            new.file.write(content)
        backups.append(os.path.basename(new.backup))
    assert backups == ["events.out.backup.1.host", "events.out.backup.1.host.1"]
    assert [(tmp_path / name).read_bytes() for name in backups] == [b"0", b"1"]
    assert path.read_bytes() == b"2"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_being_written_is_not_replaced(tmp_path):
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"0")
    with pytest.raises(OSError, match="written to meanwhile"), NewFile(str(path), keep_old=True):
        path.write_bytes(b"01")
    assert path.read_bytes() == b"01"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_written_before_it_was_opened_is_not_replaced_either(tmp_path):
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"0")
    since = os.stat(path)
    path.write_bytes(b"01")
    with pytest.raises(OSError, match="written to meanwhile"), NewFile(str(path), keep_old=True, since=since):
        pass
    assert path.read_bytes() == b"01"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_at_the_very_last_moment_is_put_back(tmp_path, monkeypatch):
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"0")
    real = os.replace
    with open(path, "ab") as late:

        def replace(source, target):
            monkeypatch.setattr(os, "replace", real)
            real(source, target)
            late.write(b"1")
            late.flush()

        monkeypatch.setattr(os, "replace", replace)
        monkeypatch.setattr(new_files, "_is_open_for_writing", lambda path: False)  # as on most systems
        with pytest.raises(OSError, match="written to meanwhile") as caught, NewFile(str(path), keep_old=True) as new:
            new.file.write(b"anew")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"01"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform != "linux", reason="no leases here")
def test_a_file_that_a_program_has_open_for_writing_is_refused(tmp_path):
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"0")
    with open(path, "ab"), pytest.raises(OSError, match="is being written by another program") as caught:
        NewFile(str(path), keep_old=True)
    assert (caught.value.errno, caught.value.filename) == (errno.EBUSY, str(path))
    with open(path, "rb"), NewFile(str(path), keep_old=True) as new:  # one that reads does not matter
        new.file.write(b"anew")
        with open(path, "ab"):  # nor one that has written nothing and is gone
            pass
    assert path.read_bytes() == b"anew"


def test_a_backup_is_made_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"0")
    with NewFile(str(path), keep_old=True) as new:
        new.file.write(b"1")
    assert path.read_bytes() == b"1"
    with open(new.backup, "rb") as backup:
        assert backup.read() == b"0"

    def fail(source, target):
        if "unfinished" in source:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    real = os.replace
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="Input/output"), NewFile(str(path), keep_old=True) as new:
        new.file.write(b"2")
    assert path.read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_name_with_tfevents_is_a_file_and_any_other_a_folder(tmp_path):
    assert output_path(tmp_path / "x.tfevents", "name") == str(tmp_path / "x.tfevents")
    assert output_path(tmp_path / "x", "name") == str(tmp_path / "x" / "name")
    (tmp_path / "y.tfevents").mkdir()
    assert output_path(tmp_path / "y.tfevents", "name") == str(tmp_path / "y.tfevents" / "name")


def test_a_new_runs_file_is_named_by_its_first_time(tmp_path):
    assert "events.out.tfevents.0000001234." in event_file_in(str(tmp_path / "new"), 1234.5)
    assert "events.out.tfevents.0000000000." in event_file_in(str(tmp_path / "new"), float("nan"))
    (tmp_path / "a.tfevents").touch()
    with pytest.raises(FileExistsError, match="a run exists already"):
        event_file_in(str(tmp_path), 1.0)


@pytest.mark.parametrize("name", ["events.out.tfevents.1.host", "renamed.html"])
@pytest.mark.parametrize("damage", [False, True])
def test_only_an_event_file_replaces_an_event_file(tmp_path, name, damage):
    path = tmp_path / name
    write_events(path, [version_event()])
    data = bytearray(path.read_bytes())
    if damage:
        data[9] ^= 1  # in the checksum of the first length
        path.write_bytes(data)
    if damage and not is_event_file(name):
        refuse_output(str(path))  # nothing tells what it was
        return
    for text in (False, True):
        with pytest.raises(FileExistsError, match="is an event file, which is not replaced") as refused:
            NewFile(str(path), text=text)
        assert refused.value.filename == str(path)
    assert path.read_bytes() == data
    with NewFile(str(path), events=True) as new:
        new.file.write(b"")
    assert path.read_bytes() == b""
    refuse_output(str(path))  # it holds nothing


@pytest.mark.parametrize("content", [b"run,tag,step,wall_time,value\n", b"<!DOCTYPE html>", b"ARROW1\0\0\0\0\0\0", b""])
def test_a_table_or_page_with_an_event_file_s_name_is_replaced(tmp_path, content):
    path = tmp_path / "events.out.tfevents.1.csv"
    path.write_bytes(content)
    with NewFile(str(path), text=True) as new:
        new.file.write("new")
    assert path.read_text() == "new"


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path):
    real, link = tmp_path / "data" / "real.csv", tmp_path / "link.csv"
    real.parent.mkdir()
    real.write_text("before")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("links are not allowed here")
    with NewFile(str(link), text=True) as new:
        new.file.write("after")
    assert link.is_symlink()
    assert real.read_text() == "after"
    assert list(real.parent.iterdir()) == [real]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_gets_the_bytes_and_stays(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with NewFile(str(pipe), text=True) as new:
        new.file.write("step,value\n")
    reader.join(10)
    assert got == [b"step,value\n"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(not hasattr(os, "mknod"), reason="there are no devices")
def test_a_device_gets_the_bytes_and_stays(tmp_path):
    device = tmp_path / "null.html"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.write_bytes(b"")
    except OSError:
        pytest.skip("devices are not allowed here")
    with NewFile(str(device)) as new:
        new.file.write(b"gone")
    assert device.is_char_device()


# Not /dev/stdout itself: code that failed this test would replace it, for all of the machine, if run as root.
@pytest.mark.skipif(not os.path.exists("/dev/fd/1"), reason="there are no paths of descriptors")
@pytest.mark.parametrize("piped", [True, False])
def test_standard_output_by_its_path_gets_the_bytes_after_what_is_there(tmp_path, piped):
    code = "from tbevents.tools.new_files import NewFile\nwith NewFile('/dev/fd/1') as new: new.file.write(b'new')"
    path = tmp_path / "out"
    path.write_bytes(b"old ")
    with open(path, "ab") as file:
        out = subprocess.PIPE if piped else file
        done = subprocess.run([sys.executable, "-c", code], stdout=out, timeout=60, check=True)
    assert done.stdout == (b"new" if piped else None)
    assert path.read_bytes() == (b"old " if piped else b"old new")


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/1"])
def test_paths_of_descriptors_are_never_replaced(path):
    assert new_files._is_stream(path)


def test_of_two_that_write_the_first_file_of_a_run_the_later_one_leaves_nothing(tmp_path):
    first, second = (tmp_path / f"events.out.tfevents.{number}" for number in (1, 2))
    options = {"overwrite": False, "events": True, "first_of_run": True}
    later = NewFile(str(second), **options)
    with NewFile(str(first), **options):
        pass
    with pytest.raises(FileExistsError, match="a run exists already"), later:
        later.file.write(b"too late")
    assert list(tmp_path.iterdir()) == [first]


def test_of_many_that_finish_at_once_one_makes_the_run(tmp_path):
    waiting = threading.Barrier(8, timeout=30)
    outcomes = []

    def make(number):
        try:
            with NewFile(
                str(tmp_path / f"events.out.tfevents.{number}"), overwrite=False, events=True, first_of_run=True
            ) as new:
                new.file.write(b"x")
                waiting.wait()
        except FileExistsError:
            outcomes.append("refused")
        else:
            outcomes.append("made")

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(list(tmp_path.iterdir())) == outcomes.count("made")
    if sys.platform != "win32":
        assert sorted(outcomes) == ["made"] + ["refused"] * 7
