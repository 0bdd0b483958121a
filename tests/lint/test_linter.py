"""Linting many runs: one at a time, from paths, URLs and objects; what is wrong with one does not stop the rest."""

import gc
import math
import os
import weakref
from dataclasses import replace

import numpy as np
import pytest

import tbevents
from tbevents.errors import FileChangedError, NotAnEventFileError, RunNotFoundError, UnknownNameError
from tbevents.lint import Findings, LintConfig, LintFinding, assert_lints, lint_runs, linter, linting, run, run_batch
from tbevents.lint.linter import Linter
from tbevents.lint.run_batch import RunBatch
from tbevents.reading.problem import Problem
from tbevents.testing import Finding, MemoryWriter, capture

from .runs import FALLING, memory_run


def logged(folder, values=FALLING, tag="loss"):
    with tbevents.SummaryWriter(folder) as writer:
        writer.add_scalar_columns(tag, np.arange(len(values)), values)
    return folder


BAD = np.append(FALLING, math.nan)


@pytest.fixture
def logdir(tmp_path):
    logged(tmp_path / "runs" / "bad", BAD)
    logged(tmp_path / "runs" / "deep" / "er")
    logged(tmp_path / "runs" / "good")
    return tmp_path / "runs"


def test_findings_extend_those_of_testing(logdir):
    (one,) = run(logdir)
    assert isinstance(one, Finding)
    assert isinstance(one, LintFinding)
    assert (one.kind, one.run, one.tag, one.path) == ("nan", "bad", "loss", str(logdir / "bad"))
    assert (one.code, one.severity, one.step, one.bound) == ("TB101", "error", 60, "finite")
    assert str(one).startswith("run 'bad', tag 'loss': TB101 nan: 1 of 61 values is NaN")
    assert one.facts == "step 60, value nan, bound finite"
    assert replace(one, value=None, bound="a scalar").facts == "step 60"
    assert one.series is None  # it would keep the run
    assert len(one.sparkline) == 40


def test_what_may_be_linted(logdir):
    (file,) = (logdir / "bad").iterdir()
    for subject in (logdir / "bad", str(file), tbevents.read_run(logdir / "bad"), tbevents.read_logdir(logdir)):
        assert [each.code for each in run(subject)] == ["TB101"]
    writer = MemoryWriter()
    writer.add_scalar("loss", math.nan, 1)
    (one,) = run(writer)
    assert one.series.tag == "loss"  # the caller has the run anyway
    with capture() as captured:
        logged(logdir / "captured", BAD)
    assert [each.code for each in run(captured)] == ["TB101"]
    assert run(logdir, runs=["g*", "deep/*"]) == []
    assert [each.run for each in run(tbevents.read_logdir(logdir), runs=["b*"])] == ["bad"]


def test_runs_by_name_have_these_names_and_not_their_own():
    rising = np.r_[FALLING[:30], FALLING[30] + 0.02 * np.arange(30)]
    runs = {"m/train": memory_run(loss=FALLING), "m/validation": memory_run(loss=rising)}
    config = {"expect": [{"runs": "m/train", "tags": "loss", "bounds": [0, 1]}]}
    found = run(runs, config)
    assert [(each.code, each.run) for each in found] == [("TB903", "m/train"), ("TB106", "m/validation")]
    assert [each.run for each in run(runs, config, runs=["m/v*"])] == []
    assert {each.name for each in runs.values()} == {"."}


def test_runs_are_selected_alike_in_a_path_and_in_what_is_read(logdir):
    read, bad = tbevents.read_logdir(logdir), tbevents.read_run(logdir / "bad")
    for subject in (logdir, read, dict(read), bad, logdir / "bad", {"bad": bad}):
        name = "." if subject == logdir / "bad" else "bad"
        for runs in ([name], name, f"*{name[1:]}", [], ()):
            assert [(each.code, each.run) for each in run(subject, runs=runs)] == [("TB101", name)]
        with pytest.raises(UnknownNameError, match="no run 'typo'"):
            run(subject, runs=[name, "typo"])
        with pytest.raises(TypeError, match="runs must be a str or an iterable of str, not 3"):
            run(subject, runs=3)
    with pytest.raises(UnknownNameError, match=r"runs: no run 'goood'; did you mean 'good'"):
        run(read, runs="goood")


