"""Capturing what SummaryWriters log: all is recorded, nothing reaches the disk, and nothing is left of it behind."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tbevents import SummaryWriter
from tbevents.testing import MemoryWriter, assert_runs_close, assert_scalars, capture

SCRIPT = """
import sys
from tbevents.testing import assert_scalars, capture
assert not any(name.partition(".")[0] in ("torch", "tensorboardX") for name in sys.modules)
with capture() as logged:
    from {package} import SummaryWriter
    with SummaryWriter("runs/a") as writer:
        writer.add_scalar("loss", 0.5, 1)
    assert_scalars(logged, "loss", values={{1: 0.5}})
with SummaryWriter("disk") as writer:
    writer.add_scalar("loss", 0.5, 1)
assert logged.run.scalars["loss"].steps.tolist() == [1]
"""


def log(writer):
    """What each of the writers can log."""
    for step in range(100):
        writer.add_scalar("loss", 1 / (step + 1), step, 1000.0 + step)
    writer.add_scalars("group", {"a": 1.0, "b": 2.0}, 1)
    writer.add_histogram("weights", np.linspace(-1, 1, 50), 1)
    writer.add_text("note", "words", 1)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def run_script(package, folder):
    path = folder / "script.py"
    path.write_text(SCRIPT.format(package=package))
    done = subprocess.run([sys.executable, path], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert {p.relative_to(folder).parts[0] for p in Path(folder).rglob("*") if p.is_file()} == {"script.py", "disk"}


def check_peer(module, sub_runs, folder):
    """Captures what a writer of another package logs, in an empty working directory that must stay so."""
    before = module.EventFileWriter
    with capture() as logged:
        writer = module.SummaryWriter("runs/demo")
        log(writer)
        expected = MemoryWriter()
        log(expected)
        assert_runs_close(logged.run, expected.run, tags=["loss", "note/*"])
        assert logged.run.histograms["weights"].last.num == 50
        assert logged.run.scalars["loss"].wall_times.tolist() == [1000.0 + step for step in range(100)]
        assert set(logged.runs) == {".", *sub_runs}
        writer.add_embedding(np.eye(2), tag="points", global_step=2)
        assert list(logged.embeddings) == [("runs/demo", "points", 2)]
        writer.close()
        writer.add_scalar("late", 1.0, 1)
        writer.flush()
        assert "late" in logged.run.scalars
        writer.close()
    assert module.EventFileWriter is before
    assert list(folder.iterdir()) == []


def test_our_writer_is_captured(nowhere):
    with capture() as logged:
        assert repr(logged) == "<Capture of nothing yet>"
        with pytest.raises(AssertionError, match=r"^no writer was opened during the capture$"):
            _ = logged.run
        with pytest.raises(AssertionError, match=r"^no writer was opened during the capture$"):
            assert_scalars(logged, "loss", values=[1.0])
        writer = SummaryWriter("runs/demo")
        log(writer)
        writer.add_hparams({"lr": 0.1}, {"acc": 1.0}, run_name="session")
        expected = MemoryWriter()
        log(expected)
        expected.add_hparams({"lr": 0.1}, {"acc": 1.0}, run_name="session")
        assert_runs_close(logged, expected)
        writer.add_embedding(np.eye(2), tag="points", global_step=2)
        assert list(logged.embeddings) == [("runs/demo", "points", 2)]
        writer.close()
        writer.add_scalar("late", 1.0, 1)
        assert "late" in logged.run.scalars
    writer.add_scalar("behind it", 1.0, 1)  # by a writer that was opened inside
    assert "behind it" in logged.run.scalars
    writer.close()


def test_embeddings_are_captured_at_the_default_step_and_for_as_long_as_the_file_is_open(tmp_path):
    with capture() as logged:
        writer = SummaryWriter(tmp_path / "run")
        with writer.use_metadata(global_step=5):
            writer.add_embedding(np.eye(2), tag="a")
        copy = pickle.loads(pickle.dumps(writer))
        copy.add_embedding(np.eye(2), tag="of a copy")
    writer.add_embedding(np.eye(2), tag="behind it", global_step=7)
    folder = str(tmp_path / "run")
    assert list(logged.embeddings) == [(folder, "a", 5), (folder, "of a copy", 0), (folder, "behind it", 7)]
    assert list(tmp_path.iterdir()) == []
    writer.close()
    writer.add_embedding(np.eye(2), tag="on disk")
    writer.close()
    assert len(logged.embeddings) == 3
    assert (tmp_path / "run" / "projector_config.pbtxt").exists()


def test_embeddings_of_other_writers_go_where_they_went_before(tmp_path):
    memory, disk = MemoryWriter(), SummaryWriter(tmp_path / "disk")
    with capture() as logged:
        memory.add_embedding(np.eye(2), tag="a")
        disk.add_embedding(np.eye(2), tag="b")
        inside = MemoryWriter()
        inside.add_embedding(np.eye(2), tag="c")
        with capture() as inner:
            mine = SummaryWriter("inner")
            mine.add_embedding(np.eye(2), tag="d")
        mine.close()
        mine.add_embedding(np.eye(2), tag="e")
    disk.close()
    assert [list(each.embeddings) for each in (memory, inside)] == [[("a", 0)], [("c", 0)]]
    assert list(inner.embeddings) == [("inner", "d", 0)]
    assert list(logged.embeddings) == [("inner", "e", 0)]
    assert (tmp_path / "disk" / "projector_config.pbtxt").exists()


def test_embeddings_of_writers_of_another_package_that_were_open_before_go_to_their_files(tmp_path):
    tensorboardx = pytest.importorskip("tensorboardX", reason="captures its writer")
    before = tensorboardx.SummaryWriter(str(tmp_path / "before"))
    with capture() as logged:
        before.add_embedding(np.eye(2), global_step=1)
        inside = tensorboardx.SummaryWriter(str(tmp_path / "inside"))
        inside.add_embedding(np.eye(2), global_step=2)
    before.close()
    inside.close()
    assert list(logged.embeddings) == [(str(tmp_path / "inside"), "default", 2)]
    assert [each.name for each in tmp_path.iterdir()] == ["before"]
    assert (tmp_path / "before" / "projector_config.pbtxt").exists()


def test_a_disabled_writer_stays_disabled(nowhere):
    with capture() as logged:
        writer = SummaryWriter("a", write_to_disk=False)
        writer.add_scalar("loss", 1.0)
        writer.add_embedding(np.eye(2))
    assert dict(logged.folders) == {}
    assert logged.embeddings == {}


def test_several_writers_have_a_run_each(nowhere):
    with capture() as logged:
        for folder in ("a", "b"):
            with SummaryWriter(folder) as writer:
                writer.add_scalar("loss", 1.0, 1)
        with SummaryWriter("a") as again:
            again.add_scalar("loss", 2.0, 2)
    assert list(logged.runs) == list(logged.folders) == ["a", "b"]
    assert_scalars(logged.folders["a"], "loss", values=[1.0, 2.0])
    with pytest.raises(ValueError, match="2 writers were opened: 'a', 'b'"):
        assert_scalars(logged, "loss", values=[1.0])
    with pytest.raises(KeyError, match="no captured folder 'c'"):
        logged.folders["c"]


def test_writers_that_were_open_before_and_after_go_to_their_files(tmp_path):
    before = SummaryWriter(tmp_path / "before")
    with capture() as logged:
        before.add_scalar("loss", 1.0, 1)
        before.close()
    with SummaryWriter(tmp_path / "after") as after:
        after.add_scalar("loss", 1.0, 1)
    assert dict(logged.folders) == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after", "before"]


def test_captures_nest(nowhere):
    with capture() as outer:
        with capture() as inner, SummaryWriter("a") as writer:
            writer.add_scalar("loss", 1.0)
        with SummaryWriter("b") as writer:
            writer.add_scalar("loss", 1.0)
    assert (list(outer.folders), list(inner.folders)) == (["b"], ["a"])


def test_captures_that_nest_both_see_what_is_imported_in_the_inner_one(tmp_path, monkeypatch):
    package = tmp_path / "package" / "tensorboardX"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "writer.py").write_text("EventFileWriter = None\nclass SummaryWriter: pass\n")
    monkeypatch.syspath_prepend(package.parent)
    for name in [name for name in sys.modules if f"{name}.".startswith("tensorboardX.")]:
        monkeypatch.delitem(sys.modules, name)
    with capture() as outer:
        with capture() as inner:
            from tensorboardX import writer

            writer.EventFileWriter("a")
        writer.EventFileWriter("b")
    assert (list(outer.folders), list(inner.folders)) == (["b"], ["a"])
    assert writer.EventFileWriter is None
    for name in ("tensorboardX", "tensorboardX.writer"):
        del sys.modules[name]


def test_all_is_restored_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), capture():
        1 / 0  # noqa: B018
    with SummaryWriter(tmp_path / "a") as writer:
        writer.add_scalar("loss", 1.0)
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_tensorboardxs_writer_is_captured(nowhere):
    writer = pytest.importorskip("tensorboardX.writer", reason="captures its writer")
    check_peer(writer, {"group/a", "group/b"}, nowhere)


def test_tensorboardx_is_captured_where_it_is_imported_only_then(tmp_path):
    pytest.importorskip("tensorboardX", reason="captures its writer")
    run_script("tensorboardX", tmp_path)
