"""References to runs, and runs and logdirs that are pickled as references."""

import copy
import os
import pickle
import subprocess
import sys
import threading

import pytest
from event_files import record, scalar_event, version_event, write_events

import tbevents
from tbevents import FileRef, RunRef
from tbevents.errors import DamageWarning, RunNotFoundError
from tbevents.testing import capture

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"


@pytest.fixture
def local(tmp_path):
    root = tmp_path / "runs"
    for run, count in (("a", 5), ("a/deep", 7), ("b", 9)):
        write_events(root / run / NAME, [version_event(), *(scalar_event("loss", step, step) for step in range(count))])
    write_events(root / "b" / LATER, [scalar_event("loss", 100, 1.0)])
    return root


def pickled(value, how):
    if how == "cloudpickle":
        cloudpickle = pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
        return pickle.loads(cloudpickle.dumps(value))
    return pickle.loads(pickle.dumps(value))


each_pickle = pytest.mark.parametrize("how", ["pickle", "cloudpickle"])


def test_references_name_the_runs_and_the_state_of_their_files(local):
    refs = tbevents.read_logdir(local).refs()
    assert [(ref.name, ref.url) for ref in refs] == [
        ("a", str(local / "a")),
        ("a/deep", os.path.join(local, "a", "deep")),
        ("b", str(local / "b")),
    ]
    assert [os.path.basename(url) for url, _, _ in refs[2].files] == [NAME, LATER]
    for url, size, modified in refs[2].files:
        assert (size, modified) == (os.path.getsize(url), os.path.getmtime(url))
    assert refs[2].size == sum(size for _, size, _ in refs[2].files)


def test_a_reference_is_a_value(local):
    ref = tbevents.read_logdir(local).refs()[0]
    assert ref == tbevents.read_logdir(local).refs()[0]
    assert hash(ref) == hash(pickle.loads(pickle.dumps(ref)))
    assert RunRef(ref.name, ref.url, tuple(tuple(file) for file in ref.files)) == ref
    assert isinstance(ref.files[0], FileRef)
    with pytest.raises(AttributeError):
        ref.name = "other"


def test_references_read_nothing_and_change_with_the_next_listing(local, monkeypatch):
    logdir = tbevents.read_logdir(local)
    before = logdir.refs()
    with open(local / "a" / NAME, "ab") as file:
        file.write(record(scalar_event("loss", 5, 5).SerializeToString()))
    monkeypatch.setattr(os, "scandir", None)
    assert logdir.refs() == before
    monkeypatch.undo()
    after = logdir.reload().refs()
    assert after[0].files[0].size > before[0].files[0].size
    assert after[1:] == before[1:]
    assert repr(logdir) == "<Logdir " + repr(str(local)) + ": 3 runs>"


def test_a_reference_is_read_like_its_path_without_listing(local, monkeypatch):
    refs = {ref.name: ref for ref in tbevents.read_logdir(local).refs()}
    expected = tbevents.read_run(local / "b", name="b")
    monkeypatch.setattr(os, "scandir", None)
    run = tbevents.read_run(refs["b"], tags="loss")
    assert run.name == "b"
    assert run.files == expected.files
    assert run.scalars["loss"].steps.tolist() == [*range(9), 100]
    assert tbevents.read_run(refs["a/deep"]).name == "a/deep"
    assert tbevents.read_run(refs["a/deep"], name="x").name == "x"
    monkeypatch.undo()
    write_events(local / "b" / (LATER + ".next"), [scalar_event("loss", 200, 1.0)])
    assert run.reload().scalars["loss"].last.step == 200


def test_the_only_file_of_a_logdir_is_a_reference_too(local):
    (ref,) = tbevents.read_logdir(local / "a" / NAME).refs()
    assert (ref.name, ref.url) == (".", str(local / "a" / NAME))
    assert len(tbevents.read_run(ref).scalars["loss"]) == 5


def test_a_reference_whose_files_are_gone_is_a_missing_run(local):
    ref = tbevents.read_logdir(local).refs()[0]
    os.unlink(local / "a" / NAME)
    with pytest.raises(RunNotFoundError, match=NAME):
        tbevents.read_run(ref)