def test_a_single_run_has_its_own_name_in_expectations(logdir):
    bad = tbevents.read_run(logdir / "bad")
    config = {
        "select": ["TB9"],
        "expect": [{"runs": "bad", "tags": "lo*", "finite": True}, {"runs": "good"} | {"finite": True}],
    }
    assert [(each.code, each.run) for each in run(bad, config)] == [("TB902", "bad")]
    config["expect"][0]["tags"] = "acc*"
    assert [each.summary for each in run(bad, config)] == ["config: expect 1: no tag of any run matches 'acc*'"]


def test_what_may_not(logdir):
    with pytest.raises(RunNotFoundError, match="nowhere"):
        run(logdir / "nowhere")
    with pytest.raises(UnknownNameError, match="did you mean 'good'"):
        run(logdir, runs=["goood"])
    other = logdir / "picture.png"
    other.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(NotAnEventFileError):
        run(other)
    with pytest.raises(TypeError, match="run must be a Run, a path or a writer"):
        run(3)
    with pytest.raises(TypeError, match="config"):
        run(logdir, 3)
    assert run(logdir / "deep" / "er" / "..") == []


def test_several_paths_have_names_that_begin_with_theirs(logdir):
    config = LintConfig()
    found = list(lint_runs([logdir / "bad", logdir / "deep"], config))
    assert [each.run for each in found] == [str(logdir / "bad"), str(logdir / "deep" / "er")]
    assert [len(each.findings) for each in found] == [1, 0]
    with pytest.raises(RunNotFoundError):  # before anything is read
        lint_runs([logdir, logdir / "nowhere"], config)


def test_urls(logdir):
    fsspec = pytest.importorskip("fsspec", reason="reads URLs")
    fs = fsspec.filesystem("memory")
    try:
        fs.put(str(logdir), "/lint-test", recursive=True)
        (one,) = run("memory://lint-test")
        assert (one.run, one.path, one.code) == ("bad", "memory://lint-test/bad", "TB101")
        assert [each.run for each in lint_runs("memory://lint-test", LintConfig())] == ["bad", "deep/er", "good"]
        assert [each.code for each in run("memory://lint-test/bad")] == ["TB101"]
        with pytest.raises(RunNotFoundError):
            run("memory://lint-nothing")
    finally:
        fs.rm("/lint-test", recursive=True)


@pytest.mark.parametrize(("points", "at_once"), [(1 << 18, 2), (10, 1)], ids=["small runs", "large runs"])
def test_no_more_runs_are_kept_than_are_screened_together(logdir, monkeypatch, points, at_once):
    alive = weakref.WeakSet()
    most = 0

    def add(self, run):
        nonlocal most
        gc.collect()
        alive.add(run)
        most = max(most, len(alive))
        original(self, run)

    original = RunBatch.add
    monkeypatch.setattr(RunBatch, "add", add)
    monkeypatch.setattr(run_batch, "_POINTS", points)
    monkeypatch.setattr(linter, "FIRST", 1)
    monkeypatch.setattr(linter, "MOST", 2)
    for number in range(7):
        logged(logdir / f"bad{number}", BAD)
    assert len(run(logdir)) == 8
    assert most == at_once
    assert sum(len(each.findings) for each in lint_runs(logdir, LintConfig())) == 8
    assert most == at_once


def test_halves_of_pairs_do_not_keep_their_runs(logdir, monkeypatch):
    alive = weakref.WeakSet()
    original = RunBatch.add
    monkeypatch.setattr(RunBatch, "add", lambda self, run: (alive.add(run), original(self, run))[1])
    for number in range(4):
        logged(logdir / f"{number}" / "train")
    for _ in lint_runs(logdir, LintConfig()):
        pass
    gc.collect()
    assert len(alive) == 0
    subject = tbevents.read_run(logdir / "0" / "train", name="0/train")
    halves = Linter(LintConfig())
    halves.lint(subject)
    (half,) = halves._curves._kept.values()
    kept, series = half.curves["loss"], subject.scalars["loss"]
    assert not np.shares_memory(kept.steps, series.steps)
    assert not np.shares_memory(kept.times, series.wall_times)


