"""Messages name what was probably meant: a similar path, the nearest value, the file that is in the way."""

import sys

import pytest
from event_files import scalar_event, version_event, write_events

import tbevents
from tbevents import SummaryWriter, summary
from tbevents.lr_scheduler import LRRangeTest, ParamGroups


@pytest.fixture
def runs(tmp_path, monkeypatch):
    write_events(tmp_path / "runs" / "demo" / "events.out.tfevents.1.h", [version_event(), scalar_event("loss", 0, 1)])
    (tmp_path / "script.py").write_text("pass\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("read", "path", "meant"),
    [
        (tbevents.read_logdir, "run", "runs"),
        (tbevents.read_run, "run/", "runs"),
        (tbevents.read_run, "runs/dmo", "runs/demo"),
        (lambda path: list(tbevents.iter_events(path)), "runs/dmo", "runs/demo"),
    ],
)
def test_a_path_that_does_not_exist_is_answered_with_a_similar_one(runs, read, path, meant):
    with pytest.raises(tbevents.RunNotFoundError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: no such file or folder; did you mean {meant!r}?"


def test_a_missing_path_suggests_no_hidden_folder(tmp_path):
    (tmp_path / ".rustup").mkdir()
    for path, end in ((tmp_path / "runs", ""), (tmp_path / ".rust", f"; did you mean {str(tmp_path / '.rustup')!r}?")):
        with pytest.raises(tbevents.RunNotFoundError) as caught:
            tbevents.read_run(path)
        assert str(caught.value) == f"{path}: no such file or folder{end}"


@pytest.mark.parametrize(
    "read", [tbevents.read_run, tbevents.read_logdir, lambda path: list(tbevents.iter_events(path))]
)
def test_an_empty_path_is_said_to_be_empty(read):
    with pytest.raises(tbevents.RunNotFoundError, match=r"^the path is empty$"):
        read("")


def test_a_path_like_no_other_is_answered_without_a_guess(runs):
    with pytest.raises(tbevents.RunNotFoundError, match=r"x: no such file or folder$"):
        tbevents.read_logdir("experiments/x")
    with pytest.raises(tbevents.RunNotFoundError, match=r"elsewhere: no such file or folder$"):
        tbevents.read_logdir("elsewhere")


@pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")
def test_a_run_that_was_removed_is_not_answered_with_another(runs):
    logdir = tbevents.read_logdir("runs")
    run = logdir["demo"]
    (runs / "runs" / "demo").rename(runs / "runs" / "demo1")
    run.reload()
    assert [problem.detail for problem in run.problems] == ["cannot be read: no such file or folder"]


@pytest.mark.parametrize("path", ["script.py", "script.py/runs"])
def test_a_logdir_that_is_a_file_is_named(runs, path):
    with pytest.raises(
        OSError, match=r"(this|script\.py) is a file, and a folder is needed here: '.*script\.py(/runs)?'$"
    ):
        SummaryWriter(path).add_scalar("loss", 1, 0)
    assert (runs / "script.py").read_text() == "pass\n"


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (
            lambda: SummaryWriter("new", format="tf3"),
            "format must be 'tf1' or 'tf2', not 'tf3'; did you mean 'tf2'?",
        ),
        (lambda: SummaryWriter("new", on_error="wrn"), "not 'wrn'; did you mean 'warn'?"),
        (lambda: summary.scalar("loss", 1, format="TF2"), "not 'TF2'"),
        (lambda: LRRangeTest(ParamGroups(0.1), float, mode="linar"), "not 'linar'; did you mean 'linear'?"),
        (
            lambda: tbevents.read_run("runs/demo", restarts="overwite"),
            "restarts must be 'keep', 'tensorboard' or 'overwrite', not 'overwite'; did you mean 'overwrite'?",
        ),
        (lambda: tbevents.read_run("runs/demo", restarts="?"), "'tensorboard' or 'overwrite', not '?'"),
        (lambda: tbevents.read_run("runs/demo", restarts=["keep"]), "'overwrite', not ['keep']"),
        (lambda: SummaryWriter("new", on_error=None), "not None"),
    ],
)
def test_a_wrong_value_is_answered_with_the_nearest(runs, call, hint):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole text is compared
        call()
    assert hint in str(caught.value)
    assert ("did you mean" in str(caught.value)) == ("did you mean" in hint)
    assert not (runs / "new").exists()


def test_a_range_test_that_suggests_nothing_says_what_the_loss_did():
    losses = iter(range(1, 200))
    test = LRRangeTest(ParamGroups(0.1), lambda: next(losses), 0.1, 1.0, 5, diverge_factor=100)
    with pytest.raises(ValueError, match=r"In 5 steps it went from 1 to 5: check that train_step\(\) trains"):
        test.suggestion()  # which runs the test
    assert len(test.result.losses) == 5


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow"])
def test_an_export_without_pyarrow_speaks_of_the_export(runs, monkeypatch, capsys, name):
    pytest.importorskip("click")
    from tbevents.cli import main

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["export", "runs", name]) == 2
    kind = name.partition(".")[2]
    assert capsys.readouterr().err == f"tbevents: exporting to {kind} needs pyarrow: pip install 'tbevents[arrow]'\n"
    assert not (runs / name).exists()


def test_a_writer_goes_on_after_close_in_a_file_of_its_own(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    writer.add_scalar("loss", 1, 0)
    writer.close()
    writer.add_scalar("loss", 2, 1)
    writer.close()
    writer.close()
    assert len(list((tmp_path / "run").iterdir())) == 2
    assert tbevents.read_run(tmp_path / "run").scalars["loss"].values.tolist() == [1, 2]


def test_a_run_in_the_place_of_a_tag_is_answered_with_its_option(runs, capsys):
    pytest.importorskip("click")
    from tbevents.cli import main

    assert main(["show", "runs", "demo"]) == 2
    assert capsys.readouterr().err == "tbevents: runs: no tag 'demo'; there is a run of this name: --run demo\n"
    assert main(["show", "runs", "--run", "demo"]) == 0
    assert "loss" in capsys.readouterr().out
    assert main(["show", "runs", "dem"]) == 2
    assert "--run" not in capsys.readouterr().err
