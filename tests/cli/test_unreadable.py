"""Files and folders that cannot be read: named on stderr, the rest is read, and the exit status says so."""

import errno
import json
import os

import pytest
from event_files import scalar_event, version_event, write_events

NAME = "events.out.tfevents.1.h"


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    for name in "abc":
        write_events(folder / name / NAME, [version_event(), *(scalar_event("loss", step, step) for step in range(9))])
    return folder


@pytest.fixture(params=["file", "link", "folder"])
def bad(request, runs, monkeypatch):
    """What cannot be read, and how many runs can all the same."""
    if request.param == "link":
        os.symlink("nowhere", runs / "b" / "events.out.tfevents.2.h")
        return runs / "b" / "events.out.tfevents.2.h", 3
    if request.param == "file":
        from tbevents.reading import event_file

        real_open = event_file.open_file

        def open_file(path):
            if os.path.join("b", NAME) in path:
                raise OSError(errno.EIO, "Input/output error", path)
            return real_open(path)

        monkeypatch.setattr(event_file, "open_file", open_file)
        return runs / "b" / NAME, 2
    real_scandir = os.scandir

    def scandir(path):
        if str(path).endswith(f"{os.sep}b"):  # a descriptor when pytest removes the folder
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return runs / "b", 2


COMMANDS = {
    "ls": [],
    "ls --json": [],
    "show": [],
    "show --points": [],
    "check": [],
    "export": ["-"],
    "export --kind hparams": ["-"],
    "export --kind images": ["{out}"],
    "report": ["-o", "{out}.html"],
    "board": ["--export", "{out}.html"],
    "plot": ["-o", "{out}.png"],
    "tail --for 0.01": [],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_it_and_goes_on(cli, runs, bad, tmp_path, command):
    path, readable = bad
    if command == "plot":
        pytest.importorskip("matplotlib")
    verb, *options = command.split()
    rest = [each.format(out=tmp_path / "out") for each in COMMANDS[command]]
    result = cli(verb, runs, *rest, *options)
    assert result.status == 1
    assert f"{path}: cannot be read: " in result.err
    if command in ("show --points", "export"):
        assert result.out.count("\n") == 1 + 9 * readable


@pytest.fixture
def dangling(runs):
    """An event file that is a broken link, in a folder without others."""
    path = runs / "d" / NAME
    path.parent.mkdir()
    path.symlink_to("nowhere")
    return path


def test_a_broken_link_alone_is_a_problem_and_no_run(cli, runs, dangling):
    text = f"{dangling}: cannot be read: "
    check, lint = cli("check", runs), cli("lint", runs)
    assert f"damaged  {text}" in check.out
    assert f"{runs}: 1 file not readable (3 runs, 3 files, " in check.out
    assert text in lint.out
    assert "1 error in 0 of 3 runs: failed" in lint.out
    assert json.loads(cli("lint", runs, "--format", "json").out)["runs"] == 3
    assert (check.status, lint.status) == (1, 1)


@pytest.mark.parametrize("command", ["repair", "edit --thin 2", "merge", "split --size 1MB"])
def test_a_rewrite_names_what_it_leaves_out(cli, runs, tmp_path, command):
    path = runs / "a" / "events.out.tfevents.2.h"
    path.symlink_to("nowhere")
    verb, *options = command.split()
    result = cli(verb, runs / "a", "-o", tmp_path / "out", *options)
    assert result.err == f"left out: {path}: cannot be read: No such file or directory\n"
    assert result.status == 1


def test_check_counts_a_folder_that_cannot_be_listed(cli, runs, bad):
    path, _ = bad
    result = cli("check", runs)
    assert f"damaged  {path}: cannot be read: " in result.out
    assert f"{runs}: 1 of 3 runs damaged (3 runs, " in result.out
    assert [each["run"] for each in json.loads(cli("check", runs, "--json").out) if each["problems"]] == ["b"]


def test_without_such_a_thing_the_status_is_0(cli, runs):
    assert [cli(verb, runs).status for verb in ("ls", "show", "check")] == [0, 0, 0]


@pytest.mark.parametrize("verb", ["ls", "show", "check", "export"])
def test_what_was_named_itself_is_an_error_that_names_it(cli, runs, verb, monkeypatch):
    from tbevents.reading import event_file

    path = runs / "a" / NAME

    def refuse(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(event_file, "open_file", refuse)
    result = cli(verb, path, *(["-"] if verb == "export" else []))
    assert (result.status, result.out) == (2, "")
    assert result.err == f"tbevents: {path}: Permission denied\n"


def test_an_edit_in_place_leaves_a_file_that_cannot_be_read_alone(cli, runs, monkeypatch):
    from tbevents.reading import event_file

    path = runs / "a" / NAME
    data = path.read_bytes()

    def refuse(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(event_file, "open_file", refuse)
    result = cli("edit", runs, "--in-place", "--drop", "x")
    assert result.status == 2
    assert "Permission denied" in result.err
    assert path.read_bytes() == data