def test_what_a_logdir_could_not_list_is_a_finding(logdir):
    read = tbevents.read_logdir(logdir)
    unlisted = Problem.unreadable(str(logdir / "deep"), PermissionError(13, "Permission denied"))
    read._listed.problems = (unlisted,)
    assert [(each.code, each.run) for each in run(read) if each.code == "TB504"] == [("TB504", "deep")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_listed_is_a_finding(logdir):
    (logdir / "deep").chmod(0)
    try:
        assert [(each.code, each.run) for each in run(logdir)] == [("TB101", "bad"), ("TB504", "deep")]
    finally:
        (logdir / "deep").chmod(0o755)


def test_a_run_that_cannot_be_read_is_a_finding_and_the_rest_is_linted(logdir, monkeypatch):
    def read(refs, options):
        for ref, each in zip(refs, original(refs, options), strict=True):
            if ref.name in ("bad", "good"):
                raise PermissionError(13, "Permission denied", ref.url)
            yield each

    original = linting.open_refs
    monkeypatch.setattr(linting, "open_refs", read)
    logged(logdir / "other", BAD)
    findings = run(logdir)
    assert [(each.code, each.run) for each in findings] == [("TB504", "bad"), ("TB504", "good"), ("TB101", "other")]
    assert "Permission denied" in findings[0].summary
    assert [each.run for each in run(logdir, {"ignore": ["TB504"]})] == ["other"]
    assert [each.run for each in lint_runs(logdir, LintConfig())] == ["bad", "deep/er", "good", "other"]


def test_a_run_whose_files_change_while_it_is_linted_is_a_finding(logdir, monkeypatch):
    def lint(self, run, codes, keep_series):
        if run.name == "deep/er":
            raise FileChangedError(f"{run.path}: the file was changed")
        return original(self, run, codes, keep_series)

    original = Linter._lint
    monkeypatch.setattr(Linter, "_lint", lint)
    findings = run(logdir)
    assert [(each.code, each.run) for each in findings] == [("TB101", "bad"), ("TB504", "deep/er")]
    assert findings[1].summary.endswith("the file was changed")


def test_a_damaged_run_is_linted_as_far_as_it_can_be_read(logdir):
    (file,) = (logdir / "good").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    assert [(each.code, each.run) for each in run(logdir)] == [("TB101", "bad"), ("TB502", "good")]


def test_the_list_is_a_table_in_notebooks():
    hostile = memory_run(**{"<script>alert(1)</script>": [1.0, math.nan]})
    findings = run(hostile)
    assert isinstance(findings, Findings)
    text = findings._repr_html_()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "TB101" in text
    assert "<td" in Findings(findings * 100)._repr_html_()
    assert "60 more rows" in Findings(findings * 100)._repr_html_()
    assert Findings()._repr_html_()


def test_a_run_and_tags_of_every_shape_are_linted():
    writer = MemoryWriter()
    assert run(writer) == []
    writer.add_scalar("", 1.0, -(2**63))
    writer.add_scalar("", 1.0, 2**63 - 1)
    writer.add_scalar("loss", 2**99, 0)
    writer.add_text("text", "a")
    writer.add_scalar("train/loss", -1e38, 0)
    assert isinstance(run(writer), Findings)
    extremes = np.array([-1.7e308, 1.7e308] * 20)
    writer = MemoryWriter()
    writer.add_scalar_columns("loss", np.arange(40), extremes)
    with np.errstate(all="raise"):
        assert isinstance(run(memory_run(loss=extremes, val_loss=-extremes)), Findings)


def test_assert_lints_fails_on_errors_unless_configured(logdir):
    assert assert_lints(memory_run(loss=FALLING, once=[1.0])) is None
    with pytest.raises(
        AssertionError, match=r"tag 'loss': TB101 nan: 1 of 61 values is NaN, first at step 60"
    ) as caught:
        assert_lints(memory_run(loss=BAD, once=[1.0]))
    assert "TB301" not in str(caught.value)
    assert "█" in str(caught.value)
    with pytest.raises(AssertionError, match=r"\n  █▇.*▁\n  see: .*bad$"):  # bars of a run that was released
        assert_lints(logdir / "bad")
    with pytest.raises(AssertionError, match="TB301"):
        assert_lints(memory_run(loss=FALLING, once=[1.0]), {"fail_on": "info"})
    assert assert_lints(memory_run(loss=BAD), {"fail_on": "never"}) is None
    assert assert_lints(memory_run(loss=BAD), {"ignore": ["nan"]}) is None
    with pytest.raises(ValueError, match="no rule 'nann'"):
        assert_lints(memory_run(loss=BAD), {"ignore": ["nann"]})
