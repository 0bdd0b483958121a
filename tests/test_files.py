"""Event files by name, and folder names that stay where they belong."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tbevents
from tbevents import files, run_files
from tbevents.errors import RunNotFoundError, TBEventsError


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


# -- names ---------------------------------------------------------------------------------------------------------


def test_a_name_holds_time_host_process_and_number_as_torch_makes_it():
    name = run_files.event_file_name(1700000000.9, "laptop", 4321, 7, ".suffix")
    assert name == "events.out.tfevents.1700000000.laptop.4321.7.suffix"
    assert run_files.is_event_file(name)


def test_the_time_in_a_name_has_ten_digits():
    assert run_files.event_file_name(12, "h", 1, 0) == "events.out.tfevents.0000000012.h.1.0"


@pytest.mark.parametrize("hostname", ["a/b", "..", "a\\b", "a b:c", "x\0y", ""])
def test_no_hostname_leads_to_another_folder(hostname):
    name = run_files.event_file_name(1, hostname, 1, 0)
    assert os.path.basename(name) == name
    assert "\0" not in name
    assert "\\" not in name


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("events.out.tfevents.1700000000.host", True),
        ("runs/a/events.out.tfevents", True),  # CatBoost's
        ("events.out.tfevents.1.host.profile-empty", True),
        ("my.tfevents.gz", True),
        ("events.out", False),
        ("tfevents/model.pt", False),  # only the base name counts
        ("TFEVENTS", False),
    ],
)
def test_an_event_file_has_tfevents_in_its_base_name(name, is_one):
    assert run_files.is_event_file(name) is is_one


def test_files_are_ordered_by_time_then_naturally():
    ordered = [
        "events.out.tfevents",  # CatBoost's, which has no time
        "events.out.tfevents.999.host.1.0",
        "events.out.tfevents.1700000000.host.9.2",
        "events.out.tfevents.1700000000.host.9.10",
        "events.out.tfevents.1700000000.host.10.0",
        "events.out.tfevents.1700000000.host.10.0.v2",
        "events.out.tfevents.1700000001.a.1.0",
        "events.out.tfevents.01700000002.a.1.0",
    ]
    names = ordered[::-1]
    names.sort(key=run_files.order_key)
    assert names == ordered


@given(st.lists(st.text(max_size=12).map("tfevents".__add__) | st.text(max_size=12)))
def test_any_names_can_be_ordered(names):
    assert sorted(sorted(names, key=run_files.order_key)) == sorted(names)


# -- finding -------------------------------------------------------------------------------------------------------


def test_the_files_of_a_run_come_in_order_and_nothing_else_does(tmp_path):
    names = ["events.out.tfevents", "events.out.tfevents.9", "events.out.tfevents.10"]
    touch(*(tmp_path / name for name in [*reversed(names), "notes.txt", "sub/events.out.tfevents.1"]))
    (tmp_path / "folder.tfevents").mkdir()
    expected = [str(tmp_path / name) for name in names]
    assert run_files.find_run_files(tmp_path) == expected
    assert run_files.find_run_files(str(tmp_path)) == expected


def test_one_file_is_a_run_whatever_its_name(tmp_path):
    touch(tmp_path / "copy.bin")
    assert run_files.find_run_files(tmp_path / "copy.bin") == [str(tmp_path / "copy.bin")]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_no_run_is_an_error_that_names_the_path(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunNotFoundError, match=re.escape(str(tmp_path / name))) as caught:
        run_files.find_run_files(tmp_path / name)
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, TBEventsError)


@pytest.mark.parametrize("find", [run_files.find_run_files, run_files.list_runs])
@pytest.mark.parametrize("path", [None, b"runs", 3])
def test_what_is_no_path_is_a_type_error(find, path):
    with pytest.raises(TypeError, match="must be a path"):
        find(path)


def test_runs_are_folders_that_directly_hold_event_files(tmp_path):
    touch(
        tmp_path / "tfevents.2",
        tmp_path / "tfevents.10",
        tmp_path / "a" / "b" / "tfevents.1",
        tmp_path / "a" / "notes.txt",
        tmp_path / "c d" / "tfevents.1",
    )
    found = run_files.list_runs(tmp_path)
    assert {name: [file.url for file in files] for name, files in found.items()} == {
        ".": [str(tmp_path / "tfevents.2"), str(tmp_path / "tfevents.10")],
        "a/b": [str(tmp_path / "a" / "b" / "tfevents.1")],
        "c d": [str(tmp_path / "c d" / "tfevents.1")],
    }
    assert list(found) == [".", "a/b", "c d"]


def test_a_folder_without_runs_has_none_and_a_missing_one_is_an_error(tmp_path):
    assert run_files.list_runs(tmp_path) == {}
    with pytest.raises(RunNotFoundError, match=re.escape(str(tmp_path / "missing"))):
        run_files.list_runs(tmp_path / "missing")


def test_the_logdir_may_be_relative_or_end_in_a_slash(tmp_path, monkeypatch):
    touch(tmp_path / "runs" / "a" / "tfevents")
    monkeypatch.chdir(tmp_path)
    assert list(run_files.list_runs("runs/")) == ["a"]
    assert list(run_files.list_runs(".")) == ["runs/a"]


def test_runs_nest_deeper_than_python_recurses(tmp_path):
    depth = 200
    tmp_path.joinpath(*["d"] * depth).mkdir(parents=True)
    tmp_path.joinpath(*["d"] * depth, "tfevents").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        runs = run_files.list_runs(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert list(runs) == ["/".join(["d"] * depth)]


@pytest.fixture
def link(tmp_path):
    """Makes a link in the logdir, or skips where the system has none."""

    def make(name, target):
        try:
            os.symlink(target, tmp_path / "logdir" / name)
        except OSError as error:
            pytest.skip(f"no links here: {error}")

    touch(tmp_path / "logdir" / "run_7" / "tfevents", tmp_path / "elsewhere" / "x" / "tfevents")
    return make


def test_a_link_to_a_folder_elsewhere_is_a_run(tmp_path, link):
    link("linked", tmp_path / "elsewhere")
    assert list(run_files.list_runs(tmp_path / "logdir")) == ["linked/x", "run_7"]


@pytest.mark.parametrize("name", ["latest", "zz"])
def test_a_link_to_a_run_of_the_logdir_does_not_hide_its_name_nor_count_twice(tmp_path, link, name):
    link(name, "run_7")
    assert list(run_files.list_runs(tmp_path / "logdir")) == ["run_7"]


def test_links_in_circles_end(tmp_path, link):
    link("self", "self")
    link("up", "..")
    link("run_7/again", ".")
    link("dead.tfevents", "nowhere")
    link("self.tfevents", "self.tfevents")
    assert list(run_files.list_runs(tmp_path / "logdir")) == ["run_7", "up/elsewhere/x"]


def test_a_link_to_an_event_file_is_one(tmp_path, link):
    link("tfevents.1", tmp_path / "elsewhere" / "x" / "tfevents")
    link("tfevents.2", "tfevents.2")
    assert run_files.find_run_files(tmp_path / "logdir") == [str(tmp_path / "logdir" / "tfevents.1")]


def test_a_folder_that_cannot_be_read_is_passed_over(tmp_path, monkeypatch):
    touch(tmp_path / "a" / "tfevents", tmp_path / "b" / "tfevents", tmp_path / "c" / "tfevents")
    scandir = os.scandir

    def failing(path):
        if os.path.basename(path) == "a":
            raise PermissionError(13, "Permission denied", path)
        if os.path.basename(path) == "b":
            raise FileNotFoundError(2, "removed meanwhile", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    assert list(run_files.list_runs(tmp_path)) == ["c"]


def test_a_url_in_a_pathlib_path_is_refused_and_a_folder_of_such_a_name_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"log_dir is a URL in a pathlib.Path.*'s3:/bucket/a'"):
        tbevents.SummaryWriter(Path("s3:/bucket/a"))
    assert list(tmp_path.iterdir()) == []
    if os.name != "nt":
        Path("runs:").mkdir()
        tbevents.SummaryWriter(Path("runs:/a")).close()
        assert Path("runs:/a").is_dir()


# -- subfolders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("loss_train", ["loss_train"]),
        ("a/b", ["a", "b"]),  # nested, as torch makes them
        ("a//b/", ["a", "b"]),
        ("./a", ["a"]),
        ("..a/b..", ["..a", "b.."]),
        ("é 損失", ["é 損失"]),
        ("x" * 255, ["x" * 255]),
    ],
)
def test_a_name_makes_a_folder_below(tmp_path, name, parts):
    path = files.subfolder(str(tmp_path), name, "key")
    assert path == str(tmp_path.joinpath(*parts))
    files.make_folder(path)
    files.make_folder(path)
    assert os.path.isdir(path)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("..", "'..'"),
        ("a/../../b", "'..'"),
        ("../b", "'..'"),
        ("/etc", "absolute"),
        ("a\0b", "NUL"),
        ("x" * 256, "255 bytes"),
        ("é" * 128, "255 bytes"),
        ("ok/" + "x" * 300, "255 bytes"),
        ("\ud800", "no file name"),
    ],
)
def test_a_name_that_leads_elsewhere_or_cannot_be_is_a_value_error(name, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        files.subfolder("runs/demo", name, "tag_scalar_dict")
    assert "tag_scalar_dict" in str(caught.value)
    assert "runs/demo" in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "name",
    [
        "CON",
        "nul",
        "a/Com1",
        "LPT9.txt",
        "aux .x",
        "C:evil",
        "a:stream",
        "a/b:c",
        ".. /b",
        "... ",
        "a.",
        "a<b",
        "a|b",
        "q?",
    ],
)
def test_what_windows_would_take_for_something_else_is_refused_there(monkeypatch, name):
    if os.name != "nt":
        files.subfolder("runs", name, "key")  # ordinary names anywhere else
        monkeypatch.setattr(files, "_WINDOWS", True)
    with pytest.raises(ValueError, match="key is not a valid folder name inside 'runs'"):
        files.subfolder("runs", name, "key")


@pytest.mark.parametrize("name", ["CONSOLE", "a.b", "com", "a/./b", "LPT"])
def test_ordinary_names_are_fine_on_windows(monkeypatch, name):
    monkeypatch.setattr(files, "_WINDOWS", True)
    files.subfolder("runs", name, "key")


@given(st.text(alphabet=st.sampled_from("./\\a\0é~"), max_size=10) | st.text(max_size=30))
@example("a/..")
@example("//")
def test_no_name_makes_a_folder_outside(name):
    try:
        path = files.subfolder("/top/runs", name, "key")
    except ValueError:
        return
    inside = PurePosixPath(os.path.normpath(path))
    assert inside == PurePosixPath("/top/runs") or PurePosixPath("/top/runs") in inside.parents


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("read", [files.open_file, files.read_bytes, tbevents.read_run])
def test_a_fifo_is_an_error_that_names_it_and_no_hang(tmp_path, read):
    path = str(tmp_path / "x.tfevents")
    os.mkfifo(path)
    with pytest.raises(OSError, match="is not a regular file") as caught:
        read(path)
    assert caught.value.filename == path


@pytest.mark.skipif(sys.platform != "linux", reason="no leases here")
def test_a_lease_that_someone_has_on_the_file_is_waited_for(tmp_path):
    """As Samba has on the files that it serves."""
    path = tmp_path / "x.tfevents"
    path.write_bytes(b"content")
    script = """
