"""Writers to memory and live runs: what they show is what a file would hold, and at once."""

import os
import pickle

import numpy as np
import pytest

from tbevents import EventFileWriter, SummaryWriter, read_logdir, read_run
from tbevents.proto import Event, Summary, TensorProto
from tbevents.testing import LiveRun, MemoryWriter, assert_runs_close, check_runs_close, live_run

from .runs import everything


def clock():
    return 1000.0


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty working directory that has to stay empty."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_is_logged_shows_at_once_and_touches_no_disk(nowhere):
    writer = MemoryWriter("runs/demo", clock=clock)
    run = writer.run
    assert run.tags == ()
    writer.add_scalar("loss", 0.1, 1)
    assert run.scalars["loss"].last == (1, 1000.0, float(np.float32(0.1)))
    series = run.scalars["loss"]
    writer.add_scalar("loss", 0.2, 2)
    assert (len(series), len(run.scalars["loss"])) == (1, 2)
    writer.close()
    assert len(writer.run.scalars["loss"]) == 2
    writer.add_scalar("loss", 0.3, 3)
    assert run.scalars["loss"].steps.tolist() == [1, 2, 3]


@pytest.mark.parametrize("form", ["tf1", "tf2"])
def test_it_holds_what_the_files_hold(form, tmp_path):
    with SummaryWriter(tmp_path / "disk", format=form) as on_disk:
        everything(on_disk)
    with MemoryWriter("memory", format=form) as in_memory:
        everything(in_memory)
    logdir = read_logdir(tmp_path / "disk")
    assert set(in_memory.runs) == set(logdir) == {".", "group_a", "group_b", "session"}
    assert_runs_close(in_memory, logdir, rtol=0)
    for name, run in logdir.items():
        assert in_memory.runs[name].tags == run.tags
        assert in_memory.runs[name].counts() == run.counts()


def test_many_points_go_through_the_columns(nowhere):
    writer = MemoryWriter(clock=clock)
    values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    for step, value in enumerate(values.tolist()):
        writer.add_scalar("a/b", value, step)
        if step == 2500:
            assert len(writer.run.scalars["a/b"]) == 2501
    series = writer.run.scalars["a/b"]
    assert series.values.tobytes() == values.tobytes()
    assert series.steps.tolist() == list(range(5000))


def test_wrong_arguments_are_refused_as_by_a_file(nowhere):
    writer = MemoryWriter()
    for arguments in ((None, 1.0), ("t", "x"), ("t", 1.0, 2**63), ("t", 1.0, 0, float("nan"))):
        with pytest.raises((TypeError, ValueError)):
            writer.add_scalar(*arguments)
    assert writer.run.tags == ()


def test_the_rest_of_a_writer_is_there(nowhere):
    writer = MemoryWriter("a", purge_step=5, write_to_disk=True)
    assert (writer.log_dir, writer.logdir, writer.get_logdir()) == ("a", "a", "a")
    assert set(writer.all_writers) == {"a"}
    writer.flush()
    assert [event.status for event in writer.run.session_log] == ["START"]
    assert repr(writer) == "MemoryWriter('a')"
    writer.add_embedding([[1.0, 2.0]], metadata=["x"], global_step=3, tag="points")
    assert writer.embeddings["points", 3].files["tensors.tsv"].split() == [b"1.0", b"2.0"]
    assert writer.run.projector is None
    quiet = MemoryWriter(write_to_disk=False)
    quiet.add_scalar("loss", 1.0)
    quiet.add_embedding([[1.0]])
    assert quiet.run.tags == ()
    assert quiet.embeddings == {}


def test_the_folder_is_given_by_either_name_or_by_default(nowhere):
    assert [MemoryWriter().log_dir, MemoryWriter(None).log_dir, MemoryWriter(logdir=None).log_dir] == ["memory"] * 3
    for writer in (
        MemoryWriter(nowhere / "a"),
        MemoryWriter(log_dir=nowhere / "a"),
        MemoryWriter(logdir=nowhere / "a"),
    ):
        writer.add_scalar("loss", 1.0)
        assert writer.log_dir == str(nowhere / "a")
        assert writer.run.tags == ("loss",)
    with pytest.raises(ValueError, match="both are given: 'a', 'b'"):
        MemoryWriter("a", logdir="b")


def test_a_copy_begins_with_nothing_logged(nowhere):
    writer = MemoryWriter("a", format="tf2")
    writer.add_scalar("loss", 1.0)
    copy = pickle.loads(pickle.dumps(writer))
    copy.add_scalar("acc", 1.0)
    assert copy.format == "tf2"
    assert (writer.run.tags, copy.run.tags) == (("loss",), ("acc",))


def test_events_of_other_libraries_are_taken(nowhere):
    writer = MemoryWriter()
    value = Summary.Value(tag="x", simple_value=2.0)
    writer._get_file_writer().add_summary(Summary(value=[value]), 3)
    writer._get_file_writer().add_event(Event(step=4, wall_time=5.0, summary=Summary(value=[value])))
    assert [(p.step, p.value) for p in writer.run.scalars["x"]] == [(3, 2.0), (4, 2.0)]


def test_a_value_that_contradicts_itself_is_a_problem_as_in_a_file(nowhere):
    writer = MemoryWriter()
    value = Summary.Value(tag="x", tensor=TensorProto(dtype=1, tensor_content=b"123"))
    value.metadata.plugin_data.plugin_name = "scalars"
    writer._get_file_writer().add_summary(Summary(value=[value]), 3)
    assert [problem.kind for problem in writer.run.problems] == ["bad_value"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_goes_on_with_a_copy():
    writer = MemoryWriter()
    writer.add_scalar("loss", 1.0, 0)
    pid = os.fork()
    if not pid:
        writer.add_scalar("loss", 2.0, 1)
        os._exit(writer.run.scalars["loss"].steps.tolist() != [0, 1])
    assert os.waitpid(pid, 0)[1] == 0
    assert writer.run.scalars["loss"].steps.tolist() == [0]


# -- live runs -------------------------------------------------------------------------------------------------------


def test_a_live_run_follows_its_folder(tmp_path):
    run = live_run(tmp_path / "later")
    assert isinstance(run, LiveRun)
    assert (run.tags, run.files, run.problems, run.hparams) == ((), (), (), None)
    with SummaryWriter(tmp_path / "later", flush_secs=1e9) as writer:
        writer.add_scalar("loss", 1.0, 1)
        assert run.scalars["loss"].last.value == 1.0  # flushed before it is read
        writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name=".")
        assert run.hparams.parameters == {"lr": 0.1}
    with EventFileWriter(tmp_path / "later") as other:
        other.add_scalar("loss", 2.0, 2)
    assert len(run.files) == 3
    assert check_runs_close(run, read_run(tmp_path / "later")) == []
    assert len(run.table()) == 3


def test_a_live_run_says_damage_without_a_warning(tmp_path):
    with EventFileWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0, 1)
    run = live_run(tmp_path)
    with open(writer.path, "ab") as file:
        file.write(b"\1\2\3")
    assert [problem.kind for problem in run.problems] == ["incomplete"]
    assert len(run.scalars["loss"]) == 1