def test_of_several_files_one_that_is_gone_is_a_problem(local):
    ref = tbevents.read_logdir(local).refs()[2]
    os.unlink(local / "b" / LATER)
    with pytest.warns(DamageWarning, match=LATER):
        run = tbevents.read_run(ref)
    assert [problem.kind for problem in run.problems] == ["unreadable"]
    assert len(run.scalars["loss"]) == 9


@each_pickle
def test_a_pickled_run_is_read_anew_with_its_options(local, how):
    run = tbevents.read_run(local / "b", tags=(tag for tag in ["loss"]), duplicates="last", name="x")
    other = pickled(run, how)
    assert "_reading" not in vars(other)
    assert (other.name, other.path, other.options) == ("x", run.path, run.options)
    assert other.scalars["loss"].steps.tolist() == run.scalars["loss"].steps.tolist()
    with open(local / "b" / LATER, "ab") as file:
        file.write(record(scalar_event("loss", 101, 5).SerializeToString()))
    assert pickled(other, how).scalars["loss"].last.step == 101
    assert other.reload().scalars["loss"].last.step == 101
    assert len(copy.deepcopy(run).scalars["loss"]) == 11


@each_pickle
def test_problems_appear_again_where_a_run_is_unpickled(local, how):
    with open(local / "a" / NAME, "ab") as file:
        file.write(b"\1" * 40)
    with pytest.warns(DamageWarning):
        run = tbevents.read_run(local / "a")
    other = pickled(run, how)
    with pytest.warns(DamageWarning):
        assert other.problems == run.problems


def test_a_run_that_is_gone_is_unpickled_and_raises_when_it_is_used(local):
    data = pickle.dumps(tbevents.read_run(local / "a"))
    os.unlink(local / "a" / NAME)
    run = pickle.loads(data)
    assert run.name == "a"
    for _ in range(2):
        with pytest.raises(RunNotFoundError):
            run.counts()


def test_threads_that_use_an_unpickled_run_read_it_once(local):
    run = pickle.loads(pickle.dumps(tbevents.read_run(local / "b")))
    barrier, seen = threading.Barrier(8), []

    def use():
        barrier.wait(10)
        seen.append(run.scalars["loss"])

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len({id(series) for series in seen}) == 1
    assert len(seen) == 8


def test_an_unpickled_run_has_no_other_attributes(local):
    run = pickle.loads(pickle.dumps(tbevents.read_run(local / "b")))
    with pytest.raises(AttributeError, match="'Run' object has no attribute 'losses'"):
        getattr(run, "losses")  # noqa: B009


def test_a_run_in_memory_is_not_pickled():
    with capture() as captured:
        tbevents.SummaryWriter("x").add_scalar("loss", 1, 0)
        with pytest.raises(TypeError, match="a run in memory cannot be pickled"):
            pickle.dumps(captured.run)


@each_pickle
def test_a_pickled_logdir_has_the_same_runs_without_listing(local, how, monkeypatch):
    logdir = tbevents.read_logdir(local, threads=3, kinds=["scalars"])
    other = pickled(logdir, how)
    monkeypatch.setattr(os, "scandir", None)
    assert (list(other), other.options, other.threads) == (list(logdir), logdir.options, 3)
    assert other.refs() == logdir.refs()
    monkeypatch.undo()
    assert [len(run.scalars["loss"]) for run in other.values()] == [5, 7, 10]
    write_events(local / "c" / NAME, [scalar_event("loss", 1, 1)])
    assert list(other.reload()) == ["a", "a/deep", "b", "c"]


def test_another_process_reads_what_it_is_given(local):
    program = (
        "import pickle, sys\n"
        "logdir, run, ref = pickle.load(sys.stdin.buffer)\n"
        "import tbevents\n"
        "print([len(r.scalars['loss']) for r in (*logdir.values(), run, tbevents.read_run(ref))])\n"
    )
    logdir = tbevents.read_logdir(local)
    data = pickle.dumps((logdir, logdir["b"], logdir.refs()[0]))
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().strip() == "[5, 7, 10, 10, 5]"
