"""What Windows forbids, shown where it can be: open files, names of devices, names that differ in case only.

A file that is open is neither removed nor replaced on any system. What this machine cannot show, a real Windows does:
the workflow runs the quick tests there.
"""

import contextlib
import os

import numpy as np
import pytest
from event_files import record, scalar_event, version_event

import tbevents
from tbevents import files
from tbevents.tools.edit import edit
from tbevents.tools.new_files import NewFile
from tbevents.tools.repair import repair

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the open files are listed by Linux only")

NAME = "events.out.tfevents.1700000000.host.1.0"


def open_files():
    """The paths of this process's open files."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{fd}"))
        except FileNotFoundError:  # the listing's own
            continue
    return found


@pytest.fixture(autouse=True)
def as_on_windows(monkeypatch):
    """Lets os.unlink, os.remove, os.replace and os.rename refuse open files; tells how many files they were given."""
    given = []

    def refusing(call):
        def refuse(*paths, **options):
            for path in paths:
                given.append(path)
                if os.path.realpath(path) in open_files():
                    raise PermissionError(13, "The process cannot access the file: it is being used", path)
            return call(*paths, **options)

        return refuse

    for name in ("unlink", "remove", "replace", "rename"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    return given


@pytest.fixture
def run(tmp_path):
    """The folder of a run whose file has a damaged record."""
    records = [record(scalar_event("loss", step, step / 2).SerializeToString()) for step in range(100)]
    damaged = bytearray(records[50])
    damaged[20] ^= 1
    folder = tmp_path / "run"
    folder.mkdir()
    header = record(version_event().SerializeToString())
    (folder / NAME).write_bytes(header + b"".join([*records[:50], bytes(damaged), *records[51:]]))
    return folder


def test_the_rule_is_kept_by_the_fixture(tmp_path):
    with open(tmp_path / "file", "w"), pytest.raises(PermissionError):
        os.unlink(tmp_path / "file")


def test_new_files_that_come_or_do_not(tmp_path, as_on_windows):
    with NewFile(str(tmp_path / "new")) as new:
        new.file.write(b"1")
    with NewFile(str(tmp_path / "new")) as new:
        new.file.write(b"2")
    assert (tmp_path / "new").read_bytes() == b"2"
    with contextlib.suppress(KeyError), NewFile(str(tmp_path / "new")) as new:
        new.file.write(b"3")
        raise KeyError
    with NewFile(str(tmp_path / "new")) as new:
        new.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert as_on_windows


@pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")
def test_tools_write_in_the_place_of_files_that_were_read(run, as_on_windows):
    repair(run, in_place=True)
    edit(run, in_place=True, rename=[("loss", "other")])
    loaded = tbevents.read_run(run)
    assert list(loaded.scalars) == ["other"]
    assert len(loaded.scalars["other"]) == 99
    assert as_on_windows


def test_embeddings_are_added_to_a_configuration(tmp_path, as_on_windows):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for tag in ("first", "second"):
            writer.add_embedding(np.eye(3), tag=tag)
    assert as_on_windows
    assert "second" in (tmp_path / "projector_config.pbtxt").read_text()


@pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")
def test_a_run_and_those_who_follow_it_keep_no_file_open(run):
    loaded = tbevents.read_run(run)
    assert len(list(tbevents.follow(run, timeout=0))) == 100
    os.unlink(run / NAME)
    assert len(loaded.scalars["loss"]) == 99


# Names.


@pytest.fixture
def named_as_on_windows(monkeypatch):
    monkeypatch.setattr(files, "_WINDOWS", True)


@pytest.mark.usefixtures("named_as_on_windows")
@pytest.mark.parametrize("key", ["lr:0.1", "loss.", "a ", "x/NUL.txt", "x/con", "a|b", "x/com1 .y"])
def test_a_series_whose_folder_windows_cannot_have_is_refused_and_nothing_is_made(tmp_path, key):
    with tbevents.SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1, 0)
        with pytest.raises(ValueError, match="tag_scalar_dict is not a valid folder name"):
            writer.add_scalars("group", {key: 1.0}, 0)
        writer.add_scalar("loss", 2, 1)
    assert [path.name for path in (tmp_path / "run").iterdir() if path.is_dir()] == []
    assert tbevents.read_run(tmp_path / "run").scalars["loss"].values.tolist() == [1, 2]


@pytest.mark.usefixtures("named_as_on_windows")
@pytest.mark.parametrize("at_once", [True, False])
def test_series_that_differ_in_case_only_do_not_become_one_run(tmp_path, at_once):
    with tbevents.SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalars("loss", {"train": 1.0}, 0)
        writer.add_scalars("loss", {"train": 2.0}, 1)  # the same name again is fine
        with pytest.raises(ValueError, match=r"'.*loss_Val' and '.*loss_VAL' would be one folder|'.*loss_train' and"):
            writer.add_scalars("loss", {"Val": 1.0, "VAL": 2.0} if at_once else {"Train": 3.0}, 2)
    run = tbevents.read_logdir(tmp_path / "run")["loss_train"]
    assert run.scalars["loss"].values.tolist() == [1, 2]


def test_elsewhere_case_makes_two_runs(tmp_path):
    if os.path.exists(str(tmp_path).upper()):
        pytest.skip("this file system ignores case")
    with tbevents.SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalars("loss", {"train": 1.0, "Train": 2.0}, 0)
    assert {"loss_Train", "loss_train"} <= set(tbevents.read_logdir(tmp_path / "run"))


@pytest.mark.usefixtures("named_as_on_windows")
def test_one_run_for_all_series_has_no_folders_to_confuse(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "run", scalars_in_one_run=True) as writer:
        writer.add_scalars("loss", {"train": 1.0, "Train": 2.0, "lr:0.1": 3.0}, 0)
    run = tbevents.read_run(tmp_path / "run")
    assert sorted(run.scalars) == ["loss/Train", "loss/lr:0.1", "loss/train"]


# Files that others have open for a moment.


def busy(monkeypatch, times):
    """Lets os.replace fail so often as it does while another program has the target open; returns the waits."""
    waits, failures, real = [], iter(range(times)), os.replace

    def replace(source, target):
        if next(failures, None) is not None:
            raise PermissionError(13, "Access is denied", target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(files.time, "sleep", waits.append)
    return waits


@pytest.mark.usefixtures("named_as_on_windows")
def test_a_file_that_is_open_for_a_moment_is_replaced_then(tmp_path, monkeypatch):
    (tmp_path / "out.csv").write_text("old")
    waits = busy(monkeypatch, 3)
    with NewFile(str(tmp_path / "out.csv"), text=True) as new:
        new.file.write("new")
    assert (tmp_path / "out.csv").read_text() == "new"
    assert waits == [0.01, 0.02, 0.04]


@pytest.mark.usefixtures("named_as_on_windows")
def test_a_file_that_stays_open_is_an_error_that_names_it_and_is_kept(tmp_path, monkeypatch):
    (tmp_path / "out.csv").write_text("old")
    waits = busy(monkeypatch, 1000)
    with pytest.raises(PermissionError) as caught, NewFile(str(tmp_path / "out.csv"), text=True) as new:
        new.file.write("new")
    assert caught.value.filename == str(tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"
    assert 0.5 < sum(waits) < 2


def test_elsewhere_nothing_is_tried_again(tmp_path, monkeypatch):
    waits = busy(monkeypatch, 1)
    with pytest.raises(PermissionError), NewFile(str(tmp_path / "out.csv")) as new:
        new.file.write(b"new")
    assert waits == []
