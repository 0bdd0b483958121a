"""What Windows forbids is not done elsewhere either: a file that is open is neither removed nor replaced."""

import contextlib
import os

import numpy as np
import pytest
from event_files import record, scalar_event, version_event

import tbevents
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