import fcntl, os, signal, sys
fd = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK))
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("ready", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", script, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as other:
        if not other.stdout.readline():
            pytest.skip("this file system knows no leases")
        assert files.read_bytes(str(path)) == b"content"
        other.stdin.close()


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # Windows
    with tbevents.SummaryWriter("~/runs/a") as writer:
        writer.add_scalar("loss", 1.0, 0)
    assert list(tbevents.read_logdir("~/runs")) == ["a"]
    assert tbevents.read_run("~/runs/a").path == os.path.join(str(tmp_path), "runs/a")
    assert files.path_string("a/~", "path") == "a/~"


# -- paths that do not exist -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("run", "; did you mean '{runs}'?"),
        ("rusn/a", "; did you mean '{a}'?"),
        ("rusn/other", "; did you mean '{runs}'?"),
        ("runs/zzz", ""),
        ("nothing/like/it", ""),
    ],
)
@pytest.mark.parametrize("read", [tbevents.read_run, tbevents.read_logdir])
def test_the_first_missing_part_of_a_path_is_corrected(tmp_path, read, path, end):
    touch(tmp_path / "runs" / "a" / "events.out.tfevents.1.h")
    with pytest.raises(RunNotFoundError) as caught:
        read(tmp_path / path)
    end = end.format(runs=tmp_path / "runs", a=tmp_path / "runs" / "a")
    assert caught.value.detail == f"no such file or folder{end}"


@pytest.mark.parametrize("path", ["err", "runs/err", "events.out.tfevents.1.j"])
def test_a_file_that_is_no_event_file_is_not_suggested(tmp_path, path):
    event_file = tmp_path / "events.out.tfevents.1.h"
    for each in (tmp_path / "err.py", tmp_path / "runs" / "err.py", event_file):
        touch(each)
    with pytest.raises(RunNotFoundError) as caught:
        tbevents.read_run(tmp_path / path)
    end = f"; did you mean {str(event_file)!r}?" if "tfevents" in path else ""
    assert caught.value.detail == f"no such file or folder{end}"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_leads_nowhere_is_named_with_its_target(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    for path, what in ((tmp_path / "link", "it"), (tmp_path / "link" / "a", repr(str(tmp_path / "link")))):
        with pytest.raises(RunNotFoundError) as caught:
            tbevents.read_run(path)
        end = f"; {what} is a symbolic link to 'nowhere', which does not exist"
        assert caught.value.detail == f"no such file or folder{end}"


def test_what_has_an_event_files_name_but_is_none_is_named(tmp_path):
    (tmp_path / "events.out.tfevents.1.h").mkdir()
    with pytest.raises(
        RunNotFoundError, match=r"has no event file \('events.out.tfevents.1.h' is not a regular file\)"
    ):
        tbevents.read_run(tmp_path)
